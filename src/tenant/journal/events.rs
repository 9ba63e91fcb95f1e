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

use crate::{
    domain::id::OrgId,
    tenant::{clock::Reading, scopes::Scopes},
};

/// Upper bound on remembered events beside requests.
const OTHERS: usize = 2000;

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
    /// The organization that it concerns; `None` if it may concern all.
    pub(in crate::tenant) org: Option<OrgId>,
    /// `None` for the answer to a request that had to wait, and for what a reset has made void.
    pub(in crate::tenant) change: Option<Change>,
}

/// The counter of events, the events that are no requests, and the listeners.
#[derive(Debug)]
pub(in crate::tenant) struct Events {
    newest: AtomicU64,
    others: Mutex<VecDeque<Other>>,
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
            let void = others.iter_mut().filter(is_void);
            void.for_each(|other| other.change = None);
        }
        if others.len() == OTHERS {
            others.pop_front();
        }
        let id = self.number();
        others.push_back(Other { id, org, change });
        id
    }

    /// The events after one, up to another, that are no requests.
    pub(in crate::tenant) fn others_after(&self, event: u64, until: u64) -> Vec<Other> {
        let others = self.others();
        let first = others.partition_point(|other| other.id <= event);
        let after = others.range(first..);
        after
            .take_while(|other| other.id <= until)
            .cloned()
            .collect()
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

    fn others(&self) -> MutexGuard<'_, VecDeque<Other>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
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
