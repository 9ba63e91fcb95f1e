//! All tokens: the declared ones, the issued ones, or any.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    grants::{Code, Grants, Lifetimes, LifetimesSeed, OAuthSeed},
    issued::{Issued, IssuedTokens, Kind, StandsFor},
    token::Token,
};
use crate::{domain::id::OrgId, tenant::ranked::Ranked};

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRefusal {
    /// The fixture declares tokens, and this is none of them.
    Unknown,
    /// It has expired.
    Expired,
    /// It was refreshed.
    Revoked,
    /// It is a refresh token, which is no access token.
    Refresh,
    /// It was issued to an application, by `client_credentials`: no user.
    Application,
}

/// What a valid token resolves to.
#[derive(Debug)]
pub enum Bearer {
    /// A declared token, or any token where none is declared.
    Declared(Arc<Token>),
    /// An issued token; its user's record is looked up at each use.
    Issued(StandsFor),
}

/// The declared tokens, or any token if none is declared; and the clients, codes and issued tokens of
/// `/oauth/token`. A clone shares everything: `O(1)`.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    pub(super) declared: Arc<HashMap<Box<str>, Arc<Token>>>,
    pub(super) any: Arc<Token>,
    pub(super) grants: Arc<Grants>,
    pub(super) codes: Ranked<Code>,
    pub(super) issued: IssuedTokens,
    /// How many were issued; the next token's text is derived from this number.
    pub(super) sequence: u64,
}

impl Tokens {
    /// Upper bound on issued tokens.
    pub const MOST_ISSUED: usize = IssuedTokens::MOST;
    /// Upper bound on the bytes that they take, estimated.
    pub const MOST_ISSUED_BYTES: usize = IssuedTokens::MOST_BYTES;

    /// Exactly these tokens, or every token if there are none.
    pub fn new(declared: impl IntoIterator<Item = (Box<str>, Token)>) -> Self {
        let declared = declared
            .into_iter()
            .map(|(secret, token)| (secret, Arc::new(token)))
            .collect();
        Self {
            declared: Arc::new(declared),
            ..Self::default()
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

    /// The same, for `--strict`: `/oauth/token` takes no client and no password that is not declared.
    #[must_use]
    pub fn closed(mut self) -> Self {
        Arc::make_mut(&mut self.grants).is_closed = true;
        self
    }

    /// The organization from which the user comes whom any token stands for, where none is declared.
    pub fn home(&self) -> Option<&OrgId> {
        self.any.home().filter(|_| self.declared.is_empty())
    }

    /// These tokens and `added`.
    #[must_use]
    pub fn with(&self, added: impl IntoIterator<Item = (Box<str>, Token)>) -> Self {
        let mut tokens = self.clone();
        let mut added = added.into_iter().peekable();
        if added.peek().is_some() {
            let declared = Arc::make_mut(&mut tokens.declared);
            for (secret, token) in added {
                // A text is one token: what is declared takes the place of what was issued.
                tokens.issued.remove(&Arc::from(&*secret));
                declared.insert(secret, Arc::new(token));
            }
        }
        tokens
    }

    /// These tokens, and what a fixture's `oauth` declares; the same id replaces.
    #[must_use]
    pub fn with_oauth(&self, seed: &OAuthSeed) -> Self {
        let mut tokens = self.clone();
        if seed.is_empty() {
            return tokens;
        }
        Arc::make_mut(&mut tokens.grants).add(seed);
        for code in seed.codes.values() {
            tokens.codes.insert(code.clone());
        }
        let declared = Arc::clone(&tokens.declared);
        let is_declared = |text: &Arc<str>| declared.contains_key(&**text);
        for issued in &seed.issued {
            if !is_declared(&issued.access) && !issued.refresh.as_ref().is_some_and(is_declared) {
                tokens.issued.put(issued.clone());
            }
        }
        tokens.sequence = seed.sequence.unwrap_or(tokens.sequence);
        tokens
    }

    /// The fixture's `oauth` that describes the present state.
    pub fn oauth(&self) -> OAuthSeed {
        let Grants {
            clients,
            sign_ins,
            lifetimes,
            is_closed: _,
        } = &*self.grants;
        let is_default = *lifetimes == Lifetimes::default();
        let said = |seconds| (!is_default).then_some(seconds);
        OAuthSeed {
            clients: clients.clone(),
            sign_ins: sign_ins.clone(),
            codes: self
                .codes
                .iter()
                .map(|code| (Arc::clone(&code.code), code.clone()))
                .collect(),
            lifetimes: LifetimesSeed {
                access_token: said(lifetimes.access_token),
                client_credentials: said(lifetimes.client_credentials),
                refresh_token: said(lifetimes.refresh_token),
            },
            issued: self.issued.iter().collect(),
            sequence: (self.sequence > 0).then_some(self.sequence),
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

    /// Resolves a token for a request to that organization, or to none; `now` is called only if the token can
    /// expire.
    pub fn get(
        &self,
        secret: &str,
        org: Option<&OrgId>,
        now: impl FnOnce() -> DateTime<Utc>,
    ) -> Result<Bearer, TokenRefusal> {
        if !self.issued.is_empty() {
            let secret = Arc::from(secret);
            if let Some((kind, issued)) = self.issued.get(&secret) {
                let expires_at = self.issued.expires_at(&secret, org);
                return issued.bearer(kind, || expires_at.is_some_and(|end| end <= now()));
            }
        }
        if self.declared.is_empty() {
            return Ok(Bearer::Declared(Arc::clone(&self.any)));
        }
        let token = self.declared.get(secret).ok_or(TokenRefusal::Unknown)?;
        match token.expires_at {
            Some(end) if end <= now() => Err(TokenRefusal::Expired),
            Some(_) | None => Ok(Bearer::Declared(Arc::clone(token))),
        }
    }

    /// The same tokens without the expiry times by the clock of that organization, or of all: the clock was
    /// reset. `None` if there are no such times.
    pub fn without_clock(&self, org: Option<&OrgId>) -> Option<Self> {
        self.issued.knows_clock(org).then(|| {
            let mut tokens = self.clone();
            tokens.issued.forget_clock(org);
            tokens
        })
    }
}

impl Issued {
    /// Resolves it as a Bearer token.
    fn bearer(&self, kind: Kind, is_over: impl FnOnce() -> bool) -> Result<Bearer, TokenRefusal> {
        if kind == Kind::Refresh {
            return Err(TokenRefusal::Refresh);
        }
        if self.is_revoked {
            return Err(TokenRefusal::Revoked);
        }
        if is_over() {
            return Err(TokenRefusal::Expired);
        }
        let stands_for = self.stands_for.clone().ok_or(TokenRefusal::Application)?;
        Ok(Bearer::Issued(stands_for))
    }
}

#[cfg(test)]
mod tests;
