//! What else knows `/oauth/token`: seeds, limit, faults, steering, journal.

use serde_json::{Value, json};

use super::{ADA, declared, lists, of_ada, reason, refreshed, text};
use crate::support::TestApp;

#[test]
fn a_seed_adds_clients_passwords_codes_and_life_times() {
    let app = TestApp::with(declared());
    let seed = json!({ "version": 1, "oauth": {
        "clients": [{ "client_id": 3, "client_secret": "changed" }],
        "passwords": [{ "username": "hank@globex.test", "password": "scorpio" }],
        "codes": [{ "code": "another", "user": 7 }],
        "lifetimes": { "access_token": 9 } } });
    assert_eq!(app.control("POST", "/_mock/seed", Some(&seed)).status, 204);
    assert_eq!(of_ada(&app).status, 401);
    let hank = [
        ("grant_type", "password"),
        ("username", "hank@globex.test"),
        ("password", "scorpio"),
        ("client_id", "3"),
        ("client_secret", "changed"),
    ];
    let hank = app.anonymous().token(&hank);
    assert_eq!(hank.json()["expires_in"], 9);
    assert_eq!(lists(&app, &text(&hank, "access_token"), "globex"), 200);
    let wrong = json!({ "version": 1, "oauth": { "passwords": [{ "username": "x", "password": "y", "user": 9, "organizations": ["acme", "nowhere"] }] } });
    let refused = app.control("POST", "/_mock/seed", Some(&wrong));
    assert_eq!(refused.status, 400);
    for path in [
        "oauth.passwords[0].user",
        "oauth.passwords[0].organizations[1]",
    ] {
        assert!(refused.body.contains(path), "{refused}");
    }
}

#[test]
fn limit_faults_steering_and_routes_know_the_endpoint() {
    let rate = tallyfy_mock::config::RateLimit {
        requests: 2,
        window: std::time::Duration::from_secs(60),
    };
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.rate_limit = Some(rate);
    });
    let statuses = [(); 3].map(|()| of_ada(&app).status.as_u16());
    assert_eq!(statuses, [200, 200, 429]);
    let limited = of_ada(&app);
    assert_eq!(limited.json()["code"], "RATE_LIMIT_EXCEEDED");
    assert!(
        reason(&limited).starts_with("requests for tokens"),
        "{}",
        reason(&limited)
    );

    let app = TestApp::empty();
    let rule = json!({ "match": { "operation": "oauth.token" }, "steps": [
        { "status": 401 }, { "status": 400 }, { "status": 503 }, { "status": 503, "write": "after" }] });
    assert_eq!(
        app.control("PUT", "/_mock/faults/t", Some(&rule)).status,
        200
    );
    insta::assert_snapshot!(of_ada(&app), @r#"
    401 Unauthorized
    {"error":"invalid_client","error_description":"Client authentication failed","message":"Client authentication failed"}
    "#);
    insta::assert_snapshot!(of_ada(&app), @r#"
    400 Bad Request
    {"error":"invalid_grant","error_description":"The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client.","message":"The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."}
    "#);
    insta::assert_snapshot!(of_ada(&app), @r#"
    503 Service Unavailable
    {"error":true,"message":"Service Unavailable"}
    "#);
    let issued = || {
        app.look("/_mock/state").json()["oauth"]["issued"]
            .as_array()
            .map_or(0, Vec::len)
    };
    assert_eq!(issued(), 0);
    assert_eq!(
        (of_ada(&app).status.as_u16(), issued()),
        (503, 1),
        "the token is lost, but issued"
    );
    let steered = app.anonymous().header("prefer", "code=401").token(&ADA);
    assert_eq!(steered.json()["error"], "invalid_client");
    let routes = app.look("/_mock/routes").json();
    let routes = routes["routes"].as_array().unwrap();
    assert!(routes.contains(&json!({ "operation": "oauth.token", "method": "POST", "path": "/oauth/token", "right": "anyone" })));
    assert_eq!(app.anonymous().get("/oauth/token").headers["allow"], "POST");
}

#[test]
fn the_journal_shows_what_was_asked_and_no_secret() {
    let app = TestApp::with(declared());
    let first = of_ada(&app);
    let secrets = [text(&first, "access_token"), text(&first, "refresh_token")];
    refreshed(&app, &secrets[1]);
    lists(&app, &secrets[0], "acme");
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "code-of-leo"),
        ("cdoe", "x"),
    ];
    app.anonymous()
        .header("authorization", "Basic MzpzM2NyZXQ=")
        .token(&code);
    let rule = json!({ "match": { "operation": "oauth.token" }, "steps": [{ "status": 503 }, { "status": 503 }] });
    app.control("PUT", "/_mock/faults/t", Some(&rule));
    of_ada(&app);
    let json = json!({ "grant_type": "authorization_code", "code": "code-of-leo", "client_secret": "s3cret" });
    app.anonymous()
        .header("content-type", "application/json")
        .send("POST", "/oauth/token", json.to_string());
    let text = "password: correct horse, code-of-leo";
    app.anonymous()
        .header("content-type", "text/plain")
        .send("POST", "/oauth/token", text);
    let journal = app.look("/_mock/requests");
    for secret in
        secrets
            .iter()
            .map(String::as_str)
            .chain(["s3cret", "MzpzM2", "correct", "code-of-leo"])
    {
        assert!(!journal.body.contains(secret), "{secret}: {journal}");
    }
    let journal = journal.json();
    let bodies: Vec<&Value> = journal["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["body"])
        .collect();
    assert_eq!(
        *bodies[0],
        json!({ "grant_type": "password", "username": "ada@acme.test", "password": "[redacted]", "client_id": "3", "client_secret": "[redacted]" })
    );
    assert_eq!(
        *bodies[3],
        json!({ "grant_type": "authorization_code", "code": "[redacted]", "cdoe": "x" })
    );
    assert_eq!(journal["requests"][3]["unread"], json!(["body.cdoe"]));
    assert_eq!(*bodies[6], "[redacted]");
    let verified = json!({ "operation": "oauth.token", "body": { "grant_type": "refresh_token" }, "times": { "exactly": 1 } });
    assert_eq!(
        app.control("POST", "/_mock/requests/verify", Some(&verified))
            .status,
        200
    );
}
