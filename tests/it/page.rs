//! The inspector page's side of the server: its files and their headers, who may ask for them, and the
//! endpoints that are there for it. What it does is tested in a browser (`e2e/`).

use axum::{body::Body, http::Request};
use serde_json::json;
use tallyfy_mock::domain::contract::Contract;

use crate::support::{Answer, TestApp};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn ask(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let with = |request: axum::http::request::Builder, (name, value): &(&str, &str)| {
        request.header(*name, *value)
    };
    let request = headers.iter().fold(request, with);
    app.send(request.body(Body::empty()).unwrap())
}

#[test]
fn the_page_is_three_files_that_reach_nothing_but_the_mock() {
    let app = TestApp::empty();
    for (path, kind) in [
        ("/_mock/", "text/html; charset=utf-8"),
        ("/_mock", "text/html; charset=utf-8"),
        ("/_mock/page.css", "text/css; charset=utf-8"),
        ("/_mock/page.js", "text/javascript; charset=utf-8"),
    ] {
        let answer = app.look(path);
        assert_eq!(answer.status, 200, "{path}");
        for (name, value) in [
            ("content-type", kind),
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            ),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value, "{path}: {name}");
        }
    }
    let page = app.look("/_mock/").body;
    for file in ["/_mock/page.css", "/_mock/page.js"] {
        assert!(page.contains(file), "{file}");
    }
    assert_eq!(app.control("POST", "/_mock/", None).status, 405);
}

#[test]
fn whatever_the_mocks_own_side_answers_is_taken_for_nothing_else() {
    let app = TestApp::empty();
    for path in ["/_mock/state", "/_mock/nothing", "/_mock/health"] {
        let answer = app.look(path);
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(
            answer.headers["cross-origin-resource-policy"],
            "same-origin"
        );
    }
    let groups = app.as_manager().list_groups("acme", "");
    assert!(!groups.headers.contains_key("x-content-type-options"));
}

#[test]
fn a_browser_that_visits_the_root_is_sent_to_the_page_and_nobody_else() {
    let app = TestApp::empty();
    let host = ("host", "localhost:8255");
    let sent = ask(&app, "GET", "/", &[host, ("accept", BROWSER)]);
    assert_eq!(
        (sent.status.as_u16(), &sent.headers["location"]),
        (303, &"/_mock/".parse().unwrap())
    );
    assert_eq!(sent.headers["vary"], "accept");
    for (method, path, accept) in [
        ("GET", "/", "*/*"),
        ("GET", "/", "application/json"),
        ("POST", "/", BROWSER),
        ("GET", "/api", BROWSER),
        ("GET", "/index.html", BROWSER),
    ] {
        let answer = ask(&app, method, path, &[host, ("accept", accept)]);
        assert_eq!(answer.status, 404, "{method} {path} {accept}");
    }
    // It is no request of Tallyfy's.
    let journal = app.look("/_mock/requests").json();
    assert_eq!(journal["requests"].as_array().unwrap().len(), 5);
}

#[test]
fn a_page_of_another_site_may_link_to_the_page_and_no_more() {
    let app = TestApp::empty();
    let host = ("host", "127.0.0.1:8255");
    let site = |site| ("sec-fetch-site", site);
    let to = |mode, kind| [("sec-fetch-mode", mode), ("sec-fetch-dest", kind)];
    let document = to("navigate", "document");
    let asked = |method: &str, path: &str, more: &[(&str, &str)]| {
        ask(&app, method, path, &[&[host], more].concat())
            .status
            .as_u16()
    };
    let with = |site, [mode, kind]: [(&'static str, &'static str); 2]| [site, mode, kind];
    for path in ["/_mock/", "/_mock"] {
        assert_eq!(asked("GET", path, &with(site("cross-site"), document)), 200);
    }
    let visit = [
        &with(site("cross-site"), document)[..],
        &[("accept", BROWSER)],
    ]
    .concat();
    assert_eq!(asked("GET", "/", &visit), 303);
    for (method, path, kind) in [
        ("GET", "/_mock/", to("navigate", "iframe")),
        ("GET", "/_mock/", to("no-cors", "image")),
        ("POST", "/_mock/", document),
        ("GET", "/_mock/page.js", to("no-cors", "script")),
        ("GET", "/_mock/page.css", document),
        ("GET", "/_mock/state", document),
        ("GET", "/_mock/state", to("no-cors", "script")),
        ("GET", "/_mock/events", to("no-cors", "image")),
        ("POST", "/_mock/reset", to("navigate", "document")),
        ("DELETE", "/_mock/requests", to("cors", "empty")),
        ("GET", "/_mock/health", to("no-cors", "image")),
    ] {
        let answer = with(site("cross-site"), kind);
        assert_eq!(
            asked(method, path, &answer),
            403,
            "{method} {path} {kind:?}"
        );
    }
    for own in ["same-origin", "none"] {
        assert_eq!(asked("GET", "/_mock/state", &[site(own)]), 200, "{own}");
        assert_eq!(asked("GET", "/_mock/page.js", &[site(own)]), 200, "{own}");
    }
    for foreign in [
        [host, ("origin", "http://evil.test")],
        [("host", "evil.test"), ("accept", "*/*")],
    ] {
        for path in ["/_mock/", "/_mock/page.js", "/_mock/state"] {
            let answer = ask(&app, "GET", path, &foreign);
            assert_eq!(answer.status, 403, "{path} {foreign:?}");
            assert_eq!(answer.headers["content-type"], "application/problem+json");
        }
    }
    // Tallyfy's side is for the pages of others.
    let answer = ask(
        &app,
        "GET",
        "/api/me",
        &with(site("cross-site"), to("cors", "empty")),
    );
    assert_eq!(answer.status, 401);
}

#[test]
fn the_files_need_no_control_token_and_every_call_does() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.guard.token = Some("only-me".into());
    });
    for path in ["/_mock/", "/_mock/page.css", "/_mock/page.js"] {
        assert_eq!(app.look(path).status, 200, "{path}");
    }
    for path in [
        "/_mock/contract",
        "/_mock/requests",
        "/_mock/events",
        "/_mock/page",
        "/_mock/page.jsx",
        "/_mock/index.html",
    ] {
        assert_eq!(app.look(path).status, 401, "{path}");
    }
}

#[test]
fn changes_are_the_rows_that_are_not_what_was_loaded() {
    let app = TestApp::with(
        json!({ "version": 1, "template": { "groups": [{ "name": "Start" }] }, "organizations": [{
        "id": "acme", "users": [{ "id": 1 }, { "id": 2 }],
        "groups": [{ "id": "a", "name": "A", "description": "d", "members": [1] }, { "id": "b", "name": "B" }, { "id": "c", "name": "C" }]
    }] }),
    );
    let nothing = json!({ "groups": [], "users": [], "guests": [] });
    assert_eq!(
        app.look("/_mock/changes").json(),
        json!({ "organizations": [] })
    );
    assert_eq!(app.look("/_mock/changes?org=acme").json(), nothing);
    let manager = app.as_manager();
    manager.update_group(
        "acme",
        "a",
        &json!({ "description": "other", "guests": ["New@guest.test"] }),
    );
    manager.delete_group("acme", "b");
    let id = manager.group_named("acme", "D");
    app.control(
        "POST",
        "/_mock/seed?org=acme",
        Some(&json!({ "users": [{ "id": 2, "first_name": "Ada" }, { "id": 3 }] })),
    );
    let changes = app.look("/_mock/changes?org=acme").json();
    insta::assert_snapshot!(serde_json::to_string(&changes).unwrap().replace(&id, "ID"), @r#"{"groups":[{"after":{"created_at":"2026-03-01T09:00:00.000000Z","description":"other","guests":["New@guest.test"],"id":"a","last_updated":"2026-03-01T09:00:00.000000Z","members":[1],"name":"A"},"before":{"created_at":"2026-03-01T09:00:00.000000Z","description":"d","guests":[],"id":"a","last_updated":"2026-03-01T09:00:00.000000Z","members":[1],"name":"A"},"change":"changed","id":"a"},{"before":{"created_at":"2026-03-01T09:00:00.000000Z","description":null,"guests":[],"id":"b","last_updated":"2026-03-01T09:00:00.000000Z","members":[],"name":"B"},"change":"deleted","id":"b"},{"after":{"created_at":"2026-03-01T09:00:00.000000Z","description":"for a test","guests":[],"id":"ID","last_updated":"2026-03-01T09:00:00.000000Z","members":[],"name":"D"},"change":"added","id":"ID"}],"guests":[{"after":{"created_at":"2026-03-01T09:00:00.000000Z","email":"New@guest.test"},"change":"added","id":"New@guest.test"}],"users":[{"after":{"email":"user-2@tallyfy-mock.example.com","first_name":"Ada","id":2,"role":"standard"},"before":{"email":"user-2@tallyfy-mock.example.com","id":2,"role":"standard"},"change":"changed","id":"2"},{"after":{"email":"user-3@tallyfy-mock.example.com","id":3,"role":"standard"},"change":"added","id":"3"}]}"#);
    manager.group_named("made-up", "E");
    let all = app.look("/_mock/changes").json();
    let orgs = all["organizations"].as_array().unwrap();
    assert_eq!(orgs.len(), 2);
    assert_eq!(
        (&orgs[0]["id"], &orgs[0]["groups"]),
        (&json!("acme"), &changes["groups"])
    );
    assert_eq!(
        (
            &orgs[1]["id"],
            &orgs[1]["groups"][0]["after"]["name"],
            &orgs[1]["groups"][1]
        ),
        (&json!("made-up"), &json!("E"), &json!(null)),
        "the template's own group is as it was"
    );
    app.control("PUT", "/_mock/state", Some(&json!({ "version": 1 })));
    let gone = app.look("/_mock/changes?org=acme").json();
    assert!(
        gone["groups"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["change"] == "deleted")
    );
    app.control("POST", "/_mock/reset", None);
    assert_eq!(
        app.look("/_mock/changes").json(),
        json!({ "organizations": [] })
    );
}

#[test]
fn an_organization_that_cannot_be_has_no_changes() {
    let app = TestApp::with(json!({ "version": 1, "organizations": [{ "id": "acme" }] }));
    assert_eq!(app.look("/_mock/changes?org=other").status, 404);
    assert_eq!(app.look("/_mock/changes?rog=acme").status, 400);
    assert_eq!(app.look("/_mock/organizations?org=acme").status, 200);
    assert_eq!(app.look("/_mock/contract?x=1").status, 400);
}

#[test]
fn organizations_are_counted() {
    let app = TestApp::with(
        json!({ "version": 1, "template": {}, "organizations": [{ "id": "acme", "users": [{ "id": 1 }], "groups": [{ "name": "A", "guests": ["a@b.test"] }] }] }),
    );
    app.control(
        "PUT",
        "/_mock/faults/all",
        Some(&json!({ "match": { "method": "PATCH" }, "steps": [{ "status": 503 }] })),
    );
    app.control(
        "PUT",
        "/_mock/faults/own?org=acme",
        Some(&json!({ "match": { "method": "PATCH" }, "steps": [{ "status": 503 }] })),
    );
    app.control(
        "PUT",
        "/_mock/clock?org=acme",
        Some(&json!({ "now": "2031-05-06T07:08:09Z" })),
    );
    app.as_manager().group_named("acme", "B");
    app.as_manager().list_groups("asked", "");
    app.as_manager().get("/no/such/path");
    insta::assert_snapshot!(app.look("/_mock/organizations").body, @r#"{"organizations":[{"changed":true,"clock":{"frozen":true,"now":"2031-05-06T07:08:09Z"},"groups":2,"guests":1,"id":"acme","requests":1,"rules":1,"stored":true,"users":1},{"changed":false,"clock":null,"groups":0,"guests":0,"id":"asked","requests":1,"rules":0,"stored":false,"users":0}],"without_organization":{"requests":1,"rules":1}}"#);
}

#[test]
fn the_contract_is_told_and_no_secret() {
    let fixture = json!({ "version": 1, "contract": { "time_format": "micros" },
        "tokens": [{ "token": "very-secret-token", "user": 2, "organizations": ["acme", "elsewhere"], "expires_at": "2035-01-01T00:00:00Z" }],
        "organizations": [{ "id": "acme", "allow_manage_groups": false, "users": [{ "id": 1, "role": "admin" }, { "id": 2, "role": "light" }] },
            { "id": "elsewhere", "users": [{ "id": 2, "role": "admin" }] }] });
    let app = TestApp::with(&fixture);
    let answer = app.look("/_mock/contract");
    assert!(!answer.body.contains("secret"), "{answer}");
    let contract = answer.json();
    let differs: Vec<_> = contract["switches"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["differs"] == true)
        .collect();
    assert_eq!(
        differs,
        [
            &json!({ "key": "time_format", "value": "micros", "of_edition": "seconds", "differs": true })
        ]
    );
    assert_eq!(
        contract["switches"].as_array().unwrap().len(),
        Contract::SWITCHES.len()
    );
    assert_eq!(
        contract["tokens"],
        json!([{ "token": "token 1", "user": 2, "organizations": ["acme", "elsewhere"], "expires_at": "2035-01-01T00:00:00Z",
        "rights": [{ "org": "acme", "role": "light", "manages_groups": false }, { "org": "elsewhere", "role": "admin", "manages_groups": true }] }])
    );
    let other = TestApp::with(&fixture).look("/_mock/contract").json();
    assert_ne!(
        contract["instance"], other["instance"],
        "whoever was started anew is another"
    );
}

#[test]
fn a_body_of_the_journal_is_had_byte_for_byte() {
    let app = TestApp::empty();
    let post = |body: &[u8]| {
        let json = app.as_manager().header("content-type", "application/json");
        json.send("POST", "/organizations/acme/groups", body.to_vec());
        let all = app.look("/_mock/requests").json();
        all["requests"].as_array().unwrap().last().unwrap().clone()
    };
    let whole = br#"{ "name" : "A", "description":1e2, "members":[12345678901234567890] }"#;
    let id = &post(whole)["id"];
    let answer = app.look(&format!("/_mock/requests/{id}/body"));
    assert_eq!(
        (answer.status.as_u16(), answer.body.as_bytes()),
        (200, &whole[..])
    );
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(answer.headers["content-disposition"], "attachment");
    let entry = post(&vec![b'x'; 20_000]);
    assert_eq!(entry["cut"], json!(["body"]));
    let answer = app.look(&format!("/_mock/requests/{}/body", entry["id"]));
    assert_eq!(answer.status, 409, "{answer}");
    assert_eq!(app.look("/_mock/requests/99/body").status, 404);
    assert_eq!(app.look("/_mock/requests/x/body").status, 404);
}
