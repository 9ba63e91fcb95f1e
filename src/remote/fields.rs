//! The fields of Tallyfy's answers that are known, and what kind of thing each holds.
//!
//! A row of an answer becomes a [`Row`]: known keys only, each with a value whose kind is known. What else an answer has
//! is not kept, only where it stood.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value};

use self::Kind::{Code, Count, Derived, Fields, Flag, List, User, Word};
use crate::{domain::id::UserId, json::Path};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An organization's or a group's id: text.
    Id,
    /// A user's id: a number.
    User,
    /// A number or a text by which a row is known elsewhere.
    Code,
    /// The name of a group.
    GroupName,
    /// The name of an organization, or of something else that has one.
    Name,
    /// A person's first name.
    FirstName,
    /// A person's last name.
    LastName,
    /// First and last name.
    FullName,
    /// An email address.
    Email,
    /// An address, or a name, by which a person signs in.
    Username,
    /// Text for people.
    Prose,
    /// A URL.
    Url,
    /// A telephone number.
    Phone,
    /// An IP address.
    Ip,
    /// A time.
    Time,
    /// The name of a time zone.
    Zone,
    /// The difference of a time zone, such as `+01:00`.
    Offset,
    /// One of a few words, the first of which stands for one that is not known.
    Word(&'static [&'static str]),
    /// True or false, perhaps as a number.
    Flag,
    /// How many, or how much.
    Count,
    /// A list of such things.
    List(&'static Kind),
    /// An object with such fields.
    Fields(&'static [(&'static str, Kind)]),
    /// Known, but not kept: the mock makes it from other rows.
    Derived,
}

/// A value of a known kind, as it was read. Texts stand where texts are known, and so on: what is of another kind is news.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Known {
    Null,
    Flag(bool),
    Number(Number),
    Text(Box<str>),
    List(Vec<Known>),
    Row(Row),
}

/// The known fields of one object, in the order of its table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Row(pub(crate) Vec<(&'static str, Kind, Known)>);

impl Row {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Known> {
        let found = self.0.iter().find(|(known, ..)| *known == key);
        found.map(|(.., value)| value)
    }
}

/// What answers had that no table knows: where, without the places in lists, and what it was.
#[derive(Debug, Default)]
pub(crate) struct News(BTreeMap<String, &'static str>);

/// Upper bound on what is listed; a hostile answer has very many names.
const MOST_NEWS: usize = 200;

impl News {
    fn note(&mut self, at: &Path<'_>, what: &'static str) {
        if self.0.len() < MOST_NEWS {
            self.0
                .entry(without_places(&at.to_string()))
                .or_insert(what);
        }
    }

    /// Each path with what was found there. A key that is also a value somewhere is not shown: it may be one here too.
    pub(crate) fn lines(&self, is_value: impl Fn(&str) -> bool) -> impl Iterator<Item = String> {
        let lines = self.0.iter().map(|(path, what)| {
            let (before, key) = path.rsplit_once('.').unwrap_or(("", path));
            let is_shown = key.ends_with(']') || !is_value(key);
            let key = if is_shown { key } else { "*" };
            format!("{before}.{key}: {what}")
        });
        lines.collect::<BTreeSet<_>>().into_iter()
    }
}

/// `groups[3].name` as `groups[].name`.
fn without_places(path: &str) -> String {
    let parts = path
        .split_inclusive('[')
        .map(|part| match part.split_once(']') {
            Some((place, rest)) if place.bytes().all(|b| b.is_ascii_digit()) => format!("]{rest}"),
            _ => part.to_owned(),
        });
    parts.collect()
}

/// What a value is, for people.
fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Whether a key is the name of a field, and not a value in a key's place: letters and underscores, no longer than names are.
fn is_name(key: &str) -> bool {
    (1..=40).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
}

/// The known fields of an object.
pub(crate) fn row(
    fields: &Map<String, Value>,
    table: &'static [(&'static str, Kind)],
    at: &Path<'_>,
    news: &mut News,
) -> Row {
    for (key, value) in fields {
        if table.iter().all(|(known, _)| known != key) {
            let key = if is_name(key) { key } else { "*" };
            news.note(&at.key(key), what(value));
        }
    }
    let known = table.iter().filter(|(_, kind)| *kind != Derived);
    let known = known.filter_map(|(key, kind)| {
        let value = fields.get(*key)?;
        Some((*key, *kind, known_value(value, *kind, &at.key(key), news)))
    });
    Row(known.collect())
}

fn known_value(value: &Value, kind: Kind, at: &Path<'_>, news: &mut News) -> Known {
    let mut other = || news.note(at, unusual(value));
    match (kind, value) {
        (_, Value::Null) | (Derived, _) => Known::Null,
        (List(of), Value::Array(items)) => {
            let items = items.iter().enumerate();
            Known::List(
                items
                    .map(|(i, item)| known_value(item, *of, &at.index(i), news))
                    .collect(),
            )
        }
        (Fields(table), Value::Object(fields)) => Known::Row(row(fields, table, at, news)),
        (Flag, Value::Bool(flag)) => Known::Flag(*flag),
        (Flag | Count | Code, Value::Number(number)) => Known::Number(number.clone()),
        (Word(words), Value::String(text)) if words.contains(&text.as_str()) => {
            Known::Text(text.as_str().into())
        }
        (Word(words), Value::String(_)) => {
            news.note(at, "a word that is not known");
            Known::Text(words[0].into())
        }
        (User, Value::Number(_) | Value::String(_)) => {
            let id = UserId::from_json(value);
            if id.is_none() || value.is_string() {
                other();
            }
            id.map_or(Known::Null, |id| Known::Number(id.get().into()))
        }
        (List(_) | Fields(_) | Flag | User | Count, _) => {
            other();
            Known::Null
        }
        (_, Value::String(text)) => Known::Text(text.as_str().into()),
        // A fixture has text there.
        (_, Value::Number(number)) if !matches!(kind, Word(_)) => {
            other();
            Known::Text(number.to_string().into())
        }
        (_, Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other();
            Known::Null
        }
    }
}

/// What a value is that is of another kind than the one known.
fn unusual(value: &Value) -> &'static str {
    match value {
        Value::Null => "null, where something else was known",
        Value::Bool(_) => "true or false, where something else was known",
        Value::Number(_) => "a number, where something else was known",
        Value::String(_) => "a text, where something else was known",
        Value::Array(_) => "a list, where something else was known",
        Value::Object(_) => "an object, where something else was known",
    }
}

impl Known {
    /// As it was read.
    pub(crate) fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Flag(flag) => (*flag).into(),
            Self::Number(number) => number.clone().into(),
            Self::Text(text) => (**text).into(),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Row(row) => row.json(),
        }
    }
}

impl Row {
    /// As it was read.
    pub(crate) fn json(&self) -> Value {
        let fields = self
            .0
            .iter()
            .map(|(key, _, value)| ((*key).to_owned(), value.json()));
        Value::Object(fields.collect())
    }
}
