//! The wire shape of each entity. Editions and includes are applied here and nowhere else.
//!
//! What a fixture leaves out gets a plausible value, the same one every time.

pub(super) mod group;
pub(super) mod guest;
pub(super) mod organization;
pub(super) mod user;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::domain::contract::{Contract, TimeFormat};

/// What an answer shows.
pub(super) trait View {
    /// Writes its JSON.
    fn write(&self, out: &mut Vec<u8>);
}

impl<T: View> View for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        write_list(out, self, |out, view| view.write(out));
    }
}

fn write_list<T>(out: &mut Vec<u8>, items: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

impl View for Keys {
    fn write(&self, out: &mut Vec<u8>) {
        write_json(out, self);
    }
}

pub(super) fn write_json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("all keys are strings");
}

/// An object whose keys stand in the order in which the vendor writes them.
#[derive(Debug, Clone)]
pub(super) struct Keys(Vec<(&'static str, Part)>);

/// What stands at a key.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Part {
    Value(Value),
    Object(Keys),
    Include { data: Vec<Keys> },
}

impl<T: Into<Value>> From<T> for Part {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl Keys {
    /// These keys, each with the value that is given for it, or else with its own.
    fn filled(mut self, given: &Map<String, Value>) -> Self {
        for (key, part) in &mut self.0 {
            if let (Part::Value(value), Some(given)) = (part, given.get(*key)) {
                value.clone_from(given);
            }
        }
        self
    }

    fn push(&mut self, key: &'static str, part: impl Into<Part>) {
        self.0.push((key, part.into()));
    }
}

/// Nothing is known.
const NULL: Part = Part::Value(Value::Null);

impl Serialize for Keys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A time as the contract writes it (evidence 6).
fn written(at: DateTime<Utc>, contract: &Contract) -> String {
    let format = match contract.time_format {
        TimeFormat::Seconds => SecondsFormat::Secs,
        TimeFormat::Millis => SecondsFormat::Millis,
        TimeFormat::Micros => SecondsFormat::Micros,
    };
    at.to_rfc3339_opts(format, true)
}

/// The same as a JSON string.
fn write_time(out: &mut Vec<u8>, at: DateTime<Utc>, contract: &Contract) {
    write_json(out, &written(at, contract));
}

/// Since when those have been there of whom a fixture does not say it: 2025-01-01, before anything else.
fn since(contract: &Contract) -> Value {
    let at = DateTime::from_timestamp(1_735_689_600, 0).expect("a time in the calendar");
    written(at, contract).into()
}
