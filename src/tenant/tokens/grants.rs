//! What a fixture's `oauth` declares: clients, passwords, authorization codes, lifetimes.

use std::{collections::BTreeMap, sync::Arc};

use super::{issued::Issued, token::Token};
use crate::{domain::text::folded, tenant::ranked::Row};

/// A fixture's `oauth`.
#[derive(Debug, Clone, Default)]
pub struct OAuthSeed {
    /// The clients, by their ids.
    pub clients: BTreeMap<u64, Client>,
    /// Who may sign in with a password, by the username in lower case.
    pub sign_ins: BTreeMap<Box<str>, SignIn>,
    /// The authorization codes, by their text.
    pub codes: BTreeMap<Arc<str>, Code>,
    /// Lifetimes.
    pub lifetimes: LifetimesSeed,
    /// Issued tokens, the oldest first; only an exported state has them.
    pub issued: Vec<Issued>,
    /// How many were issued in all; only an exported state has it.
    pub sequence: Option<u64>,
}

impl OAuthSeed {
    /// Whether it declares nothing.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
            && self.sign_ins.is_empty()
            && self.codes.is_empty()
            && self.lifetimes == LifetimesSeed::default()
            && self.issued.is_empty()
            && self.sequence.is_none()
    }
}

/// A client that may ask for tokens.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its secret; `None` for a public client.
    pub secret: Option<Box<str>>,
    /// Whom its `client_credentials` tokens stand for; `None` for an application, which is no user (evidence 7).
    pub token: Option<Token>,
}

/// Somebody who signs in with a password.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The username, as declared.
    pub username: Box<str>,
    /// The password.
    pub password: Box<str>,
    /// Whom the token stands for; if it names no user, the one whose email address the username is.
    pub token: Token,
}

impl SignIn {
    /// The key of a username: usernames are case-insensitive. Assumed.
    pub fn key(username: &str) -> Box<str> {
        folded(username).collect::<String>().into()
    }
}

/// An authorization code, good once.
#[derive(Debug, Clone)]
pub struct Code {
    /// The code.
    pub code: Arc<str>,
    /// The client that it is for; `None` for any.
    pub client: Option<u64>,
    /// The `redirect_uri` that must come with it; `None` for any.
    pub redirect_uri: Option<Box<str>>,
    /// Whom the token stands for.
    pub token: Token,
    /// Whether it was used.
    pub is_used: bool,
}

impl Row for Code {
    type Key = Arc<str>;

    fn key(&self) -> &Arc<str> {
        &self.code
    }
}

/// Lifetimes that a fixture declares, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LifetimesSeed {
    /// A user's access token.
    pub access_token: Option<u32>,
    /// An application's, by `client_credentials`.
    pub client_credentials: Option<u32>,
    /// A refresh token.
    pub refresh_token: Option<u32>,
}

/// Lifetimes in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetimes {
    /// A user's access token: an hour, by the guide (evidence 8.7; the Postman pages say six months).
    pub(super) access_token: u32,
    /// An application's: seven days (evidence 8.7).
    pub(super) client_credentials: u32,
    /// A refresh token: twelve months (evidence 8.7).
    pub(super) refresh_token: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access_token: 3600,
            client_credentials: 7 * 24 * 3600,
            refresh_token: 365 * 24 * 3600,
        }
    }
}

impl Lifetimes {
    /// These, overridden by a fixture's.
    fn or(self, seed: LifetimesSeed) -> Self {
        Self {
            access_token: seed.access_token.unwrap_or(self.access_token),
            client_credentials: seed.client_credentials.unwrap_or(self.client_credentials),
            refresh_token: seed.refresh_token.unwrap_or(self.refresh_token),
        }
    }
}

/// What is declared: it changes only by a fixture.
#[derive(Debug, Clone, Default)]
pub(super) struct Grants {
    /// The clients, by their ids.
    pub(super) clients: BTreeMap<u64, Client>,
    /// Who may sign in, by the username in lower case.
    pub(super) sign_ins: BTreeMap<Box<str>, SignIn>,
    /// How long tokens live.
    pub(super) lifetimes: Lifetimes,
    /// Whether what is not declared does not exist (`--strict`).
    pub(super) is_closed: bool,
}

impl Grants {
    /// Adds what a fixture declares; the same id replaces.
    pub(super) fn add(&mut self, seed: &OAuthSeed) {
        let clients = seed.clients.iter();
        self.clients
            .extend(clients.map(|(id, it)| (*id, it.clone())));
        let sign_ins = seed.sign_ins.iter();
        let sign_ins = sign_ins.map(|(name, it)| (name.clone(), it.clone()));
        self.sign_ins.extend(sign_ins);
        self.lifetimes = self.lifetimes.or(seed.lifetimes);
    }
}
