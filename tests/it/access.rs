//! Access: tokens, the client header, organizations, rights, and what a fixture that declares something closes.

use serde_json::{Value, json};
use tallyfy_mock::{config::Config, fixture::Fixture, state::AppState};

use crate::support::{Answer, TestApp};

/// Two organizations and a token for each kind of user.
fn closed() -> Value {
    json!({ "version": 1,
        "tokens": [
            { "token": "admin", "user": 1, "organizations": ["acme", "locked"] },
            { "token": "standard", "user": 2, "organizations": ["acme", "locked"] },
            { "token": "light", "user": 3, "organizations": ["acme", "locked"] },
            { "token": "expired", "user": 1, "organizations": ["acme"], "expires_at": "2026-03-01T09:00:00Z" },
            { "token": "expiring", "user": 1, "organizations": ["acme"], "expires_at": "2026-03-01T09:00:01+00:00" }
        ],
        "organizations": [org("acme", true), org("locked", false), org("foreign", true)] })
}

fn org(id: &str, allow_manage_groups: bool) -> Value {
    let user = |id: u64, role: &str| json!({ "id": id, "role": role });
    json!({ "id": id, "allow_manage_groups": allow_manage_groups,
        "users": [user(1, "admin"), user(2, "standard"), user(3, "light")],
        "groups": [{ "id": "sales", "name": "Sales" }] })
}

#[test]
fn a_token_is_asked_for_and_has_to_be_well_formed() {
    let app = TestApp::demo();
    insta::assert_snapshot!(app.anonymous().header("x-tallyfy-client", "c").list_groups("northwind", ""), @r#"
    401 Unauthorized
    {"error":true,"message":"Unauthenticated."}
    "#);
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Bearertoken",
        "Bearer  token",
        "token",
        "Basic dG9rZW4=",
        "Bearer a b",
        "Bearer \u{e9}",
    ] {
        let answer = app
            .as_manager()
            .header("authorization", bad)
            .list_groups("northwind", "");
        assert_eq!(answer.status, 401, "{bad:?}");
    }
    for good in ["Bearer token", "bearer token", "BEARER eyJ0eXAi.x-_=/+"] {
        assert_eq!(
            app.as_manager()
                .header("authorization", good)
                .list_groups("northwind", "")
                .status,
            200,
            "{good:?}"
        );
    }
}

#[test]
fn any_client_header_will_do_but_there_must_be_one() {
    let app = TestApp::demo();
    for client in ["APIClient", "TallyfySDK", "n8n", "something of mine"] {
        assert_eq!(
            app.as_manager()
                .header("x-tallyfy-client", client)
                .list_groups("northwind", "")
                .status,
            200
        );
    }
    insta::assert_snapshot!(app.as_manager().without("x-tallyfy-client").list_groups("northwind", ""), @r#"
    401 Unauthorized
    {"error":true,"message":"Unauthenticated."}
    "#);
    assert_eq!(
        app.as_manager()
            .header("x-tallyfy-client", "")
            .list_groups("northwind", "")
            .status,
        401
    );
}

#[test]
fn declared_tokens_are_the_only_ones_and_they_expire_by_the_mocks_clock() {
    let app = TestApp::with(closed());
    let status = |token: &str| app.as_token(token).list_groups("acme", "").status.as_u16();
    assert_eq!([status("admin"), status("expiring")], [200, 200]);
    assert_eq!(
        [status("expired"), status("made-up"), status("ADMIN")],
        [401, 401, 401]
    );
}

#[test]
fn another_organization_is_forbidden_whether_it_exists_or_not() {
    let app = TestApp::with(closed());
    insta::assert_snapshot!(app.as_token("admin").list_groups("foreign", ""), @r#"
    403 Forbidden
    {"error":true,"message":"This action is unauthorized."}
    "#);
    assert_eq!(app.as_token("admin").list_groups("nowhere", "").status, 403);
    let app = TestApp::start(&closed(), |config| {
        config
            .contract
            .switches
            .push("foreign_org=404".parse().unwrap());
    });
    insta::assert_snapshot!(app.as_token("admin").list_groups("foreign", ""), @r#"
    404 Not Found
    {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
    "#);
}

#[test]
fn who_may_manage_groups_depends_on_role_and_organization() {
    let app = TestApp::with(closed());
    let tries = |token: &str, org: &str| -> [u16; 5] {
        let caller = app.as_token(token);
        let name = format!("by {token}");
        let status = |answer: Answer| answer.status.as_u16();
        let created = caller.create_group(org, &json!({ "name": name, "description": "d" }));
        let id = if created.status == 201 {
            created.json()["data"]["id"].as_str().unwrap().to_owned()
        } else {
            "sales".into()
        };
        [
            status(created),
            status(caller.list_groups(org, "")),
            status(caller.get_group(org, &id)),
            status(caller.update_group(org, &id, &json!({}))),
            status(caller.delete_group(org, &id)),
        ]
    };
    let (may, may_not) = ([201, 200, 200, 201, 204], [403, 200, 200, 403, 403]);
    assert_eq!(
        [
            tries("admin", "acme"),
            tries("standard", "acme"),
            tries("light", "acme")
        ],
        [may, may, may]
    );
    assert_eq!(
        [
            tries("admin", "locked"),
            tries("standard", "locked"),
            tries("light", "locked")
        ],
        [may, may_not, may_not]
    );
    insta::assert_snapshot!(app.as_token("light").delete_group("locked", "sales"), @r#"
    403 Forbidden
    {"error":true,"message":"This action is unauthorized."}
    "#);
}

#[test]
fn one_request_gets_the_first_answer_that_fails() {
    let app = TestApp::with(closed());
    let bad_body = |caller: crate::support::Caller<'_>, org: &str| {
        caller
            .header("content-type", "application/json")
            .send("POST", &format!("/organizations/{org}/groups"), "{")
            .status
            .as_u16()
    };
    // Route and method before token, token before client header, client header before organization,
    // organization before right, right before body.
    assert_eq!(
        app.anonymous()
            .send("PATCH", "/organizations/foreign/groups", "{")
            .status,
        405
    );
    let no_client = app.as_token("made-up").without("x-tallyfy-client");
    assert_eq!(no_client.list_groups("foreign", "").status, 401);
    let app_404 = TestApp::start(&closed(), |config| {
        config
            .contract
            .switches
            .push("missing_client_header=404".parse().unwrap());
    });
    assert_eq!(
        app_404
            .as_token("made-up")
            .without("x-tallyfy-client")
            .list_groups("foreign", "")
            .status,
        401
    );
    assert_eq!(
        app_404
            .as_token("light")
            .without("x-tallyfy-client")
            .list_groups("foreign", "")
            .status,
        404
    );
    assert_eq!(bad_body(app.as_token("light"), "foreign"), 403);
    assert_eq!(bad_body(app.as_token("light"), "locked"), 403);
    assert_eq!(bad_body(app.as_token("light"), "acme"), 400);
}

#[test]
fn a_closed_world_knows_no_other_organizations() {
    let app = TestApp::with(json!({ "version": 1, "organizations": [{ "id": "acme" }] }));
    assert_eq!(app.as_manager().list_groups("acme", "").status, 200);
    insta::assert_snapshot!(app.as_manager().list_groups("globex", ""), @r#"
    404 Not Found
    {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
    "#);
    assert_eq!(
        app.as_manager()
            .create_group("globex", &json!({ "name": "A", "description": "d" }))
            .status,
        404
    );
}

#[test]
fn a_template_starts_every_other_organization() {
    let app = TestApp::with(json!({ "version": 1, "organizations": [{ "id": "acme" }],
        "template": { "allow_manage_groups": false, "users": [{ "id": 5, "role": "admin" }], "groups": [{ "name": "Everyone", "members": [5] }] } }));
    let manager = app.as_manager();
    let [one, two] =
        ["one", "two"].map(|org| manager.list_groups(org, "").json()["data"][0].clone());
    assert_eq!(
        (&one["name"], &two["name"]),
        (&json!("Everyone"), &json!("Everyone"))
    );
    assert_ne!(
        one["id"], two["id"],
        "ids come from the organization's id and the name"
    );
    assert_eq!(
        one,
        manager.list_groups("one", "").json()["data"][0],
        "the same before anything is stored"
    );
    manager.delete_group("one", one["id"].as_str().unwrap());
    assert_eq!(manager.list_groups("one", "").names(), [""; 0]);
    assert_eq!(manager.list_groups("two", "").names(), ["Everyone"]);
    assert_eq!(manager.list_groups("acme", "").names(), [""; 0]);
    insta::assert_snapshot!(manager.create_group("one", &json!({ "name": "A", "description": "d", "members": [6] })), @r#"
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"members.0":["The selected members.0 is invalid."]}}
    "#);
}

#[test]
fn members_are_checked_only_where_users_are_declared() {
    let body = json!({ "name": "A", "description": "d", "members": [4711] });
    assert_eq!(
        TestApp::empty()
            .as_manager()
            .create_group("acme", &body)
            .status,
        201
    );
    assert_eq!(
        TestApp::with(closed())
            .as_token("admin")
            .create_group("acme", &body)
            .status,
        422
    );
}

#[test]
fn a_token_that_says_no_more_is_an_admins_everywhere() {
    let app = TestApp::with(
        json!({ "version": 1, "tokens": [{ "token": "t" }], "organizations": [org("locked", false)] }),
    );
    assert_eq!(
        app.as_token("t")
            .create_group("locked", &json!({ "name": "A", "description": "d" }))
            .status,
        201
    );
    assert_eq!(app.as_token("t").list_groups("nowhere", "").status, 404);
}

#[test]
fn strict_closes_what_was_left_open() {
    let fixture = json!({ "version": 1, "tokens": [{ "token": "t", "organizations": ["acme", "fresh"] }],
        "organizations": [{ "id": "acme" }], "template": {} });
    let body = json!({ "name": "A", "description": "d", "members": [4711] });
    let open = TestApp::with(fixture.clone());
    assert_eq!(open.as_token("t").list_groups("fresh", "").status, 200);
    assert_eq!(open.as_token("t").create_group("acme", &body).status, 201);
    let strict = TestApp::start(&fixture, |config| config.strict = true);
    assert_eq!(strict.as_token("t").list_groups("fresh", "").status, 404);
    assert_eq!(strict.as_token("t").create_group("acme", &body).status, 422);
    assert_eq!(
        strict
            .as_token("t")
            .create_group("acme", &json!({ "name": "A", "description": "d" }))
            .status,
        201
    );
}

#[test]
fn strict_refuses_a_fixture_that_leaves_open_what_it_would_close() {
    let refused = |fixture: Value| {
        let fixture = Fixture::parse(fixture.to_string().as_bytes()).unwrap();
        let config = Config {
            strict: true,
            ..Config::default()
        };
        AppState::new(&config, fixture, String::new())
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(refused(json!({ "version": 1 })), @"`--strict` needs a fixture that declares tokens");
    insta::assert_snapshot!(refused(json!({ "version": 1, "tokens": [{ "token": "t" }] })), @"`--strict` needs a fixture that declares the organizations of each token");
    insta::assert_snapshot!(refused(json!({ "version": 1, "tokens": [{ "token": "t", "organizations": ["acme"] }],
        "organizations": [{ "id": "acme", "groups": [{ "name": "A", "members": [1] }] }] })), @"`--strict` needs a fixture that declares the users of organization `acme`, whose groups have members");
}
