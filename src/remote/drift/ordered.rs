//! JSON whose objects keep their keys in the order in which they came.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Boolean,
    /// A number without a fraction.
    Whole(i128),
    /// A number with one.
    Fraction,
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

/// An answer with more values is none of Tallyfy's.
pub(super) const MOST_VALUES: usize = 300_000;

/// About how many values there are in a text, if it is JSON; no fewer than there are.
pub(super) fn values_in(text: &[u8]) -> usize {
    text.iter().filter(|byte| b",[{".contains(byte)).count() + 1
}

impl Json {
    /// Parses a document; nested more than 127 levels deep, or not in UTF-8, it is an error.
    pub(super) fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// The value of a key, the last if it stands several times; `None` too where this is no object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(fields) = self else {
            return None;
        };
        let mut fields = fields.iter().rev();
        fields.find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at the end of a path of keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// A whole number, also where it is written as a text.
    pub(super) fn number(&self) -> Option<i128> {
        match self {
            Self::Whole(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The `id`, as text.
    pub(super) fn id(&self) -> Option<String> {
        match self.get("id")? {
            Self::Text(text) => Some(text.clone()),
            Self::Whole(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// What tells one row of a list from another: its `id`, else its `email`.
    pub(super) fn row_key(&self) -> Option<String> {
        let key = self.get("id").or_else(|| self.get("email"))?;
        match key {
            Self::Text(text) => Some(text.to_lowercase()),
            Self::Whole(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Boolean)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Whole(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Whole(number.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Fraction)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Json::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_of_a_repeated_one_the_last_counts() {
        let json = Json::parse(br#"{"b":1,"a":[null,true,1.5,"x"],"b":"2"}"#).unwrap();
        let Json::Object(fields) = &json else {
            panic!("{json:?}")
        };
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b"]);
        assert_eq!(json.get("b").unwrap().number(), Some(2));
        assert_eq!(json.at(&["a", "b"]), None);
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        let deep = [vec![b'['; 200], vec![b']'; 200]].concat();
        for text in [&b"<html>"[..], b"{\"a\":\"\xff\"}", b"", &deep] {
            assert!(Json::parse(text).is_err());
        }
    }

    #[test]
    fn a_row_is_known_by_its_id_or_else_by_its_address_in_any_case() {
        let key = |text: &str| Json::parse(text.as_bytes()).unwrap().row_key();
        assert_eq!(key(r#"{"email":"A@b.test","id":7}"#).as_deref(), Some("7"));
        assert_eq!(key(r#"{"email":"A@b.test"}"#).as_deref(), Some("a@b.test"));
        assert_eq!(key(r#"{"id":null}"#), None);
    }
}
