//! One operation of the API: where it is served, and what answers.

use axum::http::Method;

use super::handler::Handler;
use crate::domain::operation::Operation;

/// One operation of the API and where it is served.
#[derive(Debug)]
pub(in crate::http) struct Endpoint {
    pub(in crate::http) operation: Operation,
    pub(in crate::http) method: Method,
    pub(in crate::http) path: &'static str,
    pub(super) handler: Handler,
}

impl Endpoint {
    /// The right that it needs, by name.
    pub(in crate::http) fn right(&self) -> &'static str {
        self.handler.right()
    }
}

#[cfg(test)]
impl Endpoint {
    /// An endpoint with a defect.
    pub(in crate::http) fn that_panics() -> Self {
        Self {
            operation: Operation::GetMe,
            method: Method::GET,
            path: "/panics",
            handler: Handler::SignedIn(|_, _| panic!("a test's own")),
        }
    }
}
