//! Views: the wire shape of each entity. Editions and includes are applied only here.
//!
//! A field that a fixture leaves out gets a plausible value, the same each time.

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

/// The value of a key.
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
    /// These keys, each with the given value, or else with its default.
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

    /// Removes the last key, if that is its name.
    fn take(&mut self, key: &str) -> Option<Part> {
        let (_, part) = self.0.pop_if(|(last, _)| *last == key)?;
        Some(part)
    }

    fn push(&mut self, key: &'static str, part: impl Into<Part>) {
        self.0.push((key, part.into()));
    }
}

/// An unknown value.
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

/// The creation time of those for whom a fixture gives none: 2025-01-01, before anything else.
fn since(contract: &Contract) -> Value {
    let at = DateTime::from_timestamp(1_735_689_600, 0).expect("a time in the calendar");
    written(at, contract).into()
}
