//! The rows of an organization, and the ledger of what everything that is stored takes (`--max-stored`).

use std::sync::{
    Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
    atomic::{AtomicU64, Ordering},
};

use super::{org::Org, refusal::Refusal};

/// The bytes that everything stored takes: rows, as [`Org::bytes`] counts them, and rules.
#[derive(Debug)]
pub(super) struct Ledger {
    most: u64,
    taken: AtomicU64,
}

/// So near to the bound, an organization is kept as it was while it is changed, to go back to. Further away a
/// single change stays below it.
const MARGIN: u64 = 64 * 1024 * 1024;

impl Ledger {
    pub(super) fn up_to(most: u64) -> Arc<Self> {
        Arc::new(Self {
            most,
            taken: AtomicU64::new(0),
        })
    }

    fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether there is room for so many bytes in the place of so many.
    pub(super) fn has_room(&self, bytes: u64, instead_of: u64) -> bool {
        bytes <= instead_of || self.taken().saturating_add(bytes - instead_of) <= self.most
    }
}

/// An entry of the ledger; dropped, it is struck out.
#[derive(Debug)]
pub(super) struct Share {
    ledger: Arc<Ledger>,
    bytes: AtomicU64,
}

impl Share {
    pub(super) fn of(ledger: &Arc<Ledger>) -> Self {
        Self {
            ledger: Arc::clone(ledger),
            bytes: AtomicU64::new(0),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Enters so many bytes in the place of what was there, whether or not there is room for them. One thread at a
    /// time does so.
    pub(super) fn set(&self, bytes: u64) {
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        let taken = &self.ledger.taken;
        if bytes >= before {
            taken.fetch_add(bytes - before, Ordering::Relaxed);
        } else {
            taken.fetch_sub(before - bytes, Ordering::Relaxed);
        }
    }

    /// Whether there is room for so many bytes in the place of what is there.
    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.ledger.has_room(bytes, self.bytes())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// The rows of an organization; `None` until the first write.
#[derive(Debug)]
pub(super) struct Rows {
    org: RwLock<Option<Arc<Org>>>,
    /// Changed under the write lock only.
    share: Share,
}

type Stored = Option<Arc<Org>>;

impl Rows {
    pub(super) fn new(ledger: &Arc<Ledger>, org: Option<Org>) -> Self {
        let rows = Self {
            org: RwLock::default(),
            share: Share::of(ledger),
        };
        if let Some(org) = org {
            rows.put(&mut rows.write(), org);
        }
        rows
    }

    pub(super) fn try_read(&self) -> Option<RwLockReadGuard<'_, Stored>> {
        match self.org.try_read() {
            Ok(rows) => Some(rows),
            Err(TryLockError::Poisoned(rows)) => Some(rows.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Stored> {
        self.org.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Stored> {
        self.org.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its entry in the ledger, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.share.bytes()
    }

    /// Puts an organization into the locked place, whether or not there is room for it.
    pub(super) fn put(&self, place: &mut Stored, org: Org) {
        self.share.set(org.bytes());
        *place = Some(Arc::new(org));
    }

    /// Changes the organization in the locked place. Where there is no room for the changed one, it stays as it was.
    pub(super) fn change<T>(
        &self,
        org: &mut Arc<Org>,
        change: impl FnOnce(&mut Org) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let is_near = !self.share.has_room(self.bytes() + MARGIN);
        let before = is_near.then(|| Arc::clone(org));
        let changed = change(Arc::make_mut(org))?;
        if let Some(before) = before
            && !self.share.has_room(org.bytes())
        {
            *org = before;
            return Err(Refusal::NoSpace);
        }
        self.share.set(org.bytes());
        Ok(changed)
    }
}
