//! What was asked, and what was answered: a bounded record for each organization.

mod entry;
mod log;
mod record;
mod redact;
mod ring;
#[cfg(test)]
mod sample;
mod secrets;
mod verify;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

pub use self::{
    entry::Entry,
    ring::{Ring, UnderWay},
    verify::{Expectation, Expectations, Times, Unmet},
};
use super::recency::Recency;
use crate::domain::{id::OrgId, operation::Operation};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimits {
    /// How many entries an organization's ring has; 0 turns the journal off.
    pub entries: usize,
    /// How many bytes an organization's ring has.
    pub ring_bytes: usize,
    /// How many bytes all rings have together; where they are used up, the ring that was written to
    /// least recently gives up its own.
    pub total_bytes: usize,
}

impl JournalLimits {
    /// How much of a body is kept.
    pub const BODY_BYTES: usize = 16 * 1024;
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self {
            entries: 1000,
            ring_bytes: 4 * 1024 * 1024,
            total_bytes: 64 * 1024 * 1024,
        }
    }
}

/// What happened, borrowed; what is kept of it is copied.
#[expect(
    missing_debug_implementations,
    reason = "an iterator has no form to show"
)]
pub struct Seen<'a> {
    /// When it came, by the clock of its organization.
    pub at: DateTime<Utc>,
    /// Which operation it is, where it matched a route.
    pub operation: Option<Operation>,
    /// The organization in its path.
    pub org: Option<&'a OrgId>,
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its query string.
    pub query: Option<&'a str>,
    /// Its headers.
    pub headers: &'a mut dyn Iterator<Item = (&'a str, &'a [u8])>,
    /// Its body, where somebody has read it.
    pub body: Option<Bytes>,
    /// Whether its fields were read, or, for its content type or its syntax, none of them.
    pub body_was_read: bool,
    /// The status of the answer, where the client has seen one.
    pub status: Option<u16>,
    /// The body of the answer.
    pub response: Option<Bytes>,
    /// How long it took.
    pub duration: Duration,
    /// The rule that struck it.
    pub fault: Option<&'a str>,
    /// Whether the client closed its connection while its answer was held back.
    pub client_gone: bool,
    /// The caller's token; it is nowhere in what is kept.
    pub token: Option<&'a str>,
}

/// What all rings share: their limits, the ids of their entries, their bytes and their listeners.
#[derive(Debug)]
pub struct Journal {
    limits: JournalLimits,
    last_id: AtomicU64,
    last_ring: AtomicU64,
    /// How much memory all rings take.
    bytes: AtomicUsize,
    rings: Mutex<Rings>,
    listeners: Arc<AtomicUsize>,
    live: broadcast::Sender<Event>,
}

/// The rings that take memory, and which of them was written to least recently.
#[derive(Debug, Default)]
struct Rings {
    by_number: HashMap<u64, Member>,
    recency: Recency<u64>,
}

#[derive(Debug)]
struct Member {
    ring: Weak<Ring>,
    last_id: Arc<AtomicU64>,
}

/// What listeners hear.
#[derive(Debug, Clone)]
pub enum Event {
    /// A request has to wait; it is under way.
    Asked(Arc<Entry>),
    /// A request has ended.
    Request(Arc<Entry>),
}

/// Which entries are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this organization's.
    pub org: Option<OrgId>,
    /// Only this operation's.
    pub operation: Option<Operation>,
    /// Only this method's.
    pub method: Option<String>,
    /// Only those answered with this status.
    pub status: Option<u16>,
    /// Only those after the entry of this id.
    pub since: Option<u64>,
    /// Only the newest so many.
    pub limit: Option<usize>,
    /// Only those that matched no route.
    pub unmatched: bool,
}

/// Entries, the newest last.
#[derive(Debug)]
pub struct Recorded {
    /// The entries.
    pub requests: Vec<Arc<Entry>>,
    /// How many older ones the bounds have cost.
    pub dropped: u64,
}

impl Journal {
    /// A journal without entries.
    pub fn new(limits: JournalLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            last_id: AtomicU64::new(0),
            last_ring: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            rings: Mutex::default(),
            listeners: Arc::default(),
            live: broadcast::channel(256).0,
        })
    }

    /// Whether anything is recorded.
    pub fn is_on(&self) -> bool {
        self.limits.entries > 0
    }

    /// Everything that is recorded from now on.
    pub fn subscribe(&self) -> Subscription {
        self.listeners.fetch_add(1, Ordering::AcqRel);
        Subscription {
            live: self.live.subscribe(),
            listeners: Arc::clone(&self.listeners),
        }
    }

    fn has_listeners(&self) -> bool {
        self.listeners.load(Ordering::Acquire) > 0
    }

    fn tell(&self, event: Event) {
        // Whoever listened may have gone in the meantime.
        let _ = self.live.send(event);
    }

    fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes so many of the bytes that all rings have together, where there are so many left.
    fn try_take(&self, bytes: usize) -> bool {
        let taken = |before: usize| {
            let after = before + bytes;
            (after <= self.limits.total_bytes).then_some(after)
        };
        self.bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    /// Takes so many bytes, where need be from the rings that were written to least recently.
    fn take(&self, bytes: usize, taker: u64) -> bool {
        while !self.try_take(bytes) {
            let Some(oldest) = self.rings().take_oldest(taker) else {
                return false;
            };
            // Without the lock of all rings: what gives up, or ends here, may ask for it.
            if let Some(ring) = oldest.upgrade() {
                ring.give_up();
            }
        }
        true
    }

    /// Counts a ring among those that take memory.
    fn note(&self, ring: &Arc<Ring>) {
        let member = Member {
            ring: Arc::downgrade(ring),
            last_id: Arc::clone(&ring.last_id),
        };
        let mut rings = self.rings();
        let last_id = ring.last_id.load(Ordering::Relaxed);
        rings.recency.insert(ring.number, last_id);
        rings.by_number.insert(ring.number, member);
    }

    fn forget(&self, ring: u64) {
        let mut rings = self.rings();
        rings.by_number.remove(&ring);
        rings.recency.remove(&ring);
    }

    /// Counts bytes that are taken already.
    fn take_over(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    /// Takes the ring that was written to least recently off the list, unless that is the one that asks.
    fn take_oldest(&mut self, taker: u64) -> Option<Weak<Ring>> {
        let Self {
            by_number, recency, ..
        } = self;
        let last_use = |number: &u64| by_number[number].last_id.load(Ordering::Relaxed);
        let oldest = recency.oldest(last_use).filter(|it| *it != taker)?;
        recency.remove(&oldest);
        by_number.remove(&oldest).map(|member| member.ring)
    }
}

impl Recorded {
    /// The entries of these rings that a filter lets through, in the order of their ids.
    pub fn of(rings: impl IntoIterator<Item = Arc<Ring>>, filter: &Filter) -> Self {
        let mut found = Self {
            requests: Vec::new(),
            dropped: 0,
        };
        for ring in rings {
            let of_ring = ring.read();
            found.dropped += of_ring.dropped;
            let entries = of_ring.requests.into_iter();
            found
                .requests
                .extend(entries.filter(|entry| filter.lets_through(entry)));
        }
        found.requests.sort_unstable_by_key(|entry| entry.id());
        if let Some(limit) = filter.limit {
            let first = found.requests.len().saturating_sub(limit);
            found.requests.drain(..first);
        }
        found
    }
}

impl Filter {
    fn lets_through(&self, entry: &Entry) -> bool {
        self.org.as_ref().is_none_or(|org| entry.org() == Some(org))
            && self
                .operation
                .is_none_or(|operation| entry.operation() == Some(operation))
            && self
                .method
                .as_ref()
                .is_none_or(|method| entry.method().eq_ignore_ascii_case(method))
            && self
                .status
                .is_none_or(|status| entry.status() == Some(status))
            && self.since.is_none_or(|since| entry.id() > since)
            && !(self.unmatched && entry.operation().is_some())
    }
}

/// The journal, live.
#[derive(Debug)]
pub struct Subscription {
    live: broadcast::Receiver<Event>,
    listeners: Arc<AtomicUsize>,
}

impl Subscription {
    /// What comes next; what came faster than it was taken is skipped.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.live.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
