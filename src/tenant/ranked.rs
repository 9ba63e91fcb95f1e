//! An ordered tree whose nodes are shared between copies: a persistent B+ tree that knows ranks.
//!
//! A copy costs `O(1)`, and a change copies only the nodes on its path that another copy still holds.
//! So a reset, an export and a long search each take a copy, and nobody waits for them. A row is found
//! by its key or by its rank in `O(log n)`.

use std::{fmt, ops::Range, slice, sync::Arc};

/// A row of a tree, ordered by its key.
pub(super) trait Row: Clone + fmt::Debug {
    /// The key, unique in a tree.
    type Key: Ord + Clone + fmt::Debug;

    /// The row's key.
    fn key(&self) -> &Self::Key;
}

/// Capacity of a node: rows of a leaf, children of an inner node.
const FULL: usize = 64;

/// Rows in the order of their keys.
#[derive(Debug, Clone)]
pub(super) struct Ranked<R: Row> {
    root: Arc<Node<R>>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Node<R: Row> {
    Leaf(Vec<R>),
    Inner(Vec<Child<R>>),
}

/// A child of an inner node.
#[derive(Debug, Clone)]
struct Child<R: Row> {
    /// The separator: no key below this child is smaller, and all keys below its left sibling are.
    low: R::Key,
    /// The number of rows below it.
    len: usize,
    node: Arc<Node<R>>,
}

impl<R: Row> Default for Ranked<R> {
    fn default() -> Self {
        Self {
            root: Arc::new(Node::Leaf(Vec::new())),
            len: 0,
        }
    }
}

impl<R: Row> Ranked<R> {
    /// Builds a tree of these rows, with full nodes. The rows need not be sorted.
    pub(super) fn of(mut rows: Vec<R>) -> Self {
        rows.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        let len = rows.len();
        let mut rows = rows.into_iter();
        let mut level: Vec<Child<R>> = Vec::with_capacity(len.div_ceil(FULL));
        loop {
            let leaf: Vec<R> = rows.by_ref().take(FULL).collect();
            if leaf.is_empty() {
                break;
            }
            level.push(Child::of(Node::Leaf(leaf)));
        }
        while level.len() > 1 {
            let mut children = level.into_iter();
            level = Vec::new();
            loop {
                let inner: Vec<Child<R>> = children.by_ref().take(FULL).collect();
                if inner.is_empty() {
                    break;
                }
                level.push(Child::of(Node::Inner(inner)));
            }
        }
        let root = level.pop().map(|child| child.node);
        root.map_or_else(Self::default, |root| Self { root, len })
    }

    /// Whether one is an unchanged copy of the other: a change would have copied its root.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root)
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The row of that key.
    pub(super) fn get(&self, key: &R::Key) -> Option<&R> {
        let (leaf, _) = self.leaf_of(key);
        let place = leaf.binary_search_by(|row| row.key().cmp(key));
        place.ok().map(|place| &leaf[place])
    }

    /// Inserts a row; returns the one of the same key that it replaces.
    pub(super) fn insert(&mut self, row: R) -> Option<R> {
        let (replaced, split) = Arc::make_mut(&mut self.root).insert(row);
        if let Some(right) = split {
            let left = Child::at(Arc::clone(&self.root));
            self.root = Arc::new(Node::Inner(vec![left, right]));
        }
        self.len += usize::from(replaced.is_none());
        replaced
    }

    /// Removes the row of that key.
    pub(super) fn remove(&mut self, key: &R::Key) -> Option<R> {
        // Looked up first, so that a missing row costs no copy of the path to it.
        self.get(key)?;
        let removed = Arc::make_mut(&mut self.root).remove(key)?;
        self.len -= 1;
        if self.len == 0 {
            *self = Self::default();
        }
        while let Node::Inner(children) = &*self.root
            && let [only] = children.as_slice()
        {
            self.root = Arc::clone(&only.node);
        }
        Some(removed)
    }

    /// The rows in their order.
    pub(super) fn iter(&self) -> Ranks<'_, R> {
        self.ranks(0..self.len)
    }

    /// The rows of a range of ranks, from 0; both ends must be within the tree.
    pub(super) fn ranks(&self, range: Range<usize>) -> Ranks<'_, R> {
        Ranks {
            root: &self.root,
            range,
            front: [].iter(),
            back: [].iter(),
        }
    }

    /// The rows from that key on.
    pub(super) fn from(&self, key: &R::Key) -> Ranks<'_, R> {
        let (leaf, before) = self.leaf_of(key);
        let place = leaf.partition_point(|row| row.key() < key);
        let mut ranks = self.ranks(before + place..self.len);
        ranks.front = leaf[place..].iter();
        ranks
    }

    /// The leaf to which a key belongs, and the number of rows before that leaf.
    fn leaf_of(&self, key: &R::Key) -> (&[R], usize) {
        let mut node = &*self.root;
        let mut before = 0;
        loop {
            match node {
                Node::Leaf(rows) => return (rows, before),
                Node::Inner(children) => {
                    let place = child_of(children, key);
                    before += children[..place]
                        .iter()
                        .map(|child| child.len)
                        .sum::<usize>();
                    node = &children[place].node;
                }
            }
        }
    }
}

/// The index of the child to which a key belongs.
fn child_of<R: Row>(children: &[Child<R>], key: &R::Key) -> usize {
    children
        .partition_point(|child| child.low <= *key)
        .saturating_sub(1)
}

impl<R: Row> Child<R> {
    fn of(node: Node<R>) -> Self {
        Self::at(Arc::new(node))
    }

    fn at(node: Arc<Node<R>>) -> Self {
        Self {
            low: node.low().clone(),
            len: node.len(),
            node,
        }
    }
}

impl<R: Row> Node<R> {
    /// Its smallest key; only an empty root has none.
    fn low(&self) -> &R::Key {
        match self {
            Self::Leaf(rows) => rows[0].key(),
            Self::Inner(children) => &children[0].low,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Leaf(rows) => rows.len(),
            Self::Inner(children) => children.iter().map(|child| child.len).sum(),
        }
    }

    /// Returns the replaced row, and the new right sibling if the node was split.
    fn insert(&mut self, row: R) -> (Option<R>, Option<Child<R>>) {
        match self {
            Self::Leaf(rows) => match rows.binary_search_by(|it| it.key().cmp(row.key())) {
                Ok(place) => (Some(std::mem::replace(&mut rows[place], row)), None),
                Err(place) => {
                    rows.insert(place, row);
                    (
                        None,
                        split(rows, place).map(|right| Child::of(Self::Leaf(right))),
                    )
                }
            },
            Self::Inner(children) => {
                let place = child_of(children, row.key());
                let child = &mut children[place];
                if *row.key() < child.low {
                    child.low = row.key().clone();
                }
                let (replaced, right) = Arc::make_mut(&mut child.node).insert(row);
                child.len += usize::from(replaced.is_none());
                let Some(right) = right else {
                    return (replaced, None);
                };
                child.len -= right.len;
                children.insert(place + 1, right);
                // Either half may now merge with its other sibling.
                merge(children, place + 1);
                if let Some(before) = place.checked_sub(1) {
                    merge(children, before);
                }
                let right = split(children, place + 1);
                (replaced, right.map(|right| Child::of(Self::Inner(right))))
            }
        }
    }

    fn remove(&mut self, key: &R::Key) -> Option<R> {
        match self {
            Self::Leaf(rows) => {
                let place = rows.binary_search_by(|row| row.key().cmp(key)).ok()?;
                Some(rows.remove(place))
            }
            Self::Inner(children) => {
                let place = child_of(children, key);
                let child = &mut children[place];
                let removed = Arc::make_mut(&mut child.node).remove(key)?;
                child.len -= 1;
                if child.len == 0 {
                    children.remove(place);
                }
                // Either sibling may now have room for the rest.
                merge(children, place);
                merge(children, place.saturating_sub(1));
                Some(removed)
            }
        }
    }

    /// The number of its own rows or children.
    fn width(&self) -> usize {
        match self {
            Self::Leaf(rows) => rows.len(),
            Self::Inner(children) => children.len(),
        }
    }
}

/// Splits a node that overflows; returns its new right sibling. After an insert at the end the sibling gets only the last
/// row, so that rows inserted in order leave full nodes; else it gets half.
fn split<T>(node: &mut Vec<T>, added: usize) -> Option<Vec<T>> {
    let is_full = node.len() > FULL;
    let at_the_end = added + 1 == node.len();
    is_full.then(|| node.split_off(if at_the_end { added } else { FULL / 2 }))
}

/// Merges a child with its right sibling if both fit into one node, so that of two siblings one is always more than half
/// full.
fn merge<R: Row>(children: &mut Vec<Child<R>>, left: usize) {
    let Some([first, second]) = children.get(left..).and_then(<[_]>::first_chunk) else {
        return;
    };
    if first.node.width() + second.node.width() > FULL {
        return;
    }
    let right = children.remove(left + 1);
    let left = &mut children[left];
    left.len += right.len;
    match (
        Arc::make_mut(&mut left.node),
        Arc::unwrap_or_clone(right.node),
    ) {
        (Node::Leaf(rows), Node::Leaf(more)) => rows.extend(more),
        (Node::Inner(nodes), Node::Inner(more)) => nodes.extend(more),
        (Node::Leaf(_), Node::Inner(_)) | (Node::Inner(_), Node::Leaf(_)) => {
            unreachable!("all leaves are equally deep")
        }
    }
}

/// Rows by rank, from either end.
#[derive(Debug)]
pub(super) struct Ranks<'a, R: Row> {
    root: &'a Node<R>,
    range: Range<usize>,
    /// The rest of the current leaves, at the front and at the back.
    front: slice::Iter<'a, R>,
    back: slice::Iter<'a, R>,
}

impl<'a, R: Row> Ranks<'a, R> {
    /// The leaf of a rank, and the index in that leaf.
    fn leaf(&self, mut rank: usize) -> (&'a [R], usize) {
        let mut node = self.root;
        loop {
            match node {
                Node::Leaf(rows) => return (rows, rank),
                Node::Inner(children) => {
                    let mut place = 0;
                    while rank >= children[place].len {
                        rank -= children[place].len;
                        place += 1;
                    }
                    node = &children[place].node;
                }
            }
        }
    }
}

impl<'a, R: Row> Iterator for Ranks<'a, R> {
    type Item = &'a R;

    fn next(&mut self) -> Option<&'a R> {
        if self.range.is_empty() {
            return None;
        }
        if self.front.as_slice().is_empty() {
            let (leaf, place) = self.leaf(self.range.start);
            self.front = leaf[place..].iter();
        }
        self.range.start += 1;
        self.front.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.range.len(), Some(self.range.len()))
    }
}

impl<R: Row> DoubleEndedIterator for Ranks<'_, R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        if self.back.as_slice().is_empty() {
            let (leaf, place) = self.leaf(self.range.end - 1);
            self.back = leaf[..=place].iter();
        }
        self.range.end -= 1;
        self.back.next_back()
    }
}

impl<R: Row> ExactSizeIterator for Ranks<'_, R> {}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, VecDeque};

    use proptest::prelude::*;

    use super::*;

    impl Row for (u16, u8) {
        type Key = u16;

        fn key(&self) -> &u16 {
            &self.0
        }
    }

    type Tree = Ranked<(u16, u8)>;

    /// Checks the invariants: order, lengths, and nodes that are not too empty.
    fn check(tree: &Tree) {
        fn inside(node: &Node<(u16, u8)>, depth: usize, leaves: &mut Vec<usize>) {
            assert!(node.width() <= FULL);
            if let Node::Inner(children) = node {
                for child in children {
                    assert_eq!(child.len, child.node.len());
                    assert!(child.len > 0 && child.low <= *child.node.low());
                    inside(&child.node, depth + 1, leaves);
                }
                for pair in children.windows(2) {
                    assert!(pair[0].node.width() + pair[1].node.width() > FULL);
                    assert!(pair[0].low < pair[1].low);
                }
            } else {
                leaves.push(depth);
            }
        }
        let mut leaves = Vec::new();
        inside(&tree.root, 0, &mut leaves);
        leaves.dedup();
        assert_eq!(leaves.len(), 1, "all leaves are equally deep");
        assert_eq!(tree.root.len(), tree.len());
    }

    fn rows(tree: &Tree) -> Vec<(u16, u8)> {
        tree.iter().copied().collect()
    }

    proptest! {
        #[test]
        fn a_tree_is_a_sorted_map_and_its_copies_stay_as_they_were(
            first in prop::collection::vec(any::<(u16, u8)>(), 0..900),
            changes in prop::collection::vec((0..1200_u16, any::<u8>(), 0..3_u8), 0..1500),
            ranks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..8),
        ) {
            let mut model: BTreeMap<u16, u8> = first.into_iter().map(|(key, value)| (key % 1200, value)).collect();
            let mut tree = Tree::of(model.iter().rev().map(|(key, value)| (*key, *value)).collect());
            check(&tree);
            let (copy, copied) = (tree.clone(), rows(&tree));
            for (key, value, what) in changes {
                if what == 0 {
                    prop_assert_eq!(tree.insert((key, value)), model.insert(key, value).map(|value| (key, value)));
                } else {
                    prop_assert_eq!(tree.remove(&key), model.remove(&key).map(|value| (key, value)));
                }
                prop_assert_eq!(tree.get(&key).map(|row| row.1), model.get(&key).copied());
            }
            check(&tree);
            let wanted: Vec<(u16, u8)> = model.into_iter().collect();
            prop_assert_eq!(rows(&tree), wanted.clone());
            prop_assert_eq!(tree.len(), wanted.len());
            for (one, other) in ranks {
                let (one, other) = (one.index(wanted.len() + 1), other.index(wanted.len() + 1));
                let range = one.min(other)..one.max(other);
                let mut backwards: Vec<_> = tree.ranks(range.clone()).rev().copied().collect();
                backwards.reverse();
                prop_assert_eq!(&backwards, &wanted[range.clone()]);
                let mut left = VecDeque::from(wanted[range.clone()].to_vec());
                let mut both = tree.ranks(range);
                while !left.is_empty() {
                    prop_assert_eq!(both.next().copied(), left.pop_front());
                    prop_assert_eq!(both.next_back().copied(), left.pop_back());
                    prop_assert_eq!(both.len(), left.len());
                }
            }
            for key in [0, 1, 599, 600, 1199, 1200] {
                let from: Vec<_> = tree.from(&key).copied().collect();
                prop_assert_eq!(from, wanted.iter().filter(|(it, _)| *it >= key).copied().collect::<Vec<_>>());
            }
            prop_assert_eq!(rows(&copy), copied);
        }
    }

    #[test]
    fn rows_that_come_in_order_fill_their_nodes() {
        let mut tree = Tree::default();
        for key in 0..10_000 {
            tree.insert((key, 0));
        }
        check(&tree);
        let Node::Inner(children) = &*tree.root else {
            panic!("10,000 rows do not fit into a leaf")
        };
        let widths: usize = children.iter().map(|child| child.node.width()).sum();
        assert!(widths <= 10_000_usize.div_ceil(FULL) + children.len());
    }

    #[test]
    fn the_half_that_is_split_off_joins_a_sibling_with_room() {
        let full = u16::try_from(FULL).unwrap();
        let mut tree = Tree::of((0..2 * full).map(|i| (2 * i, 0)).collect());
        for i in full + 20..2 * full {
            tree.remove(&(2 * i));
        }
        tree.insert((full - 1, 0));
        check(&tree);
    }
}
