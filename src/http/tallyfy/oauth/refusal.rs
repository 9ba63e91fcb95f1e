//! Error responses of `/oauth/token`: RFC 6749, 5.2, with what Laravel Passport adds.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    domain::{grant::GrantRefusal, operation::Operation},
    http::{
        envelope::{Answer, json},
        error::Remark,
    },
};

#[derive(Serialize)]
struct Body {
    error: &'static str,
    error_description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Cow<'static, str>>,
    /// The same as the description, for clients of Laravel.
    message: &'static str,
}

pub(super) fn refused(refusal: GrantRefusal, headers: &HeaderMap) -> Answer {
    let mut answer = answer(refusal);
    answer.extensions_mut().insert(Remark(refusal.reason()));
    let is_tried = headers.contains_key(header::AUTHORIZATION);
    if answer.status() == StatusCode::UNAUTHORIZED && is_tried {
        // RFC 6749, 5.2.
        let basic = HeaderValue::from_static("Basic realm=\"OAuth\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
    }
    answer
}

/// The OAuth error with that status, for a fault or steering; `None` for another operation or status.
pub(in crate::http) fn refused_with(
    operation: Option<Operation>,
    status: StatusCode,
) -> Option<Answer> {
    let refusal = match (operation?, status) {
        (Operation::IssueToken, StatusCode::BAD_REQUEST) => GrantRefusal::InvalidGrant,
        (Operation::IssueToken, StatusCode::UNAUTHORIZED) => GrantRefusal::InvalidClient(""),
        _ => return None,
    };
    Some(answer(refusal))
}

fn answer(refusal: GrantRefusal) -> Answer {
    let status = match refusal {
        GrantRefusal::InvalidClient(_) => StatusCode::UNAUTHORIZED,
        GrantRefusal::UnsupportedGrantType(_)
        | GrantRefusal::Missing(_)
        | GrantRefusal::InvalidCredentials(_)
        | GrantRefusal::InvalidRefreshToken(_)
        | GrantRefusal::UnknownRefreshToken
        | GrantRefusal::InvalidCode(_)
        | GrantRefusal::UnknownCode
        | GrantRefusal::InvalidGrant => StatusCode::BAD_REQUEST,
    };
    let body = Body {
        error: refusal.error(),
        error_description: refusal.description(),
        hint: refusal.hint(),
        message: refusal.description(),
    };
    json(status, &body)
}
