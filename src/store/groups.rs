//! The groups of one organization and their indexes.
//!
//! Made for a million groups: every index is a tree of small nodes, so nothing costs more than
//! `O(log n)`, a page at any rank included, and no table ever has to be moved as a whole.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use indexset::BTreeSet as RankedSet;

use crate::domain::{
    group::{Group, Name},
    id::GroupId,
    page::Page,
    query::{Direction, ListQuery, SortKey},
};

/// The groups of one organization, found by id and by name, ranked by each sort key.
#[derive(Debug, Clone)]
pub struct Groups {
    by_id: BTreeMap<IdKey, Arc<Group>>,
    by_name: RankedSet<ByName>,
    by_created: RankedSet<ByTime>,
    by_updated: RankedSet<ByTime>,
    next_order: u64,
}

// Small nodes: each set allocates its first one whole, and there may be ten thousand organizations.
const NODE_ROWS: usize = 128;

impl Default for Groups {
    fn default() -> Self {
        Self {
            by_id: BTreeMap::new(),
            by_name: RankedSet::with_maximum_node_size(NODE_ROWS),
            by_created: RankedSet::with_maximum_node_size(NODE_ROWS),
            by_updated: RankedSet::with_maximum_node_size(NODE_ROWS),
            next_order: 0,
        }
    }
}

impl Groups {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The group of that id.
    pub fn get(&self, id: &GroupId) -> Option<&Arc<Group>> {
        self.row(id).map(|(_, group)| group)
    }

    /// The group of exactly that name.
    pub fn named(&self, name: &Name) -> Option<&Arc<Group>> {
        self.by_name.get(name).map(|row| &row.group)
    }

    /// Adds a group whose id and name are free.
    pub fn insert(&mut self, group: Group) -> Arc<Group> {
        let order = self.next_order;
        self.next_order += 1;
        self.place(order, Arc::new(group))
    }

    /// Puts `group` in the place of the group of that id, where there is one; its name is free or its own.
    pub fn replace(&mut self, group: Group) -> Option<Arc<Group>> {
        let (order, _) = self.take(&group.id)?;
        Some(self.place(order, Arc::new(group)))
    }

    /// Removes the group of that id.
    pub fn remove(&mut self, id: &GroupId) -> Option<Arc<Group>> {
        self.take(id).map(|(_, group)| group)
    }

    fn place(&mut self, order: u64, group: Arc<Group>) -> Arc<Group> {
        self.by_name.insert(ByName {
            name: group.name.clone(),
            group: Arc::clone(&group),
        });
        self.by_created.insert(ByTime {
            stamp: created(&group, order),
            group: Arc::clone(&group),
        });
        self.by_updated.insert(ByTime {
            stamp: updated(&group, order),
            group: Arc::clone(&group),
        });
        let key = IdKey(hash(&group.id), order);
        self.by_id.insert(key, Arc::clone(&group));
        group
    }

    fn row(&self, id: &GroupId) -> Option<(IdKey, &Arc<Group>)> {
        let hash = hash(id);
        let mut rows = self.by_id.range(IdKey(hash, 0)..=IdKey(hash, u64::MAX));
        rows.find(|(_, group)| group.id == *id)
            .map(|(key, group)| (*key, group))
    }

    /// The group of that id, no longer there, and in which order it was created.
    fn take(&mut self, id: &GroupId) -> Option<(u64, Arc<Group>)> {
        let (key, _) = self.row(id)?;
        let group = self.by_id.remove(&key)?;
        let IdKey(_, order) = key;
        self.by_name.remove(&group.name);
        self.by_created.remove(&created(&group, order));
        self.by_updated.remove(&updated(&group, order));
        Some((order, group))
    }

    /// One page of the groups that the query finds, in its order.
    ///
    /// Without a search `O(log n + page)`; a search looks at every row and allocates only for the page.
    pub fn list(&self, query: &ListQuery) -> Page<&Group> {
        match query.sort {
            SortKey::Name => page(&self.by_name, query, |row| &row.group),
            SortKey::CreatedAt => page(&self.by_created, query, |row| &row.group),
            SortKey::UpdatedAt => page(&self.by_updated, query, |row| &row.group),
        }
    }

    /// All groups in the order in which they came.
    pub fn in_order(&self) -> Vec<&Arc<Group>> {
        let mut rows: Vec<_> = self.by_id.iter().collect();
        rows.sort_unstable_by_key(|(IdKey(_, order), _)| *order);
        rows.into_iter().map(|(_, group)| group).collect()
    }
}

fn page<'a, R: Ord>(
    ranked: &'a RankedSet<R>,
    query: &ListQuery,
    group: impl Fn(&R) -> &Group,
) -> Page<&'a Group> {
    let (items, total) = match &query.search {
        None => (ranks(ranked, query, &group), ranked.len()),
        Some(needle) => {
            let found = |row: &R| {
                let group = group(row);
                needle.is_in(group.name.as_str())
                    || group
                        .description
                        .as_deref()
                        .is_some_and(|text| needle.is_in(text))
            };
            let rows = ranked.iter().filter(|row| found(row));
            match query.direction {
                Direction::Ascending => nth(rows, query, &group),
                Direction::Descending => nth(rows.rev(), query, &group),
            }
        }
    };
    Page {
        items,
        total,
        request: query.page,
    }
}

/// The rows of the page by rank.
fn ranks<'a, R: Ord>(
    ranked: &'a RankedSet<R>,
    query: &ListQuery,
    group: impl Fn(&R) -> &Group,
) -> Vec<&'a Group> {
    let total = ranked.len();
    let wanted = query.page.ranks(total);
    if wanted.is_empty() {
        return Vec::new();
    }
    match query.direction {
        Direction::Ascending => ranked.range_idx(wanted).map(group).collect(),
        Direction::Descending => {
            let mirrored = total - wanted.end..total - wanted.start;
            ranked.range_idx(mirrored).rev().map(group).collect()
        }
    }
}

/// The rows of the page among those found, and how many were found.
fn nth<'a, R: 'a>(
    rows: impl Iterator<Item = &'a R>,
    query: &ListQuery,
    group: impl Fn(&R) -> &Group,
) -> (Vec<&'a Group>, usize) {
    let wanted = query.page.ranks(usize::MAX);
    let mut items = Vec::new();
    let mut total = 0;
    for row in rows {
        if wanted.contains(&total) {
            items.push(group(row));
        }
        total += 1;
    }
    (items, total)
}

/// An id's hash, then in which order the groups were created: an id itself lies with its group, and
/// looking for one would go there at every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct IdKey(u64, u64);

fn hash(id: &GroupId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// Has the name itself, so that comparing takes one step into memory that is cold, not two.
#[derive(Debug, Clone)]
struct ByName {
    name: Name,
    group: Arc<Group>,
}

/// When, in microseconds; then in which order the groups were created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp(i64, u64);

#[derive(Debug, Clone)]
struct ByTime {
    stamp: Stamp,
    group: Arc<Group>,
}

fn created(group: &Group, order: u64) -> Stamp {
    Stamp(group.created_at.timestamp_micros(), order)
}

fn updated(group: &Group, order: u64) -> Stamp {
    Stamp(group.updated_at.timestamp_micros(), order)
}

/// Orders an index row by what it is looked up by.
macro_rules! ordered_by {
    ($Row:ident, $Key:ty, $key:expr) => {
        impl Borrow<$Key> for $Row {
            fn borrow(&self) -> &$Key {
                let key: fn(&$Row) -> &$Key = $key;
                key(self)
            }
        }
        impl Ord for $Row {
            fn cmp(&self, other: &Self) -> Ordering {
                Borrow::<$Key>::borrow(self).cmp(other.borrow())
            }
        }
        impl PartialOrd for $Row {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl PartialEq for $Row {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }
        impl Eq for $Row {}
    };
}

ordered_by!(ByName, Name, |row| &row.name);
ordered_by!(ByTime, Stamp, |row| &row.stamp);
