//! Filters on journal entries.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{entry::Entry, log::Place, ring::Ring};
use crate::domain::{id::OrgId, operation::Operation};

/// A filter; a part that is `None` matches everything.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The organization.
    pub org: Option<OrgId>,
    /// The operation.
    pub operation: Option<Operation>,
    /// The method.
    pub method: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Only entries after the one of this id.
    pub since: Option<u64>,
    /// At most this many, the newest.
    pub limit: Option<usize>,
    /// Only entries that matched no route.
    pub unmatched: bool,
}

/// Entries that were found, the newest last. They stay in their rings and are read one by one, so that
/// finding all of them takes little memory.
#[derive(Debug)]
pub struct Found {
    rings: Vec<Arc<Ring>>,
    /// Each with its id and the number of its ring.
    places: Vec<(u64, usize, Place)>,
    /// How many older ones the bounds have cost.
    dropped: u64,
    /// How many were found and have since given way to others.
    lost: AtomicU64,
}

impl Found {
    /// The entries of these rings that a filter lets through, in the order of their ids; so many are lost
    /// beside what the rings themselves have lost.
    pub(in crate::tenant) fn of(rings: Vec<Arc<Ring>>, filter: &Filter, lost: u64) -> Self {
        let mut places = Vec::new();
        let mut dropped = lost;
        for (number, ring) in rings.iter().enumerate() {
            let lets_through = |entry: &Entry| filter.lets_through(entry);
            let (found, lost) = ring.find(lets_through);
            dropped += lost;
            let found = found.into_iter();
            places.extend(found.map(|(id, place)| (id, number, place)));
        }
        places.sort_unstable_by_key(|(id, ..)| *id);
        if let Some(limit) = filter.limit {
            let first = places.len().saturating_sub(limit);
            places.drain(..first);
        }
        Self {
            rings,
            places,
            dropped,
            lost: AtomicU64::new(0),
        }
    }

    /// The entries, read one by one; one that has given way to others in the meantime is left out, and counted.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.places.iter().filter_map(|(_, ring, place)| {
            let entry = self.rings[*ring].told(*place);
            if entry.is_none() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            entry
        })
    }

    /// The entry of that id.
    pub fn entry(&self, id: u64) -> Option<Entry> {
        let found = self.places.binary_search_by_key(&id, |(id, ..)| *id);
        let (_, ring, place) = &self.places[found.ok()?];
        self.rings[*ring].told(*place)
    }

    /// How many older ones the bounds have cost, those included that were lost while the rest was read.
    pub fn dropped(&self) -> u64 {
        self.dropped + self.lost.load(Ordering::Relaxed)
    }
}

impl Filter {
    fn lets_through(&self, entry: &Entry) -> bool {
        self.org.as_ref().is_none_or(|org| entry.org() == Some(org))
            && self
                .operation
                .is_none_or(|operation| entry.operation() == Some(operation))
            && self
                .method
                .as_ref()
                .is_none_or(|method| entry.method().eq_ignore_ascii_case(method))
            && self
                .status
                .is_none_or(|status| entry.status() == Some(status))
            && self.since.is_none_or(|since| entry.id() > since)
            && !(self.unmatched && entry.operation().is_some())
    }
}
