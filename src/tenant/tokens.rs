//! Who a Bearer token stands for.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use crate::domain::id::{OrgId, UserId};

/// What a token stands for: one user in one or more organizations (evidence 7).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Token {
    /// The user; none stands for the organization's first admin.
    pub user: Option<UserId>,
    /// The organizations; none at all stands for every one.
    pub organizations: Vec<OrgId>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Token {
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
    /// Its time is over.
    Expired,
}

/// The tokens that are declared, or, where none is, every token there can be.
#[derive(Debug, Default)]
pub struct Tokens {
    declared: HashMap<Box<str>, Arc<Token>>,
    any: Arc<Token>,
}

impl Tokens {
    /// These tokens and no others; with no tokens, any.
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

    /// These tokens, and others with them.
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

    /// The tokens that are declared, in the order of their text.
    pub fn declared(&self) -> Vec<(&str, &Token)> {
        let mut declared: Vec<(&str, &Token)> = self
            .declared
            .iter()
            .map(|(secret, token)| (secret.as_ref(), token.as_ref()))
            .collect();
        declared.sort_unstable_by_key(|(secret, _)| *secret);
        declared
    }

    /// What the token stands for, by the time that `now` tells where it matters.
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
