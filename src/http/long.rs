//! Answers by their length: a short one is all in memory; a longer one takes room from what all answers
//! have together, and what is longer still is sent piece by piece as it is computed.

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

use super::capacity::{Capacity, Full, Room, SHORT};
use crate::json::{Out, Pieces, Written};

/// Up to how many bytes an answer is in one piece.
const WHOLE: usize = 1024 * 1024;
/// How much of an answer a connection takes over at most before its client has taken it.
const SENT: usize = 512 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Content {
    /// All of it.
    Whole(Bytes),
    /// Its beginning, and who writes the rest.
    Long(Box<Long>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        // No larger than it is: otherwise a create takes 200 ns more (2026-11-25).
        Self::Whole(bytes.into_boxed_slice().into())
    }
}

impl Content {
    /// All of it, or the beginning of what is long.
    pub(super) fn beginning(&self) -> &Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Long(long) => &long.beginning,
        }
    }

    /// How many bytes it has, where that is known.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Whole(bytes) => Some(bytes.len()),
            Self::Long(_) => None,
        }
    }

    /// How many bytes it has; what is long is computed once more to count them.
    pub(super) fn counted(&self, capacity: &Capacity) -> impl Future<Output = usize> + use<> {
        let counted = match self {
            Self::Whole(bytes) => Either::Left(bytes.len()),
            Self::Long(long) => Either::Right((long.unwritten.clone(), capacity.pool.clone())),
        };
        async move {
            match counted {
                Either::Left(length) => length,
                Either::Right((unwritten, pool)) => {
                    let count = move || unwritten.pieces().map(|piece| piece.len()).sum();
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

/// What is to be written, as often as it is asked for.
#[derive(Clone)]
pub(super) struct Unwritten(Arc<dyn Fn() -> Pieces + Send + Sync>);

impl fmt::Debug for Unwritten {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwritten").finish_non_exhaustive()
    }
}

impl Unwritten {
    /// All of it, where it is short.
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

    /// Writes it, in the pool and within what all answers have together.
    pub(super) async fn written(self, capacity: &Capacity) -> Result<Content, Full> {
        // An answer in one piece takes that much while it is put together.
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
            Err((begun, rest, unwritten, mut room)) => {
                room.shrink_to(WHOLE + SENT);
                Content::Long(Box::new(Long {
                    beginning: begun.front().cloned().unwrap_or_default(),
                    begun,
                    rest: Rest::Idle(rest),
                    unwritten,
                    capacity: capacity.clone(),
                    _room: room,
                }))
            }
        })
    }
}

/// An answer that is sent piece by piece. What it takes of memory it gives back when it is dropped.
pub(super) struct Long {
    beginning: Bytes,
    /// What is written and not sent.
    begun: VecDeque<Bytes>,
    rest: Rest,
    unwritten: Unwritten,
    capacity: Capacity,
    _room: Room,
}

/// The next piece, and who writes those after it.
type Next = (Option<Vec<u8>>, Pieces);

/// Who writes what is not written yet.
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
                    let pool = self.capacity.pool.clone();
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
