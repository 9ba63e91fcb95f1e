//! People: whom a token stands for, and when they were created.

use serde_json::{Value, json};

use crate::support::TestApp;

fn data(app: &TestApp, path: &str) -> Value {
    let answer = app.as_manager().get(path);
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.json()["data"].clone()
}

fn done(app: &TestApp, method: &str, path: &str, body: &Value) {
    let answer = app.control(method, path, Some(body));
    assert!(answer.status.is_success(), "{answer}");
}

/// Who the caller is there, by id and address.
fn me(app: &TestApp, path: &str) -> (u64, String) {
    let user = data(app, path);
    (
        user["id"].as_u64().unwrap(),
        user["email"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn one_tokens_user_is_one_person_in_the_demo() {
    let app = TestApp::demo();
    let ada = (1001, "ada.lovelace@northwind.example.com".to_owned());
    for path in [
        "/me",
        "/organizations/northwind/me",
        "/organizations/globex/me",
        "/organizations/any-other/me",
    ] {
        assert_eq!(me(&app, path), ada, "{path}");
    }
    let alone = data(&app, "/organizations/any-other/users");
    assert_eq!(alone, json!([data(&app, "/organizations/any-other/me")]));
    assert_eq!(
        (&alone[0]["role"], &alone[0]["is_default_admin"]),
        (&json!("admin"), &json!(true))
    );
    assert_eq!(data(&app, "/organizations/any-other/users/1001"), alone[0]);
    let group = json!({ "name": "A", "description": "d", "members": [1001, 7] });
    let id = app.as_manager().create_group("any-other", &group).json()["data"]["id"].clone();
    let path = format!(
        "/organizations/any-other/groups/{}?with=users",
        id.as_str().unwrap()
    );
    let members = data(&app, &path)["users"]["data"].clone();
    assert_eq!(members[0], alone[0]);
    assert_eq!(members[1]["email"], "user-7@tallyfy-mock.example.com");
}

#[test]
fn where_no_tokens_are_declared_it_is_the_first_admin_in_the_fixtures_order() {
    let user = |id: u64, role: &str| json!({ "id": id, "role": role });
    let app = TestApp::with(json!({ "version": 1, "organizations": [
        { "id": "nobody" },
        { "id": "zeta", "users": [user(3, "light"), user(7, "admin"), user(5, "admin")] },
        { "id": "alpha", "users": [user(1, "admin")] },
        { "id": "beta", "users": [user(2, "admin"), user(7, "standard")] },
    ] }));
    let ids = |app: &TestApp| {
        [
            "/me",
            "/organizations/zeta/me",
            "/organizations/beta/me",
            "/organizations/nobody/me",
            "/organizations/alpha/me",
        ]
        .map(|path| me(app, path).0)
    };
    // An organization that declares only other users refuses it.
    assert_eq!(ids(&app), [7, 7, 7, 7, 1]);
    let groups = "/organizations/beta/groups";
    let created = app
        .as_manager()
        .create_group("beta", &json!({ "name": "A", "description": "d" }));
    assert_eq!(created.status, 201, "{groups}: any token is an admin's");

    // An export gives the same people elsewhere.
    let other = TestApp::empty();
    done(
        &other,
        "PUT",
        "/_mock/state",
        &app.look("/_mock/state").json(),
    );
    assert_eq!(ids(&other), [7, 7, 7, 7, 1]);
    done(&app, "POST", "/_mock/reset", &json!({}));
    assert_eq!(ids(&app), [7, 7, 7, 7, 1]);
}

#[test]
fn a_declared_tokens_user_is_one_person_too() {
    let ada = json!({ "id": 9, "email": "ada@acme.test", "role": "admin" });
    let fixture = json!({ "version": 1,
        "tokens": [
            { "token": "named", "user": 9, "organizations": ["open", "acme"] },
            { "token": "nameless", "organizations": ["open", "acme", "globex"] }
        ],
        "organizations": [
            { "id": "globex", "users": [{ "id": 4, "role": "admin" }, ada.clone()] },
            { "id": "acme", "users": [ada] },
            { "id": "open" }
        ] });
    let app = TestApp::with(&fixture);
    let added = json!({ "version": 1, "tokens": [{ "token": "added", "organizations": ["acme", "open"] }] });
    done(&app, "POST", "/_mock/seed", &added);
    for (token, orgs) in [
        ("named", &["open", "acme"][..]),
        ("nameless", &["open", "acme", "globex"]),
        ("added", &["open", "acme"]),
    ] {
        let paths = orgs.iter().map(|org| format!("/organizations/{org}/me"));
        for path in paths.chain(["/me".to_owned()]) {
            let user = app.as_token(token).get(&path).json()["data"].clone();
            let email = if path == "/organizations/globex/me" {
                "user-9@tallyfy-mock.example.com"
            } else {
                "ada@acme.test"
            };
            assert!(
                user["id"] == 9 && (user["email"] == "ada@acme.test" || user["email"] == email),
                "{token} {path}: {user}"
            );
        }
    }
}

#[test]
fn a_guest_is_as_old_as_the_write_that_names_it_first() {
    let app = TestApp::empty();
    let at = |now: &str| {
        let clock = json!({ "now": now, "frozen": true });
        done(&app, "PUT", "/_mock/clock?org=acme", &clock);
    };
    let group =
        |name: &str, guests: &[&str]| json!({ "name": name, "description": "d", "guests": guests });
    at("2026-05-01T10:00:00Z");
    let created = app
        .as_manager()
        .create_group("acme", &group("A", &["first@b.test"]));
    let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
    at("2026-06-01T10:00:00.123456Z");
    app.as_manager().update_group(
        "acme",
        &id,
        &json!({ "guests": ["FIRST@b.test", "second@b.test"] }),
    );
    // Another organization has a clock of its own.
    app.as_manager()
        .create_group("globex", &group("A", &["first@b.test"]));
    let ages = |app: &TestApp, org: &str| {
        let guests = data(app, &format!("/organizations/{org}/guests"));
        let guests = guests.as_array().unwrap().iter();
        guests
            .map(|guest| guest["created_at"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let acme = ["2026-05-01T10:00:00Z", "2026-06-01T10:00:00Z"];
    assert_eq!(ages(&app, "acme"), acme);
    assert_eq!(ages(&app, "globex"), ["2026-03-01T09:00:00Z"]);

    // It is exported, and read again, to the microsecond.
    let state = app.look("/_mock/state").json();
    let exact = TestApp::set(&["time_format=micros"]);
    for other in [&TestApp::empty(), &exact] {
        done(other, "PUT", "/_mock/state", &state);
        assert_eq!(other.look("/_mock/state").json(), state);
    }
    assert_eq!(ages(&exact, "acme")[1], "2026-06-01T10:00:00.123456Z");
    // A reset removes the guests; one who comes again is new.
    done(
        &app,
        "POST",
        "/_mock/reset?org=acme&scope=state",
        &json!({}),
    );
    at("2026-07-01T10:00:00Z");
    app.as_manager()
        .create_group("acme", &group("A", &["first@b.test"]));
    assert_eq!(ages(&app, "acme"), ["2026-07-01T10:00:00Z"]);
}

#[test]
fn a_fixtures_guest_may_say_since_when_and_a_group_brings_those_it_names() {
    let guest = |name: &str, created_at: Value| json!({ "email": format!("{name}@b.test"), "created_at": created_at });
    let app = TestApp::with(json!({ "version": 1, "organizations": [{ "id": "acme",
        "guests": [
            guest("a", json!("2024-02-03T04:05:06+01:00")),
            guest("b", json!("2024-02-03 04:05:06")),
            guest("c", json!(null)),
            { "email": "d@b.test" }
        ],
        "groups": [
            { "name": "A", "guests": ["a@b.test", "e@b.test"], "created_at": "2026-01-15T09:00:00Z" },
            { "name": "B", "guests": ["f@b.test"] }
        ] }] }));
    let guests = data(&app, "/organizations/acme/guests");
    let ages: Vec<&Value> = guests
        .as_array()
        .unwrap()
        .iter()
        .map(|guest| &guest["created_at"])
        .collect();
    assert_eq!(
        ages,
        [
            &json!("2024-02-03T03:05:06Z"),
            // A text that is no such time is shown as it was given.
            &json!("2024-02-03 04:05:06"),
            &json!(null),
            &json!("2025-01-01T00:00:00Z"),
            &json!("2026-01-15T09:00:00Z"),
            &json!("2026-03-01T09:00:00Z"),
        ]
    );
}

#[test]
fn users_whom_nobody_declared_are_as_old_as_the_mock() {
    let app = TestApp::empty();
    let start = "2026-03-01T09:00:00Z";
    done(
        &app,
        "PUT",
        "/_mock/clock",
        &json!({ "now": "2030-01-01T00:00:00Z" }),
    );
    let me = data(&app, "/organizations/acme/me");
    for key in ["created_at", "updated_at", "last_updated", "activated_at"] {
        assert_eq!(me[key], start, "{key}");
    }
    let group = json!({ "name": "A", "description": "d", "members": [7] });
    let id = app.as_manager().create_group("acme", &group).json()["data"]["id"].clone();
    let path = format!(
        "/organizations/acme/groups/{}?with=users",
        id.as_str().unwrap()
    );
    assert_eq!(data(&app, &path)["users"]["data"][0]["created_at"], start);
    // A declared user is as old as the fixture says, or as all others.
    let users = json!({ "users": [{ "id": 1, "role": "admin" }, { "id": 2, "created_at": "2024-01-01T00:00:00Z" }] });
    done(&app, "POST", "/_mock/seed?org=globex", &users);
    let users = data(&app, "/organizations/globex/users");
    assert_eq!(users[0]["created_at"], "2025-01-01T00:00:00Z");
    assert_eq!(users[1]["created_at"], "2024-01-01T00:00:00Z");
}

#[test]
fn who_the_caller_is_stays_with_their_home_whatever_it_becomes() {
    let fixture = json!({ "version": 1,
        "tokens": [{ "token": "t", "organizations": ["open", "home"] }],
        "organizations": [
            { "id": "home", "users": [{ "id": 4, "email": "ada@home.test", "role": "admin" }] },
            { "id": "open" }
        ] });
    let app = TestApp::with(&fixture);
    let me = || {
        let user = app.as_token("t").get("/me").json()["data"].clone();
        (user["id"].clone(), user["email"].clone())
    };
    let ada = (json!(4), json!("ada@home.test"));
    assert_eq!(me(), ada);
    let user =
        |id: u64, email: &str| json!({ "users": [{ "id": id, "email": email, "role": "admin" }] });
    done(
        &app,
        "POST",
        "/_mock/seed?org=open",
        &user(4, "ada@open.test"),
    );
    assert_eq!(me(), ada, "the home comes first");
    done(
        &app,
        "PUT",
        "/_mock/state?org=home",
        &user(5, "bob@home.test"),
    );
    done(
        &app,
        "PUT",
        "/_mock/state?org=open",
        &user(6, "eve@open.test"),
    );
    assert_eq!(me(), ada, "somebody else is nobody's stand-in");
}
