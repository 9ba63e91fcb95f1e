//! One organization, and the rules that span its tables.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{StoreError, groups::Groups};
use crate::domain::{
    contract::Contract,
    group::{Group, GroupPatch, Name, NewGroup, Roster},
    guest::{Email, Guest},
    id::{GroupId, OrgId, UserId},
    page::Page,
    query::ListQuery,
    user::{Role, User},
    validate::Fields,
};

/// Whether an organization that declares no users takes any member id or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Undeclared {
    /// What is not declared is open.
    #[default]
    Open,
    /// What is not declared does not exist (`--strict`).
    Closed,
}

/// One organization and all that is in it.
#[derive(Debug, Clone)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: Box<str>,
    /// Whether users who are not admins may manage groups ("Allow non-Admins to create/manage groups?", evidence 7).
    pub allow_manage_groups: bool,
    /// What else a fixture says of it.
    pub details: Map<String, Value>,
    undeclared: Undeclared,
    /// In the order in which they were declared.
    users: Vec<User>,
    place_of_user: BTreeMap<UserId, usize>,
    first_admin: Option<UserId>,
    guests: BTreeMap<Box<str>, Guest>,
    groups: Groups,
    next_id: u64,
}

impl Org {
    /// An organization with nobody and nothing in it.
    pub fn new(id: OrgId, name: &str, allow_manage_groups: bool, undeclared: Undeclared) -> Self {
        Self {
            id,
            name: name.into(),
            allow_manage_groups,
            details: Map::new(),
            undeclared,
            users: Vec::new(),
            place_of_user: BTreeMap::new(),
            first_admin: None,
            guests: BTreeMap::new(),
            groups: Groups::default(),
            next_id: 0,
        }
    }

    /// Its groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The users it declares, in the order in which they were declared.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Its users as one of them sees them: where none is declared, that one is there alone.
    pub fn users_with(&self, present: UserId) -> Cow<'_, [User]> {
        if self.users.is_empty() {
            Cow::Owned(vec![User::undeclared(present)])
        } else {
            Cow::Borrowed(&self.users)
        }
    }

    /// The user of that id, as [`Org::users_with`] has them.
    pub fn user_with(&self, present: UserId, id: UserId) -> Option<Cow<'_, User>> {
        if self.users.is_empty() && id == present {
            return Some(Cow::Owned(User::undeclared(present)));
        }
        self.user(id).map(Cow::Borrowed)
    }

    /// The guests it knows, in the order of their addresses.
    pub fn guests(&self) -> impl ExactSizeIterator<Item = &Guest> {
        self.guests.values()
    }

    /// How many ids it has handed out.
    pub fn id_sequence(&self) -> u64 {
        self.next_id
    }

    /// Goes on with the ids from there.
    pub fn set_id_sequence(&mut self, next: u64) {
        self.next_id = next;
    }

    /// Declares a user, in the place of the one of that id, if any.
    pub fn put_user(&mut self, user: User) {
        if let Some(place) = self.place_of_user.get(&user.id) {
            self.users[*place] = user;
            let first = self.users.iter().find(|user| user.role == Role::Admin);
            self.first_admin = first.map(|user| user.id);
        } else {
            if user.role == Role::Admin {
                self.first_admin.get_or_insert(user.id);
            }
            self.place_of_user.insert(user.id, self.users.len());
            self.users.push(user);
        }
    }

    /// Declares a guest, in the place of the one of that address, if any.
    pub fn put_guest(&mut self, guest: Guest) {
        self.guests.insert(guest.email.key(), guest);
    }

    /// The user of that id, where the organization declares it.
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.place_of_user.get(&id).map(|place| &self.users[*place])
    }

    /// The guest of that address, in any case.
    pub fn guest(&self, email: &Email) -> Option<&Guest> {
        self.guests.get(&email.key())
    }

    /// The user whom a token stands for that names none: the first admin declared, or else user 1.
    pub fn default_user(&self) -> UserId {
        self.first_admin.unwrap_or(UserId::FIRST)
    }

    /// The role of a user; where the organization declares no users, everybody is an admin.
    pub fn role(&self, user: UserId) -> Option<Role> {
        if self.users.is_empty() {
            Some(Role::Admin)
        } else {
            self.user(user).map(|user| user.role)
        }
    }

    /// One page of its groups.
    pub fn list(&self, query: &ListQuery) -> Page<&Group> {
        self.groups.list(query)
    }

    /// The group of that id.
    pub fn get(&self, id: &GroupId) -> Result<&Arc<Group>, StoreError> {
        self.groups.get(id).ok_or(StoreError::NoGroup)
    }

    /// Creates a group from the body of a request; `new_id` makes the id out of a number that grows
    /// with each group, and an id already taken is skipped.
    pub fn insert(
        &mut self,
        fields: &Fields,
        contract: &Contract,
        now: DateTime<Utc>,
        new_id: impl Fn(&OrgId, u64) -> GroupId,
    ) -> Result<Arc<Group>, StoreError> {
        let new = NewGroup::parse(fields, contract.description_on_create, self)?;
        let id = loop {
            let id = new_id(&self.id, self.next_id);
            self.next_id += 1;
            if self.groups.get(&id).is_none() {
                break id;
            }
        };
        Ok(self.place(Group {
            id,
            name: new.name,
            description: new.description,
            logo: None,
            members: new.members,
            guests: new.guests,
            created_at: now,
            updated_at: now,
        }))
    }

    /// Changes a group as the body of a request says. Its own name is no conflict (evidence 4.4).
    pub fn update(
        &mut self,
        id: &GroupId,
        fields: &Fields,
        now: DateTime<Utc>,
    ) -> Result<Arc<Group>, StoreError> {
        let group = self.get(id)?;
        let patch = GroupPatch::parse(fields, &Without { org: self, id })?;
        if patch.is_empty() {
            return Ok(Arc::clone(group));
        }
        let changed = patch.applied_to(group, now);
        self.meet(&changed.guests);
        self.groups.replace(changed).ok_or(StoreError::NoGroup)
    }

    /// Deletes a group for good; its members and guests stay, its name is free (evidence 12).
    pub fn remove(&mut self, id: &GroupId) -> Result<Arc<Group>, StoreError> {
        self.groups.remove(id).ok_or(StoreError::NoGroup)
    }

    /// Puts a group there whose id and name are free and whose members are known.
    pub fn place(&mut self, group: Group) -> Arc<Group> {
        self.meet(&group.guests);
        self.groups.insert(group)
    }

    /// Puts a group there whose name is free or its own and whose members are known, in the place of
    /// the one of that id, if any.
    pub fn put_group(&mut self, group: Group) {
        self.meet(&group.guests);
        if self.groups.get(&group.id).is_some() {
            self.groups.replace(group);
        } else {
            self.groups.insert(group);
        }
    }

    /// An address that the organization does not know yet becomes a guest of it (evidence 4.5, assumed).
    fn meet(&mut self, guests: &[Email]) {
        for email in guests {
            self.guests
                .entry(email.key())
                .or_insert_with(|| Guest::from_email(email.clone()));
        }
    }
}

impl Roster for Org {
    fn name_taken(&self, name: &Name) -> bool {
        self.groups.named(name).is_some()
    }

    fn knows_user(&self, user: UserId) -> bool {
        match self.undeclared {
            Undeclared::Open if self.users.is_empty() => true,
            Undeclared::Open | Undeclared::Closed => self.place_of_user.contains_key(&user),
        }
    }
}

/// The organization as a group sees it that is about to change.
struct Without<'a> {
    org: &'a Org,
    id: &'a GroupId,
}

impl Roster for Without<'_> {
    fn name_taken(&self, name: &Name) -> bool {
        self.org
            .groups
            .named(name)
            .is_some_and(|group| group.id != *self.id)
    }

    fn knows_user(&self, user: UserId) -> bool {
        self.org.knows_user(user)
    }
}
