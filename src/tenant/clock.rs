//! Clocks: the only source of time, so that a run can be repeated.

use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use crate::json::{CALENDAR, in_calendar};

/// A clock that can be set: a mock's base clock, or an organization's own.
#[derive(Debug)]
pub struct Clock(RwLock<Option<Time>>);

/// How a clock computes its time from the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Time {
    /// The system's time plus an offset.
    Running(TimeDelta),
    /// A frozen time.
    Frozen(DateTime<Utc>),
}

/// A reading of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The time, to the microsecond.
    pub now: DateTime<Utc>,
    /// Whether the clock is frozen.
    pub frozen: bool,
}

/// A change to a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// Sets the time, freezes the clock or lets it run; a part that is `None` stays as it is.
    Set {
        /// The time to set.
        now: Option<DateTime<Utc>>,
        /// Whether the clock is frozen from now on.
        frozen: Option<bool>,
    },
    /// Moves the clock forwards or back.
    Advance(TimeDelta),
}

impl Clock {
    /// An organization's clock that follows the base clock.
    pub fn following() -> Self {
        Self(RwLock::new(None))
    }

    /// A base clock.
    pub fn base(time: Time) -> Self {
        Self(RwLock::new(Some(time)))
    }

    /// How it computes its time; `None` if it follows the base clock.
    pub fn time(&self) -> Option<Time> {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how it computes its time.
    pub(super) fn set(&self, time: Time) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(time);
    }
}

impl Time {
    /// Frozen at `at`, or the system's time.
    pub fn starting(frozen_at: Option<DateTime<Utc>>) -> Self {
        frozen_at.map_or(Self::Running(TimeDelta::zero()), Self::Frozen)
    }

    /// A time, truncated to the microsecond; `None` if its year is not from 0000 to 9999.
    pub fn in_calendar(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        in_calendar(at)
    }

    /// Whether this is the system's time.
    pub fn is_system_time(self) -> bool {
        self == Self::Running(TimeDelta::zero())
    }

    /// Reads the clock.
    pub fn read(self) -> Reading {
        match self {
            // A move out of range is refused by `changed`, so this sum is in range.
            Self::Running(offset) => {
                let now = system_time();
                let [first, last] = CALENDAR;
                // A running clock stops at the end of the year 9999.
                let now = now.checked_add_signed(offset).unwrap_or(now);
                Reading {
                    now: now.clamp(first, last),
                    frozen: false,
                }
            }
            Self::Frozen(now) => Reading { now, frozen: true },
        }
    }

    /// The time after a change; `None` if its year would not be from 0000 to 9999.
    pub fn changed(self, change: ClockChange) -> Option<Self> {
        match (change, self) {
            (ClockChange::Set { now, frozen }, _) => {
                let shown = self.read();
                let now = now.map_or(Some(shown.now), in_calendar)?;
                Some(if frozen.unwrap_or(shown.frozen) {
                    Self::Frozen(now)
                } else {
                    Self::Running(now - system_time())
                })
            }
            (ClockChange::Advance(by), Self::Frozen(at)) => {
                in_calendar(at.checked_add_signed(by)?).map(Self::Frozen)
            }
            (ClockChange::Advance(by), Self::Running(offset)) => {
                let offset = offset.checked_add(&by)?;
                in_calendar(system_time().checked_add_signed(offset)?)?;
                Some(Self::Running(offset))
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
fn system_time() -> DateTime<Utc> {
    let now = Utc::now();
    // Stored times are compared and written to the microsecond; no more than that is kept.
    in_calendar(now).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_CHANGE: ClockChange = ClockChange::Set {
        now: None,
        frozen: None,
    };

    #[test]
    fn a_time_is_set_frozen_moved_and_let_run() {
        let at: DateTime<Utc> = "2031-05-06T07:08:09Z".parse().unwrap();
        let start = Time::starting(None);
        assert!(start.is_system_time() && !start.read().frozen);
        let set = ClockChange::Set {
            now: Some(at),
            frozen: Some(true),
        };
        let frozen = start.changed(set).unwrap();
        assert_eq!(frozen, Time::Frozen(at));
        let hour = ClockChange::Advance(TimeDelta::hours(1));
        let later = frozen.changed(hour).unwrap();
        assert_eq!(later.read().now, at + TimeDelta::hours(1));
        assert_eq!(
            later.changed(NO_CHANGE),
            Some(later),
            "what is not said stays"
        );
        let run = ClockChange::Set {
            now: None,
            frozen: Some(false),
        };
        let running = frozen.changed(run).unwrap();
        let shown = running.read();
        assert!(!shown.frozen && shown.now >= at && shown.now < at + TimeDelta::minutes(5));
        assert!(running.changed(hour).unwrap().read().now >= at + TimeDelta::hours(1));
        for time in [running, frozen] {
            assert_eq!(time.changed(ClockChange::Advance(TimeDelta::MAX)), None);
        }
    }

    #[test]
    fn no_clock_leaves_the_calendar() {
        let [first, last] = CALENDAR;
        assert_eq!(first.to_rfc3339(), "0000-01-01T00:00:00+00:00");
        assert_eq!(last.to_rfc3339(), "9999-12-31T23:59:59.999999+00:00");
        let micro = TimeDelta::microseconds(1);
        for (end, beyond) in [(first, -micro), (last, micro)] {
            let frozen = Time::Frozen(end);
            assert_eq!(frozen.changed(ClockChange::Advance(beyond)), None);
            assert!(frozen.changed(ClockChange::Advance(-beyond)).is_some());
            let out = ClockChange::Set {
                now: Some(end + beyond),
                frozen: None,
            };
            assert_eq!(frozen.changed(out), None);
        }
        let run = ClockChange::Set {
            now: Some(last),
            frozen: Some(false),
        };
        let running = Time::starting(None).changed(run).unwrap();
        assert_eq!(running.read().now, last, "it stops there");
    }

    #[test]
    fn a_clock_follows_until_it_is_set() {
        let clock = Clock::following();
        assert_eq!(clock.time(), None);
        let at = Time::starting(Some("2026-01-01T00:00:00Z".parse().unwrap()));
        clock.set(at);
        assert_eq!(clock.time(), Some(at));
    }
}
