//! The journal: requests and their answers, in a bounded ring buffer for each organization.

mod entry;
mod events;
mod find;
mod log;
mod record;
mod redact;
mod ring;
#[cfg(test)]
mod sample;
mod shared;
mod verify;

pub use self::{
    entry::{Entry, count_unread},
    events::{Change, RuleChange, StateChange},
    find::{Filter, Found},
    record::Seen,
    redact::{REDACTED, Redactor},
    ring::{Ring, UnderWay},
    shared::{Journal, JournalLimits},
    verify::{Expectation, Expectations, Times, Unmet},
};

pub(super) use self::{
    events::{Other, Subscription},
    log::Place,
};

#[cfg(test)]
mod tests;
