//! Requests that are made to fail: what steering and faults decided, done to the answer.

use axum::{
    Json,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{error::ApiError, method_not_allowed};
use crate::domain::{
    contract::{Contract, ValidationBody},
    validate::ValidationErrors,
};

/// What of a request an answer in Tallyfy's shape is made of.
#[derive(Debug)]
pub(super) struct Refused {
    method: Method,
    uri: Uri,
    matched: Option<MatchedPath>,
}

impl Refused {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            matched: request.extensions().get().cloned(),
        }
    }

    /// The answer of that status, in Tallyfy's own shape where no body is given.
    pub(super) async fn answer(
        self,
        status: StatusCode,
        body: Option<Value>,
        retry_after: Option<u64>,
        contract: &Contract,
    ) -> Response {
        let mut response = match body {
            Some(body) => (status, Json(body)).into_response(),
            None if status.is_client_error() || status.is_server_error() => self
                .error(status, retry_after, contract.validation_body)
                .await
                .into_response(),
            None => status.into_response(),
        };
        let headers = response.headers_mut();
        if status == StatusCode::TOO_MANY_REQUESTS {
            // The newest figure of the documentation's for all requests (evidence 5.5).
            headers.insert(
                HeaderName::from_static("x-ratelimit-limit"),
                HeaderValue::from_static("600"),
            );
            headers.insert(
                HeaderName::from_static("x-ratelimit-remaining"),
                HeaderValue::from_static("0"),
            );
        }
        if let Some(seconds) = retry_after {
            headers.insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }

    async fn error(
        self,
        status: StatusCode,
        retry_after: Option<u64>,
        shape: ValidationBody,
    ) -> ApiError {
        match status {
            StatusCode::BAD_REQUEST => ApiError::MalformedJson("asked for".into()),
            StatusCode::UNAUTHORIZED => ApiError::Unauthenticated("asked for"),
            StatusCode::FORBIDDEN => ApiError::Unauthorized("asked for"),
            StatusCode::NOT_FOUND => ApiError::ResourceNotFound,
            StatusCode::METHOD_NOT_ALLOWED => match self.matched {
                Some(matched) => method_not_allowed(self.method, matched, self.uri).await,
                None => ApiError::Other(status),
            },
            StatusCode::UNPROCESSABLE_ENTITY => {
                let mut errors = ValidationErrors::default();
                errors.add("name", "The name has already been taken.");
                ApiError::Invalid(errors, shape)
            }
            StatusCode::TOO_MANY_REQUESTS => ApiError::TooManyRequests {
                retry_after: retry_after.unwrap_or(1),
            },
            StatusCode::INTERNAL_SERVER_ERROR => ApiError::ServerError,
            other => ApiError::Other(other),
        }
    }
}
