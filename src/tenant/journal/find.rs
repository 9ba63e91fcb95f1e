//! Filters on journal entries.

use std::sync::Arc;

use super::{entry::Entry, ring::Ring};
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

/// Matching entries, the newest last.
#[derive(Debug)]
pub struct Recorded {
    /// The entries.
    pub requests: Vec<Arc<Entry>>,
    /// The number of older entries that the bounds have evicted.
    pub dropped: u64,
}

impl Recorded {
    /// The entries of these rings that match a filter, in the order of their ids.
    pub fn of(rings: impl IntoIterator<Item = Arc<Ring>>, filter: &Filter) -> Self {
        let mut found = Self {
            requests: Vec::new(),
            dropped: 0,
        };
        for ring in rings {
            let (entries, dropped) = ring.read();
            found.dropped += dropped;
            let entries = entries.into_iter().map(Arc::new);
            found
                .requests
                .extend(entries.filter(|entry| filter.lets_through(entry)));
        }
        found.requests.sort_unstable_by_key(|entry| entry.id());
        if let Some(limit) = filter.limit {
            let first = found.requests.len().saturating_sub(limit);
            found.requests.drain(..first);
        }
        found
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
