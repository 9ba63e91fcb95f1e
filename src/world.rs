//! Everything that a run changes, and one organization's part of it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    clock::{Clock, Time},
    domain::id::OrgId,
    faults::{Faults, RulesInForce},
    fixture::OrgSeed,
    rate_limit::{RateLimiter, Windows},
    store::{FoundOrg, Store},
};

/// Everything that a run changes. A reset puts another in its place, whole, so that no request sees
/// one half done; a request keeps the one that it began with.
#[derive(Debug, Clone)]
pub struct World {
    /// Who has what.
    pub store: Arc<Store>,
    /// What an organization that nobody declared starts as, where a fixture says so.
    pub template: Option<Arc<OrgSeed>>,
    /// What time it is.
    pub clock: Arc<Clock>,
    /// How many requests a token may still send.
    pub limiter: Arc<RateLimiter>,
    /// Which requests are to fail.
    pub faults: Arc<Faults>,
    /// Whose turn it is to change several of these for one organization.
    pub turn: Arc<Turn>,
}

/// One organization's part of a world, as it was when a request came.
#[derive(Debug)]
pub struct Tenant {
    /// What is stored of it; nothing where the request names no organization.
    pub found: Option<FoundOrg>,
    /// What its clock tells.
    pub time: Time,
    /// Which of its requests are to fail.
    pub rules: RulesInForce,
    /// How many requests its tokens have sent; nothing where there is no limit.
    pub windows: Option<Windows>,
}

impl World {
    /// One organization's part, or that of requests that name none: all of it from before a reset of
    /// the organization, or all of it from after.
    pub fn tenant(&self, org: Option<&OrgId>) -> Tenant {
        self.turn.look(|| Tenant {
            found: org.map(|org| self.store.find(org)),
            time: self.clock.time(org.map(OrgId::as_str)),
            rules: self.faults.in_force(org),
            windows: self.limiter.windows(org.map_or("", OrgId::as_str)),
        })
    }
}

/// Lets several things be changed so that nobody who looks at them sees some changed and some not.
///
/// Looking takes no lock, unless something is changed at that moment.
#[derive(Debug, Default)]
pub struct Turn {
    /// Odd while something is changed.
    number: AtomicU64,
    changing: Mutex<()>,
}

impl Turn {
    /// What `take` takes, all of it between two changes.
    fn look<T>(&self, take: impl Fn() -> T) -> T {
        let before = self.number.load(Ordering::SeqCst);
        let taken = take();
        if before.is_multiple_of(2) && self.number.load(Ordering::SeqCst) == before {
            return taken;
        }
        drop(taken);
        let _nobody_changes = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        take()
    }

    /// Changes several things in one step.
    pub fn change<T>(&self, change: impl FnOnce() -> T) -> T {
        let _mine = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.number.fetch_add(1, Ordering::SeqCst);
        let changed = change();
        self.number.fetch_add(1, Ordering::SeqCst);
        changed
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicU32, thread};

    use super::*;

    #[test]
    fn nobody_sees_one_thing_changed_and_another_not() {
        let (turn, one, other) = (Turn::default(), AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    turn.change(|| {
                        one.fetch_add(1, Ordering::SeqCst);
                        other.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
            while one.load(Ordering::SeqCst) < 20_000 {
                let (one, other) =
                    turn.look(|| (one.load(Ordering::SeqCst), other.load(Ordering::SeqCst)));
                assert_eq!(one, other);
            }
        });
    }
}
