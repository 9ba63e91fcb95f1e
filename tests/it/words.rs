//! The reasons of refusals, and odd bodies, queries and proxy headers.

use axum::body::Body;
use serde_json::{Value, json};
use tallyfy_mock::config::{Config, RateLimit};

use crate::support::{Answer, Caller, TestApp};

const REASON: &str = "x-tallyfy-mock-reason";
const GROUPS: &str = "/organizations/acme/groups";

fn reason(answer: &Answer) -> &str {
    let reason = answer.headers.get(REASON);
    let reason = reason.unwrap_or_else(|| panic!("no reason: {answer}"));
    let text = reason.to_str().unwrap();
    assert!(text.len() <= 512, "{text}");
    text
}

/// Somebody who sends JSON.
fn sender(app: &TestApp) -> Caller<'_> {
    app.as_manager().header("content-type", "application/json")
}

/// One organization with a user who may not manage groups; others do not exist.
fn closed(change: impl FnOnce(&mut Config)) -> TestApp {
    let fixture = json!({ "version": 1,
        "tokens": [
            { "token": "admin-token", "user": 1, "organizations": ["acme"] },
            { "token": "light-token", "user": 2, "organizations": ["acme"] },
            { "token": "everywhere", "user": 1 },
            { "token": "old-token", "user": 1, "organizations": ["acme"], "expires_at": "2026-01-01T00:00:00Z" }
        ],
        "organizations": [{ "id": "acme", "allow_manage_groups": false,
            "users": [{ "id": 1, "role": "admin" }, { "id": 2, "role": "light" }] }, { "id": "globex" }] });
    TestApp::start(&fixture, change)
}

#[test]
fn every_refusal_says_why() {
    let app = closed(|config| {
        config.limits.max_body = 100;
        config.rate_limit = Some(RateLimit {
            requests: 50,
            window: std::time::Duration::from_secs(60),
        });
    });
    let rule = json!({ "match": { "operation": "groups.get", "org": "globex" }, "steps": [{ "times": "always", "status": 404 }] });
    app.control("PUT", "/_mock/faults/flaky?org=globex", Some(&rule));
    let rule = json!({ "match": { "operation": "groups.get" }, "steps": [{ "times": "always", "delay": { "fixed_ms": 1 } }] });
    app.control("PUT", "/_mock/faults/slow?org=acme", Some(&rule));
    let admin = || {
        app.as_token("admin-token")
            .header("content-type", "application/json")
    };
    let everywhere = || app.as_token("everywhere");
    let told = |answer: Answer| format!("{} {}\n", answer.status.as_u16(), reason(&answer));
    let limited = || {
        for _ in 0..50 {
            app.as_token("light-token").get(GROUPS);
        }
        app.as_token("light-token").get(GROUPS)
    };
    let all = [
        app.anonymous().get(GROUPS),
        admin().header("authorization", "Bearer  two").get(GROUPS),
        admin().without("x-tallyfy-client").get(GROUPS),
        app.as_token("unknown").get(GROUPS),
        app.as_token("old-token").get(GROUPS),
        admin().get("/organizations/globex/groups"),
        app.as_token("light-token").delete_group("acme", "1"),
        app.as_token("light-token")
            .get("/organizations/acme/users/1"),
        everywhere().get("/organizations/initech/groups"),
        everywhere().get("/organizations/%C3%A9/groups"),
        admin().get("/organizations/acme/users/9"),
        admin().get("/organizations/acme/users/x"),
        admin().get("/organizations/acme/guests/nobody@b.test"),
        admin().get("/organizations/acme/guests/nobody"),
        admin().delete_group("acme", "nothing"),
        admin().delete_group("acme", "no%20id"),
        admin().get_group("acme", "slow"),
        everywhere().get_group("globex", "1"),
        admin().header("prefer", "code=503").get(GROUPS),
        admin().get("/organizations/acme/group"),
        admin().get("/organizations/acme/runs"),
        admin().get("/nothing"),
        admin().send("PATCH", GROUPS, ""),
        admin().send("POST", "/organizations/acme/guests", "{}"),
        admin().send("POST", GROUPS, "{"),
        admin().send("POST", GROUPS, "[1]"),
        admin().send("POST", GROUPS, "x".repeat(101)),
        admin().send("POST", GROUPS, "{}"),
        app.as_token("admin-token").send("POST", GROUPS, "{}"),
        limited(),
    ];
    insta::assert_snapshot!(all.map(told).concat(), @"
    401 there is no `Authorization` header
    401 `Authorization` is not `Bearer`, one space and a token
    401 there is no `X-Tallyfy-Client` header
    401 the fixture does not declare this token
    401 the token has expired
    403 the token is not for this organization
    403 the token's user may not manage groups in this organization
    403 the token's user is no admin in this organization
    404 there is no such organization: the fixture declares others, and no `template`
    404 the id in the path is no organization's: 1 to 255 letters, digits, `-` or `_`
    404 the organization has no such user
    404 the id in the path is no user's: a whole number of at least 1
    404 the organization has no such guest
    404 what is last in the path is no email address
    404 the organization has no such group
    404 the id in the path is no group's: 1 to 255 letters, digits, `-` or `_`
    404 struck by the rule `slow`; the organization has no such group
    404 struck by the rule `flaky`
    503 asked for by the request itself: `Prefer`, `__code` or `x-mock-response-code`
    404 nearest known route: GET /api/organizations/{org}/groups
    404 Tallyfy has this path, the mock has not: it serves groups and what clients call beside them
    404 there is no such path, and none like it; `/_mock/routes` lists those that are served
    405 the method is not served on this path; GET, HEAD, POST are
    405 Tallyfy changes users, guests and organizations here, the mock has them to read: a fixture or `/_mock/seed` makes them
    400 the body is not JSON: EOF while parsing an object at line 1 column 1
    400 the body is JSON, but not an object
    413 the body is longer than `--max-body`
    422 The name field is required.
    422 The name field is required; the body was not read, as at Tallyfy: send `Content-Type: application/json`
    429 the token has used up `--rate-limit` in this organization; the next window begins in 60 s
    ");
}

#[test]
fn what_is_answered_as_asked_has_no_reason_and_a_switch_turns_all_off() {
    let app = TestApp::demo();
    for answer in [
        app.as_manager().list_groups("northwind", ""),
        app.as_manager()
            .create_group("acme", &json!({ "name": "A", "description": "d" })),
        app.as_manager()
            .send("POST", "/organizations/acme/groups/1", ""),
    ] {
        assert_eq!(
            answer.headers.contains_key(REASON),
            answer.status.is_client_error(),
            "{answer}"
        );
    }
    let silent = closed(|config| config.reasons = false);
    let refused = silent.anonymous().get(GROUPS);
    assert!(refused.status == 401 && !refused.headers.contains_key(REASON));
    let control = app.control("GET", "/_mock/nothing", None);
    assert!(
        !control.headers.contains_key(REASON),
        "problem JSON says it"
    );
}

#[test]
fn no_reason_holds_the_requests_own_token() {
    let app = TestApp::empty();
    let token = "s3cret-t0ken-of-mine";
    let json = app
        .as_token(token)
        .header("content-type", "application/json");
    let rule = json!({ "steps": [{ "times": "always", "status": 503 }] });
    app.control(
        "PUT",
        &format!("/_mock/faults/{token}?org=struck"),
        Some(&rule),
    );
    for answer in [
        json.get_group("acme", token),
        json.get_group(token, token),
        json.get(&format!("/{token}")),
        json.get(&format!("/organizations/acme/group/{token}")),
        json.send(token, GROUPS, ""),
        json.send("POST", GROUPS, format!("{{\"{token}\":{token}}}")),
        json.get_group("struck", "1"),
        app.as_token(token)
            .header("content-type", "application/json")
            .header("content-encoding", token)
            .send("POST", GROUPS, "{}"),
    ] {
        assert!(
            !reason(&answer).contains(token),
            "{answer}: {}",
            reason(&answer)
        );
    }
    // A rule's id may be anything, and so long that it is cut.
    let id = "%C3%A9".repeat(120);
    let put = app.control("PUT", &format!("/_mock/faults/{id}?org=odd"), Some(&rule));
    assert_eq!(put.status, 200, "{put}");
    let answer = app.as_manager().list_groups("odd", "");
    let told = reason(&answer);
    assert!(
        told.starts_with("struck by the rule `%C3%A9%C3%A9"),
        "{told}"
    );
    assert!(told.ends_with("%A9..."), "{told}");
}

#[test]
fn an_empty_list_is_phps_empty_map_and_nothing_else_is() {
    for contract in [json!({}), json!({ "malformed_json": "no_fields" })] {
        let app = TestApp::with(json!({ "version": 1, "contract": contract }));
        let id = app.as_manager().group_named("acme", "Sales");
        for empty in ["[]", " [ ] \n"] {
            let created = sender(&app).send("POST", GROUPS, empty);
            assert_eq!(created.status, 422, "{created}");
            let updated = sender(&app).send("PUT", &format!("{GROUPS}/{id}"), empty);
            assert_eq!(updated.status, 201, "{updated}");
            assert_eq!(updated.json()["data"]["name"], "Sales");
        }
    }
    let app = TestApp::empty();
    for other in [
        "[1]", "[[]]", "[{}]", "[null]", "\"x\"", "\"\"", "0", "false", "null",
    ] {
        assert_eq!(
            sender(&app).send("POST", GROUPS, other).status,
            400,
            "{other}"
        );
    }
}

#[test]
fn a_body_that_is_no_plain_json_is_told_as_what_it_is() {
    let app = TestApp::empty();
    let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let text = "\u{feff}{\"name\":\"A\"}".encode_utf16();
        text.flat_map(order).collect()
    };
    let told = |caller: Caller<'_>, body: Vec<u8>| {
        let answer = caller.send("POST", GROUPS, Body::from(body));
        let malformed = r#"{"error":true,"message":"Malformed JSON in request body."}"#;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_str()),
            (400, malformed)
        );
        reason(&answer).to_owned()
    };
    let plain = "; send it as plain JSON in UTF-8";
    for (encoding, named) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("deflate, GZIP", "deflate, gzip"),
        ("zstd", "zstd"),
        ("aws-chunked", "aws-chunked"),
    ] {
        for content_type in ["application/json", "text/plain"] {
            let caller = app
                .as_manager()
                .header("content-type", content_type)
                .header("content-encoding", encoding);
            assert_eq!(
                told(caller, b"\x1f\x8b\x08\0\0".to_vec()),
                format!("the body is encoded (`Content-Encoding: {named}`){plain}")
            );
        }
    }
    for (body, what) in [
        (b"\x1f\x8b\x08\0\0".to_vec(), "is compressed (gzip)"),
        (utf16(u16::to_le_bytes), "is UTF-16"),
        (utf16(u16::to_be_bytes), "is UTF-16"),
        (utf16(u16::to_le_bytes)[2..].to_vec(), "is UTF-16"),
        ("\u{feff}{}".into(), "begins with a byte order mark (BOM)"),
    ] {
        assert_eq!(told(sender(&app), body), format!("the body {what}{plain}"));
    }
    let latin1 = told(sender(&app), b"{\"name\":\"\xe9\"}".to_vec());
    assert_eq!(
        latin1,
        "the body is not JSON: invalid unicode code point at line 1 column 10"
    );
    let body = r#"{"name":"A","description":"d"}"#;
    let identity = sender(&app).header("content-encoding", "identity");
    assert_eq!(identity.send("POST", GROUPS, body).status, 201);
    let nothing = sender(&app).header("content-encoding", "gzip");
    assert_eq!(
        nothing.send("POST", GROUPS, "").status,
        422,
        "there is nothing to decode"
    );
}

#[test]
fn laravels_way_with_such_a_body_is_told_too() {
    let app = TestApp::set(&["malformed_json=no_fields"]);
    let refused = sender(&app)
        .header("content-encoding", "gzip")
        .send("POST", GROUPS, "x");
    assert_eq!(refused.status, 422);
    assert_eq!(
        reason(&refused),
        "The name field is required; the body is encoded (`Content-Encoding: gzip`); send it as plain JSON in UTF-8"
    );
}

#[test]
fn a_control_body_that_is_no_plain_json_is_told_as_what_it_is_too() {
    let app = TestApp::empty();
    let send = |path: &str, encoding: &str, body: &[u8]| {
        let request = axum::http::Request::put(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header("content-encoding", encoding)
            .body(Body::from(body.to_vec()));
        app.send(request.unwrap()).json()["detail"].clone()
    };
    for path in ["/_mock/state", "/_mock/clock", "/_mock/faults/x"] {
        assert_eq!(
            send(path, "gzip", b"\x1f\x8b"),
            "the body is encoded (`Content-Encoding: gzip`); send it as plain JSON in UTF-8"
        );
    }
    assert_eq!(
        send("/_mock/clock", "identity", b"\xff\xfe{\0}\0"),
        "the body is UTF-16; send it as plain JSON in UTF-8"
    );
    assert_eq!(
        send("/_mock/state", "identity", b"\xff\xfe{\0}\0"),
        "is UTF-16; a fixture is JSON in UTF-8"
    );
}

#[test]
fn a_nul_in_a_text_is_refused_as_postgresql_would() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    let body = json!({ "name": "A\0B", "description": "d\0d", "guests": ["a\0@b.test"] });
    let errors = json!({
        "name": ["The name field format is invalid."],
        "description": ["The description field format is invalid."],
        "guests.0": ["The guests.0 field must be a valid email address."],
    });
    let created = app.as_manager().create_group("acme", &body);
    let updated = app.as_manager().update_group("acme", &id, &body);
    for refused in [created, updated] {
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["errors"]),
            (422, &errors)
        );
    }
    // At an end it is trimmed, as any blank.
    let body = json!({ "name": "\0B\0", "description": "d" });
    let created = app.as_manager().create_group("acme", &body);
    assert_eq!(created.json()["data"]["name"], "B");
}

#[test]
fn a_nul_in_a_fixture_is_a_mistake_with_its_path() {
    let nul = "a\0b";
    let org = json!({ "name": nul, "address1": nul,
        "users": [{ "id": 1, "first_name": nul, "last_name": nul, "job_title": nul }],
        "guests": [{ "email": "a@b.test", "first_name": nul, "details": { "phone_1": [nul] } }],
        "groups": [{ "name": nul, "description": nul, "logo": nul }] });
    let paths = |answer: &Answer| -> Vec<String> {
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        errors
            .iter()
            .map(|one| one["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let wanted = [
        "name",
        "address1",
        "users[0].first_name",
        "users[0].last_name",
        "users[0].job_title",
        "guests[0].first_name",
        "guests[0].details.phone_1[0]",
        "groups[0].logo",
        "groups[0].name",
        "groups[0].description",
    ];
    let app = TestApp::empty();
    for (method, path) in [
        ("PUT", "/_mock/state?org=acme"),
        ("POST", "/_mock/seed?org=acme"),
    ] {
        let refused = app.control(method, path, Some(&org));
        assert_eq!(refused.status, 400, "{refused}");
        assert_eq!(paths(&refused), wanted, "{path}");
    }
    for extra in [
        json!({ "organizations": [{ "id": nul }] }),
        json!({ "tokens": [{ "token": nul }] }),
    ] {
        let mut whole = json!({ "version": 1 });
        whole
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        assert_eq!(app.control("PUT", "/_mock/state", Some(&whole)).status, 400);
    }
}

#[test]
fn includes_may_be_a_list_and_of_two_the_last_counts() {
    let fixture = json!({ "version": 1, "organizations": [{ "id": "acme",
        "groups": [{ "id": "sales", "name": "Sales", "members": [1] }] }] });
    let app = TestApp::with(fixture);
    let get = |query: &str| {
        app.as_manager()
            .get(&format!("{GROUPS}/sales?{query}"))
            .json()
    };
    let both = get("with=users,assets");
    assert!(both["data"]["users"]["data"][0]["id"] == 1 && both["data"]["assets"].is_object());
    for query in [
        "with[]=users&with[]=assets",
        "with%5B%5D=assets&with%5B%5D=users",
        "with[0]=users,assets",
    ] {
        assert_eq!(get(query), both, "{query}");
    }
    app.as_manager().get(&format!(
        "{GROUPS}?with[]=users&with%5B%5D=assets&without[]=x"
    ));
    let journal = app
        .look("/_mock/requests?org=acme&operation=groups.list")
        .json();
    assert_eq!(journal["requests"][0]["unread"], json!(["query.without[]"]));
    let last = get("with=assets");
    for query in [
        "with=users&with=assets",
        "with[]=users&with=assets",
        "with=users&with[]=assets",
    ] {
        assert_eq!(get(query), last, "{query}");
    }
}

#[test]
fn numbers_are_verified_by_their_value() {
    let app = TestApp::empty();
    let body = r#"{"name":"A","description":"d","members":[1,2.0,3e0],"x":{"y":1.5,"z":9007199254740993,"big":1e20}}"#;
    sender(&app).send("POST", GROUPS, body);
    let verify = |wanted: Value| {
        let expected = json!({ "operation": "groups.create", "body": wanted });
        app.control("POST", "/_mock/requests/verify?org=acme", Some(&expected))
            .status
            .as_u16()
    };
    for same in [
        json!({ "members": [1, 2, 3] }),
        json!({ "members": [1.0, 2.0, 3.0] }),
        json!({ "x": { "y": 1.5, "z": 9_007_199_254_740_993_u64, "big": 100_000_000_000_000_000_000.0 } }),
    ] {
        assert_eq!(verify(same.clone()), 200, "{same}");
    }
    for other in [
        json!({ "members": [1, 2, 4] }),
        json!({ "members": [1.5, 2, 3] }),
        json!({ "members": ["1", 2, 3] }),
        json!({ "x": { "z": 9_007_199_254_740_992.0 } }),
        json!({ "x": { "y": 1 } }),
    ] {
        assert_eq!(verify(other.clone()), 409, "{other}");
    }
}

#[test]
fn links_have_the_scheme_and_the_host_that_were_asked() {
    let next = |app: &TestApp, uri: &str, headers: &[(&str, &str)]| {
        let mut request = axum::http::Request::get(uri)
            .header("authorization", "Bearer t")
            .header("x-tallyfy-client", "x")
            .header("host", "inner:8255");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = app.send(request.body(Body::empty()).unwrap());
        let link = answer.pagination()["links"]["next"]
            .as_str()
            .unwrap()
            .to_owned();
        link.split("/api/").next().unwrap().to_owned()
    };
    let groups = "/api/organizations/acme/groups?per_page=1";
    let groups_of = |org: Value| json!({ "version": 1, "organizations": [org] });
    let fixture = groups_of(json!({ "id": "acme", "groups": [{ "name": "A" }, { "name": "B" }] }));
    let direct = TestApp::with(&fixture);
    let proxied = TestApp::start(&fixture, |config| config.trust_proxy = true);
    let absolute = format!("https://go.tallyfy.com{groups}");
    let says = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "mock.example"),
    ];
    let forwarded = [(
        "forwarded",
        "for=1.2.3.4;proto=https;host=\"mock.example:8443\", proto=http",
    )];
    for app in [&direct, &proxied] {
        assert_eq!(next(app, groups, &[]), "http://inner:8255");
        assert_eq!(next(app, &absolute, &[]), "https://go.tallyfy.com");
    }
    for headers in [&says[..], &forwarded] {
        assert_eq!(next(&direct, groups, headers), "http://inner:8255");
        assert_eq!(next(&direct, &absolute, headers), "https://go.tallyfy.com");
    }
    assert_eq!(next(&proxied, groups, &says), "https://mock.example");
    assert_eq!(next(&proxied, groups, &says[..1]), "https://inner:8255");
    assert_eq!(
        next(&proxied, groups, &forwarded),
        "https://mock.example:8443"
    );
}

#[test]
fn the_guard_reads_the_real_host_alone_whatever_a_proxy_says() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| config.trust_proxy = true);
    let clock = |host: &str, said: &str| {
        let here = app.anonymous().at_root().header("host", host);
        let here = here.header("x-forwarded-host", said);
        let here = here.header("forwarded", &format!("host={said}"));
        here.get("/_mock/clock").status.as_u16()
    };
    assert_eq!(clock("evil.test", "localhost"), 403);
    assert_eq!(clock("localhost", "evil.test"), 200);
}
