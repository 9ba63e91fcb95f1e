//! A fixture of what was read in which nothing of it is left.
//!
//! `synthetic` holds the values, which cannot be made from what was read; `stream` draws them; `letters`, `words`, `order` and
//! `times`, `urls` and `forms` make them like what they stand for; `replace` decides by the kind of each field; `audit` looks at the result.

mod audit;
mod forms;
mod letters;
mod order;
mod replace;
mod sorted;
mod stream;
mod synthetic;
mod times;
mod urls;
mod words;

use std::collections::HashSet;

use serde::Serialize;

pub use self::synthetic::KeepNames;
use self::{audit::Audit, replace::Replacing, stream::Stream};
use super::{
    fields::{Kind, Known, Row},
    organization::Organization,
};

/// How many secrets are tried. By chance a drawn word is one that was read.
const TRIES: usize = 5;

/// The text of a fixture that stands for an organization. The error is one sentence, without a value.
pub fn redacted(organization: &Organization, keep: Option<KeepNames>) -> Result<Vec<u8>, String> {
    let read: HashSet<&str> = organization
        .scalars()
        .filter(|text| text.len() >= 4)
        .collect();
    let mut kept = HashSet::new();
    if keep.is_some() {
        organization.rows().for_each(|row| names(row, &mut kept));
    }
    let audit = Audit::new(organization.scalars(), kept);
    let mut found = String::new();
    for _ in 0..TRIES {
        let replacing = Replacing::new(organization, &read, keep, Stream::secret());
        let text = written(organization, replacing, keep.is_some());
        let json = serde_json::from_slice(&text)
            .map_err(|_| "the fixture is not JSON: a defect of this program".to_owned())?;
        match audit.finds(&json) {
            None => return Ok(text),
            Some(at) => found = at,
        }
    }
    Err(format!(
        "something that was read is in the fixture ({found}), {TRIES} times over; no file is written"
    ))
}

/// The names of a row.
fn names<'o>(row: &'o Row, names: &mut HashSet<&'o str>) {
    for (_, kind, value) in &row.0 {
        match (kind, value) {
            (
                Kind::GroupName | Kind::Name | Kind::FirstName | Kind::LastName | Kind::FullName,
                Known::Text(text),
            ) => {
                names.insert(text);
            }
            (Kind::Username, Known::Text(text)) if !text.contains('@') => {
                names.insert(text);
            }
            (_, Known::Row(row)) => self::names(row, names),
            _ => {}
        }
    }
}

/// Writes the fixture, a row a line.
fn written(
    organization: &Organization,
    mut replacing: Replacing<'_>,
    names_are_kept: bool,
) -> Vec<u8> {
    const KEPT: &str = "Names are as they were read (--keep-names); everything else is replaced.";
    let mut text = String::from("{\n");
    let mut line = |parts: &[&str]| text.extend(parts.iter().copied());
    if names_are_kept {
        line(&["  \"$comment\": ", &json(KEPT), ",\n"]);
    }
    line(&["  \"version\": 1,\n"]);
    let switches = organization.switches();
    let switches: Vec<_> = switches
        .map(|(key, value)| [json(key), json(value)].join(": "))
        .collect();
    if !switches.is_empty() {
        line(&["  \"contract\": { ", &switches.join(", "), " },\n"]);
    }
    let own = json(replacing.row(&organization.own));
    line(&[
        "  \"organizations\": [\n    ",
        own.strip_suffix('}').unwrap_or(&own),
    ]);
    for (key, rows) in [
        ("users", &organization.users),
        ("guests", &organization.guests),
        ("groups", &organization.groups),
    ] {
        line(&[",\n      ", &json(key), ": ["]);
        for (i, row) in rows.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            line(&[comma, "\n        ", &json(replacing.row(row))]);
        }
        line(&[if rows.is_empty() { "]" } else { "\n      ]" }]);
    }
    line(&["\n    }\n  ]\n}\n"]);
    text.into_bytes()
}

fn json(value: impl Serialize) -> String {
    serde_json::to_string(&value).expect("these values have a form in JSON")
}
