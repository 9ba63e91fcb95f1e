//! What Tallyfy's API is: its routes, who may what, and what answers.

mod call;
mod directory;
mod groups;
mod handler;
mod paths;
mod rights;
pub(super) mod view;

use axum::http::Method;

use self::handler::Handler;
pub(super) use self::{call::Call, paths::normalise};
use super::{envelope::Answer, error::ApiError, exchange::Exchange};
use crate::domain::operation::Operation;

/// What the routes are served under: go.tallyfy.com has `/api`, api.tallyfy.com has nothing (evidence 1.2).
pub(super) const PREFIXES: [&str; 2] = ["/api", ""];

/// One operation of the API and where it is served.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) operation: Operation,
    pub(super) method: Method,
    pub(super) path: &'static str,
    handler: Handler,
}

impl Endpoint {
    /// The right that it needs, by name.
    pub(super) fn right(&self) -> &'static str {
        self.handler.right()
    }
}

#[cfg(test)]
impl Endpoint {
    /// An endpoint with a defect.
    pub(super) fn that_panics() -> Self {
        Self {
            operation: Operation::GetMe,
            method: Method::GET,
            path: "/panics",
            handler: Handler::SignedIn(|_, _| panic!("a test's own")),
        }
    }
}

/// Everything that is served, in one table.
pub(super) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    groups::ENDPOINTS.iter().chain(&directory::ENDPOINTS)
}

/// What is served on a path of the table.
pub(super) fn endpoints_on(path: &str) -> impl Iterator<Item = &'static Endpoint> {
    endpoints().filter(move |endpoint| endpoint.path == path)
}

/// The answer to a request that matched an endpoint, or else why there is none.
pub(super) async fn answer(endpoint: Option<&'static Endpoint>, call: Call<'_>) -> Answer {
    let exchange = call.exchange;
    let answer = match (endpoint, exchange.matched.path) {
        (Some(endpoint), _) => endpoint.handler.answer(call).await,
        (None, Some(path)) => Err(method_not_allowed(exchange, path)),
        (None, None) => Err(endpoint_not_found(exchange)),
    };
    answer.unwrap_or_else(Answer::from)
}

fn endpoint_not_found(exchange: &Exchange) -> ApiError {
    ApiError::EndpointNotFound(format!(
        "nearest known route: {}",
        paths::nearest(&exchange.method, exchange.uri.path())
    ))
}

/// The refusal of a method on a path where others are served.
pub(super) fn method_not_allowed(exchange: &Exchange, path: &str) -> ApiError {
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
