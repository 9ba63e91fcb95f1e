//! HTTP: the route table and the order of layers. The only folder that knows axum.

mod auth;
mod call;
mod control;
mod directory;
mod envelope;
mod error;
mod exchange;
mod groups;
mod handler;
mod layers;
mod misbehave;
mod observe;
mod paths;
mod steering;
mod unread;
mod view;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{self, Method},
    response::Response,
    routing::{MethodFilter, MethodRouter, future::RouteFuture},
};
use tower::Service;

pub use self::error::ApiError;
use self::{exchange::Exchange, handler::Handler};
use crate::{domain::operation::Operation, state::AppState};

/// What the Tallyfy routes are served under: go.tallyfy.com has `/api`, api.tallyfy.com has nothing (evidence 1.2).
const PREFIXES: [&str; 2] = ["/api", ""];

/// One operation of the API and where it is served.
#[derive(Debug)]
struct Endpoint {
    operation: Operation,
    method: Method,
    path: &'static str,
    handler: Handler,
}

/// What a request matched.
#[derive(Debug, Clone, Copy)]
enum Matched {
    Endpoint(&'static Endpoint),
    /// A path where something is served, but not by this method.
    Path(&'static str),
    Nothing,
}

impl Matched {
    /// The path, as it is in the table of endpoints.
    fn path(self) -> Option<&'static str> {
        match self {
            Self::Endpoint(endpoint) => Some(endpoint.path),
            Self::Path(path) => Some(path),
            Self::Nothing => None,
        }
    }
}

/// Everything that is served, in one table.
fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    groups::ENDPOINTS.iter().chain(&directory::ENDPOINTS)
}

/// What is served on a path of the table.
fn endpoints_on(path: &str) -> impl Iterator<Item = &'static Endpoint> {
    endpoints().filter(move |endpoint| endpoint.path == path)
}

/// The whole mock as one service: Tallyfy's routes within their layers, and beside them, outside
/// all of it, the control endpoints.
#[derive(Debug, Clone)]
pub struct App {
    tallyfy: Router,
    control: Router,
}

impl App {
    /// The service over that state.
    pub fn new(state: Arc<AppState>) -> Self {
        let route = layers::Route::of(Arc::clone(&state));
        let paths: BTreeSet<_> = endpoints().map(|endpoint| endpoint.path).collect();
        let mut tallyfy = Router::new().fallback_service(route(Matched::Nothing));
        for path in paths {
            let mut methods = MethodRouter::new().fallback_service(route(Matched::Path(path)));
            for endpoint in endpoints_on(path) {
                let method = MethodFilter::try_from(endpoint.method.clone());
                let method = method.expect("the table holds methods that axum knows");
                methods = methods.on_service(method, route(Matched::Endpoint(endpoint)));
            }
            for prefix in PREFIXES {
                tallyfy = tallyfy.route(&format!("{prefix}{path}"), methods.clone());
            }
        }
        Self {
            tallyfy,
            control: control::router(state),
        }
    }
}

impl<B> Service<http::Request<B>> for App
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // A body that is over before it began need not be boxed.
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(body)
            }
        });
        paths::normalise(request.uri_mut());
        let path = request.uri().path();
        let is_control = path
            .strip_prefix("/_mock")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let router = if is_control {
            &mut self.control
        } else {
            &mut self.tallyfy
        };
        Service::<Request>::call(router, request)
    }
}

fn endpoint_not_found(exchange: &Exchange) -> ApiError {
    ApiError::EndpointNotFound(format!(
        "nearest known route: {}",
        paths::nearest(&exchange.method, exchange.uri.path())
    ))
}

fn method_not_allowed(exchange: &Exchange, path: &str) -> ApiError {
    let mut allow = Vec::new();
    for endpoint in endpoints_on(path) {
        allow.push(endpoint.method.as_str());
        if endpoint.method == Method::GET {
            allow.push("HEAD");
        }
    }
    ApiError::MethodNotAllowed {
        method: exchange.method.clone(),
        route: exchange.uri.path().trim_start_matches('/').to_owned(),
        allow: allow.join(", "),
    }
}
