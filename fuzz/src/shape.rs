//! The shapes of Tallyfy's answers. The soak test uses them too.

use std::collections::HashSet;

use serde_json::Value;

/// `{"error":true,"message":…}`, with a `code` or `errors` where the documentation has them.
pub(crate) fn check_refusal(status: u16, body: &Value) {
    let fields = body
        .as_object()
        .unwrap_or_else(|| panic!("{status} {body}"));
    let known = ["error", "message", "code", "errors"];
    assert!(
        fields.keys().all(|key| known.contains(&&**key)),
        "{status} {body}"
    );
    assert!(fields["message"].is_string(), "{status} {body}");
    let has_error = fields.get("error") == Some(&true.into());
    assert_eq!(has_error, status != 429, "{status} {body}");
    assert_eq!(
        fields.contains_key("errors"),
        status == 422,
        "{status} {body}"
    );
    if let Some(errors) = fields.get("errors") {
        let errors = errors.as_object().expect("errors are an object");
        let tells = |sentences: &Value| {
            sentences
                .as_array()
                .is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_string))
        };
        assert!(!errors.is_empty() && errors.values().all(tells), "{body}");
    }
}

/// A group as it is answered: its keys in their order, and what is in them.
pub(crate) fn check_group(group: &Value, edition: &str) {
    let fields = group.as_object().unwrap_or_else(|| panic!("{group}"));
    let mut keys: HashSet<&str> = [
        "id",
        "name",
        "description",
        "logo",
        "members",
        "guests",
        "created_at",
    ]
    .into();
    keys.extend(match edition {
        "2025-08" => &["updated_at", "deleted_at"][..],
        _ => &["last_updated"][..],
    });
    assert_eq!(
        fields.keys().map(String::as_str).collect::<HashSet<_>>(),
        keys
    );
    let name = group["name"].as_str().expect("a name is a string");
    assert!((1..=200).contains(&name.chars().count()), "{group}");
    assert_ne!(group["description"], "", "{group}");
    assert!(
        group["description"].is_string() || edition == "2025-08",
        "{group}"
    );
    let members = group["members"].as_array().expect("a list of members");
    let ids: HashSet<u64> = members
        .iter()
        .map(|id| id.as_u64().expect("a number"))
        .collect();
    assert_eq!(ids.len(), members.len(), "{group}");
    assert!(ids.iter().all(|id| (1..1 << 53).contains(id)), "{group}");
    let guests = group["guests"].as_array().expect("a list of guests");
    let lower = |guest: &Value| guest.as_str().expect("an address").to_lowercase();
    assert_eq!(
        guests.iter().map(lower).collect::<HashSet<_>>().len(),
        guests.len(),
        "{group}"
    );
}
