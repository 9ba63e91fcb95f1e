//! What was asked, and what was answered: a bounded record for each organization.

mod entry;
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
    entry::Entry,
    find::{Filter, Recorded},
    record::Seen,
    redact::{REDACTED, Redactor},
    ring::{Ring, UnderWay},
    shared::{Event, Journal, JournalLimits, Subscription},
    verify::{Expectation, Expectations, Times, Unmet},
};

#[cfg(test)]
mod tests;
