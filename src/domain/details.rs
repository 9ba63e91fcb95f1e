//! Further fields of a row in a fixture, which the mock does not read: kept and shown as they were given.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Keys and values as a fixture gave them. One pointer in size, as most rows have none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details(Option<Box<Map<String, Value>>>);

impl Details {
    /// No fields.
    pub const fn none() -> Self {
        Self(None)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.as_ref()?.get(key)
    }

    /// Merges other fields in; they replace those of the same key.
    pub fn extend(&mut self, others: &Self) {
        if let Some(others) = &others.0 {
            let details = self.0.get_or_insert_default();
            details.extend(
                others
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
    }
}

impl From<Map<String, Value>> for Details {
    fn from(details: Map<String, Value>) -> Self {
        Self((!details.is_empty()).then(|| Box::new(details)))
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().flat_map(|details| details.iter()))
    }
}
