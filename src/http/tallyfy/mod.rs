//! Tallyfy's API: routes, rights, handlers and views.

mod call;
mod directory;
mod endpoint;
mod groups;
mod handler;
mod oauth;
mod paths;
mod rights;
mod routes;
mod view;
mod weight;

use axum::http::Method;

pub use self::routes::served;
pub(super) use self::{
    call::Call,
    endpoint::Endpoint,
    oauth::refused_with as token_refused_with,
    paths::normalise,
    routes::{PREFIXES, endpoints, endpoints_on},
};
use super::{
    capacity::Capacity,
    envelope::Answer,
    error::{ApiError, Remark},
    exchange::Exchange,
};

/// Answers a request: by its endpoint's handler, or with an error if there is none.
pub(super) async fn answer(
    endpoint: Option<&'static Endpoint>,
    call: Call<'_>,
    capacity: &Capacity,
) -> Answer {
    let exchange = call.exchange;
    let answer = match (endpoint, exchange.matched.path) {
        (Some(endpoint), _) => endpoint.handler.answer(call, capacity).await,
        (None, Some(path)) => Err(method_not_allowed(exchange, path)),
        (None, None) => Err(endpoint_not_found(exchange)),
    };
    let mut answer = answer.unwrap_or_else(Answer::from);
    if let Some(why) = exchange.notes.reason() {
        answer.extensions_mut().insert(Remark(why.into()));
    }
    answer
}

fn endpoint_not_found(exchange: &Exchange) -> ApiError {
    ApiError::EndpointNotFound(paths::unknown(&exchange.method, exchange.uri.path()))
}

/// The error for a method on a path where only others are served.
pub(super) fn method_not_allowed(exchange: &Exchange, path: &str) -> ApiError {
    if let Some(why) = paths::elsewhere(&exchange.method, path, exchange.uri.path()) {
        exchange.notes.note_reason(why);
    }
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
