//! `drift`: does a host still answer as the mock does?
//!
//! The same requests (`probes`, and with consent `changes`) go to a host and to mocks in this process that have the rows just read
//! (`mocked`). Of each answer a `sighting` is kept: words of fixed lists, and the `shape` of its JSON. `compare` puts two of
//! them side by side, `solve` looks for the contract under which they agree, and `report` is what comes out; `text` is made of it.
//! No value of an answer leaves this folder.

mod changes;
mod compare;
mod host;
mod look;
mod made_of;
mod meta;
mod mocked;
mod names;
mod ordered;
mod places;
mod probes;
mod report;
mod shape;
mod sighting;
mod solve;
mod step;
#[cfg(test)]
mod tests;
mod text;
mod times;

pub use self::{
    changes::Consent,
    compare::Verdict,
    host::Left,
    look::{PREFIX, Plan, Progress, Ran},
    report::{Counts, Outcome, Report},
};
