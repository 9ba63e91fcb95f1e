//! The shape of JSON: which types stand at which path, and no value.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt,
};

use super::{ordered::Json, times};

/// The type of a value that is not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Boolean,
    Whole,
    Fraction,
    Text,
    /// A text under a key that names a time, in that form.
    Time(&'static str),
    List,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "true or false",
            Self::Whole => "a whole number",
            Self::Fraction => "a number with a fraction",
            Self::Text => "a text",
            Self::Time(form) => return write!(f, "a time as {form}"),
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}

/// No object of Tallyfy's has more keys; orders are compared key by key.
const MOST_ORDERED: usize = 200;

/// What was seen at a path, over all values that stood there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether a value was null.
    pub(super) is_nullable: bool,
    /// The types of the others.
    pub(super) kinds: BTreeSet<Kind>,
    /// How many objects there were.
    objects: usize,
    /// Their keys.
    pub(super) fields: BTreeMap<String, Field>,
    /// The first keys of the first object, in its order.
    pub(super) order: Vec<String>,
    /// What the lists held; `None` if all of them were empty.
    pub(super) items: Option<Box<Self>>,
}

/// What was seen under a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// In how many objects it stood.
    objects: usize,
    pub(super) shape: Shape,
}

/// In how many of the objects a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Never,
    Sometimes,
    Always,
}

impl Shape {
    /// The shape of a document. Of the rows in its `data`, only those with one of the keys are looked at, if any are named.
    pub(super) fn of(document: &Json, rows: Option<&HashSet<String>>) -> Self {
        let mut shape = Self::default();
        shape.add("", document, rows);
        shape
    }

    fn add(&mut self, key: &str, value: &Json, rows: Option<&HashSet<String>>) {
        let kind = match value {
            Json::Null => {
                self.is_nullable = true;
                return;
            }
            Json::Boolean => Kind::Boolean,
            Json::Whole(_) => Kind::Whole,
            Json::Fraction => Kind::Fraction,
            Json::Text(text) if times::is_named_by(key) => {
                times::form(text).map_or(Kind::Text, Kind::Time)
            }
            Json::Text(_) => Kind::Text,
            Json::List(items) => {
                let is_looked_at = |item: &&Json| {
                    let of_rows = rows.filter(|_| key == "data");
                    let is_named = |rows: &HashSet<String>| {
                        item.row_key().is_some_and(|key| rows.contains(&key))
                    };
                    of_rows.is_none_or(is_named)
                };
                for item in items.iter().filter(is_looked_at) {
                    self.items.get_or_insert_default().add(key, item, None);
                }
                Kind::List
            }
            Json::Object(fields) => {
                self.add_object(fields, rows);
                Kind::Object
            }
        };
        self.kinds.insert(kind);
    }

    fn add_object(&mut self, fields: &[(String, Json)], rows: Option<&HashSet<String>>) {
        if self.objects == 0 {
            let first = fields.iter().take(MOST_ORDERED);
            self.order = first.map(|(key, _)| key.clone()).collect();
        }
        self.objects += 1;
        let mut seen = HashSet::new();
        for (key, value) in fields {
            let field = self.fields.entry(key.clone()).or_default();
            field.objects += usize::from(seen.insert(key));
            field.shape.add(key, value, rows);
        }
    }

    /// In how many of the objects the key stands.
    pub(super) fn presence(&self, key: &str) -> Presence {
        match self.fields.get(key) {
            None => Presence::Never,
            Some(field) if field.objects == self.objects => Presence::Always,
            Some(_) => Presence::Sometimes,
        }
    }

    /// The types, in words.
    pub(super) fn described(&self) -> String {
        let mut words: Vec<String> = self.kinds.iter().map(Kind::to_string).collect();
        if self.is_nullable {
            words.push("null".to_owned());
        }
        words.join(" or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Shape {
        Shape::of(&Json::parse(text.as_bytes()).unwrap(), None)
    }

    #[test]
    fn elements_are_merged_and_null_is_a_type() {
        let shape = shape(r#"[{"a":1,"b":null},{"a":"x"},{"a":null,"b":[]}]"#);
        let of = |key: &str| shape.items.as_ref().unwrap().fields[key].shape.described();
        assert_eq!(of("a"), "a whole number or a text or null");
        assert_eq!(of("b"), "a list or null");
        let items = shape.items.as_ref().unwrap();
        assert_eq!(items.presence("a"), Presence::Always);
        assert_eq!(items.presence("b"), Presence::Sometimes);
        assert_eq!(items.presence("c"), Presence::Never);
        assert_eq!(items.fields["b"].shape.items, None);
    }

    #[test]
    fn a_text_is_a_time_only_under_a_key_that_says_so() {
        let shape = shape(r#"{"name":"2026-03-01","created_at":"2026-03-01","updated_at":"soon"}"#);
        let of = |key: &str| shape.fields[key].shape.described();
        assert_eq!(of("name"), "a text");
        assert_eq!(of("created_at"), "a time as YYYY-MM-DD");
        assert_eq!(of("updated_at"), "a text");
    }

    #[test]
    fn only_named_rows_are_looked_at_and_all_that_is_in_them() {
        let json = r#"{"data":[{"id":1,"in":{"data":[{"id":9}]}},{"id":2,"x":null}]}"#;
        let json = Json::parse(json.as_bytes()).unwrap();
        let shape = Shape::of(&json, Some(&["1".to_owned()].into()));
        let row = shape.fields["data"].shape.items.as_ref().unwrap();
        assert_eq!(row.presence("x"), Presence::Never);
        let inner = &row.fields["in"].shape.fields["data"].shape;
        assert!(inner.items.as_ref().unwrap().fields.contains_key("id"));
    }
}
