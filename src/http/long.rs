//! Bodies of answers by their length: a short one is a single buffer; a longer one reserves memory of the budget of all answers, and a
//! still longer one is streamed in pieces as it is computed.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use futures_util::future::Either;
use hyper::body::Frame;

use super::{
    capacity::{Capacity, Full, Room, SHORT},
    pool::Pool,
};
use crate::json::{Out, Pieces, Written};

/// Bytes up to which an answer is a single buffer.
const WHOLE: usize = 1024 * 1024;
/// Upper bound on bytes of an answer that a connection buffers.
const SENT: usize = 512 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    /// The whole body.
    Whole(Bytes),
    /// Its beginning, and the writer of the rest.
    Long(Box<Long>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        // Without spare capacity: otherwise a create takes 200 ns more (2026-11-25).
        Self::Whole(bytes.into_boxed_slice().into())
    }
}

impl Content {
    /// The whole body, or the beginning of a long one.
    pub(super) fn beginning(&self) -> &Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Long(long) => &long.beginning,
        }
    }

    /// Its length in bytes, if that is known.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Whole(bytes) => Some(bytes.len()),
            Self::Long(_) => None,
        }
    }

    /// Its length in bytes; a long body is computed once more to count them.
    pub(super) fn counted(&self) -> impl Future<Output = usize> + use<> {
        let counted = match self {
            Self::Whole(bytes) => Either::Left(bytes.len()),
            Self::Long(long) => Either::Right((long.source.clone(), long.pool.clone())),
        };
        async move {
            match counted {
                Either::Left(length) => length,
                Either::Right((source, pool)) => {
                    let count = move || source.pieces().map(|piece| piece.len()).sum();
                    pool.run(count).await
                }
            }
        }
    }

    /// As a body of HTTP's.
    pub(super) fn into_body(self) -> Body {
        match self {
            Self::Whole(bytes) => Body::from(bytes),
            Self::Long(long) => Body::new(*long),
        }
    }
}

/// A source that can be written repeatedly.
#[derive(Clone)]
pub(super) struct Source(Arc<dyn Fn() -> Pieces + Send + Sync>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

impl Source {
    /// The whole body, if it is short.
    pub(super) fn or_short(written: impl Written) -> Result<Content, Self> {
        match Out::whole(&written, SHORT) {
            Some(bytes) => Ok(bytes.into()),
            None => Err(Self::of(written)),
        }
    }

    pub(super) fn of(written: impl Written) -> Self {
        let written = Arc::new(written);
        Self(Arc::new(move || Pieces::of(Arc::clone(&written))))
    }

    fn pieces(&self) -> Pieces {
        (self.0)()
    }

    /// Writes it in the pool, within the memory budget of all answers.
    pub(super) async fn written(self, capacity: &Capacity) -> Result<Content, Full> {
        // The memory of a single buffer while it is built.
        let room = capacity.answers.take(2 * WHOLE).await?;
        let write = move || {
            let mut rest = self.pieces();
            let mut begun = VecDeque::new();
            let mut length = 0;
            for piece in rest.by_ref() {
                length += piece.len();
                begun.push_back(Bytes::from(piece));
                if length > WHOLE {
                    return Err((begun, rest, self, room));
                }
            }
            let mut whole = Vec::with_capacity(length);
            for piece in begun {
                whole.extend_from_slice(&piece);
            }
            Ok(room.around(whole))
        };
        Ok(match capacity.pool.run(write).await {
            Ok(whole) => Content::Whole(whole),
            Err((begun, rest, source, mut room)) => {
                room.shrink_to(WHOLE + SENT);
                Content::Long(Box::new(Long {
                    beginning: begun.front().cloned().unwrap_or_default(),
                    begun,
                    rest: Rest::Idle(rest),
                    source,
                    pool: capacity.pool.clone(),
                    _room: room,
                }))
            }
        })
    }
}

/// An answer that is streamed in pieces. Its memory is freed on drop.
pub(super) struct Long {
    beginning: Bytes,
    /// Bytes that are written, but not sent.
    begun: VecDeque<Bytes>,
    rest: Rest,
    source: Source,
    pool: Pool,
    _room: Room,
}

/// Computes the next piece; returns it with the writer of the others.
type Next = (Option<Vec<u8>>, Pieces);

/// The writer of the pieces to come.
enum Rest {
    Idle(Pieces),
    Writing(Pin<Box<dyn Future<Output = Next> + Send>>),
    Over,
}

impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Long")
            .field("begun", &self.begun.len())
            .finish_non_exhaustive()
    }
}

impl HttpBody for Long {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(piece) = self.begun.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        loop {
            match std::mem::replace(&mut self.rest, Rest::Over) {
                Rest::Over => return Poll::Ready(None),
                Rest::Idle(mut pieces) => {
                    let pool = self.pool.clone();
                    let write = async move { pool.run(move || (pieces.next(), pieces)).await };
                    self.rest = Rest::Writing(Box::pin(write));
                }
                Rest::Writing(mut writing) => {
                    let Poll::Ready((piece, pieces)) = writing.as_mut().poll(cx) else {
                        self.rest = Rest::Writing(writing);
                        return Poll::Pending;
                    };
                    let Some(piece) = piece else {
                        return Poll::Ready(None);
                    };
                    self.rest = Rest::Idle(pieces);
                    return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
                }
            }
        }
    }
}
