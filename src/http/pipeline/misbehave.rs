//! Applies steering and fault rules to an answer.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use serde_json::Value;
use tokio::time::{Sleep, sleep};
use uuid::Uuid;

use super::{limits::limited, steering::Steering};
use crate::{
    domain::{contract::ValidationBody, validate::ValidationErrors},
    http::{
        capacity::Capacity,
        envelope::{Answer, empty, json},
        error::{ApiError, Remark},
        exchange::{Exchange, unprefixed},
        long::Content,
        tallyfy::{Call, Endpoint, method_not_allowed, token_refused_with},
    },
    socket::Order,
    state::AppState,
    tenant::rules::{Asked, Effect, Fault, Strike, Write},
};

/// The reason of a refusal by steering.
const STEERED: &str =
    "asked for by the request itself: `Prefer`, `__code` or `x-mock-response-code`";

/// On an answer that is sent in [`PIECES`] with a pause before each.
#[derive(Debug, Clone)]
struct Slowly {
    pause: Duration,
    /// How many bytes the answer has.
    length: usize,
}

/// Applies to a request its own steering, or else the first matching rule; otherwise has it answered.
pub(super) async fn misbehave(
    endpoint: Option<&'static Endpoint>,
    call: Call<'_>,
    capacity: &Capacity,
) -> Answer {
    if !call.exchange.has_one_host {
        call.note_body(capacity).await;
        return ApiError::Other(StatusCode::BAD_REQUEST).into();
    }
    match strike(call.app, call.exchange) {
        None => limited(endpoint, call, capacity).await,
        // Boxed because few requests are struck, and inline it would enlarge the future of each.
        Some(strike) => Box::pin(carry_out(endpoint, call, strike, capacity)).await,
    }
}

/// What happens to a request.
fn strike(app: &AppState, exchange: &Exchange) -> Option<Strike> {
    if app.steering
        && let Some(steering) = Steering::of(&exchange.headers, &exchange.uri, &exchange.notes)
    {
        let effect = steering.code.map(|status| Effect::Status {
            status,
            body: None,
            retry_after: None,
        });
        return Some(Strike {
            rule: "steering".into(),
            delay: steering.delay,
            effect,
            write: Write::Before,
            is_last: false,
        });
    }
    let strike = exchange.held.strike(&Asked {
        operation: exchange.matched.operation,
        method: exchange.method.as_str(),
        path: unprefixed(exchange.uri.path()),
        org: exchange.org.as_ref(),
        token: exchange.bearer(),
    })?;
    exchange.notes.note_strike(Arc::clone(&strike.rule));
    Some(strike)
}

async fn carry_out(
    endpoint: Option<&'static Endpoint>,
    call: Call<'_>,
    strike: Strike,
    capacity: &Capacity,
) -> Answer {
    let Call { app, exchange, .. } = call;
    let is_safe = matches!(exchange.method, Method::GET | Method::HEAD);
    // A truncated answer needs a whole one; before the write, that of a read-only request.
    let needs_answer = match &strike.effect {
        None => true,
        Some(Effect::Fault(Fault::TruncatedBody | Fault::SlowBody { .. })) => is_safe,
        Some(Effect::Fault(_) | Effect::Status { .. }) => false,
    };
    let delay = strike.delay.unwrap_or_default();
    let answer = match strike.write {
        // The change is made before the delay begins: "timed out, but done".
        Write::After => {
            let answer = limited(endpoint, call, capacity).await;
            if is_client_gone(exchange, delay).await {
                return gone(exchange);
            }
            answer
        }
        Write::Before if is_client_gone(exchange, delay).await => return gone(exchange),
        Write::Before if needs_answer => limited(endpoint, call, capacity).await,
        Write::Before => {
            call.note_body(capacity).await;
            ApiError::ServerError.into()
        }
    };
    match strike.effect {
        None => answer,
        Some(Effect::Status {
            status,
            body,
            retry_after,
        }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut answer = refused(app, exchange, status, body, retry_after);
            // The usual reason of this status does not apply here.
            answer.extensions_mut().remove::<Remark>();
            if exchange.notes.struck_by().is_none() {
                answer.extensions_mut().insert(Remark(STEERED.into()));
            }
            answer
        }
        Some(Effect::Fault(fault)) => spoil(app, fault, answer, exchange).await,
    }
}

/// Delays an answer while its client waits; returns whether the client is gone. Only here does a half-closed connection count as
/// gone.
async fn is_client_gone(exchange: &Exchange, delay: Duration) -> bool {
    if delay.is_zero() {
        return false;
    }
    let Some(socket) = &exchange.socket else {
        sleep(delay).await;
        return false;
    };
    tokio::select! {
        () = sleep(delay) => false,
        () = socket.client_gone() => true,
    }
}

/// The answer to a client that is gone, which nobody reads.
fn gone(exchange: &Exchange) -> Answer {
    exchange.notes.note_client_gone();
    if let Some(socket) = &exchange.socket {
        socket.give(Order::Close);
    }
    // nginx's code for a request that its client closed.
    empty(StatusCode::from_u16(499).expect("it has three digits"))
}

/// An answer that is broken on the connection.
async fn spoil(app: &AppState, fault: Fault, mut answer: Answer, exchange: &Exchange) -> Answer {
    let order = match fault {
        Fault::SlowBody { chunk_ms } => {
            let slowly = Slowly {
                pause: Duration::from_millis(chunk_ms),
                length: answer.body().counted().await,
            };
            answer.extensions_mut().insert(slowly);
            return answer;
        }
        Fault::ConnectionReset => Order::Reset,
        Fault::EmptyResponse => Order::Close,
        Fault::MalformedResponse => {
            Order::Raw([b"HTTP/1.1 200 OK\r\n".as_slice(), &garbage(app.ids.seed())].concat())
        }
        Fault::RandomDataThenClose => Order::Raw(garbage(app.ids.seed())),
        // An empty body cannot be cut.
        Fault::TruncatedBody if answer.body().beginning().is_empty() => Order::Close,
        Fault::TruncatedBody => Order::Truncate {
            body_bytes: answer.body().counted().await / 2,
        },
    };
    let Some(socket) = &exchange.socket else {
        // A direct call of the router has no socket to break.
        let mut answer = Answer::from(ApiError::ServerError);
        answer.extensions_mut().remove::<Remark>();
        return answer;
    };
    if fault != Fault::TruncatedBody {
        exchange.notes.note_status_unseen();
        answer.extensions_mut().remove::<Remark>();
    }
    answer
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    // The order is carried out at the next write, so there has to be one.
    socket.give(order);
    answer
}

/// An answer as it is sent: as fast as it is taken, unless a fault wants it otherwise.
pub(super) fn sent(mut answer: Answer) -> Response {
    match answer.extensions_mut().remove() {
        Some(Slowly { pause, length }) => answer.map(|body| {
            let body = Slow::new(body.into_body(), length, pause);
            Body::new(body)
        }),
        None => answer.map(Content::into_body),
    }
}

/// Bytes that are not HTTP, the same at every run of a seed.
fn garbage(seed: Uuid) -> Vec<u8> {
    (0..8_u8)
        .flat_map(|i| Uuid::new_v5(&seed, &[i]).into_bytes())
        .map(|byte| byte | 0x80)
        .collect()
}

/// The number of pieces of a slow body.
const PIECES: usize = 10;

/// A body that is sent in pieces, with a pause before each.
struct Slow {
    body: Body,
    /// What has come of it and is not sent.
    come: Bytes,
    /// How many bytes a piece has.
    size: usize,
    /// How many of the next piece are still to be sent.
    left: usize,
    pause: Duration,
    waiting: Pin<Box<Sleep>>,
}

impl Slow {
    fn new(body: Body, length: usize, pause: Duration) -> Self {
        let size = length.div_ceil(PIECES).max(1);
        Self {
            body,
            come: Bytes::new(),
            size,
            left: size,
            pause,
            waiting: Box::pin(sleep(pause)),
        }
    }
}

impl HttpBody for Slow {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.come.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => self.come = frame.into_data().unwrap_or_default(),
                over => return Poll::Ready(over),
            }
        }
        ready!(self.waiting.as_mut().poll(cx));
        let size = self.left.min(self.come.len());
        self.left -= size;
        if self.left == 0 {
            self.left = self.size;
            self.waiting = Box::pin(sleep(self.pause));
        }
        Poll::Ready(Some(Ok(Frame::data(self.come.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.come.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.body.size_hint().exact() {
            Some(length) => SizeHint::with_exact(length + self.come.len() as u64),
            None => SizeHint::default(),
        }
    }
}

/// The answer of a fault or of steering; by default with Tallyfy's body for that status.
fn refused(
    app: &AppState,
    exchange: &Exchange,
    status: StatusCode,
    body: Option<Value>,
    retry_after: Option<u64>,
) -> Answer {
    let mut answer = match body {
        Some(body) => json(status, &body),
        None if status.is_client_error() || status.is_server_error() => {
            let shape = app.contract.validation_body;
            token_refused_with(exchange.matched.operation, status)
                .unwrap_or_else(|| error(exchange, status, retry_after, shape).into())
        }
        None => empty(status),
    };
    let headers = answer.headers_mut();
    if status == StatusCode::TOO_MANY_REQUESTS {
        // The documentation's newest figure for all requests (evidence 5.5).
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
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

/// Tallyfy's error for a status.
fn error(
    exchange: &Exchange,
    status: StatusCode,
    retry_after: Option<u64>,
    shape: ValidationBody,
) -> ApiError {
    match status {
        StatusCode::BAD_REQUEST => ApiError::MalformedJson(String::new()),
        StatusCode::UNAUTHORIZED => ApiError::Unauthenticated(""),
        StatusCode::FORBIDDEN => ApiError::Unauthorized(""),
        StatusCode::NOT_FOUND => ApiError::ResourceNotFound,
        StatusCode::METHOD_NOT_ALLOWED => match exchange.matched.path {
            Some(path) => method_not_allowed(exchange, path),
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
