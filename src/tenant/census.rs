//! Counts of tenants, and which of them may be evicted.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use super::recency::Recency;
use crate::domain::id::OrgId;

/// Counts over all tenants of a map. Its lock is held by whoever adds or removes a tenant, or changes whether one counts
/// as stored.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// Stored tenants: those with rows, rules or a clock of their own.
    pub(super) kept: usize,
    /// The other tenants, which only have a journal and rate-limit windows: an LRU list.
    pub(super) bare: Recency<OrgId>,
    pub(super) evicted: Evicted,
}

/// Requests whose journal entries went with their evicted tenants. Without these counts, `verify` would take what was
/// forgotten for what was never asked.
#[derive(Debug, Default)]
pub(super) struct Evicted {
    /// Keyed by the hash of the organization's id, as clients choose how long ids are.
    requests: HashMap<u64, u64>,
    /// Forgotten requests of organizations that no longer have a key of their own here.
    beyond: u64,
}

impl Evicted {
    /// Upper bound on the organizations that are remembered. Clients choose the ids, so there must be one.
    const MOST: usize = 1_000_000;

    /// Adds requests of an organization to those forgotten.
    pub(super) fn add(&mut self, org: &OrgId, requests: u64) {
        if requests == 0 {
            return;
        }
        if self.requests.len() >= Self::MOST {
            self.beyond += self
                .requests
                .drain()
                .map(|(_, requests)| requests)
                .sum::<u64>();
        }
        *self.requests.entry(hash(org)).or_default() += requests;
    }

    /// Upper bound on the forgotten requests of an organization.
    pub(super) fn of(&self, org: &OrgId) -> u64 {
        self.requests
            .get(&hash(org))
            .copied()
            .unwrap_or(self.beyond)
    }

    /// Forgotten requests of all organizations.
    pub(super) fn all(&self) -> u64 {
        self.beyond + self.requests.values().sum::<u64>()
    }

    /// Removes an organization, which has a journal again.
    pub(super) fn take(&mut self, org: &OrgId) -> u64 {
        self.requests.remove(&hash(org)).unwrap_or(self.beyond)
    }
}

fn hash(org: &OrgId) -> u64 {
    let mut hasher = DefaultHasher::new();
    org.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_of_an_organization_is_known_until_it_is_back() {
        let id = |id: &str| OrgId::parse(id).unwrap();
        let mut evicted = Evicted::default();
        evicted.add(&id("acme"), 3);
        evicted.add(&id("globex"), 2);
        evicted.add(&id("initech"), 0);
        let of = |evicted: &Evicted| ["acme", "globex", "initech"].map(|it| evicted.of(&id(it)));
        assert_eq!((of(&evicted), evicted.all()), ([3, 2, 0], 5));
        assert_eq!(evicted.take(&id("acme")), 3);
        assert_eq!((of(&evicted), evicted.all()), ([0, 2, 0], 2));
    }

    #[test]
    fn past_its_bound_nobody_is_told_that_nothing_was_asked() {
        let mut evicted = Evicted::default();
        for i in 0..=Evicted::MOST {
            evicted.add(&OrgId::parse(&i.to_string()).unwrap(), 1);
        }
        assert_eq!(evicted.requests.len(), 1);
        let other = OrgId::parse("other").unwrap();
        assert_eq!(evicted.of(&other), Evicted::MOST as u64);
        assert_eq!(evicted.all(), Evicted::MOST as u64 + 1);
    }
}
