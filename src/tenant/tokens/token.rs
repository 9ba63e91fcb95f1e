//! Whom a token stands for.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{
    id::{OrgId, UserId},
    user::User,
};

/// What a token stands for: one user in one or more organizations (evidence 7).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Token {
    /// The user; `None` stands for the organization's first admin.
    pub user: Option<UserId>,
    /// The organizations; empty stands for every one.
    pub organizations: Vec<OrgId>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// The user as an organization declares them.
    pub known_as: Option<Arc<KnownAs>>,
}

/// A token's user as the first of its organizations declares them that does: one token's user is one
/// person, in all organizations where that can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAs {
    /// That organization.
    pub home: OrgId,
    /// The user there.
    pub user: User,
}

impl Token {
    /// The same token, its user known as the first of these organizations declares them that does; `find`
    /// looks for the user of that id there, or for the first admin.
    #[must_use]
    pub fn known_among<'a>(
        self,
        orgs: impl IntoIterator<Item = &'a OrgId>,
        find: impl Fn(&OrgId, Option<UserId>) -> Option<User>,
    ) -> Self {
        let known_as = orgs.into_iter().find_map(|home| {
            let user = find(home, self.user)?;
            let home = home.clone();
            Some(Arc::new(KnownAs { home, user }))
        });
        Self { known_as, ..self }
    }

    /// The id of its user, if that is one person in all organizations.
    pub fn person(&self) -> Option<UserId> {
        self.user.or_else(|| Some(self.record()?.id))
    }

    /// Its user, as declared.
    pub fn record(&self) -> Option<&User> {
        self.known_as.as_ref().map(|known| &known.user)
    }

    /// The organization whose record of the user this is.
    pub fn home(&self) -> Option<&OrgId> {
        self.known_as.as_ref().map(|known| &known.home)
    }

    /// Whether the token is good for an organization.
    pub fn is_for(&self, org: &OrgId) -> bool {
        self.organizations.is_empty() || self.organizations.contains(org)
    }
}
