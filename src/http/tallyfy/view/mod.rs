//! The wire shape of each entity. Editions and includes are applied here and nowhere else.
//!
//! What a fixture leaves out gets a plausible value, the same one every time.

pub(super) mod group;
pub(super) mod guest;
pub(super) mod organization;
pub(super) mod user;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    domain::{
        contract::{Contract, TimeFormat},
        details::Details,
    },
    json::{Out, Written},
};

/// An object whose keys stand in the order in which the vendor writes them.
#[derive(Debug, Clone)]
pub(super) struct Keys(Vec<(&'static str, Part)>);

/// What stands at a key.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Part {
    Value(Value),
    Object(Keys),
}

impl<T: Into<Value>> From<T> for Part {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl Written for Keys {
    async fn write(&self, out: &mut Out) {
        out.json(self);
    }
}

impl Keys {
    /// These keys, each with the value that is given for it, or else with its own.
    fn filled(self, given: &Details) -> Self {
        self.filled_by(|key| given.get(key))
    }

    fn filled_by<'a>(mut self, given: impl Fn(&str) -> Option<&'a Value>) -> Self {
        for (key, part) in &mut self.0 {
            if let (Part::Value(value), Some(given)) = (part, given(key)) {
                value.clone_from(given);
            }
        }
        self
    }

    /// Takes what stands at the last key, where that is its name.
    fn take(&mut self, key: &str) -> Option<Part> {
        let (_, part) = self.0.pop_if(|(last, _)| *last == key)?;
        Some(part)
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
fn write_time(out: &mut Out, at: DateTime<Utc>, contract: &Contract) {
    out.json(&written(at, contract));
}

/// Since when those have been there of whom a fixture does not say it: 2025-01-01, before anything else.
fn since(contract: &Contract) -> Value {
    let at = DateTime::from_timestamp(1_735_689_600, 0).expect("a time in the calendar");
    written(at, contract).into()
}
