//! Ids of organizations, groups and users.

use std::{fmt, sync::Arc};

/// The form of an organization's or a group's id, for messages.
pub const ID_FORM: &str = "1 to 255 letters, digits, `-` or `_`";

/// Whether a text can be the id of an organization or a group: `[A-Za-z0-9_-]{1,255}`.
///
/// The official Python SDK refuses any other before it asks (`validate_id`, evidence 6).
fn is_id(text: &str) -> bool {
    let fits = |byte| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-');
    // Without an early exit, so that the compiler vectorises it: sixteen bytes at a time.
    (1..=255).contains(&text.len()) && text.bytes().fold(true, |all, byte| all & fits(byte))
}

/// An organization's id: `[A-Za-z0-9_-]{1,255}`; at Tallyfy 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgId(Arc<str>);

impl OrgId {
    /// Parses an id; `None` if the text cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        is_id(text).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrgId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A group's id: `[A-Za-z0-9_-]{1,255}`; 32 lowercase hexadecimal digits where the mock makes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupId(GroupIdText);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum GroupIdText {
    /// 32 bytes, as the mock and Tallyfy generate them: stored inline, without an allocation.
    Usual([u8; 32]),
    /// Of any other length.
    Other(Box<str>),
}

impl GroupId {
    /// Parses an id; `None` if the text cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        is_id(text).then(|| {
            Self(match text.as_bytes().try_into() {
                Ok(usual) => GroupIdText::Usual(usual),
                Err(_) => GroupIdText::Other(text.into()),
            })
        })
    }

    /// The id as ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            GroupIdText::Usual(text) => text,
            GroupIdText::Other(text) => text.as_bytes(),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            GroupIdText::Usual(text) => str::from_utf8(text).expect("an id is ASCII"),
            GroupIdText::Other(text) => text,
        }
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A user's id: a whole number from 1 to 2⁵³−1 (evidence 6: user ids are integers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(u64);

impl UserId {
    /// The user whom a mock makes up that declares neither tokens nor users.
    pub const FIRST: Self = Self(1);

    /// The id; `None` if the number is out of range.
    pub fn new(number: u64) -> Option<Self> {
        (1..1 << 53).contains(&number).then_some(Self(number))
    }

    /// Parses an id from JSON: a whole number, or a string of digits.
    ///
    /// The official n8n node sends member ids as strings (evidence 4.5); answers hold numbers.
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::Number(number) => {
                number.as_u64().or_else(|| whole(number.as_f64()?))
            }
            serde_json::Value::String(text) => {
                let digits = super::text::trimmed(text);
                digits
                    .bytes()
                    .all(|b| b.is_ascii_digit())
                    .then(|| digits.parse().ok())
                    .flatten()
            }
            _ => None,
        }
        .and_then(Self::new)
    }

    /// The id as a number.
    pub fn get(self) -> u64 {
        self.0
    }
}

// `1001.0` is the same number as `1001` in JSON.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only whole numbers from 0 to 2⁵³ get here, and those are exact"
)]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number))
        .then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_id_is_shown_as_it_was_given_however_long_it_is() {
        for text in ["sales", "53a4560dc877f9b4f709f97630efbb5a", &"a".repeat(33)] {
            let id = GroupId::parse(text).unwrap();
            assert_eq!((id.as_str(), id.as_bytes()), (text, text.as_bytes()));
        }
    }

    #[test]
    fn ids_are_letters_digits_dashes_and_underscores() {
        assert!(GroupId::parse("GROUP_ID_TO_DELETE").is_some());
        assert!(OrgId::parse("1505bb7b9ba5f8972ffd3fe1ca18ec0c").is_some());
        assert!(OrgId::parse(&"a".repeat(255)).is_some());
        for bad in [
            "",
            "a/b",
            "a:b",
            "a@b",
            "a[b",
            "a`b",
            "a{b",
            "..",
            "a b",
            "é",
            "a\0",
            &"a".repeat(256),
        ] {
            assert!(OrgId::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn user_ids_are_whole_numbers_or_strings_of_digits() {
        for good in [
            json!(1001),
            json!("1001"),
            json!(" 1001 "),
            json!(1001.0),
            json!("001001"),
        ] {
            assert_eq!(
                UserId::from_json(&good).map(UserId::get),
                Some(1001),
                "{good}"
            );
        }
        assert!(UserId::from_json(&json!((1_u64 << 53) - 1)).is_some());
        for bad in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!(1_u64 << 53),
            json!(1e300),
            json!("1e3"),
            json!("+1"),
            json!(""),
            json!("ada"),
            json!("99999999999999999999999"),
            json!(null),
            json!(true),
            json!([1]),
            json!({}),
        ] {
            assert_eq!(UserId::from_json(&bad), None, "{bad}");
        }
    }
}
