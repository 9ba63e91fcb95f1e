//! How documents write what they say.

use serde_json::{Map, Value, json};

use crate::domain::evidence::Evidence;

/// How `x-evidence` tells it.
pub(super) fn shown(evidence: Evidence) -> Value {
    json!({ "class": evidence.class.name(), "source": evidence.source })
}

/// A reference to a component.
pub(super) fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// An object that is closed; what is not required may be missing.
pub(super) fn closed(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
    });
    schema["properties"] = properties.into();
    schema
}

/// An object that is closed and has one field.
pub(super) fn only(name: &str, schema: Value) -> Value {
    closed(Map::from_iter([(name.to_owned(), schema)]), &[name])
}

/// A list of what another schema describes.
pub(super) fn list(items: Value) -> Value {
    let mut schema = json!({ "type": "array" });
    schema["items"] = items;
    schema
}

/// A source without the number under which the mock's makers have it.
pub(super) fn told(source: &str) -> String {
    let mut told = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once(" (evidence ") {
        let (number, after) = after.split_once(')').unwrap_or((after, ""));
        told.push_str(before);
        if number.contains("inferred") {
            told.push_str(" (inferred)");
        }
        rest = after;
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_told_without_the_number_of_its_file() {
        for (source, expected) in [
            ("The pages (evidence 4.2).", "The pages."),
            (
                "What Laravel does (evidence 4.6, inferred).",
                "What Laravel does (inferred).",
            ),
            ("It is read all the same.", "It is read all the same."),
        ] {
            assert_eq!(told(source), expected);
        }
    }
}
