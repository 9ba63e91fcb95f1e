//! What became of all rules since the mock's start, also of those that are gone.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Rules that are remembered by name while they are not used up. Further ones are only counted.
const NAMED: usize = 1000;

/// How many of these are shown.
const SHOWN: usize = 5;

/// The rules that were put, and those of them that are not used up.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    put: u64,
    left: u64,
    /// By the number of their putting.
    named: BTreeMap<u64, Arc<str>>,
}

/// How many rules were put, and how many of them were not used up, removed ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesLeft {
    /// How many were put.
    pub put: u64,
    /// How many were not used up.
    pub left: u64,
    /// The ids of the first of these.
    pub ids: Vec<Arc<str>>,
}

impl Tally {
    /// Enters a rule; its number is what it is used up by.
    pub(super) fn enter(&self, id: &Arc<str>) -> u64 {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = counts.put;
        counts.put += 1;
        counts.left += 1;
        if counts.named.len() < NAMED {
            counts.named.insert(number, Arc::clone(id));
        }
        number
    }

    /// Notes that a rule is used up; called once for each.
    pub(super) fn use_up(&self, number: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.left = counts.left.saturating_sub(1);
        counts.named.remove(&number);
    }

    pub(super) fn read(&self) -> RulesLeft {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        RulesLeft {
            put: counts.put,
            left: counts.left,
            ids: counts.named.values().take(SHOWN).cloned().collect(),
        }
    }
}
