//! The mock's own endpoints under `/_mock`: no token, no client header, no faults.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use super::{PREFIXES, endpoints};
use crate::state::AppState;

const PATHS: &[&str] = &["/_mock/health", "/_mock/ready", "/_mock/routes"];

pub(super) fn router(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/_mock/health", get(health))
        .route("/_mock/ready", get(ready))
        .route("/_mock/routes", get(routes))
        .fallback(unknown)
        .with_state(app)
}

/// That the process answers, and what it is.
async fn health(State(app): State<Arc<AppState>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "edition": app.edition.name(),
    }))
}

/// That the fixtures are in: a mock listens only once they are, so the answer counts what it holds.
async fn ready(State(app): State<Arc<AppState>>) -> Json<Value> {
    Json(json!({
        "status": "ready",
        "organizations": app.world().store.org_count(),
        "groups": app.world().store.group_count(),
    }))
}

/// What is served: every operation with its method, path and the right that it needs, under each prefix.
async fn routes() -> Json<Value> {
    let routes: Vec<Value> = endpoints()
        .map(|endpoint| {
            json!({
                "operation": endpoint.operation.name(),
                "method": endpoint.method.as_str(),
                "path": endpoint.path,
                "right": endpoint.right.name(),
            })
        })
        .collect();
    Json(json!({ "prefixes": PREFIXES, "routes": routes }))
}

async fn unknown(uri: Uri) -> Response {
    problem(
        StatusCode::NOT_FOUND,
        &format!("there is no control endpoint `{}`", uri.path()),
        json!({ "known": PATHS }),
    )
}

/// A refusal as RFC 9457 problem JSON, with members of its own.
fn problem(status: StatusCode, detail: &str, members: Value) -> Response {
    let mut problem = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    if let (Value::Object(problem), Value::Object(members)) = (&mut problem, members) {
        problem.extend(members);
    }
    let content_type: [(HeaderName, &str); 1] =
        [(header::CONTENT_TYPE, "application/problem+json")];
    (status, content_type, problem.to_string()).into_response()
}
