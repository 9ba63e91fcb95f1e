//! What answers tell of the contract.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Switches of the contract, each with the value that the answers had; `None` where they had several.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<&'static str, Option<&'static str>>);

impl Seen {
    fn see(&mut self, switch: &'static str, value: &'static str) {
        let seen = self.0.entry(switch).or_insert(Some(value));
        if *seen != Some(value) {
            *seen = None;
        }
    }

    /// Looks at a group.
    pub(crate) fn group(&mut self, group: &Map<String, Value>) {
        if group.contains_key("last_updated") != group.contains_key("updated_at") {
            let is_new = group.contains_key("last_updated");
            self.see(
                "time_keys",
                if is_new { "last_updated" } else { "updated_at" },
            );
        }
        for key in ["created_at", "last_updated", "updated_at"] {
            let format = group.get(key).and_then(Value::as_str).and_then(time_format);
            if let Some(format) = format {
                self.see("time_format", format);
            }
        }
    }

    /// Looks at what a page, asked with `page` and `per_page`, says of itself.
    pub(crate) fn pagination(&mut self, pagination: &Map<String, Value>) {
        match pagination.get("links") {
            Some(Value::Array(links)) if links.is_empty() => self.see("empty_links", "array"),
            Some(Value::Object(links)) if links.is_empty() => self.see("empty_links", "object"),
            Some(Value::Object(links)) => {
                if let Some(next) = links.get("next").and_then(Value::as_str) {
                    let is_full = next.contains("per_page=");
                    self.see(
                        "next_link",
                        if is_full { "full_query" } else { "page_only" },
                    );
                }
            }
            _ => {}
        }
    }

    /// The switches whose value is plain.
    pub(crate) fn switches(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0
            .iter()
            .filter_map(|(switch, value)| Some((*switch, (*value)?)))
    }
}

/// The value of `time_format` that writes times like that, if one does.
fn time_format(text: &str) -> Option<&'static str> {
    let (_, time) = text.strip_suffix('Z')?.split_once('T')?;
    match time.split_once('.') {
        None => Some("seconds"),
        Some((_, fraction)) => match fraction.len() {
            3 => Some("millis"),
            6 => Some("micros"),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::contract::Switch;

    fn seen(groups: &[Value], paginations: &[Value]) -> Vec<(&'static str, &'static str)> {
        let mut seen = Seen::default();
        for group in groups {
            seen.group(group.as_object().unwrap());
        }
        for pagination in paginations {
            seen.pagination(pagination.as_object().unwrap());
        }
        let switches: Vec<_> = seen.switches().collect();
        for (switch, value) in &switches {
            Switch::new(switch, value).unwrap();
        }
        switches
    }

    #[test]
    fn keys_times_and_links_tell_of_the_contract() {
        let old = json!({ "created_at": "2026-01-15T09:00:00.000Z", "updated_at": "2026-01-15T09:00:00.000Z" });
        let new =
            json!({ "created_at": "2026-01-15T09:00:00Z", "last_updated": "2026-01-15T09:00:00Z" });
        assert_eq!(
            seen(std::slice::from_ref(&old), &[json!({ "links": [] })]),
            [
                ("empty_links", "array"),
                ("time_format", "millis"),
                ("time_keys", "updated_at"),
            ]
        );
        let next = json!({ "links": { "next": "https://h/groups?per_page=100&page=2" } });
        assert_eq!(
            seen(
                std::slice::from_ref(&new),
                &[next, json!({ "links": { "previous": "" } })]
            ),
            [
                ("next_link", "full_query"),
                ("time_format", "seconds"),
                ("time_keys", "last_updated"),
            ]
        );
        let page_only = json!({ "links": { "next": "https://h/groups?page=2" } });
        assert_eq!(
            seen(&[], &[page_only, json!({ "links": {} })]),
            [("empty_links", "object"), ("next_link", "page_only")]
        );
        // What contradicts itself tells nothing.
        assert_eq!(
            seen(
                &[old, new],
                &[json!({ "links": {} }), json!({ "links": [] })]
            ),
            []
        );
        assert_eq!(
            seen(
                &[json!({ "created_at": "2026-01-15 09:00:00" })],
                &[json!({})]
            ),
            []
        );
    }
}
