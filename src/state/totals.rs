//! What was asked since the start, whatever was reset or forgotten since.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one mock. They only grow.
#[derive(Debug, Default)]
pub struct Totals {
    requests: AtomicU64,
    refused: AtomicU64,
    unmatched: AtomicU64,
    unread: AtomicU64,
}

/// What they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Requests of Tallyfy's API.
    pub requests: u64,
    /// Those of them that were answered with 400 or more, and not because a rule made them fail.
    pub refused: u64,
    /// Those of them that are for no route.
    pub unmatched: u64,
    /// Fields of bodies and parameters of queries that were not read.
    pub unread: u64,
}

impl Totals {
    /// Counts a request that has come.
    pub fn note_request(&self, is_matched: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.unmatched
            .fetch_add(u64::from(!is_matched), Ordering::Relaxed);
    }

    /// Counts how it was answered.
    pub fn note_answer(&self, is_refused: bool, unread: usize) {
        self.refused
            .fetch_add(u64::from(is_refused), Ordering::Relaxed);
        let unread = u64::try_from(unread).unwrap_or(u64::MAX);
        self.unread.fetch_add(unread, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            requests: read(&self.requests),
            refused: read(&self.refused),
            unmatched: read(&self.unmatched),
            unread: read(&self.unread),
        }
    }
}
