//! `/oauth/token`: which token is given for what, how long it lives, whom it stands for, and how it is refused.

mod around;
mod grants;
mod law;
mod lives;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const CLIENT: [(&str, &str); 2] = [("client_id", "3"), ("client_secret", "s3cret")];
const ADA: [(&str, &str); 3] = [
    ("grant_type", "password"),
    ("username", "ada@acme.test"),
    ("password", "correct horse"),
];

/// Two organizations, of which one declares users; one client, one password, two codes.
fn declared() -> Value {
    json!({ "version": 1,
        "tokens": [{ "token": "personal", "user": 1, "organizations": ["acme"] }],
        "organizations": [
            { "id": "acme", "users": [
                { "id": 1, "email": "ada@acme.test", "first_name": "Ada", "role": "admin" },
                { "id": 2, "email": "leo@acme.test", "role": "light" }],
              "allow_manage_groups": false },
            { "id": "globex", "users": [{ "id": 7, "email": "hank@globex.test", "role": "admin" }] }],
        "oauth": {
            "clients": [
                { "client_id": 3, "client_secret": "s3cret" },
                { "client_id": "4", "client_secret": "other", "user": 2, "organizations": ["acme"] },
                { "client_id": 5 }],
            "passwords": [
                { "username": "ada@acme.test", "password": "correct horse", "organizations": ["acme"] },
                { "username": "leo", "password": "battery", "user": 2 }],
            "codes": [
                { "code": "code-of-leo", "user": 2, "organizations": ["acme"] },
                { "code": "code-of-three", "client_id": 3, "redirect_uri": "https://app.test/back", "user": 1 }] } })
}

fn with<'a>(parts: &[&[(&'a str, &'a str)]]) -> Vec<(&'a str, &'a str)> {
    parts.concat()
}

fn text(answer: &Answer, key: &str) -> String {
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()[key].as_str().unwrap().to_owned()
}

/// A token of Ada's, by her password.
fn of_ada(app: &TestApp) -> Answer {
    app.anonymous().token(&with(&[&ADA, &CLIENT]))
}

fn refreshed(app: &TestApp, refresh: &str) -> Answer {
    let asks = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    app.anonymous().token(&with(&[&asks, &CLIENT]))
}

fn lists(app: &TestApp, token: &str, org: &str) -> u16 {
    app.as_token(token).list_groups(org, "").status.as_u16()
}

fn reason(answer: &Answer) -> &str {
    let reason = answer.headers.get("x-tallyfy-mock-reason");
    reason
        .unwrap_or_else(|| panic!("{answer}"))
        .to_str()
        .unwrap()
}

fn advance(app: &TestApp, query: &str, seconds: u64) {
    let moved = app.control(
        "POST",
        &format!("/_mock/clock/advance{query}"),
        Some(&json!({ "seconds": seconds })),
    );
    assert_eq!(moved.status, 200, "{moved}");
}
