//! What else a handler takes out of a request, with refusals in Tallyfy's shape.

use std::sync::Arc;

use axum::{
    BoxError,
    body::{Body, Bytes, HttpBody},
    extract::{FromRequest, FromRequestParts},
    http::{HeaderMap, Request, header, request::Parts},
};
use bytes::BytesMut;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;

use super::{
    error::ApiError,
    exchange::{Exchange, SentBody},
};
use crate::{
    domain::{
        contract::{BodyWithoutJsonType, Contract, MalformedJson},
        guest::Email,
        id::{GroupId, UserId},
        validate::Fields,
    },
    state::AppState,
};

/// The group's id in the path.
#[derive(Debug)]
pub(super) struct GroupPath(pub(super) GroupId);

impl<S: Sync> FromRequestParts<S> for GroupPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        last_in_path(parts, GroupId::parse).map(Self)
    }
}

/// The user's id in the path: a number; anything else is nobody's.
#[derive(Debug)]
pub(super) struct UserPath(pub(super) UserId);

impl<S: Sync> FromRequestParts<S> for UserPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let parse = |text: &str| text.parse().ok().and_then(UserId::new);
        last_in_path(parts, parse).map(Self)
    }
}

/// The guest's address in the path.
#[derive(Debug)]
pub(super) struct GuestPath(pub(super) Email);

impl<S: Sync> FromRequestParts<S> for GuestPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        last_in_path(parts, Email::parse).map(Self)
    }
}

/// What stands last in the path; what cannot be what it should be names nothing.
fn last_in_path<T>(parts: &Parts, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ApiError> {
    let last = Exchange::of(&parts.extensions).last_segment();
    last.and_then(|text| parse(&text))
        .ok_or(ApiError::ResourceNotFound)
}

/// The fields of a JSON body; an empty body has none.
#[derive(Debug)]
pub(super) struct Sent(pub(super) Fields);

impl FromRequest<Arc<AppState>> for Sent {
    type Rejection = ApiError;

    async fn from_request(request: Request<Body>, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let exchange = Exchange::of(&parts.extensions);
        let body = read(&exchange.headers, body, app.limits.max_body);
        let bytes = tokio::time::timeout(app.limits.body_timeout, body)
            .await
            .map_err(|_| ApiError::RequestTimeout)??;
        let fields = fields(&bytes, &exchange.headers, &app.contract);
        // Who keeps a record of requests finds it there; it is set once, so nothing is lost.
        let _ = exchange.body.set(SentBody {
            was_read: matches!(fields, Ok(Some(_))),
            bytes,
        });
        fields.map(|fields| Self(fields.unwrap_or_default()))
    }
}

/// The fields of a body; nothing where it is not read at all.
fn fields(
    bytes: &[u8],
    headers: &HeaderMap,
    contract: &Contract,
) -> Result<Option<Fields>, ApiError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if !says_json(headers) && contract.body_without_json_type == BodyWithoutJsonType::NoFields {
        let content_type = headers.get(header::CONTENT_TYPE);
        tracing::warn!(
            content_type = content_type.map_or("", |value| value.to_str().unwrap_or("?")),
            "the body was not read, as at Tallyfy: send `Content-Type: application/json`"
        );
        return Ok(None);
    }
    let refused = match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => return Ok(Some(fields)),
        Ok(_) => "the body is JSON, but not an object".to_owned(),
        Err(error) => format!("the body is not JSON: {error}"),
    };
    match contract.malformed_json {
        MalformedJson::BadRequest => Err(ApiError::MalformedJson(refused)),
        MalformedJson::NoFields => Ok(None),
    }
}

/// A body as it came, up to a limit.
pub(super) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(ApiError::PayloadTooLarge);
    }
    match gathered(body, limit).await {
        Ok(body) => Ok(body),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge),
        Err(error) => Err(ApiError::MalformedJson(format!(
            "the body ended early: {error}"
        ))),
    }
}

/// A body in one piece, up to a limit.
///
/// It is gathered as it comes: a list of its frames, as `BodyExt::collect` keeps it, is many times as
/// large as a body that is sent byte by byte.
pub(super) async fn gathered(body: Body, limit: usize) -> Result<Bytes, BoxError> {
    let mut body = Limited::new(body, limit);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// `application/json` or `…+json`, with any parameters.
fn says_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json" || (essence.contains('/') && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    use hyper::body::Frame;

    use super::*;

    /// A body of which each byte is a frame.
    struct Bytewise(Bytes);

    impl HttpBody for Bytewise {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let is_over = self.0.is_empty();
            Poll::Ready((!is_over).then(|| Ok(Frame::data(self.0.split_to(1)))))
        }
    }

    #[tokio::test]
    async fn a_body_that_comes_byte_by_byte_is_kept_in_one_piece() {
        let sent = Bytes::from_static(b"byte by byte");
        let bytewise = || Body::new(Bytewise(sent.clone()));
        assert_eq!(gathered(bytewise(), sent.len()).await.unwrap(), sent);
        let error = gathered(bytewise(), sent.len() - 1).await.unwrap_err();
        assert!(error.is::<LengthLimitError>());

        let whole = gathered(Body::from(sent.clone()), sent.len()).await;
        assert_eq!(whole.unwrap().as_ptr(), sent.as_ptr(), "it is not copied");
        assert!(gathered(Body::empty(), 0).await.unwrap().is_empty());
    }

    #[test]
    fn json_is_said_in_more_than_one_way() {
        let says = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            says_json(&headers)
        };
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/vnd.tallyfy+json",
        ] {
            assert!(says(json), "{json}");
        }
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonl",
            "+json",
            "text/json-ish",
        ] {
            assert!(!says(other), "{other}");
        }
        assert!(!says_json(&HeaderMap::new()));
    }
}
