//! HTTP: the route table and the order of layers. The only folder that knows axum.

mod auth;
mod control;
mod directory;
mod envelope;
mod error;
mod exchange;
mod extract;
mod groups;
mod layers;
mod misbehave;
mod observe;
mod paths;
mod steering;
mod unread;
mod view;

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    extract::{MatchedPath, Request},
    http::{self, Method, Uri},
    response::Response,
    routing::{MethodRouter, future::RouteFuture},
};
use tower::Service;

pub use self::error::ApiError;
use crate::{domain::operation::Operation, state::AppState};

/// What the Tallyfy routes are served under: go.tallyfy.com has `/api`, api.tallyfy.com has nothing (evidence 1.2).
const PREFIXES: [&str; 2] = ["/api", ""];

/// One operation of the API and where it is served.
struct Endpoint {
    operation: Operation,
    method: Method,
    path: &'static str,
    right: Right,
    handler: fn() -> MethodRouter<Arc<AppState>>,
}

/// What a token's user must be in the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// Anybody, in no organization in particular.
    SignedIn,
    Member,
    ManageGroups,
    Admin,
}

impl Right {
    fn name(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Member => "member",
            Self::ManageGroups => "manage_groups",
            Self::Admin => "admin",
        }
    }
}

/// Everything that is served, in one table.
fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    groups::ENDPOINTS.iter().chain(&directory::ENDPOINTS)
}

/// What is served on a matched path, under either prefix.
fn endpoints_on(matched: &str) -> impl Iterator<Item = &'static Endpoint> {
    let path = matched.strip_prefix("/api").unwrap_or(matched);
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
        let mut routes = Router::new();
        for endpoint in endpoints() {
            for prefix in PREFIXES {
                routes = routes.route(&format!("{prefix}{}", endpoint.path), (endpoint.handler)());
            }
        }
        let routes = routes
            .method_not_allowed_fallback(method_not_allowed)
            .fallback(endpoint_not_found)
            .with_state(Arc::clone(&state));
        Self {
            tallyfy: layers::around(routes, Arc::clone(&state)),
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
        let mut request = request.map(Body::new);
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

async fn endpoint_not_found(method: Method, uri: Uri) -> ApiError {
    ApiError::EndpointNotFound(format!(
        "nearest known route: {}",
        paths::nearest(&method, uri.path())
    ))
}

async fn method_not_allowed(method: Method, matched: MatchedPath, uri: Uri) -> ApiError {
    let mut allow = Vec::new();
    for endpoint in endpoints_on(matched.as_str()) {
        allow.push(endpoint.method.as_str());
        if endpoint.method == Method::GET {
            allow.push("HEAD");
        }
    }
    ApiError::MethodNotAllowed {
        method,
        route: uri.path().trim_start_matches('/').to_owned(),
        allow: allow.join(", "),
    }
}
