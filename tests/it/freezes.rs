//! Long requests block no others: while one computes, others are answered on the only thread that polls sockets.

use axum::{body::Body, http::Request};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tallyfy_mock::http::App;
use tower::ServiceExt;

use crate::support::{TestApp, request};

const GROUPS: usize = 20_000;

fn large() -> TestApp {
    let groups: Vec<Value> = (0..GROUPS)
        .map(|i| json!({ "name": format!("Group {i}"), "members": [1, 2] }))
        .collect();
    TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": groups }], "template": {} }),
    )
}

async fn status(app: App, request: Request<Body>) -> u16 {
    let answer = app.oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    answer.into_body().collect().await.unwrap();
    status
}

#[test]
fn what_takes_long_is_not_computed_where_sockets_are_polled() {
    let app = large();
    let state = app.look("/_mock/state").body;
    let members: Vec<usize> = (1..20_000).collect();
    let body = json!({ "name": "Large", "description": "d", "members": members }).to_string();
    let groups = "/api/organizations/acme/groups";
    let heavy = [
        ("GET", format!("{groups}?q=nothing"), String::new(), 200),
        ("GET", format!("{groups}?with=users"), String::new(), 200),
        ("POST", groups.to_owned(), body, 201),
        ("GET", format!("{groups}?page=2001"), String::new(), 200),
        (
            "GET",
            "/api/organizations/acme/users?with=groups".into(),
            String::new(),
            200,
        ),
        (
            "GET",
            "/api/organizations/acme/guests?sort=email".into(),
            String::new(),
            200,
        ),
        ("GET", "/_mock/state".into(), String::new(), 200),
        ("PUT", "/_mock/state".into(), state, 204),
        ("GET", "/_mock/requests".into(), String::new(), 200),
        ("POST", "/_mock/reset".into(), String::new(), 204),
    ];
    for (method, path, body, wanted) in heavy {
        app.block_on(async |app| {
            let held_up = app.hold_up();
            let asked = tokio::spawn(status(app.clone(), request(method, &path, body)));
            for _ in 0..5 {
                let health = request("GET", "/_mock/health", "");
                assert_eq!(status(app.clone(), health).await, 200);
                tokio::task::yield_now().await;
            }
            let computed = "was computed where sockets are polled";
            assert!(!asked.is_finished(), "{method} {path} {computed}");
            drop(held_up);
            assert_eq!(asked.await.unwrap(), wanted, "{method} {path}");
        });
    }
}

#[test]
fn what_is_light_is_answered_at_once() {
    let app = large();
    let groups = "/api/organizations/acme/groups";
    let id = app.as_manager().list_groups("acme", "").json()["data"][0]["id"].clone();
    for path in [
        format!("{groups}?page=7"),
        format!("{groups}/{}", id.as_str().unwrap()),
    ] {
        app.block_on(async |app| {
            let asked = status(app, request("GET", &path, ""));
            assert_eq!(asked.now_or_never(), Some(200), "{path}");
        });
    }
}
