//! An organization as a fixture or a template describes it, and how it is built from that.

use std::{collections::HashSet, sync::Arc};

use super::{
    ids::IdGen,
    org::{Org, Undeclared},
};
use crate::domain::{
    details::Details,
    group::{Group, NewGroup, Roster},
    guest::Guest,
    id::{GroupId, OrgId, UserId},
    user::{Role, User},
};
use chrono::{DateTime, Utc};

/// An organization without its id: a declared one, or a template for others.
#[derive(Debug, Clone, Default)]
pub struct OrgSeed {
    /// Its name; by default its id.
    pub name: Option<Arc<str>>,
    /// Whether users who are not admins may manage groups; by default they may.
    pub allow_manage_groups: Option<bool>,
    /// Further fields that a fixture gave.
    pub details: Details,
    /// Its users.
    pub users: Vec<User>,
    /// Its guests.
    pub guests: Vec<Guest>,
    /// Its groups.
    pub groups: Vec<GroupSeed>,
    /// The number of ids that were generated for it; present in an exported state.
    pub id_sequence: Option<u64>,
}

/// A group as a fixture describes it.
#[derive(Debug, Clone)]
pub struct GroupSeed {
    /// Its id; by default derived from the organization's id and the name.
    pub id: Option<GroupId>,
    /// Its fields.
    pub fields: NewGroup,
    /// The URL of its logo.
    pub logo: Option<Box<str>>,
    /// When it was created; by default the start of the mock.
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last updated; by default when it was created.
    pub updated_at: Option<DateTime<Utc>>,
}

impl OrgSeed {
    /// Whether the user can be a member of the organization.
    pub fn may_have(&self, user: UserId) -> bool {
        self.users.is_empty() || self.users.iter().any(|declared| declared.id == user)
    }

    /// The user of that id; without one, the first admin.
    pub fn user_or_first_admin(&self, id: Option<UserId>) -> Option<&User> {
        self.users.iter().find(|user| match id {
            Some(id) => user.id == id,
            None => user.role == Role::Admin,
        })
    }

    /// Builds the organization; what has no time gets `start`.
    pub fn build(&self, id: &OrgId, start: DateTime<Utc>, undeclared: Undeclared) -> Org {
        self.clone().into_org(id, start, undeclared)
    }

    /// The same, with all that is in it.
    pub fn into_org(mut self, id: &OrgId, start: DateTime<Utc>, undeclared: Undeclared) -> Org {
        let mut org = Org::new(id.clone(), id.as_str(), true, undeclared);
        org.started_at = start;
        let ids = self.ids(id);
        let groups = std::mem::take(&mut self.groups);
        self.put_into(&mut org);
        let groups = ids.into_iter().zip(groups);
        org.fill(
            groups
                .map(|(id, group)| group.into_group(id, start))
                .collect(),
        );
        org
    }

    /// Adds what this describes to an organization that is there: the same id replaces. Where a rule of
    /// the API's is broken, the error lists every mistake with its path.
    pub fn add_to(&self, org: &mut Org, start: DateTime<Utc>) -> Result<(), Vec<(String, String)>> {
        let mut problems = Vec::new();
        self.put_into(org);
        for (i, (id, group)) in self.ids(&org.id).into_iter().zip(&self.groups).enumerate() {
            let name = &group.fields.name;
            if org.groups().named(name).is_some_and(|other| other.id != id) {
                problems.push((
                    format!("groups[{i}].name"),
                    "The name has already been taken.".to_owned(),
                ));
                continue;
            }
            for (j, user) in group.fields.members.iter().enumerate() {
                if !org.knows_user(*user) {
                    let sentence = format!("The selected members.{j} is invalid.");
                    problems.push((format!("groups[{i}].members[{j}]"), sentence));
                }
            }
            org.put_group(group.clone().into_group(id, start));
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    fn put_into(&self, org: &mut Org) {
        if let Some(name) = &self.name {
            org.name.clone_from(name);
        }
        org.allow_manage_groups = self.allow_manage_groups.unwrap_or(org.allow_manage_groups);
        org.set_id_sequence(self.id_sequence.unwrap_or(org.id_sequence()));
        Arc::make_mut(&mut org.details).extend(&self.details);
        for user in &self.users {
            org.put_user(user.clone());
        }
        for guest in &self.guests {
            org.put_guest(guest.clone());
        }
    }

    /// The id of each group, those that are derived included; no two are the same.
    fn ids(&self, org: &OrgId) -> Vec<GroupId> {
        let mut used: HashSet<GroupId> = self
            .groups
            .iter()
            .filter_map(|group| group.id.clone())
            .collect();
        let mut ids = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let id = group
                .id
                .clone()
                .unwrap_or_else(|| derived(org, group.fields.name.as_str(), &used));
            used.insert(id.clone());
            ids.push(id);
        }
        ids
    }
}

impl GroupSeed {
    fn into_group(self, id: GroupId, start: DateTime<Utc>) -> Group {
        let created_at = self.created_at.unwrap_or(start);
        Group {
            id,
            name: self.fields.name,
            description: self.fields.description,
            logo: self.logo,
            members: self.fields.members,
            guests: self.fields.guests,
            created_at,
            updated_at: self.updated_at.unwrap_or(created_at),
        }
    }
}

/// The same at each start. A renamed group may have been given the id that its old name led to, so
/// ids that are used are passed over.
fn derived(org: &OrgId, name: &str, used: &HashSet<GroupId>) -> GroupId {
    let ids = std::iter::successors(Some(IdGen::derived(org.as_str(), name)), |id| {
        Some(IdGen::derived(org.as_str(), id))
    });
    ids.map(|id| GroupId::parse(&id).expect("32 hexadecimal digits are an id"))
        .find(|id| !used.contains(id))
        .expect("the chain of ids does not end")
}
