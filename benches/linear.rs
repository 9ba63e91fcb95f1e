//! What one request costs against the size of what came in: `.ci/linear` counts the instructions of this
//! program by callgrind, at `n` and at `4n`, and fails where the ratio is above 5.
//!
//! `linear` lists the kinds of input; `linear KIND N` sends one request of that kind, of about `N` bytes, through
//! the whole path but the socket, and lets every sink show it: the log, the journal, `verify`, the events.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at a surprise and prints its figures"
)]

use std::{hint::black_box, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tallyfy_mock::{
    config::Config,
    fixture::Fixture,
    http::App,
    request_log::{Format, RequestLog},
    state::AppState,
};
use tower::ServiceExt;

/// A kind of input: a constructor of a request of about that many bytes.
type Kind = fn(usize) -> Request<Body>;

const GROUPS: &str = "/api/organizations/acme/groups";

const KINDS: &[(&str, Kind)] = &[
    ("path-unknown", |n| get(&format!("/api/{}", "x".repeat(n)))),
    ("path-segments", |n| {
        get(&format!("/api{}", "/groups".repeat(n / 7)))
    }),
    ("path-slashes", |n| get(&"/".repeat(n.max(1)))),
    ("path-percent", |n| {
        get(&format!("{GROUPS}/{}", "%41".repeat(n / 3)))
    }),
    ("query-names", |n| get(&format!("{GROUPS}?{}", names(n)))),
    ("query-one-name", |n| {
        get(&format!("{GROUPS}?{}", "a=&".repeat(n / 3)))
    }),
    ("query-search", |n| {
        get(&format!("{GROUPS}?q={}", "aab".repeat(n / 3)))
    }),
    ("query-with", |n| {
        get(&format!("{GROUPS}?with={}", "users,".repeat(n / 6)))
    }),
    ("query-nested", |n| {
        get(&format!("{GROUPS}?{}", "?a=".repeat(n / 3)))
    }),
    ("query-secrets", |n| {
        get(&format!("{GROUPS}?{}", "token=a&".repeat(n / 8)))
    }),
    ("header-long", |n| with("x-note", &"a".repeat(n))),
    ("header-signs", |n| {
        with("x-note", &"bearer eyJ.token=".repeat(n / 17))
    }),
    ("header-many", |n| {
        let mut request = get(GROUPS);
        for i in 0..n / 20 {
            let name = format!("x-header-{i}")
                .parse::<axum::http::HeaderName>()
                .unwrap();
            request
                .headers_mut()
                .insert(name, HeaderValue::from_static("v"));
        }
        request
    }),
    ("header-prefer", |n| {
        with("prefer", &"code=9,".repeat(n / 7))
    }),
    ("header-accept", |n| with("accept", &"a,".repeat(n / 2))),
    ("token", |n| {
        with("authorization", &format!("Bearer {}", "t".repeat(n.max(1))))
    }),
    ("token-in-path", |n| {
        let token = "t".repeat(n / 2 + 8);
        let mut request = get(&format!("/api/{token}"));
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
        request
    }),
    ("token-end-in-path", |n| {
        let path = "t".repeat(n / 2);
        let mut request = get(&format!("/api/{path}"));
        let value = format!("Bearer s{}", "t".repeat(n / 2 + 40)).parse();
        request
            .headers_mut()
            .insert("authorization", value.unwrap());
        request
    }),
    ("body-members", |n| {
        post(&json!({ "name": "A", "description": "d", "members": numbers(n / 7) }))
    }),
    ("body-wrong-members", |n| {
        post(&json!({ "members": vec!["x"; n / 4] }))
    }),
    ("body-guests", |n| {
        let guests: Vec<String> = (0..n / 20).map(|i| format!("guest-{i}@a.test")).collect();
        post(&json!({ "name": "A", "description": "d", "guests": guests }))
    }),
    ("body-unknown-keys", |n| post(&object(n))),
    ("body-name", |n| post(&json!({ "name": "n".repeat(n) }))),
    ("body-description", |n| {
        post(&json!({ "name": "A", "description": "é\"\\".repeat(n / 6) }))
    }),
    ("body-broken", |n| body("POST", GROUPS, "[".repeat(n))),
    ("body-secrets", |n| {
        body("POST", GROUPS, "password: x\n".repeat(n / 12))
    }),
    ("body-near-secrets", |n| {
        post(&json!({ "name": "A", "description": "toke passwor ".repeat(n / 13) }))
    }),
    ("oauth-parameters", |n| token(names(n))),
    ("oauth-one-parameter", |n| token("code=%41&".repeat(n / 9))),
    ("oauth-secrets", |n| {
        token(format!(
            "grant_type=password&password={}",
            "a%3D".repeat(n / 4)
        ))
    }),
    ("state-unknown-keys", |n| {
        control("PUT", "/_mock/state", &object(n))
    }),
    ("state-twice", |n| {
        body(
            "PUT",
            "/_mock/state",
            format!("{{{}\"version\":1}}", "\"a\":1,".repeat(n / 6)),
        )
    }),
    ("state-groups", |n| {
        let groups: Vec<Value> = (0..n / 30)
            .map(|i| json!({ "name": format!("Group {i}") }))
            .collect();
        control(
            "PUT",
            "/_mock/state",
            &json!({ "version": 1, "organizations": [{ "id": "acme", "groups": groups }] }),
        )
    }),
    ("rule-steps", |n| {
        control(
            "PUT",
            "/_mock/faults/r",
            &json!({ "steps": vec![json!({ "status": 500 }); n / 14] }),
        )
    }),
    ("rule-glob", |n| {
        control(
            "PUT",
            "/_mock/faults/r",
            &json!({ "match": { "path": format!("/{}", "*a".repeat(n / 200)) }, "steps": [{ "status": 500 }] }),
        )
    }),
    ("rule-mistakes", |n| {
        control(
            "PUT",
            "/_mock/faults/r",
            &json!({ "steps": vec![json!({ "x": 1 }); n / 7] }),
        )
    }),
    ("verify-body", |n| {
        control(
            "POST",
            "/_mock/requests/verify",
            &json!({ "operation": "groups.create", "body": object(n) }),
        )
    }),
    ("control-query", |n| {
        get(&format!("/_mock/requests?{}", names(n)))
    }),
];

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|it| !it.starts_with('-'))
        .collect();
    let [kind, size] = arguments.as_slice() else {
        for (name, _) in KINDS {
            println!("{name}");
        }
        return;
    };
    let (_, kind) = KINDS.iter().find(|(name, _)| name == kind).unwrap();
    ask(kind(size.parse().unwrap()));
}

fn ask(request: Request<Body>) {
    let config = Config {
        seed: Some(7),
        ..Config::default()
    };
    let mut state = AppState::new(&config, Fixture::demo(), "mock:1".into()).unwrap();
    let log = RequestLog::new(Format::Text { colour: false }, |line| {
        black_box(line);
    });
    state.request_log = Some(log);
    let app = App::new(Arc::new(state));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let all = [
        request,
        get("/_mock/requests"),
        control(
            "POST",
            "/_mock/requests/verify",
            &json!({ "operation": "users.list", "body": { "a": 1 } }),
        ),
    ];
    runtime.block_on(async {
        let events = app.clone().oneshot(get("/_mock/events")).await.unwrap();
        for request in all {
            let answer = app.clone().oneshot(request).await.unwrap();
            black_box(answer.into_body().collect().await.unwrap());
        }
        // The sign that it listens, and the first event, where there was one.
        let mut events = events.into_body();
        for _ in 0..2 {
            let event = std::pin::pin!(events.frame());
            black_box(futures_util::FutureExt::now_or_never(event));
        }
    });
}

fn request(method: &str, target: &str) -> axum::http::request::Builder {
    Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(target)
        .header("host", "localhost")
        .header("authorization", "Bearer some-token")
        .header("x-tallyfy-client", "bench")
        .header("content-type", "application/json")
}

fn get(target: &str) -> Request<Body> {
    request("GET", target).body(Body::empty()).unwrap()
}

fn with(name: &'static str, value: &str) -> Request<Body> {
    let mut request = get(GROUPS);
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn body(method: &str, target: &str, body: String) -> Request<Body> {
    request(method, target).body(body.into()).unwrap()
}

/// A request for a token, by a form.
fn token(form: String) -> Request<Body> {
    let mut request = body("POST", "/oauth/token", form);
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert("content-type", kind);
    request
}

fn post(json: &Value) -> Request<Body> {
    body("POST", GROUPS, json.to_string())
}

fn control(method: &str, target: &str, json: &Value) -> Request<Body> {
    body(method, target, json.to_string())
}

/// A query of different names.
fn names(bytes: usize) -> String {
    let names: Vec<String> = (0..bytes / 6).map(|i| format!("{i:04}=")).collect();
    names.join("&")
}

/// An object of different keys.
fn object(bytes: usize) -> Value {
    (0..bytes / 10)
        .map(|i| (format!("key-{i}"), Value::Null))
        .collect()
}

fn numbers(count: usize) -> Vec<usize> {
    (1..=count).collect()
}
