//! Finds the secrets that a text shows as it is written.

use std::ops::Range;

use memchr::memmem;

use super::{
    decode::hides,
    signs::{is_harmless, signs},
};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Whether the value of this name is a secret.
pub(super) fn names_secret(name: &str) -> bool {
    let is_secret = |name: &str| signs(name).next().is_some();
    // Most names end here.
    !is_harmless(name.as_bytes()) && (is_secret(name) || hides(name, is_secret))
}

/// The value of each name, and what follows each `bearer `. If the text `is_unparsed`, the value of a name without one
/// is all of the text.
pub(super) fn values(text: &str, is_unparsed: bool) -> impl Iterator<Item = Range<usize>> {
    // How a name may go on after its sign. It may be in quotes, and those may be escaped.
    let is_in_name = |c: char| c.is_alphanumeric() || "_-.[]\"'\\%".contains(c);
    let mut seen = 0;
    signs(text).filter_map(move |sign| {
        // Each byte is scanned once, so that many signs in one name or value cost linear time.
        if sign.end <= seen {
            return None;
        }
        let rest = &text[sign.end..];
        // Credentials end at a quote, too: `'bearer abc' -X`.
        let found = if text[sign].ends_with([' ', '+']) {
            Some(value(text, rest, &['"', '\'', '&', '\n', '\r']))
        } else {
            let rest = rest.trim_start_matches(is_in_name);
            seen = text.len() - rest.len();
            let assigned = rest
                .trim_start_matches([' ', '\t'])
                .strip_prefix([':', '=']);
            assigned.map(|rest| value(text, rest, &['&', '\n', '\r']))
        };
        seen = found.as_ref().map_or(seen, |found| found.end);
        found.or(is_unparsed.then_some(0..text.len()))
    })
}

/// The value that `rest`, which the text ends with, starts with. It ends before its closing quote or, unquoted, before
/// one of `ends`. What looks like a list, an object, a tag or a YAML block goes on to the end of the text.
fn value(text: &str, rest: &str, ends: &[char]) -> Range<usize> {
    let value = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
    let is_below = rest[..rest.len() - value.len()].contains('\n');
    let (value, end) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => (&value[1..], closing(quote, &value[1..])),
        Some('[' | '{' | '(' | '<' | '|' | '>') if !value.starts_with(REDACTED) => (value, None),
        _ if is_below => (value, None),
        _ => (value, value.find(ends)),
    };
    let start = text.len() - value.len();
    start..end.map_or(text.len(), |end| start + end)
}

/// The position of the first quote that is not escaped.
fn closing(quote: char, text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.find(|c| {
        let closes = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        closes
    })
}

/// Every JSON Web Token: `eyJ`, which is `{"` in base64, and what follows it with at least two dots.
pub(super) fn jwts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let mut seen = 0;
    memmem::find_iter(text.as_bytes(), "eyJ").filter_map(move |start| {
        if start < seen {
            return None;
        }
        let jwt = text[start..].split(|c| !is_part(c)).next()?;
        seen = start + jwt.len();
        (jwt.matches('.').count() >= 2).then_some(start..seen)
    })
}
