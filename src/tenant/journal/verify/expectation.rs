//! What one request has to be like, and how another differs from it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{domain::operation::Operation, json::is_same_number, tenant::journal::entry::Entry};

/// What a request has to match; a part that is `None` matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    /// The operation.
    pub operation: Option<Operation>,
    /// The method.
    pub method: Option<String>,
    /// The whole path.
    pub path: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// A part of the body: an object may have more fields, a list has to have this length.
    pub body: Option<Value>,
    /// Headers and their values; names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Expectation {
    /// The expectation in words.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        words.extend(
            self.operation
                .map(|operation| format!("`{}`", operation.name())),
        );
        words.extend(
            self.method
                .as_ref()
                .map(|method| format!("the method {method}")),
        );
        words.extend(self.path.as_ref().map(|path| format!("the path `{path}`")));
        words.extend(self.status.map(|status| format!("the status {status}")));
        words.extend(self.body.as_ref().map(|body| format!("the body {body}")));
        words.extend(
            self.headers
                .iter()
                .map(|(name, value)| format!("the header `{name}: {value}`")),
        );
        if words.is_empty() {
            "any request".to_owned()
        } else {
            words.join(", ")
        }
    }

    /// Whether a request is for the expected operation, method and path, whatever it sends with it.
    pub(super) fn asks_for(&self, entry: &Entry) -> bool {
        self.operation
            .is_none_or(|operation| entry.operation() == Some(operation))
            && self
                .method
                .as_ref()
                .is_none_or(|method| entry.method().eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|path| entry.path() == path)
    }

    /// Whether a request under way can still meet the expectation: its status is not known yet, nor its body if that has not
    /// come.
    pub(super) fn may_be_met(&self, entry: &Entry) -> bool {
        let known = Self {
            status: None,
            body: None,
            ..self.clone()
        };
        known.differences(entry).is_empty()
    }

    /// How a request differs from the expectation.
    pub(super) fn differences(&self, entry: &Entry) -> Vec<String> {
        let mut found = Vec::new();
        if self
            .operation
            .is_some_and(|operation| entry.operation() != Some(operation))
        {
            let is = entry.operation().map_or("none", Operation::name);
            found.push(format!("operation is `{is}`"));
        }
        if self
            .method
            .as_ref()
            .is_some_and(|method| !entry.method().eq_ignore_ascii_case(method))
        {
            found.push(format!("method is {}", entry.method()));
        }
        if self.path.as_ref().is_some_and(|path| entry.path() != path) {
            found.push(format!("path is `{}`", entry.path()));
        }
        if let Some(status) = self.status.filter(|status| entry.status() != Some(*status)) {
            let is = entry
                .status()
                .map_or("none".to_owned(), |status| status.to_string());
            found.push(format!("status is {is}, not {status}"));
        }
        if let Some(wanted) = &self.body {
            compare(wanted, &entry.body(), "body", &mut found);
        }
        if !self.headers.is_empty() {
            let headers = entry.headers();
            for (name, wanted) in &self.headers {
                match headers.get(name.as_str()) {
                    Some(is) if is == wanted => {}
                    Some(is) => found.push(format!("header {name} is `{is}`, not `{wanted}`")),
                    None => found.push(format!("header {name} is missing")),
                }
            }
        }
        found
    }
}

/// Whether a JSON value contains another; notes where it does not.
fn compare(wanted: &Value, is: &Value, at: &str, found: &mut Vec<String>) {
    match (wanted, is) {
        (Value::Object(wanted), Value::Object(is)) => {
            for (key, value) in wanted {
                match is.get(key) {
                    Some(is) => compare(value, is, &format!("{at}.{key}"), found),
                    None => found.push(format!("{at}.{key} is missing")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(is)) if wanted.len() == is.len() => {
            for (i, (wanted, is)) in wanted.iter().zip(is).enumerate() {
                compare(wanted, is, &format!("{at}[{i}]"), found);
            }
        }
        (Value::Number(wanted), Value::Number(is)) if is_same_number(wanted, is) => {}
        _ if wanted == is => {}
        _ => found.push(format!("{at} is {is}, not {wanted}")),
    }
}
