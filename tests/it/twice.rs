//! Duplicate keys: a mistake in whatever is written for the mock; in a body for Tallyfy, the last one counts as in Laravel.

use std::fs;

use serde_json::Value;

use crate::binary::{Server, command, output, stderr};

#[test]
fn a_key_given_twice_in_a_fixture_is_a_mistake_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("twice.json");
    let fixture = r#"{"version":1,"version":1,"contract":{"edition":"2026-03","edition":"2025-08"},
        "tokens":[{"token":"a","token":"b"}],
        "organizations":[{"id":"acme","users":{"data":[{"id":1,"id":1}]},"groups":[{"name":"A"},{"name":"B","name":"C","nme":0,"nme":0}]}],
        "template":{"timezone":"UTC","timezone":"CET","name":"x","name":"y","name":"z"}}"#;
    fs::write(&file, fixture).unwrap();
    let path = file.display().to_string();
    for arguments in [
        &["validate", &path][..],
        &["--port", "0", "--fixtures", &path],
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(1));
        let said = stderr(&refused);
        let said: Vec<&str> = said
            .lines()
            .map(|line| line.trim_start_matches("error: "))
            .filter_map(|line| line.strip_prefix(&format!("{path}: ")))
            .collect();
        assert_eq!(
            said,
            [
                "contract.edition: is given twice",
                "tokens[0].token: is given twice",
                "template.name: is given 3 times",
                "template.timezone: is given twice",
                "version: is given twice",
                "organizations[0].users.data[0].id: is given twice",
                "organizations[0].groups[1].name: is given twice",
                "organizations[0].groups[1].nme: is given twice",
                "organizations[0].groups[1].nme: unknown key; did you mean `name`?",
            ]
        );
    }
}

#[test]
fn a_key_given_twice_in_a_control_body_is_a_mistake_and_in_a_groups_the_last_wins() {
    let server = Server::start(command(&["--port", "0"]));
    let client = reqwest::blocking::Client::new();
    let send = |method: &str, path: &str, body: &'static str| {
        let answer = client
            .request(method.parse().unwrap(), format!("{}{path}", server.url))
            .header("Content-Type", "application/json")
            .header("X-Tallyfy-Client", "x")
            .bearer_auth("t")
            .body(body)
            .send()
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().unwrap_or_default(),
        )
    };
    for (method, path, body, at) in [
        (
            "PUT",
            "/_mock/faults/a",
            r#"{"match":{"org":"acme","org":"other"},"steps":[{"status":503}]}"#,
            "match.org",
        ),
        (
            "PUT",
            "/_mock/faults/a",
            r#"{"steps":[{"status":503,"status":500}]}"#,
            "steps[0].status",
        ),
        (
            "PUT",
            "/_mock/faults/a?org=acme",
            r#"{"steps":[],"steps":[{"status":503}]}"#,
            "steps",
        ),
        (
            "POST",
            "/_mock/requests/verify",
            r#"{"operation":"groups.list","operation":"groups.get"}"#,
            "operation",
        ),
        (
            "PUT",
            "/_mock/clock",
            r#"{"frozen":true,"frozen":false}"#,
            "frozen",
        ),
        (
            "POST",
            "/_mock/seed",
            r#"{"version":1,"organizations":[{"id":"a","groups":[{"name":"A","name":"B"}]}]}"#,
            "organizations[0].groups[0].name",
        ),
        (
            "POST",
            "/_mock/seed?org=a",
            r#"{"groups":[{"name":"A","name":"B"}]}"#,
            "groups[0].name",
        ),
        (
            "PUT",
            "/_mock/state",
            r#"{"version":1,"template":{},"template":{}}"#,
            "template",
        ),
        (
            "PUT",
            "/_mock/state?org=a",
            r#"{"name":"a","name":"b"}"#,
            "name",
        ),
    ] {
        let (status, problem) = send(method, path, body);
        assert_eq!(status, 400, "{method} {path}: {problem}");
        let wanted = serde_json::json!([{ "path": at, "message": "is given twice" }]);
        assert_eq!(problem["errors"], wanted, "{method} {path}");
    }
    assert_eq!(
        send("GET", "/_mock/faults", "").1["faults"],
        serde_json::json!([])
    );

    let twice = r#"{"name":"A","description":"d","name":"B"}"#;
    let (status, created) = send("POST", "/organizations/acme/groups", twice);
    assert_eq!((status, &created["data"]["name"]), (201, &"B".into()));
}
