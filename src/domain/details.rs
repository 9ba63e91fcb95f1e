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

    /// About how many bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.0.as_deref().map_or(0, bytes_of_fields)
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

/// About how many bytes a value takes in memory, beside its place in a list or an object.
pub fn bytes_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items
            .iter()
            .map(|item| size_of::<Value>() + bytes_of(item))
            .sum(),
        Value::Object(fields) => bytes_of_fields(fields),
    }
}

fn bytes_of_fields(fields: &Map<String, Value>) -> usize {
    /// A key's `String`, the value's place and the node of the tree.
    const ENTRY: usize = 64;
    let entry = |(key, value): (&String, &Value)| ENTRY + key.len() + bytes_of(value);
    fields.iter().map(entry).sum()
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
