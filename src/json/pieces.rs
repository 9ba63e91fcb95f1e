//! A JSON writer: one buffer for a short document, a stream of pieces for a long one.
//!
//! The writer is a future that suspends between two parts until a full piece is taken. So it resumes in the middle of a list within a
//! list, and no more than a piece is in memory.

use std::{
    fmt,
    future::{pending, poll_fn},
    mem,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
};

use futures_util::FutureExt;
use serde::Serialize;

/// A value that can be written as JSON, part by part.
pub(crate) trait Written: Send + Sync + 'static {
    /// Writes it, with a look at [`Out::pause_when_full`] between its parts.
    fn write(&self, out: &mut Out) -> impl Future<Output = ()> + Send;
}

/// The output of a writer.
pub(crate) struct Out {
    bytes: Vec<u8>,
    /// Bytes at which a piece is full.
    full: usize,
    /// Where a full piece goes; `None` if everything goes into one.
    taker: Option<Taker>,
}

type Taker = Arc<Mutex<Vec<u8>>>;

/// The approximate length of a piece, in bytes.
const PIECE: usize = 64 * 1024;

/// Items of a list that are written between two checks of the length.
const RUN: usize = 512;

impl Out {
    /// The whole document, if it has at most `most` bytes; else `None`, and nothing is computed beyond that.
    pub(crate) fn whole(written: &impl Written, most: usize) -> Option<Vec<u8>> {
        let mut out = Self {
            bytes: Vec::with_capacity(1024),
            full: most,
            taker: None,
        };
        written.write(&mut out).now_or_never()?;
        Some(out.bytes).filter(|bytes| bytes.len() <= most)
    }

    /// The whole document in one buffer.
    #[cfg(test)]
    pub(crate) fn all(write: impl AsyncFnOnce(&mut Self)) -> String {
        let mut out = Self {
            bytes: Vec::new(),
            full: usize::MAX,
            taker: None,
        };
        write(&mut out).now_or_never().expect("it is never full");
        String::from_utf8(out.bytes).expect("JSON is text")
    }

    /// Suspends until the piece is taken, if it is full.
    pub(crate) async fn pause_when_full(&mut self) {
        if self.bytes.len() < self.full {
            return;
        }
        let Some(taker) = &self.taker else {
            // It is too long for one buffer; the future is not polled again.
            return pending().await;
        };
        let piece = mem::replace(&mut self.bytes, Vec::with_capacity(PIECE + PIECE / 8));
        *taker.lock().unwrap_or_else(PoisonError::into_inner) = piece;
        let mut is_taken = false;
        poll_fn(|_| {
            if mem::replace(&mut is_taken, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Writes JSON as it is.
    pub(crate) fn raw(&mut self, json: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(json.as_ref());
    }

    /// Writes a value with serde.
    pub(crate) fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        serde_json::to_writer(&mut self.bytes, value).expect("all keys are strings");
    }

    /// Writes a key of an object, after a comma.
    pub(crate) fn key(&mut self, key: &'static str) {
        self.comma(!self.bytes.ends_with(b"{"));
        self.json(key);
        self.raw(":");
    }

    /// Writes an object with serde, without its closing brace.
    pub(crate) fn unclosed(&mut self, object: &impl Serialize) {
        self.json(object);
        let end = self.bytes.pop();
        debug_assert_eq!(end, Some(b'}'), "it is an object");
    }

    /// Writes a string of any length.
    pub(crate) async fn text(&mut self, text: &str) {
        if text.len() <= PIECE {
            return self.json(text);
        }
        self.raw("\"");
        let mut rest = text;
        while !rest.is_empty() {
            let mut end = PIECE.min(rest.len());
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            let (run, after) = rest.split_at(end);
            let start = self.bytes.len();
            self.json(run);
            // serde's quotes around a chunk are left out in the middle of the string.
            self.bytes.pop();
            self.bytes.remove(start);
            rest = after;
            self.pause_when_full().await;
        }
        self.raw("\"");
    }

    /// Writes a list, item by item.
    pub(crate) async fn list<T: Sync>(
        &mut self,
        items: &[T],
        write: impl Fn(&mut Self, &T) + Send + Sync,
    ) {
        self.raw("[");
        for (i, run) in items.chunks(RUN).enumerate() {
            for (j, item) in run.iter().enumerate() {
                self.comma(i + j > 0);
                write(self, item);
            }
            self.pause_when_full().await;
        }
        self.raw("]");
    }

    /// Writes the items of a list with serde, each computed when it is written. Without the brackets.
    pub(crate) async fn items<T: Serialize>(&mut self, items: impl Iterator<Item = T> + Send) {
        for (i, item) in items.enumerate() {
            self.comma(i > 0);
            self.json(&item);
            drop(item);
            self.pause_when_full().await;
        }
    }

    /// Writes a comma, except before the first item.
    pub(crate) fn comma(&mut self, is_there: bool) {
        if is_there {
            self.raw(",");
        }
    }
}

/// A stream of pieces, each computed when it is asked for.
pub(crate) struct Pieces {
    taken: Taker,
    writing: Option<Pin<Box<dyn Future<Output = Vec<u8>> + Send>>>,
}

impl Pieces {
    /// The pieces of a value.
    pub(crate) fn of(written: Arc<impl Written>) -> Self {
        let taken = Taker::default();
        let mut out = Out {
            bytes: Vec::new(),
            full: PIECE,
            taker: Some(Arc::clone(&taken)),
        };
        let writing = async move {
            written.write(&mut out).await;
            out.bytes
        };
        Self {
            taken,
            writing: Some(Box::pin(writing)),
        }
    }

    /// Concatenates all pieces.
    pub(crate) fn together(self) -> Vec<u8> {
        self.fold(Vec::new(), |mut whole, piece| {
            whole.extend_from_slice(&piece);
            whole
        })
    }
}

impl Iterator for Pieces {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let Some(last) = self.writing.as_mut()?.as_mut().now_or_never() else {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            return Some(mem::take(&mut taken));
        };
        self.writing = None;
        Some(last).filter(|last| !last.is_empty())
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Texts(Vec<String>);

    impl Written for Texts {
        async fn write(&self, out: &mut Out) {
            out.raw("[");
            for (i, text) in self.0.iter().enumerate() {
                out.comma(i > 0);
                out.text(text).await;
                out.pause_when_full().await;
            }
            out.raw("]");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_pieces_put_together_are_what_serde_writes(
            parts in prop::collection::vec(("[a\"\\\\é\u{1}\u{10000}]{0,8}", 0..20_000_usize), 0..6),
        ) {
            let texts: Vec<String> = parts.iter().map(|(text, times)| text.repeat(*times)).collect();
            let json = serde_json::to_vec(&texts).unwrap();
            let whole = Arc::new(Texts(texts));
            let pieces: Vec<Vec<u8>> = Pieces::of(Arc::clone(&whole)).collect();
            // An escaped character takes up to six bytes.
            prop_assert!(pieces.iter().all(|piece| piece.len() <= 8 * PIECE));
            prop_assert_eq!(pieces.concat(), json.clone());
            for most in [0, json.len() - 1] {
                prop_assert_eq!(Out::whole(&*whole, most), None);
            }
            prop_assert_eq!(Out::whole(&*whole, json.len()), Some(json));
        }

        #[test]
        fn a_list_is_what_serde_writes(items in prop::collection::vec(any::<u64>(), 0..2000)) {
            struct List(Vec<u64>);
            impl Written for List {
                async fn write(&self, out: &mut Out) {
                    out.list(&self.0, Out::json).await;
                }
            }
            let json = serde_json::to_vec(&items).unwrap();
            prop_assert_eq!(Pieces::of(Arc::new(List(items))).together(), json);
        }
    }
}
