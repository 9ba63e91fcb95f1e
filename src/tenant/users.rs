//! The declared users of an organization.

use std::sync::Arc;

use super::ranked::{Ranked, Row};
use crate::domain::{
    id::UserId,
    user::{Role, User},
};

/// Users in the order of declaration, with an index by id.
#[derive(Debug, Clone, Default)]
pub struct Users {
    in_order: Ranked<Place>,
    by_id: Ranked<Found>,
    admins: Ranked<u64>,
    active: usize,
    /// What their texts and details take together.
    bytes: usize,
    next_place: u64,
}

#[derive(Debug, Clone)]
struct Place {
    place: u64,
    user: Arc<User>,
}

#[derive(Debug, Clone)]
struct Found {
    id: UserId,
    place: u64,
    user: Arc<User>,
}

impl Row for Place {
    type Key = u64;

    fn key(&self) -> &u64 {
        &self.place
    }
}

impl Row for Found {
    type Key = UserId;

    fn key(&self) -> &UserId {
        &self.id
    }
}

impl Row for u64 {
    type Key = Self;

    fn key(&self) -> &Self {
        self
    }
}

impl Users {
    /// Whether one is an unchanged copy of the other.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.by_id.is_same(&other.by_id)
    }

    /// Whether no user is declared.
    pub fn is_empty(&self) -> bool {
        self.in_order.len() == 0
    }

    /// The number of users.
    pub fn len(&self) -> usize {
        self.in_order.len()
    }

    /// The number of active users.
    pub fn active(&self) -> usize {
        self.active
    }

    /// About how many bytes their texts and details take in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The users in the order of declaration.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &User> + DoubleEndedIterator {
        self.in_order.iter().map(|row| &*row.user)
    }

    /// The user of that id.
    pub fn get(&self, id: UserId) -> Option<&User> {
        self.by_id.get(&id).map(|row| &*row.user)
    }

    /// The admin who was declared first.
    pub fn first_admin(&self) -> Option<&User> {
        let place = self.admins.iter().next()?;
        self.in_order.get(place).map(|row| &*row.user)
    }

    /// The user of that id; for `None`, the admin who was declared first.
    pub fn get_or_first_admin(&self, id: Option<UserId>) -> Option<&User> {
        id.map_or_else(|| self.first_admin(), |id| self.get(id))
    }

    /// Declares a user; replaces the one of that id.
    pub fn put(&mut self, user: User) {
        let known = self.by_id.get(&user.id);
        let place = known.map_or(self.next_place, |known| known.place);
        if let Some(known) = known {
            self.active -= usize::from(known.user.is_active());
            self.bytes -= known.user.bytes();
        } else {
            self.next_place += 1;
        }
        self.active += usize::from(user.is_active());
        self.bytes += user.bytes();
        if user.role == Role::Admin {
            self.admins.insert(place);
        } else {
            self.admins.remove(&place);
        }
        let user = Arc::new(user);
        self.by_id.insert(Found {
            id: user.id,
            place,
            user: Arc::clone(&user),
        });
        self.in_order.insert(Place { place, user });
    }
}
