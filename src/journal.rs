//! What was asked, and what was answered: a bounded record for each organization.

mod entry;
mod redact;
#[cfg(test)]
mod sample;
mod verify;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use dashmap::DashMap;
use tokio::sync::broadcast;

pub use self::{
    entry::{Entry, Seen},
    verify::{Expectation, Expectations, Times, Unmet},
};
use crate::domain::{id::OrgId, operation::Operation};

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalLimits {
    /// How many entries an organization's ring has; 0 turns the journal off.
    pub entries: usize,
    /// How many bytes an organization's ring has.
    pub ring_bytes: usize,
    /// How many bytes all rings have together; past it no bodies are kept, and an eighth more than it is the end.
    pub total_bytes: usize,
    /// How many organizations have a ring of their own; the others share that of no organization.
    pub rings: usize,
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
            rings: 10_000,
        }
    }
}

/// The record of requests: a ring for each organization, and one for requests that named none.
///
/// Organizations meet in no lock; only ids, the bytes in all and the number of listeners are shared.
#[derive(Debug)]
pub struct Journal {
    limits: JournalLimits,
    last_id: AtomicU64,
    bytes: AtomicUsize,
    rings: DashMap<OrgId, Arc<Mutex<Ring>>>,
    without_org: Mutex<Ring>,
    listeners: Arc<AtomicUsize>,
    live: broadcast::Sender<Arc<Entry>>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    dropped: u64,
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
pub struct Found {
    /// The entries.
    pub requests: Vec<Arc<Entry>>,
    /// How many older ones the bounds have cost.
    pub dropped: u64,
}

impl Journal {
    /// An empty journal.
    pub fn new(limits: JournalLimits) -> Self {
        Self {
            limits,
            last_id: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            rings: DashMap::new(),
            without_org: Mutex::default(),
            listeners: Arc::default(),
            live: broadcast::channel(256).0,
        }
    }

    /// Whether anything is recorded.
    pub fn is_on(&self) -> bool {
        self.limits.entries > 0
    }

    /// Records a request and its answer.
    pub fn record(&self, seen: Seen<'_>) {
        if !self.is_on() {
            return;
        }
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let org = seen.org;
        let entry = Entry::new(id, seen);
        let entry = match self.ring(org) {
            Some(ring) => self.push(&mut lock(&ring), entry),
            None => self.push(&mut lock(&self.without_org), entry),
        };
        if self.listeners.load(Ordering::Acquire) > 0 {
            // Whoever listened may have gone in the meantime.
            let _ = self.live.send(entry);
        }
    }

    /// The organization's own ring, as long as there are not too many.
    fn ring(&self, org: Option<&OrgId>) -> Option<Arc<Mutex<Ring>>> {
        let org = org?;
        if let Some(ring) = self.rings.get(org) {
            return Some(Arc::clone(&ring));
        }
        if self.rings.len() >= self.limits.rings {
            return None;
        }
        Some(Arc::clone(&self.rings.entry(org.clone()).or_default()))
    }

    fn push(&self, ring: &mut Ring, mut entry: Entry) -> Arc<Entry> {
        let size = entry.size();
        let is_full = |ring: &Ring| {
            ring.entries.len() >= self.limits.entries || ring.bytes + size > self.limits.ring_bytes
        };
        while is_full(ring) && self.drop_oldest(ring) {}
        // What all rings have together is taken from the writer's own: nobody waits for anybody.
        let mut has_room = self.take(size, self.limits.total_bytes);
        while !has_room && self.drop_oldest(ring) {
            has_room = self.take(size, self.limits.total_bytes);
        }
        if !has_room {
            entry.forget_bodies();
            has_room = self.take(entry.size(), self.limits.total_bytes / 8 * 9);
        }
        let entry = Arc::new(entry);
        if has_room {
            ring.bytes += entry.size();
            ring.entries.push_back(Arc::clone(&entry));
        } else {
            ring.dropped += 1;
        }
        entry
    }

    /// Takes so many of the bytes that all rings have together, where that leaves them within the limit.
    fn take(&self, size: usize, limit: usize) -> bool {
        let taken = |bytes| (bytes + size <= limit).then_some(bytes + size);
        self.bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    fn drop_oldest(&self, ring: &mut Ring) -> bool {
        let Some(oldest) = ring.entries.pop_front() else {
            return false;
        };
        ring.bytes -= oldest.size();
        ring.dropped += 1;
        self.bytes.fetch_sub(oldest.size(), Ordering::Relaxed);
        true
    }

    /// The entries that a filter lets through; of all organizations in the order of their ids.
    pub fn find(&self, filter: &Filter) -> Found {
        let mut found = Found {
            requests: Vec::new(),
            dropped: 0,
        };
        self.each_ring(filter.org.as_ref(), |ring| {
            found.dropped += ring.dropped;
            found.requests.extend(
                ring.entries
                    .iter()
                    .filter(|entry| filter.lets_through(entry))
                    .cloned(),
            );
        });
        found.requests.sort_unstable_by_key(|entry| entry.id());
        if let Some(limit) = filter.limit {
            let first = found.requests.len().saturating_sub(limit);
            found.requests.drain(..first);
        }
        found
    }

    /// The entry of that id.
    pub fn get(&self, id: u64, org: Option<&OrgId>) -> Option<Arc<Entry>> {
        let mut found = None;
        self.each_ring(org, |ring| {
            // Two that came at once may stand in either order.
            let entry = ring.entries.iter().find(|entry| entry.id() == id);
            found = found.take().or_else(|| entry.cloned());
        });
        found.filter(|entry| org.is_none_or(|org| entry.org() == Some(org)))
    }

    /// Forgets all entries, or those of one organization.
    pub fn clear(&self, org: Option<&OrgId>) {
        self.each_ring(org, |ring| {
            let before = ring.bytes;
            ring.entries.retain(|entry| {
                let stays = org.is_some_and(|org| entry.org() != Some(org));
                ring.bytes -= if stays { 0 } else { entry.size() };
                stays
            });
            self.bytes.fetch_sub(before - ring.bytes, Ordering::Relaxed);
            if ring.entries.is_empty() {
                ring.dropped = 0;
            }
        });
    }

    /// Every entry from now on.
    pub fn subscribe(&self) -> Subscription {
        self.listeners.fetch_add(1, Ordering::AcqRel);
        Subscription {
            live: self.live.subscribe(),
            listeners: Arc::clone(&self.listeners),
        }
    }

    /// Whether what was expected was asked; otherwise what comes nearest.
    pub fn verify(&self, expected: &Expectations) -> Result<usize, Unmet> {
        let all = self.find(&Filter {
            org: expected.org().cloned(),
            ..Filter::default()
        });
        expected.check(&all)
    }

    /// Looks at the rings in which an organization's entries can be, or at all of them.
    fn each_ring(&self, org: Option<&OrgId>, mut look: impl FnMut(&mut Ring)) {
        if let Some(org) = org {
            match self.rings.get(org).map(|ring| Arc::clone(&ring)) {
                Some(ring) => look(&mut lock(&ring)),
                None => look(&mut lock(&self.without_org)),
            }
            return;
        }
        let rings: Vec<Arc<Mutex<Ring>>> =
            self.rings.iter().map(|ring| Arc::clone(&ring)).collect();
        for ring in &rings {
            look(&mut lock(ring));
        }
        look(&mut lock(&self.without_org));
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
    live: broadcast::Receiver<Arc<Entry>>,
    listeners: Arc<AtomicUsize>,
}

impl Subscription {
    /// The next entry; what came faster than it was taken is skipped.
    pub async fn next(&mut self) -> Option<Arc<Entry>> {
        loop {
            match self.live.recv().await {
                Ok(entry) => return Some(entry),
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

fn lock(ring: &Mutex<Ring>) -> MutexGuard<'_, Ring> {
    ring.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use chrono::DateTime;

    use super::*;

    fn record(journal: &Journal, org: &OrgId, body: usize) {
        journal.record(Seen {
            at: DateTime::UNIX_EPOCH,
            operation: Some(Operation::CreateGroup),
            org: Some(org),
            method: "POST",
            path: "/organizations/acme/groups",
            query: None,
            headers: &mut std::iter::empty(),
            body: Some(Bytes::from(vec![b'x'; body])),
            body_was_read: true,
            status: Some(201),
            response: None,
            duration: Duration::ZERO,
            fault: None,
            token: None,
        });
    }

    fn org(id: &str) -> OrgId {
        OrgId::parse(id).unwrap()
    }

    #[test]
    fn past_the_total_a_writer_drops_its_own_oldest_and_then_keeps_no_bodies() {
        let limits = JournalLimits {
            total_bytes: 100_000,
            ..JournalLimits::default()
        };
        let journal = Journal::new(limits);
        for _ in 0..20 {
            record(&journal, &org("acme"), 10_000);
        }
        let of = |id: &str| {
            journal.find(&Filter {
                org: Some(org(id)),
                ..Filter::default()
            })
        };
        let kept = of("acme").requests.len() as u64;
        assert!(
            (5..10).contains(&kept) && of("acme").dropped == 20 - kept,
            "{kept}"
        );
        record(&journal, &org("globex"), 10_000);
        assert_eq!(
            of("acme").requests.len() as u64,
            kept,
            "nobody else's entries pay for it"
        );
        assert_eq!(
            of("globex").requests[0].body(),
            serde_json::json!({ "bytes": 10_000 })
        );
        assert!(journal.bytes.load(Ordering::Relaxed) < 101_000);
        journal.clear(None);
        assert_eq!(
            journal.bytes.load(Ordering::Relaxed),
            0,
            "all of it is given back"
        );
    }

    #[test]
    fn what_does_not_fit_even_without_bodies_is_dropped_and_counted() {
        let journal = Journal::new(JournalLimits {
            total_bytes: 8_000,
            ..JournalLimits::default()
        });
        for i in 0..100 {
            record(&journal, &org(&format!("org{i}")), 100);
        }
        let found = journal.find(&Filter::default());
        let kept = found.requests.len() as u64;
        assert!(kept > 10 && found.dropped == 100 - kept, "{kept}");
        let newest = found.requests.last().unwrap();
        assert_eq!(
            newest.body(),
            serde_json::json!({ "bytes": 100 }),
            "the last that were kept are without bodies"
        );
        assert!(journal.bytes.load(Ordering::Relaxed) <= 9_000);
    }

    #[test]
    fn an_upper_bound_does_not_hold_where_requests_were_forgotten() {
        let journal = Journal::new(JournalLimits {
            entries: 3,
            ..JournalLimits::default()
        });
        let verify = |times| {
            let expectation = Expectation {
                operation: Some(Operation::CreateGroup),
                ..Expectation::default()
            };
            journal.verify(&Expectations::one(Some(org("acme")), expectation, times))
        };
        for _ in 0..3 {
            record(&journal, &org("acme"), 1);
        }
        assert_eq!(verify(Times::exactly(3)).unwrap(), 3);
        record(&journal, &org("acme"), 1);
        let unmet = verify(Times::exactly(3)).unwrap_err();
        assert_eq!(
            (unmet.count, unmet.detail.as_str()),
            (
                3,
                "expected exactly 3 requests for `groups.create`, found 3; but 1 older request is no longer in the journal, which may have been one more"
            )
        );
        let at_least = |at_least| Times {
            at_least,
            at_most: usize::MAX,
        };
        assert_eq!(verify(at_least(3)).unwrap(), 3, "more can only help");
        let unmet = verify(at_least(4)).unwrap_err();
        assert!(
            unmet
                .detail
                .contains("1 older request is no longer in the journal"),
            "{}",
            unmet.detail
        );
    }

    #[test]
    fn organizations_that_clients_make_up_share_a_ring() {
        let journal = Journal::new(JournalLimits {
            rings: 3,
            ..JournalLimits::default()
        });
        for i in 0..50 {
            record(&journal, &org(&format!("org{i}")), 1);
        }
        assert_eq!(journal.rings.len(), 3);
        assert_eq!(journal.find(&Filter::default()).requests.len(), 50);
        let last = Filter {
            org: Some(org("org49")),
            ..Filter::default()
        };
        assert_eq!(
            journal.find(&last).requests.len(),
            1,
            "it is found all the same"
        );
    }
}
