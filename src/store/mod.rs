//! Who has what: organizations, and the groups, users and guests in them. No lock leaves this folder.

mod groups;
mod org;
mod tokens;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use dashmap::{DashMap, Entry};

pub use self::{
    groups::Groups,
    org::{Org, Undeclared},
    tokens::{Token, TokenRefusal, Tokens},
};
use crate::domain::{
    id::{OrgId, UserId},
    user::Role,
    validate::ValidationErrors,
};

/// Why the store says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// There is no such organization, and none starts by being named.
    NoOrg,
    /// The organization is not one of the token's.
    ForeignOrg,
    /// The organization has no such group.
    NoGroup,
    /// The organization has no such user.
    NoUser,
    /// The organization has no such guest.
    NoGuest,
    /// Fields of the body fail.
    Invalid(ValidationErrors),
    /// There are as many organizations as `--max-organizations` allows.
    Full,
}

impl From<ValidationErrors> for StoreError {
    fn from(errors: ValidationErrors) -> Self {
        Self::Invalid(errors)
    }
}

/// What an organization that nobody declared starts as; none where such organizations do not exist.
pub type Template = Option<StartOrg>;

type StartOrg = Box<dyn Fn(&OrgId) -> Org + Send + Sync>;

/// All organizations, and the tokens that open them.
pub struct Store {
    orgs: DashMap<OrgId, Arc<RwLock<Org>>>,
    org_count: AtomicUsize,
    max_organizations: usize,
    template: Template,
    tokens: ArcSwap<Tokens>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("orgs", &self.orgs.len())
            .finish_non_exhaustive()
    }
}

/// An organization as somebody found it: stored, or as it would start.
#[derive(Debug)]
pub struct FoundOrg {
    id: OrgId,
    stored: Option<Arc<RwLock<Org>>>,
    /// Made when it is first looked at; in a box, as hardly any request has need of it.
    started: OnceLock<Box<Org>>,
}

impl FoundOrg {
    fn started(&self, template: Option<&StartOrg>) -> Result<&Org, StoreError> {
        let start = template.ok_or(StoreError::NoOrg)?;
        Ok(self.started.get_or_init(|| Box::new(start(&self.id))))
    }
}

/// A token's user in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The user.
    pub user: UserId,
    /// The user's role.
    pub role: Role,
    /// Whether the user has `manage_groups`.
    pub manages_groups: bool,
}

impl Store {
    /// A store of these organizations; others start as `template` makes them, up to `max_organizations` in all.
    pub fn new(
        orgs: impl IntoIterator<Item = Org>,
        template: Template,
        tokens: Tokens,
        max_organizations: usize,
    ) -> Self {
        let orgs: DashMap<_, _> = orgs
            .into_iter()
            .map(|org| (org.id.clone(), Arc::new(RwLock::new(org))))
            .collect();
        Self {
            org_count: AtomicUsize::new(orgs.len()),
            orgs,
            max_organizations,
            template,
            tokens: ArcSwap::from_pointee(tokens),
        }
    }

    /// The tokens.
    pub fn tokens(&self) -> Arc<Tokens> {
        self.tokens.load_full()
    }

    /// Puts other tokens in the place of those there are.
    pub fn set_tokens(&self, tokens: Tokens) {
        self.tokens.store(Arc::new(tokens));
    }

    /// What an organization that nobody has written to starts as, where it exists all the same.
    pub fn started(&self, id: &OrgId) -> Option<Org> {
        self.template.as_ref().map(|start| start(id))
    }

    /// Whether an organization that is not stored exists all the same.
    pub fn is_open(&self) -> bool {
        self.template.is_some()
    }

    /// How many organizations are stored.
    pub fn org_count(&self) -> usize {
        self.org_count.load(Ordering::Relaxed)
    }

    /// How many groups are stored, in all organizations.
    pub fn group_count(&self) -> usize {
        let mut count = 0;
        self.each(|org| count += org.groups().len());
        count
    }

    /// The ids of the stored organizations, in their order.
    pub fn org_ids(&self) -> Vec<OrgId> {
        let mut ids: Vec<OrgId> = self.orgs.iter().map(|entry| entry.key().clone()).collect();
        ids.sort_unstable();
        ids
    }

    /// Looks at each stored organization, in the order of their ids.
    pub fn each(&self, mut look: impl FnMut(&Org)) {
        let mut orgs: Vec<_> = self
            .orgs
            .iter()
            .map(|entry| (entry.key().clone(), Arc::clone(entry.value())))
            .collect();
        orgs.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (_, org) in orgs {
            look(&org.read().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// An organization as it is now. What is put in its place later, by [`Store::replace`] or
    /// [`Store::remove`], is not seen through what was found before.
    pub fn find(&self, id: &OrgId) -> FoundOrg {
        FoundOrg {
            id: id.clone(),
            stored: self.orgs.get(id).map(|entry| Arc::clone(entry.value())),
            started: OnceLock::new(),
        }
    }

    /// Looks at an organization. One that only could exist is looked at as it would start, and not stored.
    pub fn read<T>(&self, found: &FoundOrg, look: impl FnOnce(&Org) -> T) -> Result<T, StoreError> {
        match &found.stored {
            Some(org) => Ok(look(&org.read().unwrap_or_else(PoisonError::into_inner))),
            None => found.started(self.template.as_ref()).map(look),
        }
    }

    /// Changes an organization, in one step that nobody sees half done. The first change that
    /// succeeds stores an organization that only could exist.
    pub fn write<T>(
        &self,
        found: &FoundOrg,
        change: impl FnOnce(&mut Org) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if let Some(org) = &found.stored {
            return change(&mut org.write().unwrap_or_else(PoisonError::into_inner));
        }
        let mut org = Org::clone(found.started(self.template.as_ref())?);
        match self.orgs.entry(found.id.clone()) {
            // Somebody else was first.
            Entry::Occupied(entry) => {
                let org = Arc::clone(entry.get());
                drop(entry);
                change(&mut org.write().unwrap_or_else(PoisonError::into_inner))
            }
            Entry::Vacant(entry) => {
                let changed = change(&mut org)?;
                self.count_one_more()?;
                entry.insert(Arc::new(RwLock::new(org)));
                Ok(changed)
            }
        }
    }

    /// Puts an organization in the place of the one of that id, if any.
    pub fn replace(&self, org: Org) -> Result<(), StoreError> {
        match self.orgs.entry(org.id.clone()) {
            Entry::Occupied(mut entry) => {
                entry.insert(Arc::new(RwLock::new(org)));
            }
            Entry::Vacant(entry) => {
                self.count_one_more()?;
                entry.insert(Arc::new(RwLock::new(org)));
            }
        }
        Ok(())
    }

    /// Forgets an organization, so that it is again as if nobody had written to it.
    pub fn remove(&self, id: &OrgId) {
        if self.orgs.remove(id).is_some() {
            self.org_count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Changes several organizations, all or none, in one step that nobody sees half done; those that
    /// are not stored begin as `start` makes them.
    ///
    /// `change` works on copies, and again where another request stored one of them in the meantime.
    pub fn change_together<E: From<StoreError>>(
        &self,
        ids: impl IntoIterator<Item = OrgId>,
        start: impl Fn(&OrgId) -> Org,
        change: impl Fn(&mut BTreeMap<OrgId, Org>) -> Result<(), E>,
    ) -> Result<(), E> {
        let ids: BTreeSet<OrgId> = ids.into_iter().collect();
        loop {
            // Locked in the order of their ids, so that two such changes never wait for each other.
            let stored: Vec<_> = ids
                .iter()
                .filter_map(|id| self.orgs.get(id).map(|entry| Arc::clone(entry.value())))
                .collect();
            let mut guards: Vec<_> = stored
                .iter()
                .map(|org| org.write().unwrap_or_else(PoisonError::into_inner))
                .collect();
            let mut copies: BTreeMap<_, _> = guards
                .iter()
                .map(|org| (org.id.clone(), Org::clone(org)))
                .collect();
            for id in &ids {
                copies.entry(id.clone()).or_insert_with(|| start(id));
            }
            change(&mut copies)?;
            let known: Vec<_> = guards.iter().map(|org| org.id.clone()).collect();
            let new: Vec<_> = ids
                .iter()
                .filter(|id| !known.contains(id))
                .filter_map(|id| copies.remove(id))
                .collect();
            if !self.insert_all(new)? {
                continue;
            }
            for org in &mut guards {
                if let Some(copy) = copies.remove(&org.id) {
                    **org = copy;
                }
            }
            return Ok(());
        }
    }

    /// Stores new organizations; none of them, and false, where one is there already.
    fn insert_all(&self, new: Vec<Org>) -> Result<bool, StoreError> {
        let mut inserted = Vec::new();
        let mut outcome = Ok(true);
        for org in new {
            let id = org.id.clone();
            match self.orgs.entry(id.clone()) {
                Entry::Occupied(_) => outcome = Ok(false),
                Entry::Vacant(entry) => match self.count_one_more() {
                    Ok(()) => {
                        entry.insert(Arc::new(RwLock::new(org)));
                        inserted.push(id);
                        continue;
                    }
                    Err(error) => outcome = Err(error),
                },
            }
            for id in &inserted {
                self.remove(id);
            }
            break;
        }
        outcome
    }

    fn count_one_more(&self) -> Result<(), StoreError> {
        self.org_count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < self.max_organizations).then_some(count + 1)
            })
            .map(|_| ())
            .map_err(|_| StoreError::Full)
    }

    /// Who a token's user is in an organization.
    pub fn standing(&self, found: &FoundOrg, token: &Token) -> Result<Standing, StoreError> {
        if !token.is_for(&found.id) {
            return Err(StoreError::ForeignOrg);
        }
        self.read(found, |org| {
            let user = token.user.unwrap_or_else(|| org.default_user());
            let role = match token.user {
                None => Role::Admin,
                Some(user) => org.role(user).ok_or(StoreError::ForeignOrg)?,
            };
            Ok(Standing {
                user,
                role,
                manages_groups: role.manages_groups(org.allow_manage_groups),
            })
        })?
    }
}

#[cfg(test)]
mod tests;
