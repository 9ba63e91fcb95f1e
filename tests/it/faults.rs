//! Misbehaviour: steering and fault rules.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};
use tallyfy_mock::TallyfyMock;

use crate::support::TestApp;

#[test]
fn a_request_may_ask_for_its_own_failure() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    let steered = |name: &'static str, value: &str| {
        app.as_manager().header(name, value).get_group("acme", &id)
    };
    let every: String = [
        400, 401, 403, 404, 405, 408, 409, 413, 418, 422, 429, 500, 502, 503, 599,
    ]
    .iter()
    .map(|code| steered("prefer", &format!("code={code}")).to_string() + "\n")
    .collect();
    insta::assert_snapshot!(every, @r#"
    400 Bad Request
    {"error":true,"message":"Malformed JSON in request body."}
    401 Unauthorized
    {"error":true,"message":"Unauthenticated."}
    403 Forbidden
    {"error":true,"message":"This action is unauthorized."}
    404 Not Found
    {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
    405 Method Not Allowed
    {"error":true,"message":"The GET method is not supported for route api/organizations/acme/groups/d214eb0354b455e094f06fc29576ec56. Supported methods: GET, HEAD, PUT, DELETE."}
    408 Request Timeout
    {"error":true,"message":"Request Timeout"}
    409 Conflict
    {"error":true,"message":"Conflict"}
    413 Payload Too Large
    {"error":true,"message":"Payload Too Large"}
    418 I'm a teapot
    {"error":true,"message":"I'm a teapot"}
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name has already been taken."]}}
    429 Too Many Requests
    {"message":"You've reached the limit for API requests. Please try again later.","code":"RATE_LIMIT_EXCEEDED"}
    500 Internal Server Error
    {"error":true,"message":"Server Error"}
    502 Bad Gateway
    {"error":true,"message":"Bad Gateway"}
    503 Service Unavailable
    {"error":true,"message":"Service Unavailable"}
    599 <unknown status code>
    {"error":true,"message":"Unknown Error"}
    "#);
    let limited = steered("x-mock-response-code", "429");
    assert_eq!(
        (limited.status.as_u16(), &limited.headers["retry-after"]),
        (429, &"1".parse().unwrap())
    );
    assert_eq!(
        app.as_manager()
            .get(&format!("/organizations/acme/groups/{id}?__code=404"))
            .status,
        404
    );
    assert_eq!(
        steered("prefer", "code=201").status,
        200,
        "a success is not asked for"
    );
    assert_eq!(
        steered("prefer", "delay=20").json()["data"]["name"],
        "Sales"
    );
    assert_eq!(
        app.control("GET", "/_mock/ready?__code=500", None).status,
        200,
        "nothing reaches the control side"
    );
}

#[test]
fn a_steered_request_changes_nothing() {
    let app = TestApp::empty();
    let asked = app.as_manager().header("prefer", "code=503");
    assert_eq!(
        asked
            .create_group("acme", &json!({ "name": "A", "description": "d" }))
            .status,
        503
    );
    assert_eq!(app.as_manager().list_groups("acme", "").names(), [""; 0]);
}

#[test]
fn steering_can_be_turned_off() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| config.steering = false);
    assert_eq!(
        app.as_manager()
            .header("prefer", "code=503")
            .list_groups("acme", "__code=404")
            .status,
        200
    );
}

fn put(app: &TestApp, path: &str, rule: &Value) -> Value {
    let answer = app.control("PUT", path, Some(rule));
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()
}

#[test]
fn a_rule_strikes_step_by_step_and_tells_what_is_left() {
    let app = TestApp::empty();
    let manager = app.as_manager();
    let ids: Vec<String> = (0..6)
        .map(|i| manager.group_named("acme", &format!("Group {i}")))
        .collect();
    let rule = json!({ "match": { "operation": "groups.delete", "org": "acme" }, "skip": 1, "steps": [
        { "times": 2, "status": 503, "write": "after" },
        { "status": 429, "retry_after": 2 },
        { "status": 418, "body": { "message": "teapot" }, "delay": { "fixed_ms": 20 } },
        { "delay": { "uniform_ms": [50, 500] } }
    ] });
    put(&app, "/_mock/faults/flaky", &rule);
    let statuses: Vec<u16> = ids
        .iter()
        .map(|id| manager.delete_group("acme", id).status.as_u16())
        .collect();
    assert_eq!(statuses, [204, 503, 503, 429, 418, 204]);
    // The first was skipped; the next two were deleted although their answers say otherwise; two more were not.
    assert_eq!(
        manager.list_groups("acme", "").names(),
        ["Group 3", "Group 4"]
    );
    insta::assert_snapshot!(app.look("/_mock/faults/flaky").body, @r#"{"id":"flaky","match":{"operation":"groups.delete","org":"acme"},"skip":1,"steps":[{"times":2,"status":503,"write":"after","remaining":0},{"times":1,"status":429,"retry_after":2,"write":"before","remaining":0},{"times":1,"status":418,"body":{"message":"teapot"},"write":"before","delay":{"fixed_ms":20},"remaining":0},{"times":1,"delay":{"uniform_ms":[50,500]},"remaining":0}],"hits":5}"#);
    assert_eq!(
        manager.delete_group("acme", &ids[3]).status,
        204,
        "it is spent"
    );
    put(&app, "/_mock/faults/flaky", &rule);
    assert_eq!(
        app.look("/_mock/faults/flaky").json()["hits"],
        5,
        "the same rule again goes on where it was"
    );
    assert_eq!(
        put(&app, "/_mock/faults/flaky?rearm=true", &rule)["hits"],
        0
    );
    assert_eq!(
        app.control("DELETE", "/_mock/faults/flaky", None).status,
        204
    );
    assert_eq!(app.look("/_mock/faults").json(), json!({ "faults": [] }));
}

#[test]
fn the_delete_that_was_applied_answered_503_retried_and_met_404() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    put(
        &app,
        "/_mock/faults/flaky?org=acme",
        &json!({ "match": { "operation": "groups.delete" }, "steps": [{ "status": 503, "write": "after" }] }),
    );
    assert_eq!(app.as_manager().delete_group("acme", &id).status, 503);
    assert_eq!(app.as_manager().delete_group("acme", &id).status, 404);
}

#[test]
fn a_rule_looks_at_what_its_match_names() {
    let app = TestApp::empty();
    let hit = |rule: Value| {
        put(
            &app,
            "/_mock/faults/rule?rearm=true",
            &json!({ "match": rule, "steps": [{ "times": "always", "status": 500 }] }),
        );
        let manager = app.as_manager();
        let statuses = [
            manager.list_groups("acme", "").status,
            manager.get_group("acme", "1").status,
            manager.list_groups("globex", "").status,
            app.as_token("other").list_groups("acme", "").status,
            manager.at_root().list_groups("acme", "").status,
            app.anonymous().get("/nothing").status,
        ];
        app.control("DELETE", "/_mock/faults", None);
        statuses.map(|status| status == 500)
    };
    assert_eq!(hit(json!({})), [true; 6]);
    assert_eq!(
        hit(json!({ "operation": "groups.list" })),
        [true, false, true, true, true, false]
    );
    assert_eq!(
        hit(json!({ "org": "acme" })),
        [true, true, false, true, true, false]
    );
    assert_eq!(
        hit(json!({ "token": "other" })),
        [false, false, false, true, false, false]
    );
    assert_eq!(
        hit(json!({ "method": "get", "path": "/organizations/*/groups" })),
        [true, false, true, true, true, false]
    );
    assert_eq!(
        hit(json!({ "path": "/organizations/acme/**" })),
        [true, true, false, true, true, false]
    );
    assert_eq!(hit(json!({ "method": "POST" })), [false; 6]);
}

#[test]
fn an_organizations_own_rules_come_first_and_another_never_sees_them() {
    let app = TestApp::empty();
    put(
        &app,
        "/_mock/faults/all",
        &json!({ "steps": [{ "times": "always", "status": 500 }] }),
    );
    put(
        &app,
        "/_mock/faults/own?org=acme",
        &json!({ "steps": [{ "status": 503 }] }),
    );
    let status = |org: &str| app.as_manager().list_groups(org, "").status.as_u16();
    assert_eq!(
        [status("acme"), status("acme"), status("globex")],
        [503, 500, 500]
    );
    assert_eq!(
        app.look("/_mock/faults?org=acme").json()["faults"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        app.control("POST", "/_mock/reset?org=acme", None).status,
        204
    );
    let left = app.look("/_mock/faults").json();
    assert_eq!(
        (
            left["faults"].as_array().unwrap().len(),
            &left["faults"][0]["id"]
        ),
        (1, &json!("all"))
    );
}

#[test]
fn a_rule_is_found_by_its_id_where_only_one_has_it() {
    let app = TestApp::empty();
    let rule = json!({ "steps": [{ "status": 503 }] });
    put(&app, "/_mock/faults/one?org=acme", &rule);
    assert_eq!(
        app.look("/_mock/faults/one").json()["match"],
        json!({ "org": "acme" })
    );
    put(&app, "/_mock/faults/one?org=globex", &rule);
    insta::assert_snapshot!(app.look("/_mock/faults/one"), @r#"
    409 Conflict
    {"type":"about:blank","title":"Conflict","status":409,"detail":"several organizations have a rule `one`: say which with `?org=`","organizations":["acme","globex"]}
    "#);
    assert_eq!(app.look("/_mock/faults/one?org=globex").status, 200);
    insta::assert_snapshot!(app.control("DELETE", "/_mock/faults/none", None), @r#"
    404 Not Found
    {"type":"about:blank","title":"Not Found","status":404,"detail":"there is no rule `none`"}
    "#);
}

#[test]
fn every_mistake_in_a_rule_is_told() {
    let app = TestApp::empty();
    let rule = json!({
        "match": { "operation": "groups.destroy", "method": "DELETE", "path": "/api/x", "org": "a b", "host": "x" },
        "skip": -1, "probability": 1.5, "setps": [],
        "steps": [
            { "times": 0, "status": 99, "write": "during" },
            { "fault": "connection_rest" },
            { "status": 500, "fault": "empty_response", "chunk_ms": 5 },
            { "body": {}, "retry_after": 1 },
            { "delay": { "uniform_ms": [5, 1] } },
            { "delay": { "fixed_ms": 99_999_999 } },
            { "delay": { "lognormal_ms": { "median": 5 } } },
            7
        ]
    });
    let answer = app
        .control("PUT", "/_mock/faults/bad?org=acme", Some(&rule))
        .json();
    let errors = answer["errors"].as_array().unwrap().iter();
    let lines: Vec<String> = errors
        .map(|error| {
            format!(
                "{}: {}",
                error["path"].as_str().unwrap(),
                error["message"].as_str().unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    setps: unknown key; did you mean `steps`?
    match.host: unknown key; the known ones are operation, method, path, org, token
    match.operation: there is no operation `groups.destroy`; there are groups.list, groups.get, groups.create, groups.update, groups.delete, me.get, me.organizations, organizations.get, organizations.me, users.list, users.get, users.names, guests.list, guests.get, guests.names, oauth.token
    match.method: goes without `operation`, which says it already
    match.path: goes without `operation`, which says it already
    match.path: expected a path after the prefix, such as `/organizations/*/groups`
    match.org: expected 1 to 255 letters, digits, `-` or `_`
    skip: expected a whole number, found -1
    probability: expected a number from 0 to 1, found 1.5
    steps[0].times: expected a whole number of at least 1, or "always", found 0
    steps[0].write: expected "before" or "after", found "during"
    steps[0].status: expected a status from 200 to 599, found 99
    steps[1].fault: there is no fault `connection_rest`; there are connection_reset, empty_response, malformed_response, random_data_then_close, truncated_body, slow_body
    steps[2]: `status` and `fault` exclude each other
    steps[2].chunk_ms: goes with the fault `slow_body` only
    steps[3].body: goes with `status` only
    steps[3].retry_after: goes with `status` only
    steps[3]: a step has a `status`, a `fault` or a `delay`
    steps[4].delay.uniform_ms: expected two whole numbers of milliseconds, the smaller first, an hour at most, found [5,1]
    steps[5].delay.fixed_ms: expected a whole number, 3600000 at most, found 99999999
    steps[6].delay.lognormal_ms: expected a `median` in milliseconds and a `sigma` from 0 to 10
    steps[7]: expected an object, found 7
    "#);
    assert_eq!(
        app.control("PUT", "/_mock/faults/bad", Some(&json!({ "steps": [] })))
            .status,
        400
    );
    assert_eq!(app.look("/_mock/faults").json(), json!({ "faults": [] }));
}

#[test]
fn what_is_drawn_repeats_and_one_organization_never_shifts_anothers() {
    let run = |with_globex: bool| -> Vec<u16> {
        let app = TestApp::empty();
        put(
            &app,
            "/_mock/faults/maybe",
            &json!({ "probability": 0.5, "steps": [{ "times": "always", "status": 503 }] }),
        );
        (0..40)
            .map(|_| {
                if with_globex {
                    app.as_manager().list_groups("globex", "");
                }
                app.as_manager().list_groups("acme", "").status.as_u16()
            })
            .collect()
    };
    let alone = run(false);
    assert_eq!(alone, run(true));
    assert!(alone.contains(&200) && alone.contains(&503));
}

#[test]
fn of_many_at_once_exactly_so_many_are_struck() {
    let app = TestApp::empty();
    put(
        &app,
        "/_mock/faults/some?org=acme",
        &json!({ "steps": [{ "times": 10, "status": 503 }] }),
    );
    let struck: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..5)
                        .filter(|_| app.as_manager().list_groups("acme", "").status == 503)
                        .count()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(struck, 10);
}

/// The bytes that come back over a real socket, and how the connection ends.
fn seen(step: &Value) -> (Vec<u8>, Option<ErrorKind>) {
    let mock = TallyfyMock::builder().demo().seed(7).start();
    let address = mock.uri().strip_prefix("http://").unwrap().to_owned();
    let rule = json!({ "steps": [step] }).to_string();
    let mut control = TcpStream::connect(&address).unwrap();
    write!(control, "PUT /_mock/faults/f HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{rule}", rule.len()).unwrap();
    control.read_to_end(&mut Vec::new()).unwrap();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET /organizations/globex/groups HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    let ended = stream
        .read_to_end(&mut bytes)
        .err()
        .map(|error| error.kind());
    // Whatever happened to that connection, the next one is served.
    let mut next = TcpStream::connect(&address).unwrap();
    write!(
        next,
        "GET /_mock/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut health = String::new();
    next.read_to_string(&mut health).unwrap();
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    (bytes, ended)
}

#[test]
fn every_fault_is_seen_on_a_real_socket() {
    assert_eq!(
        seen(&json!({ "fault": "connection_reset" })),
        (vec![], Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(seen(&json!({ "fault": "empty_response" })), (vec![], None));

    let (malformed, ended) = seen(&json!({ "fault": "malformed_response" }));
    assert!(
        malformed.starts_with(b"HTTP/1.1 200 OK\r\n") && malformed.len() > 100 && ended.is_none()
    );
    let (random, ended) = seen(&json!({ "fault": "random_data_then_close" }));
    assert!(!random.is_empty() && !random.starts_with(b"HTTP") && ended.is_none());
    assert_eq!(
        random,
        seen(&json!({ "fault": "random_data_then_close" })).0,
        "the same under one seed"
    );

    let (whole, _) = seen(&json!({ "delay": { "fixed_ms": 1 } }));
    let (truncated, ended) = seen(&json!({ "fault": "truncated_body" }));
    let head = |bytes: &[u8]| {
        bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4
    };
    assert_eq!(
        truncated.len() - head(&truncated),
        (whole.len() - head(&whole)) / 2
    );
    assert!(ended.is_none() && whole.ends_with(b"}"));
    assert!(
        String::from_utf8_lossy(&truncated)
            .contains(&format!("content-length: {}", whole.len() - head(&whole)))
    );

    let (slow, _) = seen(&json!({ "fault": "slow_body", "chunk_ms": 1 }));
    assert_eq!(
        slow[head(&slow)..],
        whole[head(&whole)..],
        "it all comes in the end"
    );
}

#[test]
fn a_fault_without_a_socket_is_a_server_error() {
    let app = TestApp::empty();
    put(
        &app,
        "/_mock/faults/f",
        &json!({ "steps": [{ "fault": "connection_reset" }] }),
    );
    assert_eq!(app.as_manager().list_groups("acme", "").status, 500);
}

#[test]
fn steering_wins_over_rules_and_uses_none_of_them_up() {
    let app = TestApp::empty();
    put(
        &app,
        "/_mock/faults/f",
        &json!({ "steps": [{ "status": 503 }] }),
    );
    let status = |code: &str| {
        app.as_manager()
            .header("prefer", code)
            .list_groups("acme", "")
            .status
            .as_u16()
    };
    assert_eq!(
        [status("code=418"), status("x=1"), status("x=1")],
        [418, 503, 200]
    );
}
