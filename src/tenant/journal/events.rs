//! Events: everything that happens, numbered in one order, and their listeners.
//!
//! Events of requests are in the rings, the others are here. A listener holds a number and reads from there on, so that a slow one
//! blocks nothing and takes no memory.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;

use super::JournalLimits;
use crate::{
    domain::id::OrgId,
    tenant::{clock::Reading, scopes::Scopes},
};

/// A change, except for changes of rows by Tallyfy's API, which are requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The rule of that id.
    Rule(Arc<str>, RuleChange),
    /// A clock, with its reading.
    Clock(Reading),
    /// These scopes were reset.
    Reset(Scopes),
    /// The stored rows.
    State(StateChange),
}

/// What happened to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleChange {
    /// It was put in force, or put again.
    Put,
    /// It is used up.
    Spent,
    /// It was removed.
    Removed,
}

/// A change of the stored rows, or of one organization's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    /// Replaced by a fixture.
    Replaced,
    /// Extended by a fixture.
    Seeded,
    /// The fixtures were loaded again.
    Reloaded,
}

/// An event that is no request.
#[derive(Debug, Clone)]
pub(in crate::tenant) struct Other {
    pub(in crate::tenant) id: u64,
    /// How many of its kind there are up to it.
    pub(in crate::tenant) nth: u64,
    /// The organization that it concerns; `None` if it may concern all.
    pub(in crate::tenant) org: Option<OrgId>,
    /// `None` for the answer to a request that had to wait, and for what a reset has made void.
    pub(in crate::tenant) change: Option<Change>,
}

/// The events that are no requests, the newest of them.
#[derive(Debug, Default)]
struct Others {
    remembered: VecDeque<Other>,
    forgotten: Forgotten,
}

/// What is not remembered any more of the events that are no requests.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::tenant) struct Forgotten {
    /// How many there were.
    count: u64,
    /// The id of the newest of them.
    newest: u64,
}

impl Forgotten {
    /// How many came after an event, at most, where so many of all are known to have come up to it.
    pub(in crate::tenant) fn after(self, event: u64, known: u64) -> u64 {
        let unknown = self.count.saturating_sub(known);
        unknown.min(self.newest.saturating_sub(event))
    }
}

/// The counter of events, the events that are no requests, and the listeners.
#[derive(Debug)]
pub(in crate::tenant) struct Events {
    newest: AtomicU64,
    others: Mutex<Others>,
    listeners: Arc<AtomicUsize>,
    woken: watch::Sender<()>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            newest: AtomicU64::new(0),
            others: Mutex::default(),
            listeners: Arc::default(),
            woken: watch::Sender::new(()),
        }
    }
}

impl Events {
    /// The newest number. Whoever takes the lock of a ring, or of the others, after reading it finds all
    /// events there up to it, unless they are dropped.
    pub(in crate::tenant) fn newest(&self) -> u64 {
        self.newest.load(Ordering::SeqCst)
    }

    /// The number of a request; taken under the lock of its ring.
    pub(super) fn number(&self) -> u64 {
        self.newest.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The number of the answer to a request that had to wait; taken under the lock of its ring.
    pub(super) fn number_other(&self, org: Option<OrgId>) -> u64 {
        self.add(org, None)
    }

    /// Notes a change after it was made; `None` notes one that cannot be told any more.
    pub(in crate::tenant) fn note(&self, org: Option<OrgId>, change: impl Into<Option<Change>>) {
        self.add(org, change.into());
        self.wake();
    }

    fn add(&self, org: Option<OrgId>, change: Option<Change>) -> u64 {
        let mut others = self.others();
        // Nothing that began before a reset shows after it.
        if let Some(Change::Reset(Scopes { requests: true, .. })) = &change {
            let is_void = |other: &&mut Other| org.is_none() || other.org == org;
            let void = others.remembered.iter_mut().filter(is_void);
            void.for_each(|other| other.change = None);
        }
        if others.remembered.len() == JournalLimits::CHANGES
            && let Some(oldest) = others.remembered.pop_front()
        {
            others.forgotten = Forgotten {
                count: oldest.nth,
                newest: oldest.id,
            };
        }
        let id = self.number();
        let nth = others.count() + 1;
        let other = Other {
            id,
            nth,
            org,
            change,
        };
        others.remembered.push_back(other);
        id
    }

    /// The events after one, up to another, that are no requests, and what is forgotten of them.
    pub(in crate::tenant) fn others_after(
        &self,
        event: u64,
        until: u64,
    ) -> (Vec<Other>, Forgotten) {
        let others = self.others();
        let remembered = &others.remembered;
        let first = remembered.partition_point(|other| other.id <= event);
        let after = remembered.range(first..);
        let after = after.take_while(|other| other.id <= until).cloned();
        (after.collect(), others.forgotten)
    }

    /// How many events there were that are no requests.
    pub(in crate::tenant) fn count_of_others(&self) -> u64 {
        self.others().count()
    }

    /// Wakes the listeners.
    pub(super) fn wake(&self) {
        if self.listeners.load(Ordering::SeqCst) > 0 {
            self.woken.send_replace(());
        }
    }

    /// A new listener.
    pub(in crate::tenant) fn subscribe(&self) -> Subscription {
        self.listeners.fetch_add(1, Ordering::SeqCst);
        Subscription {
            woken: self.woken.subscribe(),
            listeners: Arc::clone(&self.listeners),
        }
    }

    fn others(&self) -> MutexGuard<'_, Others> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Others {
    fn count(&self) -> u64 {
        let newest = self.remembered.back();
        newest.map_or(self.forgotten.count, |other| other.nth)
    }
}

/// A listener.
#[derive(Debug)]
pub(in crate::tenant) struct Subscription {
    woken: watch::Receiver<()>,
    listeners: Arc<AtomicUsize>,
}

impl Subscription {
    /// Has what comes from here on wake it; what came before is about to be read.
    pub(in crate::tenant) fn listen(&mut self) {
        self.woken.mark_unchanged();
    }

    /// Waits for further events.
    pub(in crate::tenant) async fn woken(&mut self) {
        if self.woken.changed().await.is_err() {
            // The journal is gone, so that no event can come.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn who_listens_is_woken_by_what_comes_from_there_on() {
        let events = Events::default();
        let mut subscription = events.subscribe();
        events.note(None, None);
        subscription.listen();
        assert!(subscription.woken().now_or_never().is_none(), "it is read");
        events.note(None, None);
        assert!(subscription.woken().now_or_never().is_some());
        drop(subscription);
        assert_eq!(events.listeners.load(Ordering::SeqCst), 0);
    }
}
