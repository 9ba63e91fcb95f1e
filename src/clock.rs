//! The only sources of time and of ids, so that a run can be repeated.

use std::sync::{
    PoisonError, RwLock,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use dashmap::{DashMap, Entry};
use uuid::Uuid;

/// The mock's clock: one time for all, and for an organization that was given one, its own.
#[derive(Debug)]
pub struct Clock {
    start: Time,
    base: RwLock<Time>,
    of_orgs: DashMap<Box<str>, Time>,
    /// Whether anything but the machine's time is told.
    is_set: AtomicBool,
}

/// How a clock gets from the machine's time to what it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The machine's time and so much more.
    Running(TimeDelta),
    /// A time that stands still.
    Frozen(DateTime<Utc>),
}

/// What a clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// What time it is, to the microsecond.
    pub now: DateTime<Utc>,
    /// Whether it stands still.
    pub frozen: bool,
}

impl Clock {
    /// A clock that stands still at that time, or runs with the machine's.
    pub fn new(frozen_at: Option<DateTime<Utc>>) -> Self {
        let start = frozen_at.map_or(Time::Running(TimeDelta::zero()), Time::Frozen);
        Self {
            start,
            base: RwLock::new(start),
            of_orgs: DashMap::new(),
            is_set: AtomicBool::new(frozen_at.is_some()),
        }
    }

    /// What time it is in an organization, or where none is meant.
    pub fn now(&self, org: Option<&str>) -> DateTime<Utc> {
        self.read(org).now
    }

    /// What the clock of an organization, or the base clock, shows.
    pub fn read(&self, org: Option<&str>) -> Reading {
        self.time(org).read()
    }

    /// Sets the time, freezes the clock or lets it run on; what is not said stays. A clock of an
    /// organization's own is made out of the base clock's time.
    pub fn set(
        &self,
        org: Option<&str>,
        now: Option<DateTime<Utc>>,
        frozen: Option<bool>,
    ) -> Reading {
        let set = |time: Time| {
            let shown = time.read();
            let now = now.map_or(shown.now, to_micros);
            if frozen.unwrap_or(shown.frozen) {
                Some(Time::Frozen(now))
            } else {
                Some(Time::Running(now - machine_time()))
            }
        };
        self.change(org, set)
            .expect("there is always a time to set")
    }

    /// Moves the clock by so much, forwards or back; nothing where no calendar goes so far.
    pub fn advance(&self, org: Option<&str>, by: TimeDelta) -> Option<Reading> {
        self.change(org, |time| match time {
            Time::Frozen(at) => at.checked_add_signed(by).map(Time::Frozen),
            Time::Running(offset) => {
                let offset = offset.checked_add(&by)?;
                machine_time().checked_add_signed(offset)?;
                Some(Time::Running(offset))
            }
        })
    }

    /// Takes an organization's own clock away.
    pub fn reset(&self, org: &str) {
        self.of_orgs.remove(org);
    }

    /// A clock as this one was at the start.
    #[must_use]
    pub fn fresh(&self) -> Self {
        match self.start {
            Time::Running(_) => Self::new(None),
            Time::Frozen(at) => Self::new(Some(at)),
        }
    }

    /// Changes what a clock tells, so that of two changes at once none is lost.
    fn change(
        &self,
        org: Option<&str>,
        change: impl FnOnce(Time) -> Option<Time>,
    ) -> Option<Reading> {
        let time = match org.map(|org| self.of_orgs.entry(org.into())) {
            Some(Entry::Occupied(mut own)) => {
                let time = change(*own.get())?;
                own.insert(time);
                time
            }
            Some(Entry::Vacant(own)) => *own.insert(change(self.time(None))?),
            None => {
                let mut base = self.base.write().unwrap_or_else(PoisonError::into_inner);
                *base = change(*base)?;
                *base
            }
        };
        self.is_set.store(true, Ordering::Release);
        Some(time.read())
    }

    /// How the clock of an organization, or the base clock, tells the time.
    pub fn time(&self, org: Option<&str>) -> Time {
        if !self.is_set.load(Ordering::Acquire) {
            return Time::Running(TimeDelta::zero());
        }
        let own = org.and_then(|org| self.of_orgs.get(org).map(|time| *time));
        own.unwrap_or_else(|| *self.base.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Time {
    /// Whether this is the machine's time.
    pub fn is_machines(self) -> bool {
        self == Self::Running(TimeDelta::zero())
    }

    /// What a clock shows that tells the time so.
    pub fn read(self) -> Reading {
        match self {
            // A sum out of range was refused when the clock was moved.
            Self::Running(offset) => {
                let now = machine_time();
                Reading {
                    now: now.checked_add_signed(offset).unwrap_or(now),
                    frozen: false,
                }
            }
            Self::Frozen(now) => Reading { now, frozen: true },
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the machine"
)]
fn machine_time() -> DateTime<Utc> {
    to_micros(Utc::now())
}

/// Stored times are compared and written to the microsecond; no more than that is kept.
fn to_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_nanosecond(at.nanosecond() / 1000 * 1000)
        .unwrap_or(at)
}

/// Makes ids: 32 lowercase hexadecimal digits, each a function of the seed, the organization and a number.
#[derive(Debug, Clone, Copy)]
pub struct IdGen {
    seed: Uuid,
}

impl IdGen {
    /// Ids that nobody can foresee.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks for chance"
    )]
    pub fn random() -> Self {
        Self {
            seed: Uuid::new_v4(),
        }
    }

    /// The same ids at every run.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed: Uuid::from_u64_pair(0, seed),
        }
    }

    /// What else is drawn by chance starts from this.
    pub fn seed(&self) -> Uuid {
        self.seed
    }

    /// The id of the organization's row number `number`.
    pub fn id(&self, org: &str, number: u64) -> String {
        let mut name = Vec::with_capacity(org.len() + 9);
        name.extend_from_slice(org.as_bytes());
        name.push(0);
        name.extend_from_slice(&number.to_be_bytes());
        Uuid::new_v5(&self.seed, &name).simple().to_string()
    }

    /// The id of a row that a fixture names without giving its id: the same at every run, whatever the seed.
    pub fn derived(org: &str, name: &str) -> String {
        Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("tallyfy-mock:{org}/{name}").as_bytes(),
        )
        .simple()
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_and_each_organization_its_own() {
        let (one, same, other) = (IdGen::seeded(7), IdGen::seeded(7), IdGen::seeded(8));
        assert_eq!(one.id("acme", 0), same.id("acme", 0));
        assert_ne!(one.id("acme", 0), one.id("acme", 1));
        assert_ne!(one.id("acme", 0), one.id("globex", 0));
        assert_ne!(one.id("acme", 0), other.id("acme", 0));
        assert_ne!(IdGen::random().id("acme", 0), IdGen::random().id("acme", 0));
    }

    #[test]
    fn ids_are_32_lowercase_hexadecimal_digits() {
        for id in [
            IdGen::random().id("acme", 1),
            IdGen::derived("acme", "Sales"),
        ] {
            assert!(
                id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
                "{id}"
            );
        }
    }

    #[test]
    fn a_clock_is_frozen_set_moved_and_let_run() {
        let at: DateTime<Utc> = "2031-05-06T07:08:09Z".parse().unwrap();
        let clock = Clock::new(None);
        assert!(!clock.read(None).frozen && clock.time(None).is_machines());
        assert_eq!(
            clock.set(None, Some(at), Some(true)),
            Reading {
                now: at,
                frozen: true
            }
        );
        assert_eq!(
            clock.now(Some("acme")),
            at,
            "an organization without a clock of its own follows the base clock"
        );
        clock.advance(Some("acme"), TimeDelta::hours(1)).unwrap();
        assert_eq!(
            (clock.now(Some("acme")), clock.now(None)),
            (at + TimeDelta::hours(1), at)
        );
        let running = clock.set(None, None, Some(false));
        assert!(!running.frozen && running.now >= at && running.now < at + TimeDelta::minutes(5));
        assert!(
            clock.now(None) < at + TimeDelta::minutes(5),
            "it runs on from where it stood"
        );
        clock.reset("acme");
        assert!(!clock.read(Some("acme")).frozen);
        assert!(clock.advance(None, TimeDelta::MAX).is_none());
        assert!(clock.fresh().time(None).is_machines());
    }

    #[test]
    fn a_clock_that_started_frozen_is_so_again_after_a_reset() {
        let at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::new(Some(at));
        clock.advance(None, TimeDelta::hours(1)).unwrap();
        assert_eq!(
            clock.fresh().read(None),
            Reading {
                now: at,
                frozen: true
            }
        );
    }
}
