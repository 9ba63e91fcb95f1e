//! Verification: compares the journal with what a test expects.

mod check;
mod expectation;
mod parse;

use std::collections::BTreeSet;

pub use self::expectation::Expectation;
use super::{entry::Entry, find::Found};
use crate::domain::{id::OrgId, operation::Operation};

/// How often an expectation has to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The lower bound.
    pub at_least: usize,
    /// The upper bound.
    pub at_most: usize,
}

impl Times {
    /// Exactly this often.
    pub fn exactly(times: usize) -> Self {
        Self {
            at_least: times,
            at_most: times,
        }
    }
}

/// One expectation with its bounds, or a sequence of them that has to be met in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectations {
    org: Option<OrgId>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    One(Expectation, Times),
    /// Other requests may lie between them.
    Sequence(Vec<Expectation>),
}

/// An unmet expectation.
#[derive(Debug, Clone)]
pub struct Unmet {
    /// The number of requests that met it; of a sequence, the number of its expectations that were met.
    pub count: usize,
    /// What was expected and what differs, in a sentence.
    pub detail: String,
    /// The requests that come nearest, the nearest first.
    pub nearest: Vec<Entry>,
}

impl Expectations {
    /// One expectation with its bounds, in one organization or in all.
    pub fn one(org: Option<OrgId>, expectation: Expectation, times: Times) -> Self {
        Self {
            org,
            kind: Kind::One(expectation, times),
        }
    }

    /// The organization whose journal is searched.
    pub(in crate::tenant) fn org(&self) -> Option<&OrgId> {
        self.org.as_ref()
    }

    /// What they are about: the operations that they name, or those of the requests that meet them.
    pub(in crate::tenant) fn operations(&self, found: &Found) -> BTreeSet<Operation> {
        let expectations = match &self.kind {
            Kind::One(expectation, _) => std::slice::from_ref(expectation),
            Kind::Sequence(steps) => steps.as_slice(),
        };
        let mut operations = BTreeSet::new();
        for expectation in expectations {
            if let Some(operation) = expectation.operation {
                operations.insert(operation);
            } else {
                let met = found
                    .entries()
                    .filter(|it| expectation.differences(it).is_empty());
                operations.extend(met.filter_map(|entry| entry.operation()));
            }
        }
        operations
    }

    pub(in crate::tenant) fn check(&self, found: &Found) -> Result<usize, Unmet> {
        match &self.kind {
            Kind::One(expectation, times) => check::one(expectation, *times, found),
            Kind::Sequence(steps) => check::sequence(steps, found),
        }
    }
}
