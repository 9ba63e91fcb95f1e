//! `POST /oauth/token`: a token for a password, for a client's own secret, for a refresh token or for an
//! authorization code (evidence 8.7).

pub(super) mod parameters;
mod refusal;

use axum::{
    body::Bytes,
    http::{HeaderValue, Method, StatusCode, header},
};
use serde::Serialize;

pub(in crate::http) use self::refusal::refused_with;
use self::{parameters::parameters, refusal::refused};
use super::{call::Call, endpoint::Endpoint, handler::Handler};
use crate::{
    domain::{
        contract::OAuthBody,
        grant::{GrantRefusal, GrantRequest, Parameters},
        operation::Operation,
    },
    http::{
        envelope::{self, Answer, Reply},
        exchange::SentBody,
    },
    tenant::Granted,
};

/// go.tallyfy.com has it with `/api` and without, account.tallyfy.com without (evidence 1.3).
pub(super) static ENDPOINTS: [Endpoint; 1] = [Endpoint {
    operation: Operation::IssueToken,
    method: Method::POST,
    path: "/oauth/token",
    handler: Handler::Anyone(issue),
}];

/// The keys of league/oauth2-server, in its order, as in the guide's example (evidence 8.7).
#[derive(Serialize)]
struct GrantedView<'a> {
    token_type: &'static str,
    expires_in: u32,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

fn issue(call: &Call<'_>, body: &Bytes) -> Reply {
    let headers = &call.exchange.headers;
    let reads_json = call.contract().oauth_body == OAuthBody::FormOrJson;
    let read = parameters(headers, body, reads_json);
    call.exchange.notes.note_body(SentBody {
        bytes: parameters::recorded(headers, body),
        was_read: read.is_ok(),
    });
    if let Err(why) = &read
        && !body.is_empty()
    {
        call.exchange.notes.note_body_unread(why);
    }
    Reply::Ready(match granted(call, &read.unwrap_or_default()) {
        Ok(granted) => answered(&granted),
        Err(refusal) => refused(refusal, headers),
    })
}

fn granted(call: &Call<'_>, parameters: &Parameters) -> Result<Granted, GrantRefusal> {
    let request = GrantRequest::parse(parameters)?;
    let (app, held) = (call.app, &call.exchange.held);
    app.tenants.grant(held, &request, call.now(), &app.ids)
}

fn answered(granted: &Granted) -> Answer {
    let view = GrantedView {
        token_type: "Bearer",
        expires_in: granted.expires_in,
        access_token: &granted.access,
        refresh_token: granted.refresh.as_deref(),
    };
    let mut answer = envelope::json(StatusCode::OK, &view);
    let headers = answer.headers_mut();
    // RFC 6749, 5.1.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}
