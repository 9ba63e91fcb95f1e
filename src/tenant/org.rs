//! One organization, and the rules that span its tables.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    groups::Groups,
    ranked::{Ranked, Row},
    refusal::Refusal,
    tokens::{KnownAs, Token},
    users::Users,
};
use crate::config::Limits;
use crate::domain::{
    contract::Contract,
    details::Details,
    group::{Group, GroupPatch, Name, NewGroup, Roster},
    guest::{Email, Guest},
    id::{GroupId, OrgId, UserId},
    page::Page,
    query::ListQuery,
    user::{Role, User},
    validate::Fields,
};

/// Which member ids an organization takes that declares no users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Undeclared {
    /// Any.
    #[default]
    Open,
    /// None (`--strict`).
    Closed,
}

/// One organization and all that is in it. A copy shares all rows and costs `O(1)`.
#[derive(Debug, Clone)]
pub struct Org {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: Arc<str>,
    /// Whether users who are not admins may manage groups ("Allow non-Admins to create/manage groups?", evidence 7).
    pub allow_manage_groups: bool,
    /// Further fields that a fixture gave.
    pub details: Arc<Details>,
    /// The creation time of undeclared users: the start of the mock.
    pub started_at: DateTime<Utc>,
    undeclared: Undeclared,
    users: Users,
    guests: Ranked<Known>,
    /// What the texts and details of the guests take together.
    guest_bytes: usize,
    groups: Groups,
    next_id: u64,
}

/// A guest, keyed by the folded address.
#[derive(Debug, Clone)]
struct Known {
    key: Arc<str>,
    guest: Guest,
}

impl Row for Known {
    type Key = Arc<str>;

    fn key(&self) -> &Arc<str> {
        &self.key
    }
}

/// A token's user in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The user.
    pub user: UserId,
    /// The user's role.
    pub role: Role,
    /// Whether the user has `manage_groups`.
    pub manages_groups: bool,
    /// The user's record in another organization.
    known_as: Option<Arc<KnownAs>>,
}

impl Standing {
    /// The user, if the organization declares no users.
    fn alone(&self) -> User {
        let known_as = self.known_as.as_ref().map(|known| &known.user);
        match known_as.filter(|known| known.id == self.user) {
            Some(known) => User {
                role: self.role,
                ..known.clone()
            },
            None => User::undeclared(self.user),
        }
    }
}

impl Org {
    /// An empty organization.
    pub fn new(id: OrgId, name: &str, allow_manage_groups: bool, undeclared: Undeclared) -> Self {
        Self {
            id,
            name: name.into(),
            allow_manage_groups,
            details: Arc::default(),
            started_at: DateTime::UNIX_EPOCH,
            undeclared,
            users: Users::default(),
            guests: Ranked::default(),
            guest_bytes: 0,
            groups: Groups::default(),
            next_id: 0,
        }
    }

    /// Whether one is an unchanged copy of the other.
    pub fn is_same(&self, other: &Self) -> bool {
        self.groups.is_same(&other.groups)
            && self.users.is_same(&other.users)
            && self.guests.is_same(&other.guests)
            && self.next_id == other.next_id
            && self.allow_manage_groups == other.allow_manage_groups
            && Arc::ptr_eq(&self.name, &other.name)
            && Arc::ptr_eq(&self.details, &other.details)
    }

    /// Its groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The declared users, in the order of declaration.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Its users as one of them sees them: the declared ones, or without any that one alone.
    pub fn users_with(&self, present: &Standing) -> Cow<'_, Users> {
        if self.users.is_empty() {
            let mut alone = Users::default();
            alone.put(present.alone());
            Cow::Owned(alone)
        } else {
            Cow::Borrowed(&self.users)
        }
    }

    /// The user of that id, as [`Org::users_with`] has them.
    pub fn user_with(&self, present: &Standing, id: UserId) -> Option<Cow<'_, User>> {
        if self.users.is_empty() && id == present.user {
            return Some(Cow::Owned(present.alone()));
        }
        self.users.get(id).map(Cow::Borrowed)
    }

    /// The guests it knows, in the order of their addresses.
    pub fn guests(&self) -> impl ExactSizeIterator<Item = &Guest> + DoubleEndedIterator {
        self.guests.iter().map(|known| &known.guest)
    }

    /// About how many bytes it takes in memory: a fixed part for each row, and the texts and lists of each.
    /// What several organizations share is counted in each.
    pub fn bytes(&self) -> u64 {
        let rows = self.groups.len() + self.users.len() + self.guests.len();
        let texts = self.groups.bytes() + self.users.bytes() + self.guest_bytes;
        let own = self.name.len() + self.details.bytes();
        (rows * Limits::ROW_BYTES + texts + own) as u64
    }

    /// The number of ids that were generated for it.
    pub fn id_sequence(&self) -> u64 {
        self.next_id
    }

    /// Sets the number of generated ids, from which further ids continue.
    pub fn set_id_sequence(&mut self, next: u64) {
        self.next_id = next;
    }

    /// Declares a user; replaces the one of that id.
    pub fn put_user(&mut self, user: User) {
        self.users.put(user);
    }

    /// Declares a guest; replaces the one of that address.
    pub fn put_guest(&mut self, guest: Guest) {
        let key = guest.email.key();
        self.guest_bytes += guest.bytes();
        if let Some(before) = self.guests.insert(Known { key, guest }) {
            self.guest_bytes -= before.guest.bytes();
        }
    }

    /// The guest of that address, whatever its case.
    pub fn guest(&self, email: &Email) -> Option<&Guest> {
        self.guests.get(&email.key()).map(|known| &known.guest)
    }

    /// The user of a token that names none: the first declared admin, or else user 1.
    pub fn default_user(&self) -> UserId {
        self.users
            .first_admin()
            .map_or(UserId::FIRST, |admin| admin.id)
    }

    /// The role of a user; where the organization declares no users, everybody is an admin.
    pub fn role(&self, user: UserId) -> Option<Role> {
        if self.users.is_empty() {
            Some(Role::Admin)
        } else {
            self.users.get(user).map(|user| user.role)
        }
    }

    /// Who a token's user is here.
    pub fn standing(&self, token: &Token) -> Result<Standing, Refusal> {
        if !token.is_for(&self.id) {
            return Err(Refusal::ForeignOrg);
        }
        let can_be = |user: &UserId| self.users.is_empty() || self.users.get(*user).is_some();
        let (user, role) = match token.user {
            None => {
                let person = token.person().filter(can_be);
                (person.unwrap_or_else(|| self.default_user()), Role::Admin)
            }
            Some(user) => (user, self.role(user).ok_or(Refusal::ForeignOrg)?),
        };
        Ok(Standing {
            user,
            role,
            manages_groups: role.manages_groups(self.allow_manage_groups),
            known_as: token.known_as.clone(),
        })
    }

    /// One page of its groups.
    pub fn list(&self, query: &ListQuery) -> Page<&Group> {
        self.groups.list(query)
    }

    /// The group of that id.
    pub fn get(&self, id: &GroupId) -> Result<&Arc<Group>, Refusal> {
        self.groups.get(id).ok_or(Refusal::NoGroup)
    }

    /// Creates a group from the body of a request; `new_id` makes the id out of a number that grows
    /// with each group, and an id already taken is skipped.
    pub fn insert(
        &mut self,
        fields: &Fields,
        contract: &Contract,
        now: DateTime<Utc>,
        new_id: impl Fn(&OrgId, u64) -> GroupId,
    ) -> Result<Arc<Group>, Refusal> {
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
    ) -> Result<Arc<Group>, Refusal> {
        let group = self.get(id)?;
        let patch = GroupPatch::parse(fields, &AllBut { org: self, id })?;
        if patch.is_empty() {
            return Ok(Arc::clone(group));
        }
        let changed = patch.applied_to(group, now);
        self.meet(&changed.guests, now);
        self.groups.replace(changed).ok_or(Refusal::NoGroup)
    }

    /// Deletes a group for good; its members and guests stay, its name is free (evidence 12).
    pub fn remove(&mut self, id: &GroupId) -> Result<Arc<Group>, Refusal> {
        self.groups.remove(id).ok_or(Refusal::NoGroup)
    }

    /// Puts groups into an empty organization; ids and names must be unique.
    pub fn fill(&mut self, groups: Vec<Group>) {
        for group in &groups {
            self.meet(&group.guests, group.created_at);
        }
        self.groups = Groups::of(groups);
    }

    /// Inserts a group; its id and name must be free, and its members known.
    pub fn place(&mut self, group: Group) -> Arc<Group> {
        self.meet(&group.guests, group.created_at);
        self.groups.insert(group)
    }

    /// Inserts or replaces a group; its name must be free or its own, and its members known.
    pub fn put_group(&mut self, group: Group) {
        self.meet(&group.guests, group.created_at);
        if self.groups.get(&group.id).is_some() {
            self.groups.replace(group);
        } else {
            self.groups.insert(group);
        }
    }

    /// An address that the organization does not know yet becomes a guest of it (evidence 4.5, assumed),
    /// as old as the write that names it.
    fn meet(&mut self, guests: &[Email], at: DateTime<Utc>) {
        for email in guests {
            let key = email.key();
            if self.guests.get(&key).is_none() {
                self.put_guest(Guest::from_email(email.clone(), Some(at)));
            }
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
            Undeclared::Open | Undeclared::Closed => self.users.get(user).is_some(),
        }
    }
}

/// The organization from the point of view of a group that is validated.
struct AllBut<'a> {
    org: &'a Org,
    id: &'a GroupId,
}

impl Roster for AllBut<'_> {
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
