//! An LRU list whose uses take no lock.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
};

/// Keys by their last use, as far as it is known here. A use is noted outside, in an atomic of the key's owner, and
/// [`Recency::oldest`] reads it there and reorders lazily.
#[derive(Debug)]
pub(super) struct Recency<K> {
    by_use: BTreeSet<(u64, K)>,
    used: HashMap<K, u64>,
}

impl<K> Default for Recency<K> {
    fn default() -> Self {
        Self {
            by_use: BTreeSet::new(),
            used: HashMap::new(),
        }
    }
}

impl<K: Ord + Hash + Clone> Recency<K> {
    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }

    /// Adds a key, last used at that time.
    pub(super) fn insert(&mut self, key: K, used: u64) {
        if let Some(before) = self.used.insert(key.clone(), used) {
            self.by_use.remove(&(before, key.clone()));
        }
        self.by_use.insert((used, key));
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &K) {
        if let Some(used) = self.used.remove(key) {
            self.by_use.remove(&(used, key.clone()));
        }
    }

    /// The least recently used key; `last_use` gives each key's true last use.
    pub(super) fn oldest(&mut self, last_use: impl Fn(&K) -> u64) -> Option<K> {
        loop {
            let (noted, key) = self.by_use.first()?.clone();
            let used = last_use(&key);
            if used <= noted {
                return Some(key);
            }
            self.insert(key, used);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_oldest_is_the_one_that_was_used_least_recently(
            steps in prop::collection::vec((0..3_u8, 0..8_u8), 0..100),
        ) {
            let mut recency = Recency::default();
            let mut last_use = BTreeMap::new();
            for (now, (what, key)) in (1..).zip(steps) {
                match what {
                    0 => {
                        recency.insert(key, now);
                        last_use.insert(key, now);
                    }
                    1 => {
                        recency.remove(&key);
                        last_use.remove(&key);
                    }
                    _ => if let Some(used) = last_use.get_mut(&key) {
                        *used = now;
                    },
                }
                let wanted = last_use.iter().min_by_key(|(_, used)| **used).map(|(key, _)| *key);
                prop_assert_eq!(recency.oldest(|key| last_use[key]), wanted);
                prop_assert_eq!((recency.len(), recency.by_use.len()), (last_use.len(), last_use.len()));
            }
        }
    }
}
