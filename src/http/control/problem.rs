//! Errors of control endpoints: RFC 9457 problem JSON.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{fixture::FixtureError, state::Refusal};

/// The content type of problems.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// A problem: a status, a detail, and members of its own.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Mistake>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

#[derive(Debug, Serialize)]
struct Mistake {
    path: String,
    message: String,
}

impl Problem {
    /// Upper bound on listed mistakes; the detail has their number.
    const LISTED: usize = 2001;

    pub(in crate::http) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Refused"),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
        }
    }

    /// A body or a query with mistakes, each with its path.
    pub(super) fn invalid(mistakes: Vec<(String, String)>) -> Self {
        let detail = match mistakes.as_slice() {
            [(path, message)] if path.is_empty() => message.clone(),
            [(path, message)] => format!("{path}: {message}"),
            several => format!("there are {} mistakes", several.len()),
        };
        let errors = mistakes
            .into_iter()
            .take(Self::LISTED)
            .map(|(path, message)| Mistake { path, message })
            .collect();
        Self {
            errors,
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    pub(super) fn with(mut self, member: &str, value: Value) -> Self {
        self.members.insert(member.to_owned(), value);
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(FixtureError { problems }) => Self::invalid(
                problems
                    .into_iter()
                    .map(|problem| (problem.path, problem.message))
                    .collect(),
            ),
            Refusal::NoOrg(_) => Self::new(StatusCode::NOT_FOUND, refusal.to_string()),
            Refusal::Full | Refusal::NoSpace => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, refusal.to_string())
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).expect("a problem has only strings for keys");
        (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response()
    }
}
