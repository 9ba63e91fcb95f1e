//! Every error of the API, in Tallyfy's shape.

use std::{
    fmt::Write,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    response::Response,
};
use hyper::body::Frame;
use serde_json::json;
use tallyfy_mock::{
    domain::{contract::ValidationBody, validate::ValidationErrors},
    http::ApiError,
};

use crate::support::TestApp;

/// One of each variant. A new one does not compile here until it is listed.
fn every_error() -> Vec<ApiError> {
    let mut invalid = ValidationErrors::default();
    invalid.add("name", "The name field is required.");
    invalid.add("members.0", "The selected members.0 is invalid.");
    let of = |shape| ApiError::Invalid(invalid.clone(), shape);
    let all = vec![
        ApiError::MalformedJson(String::new()),
        ApiError::Unauthenticated(""),
        ApiError::Unauthorized(""),
        ApiError::EndpointNotFound(String::new()),
        ApiError::ResourceNotFound,
        ApiError::MethodNotAllowed {
            method: "PATCH".parse().unwrap(),
            route: "api/x".into(),
            allow: "GET, HEAD".into(),
        },
        ApiError::RequestTimeout,
        ApiError::PayloadTooLarge,
        of(ValidationBody::Full),
        of(ValidationBody::ErrorsOnly),
        of(ValidationBody::Laravel),
        ApiError::TooManyRequests { retry_after: 7 },
        ApiError::Other(axum::http::StatusCode::IM_A_TEAPOT),
        ApiError::ServerError,
        ApiError::Unavailable(""),
    ];
    for error in &all {
        match error {
            ApiError::MalformedJson(_)
            | ApiError::Unauthenticated(_)
            | ApiError::Unauthorized(_)
            | ApiError::EndpointNotFound(_)
            | ApiError::ResourceNotFound
            | ApiError::MethodNotAllowed { .. }
            | ApiError::RequestTimeout
            | ApiError::PayloadTooLarge
            | ApiError::Invalid(..)
            | ApiError::TooManyRequests { .. }
            | ApiError::Other(_)
            | ApiError::ServerError
            | ApiError::Unavailable(_) => {}
        }
    }
    all
}

#[tokio::test]
async fn every_refusal_has_tallyfys_shape() {
    let mut bodies = String::new();
    for error in every_error() {
        let answer = Response::from(error);
        assert_eq!(answer.headers()["content-type"], "application/json");
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        writeln!(bodies, "{status}\n{}", String::from_utf8_lossy(&body)).unwrap();
    }
    insta::assert_snapshot!(bodies, @r#"
    400 Bad Request
    {"error":true,"message":"Malformed JSON in request body."}
    401 Unauthorized
    {"error":true,"message":"Unauthenticated."}
    403 Forbidden
    {"error":true,"message":"This action is unauthorized."}
    404 Not Found
    {"error":true,"message":"API endpoint not found","code":"ENDPOINT_NOT_FOUND"}
    404 Not Found
    {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
    405 Method Not Allowed
    {"error":true,"message":"The PATCH method is not supported for route api/x. Supported methods: GET, HEAD."}
    408 Request Timeout
    {"error":true,"message":"Request Timeout"}
    413 Payload Too Large
    {"error":true,"message":"Payload Too Large"}
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name field is required."],"members.0":["The selected members.0 is invalid."]}}
    422 Unprocessable Entity
    {"error":true,"errors":{"name":["The name field is required."],"members.0":["The selected members.0 is invalid."]}}
    422 Unprocessable Entity
    {"message":"The name field is required. (and 1 more error)","errors":{"name":["The name field is required."],"members.0":["The selected members.0 is invalid."]}}
    429 Too Many Requests
    {"message":"You've reached the limit for API requests. Please try again later.","code":"RATE_LIMIT_EXCEEDED"}
    418 I'm a teapot
    {"error":true,"message":"I'm a teapot"}
    500 Internal Server Error
    {"error":true,"message":"Server Error"}
    503 Service Unavailable
    {"error":true,"message":"Service Unavailable"}
    "#);
}

#[test]
fn an_unknown_route_needs_no_token() {
    let app = TestApp::demo();
    for path in [
        "/",
        "/organizations",
        "/organizations/northwind/group",
        "/organizations/northwind/groups/1/members",
        "/groups",
    ] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(app.anonymous().get(path), @r#"
            404 Not Found
            {"error":true,"message":"API endpoint not found","code":"ENDPOINT_NOT_FOUND"}
            "#);
        }
    }
}

#[test]
fn a_method_that_is_not_served_names_those_that_are() {
    let app = TestApp::demo();
    let answer = app
        .anonymous()
        .send("PATCH", "/organizations/acme/groups/1", "");
    insta::assert_snapshot!(answer, @r#"
    405 Method Not Allowed
    {"error":true,"message":"The PATCH method is not supported for route api/organizations/acme/groups/1. Supported methods: GET, HEAD, PUT, DELETE."}
    "#);
    assert_eq!(answer.headers["allow"], "GET, HEAD, PUT, DELETE");
    let answer = app
        .anonymous()
        .at_root()
        .send("DELETE", "/organizations/acme/groups", "");
    insta::assert_snapshot!(answer, @r#"
    405 Method Not Allowed
    {"error":true,"message":"The DELETE method is not supported for route organizations/acme/groups. Supported methods: GET, HEAD, POST."}
    "#);
    assert_eq!(answer.headers["allow"], "GET, HEAD, POST");
}

#[test]
fn a_body_that_is_not_a_json_object_is_malformed() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    let nested = format!("{{\"name\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    let json = app.as_manager().header("content-type", "application/json");
    for body in [
        "{",
        "nonsense",
        "[1]",
        "[[]]",
        "null",
        "\"name\"",
        "7",
        "{\"name\":\"\\ud800\"}",
        "\u{feff}{}",
        &nested,
    ] {
        for (method, path) in [
            ("POST", "/organizations/acme/groups".to_owned()),
            ("PUT", format!("/organizations/acme/groups/{id}")),
        ] {
            insta::allow_duplicates! {
                insta::assert_snapshot!(json.send(method, &path, body.to_owned()), @r#"
                400 Bad Request
                {"error":true,"message":"Malformed JSON in request body."}
                "#);
            }
        }
    }
    let not_utf8 = json.send(
        "POST",
        "/organizations/acme/groups",
        Body::from(&b"{\"name\":\"\xff\"}"[..]),
    );
    assert_eq!(not_utf8.status, 400);
}

#[test]
fn an_empty_body_has_no_fields() {
    let app = TestApp::empty();
    let json = app.as_manager().header("content-type", "application/json");
    insta::assert_snapshot!(json.send("POST", "/organizations/acme/groups", ""), @r#"
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name field is required."],"description":["The description field is required."]}}
    "#);
}

#[test]
fn a_forgotten_content_type_gets_every_required_field() {
    let app = TestApp::empty();
    let body = json!({ "name": "Sales", "description": "Sells" }).to_string();
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let caller = app.as_manager();
        let caller = match content_type {
            Some(content_type) => caller.header("content-type", content_type),
            None => caller,
        };
        insta::allow_duplicates! {
            insta::assert_snapshot!(caller.send("POST", "/organizations/acme/groups", body.clone()), @r#"
            422 Unprocessable Entity
            {"error":true,"message":"The given data was invalid.","errors":{"name":["The name field is required."],"description":["The description field is required."]}}
            "#);
        }
    }
    let vendor = app
        .as_manager()
        .header("content-type", "application/vnd.api+json; charset=utf-8");
    assert_eq!(
        vendor
            .send("POST", "/organizations/acme/groups", body)
            .status,
        201
    );
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
    let app = TestApp::empty();
    let json = app.as_manager().header("content-type", "application/json");
    let answer = json.send("POST", "/organizations/acme/groups", stuck());
    insta::assert_snapshot!(answer, @r#"
    408 Request Timeout
    {"error":true,"message":"Request Timeout"}
    "#);
    assert_eq!(answer.headers["connection"], "close");
    // Its body never ends, so that it is given up after five seconds.
    let answer = app
        .anonymous()
        .send("POST", "/organizations/acme/groups", stuck());
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["connection"]),
        (401, &"close".parse().unwrap())
    );
}

/// A body of which one byte comes and then no more.
struct Stuck(Option<Bytes>);

impl HttpBody for Stuck {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.take().map_or(Poll::Pending, |bytes| {
            Poll::Ready(Some(Ok(Frame::data(bytes))))
        })
    }
}

fn stuck() -> Body {
    Body::new(Stuck(Some(Bytes::from_static(b"{"))))
}

#[test]
fn a_long_body_is_too_large_and_one_of_the_limit_is_not() {
    let app = TestApp::empty();
    let json = app.as_manager().header("content-type", "application/json");
    let padded = |length: usize| {
        let body = "{\"name\":\"Sales\",\"description\":\"d\"";
        format!("{body}{}}}", " ".repeat(length - body.len() - 1))
    };
    insta::assert_snapshot!(json.send("POST", "/organizations/acme/groups", padded(1024 * 1024 + 1)), @r#"
    413 Payload Too Large
    {"error":true,"message":"Payload Too Large"}
    "#);
    assert_eq!(
        json.send("POST", "/organizations/acme/groups", padded(1024 * 1024))
            .status,
        201
    );
}

#[test]
fn all_failing_fields_are_told_at_once() {
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "users": [{ "id": 1 }] }] }),
    );
    let body = json!({ "name": "x".repeat(201), "description": "", "members": [1, 2, "x"], "guests": ["nobody", "a@b.test", null] });
    insta::assert_snapshot!(app.as_manager().create_group("acme", &body), @r#"
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name field must not be greater than 200 characters."],"description":["The description field is required."],"members.1":["The selected members.1 is invalid."],"members.2":["The selected members.2 is invalid."],"guests.0":["The guests.0 field must be a valid email address."],"guests.2":["The guests.2 field must be a valid email address."]}}
    "#);
}

#[test]
fn an_unreadable_body_is_told_before_a_missing_group_and_a_failing_field_after_it() {
    let app = TestApp::empty();
    let json = app.as_manager().header("content-type", "application/json");
    assert_eq!(
        json.send("PUT", "/organizations/acme/groups/none", "{")
            .status,
        400
    );
    assert_eq!(
        app.as_manager()
            .update_group("acme", "none", &json!({ "name": "" }))
            .status,
        404
    );
}

#[test]
fn ids_that_cannot_be_are_not_found() {
    let app = TestApp::demo();
    let long = "a".repeat(10_000);
    for id in [
        "a%2Fb",
        "%2e%2e",
        "..",
        "%00",
        "%ff",
        "%F0%9F%92%A9",
        "a%20b",
        "a.b",
        &long,
        &"a".repeat(256),
    ] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(app.as_manager().get_group("northwind", id), @r#"
            404 Not Found
            {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
            "#);
            insta::assert_snapshot!(app.as_manager().list_groups(id, ""), @r#"
            404 Not Found
            {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
            "#);
            insta::assert_snapshot!(app.as_manager().delete_group("northwind", id), @r#"
            404 Not Found
            {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
            "#);
        }
        assert_eq!(
            app.anonymous().get_group("northwind", id).status,
            401,
            "the token comes first: {id}"
        );
    }
}

#[test]
fn an_organization_without_a_name_is_not_found() {
    let app = TestApp::demo();
    assert_eq!(
        app.as_manager().list_groups("", "").json()["code"],
        "RESOURCE_NOT_FOUND"
    );
}

#[test]
fn a_group_of_another_organization_is_not_found() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    for answer in [
        app.as_manager().get_group("globex", &id),
        app.as_manager()
            .update_group("globex", &id, &json!({ "name": "Mine" })),
        app.as_manager().delete_group("globex", &id),
    ] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(answer, @r#"
            404 Not Found
            {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
            "#);
        }
    }
    assert_eq!(
        app.as_manager().get_group("acme", &id).json()["data"]["name"],
        "Sales"
    );
}

#[test]
fn an_options_request_that_is_no_preflight_is_not_served() {
    let app = TestApp::demo();
    insta::assert_snapshot!(app.anonymous().send("OPTIONS", "/organizations/acme/groups", ""), @r#"
    405 Method Not Allowed
    {"error":true,"message":"The OPTIONS method is not supported for route api/organizations/acme/groups. Supported methods: GET, HEAD, POST."}
    "#);
    assert_eq!(
        app.anonymous().send("OPTIONS", "/nothing", "").json()["code"],
        "ENDPOINT_NOT_FOUND"
    );
}

#[test]
fn the_control_endpoints_answer_without_a_token() {
    let app = TestApp::demo();
    let ask = |path: &str| app.look(path);
    insta::assert_snapshot!(ask("/_mock/ready"), @r#"
    200 OK
    {"groups":29,"organizations":2,"status":"ready"}
    "#);
    insta::assert_snapshot!(ask("/_mock/nothing"), @r#"
    404 Not Found
    {"type":"about:blank","title":"Not Found","status":404,"detail":"there is no control endpoint `/_mock/nothing`","known":["GET /_mock/health","GET /_mock/ready","GET /_mock/routes","GET /_mock/openapi.json","GET /_mock/ca.pem","GET /_mock/contract","GET /_mock/organizations","GET /_mock/changes","GET /_mock/coverage","GET /_mock/state","PUT /_mock/state","POST /_mock/seed","POST /_mock/reset","GET /_mock/requests","DELETE /_mock/requests","GET /_mock/requests/{id}","GET /_mock/requests/{id}/body","POST /_mock/requests/verify","GET /_mock/events","GET /_mock/faults","DELETE /_mock/faults","GET /_mock/faults/{id}","PUT /_mock/faults/{id}","DELETE /_mock/faults/{id}","GET /_mock/clock","PUT /_mock/clock","POST /_mock/clock/advance"]}
    "#);
    let health = ask("/_mock/health").json();
    assert_eq!(
        health,
        json!({ "status": "ok", "name": "tallyfy-mock", "version": env!("CARGO_PKG_VERSION"), "edition": "2026-03", "not_forwarded": 0 })
    );
    let routes = ask("/_mock/routes").json();
    let table = routes["routes"].as_array().unwrap().iter().map(|route| {
        let text = |key: &str| route[key].as_str().unwrap().to_owned();
        format!(
            "{:6} {:35} {:17} {}\n",
            text("method"),
            text("path"),
            text("operation"),
            text("right")
        )
    });
    insta::assert_snapshot!(table.collect::<String>(), @"
    GET    /organizations/{org}/groups         groups.list       member
    POST   /organizations/{org}/groups         groups.create     manage_groups
    GET    /organizations/{org}/groups/{id}    groups.get        member
    PUT    /organizations/{org}/groups/{id}    groups.update     manage_groups
    DELETE /organizations/{org}/groups/{id}    groups.delete     manage_groups
    GET    /me                                 me.get            signed_in
    GET    /me/organizations                   me.organizations  signed_in
    GET    /organizations/{org}                organizations.get member
    GET    /organizations/{org}/me             organizations.me  member
    GET    /organizations/{org}/users          users.list        member
    GET    /organizations/{org}/users/{id}     users.get         admin
    GET    /organizations/{org}/users-list     users.names       member
    GET    /organizations/{org}/guests         guests.list       member
    GET    /organizations/{org}/guests/{email} guests.get        member
    GET    /organizations/{org}/guests-list    guests.names      member
    POST   /oauth/token                        oauth.token       anyone
    ");
    assert_eq!(routes["prefixes"], json!(["/api", ""]));
}
