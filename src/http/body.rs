//! Bodies of requests: reading one into memory, and draining what a handler leaves of it.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    BoxError,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::capacity::{Full, Memory, Room, SHORT};
use crate::{config::Limits, socket::SocketHandle};

/// Whether `Content-Length` is over a limit.
pub(super) fn announces_more(headers: &HeaderMap, limit: usize) -> bool {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse().ok());
    announced.is_some_and(|length: u64| length > limit as u64)
}

/// Why a body could not be read.
#[derive(Debug)]
pub(super) enum Ungathered {
    /// It is longer than the limit.
    TooLong,
    /// It ended too early.
    EndedEarly(BoxError),
    /// The memory budget of bodies is used up.
    NoRoom,
}

impl From<Full> for Ungathered {
    fn from(_: Full) -> Self {
        Self::NoRoom
    }
}

/// Reads a body into memory, up to a limit. One that is longer than [`SHORT`] takes from the memory budget of all bodies as it comes;
/// an announced length takes nothing.
pub(super) async fn gathered(
    body: Body,
    limit: usize,
    memory: &Memory,
) -> Result<Bytes, Ungathered> {
    let announced = HttpBody::size_hint(&body).exact();
    let announced = announced.and_then(|length| usize::try_from(length).ok());
    let mut body = Limited::new(body, limit);
    let mut whole = Vec::new();
    let mut room = Room::default();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Ungathered::TooLong
            } else {
                Ungathered::EndedEarly(error)
            }
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        let length = whole.len() + data.len();
        if length > whole.capacity() {
            let doubled = (2 * length).min(announced.unwrap_or(limit));
            let capacity = length.max(doubled);
            if capacity > SHORT {
                // During the reallocation, both buffers exist.
                memory.add(&mut room, capacity).await?;
            }
            whole.reserve_exact(capacity - whole.len());
            room.shrink_to(whole.capacity());
        }
        whole.extend_from_slice(&data);
    }
    Ok(room.around(whole))
}

/// What the headers say that a body is, in lower case and without parameters.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// The content encoding of a body, if its headers name one: nothing is decoded here.
pub(super) fn encoded(headers: &HeaderMap) -> Option<String> {
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let is_plain = |value: &HeaderValue| {
        let mut codings = value.as_bytes().split(|byte| *byte == b',');
        codings.all(|coding| {
            let coding = coding.trim_ascii();
            coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
        })
    };
    let mut encodings = encodings.filter(|value| !is_plain(value)).peekable();
    encodings.peek()?;
    let named: Vec<_> = encodings.map(named).collect();
    let named = named.join(", ");
    Some(format!("is encoded (`Content-Encoding: {named}`)"))
}

/// An encoding by its name; an unknown name is not repeated, as it may be anything.
fn named(value: &HeaderValue) -> String {
    let is_name =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ',' | ' ' | '.' | '*');
    let text = value.to_str().unwrap_or_default();
    let is_short = text.len() <= 40;
    if is_short && text.chars().all(is_name) {
        text.to_ascii_lowercase()
    } else {
        "…".to_owned()
    }
}

/// How long a client may pause while its body is drained: one that has stopped sending waits for its answer.
const DISCARD_PAUSE: Duration = Duration::from_millis(200);

/// The rest of a body that has to be drained after the answer.
pub(super) struct Unread {
    body: SharedBody,
    /// Whether the client waits for `100 Continue`, and sends nothing until it gets it.
    waits: bool,
}

impl Unread {
    /// Replaces a request's body by one that can be drained; `None` if there is no body.
    pub(super) fn of(headers: &HeaderMap, body: &mut Body) -> Option<Self> {
        if body.is_end_stream() {
            return None;
        }
        let waits = headers.contains_key(header::EXPECT);
        let shared = SharedBody::new(std::mem::take(body));
        *body = Body::new(shared.clone());
        Some(Self {
            body: shared,
            waits,
        })
    }

    /// Drains what a handler left of the body, so that a client that is still sending sees the answer and no broken pipe. If that does not
    /// end in time, the connection is closed after a lingering time.
    pub(super) async fn finish(self, headers: &mut HeaderMap, socket: Option<&SocketHandle>) {
        let waits_still = self.waits && !self.body.was_asked();
        if waits_still || !self.body.discard().await {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            if let Some(socket) = socket {
                socket.note_unread();
            }
        }
    }
}

/// A middleware that drains the rest of each body.
pub(super) async fn finish_body(request: Request, next: Next) -> Response {
    let (parts, mut body) = request.into_parts();
    let unread = Unread::of(&parts.headers, &mut body);
    let socket: Option<Arc<SocketHandle>> = parts.extensions.get().cloned();
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(unread) = unread {
        unread
            .finish(response.headers_mut(), socket.as_deref())
            .await;
    }
    response
}

/// A body that a handler reads and that can be drained after it.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Shared>>);

struct Shared {
    body: Body,
    asked: bool,
    ended: bool,
}

impl SharedBody {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            body,
            asked: false,
            ended: false,
        })))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Shared) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn was_asked(&self) -> bool {
        self.with(|shared| shared.asked)
    }

    /// Reads to the end; false if there is too much, it takes too long, or the client is gone.
    async fn discard(mut self) -> bool {
        if self.with(|shared| shared.ended) {
            return true;
        }
        let rest = async {
            let mut discarded = 0;
            loop {
                let frame = match tokio::time::timeout(DISCARD_PAUSE, self.frame()).await {
                    Ok(Some(Ok(frame))) => frame,
                    Ok(None) => return true,
                    Ok(Some(Err(_))) | Err(_) => return false,
                };
                discarded += frame.data_ref().map_or(0, Bytes::len);
                if discarded > Limits::DISCARDED_BYTES {
                    return false;
                }
            }
        };
        tokio::time::timeout(Limits::DISCARDED_TIME, rest)
            .await
            .unwrap_or(false)
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|shared| {
            shared.asked = true;
            let polled = Pin::new(&mut shared.body).poll_frame(cx);
            shared.ended |= matches!(polled, Poll::Ready(None)) || shared.body.is_end_stream();
            polled
        })
    }

    fn is_end_stream(&self) -> bool {
        self.with(|shared| shared.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|shared| shared.body.size_hint())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, convert::Infallible};

    use super::*;

    /// A body of these frames.
    struct Pieces(VecDeque<Bytes>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn a_body_that_comes_byte_by_byte_is_kept_in_one_piece() {
        let sent = Bytes::from_static(b"byte by byte");
        let bytes = || sent.chunks(1).map(Bytes::copy_from_slice);
        let bytewise = || Body::new(Pieces(bytes().collect()));
        let memory = Memory::of(1);
        let whole = gathered(bytewise(), sent.len(), &memory).await;
        assert_eq!(whole.unwrap(), sent);
        let error = gathered(bytewise(), sent.len() - 1, &memory).await;
        assert!(matches!(error, Err(Ungathered::TooLong)));

        let whole = gathered(Body::from(sent.clone()), sent.len(), &memory).await;
        assert_eq!(whole.unwrap().as_ptr(), sent.as_ptr(), "it is not copied");
        assert!(
            gathered(Body::empty(), 0, &memory)
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_wait_for_memory_and_give_it_back() {
        let memory = Memory::of(1024 * 1024);
        let sent = Bytes::from(vec![0; 300 * 1024]);
        let pieces = || {
            let pieces: VecDeque<Bytes> = sent.chunks(1000).map(Bytes::copy_from_slice).collect();
            Body::new(Pieces(pieces))
        };
        let limit = 1024 * 1024;
        let read = || gathered(pieces(), limit, &memory);
        let first = read().await.unwrap();
        assert_eq!(first, sent);
        let second = read().await;
        assert!(matches!(second, Err(Ungathered::NoRoom)), "{second:?}");
        drop(first);
        assert_eq!(read().await.unwrap(), sent);
    }
}
