//! Nothing that was read is in what is written. This looks at the text itself, and knows nothing of how it was made.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::urls::LITERALS;
use crate::{
    json::Path,
    remote::{
        fields::Kind,
        tables::{GROUP, GUEST, ORGANIZATION, USER},
    },
};

/// From that many characters on, a text is looked for wherever it may stand; a shorter one as a whole and as a word.
const LONG: usize = 12;
/// Shorter ones are not looked for: two digits are everywhere.
const SHORT: usize = 4;
/// The bytes by which a long text is found.
const WINDOW: usize = 8;

/// What was read, prepared to be looked for.
pub(super) struct Audit<'r> {
    /// Long ones, by their first bytes.
    long: HashMap<[u8; WINDOW], Vec<&'r str>>,
    /// Whether a window may be one of those, by a hash of it: most are not, and that is seen at once.
    may_be: Vec<bool>,
    short: HashSet<&'r str>,
    /// Names that stay, where they may.
    kept: HashSet<&'r str>,
}

impl<'r> Audit<'r> {
    /// Prepares to look for these; `kept` are values that may be in the output as they are.
    pub(super) fn new(read: impl IntoIterator<Item = &'r str>, kept: HashSet<&'r str>) -> Self {
        let mut audit = Self {
            long: HashMap::new(),
            may_be: vec![false; 1 << 16],
            short: HashSet::new(),
            kept,
        };
        let excepted = excepted();
        for text in read {
            let length = text.chars().take(LONG).count();
            if length < SHORT || excepted.contains(text) || audit.kept.contains(text) {
                continue;
            }
            if length < LONG {
                audit.short.insert(text);
            } else if let Some(window) = text.as_bytes().first_chunk::<WINDOW>() {
                audit.may_be[place(*window)] = true;
                audit.long.entry(*window).or_default().push(text);
            }
        }
        audit
    }

    /// The path to the first value of a JSON text that has something in it that was read.
    pub(super) fn finds(&self, json: &Value) -> Option<String> {
        self.finds_in(&json["organizations"], &Path::Root.key("organizations"))
    }

    fn finds_in(&self, value: &Value, at: &Path<'_>) -> Option<String> {
        let is_found = match value {
            Value::Null | Value::Bool(_) => false,
            Value::Number(number) => self.is_in(&number.to_string()),
            Value::String(text) => !self.kept.contains(text.as_str()) && self.is_in_any_form(text),
            Value::Array(items) => {
                return items
                    .iter()
                    .enumerate()
                    .find_map(|(i, item)| self.finds_in(item, &at.index(i)));
            }
            Value::Object(fields) => {
                return fields
                    .iter()
                    .find_map(|(key, value)| self.finds_in(value, &at.key(key)));
            }
        };
        is_found.then(|| at.to_string())
    }

    /// Plain, percent-encoded, or escaped as JSON once more.
    fn is_in_any_form(&self, text: &str) -> bool {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        let unescaped = || serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
        self.is_in(text)
            || (text.contains('%') && self.is_in(&decoded))
            || (text.contains('\\') && unescaped().is_some_and(|text| self.is_in(&text)))
    }

    fn is_in(&self, text: &str) -> bool {
        self.has_long(text) || self.has_short(text)
    }

    fn has_long(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        bytes.windows(WINDOW).enumerate().any(|(at, window)| {
            let window: [u8; WINDOW] = window.try_into().expect("windows have that size");
            self.may_be[place(window)]
                && self.long.get(&window).is_some_and(|texts| {
                    texts
                        .iter()
                        .any(|long| bytes[at..].starts_with(long.as_bytes()))
                })
        })
    }

    /// As a whole, or between what is no letter and no digit.
    fn has_short(&self, text: &str) -> bool {
        let is_in_word = |c: char| c.is_alphanumeric();
        let mut before = None;
        for (at, c) in text.char_indices() {
            let begins = before.is_none_or(|before| !is_in_word(before) || !is_in_word(c));
            before = Some(c);
            if !begins {
                continue;
            }
            let rest = &text[at..];
            let ends = rest
                .char_indices()
                .skip(SHORT)
                .map(|(end, _)| end)
                .chain([rest.len()]);
            for end in ends.take(LONG - SHORT) {
                let word = &rest[..end];
                let after = rest[end..].chars().next();
                let stops =
                    after.is_none_or(|after| !is_in_word(after) || !word.ends_with(is_in_word));
                if stops && self.short.contains(word) {
                    return true;
                }
            }
        }
        false
    }
}

/// The place of a window in the table of those that may be there.
fn place(window: [u8; WINDOW]) -> usize {
    let mixed = u64::from_le_bytes(window).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 48).unwrap_or(0)
}

/// Words of this program's own that stand in fixtures: the words that fields take, and parts of addresses.
fn excepted() -> HashSet<&'static str> {
    let mut words: HashSet<&'static str> = LITERALS.iter().copied().collect();
    for (_, kind) in [ORGANIZATION, USER, GUEST, GROUP].into_iter().flatten() {
        add_words(*kind, &mut words);
    }
    words
}

fn add_words(kind: Kind, words: &mut HashSet<&'static str>) {
    match kind {
        Kind::Word(of) => {
            let parts = of
                .iter()
                .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()));
            words.extend(of.iter().copied().chain(parts));
        }
        Kind::List(of) => add_words(*of, words),
        Kind::Fields(table) => table.iter().for_each(|(_, kind)| add_words(*kind, words)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(read: &[&str], value: &Value) -> bool {
        let audit = Audit::new(read.iter().copied(), HashSet::new());
        audit
            .finds(&json!({ "organizations": [{ "groups": [{ "name": value }] }] }))
            .is_some()
    }

    #[test]
    fn what_is_long_is_found_anywhere_and_what_is_short_as_a_word() {
        for (read, text, is_found) in [
            ("Ada Lovelace!", "xxAda Lovelace!xx", true),
            ("Ada Lovelace!", "Ada Lovelace", false),
            ("ünïcödé wörds", "- ünïcödé wörds -", true),
            ("Ada Lovelace!", "Ada%20Lovelace%21", true),
            ("Ada \"Lovelace\"", r#"Ada \"Lovelace\""#, true),
            ("Sales", "Sales", true),
            ("Sales", "our Sales-team", true),
            ("Sales", "Salesforce", false),
            ("Sales", "XSales", false),
            ("R&D-7", "the R&D-7 unit", true),
            ("R&D-7", "the R&D-77 unit", false),
            ("(x-1)", "a(x-1)b", true),
            ("Sal", "Sal", false),
            ("営業部門", "営業部門", true),
            ("営業部門", "は 営業部門 は", true),
            ("営業部門", "は営業部門は", false),
            // What this program writes itself.
            ("admin", "admin", false),
            ("guest", "https://go.tallyfy.test/guest/x", false),
        ] {
            let unquote = |text: &str| text.replace("\\\\\\\\", "\\\\");
            let _ = unquote;
            assert_eq!(found(&[read], &text.into()), is_found, "{read} in {text}");
        }
        assert!(found(&["1001"], &json!(1001)));
        assert!(!found(&["1001"], &json!(10010)));
        assert!(found(&["1001"], &json!("user 1001")));
    }

    #[test]
    fn a_name_that_may_stay_is_not_looked_for() {
        let audit = Audit::new(
            ["Sales team north", "ada@acme.test"],
            HashSet::from(["Sales team north"]),
        );
        let json = |name: &str| json!({ "organizations": [{ "name": name }] });
        assert_eq!(audit.finds(&json("Sales team north")), None);
        assert_eq!(
            audit.finds(&json("to ada@acme.test")).as_deref(),
            Some("organizations[0].name")
        );
    }
}
