//! What is stored has a bound, and gives way again.

use serde_json::{Value, json};

use crate::support::TestApp;

const MIB: usize = 1024 * 1024;

fn up_to(bytes: usize) -> TestApp {
    let fixture = json!({ "version": 1, "organizations": [{ "id": "acme" }], "template": {} });
    TestApp::start(&fixture, |config| {
        config.limits.max_stored = bytes as u64;
    })
}

fn group(name: &str, bytes: usize) -> Value {
    json!({ "name": name, "description": "d".repeat(bytes) })
}

#[test]
fn what_is_stored_has_a_bound_and_a_delete_makes_room() {
    let app = up_to(MIB);
    let caller = app.as_manager();
    let mut ids = Vec::new();
    let refused = loop {
        let name = ids.len().to_string();
        let answer = caller.create_group("acme", &group(&name, 100_000));
        if answer.status != 201 {
            break answer;
        }
        let id = answer.json()["data"]["id"].as_str().unwrap().to_owned();
        ids.push(id);
        assert!(ids.len() < 100, "nothing is refused");
    };
    assert_eq!(ids.len(), 10);
    assert_eq!(refused.status, 503);
    assert_eq!(
        refused.body,
        r#"{"error":true,"message":"Service Unavailable"}"#
    );
    let why = refused.headers["x-tallyfy-mock-reason"].to_str().unwrap();
    assert!(why.contains("--max-stored"), "{why}");
    // In another organization too; an update that grows is refused and changes nothing, one that shrinks is not.
    assert_eq!(
        caller.create_group("globex", &group("a", 100_000)).status,
        503
    );
    assert_eq!(
        app.look("/_mock/state?org=globex").json()["groups"],
        Value::Null
    );
    let id = &ids[0];
    let grown = json!({ "description": "e".repeat(200_000) });
    assert_eq!(caller.update_group("acme", id, &grown).status, 503);
    let there = caller.get_group("acme", id).json()["data"]["description"].clone();
    assert_eq!(there, "d".repeat(100_000));
    let shrunk = json!({ "description": "e" });
    assert_eq!(caller.update_group("acme", id, &shrunk).status, 201);
    assert_eq!(
        caller.create_group("acme", &group("after", 90_000)).status,
        201
    );
    // What is seeded is refused whole.
    let seed = json!({ "groups": [group("seeded", 1), group("too much", 100_000)] });
    let refused = app.control("POST", "/_mock/seed?org=acme", Some(&seed));
    assert_eq!(refused.status, 507);
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("--max-stored")
    );
    assert_eq!(
        caller.list_groups("acme", "q=seeded").pagination()["total"],
        0
    );
    let state = json!({ "groups": [group("too much", 2 * MIB)] });
    let replace = |org: &str| {
        app.control("PUT", &format!("/_mock/state?org={org}"), Some(&state))
            .status
    };
    assert_eq!(replace("acme"), 507);
    assert_eq!(replace("globex"), 507);
    // A delete makes room, and so does a reset.
    assert_eq!(caller.delete_group("acme", &ids[1]).status, 204);
    assert_eq!(
        caller
            .create_group("acme", &group("instead", 100_000))
            .status,
        201
    );
    for _ in 0..3 {
        assert_eq!(app.control("POST", "/_mock/reset", None).status, 204);
        for name in 0..10 {
            let group = group(&name.to_string(), 100_000);
            assert_eq!(caller.create_group("globex", &group).status, 201);
        }
    }
}

#[test]
fn rules_have_bounds_in_number_and_bytes() {
    let app = up_to(MIB);
    let put = |id: usize, body: Value| {
        let rule = json!({ "steps": [{ "status": 503, "body": body }] });
        app.control("PUT", &format!("/_mock/faults/{id}?org=acme"), Some(&rule))
            .status
    };
    assert_eq!(put(0, json!("x".repeat(300_000))), 400);
    for id in 0..5 {
        assert_eq!(put(id, json!("x".repeat(200_000))), 200);
    }
    assert_eq!(put(5, json!("x".repeat(200_000))), 507);
    assert_eq!(
        put(4, json!("y".repeat(200_000))),
        200,
        "it takes the place of another"
    );
    assert_eq!(
        app.control("DELETE", "/_mock/faults/0?org=acme", None)
            .status,
        204
    );
    assert_eq!(put(5, json!("x".repeat(200_000))), 200);
    assert_eq!(
        app.control("DELETE", "/_mock/faults?org=acme", None).status,
        204
    );
    for id in 0..1000 {
        assert_eq!(put(id, json!("x")), 200);
    }
    assert_eq!(put(1000, json!("x")), 507);
    assert_eq!(put(999, json!("y")), 200);
    let faults = app.look("/_mock/faults").json();
    assert_eq!(faults["faults"].as_array().unwrap().len(), 1000);
}

#[test]
fn what_an_answer_has_in_one_piece_has_a_bound_in_a_fixture() {
    let app = up_to(64 * MIB);
    let seed = |organization: Value| {
        let answer = app.control("PUT", "/_mock/state?org=acme", Some(&organization));
        let path = answer.status == 400;
        path.then(|| {
            answer.json()["errors"][0]["path"]
                .as_str()
                .unwrap()
                .to_owned()
        })
    };
    let long = "x".repeat(300 * 1024);
    let user = |key: &str, value: Value| json!({ "users": [{ "id": 1, key: value }] });
    assert_eq!(seed(json!({ "name": long })).as_deref(), Some("name"));
    assert_eq!(
        seed(user("first_name", json!(long))).as_deref(),
        Some("users[0].first_name")
    );
    let large: Vec<u32> = vec![1; 100_000];
    assert_eq!(
        seed(user("team", json!(large))).as_deref(),
        Some("users[0]")
    );
    assert_eq!(
        seed(json!({ "description": vec!["x".repeat(1000); 3000] })).as_deref(),
        Some("")
    );
    let logo = json!({ "groups": [{ "name": "A", "description": "d", "logo": long }] });
    assert_eq!(seed(logo).as_deref(), Some("groups[0].logo"));
    // A description is written piece by piece.
    assert_eq!(seed(json!({ "groups": [group("A", 2 * MIB)] })), None);
}

#[test]
fn what_is_parsed_has_a_bound() {
    let app = up_to(MIB);
    let told = |organization: Value| {
        let answer = app.control("POST", "/_mock/seed?org=acme", Some(&organization));
        assert_eq!(answer.status, 400);
        let error = answer.json()["errors"][0].clone();
        error["message"].as_str().unwrap().to_owned()
    };
    // Values take many times as much memory as text.
    let values = vec![1; 4_000_001];
    let many = told(json!({ "description": values }));
    assert!(many.contains("more than 4000000 values"), "{many}");
    let many = told(json!({ "users": [{ "id": 1, "team": values }] }));
    assert!(many.contains("more than 4000000 values"), "{many}");
    // So do rows: only so many are parsed as could be stored.
    let groups: Vec<Value> = (0..2049).map(|i| group(&i.to_string(), 1)).collect();
    let many = told(json!({ "groups": groups }));
    assert!(many.contains("more rows than `--max-stored`"), "{many}");
}
