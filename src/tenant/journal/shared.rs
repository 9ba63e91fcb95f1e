//! The part of the journal that all rings share: limits, numbers and the budget of bytes.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use super::events::Events;
use crate::tenant::recency::Recency;

/// The bounds of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimits {
    /// Entries per organization; 0 turns the journal off.
    pub entries: usize,
    /// Bytes per organization.
    pub ring_bytes: usize,
    /// Bytes of all rings together. When they are used up, the least recently written ring is evicted.
    pub total_bytes: usize,
}

impl JournalLimits {
    /// Bytes that are kept of a body.
    pub const BODY_BYTES: usize = 16 * 1024;
    /// Upper bound on remembered events that are no requests: changes, and answers to requests that had to wait.
    pub const CHANGES: usize = 2000;
    /// Bytes that are kept of the reason of a refusal.
    pub const REASON_BYTES: usize = 1024;
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

/// The state that all rings share.
#[derive(Debug)]
pub struct Journal {
    pub(super) limits: JournalLimits,
    /// All events in one order: the numbers of the rings' records, and the other events.
    pub(in crate::tenant) events: Events,
    last_ring: AtomicU64,
    /// The memory of all rings, in bytes.
    pub(super) bytes: AtomicUsize,
    rings: Mutex<Rings>,
}

/// The rings that hold memory, as an LRU list by their last write.
#[derive(Debug, Default)]
struct Rings {
    by_number: HashMap<u64, Member>,
    recency: Recency<u64>,
}

/// A ring from the point of view of the journal.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) number: u64,
    /// The id of its newest entry, which serves as the time of its last write.
    pub(super) last_id: Arc<AtomicU64>,
    pub(super) memory: Weak<dyn Memory>,
}

/// Whatever holds memory of the journal's budget and can free it.
pub(super) trait Memory: fmt::Debug + Send + Sync {
    /// Evicts all entries and frees their memory.
    fn give_up(&self);
}

impl Journal {
    /// A journal without entries.
    pub fn new(limits: JournalLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            events: Events::default(),
            last_ring: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            rings: Mutex::default(),
        })
    }

    /// Whether the journal records anything.
    pub fn is_on(&self) -> bool {
        self.limits.entries > 0
    }

    /// The number of a new ring.
    pub(super) fn next_ring(&self) -> u64 {
        self.last_ring.fetch_add(1, Ordering::Relaxed)
    }

    /// Reserves bytes of the budget, if that many are left.
    pub(super) fn try_take(&self, bytes: usize) -> bool {
        let taken = |before: usize| {
            let after = before + bytes;
            (after <= self.limits.total_bytes).then_some(after)
        };
        self.bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    /// Reserves bytes of the budget; if need be, evicts the least recently written rings for them.
    pub(super) fn take(&self, bytes: usize, taker: u64) -> bool {
        while !self.try_take(bytes) {
            let Some(oldest) = self.rings().take_oldest(taker) else {
                return false;
            };
            // Outside the lock of the list, which an evicted or dropped ring may take.
            if let Some(oldest) = oldest.upgrade() {
                oldest.give_up();
            }
        }
        true
    }

    /// Adds a ring to those that hold memory.
    pub(super) fn note(&self, ring: Member) {
        let mut rings = self.rings();
        let last_id = ring.last_id.load(Ordering::Relaxed);
        rings.recency.insert(ring.number, last_id);
        rings.by_number.insert(ring.number, ring);
    }

    /// Removes a ring that holds no memory any more.
    pub(super) fn forget(&self, ring: u64) {
        let mut rings = self.rings();
        rings.by_number.remove(&ring);
        rings.recency.remove(&ring);
    }

    /// Counts bytes that are in use already.
    pub(super) fn take_over(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Returns bytes to the budget.
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rings {
    /// Removes the least recently written ring from the list, unless it is the one that asks.
    fn take_oldest(&mut self, taker: u64) -> Option<Weak<dyn Memory>> {
        let Self {
            by_number, recency, ..
        } = self;
        let last_use = |number: &u64| by_number[number].last_id.load(Ordering::Relaxed);
        let oldest = recency.oldest(last_use).filter(|it| *it != taker)?;
        recency.remove(&oldest);
        by_number.remove(&oldest).map(|member| member.memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::journal::{Ring, sample::Sample};

    #[test]
    fn only_rings_that_hold_memory_are_in_the_list() {
        let journal = Journal::new(JournalLimits::default());
        let rings = [(); 3].map(|()| Ring::new(&journal, None, 0));
        for ring in &rings[1..] {
            Sample::list("acme").record_in(ring);
        }
        let listed = || {
            let rings = journal.rings();
            (rings.by_number.len(), rings.recency.len())
        };
        assert_eq!(listed(), (2, 2));
        drop(rings);
        assert_eq!(listed(), (0, 0));
    }

    #[test]
    fn what_an_allocator_gives_beyond_is_counted() {
        let journal = Journal::new(JournalLimits::default());
        journal.take_over(7);
        assert_eq!(journal.bytes.load(Ordering::Relaxed), 7);
    }
}
