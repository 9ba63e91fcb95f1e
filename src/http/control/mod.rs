//! The mock's own endpoints under `/_mock`: no token, no client header, no faults.

mod ask;
mod clock;
mod faults;
mod guard;
mod problem;
mod requests;
mod state;

use std::{any::Any, sync::Arc};

use axum::{
    Extension, Json, Router,
    extract::State,
    http::{Method, StatusCode, Uri},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{self, MethodRouter},
};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use self::problem::Problem;
use super::{
    body::finish_body,
    tallyfy::{PREFIXES, endpoints},
};
use crate::state::AppState;

type Handler = fn() -> MethodRouter<Arc<AppState>>;

/// Every control endpoint: method, path, handler.
static ENDPOINTS: &[(Method, &str, Handler)] = &[
    (Method::GET, "/_mock/health", || routing::get(health)),
    (Method::GET, "/_mock/ready", || routing::get(ready)),
    (Method::GET, "/_mock/routes", || routing::get(routes)),
    (Method::GET, "/_mock/state", || routing::get(state::show)),
    (Method::PUT, "/_mock/state", || routing::put(state::replace)),
    (Method::POST, "/_mock/seed", || routing::post(state::seed)),
    (Method::POST, "/_mock/reset", || routing::post(state::reset)),
    (Method::GET, "/_mock/requests", || {
        routing::get(requests::list)
    }),
    (Method::DELETE, "/_mock/requests", || {
        routing::delete(requests::clear)
    }),
    (Method::GET, "/_mock/requests/{id}", || {
        routing::get(requests::show)
    }),
    (Method::POST, "/_mock/requests/verify", || {
        routing::post(requests::verify)
    }),
    (Method::GET, "/_mock/events", || {
        routing::get(requests::events)
    }),
    (Method::GET, "/_mock/faults", || routing::get(faults::list)),
    (Method::DELETE, "/_mock/faults", || {
        routing::delete(faults::clear)
    }),
    (Method::GET, "/_mock/faults/{id}", || {
        routing::get(faults::show)
    }),
    (Method::PUT, "/_mock/faults/{id}", || {
        routing::put(faults::put)
    }),
    (Method::DELETE, "/_mock/faults/{id}", || {
        routing::delete(faults::remove)
    }),
    (Method::GET, "/_mock/clock", || routing::get(clock::show)),
    (Method::PUT, "/_mock/clock", || routing::put(clock::set)),
    (Method::POST, "/_mock/clock/advance", || {
        routing::post(clock::advance)
    }),
];

fn known() -> Vec<String> {
    ENDPOINTS
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect()
}

pub(super) fn router(app: Arc<AppState>) -> Router {
    let routes = ENDPOINTS
        .iter()
        .fold(Router::new(), |router, (_, path, handler)| {
            router.route(path, handler())
        });
    routes
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(unknown)
        .layer(Extension(requests::Streams::up_to(app.limits.max_streams)))
        .layer(from_fn_with_state(Arc::clone(&app), guard::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(finish_body))
        .with_state(app)
}

/// Whether this is the path of an endpoint for probes. They come by names and without tokens that nobody can foresee.
pub(super) fn is_probed(path: &str) -> bool {
    ["/_mock/health", "/_mock/ready"].contains(&path.trim_end_matches('/'))
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
    let stored = app.tenants.stored();
    Json(json!({
        "status": "ready",
        "organizations": stored.len(),
        "groups": stored.iter().map(|org| org.groups().len()).sum::<usize>(),
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
                "right": endpoint.right(),
            })
        })
        .collect();
    Json(json!({ "prefixes": PREFIXES, "routes": routes }))
}

async fn unknown(uri: Uri) -> Problem {
    let detail = format!("there is no control endpoint `{}`", uri.path());
    Problem::new(StatusCode::NOT_FOUND, detail).with("known", known().into())
}

async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("`{method}` does nothing on `{}`", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).with("known", known().into())
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "a defect of the mock's; please report it",
    )
    .into_response()
}
