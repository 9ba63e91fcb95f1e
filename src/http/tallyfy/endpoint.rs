//! Endpoints: an operation of the API, its route and its handler.

use axum::http::Method;

use super::handler::Handler;
use crate::domain::{operation::Operation, provenance::Route};

/// An operation of the API with its route and handler.
#[derive(Debug)]
pub(in crate::http) struct Endpoint {
    pub(in crate::http) operation: Operation,
    pub(in crate::http) method: Method,
    pub(in crate::http) path: &'static str,
    pub(super) handler: Handler,
}

impl Endpoint {
    /// Where it is served and by what right, for those who only tell about it.
    pub(in crate::http) fn route(&'static self) -> Route {
        Route {
            operation: self.operation,
            method: self.method.as_str(),
            path: self.path,
            right: self.handler.right(),
        }
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
