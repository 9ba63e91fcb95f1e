//! The errors of the API.

use std::borrow::Cow;

use axum::{
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::Value;

use super::{
    envelope::{Answer, json},
    long::Content,
};
use crate::{
    domain::{
        contract::{Contract, ForeignOrg, ValidationBody},
        validate::ValidationErrors,
    },
    tenant::Refusal,
};

/// An error of the API, one variant per kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400 `{"error":true,"message":"Malformed JSON in request body."}`
    ///
    /// Assumed: update-group lists 400 without a body (evidence 4.6).
    MalformedJson(String),
    /// 401 `{"error":true,"message":"Unauthenticated."}`
    ///
    /// As the official command line's tests have it (evidence 5.2).
    Unauthenticated(&'static str),
    /// 403 `{"error":true,"message":"This action is unauthorized."}`
    ///
    /// Laravel's own words (evidence 5.5, inferred).
    Unauthorized(&'static str),
    /// 404 `{"error":true,"message":"API endpoint not found","code":"ENDPOINT_NOT_FOUND"}`
    ///
    /// Troubleshooting (evidence 5.1).
    EndpointNotFound(String),
    /// 404 `{"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}`
    ///
    /// Troubleshooting (evidence 5.1); also for what belongs to another organization (evidence 5.5).
    ResourceNotFound,
    /// 405 `{"error":true,"message":"The PATCH method is not supported for route …. Supported methods: …."}` and `Allow`
    ///
    /// Laravel's own words (evidence 5.5, inferred).
    MethodNotAllowed {
        /// The method of the request.
        method: Method,
        /// Its path without the leading slash.
        route: String,
        /// The methods served there.
        allow: String,
    },
    /// 408 `{"error":true,"message":"Request Timeout"}`
    ///
    /// The mock's own: the body did not come within `--body-timeout`.
    RequestTimeout,
    /// 413 `{"error":true,"message":"Payload Too Large"}`
    ///
    /// Laravel's own words (inferred).
    PayloadTooLarge,
    /// 422 `{"error":true,"message":"The given data was invalid.","errors":{"name":["The name field is required."]}}`
    ///
    /// Which of the keys there are is the contract's `validation_body` (evidence 5.5).
    Invalid(ValidationErrors, ValidationBody),
    /// 429 `{"message":"You've reached the limit for API requests. Please try again later.","code":"RATE_LIMIT_EXCEEDED"}`
    /// and `Retry-After`, in whole seconds
    ///
    /// Troubleshooting (evidence 5.1); the one refusal without `error`.
    TooManyRequests {
        /// Seconds until a retry can succeed.
        retry_after: u64,
    },
    /// 500 `{"error":true,"message":"Server Error"}`
    ///
    /// A defect of the mock's; Laravel's own words (evidence 5.5, inferred).
    ServerError,
    /// Any other status `{"error":true,"message":"<its reason phrase>"}`
    ///
    /// Only by a fault or by steering; 503 is Laravel's own words (evidence 5.5, inferred).
    Other(StatusCode),
    /// 503 `{"error":true,"message":"Service Unavailable"}`
    ///
    /// The mock's own: one of its limits is reached, and which is said beside the answer.
    Unavailable(&'static str),
}

/// The reason of an organization's refusal, for people.
pub(super) fn reason(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::NoOrg => {
            Some("there is no such organization: the fixture declares others, and no `template`")
        }
        Refusal::NoGroup => Some("the organization has no such group"),
        Refusal::NoUser => Some("the organization has no such user"),
        Refusal::NoGuest => Some("the organization has no such guest"),
        Refusal::ForeignOrg => Some(FOREIGN_ORG),
        Refusal::Invalid(_) | Refusal::Full | Refusal::NoSpace => None,
    }
}

/// The reason of a refusal, for the log and a header.
#[derive(Debug, Clone)]
pub(super) struct Remark(pub(super) Cow<'static, str>);

const FOREIGN_ORG: &str = "the token is not for this organization";

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a ValidationErrors>,
}

impl ApiError {
    /// Turns an organization's refusal into an error, as the contract has it.
    pub fn of(refusal: Refusal, contract: &Contract) -> Self {
        match refusal {
            Refusal::NoOrg | Refusal::NoGroup | Refusal::NoUser | Refusal::NoGuest => {
                Self::ResourceNotFound
            }
            Refusal::ForeignOrg => match contract.foreign_org {
                ForeignOrg::Forbidden => Self::Unauthorized(FOREIGN_ORG),
                ForeignOrg::NotFound => Self::ResourceNotFound,
            },
            Refusal::Invalid(errors) => Self::Invalid(errors, contract.validation_body),
            Refusal::Full => {
                Self::Unavailable("there are as many organizations as `--max-organizations` allows")
            }
            Refusal::NoSpace => {
                Self::Unavailable("what is stored takes as much as `--max-stored` allows")
            }
        }
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MalformedJson(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Unauthorized(_) => StatusCode::FORBIDDEN,
            Self::EndpointNotFound(_) | Self::ResourceNotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(..) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Other(status) => *status,
            Self::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// How a `PATCH` of the groups is refused, as an example of its kind.
    pub(crate) fn of_a_patch() -> Self {
        Self::MethodNotAllowed {
            method: Method::PATCH,
            route: "api/organizations/acme/groups".to_owned(),
            allow: "GET, HEAD, POST".to_owned(),
        }
    }

    /// The body, for those who only tell about it.
    pub(crate) fn shown(&self) -> Value {
        serde_json::to_value(self.body()).expect("a refusal has only strings for keys")
    }

    fn body(&self) -> Body<'_> {
        let message = |message: Cow<'static, str>| Body {
            error: Some(true),
            message: Some(message),
            code: None,
            errors: None,
        };
        match self {
            Self::MalformedJson(_) => message("Malformed JSON in request body.".into()),
            Self::Unauthenticated(_) => message("Unauthenticated.".into()),
            Self::Unauthorized(_) => message("This action is unauthorized.".into()),
            Self::EndpointNotFound(_) => Body { code: Some("ENDPOINT_NOT_FOUND"), ..message("API endpoint not found".into()) },
            Self::ResourceNotFound => Body { code: Some("RESOURCE_NOT_FOUND"), ..message("Resource not found".into()) },
            Self::MethodNotAllowed { method, route, allow } => message(
                format!("The {method} method is not supported for route {route}. Supported methods: {allow}.").into(),
            ),
            Self::RequestTimeout => message("Request Timeout".into()),
            Self::PayloadTooLarge => message("Payload Too Large".into()),
            Self::Invalid(errors, shape) => invalid(errors, *shape),
            Self::TooManyRequests { .. } => Body {
                error: None,
                code: Some("RATE_LIMIT_EXCEEDED"),
                ..message("You've reached the limit for API requests. Please try again later.".into())
            },
            Self::Other(status) => message(status.canonical_reason().unwrap_or("Unknown Error").into()),
            Self::ServerError => message("Server Error".into()),
            Self::Unavailable(_) => message("Service Unavailable".into()),
        }
    }

    /// The reason, for the log.
    fn remark(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::MalformedJson(remark) | Self::EndpointNotFound(remark) => {
                Some(remark.clone().into())
            }
            Self::Unauthenticated(remark)
            | Self::Unauthorized(remark)
            | Self::Unavailable(remark) => Some((*remark).into()),
            Self::ResourceNotFound => Some("there is no such thing in this organization".into()),
            Self::Invalid(errors, _) => errors
                .iter()
                .next()
                .map(|(_, sentence)| sentence.to_owned().into()),
            Self::RequestTimeout => Some("the body did not come within `--body-timeout`".into()),
            Self::PayloadTooLarge => Some("the body is longer than `--max-body`".into()),
            // The method is the client's text, so it is not repeated.
            Self::MethodNotAllowed { allow, .. } => {
                Some(format!("the method is not served on this path; {allow} are").into())
            }
            Self::TooManyRequests { retry_after } => Some(
                format!("the token has used up `--rate-limit` in this organization; the next window begins in {retry_after} s")
                    .into(),
            ),
            Self::ServerError => Some("a defect of the mock's; please report it".into()),
            Self::Other(_) => None,
        }
    }
}

fn invalid(errors: &ValidationErrors, shape: ValidationBody) -> Body<'_> {
    let (error, message) = match shape {
        ValidationBody::Full => (Some(true), Some("The given data was invalid.".into())),
        ValidationBody::ErrorsOnly => (Some(true), None),
        ValidationBody::Laravel => (None, Some(summary(errors).into())),
    };
    Body {
        error,
        message,
        code: None,
        errors: Some(errors),
    }
}

/// Laravel's summary: the first sentence, and the number of further ones.
fn summary(errors: &ValidationErrors) -> String {
    let first = errors
        .iter()
        .next()
        .map_or("The given data was invalid.", |(_, sentence)| sentence);
    match errors.count() - 1 {
        0 => first.to_owned(),
        1 => format!("{first} (and 1 more error)"),
        more => format!("{first} (and {more} more errors)"),
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        Answer::from(error).map(Content::into_body)
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        let mut answer = json(error.status(), &error.body());
        let headers = answer.headers_mut();
        match &error {
            ApiError::MethodNotAllowed { allow, .. } => {
                let allow =
                    HeaderValue::from_str(allow).expect("names of methods fit into a header");
                headers.insert(header::ALLOW, allow);
            }
            ApiError::TooManyRequests { retry_after } => {
                headers.insert(header::RETRY_AFTER, (*retry_after).into());
            }
            _ => {}
        }
        if let Some(remark) = error.remark() {
            answer.extensions_mut().insert(Remark(remark));
        }
        answer
    }
}
