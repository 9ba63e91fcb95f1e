//! Misbehaviour: steering, and the rules that tests put there.

use serde_json::json;

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
