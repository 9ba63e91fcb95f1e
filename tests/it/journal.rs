//! The journal: what it keeps, what it must not keep, and verification.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
};

use proptest::prelude::*;
use serde_json::{Value, json};
use tallyfy_mock::TallyfyMock;

use crate::support::TestApp;

fn requests(app: &TestApp, query: &str) -> Vec<Value> {
    app.look(&format!("/_mock/requests?{query}")).json()["requests"]
        .as_array()
        .unwrap()
        .clone()
}

/// Takes the duration, which differs from run to run, out of an entry and checks it.
fn timeless(mut entry: Value) -> Value {
    assert!(entry["duration_us"].is_u64());
    entry["duration_us"] = json!(0);
    entry
}

#[test]
fn an_entry_says_all_there_is_to_say_of_a_request() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    app.as_manager().header("host", "mock").update_group(
        "acme",
        &id,
        &json!({ "desciption": "typo" }),
    );
    let entry = requests(&app, "org=acme&operation=groups.update")[0].clone();
    insta::assert_snapshot!(serde_json::to_string_pretty(&timeless(entry)).unwrap(), @r#"
    {
      "at": "2026-03-01T09:00:00.000000Z",
      "body": {
        "desciption": "typo"
      },
      "did_you_mean": {
        "body.desciption": "description"
      },
      "duration_us": 0,
      "fault": null,
      "headers": {
        "authorization": "Bearer [redacted]",
        "content-type": "application/json",
        "host": "mock",
        "x-tallyfy-client": "APIClient"
      },
      "id": 2,
      "method": "PUT",
      "operation": "groups.update",
      "org": "acme",
      "path": "/api/organizations/acme/groups/d214eb0354b455e094f06fc29576ec56",
      "query": "",
      "reason": "1 field of the body was not read; those that are read: `name`, `description`, `members`, `guests`",
      "response": {
        "data": {
          "created_at": "2026-03-01T09:00:00Z",
          "description": "for a test",
          "guests": [],
          "id": "d214eb0354b455e094f06fc29576ec56",
          "last_updated": "2026-03-01T09:00:00Z",
          "logo": null,
          "members": [],
          "name": "Sales"
        }
      },
      "status": 201,
      "unread": [
        "body.desciption"
      ]
    }
    "#);
    assert_eq!(
        timeless(app.look("/_mock/requests/2").json()),
        timeless(requests(&app, "since=1")[0].clone())
    );
    assert_eq!(app.look("/_mock/requests/99").status, 404);
    assert_eq!(app.look("/_mock/requests/2?org=globex").status, 404);
}

#[test]
fn what_the_server_did_not_read_is_told() {
    let app = TestApp::demo();
    let manager = app.as_manager();
    let unread = |app: &TestApp| requests(app, "limit=1")[0]["unread"].clone();
    manager.list_groups("northwind", "page=1&limit=50&limit=60&Q=x&__code=9");
    assert_eq!(unread(&app), json!(["query.limit", "query.Q"]));
    manager.get("/organizations/northwind/groups/1?with=users&page=2");
    assert_eq!(unread(&app), json!(["query.page"]));
    manager.create_group(
        "northwind",
        &json!({ "name": "A", "Description": "d", "logo": null }),
    );
    assert_eq!(unread(&app), json!(["body.Description", "body.logo"]));
    app.anonymous()
        .create_group("northwind", &json!({ "nme": "A" }));
    assert_eq!(
        (unread(&app), requests(&app, "limit=1")[0]["body"].clone()),
        (json!([]), json!(null)),
        "nobody read it"
    );
    let send = |content_type: &str, body: &str| {
        let caller = app.as_manager().header("content-type", content_type);
        caller.send("POST", "/organizations/northwind/groups", body.to_owned());
        unread(&app)
    };
    assert_eq!(
        send("text/plain", r#"{"name":"A","description":"d"}"#),
        json!(["body.description", "body.name"]),
        "a body whose content type does not say JSON has no fields"
    );
    assert_eq!(
        send("application/x-www-form-urlencoded", "name=A"),
        json!(["body"])
    );
    assert_eq!(send("application/json", r#"{"name":"#), json!(["body"]));
}

#[test]
fn the_journal_is_asked_by_what_one_looks_for() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    app.as_manager().get_group("acme", &id);
    app.as_manager().get_group("globex", &id);
    app.anonymous().get("/organizations/acme/nothing");
    app.as_manager()
        .header("origin", "http://a")
        .header("access-control-request-method", "GET")
        .send("OPTIONS", "/organizations/acme/groups", "");
    let ids = |query: &str| {
        requests(&app, query)
            .iter()
            .map(|entry| entry["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(""),
        [1, 2, 3, 4],
        "neither preflights nor control requests"
    );
    assert_eq!(ids("org=acme"), [1, 2]);
    assert_eq!(ids("operation=groups.get"), [2, 3]);
    assert_eq!(ids("method=post"), [1]);
    assert_eq!(ids("status=404"), [3, 4]);
    assert_eq!((ids("since=2"), ids("limit=2")), (vec![3, 4], vec![3, 4]));
    assert_eq!(ids("unmatched=true"), [4]);
    let unmatched = requests(&app, "unmatched=true")[0].clone();
    assert_eq!(
        (&unmatched["org"], &unmatched["operation"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(
        app.look("/_mock/requests?operation=groups.destroy").status,
        400
    );
    assert_eq!(app.look("/_mock/requests?since=x").status, 400);
    assert_eq!(
        app.control("DELETE", "/_mock/requests?org=acme", None)
            .status,
        204
    );
    assert_eq!(ids(""), [3, 4]);
    assert_eq!(app.control("POST", "/_mock/reset", None).status, 204);
    assert_eq!(ids(""), [0_u64; 0]);
}

#[test]
fn a_struck_request_names_its_rule_and_shows_what_was_sent() {
    let app = TestApp::empty();
    let rule = json!({ "match": { "operation": "groups.create" }, "steps": [{ "status": 503 }] });
    app.control("PUT", "/_mock/faults/flaky", Some(&rule));
    app.as_manager()
        .create_group("acme", &json!({ "name": "A", "description": "d" }));
    app.as_manager()
        .create_group("acme", &json!({ "name": "A", "description": "d" }));
    let entries = requests(&app, "");
    assert_eq!(
        (
            &entries[0]["fault"],
            &entries[0]["status"],
            &entries[0]["body"]["name"]
        ),
        (&json!("flaky"), &json!(503), &json!("A"))
    );
    assert_eq!(
        (&entries[1]["fault"], &entries[1]["status"]),
        (&json!(null), &json!(201))
    );
}

#[test]
fn the_journal_is_bounded_and_tells_what_the_bounds_have_cost() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.journal_entries = 3;
    });
    for _ in 0..5 {
        app.as_manager().list_groups("acme", "");
    }
    app.as_manager().list_groups("globex", "");
    let found = app.look("/_mock/requests?org=acme").json();
    assert_eq!(
        (
            found["requests"].as_array().unwrap().len(),
            &found["dropped"]
        ),
        (3, &json!(2))
    );
    assert_eq!(app.look("/_mock/requests").json()["dropped"], 2);
    let off = TestApp::start(&json!({ "version": 1 }), |config| {
        config.journal_entries = 0;
    });
    off.as_manager().list_groups("acme", "");
    assert_eq!(
        off.look("/_mock/requests").json(),
        json!({ "requests": [], "dropped": 0 })
    );
}

#[test]
fn a_long_body_is_cut_and_marked() {
    let app = TestApp::empty();
    app.as_manager().create_group(
        "acme",
        &json!({ "name": "A", "description": "d".repeat(20_000) }),
    );
    let body = requests(&app, "")[0]["body"].clone();
    assert_eq!(
        (&body["bytes"], body["cut"].as_str().unwrap().len()),
        (&json!(20_029), 16 * 1024)
    );
}

#[test]
fn a_hundred_requests_with_large_bodies_stay_within_their_bytes() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.journal_entries = 100_000;
    });
    for i in 0..300 {
        app.as_manager().create_group(
            "acme",
            &json!({ "name": format!("{i}"), "description": "d".repeat(16_000) }),
        );
    }
    let found = app.look("/_mock/requests?org=acme").json();
    let kept = found["requests"].as_array().unwrap().len() as u64;
    assert_eq!(kept + found["dropped"].as_u64().unwrap(), 300);
    // Request and answer are about 16 kB each, and a ring has 4 MiB.
    assert!((100..=131).contains(&kept), "{kept}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_secret_is_kept_wherever_it_stands(secret in "[A-Za-z0-9]{12}", place in 0..9_u8) {
        let app = TestApp::empty();
        let token = if place < 5 { secret.clone() } else { "another-token".to_owned() };
        let caller = app.as_token(&token);
        let group = |key: &str, value: &str| json!({ "name": "A", "description": "d", key: value });
        match place {
            0 => drop(caller.create_group("acme", &group("note", &secret))),
            1 => drop(caller.create_group("acme", &json!({ "name": "A", "description": format!("x {secret} y"), "deep": [{ "k": secret }] }))),
            2 => drop(caller.list_groups("acme", &format!("q={secret}&{secret}=1"))),
            3 => drop(caller.header("x-note", &format!("a{secret}b")).get_group("acme", &secret)),
            4 => drop(caller.header("content-type", "application/json").send("POST", "/organizations/acme/groups", format!("not json {secret}"))),
            5 => drop(caller.create_group("acme", &json!({ "client": { "API_key": secret, "Access-Token": [secret] } }))),
            6 => drop(caller.list_groups("acme", &format!("page=1&access_token={secret}&password={secret}"))),
            7 => drop(caller.header("cookie", &secret).header("x-api-key", &secret).list_groups("acme", "")),
            8 => drop(caller.header("authorization", &format!("{secret} x")).list_groups("acme", "")),
            9 => drop(caller.header("content-type", "application/json").send("POST", "/organizations/acme/groups", format!("{{\"name\":\"A\",\"token\":\"{secret}\",\"token\":1}}"))),
            _ => drop(caller.header("authorization", &format!("Basic {secret}")).create_group("acme", &group("jwt", &format!("eyJ{secret}.{secret}.{secret}")))),
        }
        let kept = app.look("/_mock/requests").body;
        prop_assert!(kept.contains("\"id\":1,") && !kept.contains(&secret), "{kept}");
    }
}

#[test]
fn what_was_expected_is_verified() {
    let app = TestApp::empty();
    let manager = app.as_manager();
    let id = manager.group_named("acme", "Sales");
    manager.update_group(
        "acme",
        &id,
        &json!({ "description": "Sells more", "members": [1, 2] }),
    );
    manager.delete_group("acme", &id);
    let verify =
        |expected: Value| app.control("POST", "/_mock/requests/verify?org=acme", Some(&expected));
    for met in [
        json!({ "operation": "groups.update", "times": { "exactly": 1 } }),
        json!({ "operation": "groups.update", "body": { "description": "Sells more" }, "headers": { "X-Tallyfy-Client": "APIClient" } }),
        json!({ "method": "DELETE", "path": format!("/api/organizations/acme/groups/{id}"), "status": 204 }),
        json!({ "operation": "groups.get", "times": { "exactly": 0 } }),
        json!({ "operation": "groups.update", "times": { "at_least": 1, "at_most": 2 } }),
        json!({ "sequence": [{ "operation": "groups.create" }, { "operation": "groups.delete" }] }),
    ] {
        assert_eq!(verify(met.clone()).status, 200, "{met}");
    }
    let told = |expected: Value| {
        let answer = verify(expected);
        assert_eq!(answer.status, 409, "{answer}");
        let answer = answer.json();
        format!(
            "{} ({} met, {} near)",
            answer["detail"].as_str().unwrap().replace(&id, "ID"),
            answer["count"],
            answer["nearest"].as_array().unwrap().len()
        )
    };
    insta::assert_snapshot!(told(json!({ "operation": "groups.update", "body": { "description": "Sells", "members": [1] } })), @r#"expected at least 1 request for `groups.update`, the body {"description":"Sells","members":[1]}, found 0; nearest is request 2, `PUT /api/organizations/acme/groups/ID`: body.description is "Sells more", not "Sells"; body.members is [1,2], not [1] (0 met, 3 near)"#);
    insta::assert_snapshot!(told(json!({ "operation": "groups.delete", "times": { "exactly": 3 } })), @"expected exactly 3 requests for `groups.delete`, found 1; nearest is request 2, `PUT /api/organizations/acme/groups/ID`: operation is `groups.update` (1 met, 2 near)");
    insta::assert_snapshot!(told(json!({ "operation": "groups.create", "times": { "at_most": 0 } })), @"expected exactly 0 requests for `groups.create`, found 1 (1 met, 3 near)");
    insta::assert_snapshot!(told(json!({ "sequence": [{ "operation": "groups.delete" }, { "operation": "groups.create" }] })), @"expected, as number 2 of 2 in this order, `groups.create`; it did not come after those before it; nearest is request 3, `DELETE /api/organizations/acme/groups/ID`: operation is `groups.delete` (1 met, 2 near)");
    insta::assert_snapshot!(app.control("POST", "/_mock/requests/verify?org=quiet", Some(&json!({ "status": 200 }))).json()["detail"], @r#""expected at least 1 request for the status 200, found 0; nothing was asked""#);
}

#[test]
fn every_mistake_in_an_expectation_is_told() {
    let app = TestApp::empty();
    let mistakes = |expected: Value| {
        let answer = app
            .control("POST", "/_mock/requests/verify?org=acme", Some(&expected))
            .json();
        let lines: Vec<String> = answer["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                format!(
                    "{}: {}",
                    error["path"].as_str().unwrap(),
                    error["message"].as_str().unwrap()
                )
            })
            .collect();
        lines.join("\n")
    };
    insta::assert_snapshot!(mistakes(json!({ "operation": "groups.destroy", "org": "globex", "staus": 5, "status": "ok", "headers": { "a": 1 }, "times": { "exactly": 1, "at_least": 2 } })), @r#"
    staus: unknown key; did you mean `status`?
    org: is another organization than the one that is asked about
    operation: there is no operation `groups.destroy`; there are groups.list, groups.get, groups.create, groups.update, groups.delete, me.get, me.organizations, organizations.get, organizations.me, users.list, users.get, users.names, guests.list, guests.get, guests.names, oauth.token
    status: expected a status, found "ok"
    headers.a: expected a string, found 1
    times: expected `exactly`, or `at_least`, `at_most` or both
    "#);
    insta::assert_snapshot!(mistakes(json!({ "sequence": [{}, { "times": { "exactly": 1 } }, 5] })), @"
    sequence[0]: says nothing of what is expected
    sequence[1].times: unknown key; the known ones are operation, org, method, path, status, body, headers
    sequence[2]: expected an object, found 5
    ");
    insta::assert_snapshot!(mistakes(json!({})), @": says nothing of what is expected");
}

#[test]
fn the_journal_is_heard_live() {
    let mock = TallyfyMock::start();
    let address = mock.uri().strip_prefix("http://").unwrap().to_owned();
    let mut live = TcpStream::connect(&address).unwrap();
    write!(
        live,
        "GET /_mock/events?org=acme HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )
    .unwrap();
    let mut live = BufReader::new(live);
    let mut next = |wanted: &str| {
        let mut text = String::new();
        while !text.starts_with(wanted) {
            text.clear();
            assert_ne!(live.read_line(&mut text).unwrap(), 0);
        }
        text.trim_end().to_owned()
    };
    // The comment that opens the stream, after which it is subscribed.
    next(":");
    for org in ["globex", "acme"] {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "GET /organizations/{org}/groups HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        BufReader::new(stream)
            .read_line(&mut String::new())
            .unwrap();
    }
    assert_eq!(next("event:"), "event: request");
    let entry: Value = serde_json::from_str(next("data:").strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        (&entry["org"], &entry["status"]),
        (&json!("acme"), &json!(401))
    );
}
