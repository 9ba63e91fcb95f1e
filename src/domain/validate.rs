//! Validation of a body as Laravel does it, in its words: every failing field at once.

use std::borrow::Cow;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::text::trimmed;

/// The fields of a request's body, as they were sent.
pub type Fields = Map<String, Value>;

/// One field of a body, after Laravel's `TrimStrings` and `ConvertEmptyStringsToNull` (evidence 4.3).
#[derive(Debug, Clone, PartialEq)]
pub enum Field<'a> {
    /// The body does not name the field.
    Absent,
    /// The field is null, an empty string, or white space only.
    Null,
    /// A trimmed string that is not empty.
    Text(&'a str),
    /// A list.
    List(&'a [Value]),
    /// A number, a boolean or an object.
    Other(&'a Value),
}

impl<'a> Field<'a> {
    /// The field `name` of a body.
    pub fn of(fields: &'a Fields, name: &str) -> Self {
        match fields.get(name) {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::String(text)) => match trimmed(text) {
                "" => Self::Null,
                text => Self::Text(text),
            },
            Some(Value::Array(items)) => Self::List(items),
            Some(other) => Self::Other(other),
        }
    }
}

/// The validation errors of a body: the sentences of each failing field, in the order in which they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationErrors {
    fields: Vec<(Cow<'static, str>, String)>,
    count: usize,
}

impl ValidationErrors {
    /// Upper bound on listed fields; the rest is only counted, so that a body of one mebibyte cannot ask for an answer a hundred
    /// times as long.
    pub const LISTED: usize = 1000;

    /// Adds a sentence about a field.
    pub fn add(&mut self, field: impl Into<Cow<'static, str>>, sentence: impl Into<String>) {
        self.count += 1;
        if self.fields.len() < Self::LISTED {
            self.fields.push((field.into(), sentence.into()));
        }
    }

    /// Fields and sentences, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields
            .iter()
            .map(|(field, sentence)| (field.as_ref(), sentence.as_str()))
    }

    /// The number of sentences, the unlisted ones included.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The value if there is no error.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.count == 0 {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

// No rule here finds two mistakes in one field, so each field has a list of one sentence.
impl Serialize for ValidationErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (field, sentence) in &self.fields {
            map.serialize_entry(field, &[sentence])?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_stand_in_the_order_found_and_the_unlisted_are_counted() {
        let mut errors = ValidationErrors::default();
        assert_eq!(errors.clone().or("fine"), Ok("fine"));
        errors.add("name", "first");
        errors.add("description", "second");
        let listed: Vec<_> = errors.iter().collect();
        assert_eq!(listed, [("name", "first"), ("description", "second")]);
        assert_eq!(errors.count(), 2);
        for i in 2..=ValidationErrors::LISTED {
            errors.add(format!("members.{i}"), "third");
        }
        assert_eq!(errors.iter().count(), ValidationErrors::LISTED);
        assert_eq!(errors.count(), ValidationErrors::LISTED + 1);
        assert_eq!(errors.clone().or("fine"), Err(errors));
    }
}
