//! The control endpoints: state, seeds, resets and clocks, each organization for itself.

use axum::http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

fn acme() -> Value {
    json!({ "version": 1, "organizations": [
        { "id": "acme", "users": [{ "id": 1, "role": "admin" }], "groups": [{ "id": "sales", "name": "Sales", "members": [1], "created_at": "2026-01-01T00:00:00.123456Z" }] },
        { "id": "globex", "groups": [{ "name": "Doom" }] }
    ], "template": {} })
}

fn names(app: &TestApp, org: &str) -> Vec<String> {
    app.as_manager().list_groups(org, "").names()
}

#[track_caller]
fn done(answer: &Answer) {
    assert_eq!(answer.status, 204, "{answer}");
}

#[test]
fn the_state_is_a_fixture_with_times_to_the_microsecond() {
    let app = TestApp::with(acme());
    app.as_manager().group_named("fresh", "New");
    insta::assert_snapshot!(app.look("/_mock/state").body, @r#"{"version":1,"organizations":[{"id":"acme","name":"acme","allow_manage_groups":true,"id_sequence":0,"users":[{"id":1,"email":"user-1@tallyfy-mock.example.com","role":"admin"}],"groups":[{"id":"sales","name":"Sales","description":null,"members":[1],"guests":[],"created_at":"2026-01-01T00:00:00.123456Z","last_updated":"2026-01-01T00:00:00.123456Z"}]},{"id":"fresh","name":"fresh","allow_manage_groups":true,"id_sequence":1,"groups":[{"id":"132269a7ec0f5ac6841216f4d58a9c2d","name":"New","description":"for a test","members":[],"guests":[],"created_at":"2026-03-01T09:00:00.000000Z","last_updated":"2026-03-01T09:00:00.000000Z"}]},{"id":"globex","name":"globex","allow_manage_groups":true,"id_sequence":0,"groups":[{"id":"c385ae55582c553fa707d88c498e37e6","name":"Doom","description":null,"members":[],"guests":[],"created_at":"2026-03-01T09:00:00.000000Z","last_updated":"2026-03-01T09:00:00.000000Z"}]}],"template":{}}"#);
    insta::assert_snapshot!(app.look("/_mock/state?org=globex").body, @r#"{"name":"globex","allow_manage_groups":true,"id_sequence":0,"groups":[{"id":"c385ae55582c553fa707d88c498e37e6","name":"Doom","description":null,"members":[],"guests":[],"created_at":"2026-03-01T09:00:00.000000Z","last_updated":"2026-03-01T09:00:00.000000Z"}]}"#);
    insta::assert_snapshot!(app.look("/_mock/state?org=unwritten").body, @r#"{"name":"unwritten","allow_manage_groups":true,"id_sequence":0}"#);
}

#[test]
fn a_state_that_was_got_is_restored_on_another_mock() {
    let app = TestApp::with(acme());
    app.as_manager().group_named("fresh", "New");
    let deleted = app.as_manager().group_named("fresh", "Gone");
    app.as_manager().delete_group("fresh", &deleted);
    let state = app.look("/_mock/state").json();
    let other = TestApp::empty();
    done(&other.control("PUT", "/_mock/state", Some(&state)));
    assert_eq!(other.look("/_mock/state").json(), state);
    for org in ["acme", "globex", "fresh", "unwritten"] {
        let all = "per_page=100&with=users,guests&sort_by=updated_at";
        assert_eq!(
            other.as_manager().list_groups(org, all).body,
            app.as_manager().list_groups(org, all).body
        );
    }
    assert_eq!(
        other.as_manager().group_named("fresh", "Next"),
        app.as_manager().group_named("fresh", "Next"),
        "the ids go on"
    );
}

#[test]
fn one_organizations_state_is_put_without_touching_another() {
    let app = TestApp::with(acme());
    let globex = app.look("/_mock/state?org=globex").json();
    done(&app.control("PUT", "/_mock/state?org=acme", Some(&globex)));
    assert_eq!(
        (names(&app, "acme"), names(&app, "globex")),
        (vec!["Doom".to_owned()], vec!["Doom".to_owned()])
    );
    done(&app.control(
        "PUT",
        "/_mock/state?org=new",
        Some(&json!({ "groups": [{ "name": "A" }] })),
    ));
    assert_eq!(names(&app, "new"), ["A"]);
}

#[test]
fn a_bad_state_is_refused_whole_with_every_problem_and_changes_nothing() {
    let app = TestApp::with(acme());
    let before = app.look("/_mock/state").json();
    let bad = json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [{ "name": "" }, { "nme": "B" }] }, { "id": "a b" }] });
    insta::assert_snapshot!(app.control("PUT", "/_mock/state", Some(&bad)), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"there are 4 mistakes","errors":[{"path":"organizations[0].groups[0].name","message":"The name field is required."},{"path":"organizations[0].groups[1].nme","message":"unknown key; did you mean `name`?"},{"path":"organizations[0].groups[1].name","message":"The name field is required."},{"path":"organizations[1].id","message":"expected 1 to 255 letters, digits, `-` or `_`, found \"a b\""}]}
    "#);
    insta::assert_snapshot!(app.control("PUT", "/_mock/state?org=acme", Some(&json!({ "id": "acme", "groups": 5 }))), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"there are 2 mistakes","errors":[{"path":"id","message":"unknown key; the known ones are name, allow_manage_groups, users, guests, groups, id_sequence, industry, description, address1, address2, created_at, created_on, last_updated, live_support_enabled, org_logo, country, state, city, zipcode, in_trial, allow_user_invite, maximum_group_assignment_limit, timezone, working_days, webhook_date_field_format"},{"path":"groups","message":"expected a list, found 5"}]}
    "#);
    insta::assert_snapshot!(app.control("PUT", "/_mock/state", Some(&json!({ "version": 1, "contract": { "edition": "2025-08" } }))), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"contract: stays as it was when the mock started; leave it out","errors":[{"path":"contract","message":"stays as it was when the mock started; leave it out"}]}
    "#);
    assert_eq!(app.look("/_mock/state").json(), before);
}

#[test]
fn a_seed_joins_what_is_there_and_the_same_id_replaces() {
    let app = TestApp::with(acme());
    let seed = json!({ "version": 1, "organizations": [
        { "id": "acme", "users": [{ "id": 2 }, { "id": 1, "first_name": "Ada", "role": "admin" }],
          "groups": [{ "id": "sales", "name": "Sellers", "members": [2, 1] }, { "name": "Support" }] },
        { "id": "new", "groups": [{ "name": "First" }] }
    ] });
    done(&app.control("POST", "/_mock/seed", Some(&seed)));
    done(&app.control("POST", "/_mock/seed", Some(&seed)));
    assert_eq!(names(&app, "acme"), ["Sellers", "Support"]);
    assert_eq!(names(&app, "new"), ["First"]);
    assert_eq!(names(&app, "globex"), ["Doom"]);
    let users = app
        .as_manager()
        .get("/organizations/acme/groups/sales?with=users")
        .json()["data"]["users"]["data"]
        .clone();
    assert_eq!(
        (&users[0]["id"], &users[1]["first_name"]),
        (&json!(2), &json!("Ada"))
    );
    done(&app.control(
        "POST",
        "/_mock/seed?org=acme",
        Some(&json!({ "allow_manage_groups": false, "groups": [{ "name": "Third" }] })),
    ));
    assert_eq!(names(&app, "acme"), ["Sellers", "Support", "Third"]);
}

#[test]
fn a_seed_is_taken_whole_or_not_at_all() {
    let app = TestApp::with(acme());
    let before = app.look("/_mock/state").json();
    let seed = json!({ "version": 1, "organizations": [
        { "id": "globex", "groups": [{ "name": "Fine" }] },
        { "id": "acme", "groups": [{ "name": "Fine" }, { "name": "Sales" }, { "name": "B", "members": [1, 7] }] },
        { "id": "new", "groups": [{ "name": "Fine" }] }
    ] });
    insta::assert_snapshot!(app.control("POST", "/_mock/seed", Some(&seed)), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"there are 2 mistakes","errors":[{"path":"organizations[1].groups[1].name","message":"The name has already been taken."},{"path":"organizations[1].groups[2].members[1]","message":"The selected members.1 is invalid."}]}
    "#);
    insta::assert_snapshot!(app.control("POST", "/_mock/seed?org=acme", Some(&json!({ "groups": [{ "name": "Sales" }] }))), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"groups[0].name: The name has already been taken.","errors":[{"path":"groups[0].name","message":"The name has already been taken."}]}
    "#);
    let tokens = json!({ "version": 1, "tokens": [{ "token": "t", "user": 9, "organizations": ["acme"] }], "template": {} });
    insta::assert_snapshot!(app.control("POST", "/_mock/seed", Some(&tokens)), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"there are 2 mistakes","errors":[{"path":"template","message":"cannot be added to; `PUT /_mock/state` replaces it"},{"path":"tokens[0].user","message":"is not among the users of organization `acme`"}]}
    "#);
    assert_eq!(app.look("/_mock/state").json(), before);
    assert_eq!(names(&app, "new"), [""; 0]);
}

#[test]
fn a_token_that_is_seeded_closes_the_door_to_others() {
    let app = TestApp::with(acme());
    done(&app.control("POST", "/_mock/seed", Some(&json!({ "version": 1, "tokens": [{ "token": "t", "user": 1, "organizations": ["acme"] }] }))));
    assert_eq!(app.as_token("t").list_groups("acme", "").status, 200);
    assert_eq!(app.as_manager().list_groups("acme", "").status, 401);
}

#[test]
fn a_reset_goes_back_to_the_fixtures_and_rewinds_the_ids() {
    let app = TestApp::with(acme());
    let before = app.look("/_mock/state").json();
    let first = app.as_manager().group_named("acme", "New");
    app.as_manager().delete_group("acme", "sales");
    app.as_manager().group_named("fresh", "New");
    done(&app.control("POST", "/_mock/reset", None));
    assert_eq!(app.look("/_mock/state").json(), before);
    assert_eq!(app.as_manager().group_named("acme", "New"), first);
}

#[test]
fn a_reset_of_one_organization_leaves_the_others() {
    let app = TestApp::with(acme());
    for org in ["acme", "globex", "fresh", "other"] {
        app.as_manager().group_named(org, "New");
    }
    done(&app.control("POST", "/_mock/reset?org=acme", None));
    done(&app.control("POST", "/_mock/reset?org=fresh", None));
    assert_eq!(names(&app, "acme"), ["Sales"]);
    assert_eq!(names(&app, "fresh"), [""; 0]);
    assert_eq!(
        (names(&app, "globex").len(), names(&app, "other").len()),
        (2, 1)
    );
    let state = app.look("/_mock/state").json();
    let ids: Vec<&str> = state["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|org| org["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["acme", "globex", "other"],
        "what nobody has written to is not stored"
    );
}

#[test]
fn no_request_sees_a_reset_of_its_organization_half_done() {
    let app = TestApp::with(acme());
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let strike = json!({ "match": { "operation": "groups.get" }, "steps": [{ "times": "always", "status": 503 }] });
    let later = json!({ "now": "2031-01-01T00:00:00Z" });
    let extra = json!({ "groups": [{ "id": "extra", "name": "Extra" }] });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2000 {
                // Before the later time, so that at that time the rule is always in force.
                app.control("PUT", "/_mock/faults/r?org=acme", Some(&strike));
                done(&app.control("POST", "/_mock/seed?org=acme", Some(&extra)));
                app.control("PUT", "/_mock/clock?org=acme", Some(&later));
                done(&app.control("POST", "/_mock/reset?org=acme", None));
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let answer = app.as_manager().get_group("acme", "extra");
                    let date = answer.headers["date"].to_str().unwrap();
                    let is_struck = answer.status == 503;
                    assert!(is_struck || date.contains("2026"), "{answer}{date}");
                }
            });
        }
    });
}

#[test]
fn a_reset_may_name_what_it_goes_back_on() {
    let app = TestApp::with(acme());
    app.as_manager().group_named("acme", "New");
    app.control(
        "POST",
        "/_mock/clock/advance",
        Some(&json!({ "seconds": 60 })),
    );
    done(&app.control("POST", "/_mock/reset?scope=clock", None));
    assert_eq!(
        app.look("/_mock/clock").json()["now"],
        "2026-03-01T09:00:00Z"
    );
    assert_eq!(names(&app, "acme").len(), 2);
    insta::assert_snapshot!(app.control("POST", "/_mock/reset?scope=stat", None), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"query.scope: expected a comma list of state, requests, faults, clock, limits, found `stat`","errors":[{"path":"query.scope","message":"expected a comma list of state, requests, faults, clock, limits, found `stat`"}]}
    "#);
    insta::assert_snapshot!(app.control("POST", "/_mock/reset?ogr=acme", None), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"query.ogr: unknown parameter","errors":[{"path":"query.ogr","message":"unknown parameter"}]}
    "#);
    insta::assert_snapshot!(app.control("POST", "/_mock/reset?org=a%20b", None), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"query.org: expected 1 to 255 letters, digits, `-` or `_`","errors":[{"path":"query.org","message":"expected 1 to 255 letters, digits, `-` or `_`"}]}
    "#);
}

#[test]
fn a_clock_is_looked_at_set_moved_and_let_run_each_organization_for_itself() {
    let app = TestApp::with(acme());
    insta::assert_snapshot!(app.look("/_mock/clock").json(), @r#"{"frozen":true,"now":"2026-03-01T09:00:00Z"}"#);
    let set = app.control(
        "PUT",
        "/_mock/clock?org=acme",
        Some(&json!({ "now": "2031-05-06T07:08:09Z", "frozen": true })),
    );
    insta::assert_snapshot!(set.json(), @r#"{"frozen":true,"now":"2031-05-06T07:08:09Z"}"#);
    let moved = app.control(
        "POST",
        "/_mock/clock/advance?org=acme",
        Some(&json!({ "seconds": 3600.5 })),
    );
    insta::assert_snapshot!(moved.json(), @r#"{"frozen":true,"now":"2031-05-06T08:08:09.500Z"}"#);
    let created = |org: &str| {
        app.as_manager()
            .create_group(org, &json!({ "name": "Now", "description": "d" }))
    };
    assert_eq!(
        created("acme").json()["data"]["created_at"],
        "2031-05-06T08:08:09Z"
    );
    assert_eq!(
        created("globex").json()["data"]["created_at"],
        "2026-03-01T09:00:00Z"
    );
    assert_eq!(
        created("acme").headers["date"],
        "Tue, 06 May 2031 08:08:09 GMT"
    );
    assert_eq!(
        created("globex").headers["date"],
        "Sun, 01 Mar 2026 09:00:00 GMT"
    );
    let runs = app
        .control(
            "PUT",
            "/_mock/clock?org=acme",
            Some(&json!({ "frozen": false })),
        )
        .json();
    assert_eq!(runs["frozen"], false);
    assert!(runs["now"].as_str().unwrap().starts_with("2031-05-06T08:"));
}

#[test]
fn a_token_expires_when_the_clock_of_its_organization_says_so() {
    let app = TestApp::with(
        json!({ "version": 1, "tokens": [{ "token": "t", "expires_at": "2026-03-01T10:00:00Z" }], "template": {} }),
    );
    assert_eq!(app.as_token("t").list_groups("acme", "").status, 200);
    app.control(
        "POST",
        "/_mock/clock/advance?org=acme",
        Some(&json!({ "seconds": 3600 })),
    );
    assert_eq!(app.as_token("t").list_groups("acme", "").status, 401);
    assert_eq!(app.as_token("t").list_groups("globex", "").status, 200);
}

#[test]
fn a_bad_control_request_is_told_every_mistake() {
    let app = TestApp::with(acme());
    for (path, body) in [
        (
            "/_mock/clock",
            json!({ "now": "tomorrow", "frozen": "yes", "zone": "CET" }),
        ),
        ("/_mock/clock", json!({})),
        ("/_mock/clock", json!([])),
    ] {
        let answer = app.control("PUT", path, Some(&body));
        assert_eq!(answer.status, 400, "{answer}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    insta::assert_snapshot!(app.control("PUT", "/_mock/clock", Some(&json!({ "now": "tomorrow", "frozen": "yes", "zone": "CET" }))), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"there are 3 mistakes","errors":[{"path":"zone","message":"unknown key; the known ones are now, frozen"},{"path":"now","message":"expected a time such as `2026-01-15T09:00:00Z`, found \"tomorrow\""},{"path":"frozen","message":"expected true or false, found \"yes\""}]}
    "#);
    insta::assert_snapshot!(app.control("POST", "/_mock/clock/advance", Some(&json!({ "seconds": 1e300 }))), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"seconds: expected a number of seconds that leads to a time, found 1e+300","errors":[{"path":"seconds","message":"expected a number of seconds that leads to a time, found 1e+300"}]}
    "#);
    insta::assert_snapshot!(app.control("POST", "/_mock/clock/advance", Some(&json!({ "second": 1 }))), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"second: unknown key; did you mean `seconds`?","errors":[{"path":"second","message":"unknown key; did you mean `seconds`?"}]}
    "#);
    insta::assert_snapshot!(app.control("DELETE", "/_mock/clock", None), @r#"
    405 Method Not Allowed
    {"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"`DELETE` does nothing on `/_mock/clock`","known":["GET /_mock/health","GET /_mock/ready","GET /_mock/routes","GET /_mock/openapi.json","GET /_mock/ca.pem","GET /_mock/contract","GET /_mock/organizations","GET /_mock/changes","GET /_mock/coverage","GET /_mock/state","PUT /_mock/state","POST /_mock/seed","POST /_mock/reset","GET /_mock/requests","DELETE /_mock/requests","GET /_mock/requests/{id}","GET /_mock/requests/{id}/body","POST /_mock/requests/verify","GET /_mock/events","GET /_mock/faults","DELETE /_mock/faults","GET /_mock/faults/{id}","PUT /_mock/faults/{id}","DELETE /_mock/faults/{id}","GET /_mock/clock","PUT /_mock/clock","POST /_mock/clock/advance"]}
    "#);
}

#[test]
fn what_is_told_of_very_many_mistakes_has_a_bound() {
    let app = TestApp::with(acme());
    let many: Value = (0..50_000).map(|i| (i.to_string(), Value::Null)).collect();
    let groups: Vec<Value> = (0..20_000).map(|_| json!({ "name": "A" })).collect();
    for (method, path, body) in [
        ("PUT", "/_mock/state", many.clone()),
        ("POST", "/_mock/seed?org=acme", json!({ "groups": groups })),
        (
            "PUT",
            "/_mock/faults/r",
            json!({ "steps": vec![json!({ "x": 1 }); 20_000] }),
        ),
        ("POST", "/_mock/requests/verify", many),
    ] {
        let answer = app.control(method, path, Some(&body));
        assert_eq!(answer.status, 400);
        let told = answer.json()["errors"].as_array().unwrap().len();
        assert!(
            told <= 2001 && answer.body.len() < 1024 * 1024,
            "{path}: {told}"
        );
    }
}

#[test]
fn a_control_body_needs_to_say_json() {
    let app = TestApp::with(acme());
    let send = |content_type: &str| {
        let request = Request::post("/_mock/seed")
            .header("host", "localhost")
            .header("content-type", content_type);
        app.send(
            request
                .body(json!({ "version": 1 }).to_string().into())
                .unwrap(),
        )
        .status
        .as_u16()
    };
    assert_eq!(
        [
            send("application/json"),
            send("application/json; charset=utf-8")
        ],
        [204, 204]
    );
    assert_eq!(
        [
            send("text/plain"),
            send("application/x-www-form-urlencoded")
        ],
        [415, 415]
    );
}

#[test]
fn an_id_that_is_no_text_names_nothing() {
    let app = TestApp::start(&acme(), |_| {});
    for (method, path) in [
        ("GET", "/_mock/faults/a%F2b?org=acme"),
        ("DELETE", "/_mock/faults/%ff"),
        ("GET", "/_mock/requests/%ff"),
    ] {
        let answer = app.control(method, path, None);
        assert_eq!(answer.status, 404, "{answer}");
        assert_eq!(answer.json()["detail"], "the id in the path is not UTF-8");
    }
}

#[test]
fn a_control_body_has_a_limit() {
    let app = TestApp::start(&acme(), |config| config.limits.max_control_body = 20);
    let answer = app.control(
        "PUT",
        "/_mock/state",
        Some(&json!({ "version": 1, "organizations": [] })),
    );
    assert_eq!(answer.status, 413, "{answer}");
}

#[test]
fn the_control_side_may_demand_a_token() {
    let app = TestApp::start(&acme(), |config| {
        config.guard.token = Some("control".into());
    });
    assert_eq!(app.look("/_mock/state").status, 401);
    assert_eq!(app.look("/_mock/ready").status, 200);
    let request = Request::get("/_mock/state")
        .header("host", "localhost")
        .header("authorization", "Bearer control");
    assert_eq!(
        app.send(request.body(axum::body::Body::empty()).unwrap())
            .status,
        200
    );
}

/// A random step of a client, so that two mocks can be asked the same.
fn steps() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((0..5_u8, 0..3_u8, 0..6_u8), 0..25)
}

fn run(app: &TestApp, steps: &[(u8, u8, u8)]) -> Vec<String> {
    let manager = app.as_manager();
    steps
        .iter()
        .map(|(what, org, which)| {
            let org = ["acme", "globex", "fresh"][usize::from(*org)];
            let id = manager.list_groups(org, "per_page=100").json()["data"][usize::from(*which)]["id"].as_str().unwrap_or("none").to_owned();
            app.control("POST", "/_mock/clock/advance", Some(&json!({ "seconds": which })));
            let answer = match what {
                0 => manager.create_group(org, &json!({ "name": format!("Group {which}"), "description": "d", "guests": [format!("g{which}@x.test")] })),
                1 => manager.update_group(org, &id, &json!({ "name": format!("Renamed {which}") })),
                2 => manager.delete_group(org, &id),
                3 => manager.list_groups(org, "sort_by=-updated_at&with=users,guests"),
                _ => manager.get_group(org, &id),
            };
            answer.to_string()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn a_restored_state_answers_byte_for_byte_the_same(before in steps(), after in steps()) {
        let app = TestApp::with(acme());
        run(&app, &before);
        let state = app.look("/_mock/state").json();
        let now = app.look("/_mock/clock").json();
        let other = TestApp::empty();
        done(&other.control("PUT", "/_mock/state", Some(&state)));
        other.control("PUT", "/_mock/clock", Some(&now));
        prop_assert_eq!(other.look("/_mock/state").body, app.look("/_mock/state").body);
        prop_assert_eq!(run(&other, &after), run(&app, &after));
    }

    #[test]
    fn a_reset_makes_the_same_run_again(steps in steps()) {
        let app = TestApp::with(acme());
        let first = run(&app, &steps);
        done(&app.control("POST", "/_mock/reset", None));
        prop_assert_eq!(run(&app, &steps), first);
    }
}

#[test]
fn too_many_requests_are_told_when_to_come_back() {
    let app = TestApp::start(&acme(), |config| {
        let window = std::time::Duration::from_secs(60);
        config.rate_limit = Some(tallyfy_mock::config::RateLimit {
            requests: 2,
            window,
        });
    });
    let list = |org: &str| app.as_manager().list_groups(org, "");
    let left = |answer: &Answer| {
        answer.headers["x-ratelimit-remaining"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    let answers = [
        list("acme"),
        app.as_manager().get_group("acme", "none"),
        list("acme"),
    ];
    assert_eq!(
        answers.each_ref().map(|answer| answer.status.as_u16()),
        [200, 404, 429]
    );
    assert_eq!(answers.each_ref().map(left), ["1", "0", "0"]);
    insta::assert_snapshot!(answers[2], @r#"
    429 Too Many Requests
    {"message":"You've reached the limit for API requests. Please try again later.","code":"RATE_LIMIT_EXCEEDED"}
    "#);
    assert_eq!(
        (
            &answers[2].headers["retry-after"],
            &answers[2].headers["x-ratelimit-limit"]
        ),
        (&"60".parse().unwrap(), &"2".parse().unwrap())
    );
    assert_eq!(
        [
            list("globex").status,
            app.as_token("other").list_groups("acme", "").status
        ],
        [200, 200]
    );
    // Requests that name no organization have windows of their own.
    let me = [(); 3].map(|()| app.as_manager().get("/me").status.as_u16());
    assert_eq!(me, [200, 200, 429]);
    app.control(
        "POST",
        "/_mock/clock/advance?org=acme",
        Some(&json!({ "seconds": 59.5 })),
    );
    assert_eq!(list("acme").headers["retry-after"], "1");
    app.control(
        "POST",
        "/_mock/clock/advance?org=acme",
        Some(&json!({ "seconds": 0.5 })),
    );
    assert_eq!(list("acme").status, 200);
    list("acme");
    assert_eq!(list("acme").status, 429);
    done(&app.control("POST", "/_mock/reset?org=acme&scope=limits", None));
    assert_eq!(list("acme").status, 200);
    assert!(
        app.anonymous()
            .list_groups("acme", "")
            .headers
            .get("x-ratelimit-limit")
            .is_none(),
        "no token, no window"
    );
}

#[test]
fn no_mistake_quotes_what_may_be_a_token() {
    let app = TestApp::empty();
    let secret = "s3cr3t-value-1";
    let fixture = |tokens: Value| json!({ "version": 1, "tokens": tokens });
    let rule = |rule: Value| ("PUT", "/_mock/faults/r", rule);
    let steps = json!([{ "status": 503 }]);
    for (method, path, body) in [
        ("PUT", "/_mock/state", fixture(json!(secret))),
        ("PUT", "/_mock/state", fixture(json!([secret]))),
        ("PUT", "/_mock/state", fixture(json!({ secret: 1 }))),
        ("PUT", "/_mock/state", fixture(json!({ "token": secret }))),
        (
            "POST",
            "/_mock/seed",
            fixture(json!([{ "token": [secret] }])),
        ),
        (
            "POST",
            "/_mock/seed",
            fixture(json!([{ "token": { "is": secret } }])),
        ),
        (
            "PUT",
            "/_mock/state",
            fixture(json!([{ "token": format!("{secret} "), "user": 0 }])),
        ),
        (
            "PUT",
            "/_mock/state",
            json!({ "version": 1, "organizations": { "token": secret } }),
        ),
        (
            "PUT",
            "/_mock/state",
            json!({ "version": 1, "organizations": [[{ "password": secret }]] }),
        ),
        (
            "PUT",
            "/_mock/clock",
            json!({ "now": format!("Bearer {secret}") }),
        ),
        (
            "PUT",
            "/_mock/clock",
            json!({ "frozen": { "api_key": secret } }),
        ),
        rule(json!({ "match": { "token": [secret] }, "steps": steps })),
        rule(json!({ "match": { "token": { "is": secret } }, "steps": steps })),
        rule(json!({ "match": [{ "token": secret }], "steps": steps })),
        rule(json!({ "steps": { "token": secret } })),
        (
            "POST",
            "/_mock/requests/verify",
            json!({ "match": { "token": [secret] } }),
        ),
        (
            "POST",
            "/_mock/requests/verify",
            json!({ "count": { "token": secret } }),
        ),
    ] {
        let refused = app.control(method, path, Some(&body));
        assert!(refused.status.is_client_error(), "{body}: {refused}");
        assert!(!refused.body.contains(secret), "{body}: {refused}");
    }
}

#[test]
fn no_problem_quotes_the_token_that_came_with_the_request() {
    for token in ["the-\"control\"-word", &"long-winded-".repeat(20)] {
        quotes_no_token(token);
    }
}

fn quotes_no_token(token: &str) {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.guard.token = Some(token.into());
    });
    let ask = |method: &str, uri: &str, body: &str| {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"));
        app.send(request.body(body.to_owned().into()).unwrap())
    };
    let in_json = Value::from(token).to_string();
    let encoded = token.replace('"', "%22");
    for answer in [
        ask("PUT", "/_mock/clock", &format!(r#"{{"now":{in_json}}}"#)),
        ask("PUT", "/_mock/clock", &format!("{{{in_json}:1}}")),
        ask("GET", &format!("/_mock/requests?status={encoded}"), ""),
        ask("GET", &format!("/_mock/requests/{encoded}"), ""),
        ask("GET", &format!("/_mock/state?org=acme&{encoded}=1"), ""),
    ] {
        assert!(answer.status.is_client_error(), "{answer}");
        assert!(
            !answer.body.contains("-wor") && !answer.body.contains("winded"),
            "{answer}"
        );
        assert!(answer.body.contains("[redacted]"), "{answer}");
        answer.json();
    }
}

#[test]
fn probes_are_answered_whatever_host_they_name_but_not_to_another_page() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.guard.token = Some("control".into());
    });
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        app.send(request.body(axum::body::Body::empty()).unwrap())
            .status
            .as_u16()
    };
    for path in ["/_mock/health", "/_mock/ready", "/_mock/ready/"] {
        for host in [
            "evil.test",
            "10-0-0-7.pod.cluster.local:8255",
            "mock.example",
            "a b",
            "",
        ] {
            assert_eq!(ask(path, &[("host", host)]), 200, "{path} of {host}");
        }
        assert_eq!(ask(path, &[]), 200);
        for origin in ["http://evil.test", "null"] {
            assert_eq!(
                ask(path, &[("host", "mock.example"), ("origin", origin)]),
                403
            );
            assert_eq!(ask(path, &[("origin", origin)]), 403);
        }
        assert_eq!(
            ask(
                path,
                &[("host", "mock.example"), ("origin", "http://mock.example")]
            ),
            200
        );
    }
    for path in [
        "/_mock/routes",
        "/_mock/healthy",
        "/_mock/ready/x",
        "/_mock",
    ] {
        let headers = [
            ("host", "mock.example"),
            ("authorization", "Bearer control"),
        ];
        assert_eq!(ask(path, &headers), 403, "{path}");
    }
}

#[test]
fn hosts_that_no_public_dns_answers_may_use_the_control_endpoints() {
    let app = TestApp::empty();
    let ask = |host: &str| {
        let request = Request::get("/_mock/state").header("host", host);
        app.send(request.body(axum::body::Body::empty()).unwrap())
            .status
            .as_u16()
    };
    for host in [
        "app.localhost",
        "a.b.localhost:8255",
        "host.containers.internal",
        "host.testcontainers.internal:8255",
        "mock.ci.svc",
        "mock.ci.svc.cluster.local:8255",
    ] {
        assert_eq!(ask(host), 200, "{host}");
        assert_eq!(ask(&format!("{host}.evil.test")), 403, "{host}");
    }
    for host in [
        ".localhost",
        "evil.internal",
        "mock.local",
        "cluster.local",
        "evil-svc.test",
    ] {
        assert_eq!(ask(host), 403, "{host}");
    }
}
