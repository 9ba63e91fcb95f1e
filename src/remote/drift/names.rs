//! Which keys of a host's objects may be told: the names of fields, and nothing that may be somebody's data.

use std::collections::HashSet;

use super::ordered::Json;
use crate::domain::{
    answered::{ENTITIES, GROUP_INCLUDES, LAST_UPDATED, UPDATED_AT},
    operation::Operation,
};

/// What stands in a report for a key that is not told.
pub(super) const UNTOLD: &str = "{…}";

/// Keys of envelopes and of refusals.
const ENVELOPES: &[&str] = &[
    "data",
    "meta",
    "pagination",
    "total",
    "count",
    "per_page",
    "current_page",
    "total_pages",
    "links",
    "previous",
    "next",
    "error",
    "message",
    "code",
    "errors",
    "error_description",
    "hint",
];

/// A longer key is no field's name.
const LONGEST: usize = 40;
/// An object with more keys that nobody knows is a map of data.
pub(super) const MOST_UNKNOWN: usize = 24;

/// The keys that may be told.
#[derive(Debug)]
pub(super) struct Names {
    known: HashSet<&'static str>,
    /// All texts that the host's answers held, and the words of each, in lower case and without punctuation.
    said: HashSet<String>,
    /// Whether there were more than are kept.
    is_full: bool,
}

/// The most texts and words that are kept; beyond, no key is told that is not known.
const MOST_SAID: usize = 1_000_000;

impl Names {
    /// The names of what the mock knows.
    pub(super) fn new() -> Self {
        let entities = ENTITIES.iter().flat_map(|entity| entity.fields);
        let more = LAST_UPDATED
            .iter()
            .chain(&UPDATED_AT)
            .chain(&GROUP_INCLUDES);
        let fields = entities.chain(more).map(|field| field.name);
        let sent = Operation::ALL
            .iter()
            .flat_map(|it| it.body_fields())
            .copied();
        Self {
            known: fields
                .chain(sent)
                .chain(ENVELOPES.iter().copied())
                .collect(),
            said: HashSet::new(),
            is_full: false,
        }
    }

    /// Takes note of all texts of an answer, of which no key may be one.
    pub(super) fn note(&mut self, json: &Json) {
        match json {
            Json::Text(_) if self.is_full => {}
            Json::Text(text) => {
                self.said.insert(plain(text));
                let words = text.split(|c: char| !c.is_alphanumeric());
                self.said.extend(words.map(plain));
                self.is_full = self.said.len() > MOST_SAID;
            }
            Json::List(items) => items.iter().for_each(|item| self.note(item)),
            Json::Object(fields) => fields.iter().for_each(|(_, value)| self.note(value)),
            Json::Null | Json::Boolean | Json::Whole(_) | Json::Fraction => {}
        }
    }

    /// Whether it is the name of a field that the mock has too.
    pub(super) fn is_known(&self, key: &str) -> bool {
        self.known.contains(key) || is_of_a_list(key, &self.known)
    }

    /// The key as it may be told.
    pub(super) fn told<'k>(&self, key: &'k str) -> &'k str {
        let is_word = |key: &str| {
            let mut bytes = key.bytes();
            let starts = bytes
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
            starts && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let digits = key.bytes().filter(u8::is_ascii_digit).count();
        let is_field = !self.is_full && key.len() <= LONGEST && is_word(key) && digits <= 2;
        if self.is_known(key) || is_field && !self.said.contains(&plain(key)) {
            key
        } else {
            UNTOLD
        }
    }
}

/// `members.0`: what a refusal calls an element of a list that was sent.
fn is_of_a_list(key: &str, known: &HashSet<&'static str>) -> bool {
    key.split_once('.').is_some_and(|(list, index)| {
        known.contains(list) && index.len() <= 3 && index.bytes().all(|b| b.is_ascii_digit())
    })
}

fn plain(text: &str) -> String {
    let letters = text.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_may_be_data_is_not_told() {
        let mut names = Names::new();
        let said = r#"{"a":["Project Phoenix"],"b":"Ada"}"#;
        names.note(&Json::parse(said.as_bytes()).unwrap());
        for told in [
            "name",
            "last_updated",
            "members.0",
            "brand_new_field",
            "camelCase",
            "line2",
        ] {
            assert_eq!(names.told(told), told);
        }
        for untold in [
            "project_phoenix",
            "ada",
            "phoenix",
            "ada@acme.test",
            "1001",
            "53a4560dc877f9b4f709f97630efbb5a",
            "Größe",
            "",
            "unknown.0",
        ] {
            assert_eq!(names.told(untold), UNTOLD, "{untold}");
        }
    }
}
