//! Which token is given for what, and how it is refused.

use serde_json::json;

use super::{ADA, CLIENT, declared, lists, of_ada, reason, refreshed, text, with};
use crate::support::TestApp;

#[test]
fn each_grant_answers_as_documented() {
    let app = TestApp::with(declared());
    let answer = of_ada(&app);
    insta::assert_snapshot!(answer, @r#"
    200 OK
    {"token_type":"Bearer","expires_in":3600,"access_token":"49d33c3c643156d7aed79dcc1db71dcb33d7c1ea694357c8b2d9a21feb420d20","refresh_token":"def50200d16e339977035292bbf82dbd417ad11e6a04246c2d505d6c9bf9762a8be5b185"}
    "#);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["pragma"], "no-cache");
    insta::assert_snapshot!(refreshed(&app, &text(&answer, "refresh_token")), @r#"
    200 OK
    {"token_type":"Bearer","expires_in":3600,"access_token":"cc74de4bcec15df6949f41f95ae9de9f24c0c8573b585260bbe850206202943a","refresh_token":"def50200a6849476720b536d94b665a47ec3e1bd6265856d14ea5a2d977acc14cbafa6c1"}
    "#);
    let own = with(&[
        &[("grant_type", "client_credentials"), ("scope", "*")],
        &CLIENT,
    ]);
    insta::assert_snapshot!(app.anonymous().at_root().token(&own), @r#"
    200 OK
    {"token_type":"Bearer","expires_in":604800,"access_token":"17d7b6004ae15e1c815d42d274b65d22d9bde7d651cc57128b7ea3e8564b6bd2"}
    "#);
    let code = [
        ("grant_type", "authorization_code"),
        ("code", "code-of-leo"),
    ];
    insta::assert_snapshot!(app.anonymous().token(&with(&[&code, &CLIENT])), @r#"
    200 OK
    {"token_type":"Bearer","expires_in":3600,"access_token":"520638e315755fe7ba9b50abc6b2b7fb79c174fb50d259f3af45fd48ce67875f","refresh_token":"def50200e8d39d98ee485433b15b00999098b731d1ce21defbc156dbb78a368a0b2e07cc"}
    "#);
}

#[test]
fn what_a_client_gets_wrong_is_told_in_the_shape_of_the_rfc() {
    let app = TestApp::with(declared());
    let code = |code| [("grant_type", "authorization_code"), ("code", code)];
    let mut told = Vec::new();
    for parameters in [
        vec![],
        with(&[&[("grant_type", "implicit")], &CLIENT]),
        vec![("grant_type", "password")],
        with(&[&ADA, &[("client_id", "three"), ("client_secret", "s3cret")]]),
        with(&[&ADA, &[("client_id", "9"), ("client_secret", "s3cret")]]),
        with(&[&ADA, &[("client_id", "3"), ("client_secret", "wrong")]]),
        with(&[&ADA, &[("client_id", "3")]]),
        with(&[&ADA[..2], &CLIENT]),
        with(&[&ADA, &CLIENT, &[("password", "wrong")]]),
        with(&[&ADA, &CLIENT, &[("username", "hank@globex.test")]]),
        with(&[&[("grant_type", "refresh_token")], &CLIENT]),
        with(&[
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "made-up"),
            ],
            &CLIENT,
        ]),
        with(&[&[("grant_type", "authorization_code")], &CLIENT]),
        with(&[&code("made-up"), &CLIENT]),
        with(&[&code("code-of-three"), &CLIENT]),
        with(&[
            &code("code-of-three"),
            &CLIENT,
            &[("redirect_uri", "https://other.test")],
        ]),
        with(&[
            &code("code-of-three"),
            &[("client_id", "4"), ("client_secret", "other")],
        ]),
        vec![("grant_type", "client_credentials"), ("client_id", "5")],
    ] {
        let answer = app.anonymous().token(&parameters);
        let body = answer.json();
        assert_eq!(body["message"], body["error_description"], "{answer}");
        assert_eq!(body.get("code"), None);
        let of = |key: &str| body[key].as_str().unwrap_or("-").to_owned();
        told.push(format!(
            "{} {} | {} | {}",
            answer.status.as_u16(),
            of("error"),
            of("hint"),
            reason(&answer)
        ));
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    400 unsupported_grant_type | Check that all required parameters have been provided | there is no `grant_type`
    400 unsupported_grant_type | Check that all required parameters have been provided | the grant types are password, client_credentials, refresh_token and authorization_code
    400 invalid_request | Check the `client_id` parameter | the parameter `client_id` is missing
    401 invalid_client | - | a `client_id` is a number
    401 invalid_client | - | the fixture's `oauth.clients` have no client with this id and this secret
    401 invalid_client | - | the fixture's `oauth.clients` have no client with this id and this secret
    401 invalid_client | - | the fixture's `oauth.clients` have no client with this id and this secret
    400 invalid_request | Check the `password` parameter | the parameter `password` is missing
    400 invalid_grant | - | the fixture's `oauth.passwords` have nobody with this name and this password
    400 invalid_grant | - | the fixture's `oauth.passwords` have nobody with this name and this password
    400 invalid_request | Check the `refresh_token` parameter | the parameter `refresh_token` is missing
    400 invalid_grant | Cannot decrypt the refresh token | no token was issued with this refresh token
    400 invalid_request | Check the `code` parameter | the parameter `code` is missing
    400 invalid_grant | Cannot decrypt the authorization code | the fixture's `oauth.codes` have no such code
    400 invalid_request | Check the `redirect_uri` parameter | the parameter `redirect_uri` is missing
    400 invalid_grant | Invalid redirect URI | the authorization code: Invalid redirect URI
    400 invalid_grant | Authorization code was not issued to this client | the authorization code: Authorization code was not issued to this client
    401 invalid_client | - | a client without a secret has no credentials of its own
    "#);
    insta::assert_snapshot!(app.anonymous().token(&with(&[&ADA, &[("client_id", "3"), ("client_secret", "wrong")]])), @r#"
    401 Unauthorized
    {"error":"invalid_client","error_description":"Client authentication failed","message":"Client authentication failed"}
    "#);
}

#[test]
fn a_code_is_good_once() {
    let app = TestApp::with(declared());
    let asks = [
        ("grant_type", "authorization_code"),
        ("code", "code-of-three"),
        ("redirect_uri", "https://app.test/back"),
    ];
    let asks = with(&[&asks, &CLIENT]);
    let token = text(&app.anonymous().token(&asks), "access_token");
    assert_eq!(app.as_token(&token).get("/me").json()["data"]["id"], 1);
    let again = app.anonymous().token(&asks);
    assert_eq!(
        again.json()["hint"],
        "Authorization code has been revoked",
        "{again}"
    );
    assert_eq!(app.control("POST", "/_mock/reset", None).status, 204);
    assert_eq!(
        app.anonymous().token(&asks).status,
        200,
        "a reset goes back on it"
    );
}

#[test]
fn json_is_refused_unless_the_contract_takes_it() {
    let body = json!({ "grant_type": "password", "username": "a", "password": "b", "client_id": 3, "client_secret": "s" });
    let sent = |app: &TestApp, kind: &str, body: String| {
        app.anonymous()
            .header("content-type", kind)
            .send("POST", "/oauth/token", body)
    };
    let app = TestApp::empty();
    let refused = sent(&app, "application/json", body.to_string());
    insta::assert_snapshot!(refused, @r#"
    400 Bad Request
    {"error":"unsupported_grant_type","error_description":"The authorization grant type is not supported by the authorization server.","hint":"Check that all required parameters have been provided","message":"The authorization grant type is not supported by the authorization server."}
    "#);
    assert!(
        reason(&refused).contains("oauth_body=form_or_json"),
        "{}",
        reason(&refused)
    );
    for (kind, body) in [
        (
            "text/plain",
            "grant_type=client_credentials&client_id=3&client_secret=s",
        ),
        ("multipart/form-data; boundary=b", "--b\r\n\r\n--b--"),
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "grant_type[]=password"),
        ("application/x-www-form-urlencoded", "%ff=%ff&=&&"),
    ] {
        assert_eq!(sent(&app, kind, body.into()).status, 400, "{kind}");
    }
    let app = TestApp::set(&["oauth_body=form_or_json"]);
    assert_eq!(sent(&app, "application/json", body.to_string()).status, 200);
    assert_eq!(of_ada(&app).status, 200);
    for bad in [
        "",
        "[]",
        "null",
        "{",
        "{\"grant_type\":[\"password\"]}",
        "{\"grant_type\":\"password\",\"client_id\":1e3}",
    ] {
        let refused = sent(&app, "application/json", bad.into());
        assert!(
            [400, 401].contains(&refused.status.as_u16()) && refused.json()["error"].is_string(),
            "{bad}: {refused}"
        );
    }
}

#[test]
fn a_client_may_show_itself_in_a_header() {
    let app = TestApp::with(declared());
    let asks = |credentials: &str| {
        app.anonymous()
            .header("authorization", credentials)
            .token(&ADA)
    };
    assert_eq!(asks("Basic MzpzM2NyZXQ=").status, 200);
    let refused = asks("Basic Mzp3cm9uZw==");
    assert_eq!(
        (
            refused.status.as_u16(),
            &refused.headers["www-authenticate"]
        ),
        (401, &"Basic realm=\"OAuth\"".parse().unwrap())
    );
}

#[test]
fn what_closes_the_world_closes_it_here() {
    let password = |username| {
        [
            ("grant_type", "password"),
            ("username", username),
            ("password", "x"),
        ]
    };
    // Tokens are declared, clients and passwords are not.
    let mut fixture = declared();
    fixture.as_object_mut().unwrap().remove("oauth");
    let app = TestApp::with(&fixture);
    let known = app
        .anonymous()
        .token(&with(&[&password("ada@acme.test"), &CLIENT]));
    assert_eq!(lists(&app, &text(&known, "access_token"), "acme"), 200);
    let unknown = app
        .anonymous()
        .token(&with(&[&password("nobody@acme.test"), &CLIENT]));
    assert_eq!(
        (unknown.status.as_u16(), &unknown.json()["error"]),
        (400, &json!("invalid_grant"))
    );
    assert_eq!(lists(&app, "made-up", "acme"), 401);
    // Strict: what is not declared does not exist.
    let strict = |config: &mut tallyfy_mock::config::Config| config.strict = true;
    let app = TestApp::start(&fixture, strict);
    assert_eq!(
        app.anonymous()
            .token(&with(&[&password("ada@acme.test"), &CLIENT]))
            .status,
        401
    );
    fixture["oauth"] = json!({ "clients": [{ "client_id": 3, "client_secret": "s3cret" }] });
    let app = TestApp::start(&fixture, strict);
    assert_eq!(
        app.anonymous()
            .token(&with(&[&password("ada@acme.test"), &CLIENT]))
            .status,
        400
    );
}

#[test]
fn a_token_stands_for_its_user_in_its_organizations() {
    let app = TestApp::with(declared());
    let ada = text(&of_ada(&app), "access_token");
    assert_eq!(
        [lists(&app, &ada, "acme"), lists(&app, &ada, "globex")],
        [200, 403]
    );
    assert_eq!(
        app.as_token(&ada).get("/me").json()["data"]["email"],
        "ada@acme.test"
    );
    let leo = [
        ("grant_type", "password"),
        ("username", "LEO"),
        ("password", "battery"),
    ];
    let leo = text(
        &app.anonymous().token(&with(&[&leo, &CLIENT])),
        "access_token",
    );
    let create = |token: &str| {
        let body = json!({ "name": token, "description": "d" });
        app.as_token(token)
            .create_group("acme", &body)
            .status
            .as_u16()
    };
    assert_eq!(
        [create(&ada), create(&leo), lists(&app, &leo, "globex")],
        [201, 403, 403]
    );
    // Where no passwords are declared, an address is that of whoever has it.
    let app = TestApp::demo();
    let homer = [
        ("grant_type", "password"),
        ("username", "Homer.Simpson@globex.example.com"),
        ("password", "doh"),
    ];
    let homer = text(
        &app.anonymous().token(&with(&[&homer, &CLIENT])),
        "access_token",
    );
    assert_eq!(app.as_token(&homer).get("/me").json()["data"]["id"], 2002);
    assert_eq!(
        [
            lists(&app, &homer, "globex"),
            lists(&app, &homer, "northwind")
        ],
        [200, 403]
    );
}

#[test]
fn an_applications_token_is_no_users_unless_the_fixture_says_whose() {
    let app = TestApp::with(declared());
    let by = |id: &str, secret: &str| {
        let own = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
        ];
        text(&app.anonymous().token(&own), "access_token")
    };
    let refused = app.as_token(&by("3", "s3cret")).list_groups("acme", "");
    assert_eq!(refused.status, 401);
    assert!(
        reason(&refused).contains("client_credentials"),
        "{}",
        reason(&refused)
    );
    assert_eq!(lists(&app, &by("4", "other"), "acme"), 200);
}
