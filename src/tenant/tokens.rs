//! Bearer tokens, and whom they stand for.

use std::{collections::HashMap, sync::Arc};

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

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    /// The fixture declares tokens, and this is none of them.
    Unknown,
    /// It has expired.
    Expired,
}

/// The declared tokens, or any token if none is declared.
#[derive(Debug, Default)]
pub struct Tokens {
    declared: HashMap<Box<str>, Arc<Token>>,
    any: Arc<Token>,
}

impl Tokens {
    /// Exactly these tokens, or every token if there are none.
    pub fn new(declared: impl IntoIterator<Item = (Box<str>, Token)>) -> Self {
        let declared = declared
            .into_iter()
            .map(|(secret, token)| (secret, Arc::new(token)))
            .collect();
        Self {
            declared,
            any: Arc::new(Token::default()),
        }
    }

    /// The same, except that every token stands for `any` where none is declared.
    #[must_use]
    pub fn or_any(self, any: Token) -> Self {
        Self {
            any: Arc::new(any),
            ..self
        }
    }

    /// The organization from which the user comes whom any token stands for, where none is declared.
    pub fn home(&self) -> Option<&OrgId> {
        self.any.home().filter(|_| self.declared.is_empty())
    }

    /// These tokens and `more`.
    #[must_use]
    pub fn with(&self, added: impl IntoIterator<Item = (Box<str>, Token)>) -> Self {
        let mut declared = self.declared.clone();
        declared.extend(
            added
                .into_iter()
                .map(|(secret, token)| (secret, Arc::new(token))),
        );
        Self {
            declared,
            any: Arc::clone(&self.any),
        }
    }

    /// The declared tokens, sorted by their text.
    pub fn declared(&self) -> Vec<(&str, &Token)> {
        let mut declared: Vec<(&str, &Token)> = self
            .declared
            .iter()
            .map(|(secret, token)| (secret.as_ref(), token.as_ref()))
            .collect();
        declared.sort_unstable_by_key(|(secret, _)| *secret);
        declared
    }

    /// Resolves a token; `now` is called only if the token can expire.
    pub fn get(
        &self,
        secret: &str,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<Arc<Token>, TokenRefusal> {
        if self.declared.is_empty() {
            return Ok(Arc::clone(&self.any));
        }
        let token = self.declared.get(secret).ok_or(TokenRefusal::Unknown)?;
        match token.expires_at {
            Some(end) if end <= now() => Err(TokenRefusal::Expired),
            Some(_) | None => Ok(Arc::clone(token)),
        }
    }
}
