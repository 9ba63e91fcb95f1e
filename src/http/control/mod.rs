//! The mock's own endpoints under `/_mock`: no token, no client header, no faults.

mod ask;
mod clock;
mod contract;
mod coverage;
mod events;
mod faults;
mod guard;
mod openapi;
mod organizations;
mod problem;
mod requests;
mod state;

use std::{any::Any, sync::Arc};

use axum::{
    Extension, Json, Router,
    extract::State,
    http::{Method, StatusCode, Uri, header},
    middleware::{from_fn, from_fn_with_state, map_response},
    response::{IntoResponse, Response},
    routing::{self, MethodFilter, MethodRouter},
};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;

use self::ask::{Asked, Control};
pub(super) use self::{guard::is_this_machine, problem::Problem};
use super::{
    body::finish_body,
    capacity::{Capacity, NO_ROOM_FOR_ANSWER},
    long::Source,
    page,
    tallyfy::{Endpoint, PREFIXES, endpoints},
};
use crate::{
    json::Written,
    openapi::{CONTROL_ENDPOINTS, ControlEndpoint},
    state::AppState,
};

type Handler = fn(MethodFilter) -> MethodRouter<Control>;

/// A handler that runs in the pool, as parsing and answering may take long.
fn on_pool<T: IntoResponse + 'static>(
    method: MethodFilter,
    answer: fn(&AppState, Asked) -> Result<T, Problem>,
) -> MethodRouter<Control> {
    let handler = async move |State(Control { app, capacity }): State<Control>, asked: Asked| {
        let answered = capacity
            .pool
            .run(move || answer(&app, asked).into_response());
        answered.await
    };
    routing::on(method, handler)
}

/// The same for a long answer, which is streamed.
fn long_on_pool<T: Written>(
    method: MethodFilter,
    answer: fn(&AppState, Asked) -> Result<T, Problem>,
) -> MethodRouter<Control> {
    let handler = async move |State(Control { app, capacity }): State<Control>, asked: Asked| {
        let begin = move || answer(&app, asked).map(Source::or_short);
        let body = match capacity.pool.run(begin).await? {
            Ok(short) => short,
            Err(source) => source
                .written(&capacity)
                .await
                .map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM_FOR_ANSWER))?,
        };
        let json = [(header::CONTENT_TYPE, "application/json")];
        Ok::<_, Problem>((json, body.into_body()))
    };
    routing::on(method, handler)
}

/// What answers each control endpoint, under the name that it has in the OpenAPI document. The document's table has its
/// method and its path.
static HANDLERS: &[(&str, Handler)] = &[
    ("health", |on| routing::on(on, health)),
    ("ready", |on| routing::on(on, ready)),
    ("routes", |on| routing::on(on, routes)),
    ("openapi", |on| routing::on(on, openapi::show)),
    ("ca", |on| routing::on(on, certificate)),
    ("contract", |on| on_pool(on, contract::show)),
    ("organizations", |on| on_pool(on, organizations::list)),
    ("changes", |on| long_on_pool(on, organizations::changes)),
    ("coverage", |on| on_pool(on, coverage::show)),
    ("state.get", |on| long_on_pool(on, state::show)),
    ("state.replace", |on| on_pool(on, state::replace)),
    ("seed", |on| on_pool(on, state::seed)),
    ("reset", |on| on_pool(on, state::reset)),
    ("requests.list", |on| long_on_pool(on, requests::list)),
    ("requests.clear", |on| on_pool(on, requests::clear)),
    ("requests.get", |on| on_pool(on, requests::show)),
    ("requests.body", |on| on_pool(on, requests::body)),
    ("requests.verify", |on| on_pool(on, requests::verify)),
    ("events", |on| routing::on(on, events::listen)),
    ("faults.list", |on| long_on_pool(on, faults::list)),
    ("faults.clear", |on| on_pool(on, faults::clear)),
    ("faults.get", |on| on_pool(on, faults::show)),
    ("faults.put", |on| on_pool(on, faults::put)),
    ("faults.remove", |on| on_pool(on, faults::remove)),
    ("clock.get", |on| on_pool(on, clock::show)),
    ("clock.set", |on| on_pool(on, clock::set)),
    ("clock.advance", |on| on_pool(on, clock::advance)),
];

/// The control endpoints, each with its handler.
fn handled() -> impl Iterator<Item = (&'static ControlEndpoint, Handler)> {
    CONTROL_ENDPOINTS.iter().filter_map(|endpoint| {
        let handler = HANDLERS.iter().find(|(name, _)| *name == endpoint.name)?;
        Some((endpoint, handler.1))
    })
}

fn filter(method: &str) -> MethodFilter {
    match method {
        "PUT" => MethodFilter::PUT,
        "POST" => MethodFilter::POST,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

fn known() -> Vec<String> {
    handled()
        .map(|(endpoint, _)| format!("{} {}", endpoint.method, endpoint.path))
        .collect()
}

pub(super) fn router(app: Arc<AppState>, capacity: Capacity) -> Router {
    let routes = handled().fold(Router::new(), |router, (endpoint, handler)| {
        router.route(endpoint.path, handler(filter(endpoint.method)))
    });
    let routes = page::FILES.iter().fold(routes, |router, file| {
        router.route(file.path, routing::get(file))
    });
    routes
        .route("/", routing::get(page::send_on))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(unknown)
        .layer(Extension(events::Streams::up_to(app.limits.max_streams)))
        .layer(from_fn_with_state(Arc::clone(&app), guard::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(finish_body))
        .layer(map_response(page::keep_to_itself))
        .with_state(Control { app, capacity })
}

/// Whether this is the path of an endpoint for probes. They come by names and without tokens that nobody can foresee.
pub(super) fn is_probed(path: &str) -> bool {
    ["/_mock/health", "/_mock/ready"].contains(&path.trim_end_matches('/'))
}

/// Health: the process answers, with its name and version, and the number of refused requests for other hosts.
async fn health(State(Control { app, .. }): State<Control>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "edition": app.edition.name(),
        "not_forwarded": app.not_forwarded(),
    }))
}

/// Readiness: a mock listens once its fixtures are loaded, so this always succeeds and counts what it holds.
async fn ready(State(Control { app, .. }): State<Control>) -> Json<Value> {
    let stored = app.tenants.stored();
    Json(json!({
        "status": "ready",
        "organizations": stored.len(),
        "groups": stored.iter().map(|org| org.groups().len()).sum::<usize>(),
    }))
}

/// Every served operation with its method, path and right, and the prefixes.
async fn routes() -> Json<Value> {
    let routes: Vec<Value> = endpoints()
        .map(Endpoint::route)
        .map(|route| {
            json!({
                "operation": route.operation.name(),
                "method": route.method,
                "path": route.path,
                "right": route.right.name(),
            })
        })
        .collect();
    Json(json!({ "prefixes": PREFIXES, "routes": routes }))
}

/// The certificate that clients have to trust, where TLS is spoken.
async fn certificate(State(Control { app, .. }): State<Control>) -> Result<Response, Problem> {
    let Some(pem) = &app.ca_pem else {
        let detail = "this mock speaks no TLS, so there is no certificate to trust; `--tls` makes it speak TLS";
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    let kind = [(header::CONTENT_TYPE, "application/x-pem-file")];
    Ok((kind, pem.clone()).into_response())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_of_the_document_has_a_handler_and_no_other_has_one() {
        let described = CONTROL_ENDPOINTS.iter().map(|endpoint| endpoint.name);
        let handled = HANDLERS.iter().map(|(name, _)| *name);
        assert!(described.eq(handled));
    }
}
