//! Who has what: organizations, and the groups, users and guests in them. No lock leaves this folder.

mod groups;
mod org;
mod tokens;

use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

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
pub type Template = Option<Box<dyn Fn(&OrgId) -> Org + Send + Sync>>;

/// All organizations, and the tokens that open them.
pub struct Store {
    orgs: DashMap<OrgId, Arc<RwLock<Org>>>,
    org_count: AtomicUsize,
    max_organizations: usize,
    template: Template,
    tokens: Tokens,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("orgs", &self.orgs.len())
            .finish_non_exhaustive()
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
            tokens,
        }
    }

    /// The tokens.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// How many organizations are stored.
    pub fn org_count(&self) -> usize {
        self.org_count.load(Ordering::Relaxed)
    }

    /// How many groups are stored, in all organizations.
    pub fn group_count(&self) -> usize {
        let orgs: Vec<_> = self
            .orgs
            .iter()
            .map(|entry| Arc::clone(entry.value()))
            .collect();
        orgs.iter()
            .map(|org| {
                org.read()
                    .unwrap_or_else(PoisonError::into_inner)
                    .groups()
                    .len()
            })
            .sum()
    }

    /// Looks at an organization. One that only could exist is looked at as it would start, and not stored.
    pub fn read<T>(&self, id: &OrgId, look: impl FnOnce(&Org) -> T) -> Result<T, StoreError> {
        let stored = self.orgs.get(id).map(|entry| Arc::clone(entry.value()));
        match (stored, &self.template) {
            (Some(org), _) => Ok(look(&org.read().unwrap_or_else(PoisonError::into_inner))),
            (None, Some(start)) => Ok(look(&start(id))),
            (None, None) => Err(StoreError::NoOrg),
        }
    }

    /// Changes an organization, in one step that nobody sees half done. The first change that
    /// succeeds stores an organization that only could exist.
    pub fn write<T>(
        &self,
        id: &OrgId,
        change: impl FnOnce(&mut Org) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let stored = self.orgs.get(id).map(|entry| Arc::clone(entry.value()));
        if let Some(org) = stored {
            return change(&mut org.write().unwrap_or_else(PoisonError::into_inner));
        }
        let Some(start) = &self.template else {
            return Err(StoreError::NoOrg);
        };
        match self.orgs.entry(id.clone()) {
            // Somebody else was first.
            Entry::Occupied(entry) => {
                let org = Arc::clone(entry.get());
                drop(entry);
                change(&mut org.write().unwrap_or_else(PoisonError::into_inner))
            }
            Entry::Vacant(entry) => {
                let mut org = start(id);
                let changed = change(&mut org)?;
                self.count_one_more()?;
                entry.insert(Arc::new(RwLock::new(org)));
                Ok(changed)
            }
        }
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
    pub fn standing(&self, id: &OrgId, token: &Token) -> Result<Standing, StoreError> {
        if !token.is_for(id) {
            return Err(StoreError::ForeignOrg);
        }
        self.read(id, |org| {
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
