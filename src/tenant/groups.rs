//! The groups of one organization and their indexes.
//!
//! Made for a million groups. Each index is a persistent tree: an operation costs `O(log n)`, as does a page at any rank, and a
//! copy of everything `O(1)`.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use super::ranked::{Ranked, Row};
use crate::domain::{
    group::{Group, Name},
    id::GroupId,
    page::Page,
    query::{Direction, ListQuery, SortKey},
};

/// The groups of one organization, found by id and by name, ranked by each sort key.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    by_id: Ranked<Indexed<IdKey>>,
    by_name: Ranked<Indexed<Name>>,
    by_created: Ranked<Indexed<Stamp>>,
    by_updated: Ranked<Indexed<Stamp>>,
    next_order: u64,
    /// The sum of the groups' members and guests.
    people: usize,
    /// What their texts and lists take together.
    bytes: usize,
    /// The most members and guests that any group ever had.
    longest: usize,
}

/// A group with the key of its index, so that a look-up does not dereference the groups that it passes.
#[derive(Debug, Clone)]
struct Indexed<K> {
    key: K,
    group: Arc<Group>,
}

impl<K: Ord + Clone + fmt::Debug> Row for Indexed<K> {
    type Key = K;

    fn key(&self) -> &K {
        &self.key
    }
}

/// An id's hash, then the order of creation.
type IdKey = (u64, u64);

/// A time in microseconds, then the order of creation.
type Stamp = (i64, u64);

fn hash(id: &GroupId) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

fn people(group: &Group) -> usize {
    group.members.len() + group.guests.len()
}

fn created(group: &Group, order: u64) -> Stamp {
    (group.created_at.timestamp_micros(), order)
}

fn updated(group: &Group, order: u64) -> Stamp {
    (group.updated_at.timestamp_micros(), order)
}

impl Groups {
    /// Indexes groups, given in the order of their creation; ids and names must be unique.
    pub fn of(groups: Vec<Group>) -> Self {
        fn index<K: Ord + Clone + fmt::Debug>(
            groups: &[Arc<Group>],
            key: impl Fn(&Group, u64) -> K,
        ) -> Ranked<Indexed<K>> {
            let rows = groups.iter().zip(0..).map(|(group, order)| Indexed {
                key: key(group, order),
                group: Arc::clone(group),
            });
            Ranked::of(rows.collect())
        }
        let groups: Vec<Arc<Group>> = groups.into_iter().map(Arc::new).collect();
        Self {
            by_id: index(&groups, |group, order| (hash(&group.id), order)),
            by_name: index(&groups, |group, _| group.name.clone()),
            by_created: index(&groups, created),
            by_updated: index(&groups, updated),
            next_order: groups.len() as u64,
            people: groups.iter().map(|group| people(group)).sum(),
            bytes: groups.iter().map(|group| group.bytes()).sum(),
            longest: groups.iter().map(|group| people(group)).max().unwrap_or(0),
        }
    }

    /// Whether one is an unchanged copy of the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.by_id.is_same(&other.by_id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// The sum of the groups' members and guests.
    pub fn people(&self) -> usize {
        self.people
    }

    /// The most members and guests that any group has or had.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// About how many bytes their texts and lists take in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The group of that id.
    pub fn get(&self, id: &GroupId) -> Option<&Arc<Group>> {
        self.row(id).map(|row| &row.group)
    }

    /// The group of that name, compared exactly.
    pub fn named(&self, name: &Name) -> Option<&Arc<Group>> {
        self.by_name.get(name).map(|row| &row.group)
    }

    /// Inserts a group; its id and name must be free.
    pub fn insert(&mut self, group: Group) -> Arc<Group> {
        let order = self.next_order;
        self.next_order += 1;
        self.place(order, Arc::new(group))
    }

    /// Replaces the group of `group`'s id, if any; its name must be free or its own.
    pub fn replace(&mut self, group: Group) -> Option<Arc<Group>> {
        let (order, _) = self.take(&group.id)?;
        Some(self.place(order, Arc::new(group)))
    }

    /// Removes the group of that id.
    pub fn remove(&mut self, id: &GroupId) -> Option<Arc<Group>> {
        self.take(id).map(|(_, group)| group)
    }

    fn place(&mut self, order: u64, group: Arc<Group>) -> Arc<Group> {
        fn indexed<K>(key: K, group: &Arc<Group>) -> Indexed<K> {
            let group = Arc::clone(group);
            Indexed { key, group }
        }
        self.people += people(&group);
        self.bytes += group.bytes();
        self.longest = self.longest.max(people(&group));
        self.by_name.insert(indexed(group.name.clone(), &group));
        self.by_created
            .insert(indexed(created(&group, order), &group));
        self.by_updated
            .insert(indexed(updated(&group, order), &group));
        self.by_id.insert(indexed((hash(&group.id), order), &group));
        group
    }

    fn row(&self, id: &GroupId) -> Option<&Indexed<IdKey>> {
        let hash = hash(id);
        let mut of_hash = self
            .by_id
            .from(&(hash, 0))
            .take_while(|row| row.key.0 == hash);
        of_hash.find(|row| row.group.id == *id)
    }

    /// Removes the group of that id from every index; returns it with its place in the order of creation.
    fn take(&mut self, id: &GroupId) -> Option<(u64, Arc<Group>)> {
        let key = self.row(id)?.key;
        let Indexed { group, .. } = self.by_id.remove(&key)?;
        let (_, order) = key;
        self.people -= people(&group);
        self.bytes -= group.bytes();
        self.by_name.remove(&group.name);
        self.by_created.remove(&created(&group, order));
        self.by_updated.remove(&updated(&group, order));
        Some((order, group))
    }

    /// One page of the groups that match a query, in its order.
    ///
    /// Without a search `O(log n + page)`; a search looks at every row and allocates only for the page.
    pub fn list(&self, query: &ListQuery) -> Page<&Group> {
        match query.sort {
            SortKey::Name => page(&self.by_name, query),
            SortKey::CreatedAt => page(&self.by_created, query),
            SortKey::UpdatedAt => page(&self.by_updated, query),
        }
    }

    /// All groups in the order of their creation.
    pub fn in_order(&self) -> Vec<&Arc<Group>> {
        let mut rows: Vec<_> = self.by_id.iter().collect();
        rows.sort_unstable_by_key(|row| row.key.1);
        rows.into_iter().map(|row| &row.group).collect()
    }
}

fn page<'a, K: Ord + Clone + fmt::Debug>(
    ranked: &'a Ranked<Indexed<K>>,
    query: &ListQuery,
) -> Page<&'a Group> {
    fn group<K>(row: &Indexed<K>) -> &Group {
        &row.group
    }
    let total = ranked.len();
    let ranks = query.page.ranks(total);
    let (items, total) = match (&query.search, query.direction) {
        (None, Direction::Ascending) => (ranked.ranks(ranks).map(group).collect(), total),
        (None, Direction::Descending) => {
            let mirrored = total - ranks.end..total - ranks.start;
            (ranked.ranks(mirrored).rev().map(group).collect(), total)
        }
        (Some(needle), direction) => {
            let rows = ranked.iter().map(group).filter(|group| {
                let mut texts = [Some(group.name.as_str()), group.description.as_deref()]
                    .into_iter()
                    .flatten();
                texts.any(|text| needle.is_in(text))
            });
            match direction {
                Direction::Ascending => nth(rows, query),
                Direction::Descending => nth(rows.rev(), query),
            }
        }
    };
    Page {
        items,
        total,
        request: query.page,
    }
}

/// The page's share of the groups that were found, and their number.
fn nth<'a>(found: impl Iterator<Item = &'a Group>, query: &ListQuery) -> (Vec<&'a Group>, usize) {
    let wanted = query.page.ranks(usize::MAX);
    let mut items = Vec::new();
    let mut total = 0;
    for group in found {
        if wanted.contains(&total) {
            items.push(group);
        }
        total += 1;
    }
    (items, total)
}
