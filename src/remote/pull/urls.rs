//! URLs with as many parts as those they stand for.

use super::{
    forms::domain,
    letters::LATIN,
    replace::{Other, Replacing},
    synthetic::Drawn,
    words::length_like,
};

/// Words that stand in URLs and addresses made here.
pub(super) const LITERALS: &[&str] = &[
    "guest",
    "guests",
    "guest-all-task",
    "organizations",
    "users",
    "groups",
    "files",
    "images",
    "logos",
    "avatars",
    "go.tallyfy.test",
    "UTC",
    "+00:00",
    "tallyfy",
    "example.com",
    "example",
    "https",
    "http",
];
/// Endings of files.
const ENDINGS: &[&str] = &[".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".pdf"];
/// How many parts of a URL's path are kept.
const MOST_PARTS: usize = 8;

impl Replacing<'_> {
    /// A URL with as many parts. A part that is an id stands for that id.
    pub(super) fn url(&mut self, text: &str) -> Drawn {
        let mut drawn = Drawn::default();
        drawn.push("https://");
        let (_, rest) = text.split_once("://").unwrap_or(("", text));
        let (place, query) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
        let mut parts = place.split('/');
        let host = parts.next().unwrap_or_default();
        let read = self.read();
        if host.ends_with("tallyfy.com") || host == "go.tallyfy.test" {
            // Nothing answers under `.test` (RFC 6761).
            drawn.push("go.tallyfy.test");
        } else {
            drawn.append(&self.other(Other::Host, host, |stream| domain(read, stream)));
        }
        for part in parts.take(MOST_PARTS) {
            drawn.push("/");
            self.add_part(part, &mut drawn);
        }
        if !query.is_empty() {
            drawn.push("?v=");
            self.add_part(query, &mut drawn);
        }
        drawn
    }

    fn add_part(&mut self, part: &str, drawn: &mut Drawn) {
        if part.is_empty() {
            return;
        }
        if let Some(literal) = LITERALS.iter().find(|literal| **literal == part) {
            drawn.push(literal);
            return;
        }
        let is_hex = part.len() == 32 && part.bytes().all(|b| b.is_ascii_hexdigit());
        if is_hex || self.knows_id(part) {
            drawn.append(&self.id(part));
            return;
        }
        let ending = ENDINGS.iter().find(|ending| part.ends_with(**ending));
        drawn.append(&self.other(Other::Segment, part, |stream| {
            let mut word = Drawn::default();
            for _ in 0..length_like(part.chars().count(), 16, stream) {
                word.random_letter(LATIN, stream);
            }
            word
        }));
        if let Some(ending) = ending {
            drawn.push(ending);
        }
    }
}
