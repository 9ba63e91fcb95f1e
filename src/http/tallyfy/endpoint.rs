//! Endpoints: an operation of the API, its route and its handler.

use axum::http::Method;

use super::handler::Handler;
use crate::domain::operation::Operation;

/// An operation of the API with its route and handler.
#[derive(Debug)]
pub(in crate::http) struct Endpoint {
    pub(in crate::http) operation: Operation,
    pub(in crate::http) method: Method,
    pub(in crate::http) path: &'static str,
    pub(super) handler: Handler,
}

impl Endpoint {
    /// The name of the right that it needs.
    pub(in crate::http) fn right(&self) -> &'static str {
        self.handler.right()
    }
}

#[cfg(test)]
impl Endpoint {
    /// An endpoint whose handler panics.
    pub(in crate::http) fn that_panics() -> Self {
        Self {
            operation: Operation::GetMe,
            method: Method::GET,
            path: "/panics",
            handler: Handler::SignedIn(|_, _| panic!("a test's own")),
        }
    }
}
