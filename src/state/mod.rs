//! The state of one running mock: what a request may reach, and the changes from outside Tallyfy's API.

mod change;
mod compare;
mod totals;

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;

pub use self::{
    change::Refusal,
    totals::{Counted, Totals},
};
use crate::{
    config::{Config, Guard, Limits},
    domain::{
        agreement::Agreement,
        contract::{Contract, ContractError, Edition},
        hosts::Hosts,
        id::{OrgId, UserId},
    },
    fixture::{Fixture, FixtureError},
    request_log::RequestLog,
    tenant::{
        Baseline, IdGen, Org, OrgSeed, Start, Template, Tenants, Time, Token, Tokens, Undeclared,
        journal::JournalLimits,
    },
};

/// Why a mock cannot start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The fixture has mistakes.
    #[error("{0}")]
    Fixture(#[from] FixtureError),
    /// A contract switch or an edition does not exist.
    #[error("{0}")]
    Contract(#[from] ContractError),
    /// `--strict` was set, but the fixture leaves something open.
    #[error("`--strict` needs a fixture that declares {0}")]
    NotStrict(String),
    /// There are more organizations than allowed.
    #[error("the fixture declares {declared} organizations, but `--max-organizations` is {limit}")]
    TooManyOrganizations {
        /// The number that the fixture declares.
        declared: usize,
        /// The number that is allowed.
        limit: usize,
    },
    /// The rows take more than allowed.
    #[error("the fixture's rows take {bytes} bytes, but `--max-stored` is {limit}")]
    TooLarge {
        /// What they take.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The time is not in the years 0000 to 9999.
    #[error("the clock cannot stand at {0}: its year is not one from 0000 to 9999")]
    Clock(String),
    /// The port cannot be bound.
    #[error(
        "cannot listen on {host}:{port}: {source}; choose another with `--host` and `--port` (0 takes a free port)"
    )]
    Listen {
        /// The host that was asked for.
        host: String,
        /// The port that was asked for.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The certificate for TLS cannot be had.
    #[error("{0}")]
    Tls(String),
    /// The system provides no thread or no event loop.
    #[error("cannot start serving: {0}")]
    Runtime(#[source] io::Error),
}

/// Everything that a request handler may reach.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct AppState {
    /// The organizations, with all that belongs to them.
    pub tenants: Tenants,
    /// The state that a reset restores.
    loaded: ArcSwap<Baseline>,
    started_at: DateTime<Utc>,
    strict: bool,
    /// Which process, or which mock in it, this is: no two are the same.
    pub instance: Uuid,
    /// The edition.
    pub edition: Edition,
    /// The contract: a value for every switch.
    pub contract: Contract,
    /// What hosts were found to agree on.
    pub agreed: Vec<Agreement>,
    /// The generator of ids.
    pub ids: IdGen,
    /// The log of requests; without one, each request is an event of `tracing`.
    pub request_log: Option<RequestLog>,
    /// The bounds of what clients may ask for.
    pub limits: Limits,
    /// The guard of the control endpoints.
    pub guard: Guard,
    /// Whether a request may say how it is to be answered.
    pub steering: bool,
    /// Whether each refusal has a header that says why.
    pub reasons: bool,
    /// Whether a proxy's headers are trusted for the scheme and host of links.
    pub trust_proxy: bool,
    /// The host and port of links if a request names none.
    pub authority: String,
    /// Whose place the mock takes.
    pub hosts: Hosts,
    /// The certificate that clients have to trust, where TLS is spoken.
    pub ca_pem: Option<String>,
    not_forwarded: AtomicU64,
    /// Where requests are counted, if anybody wants to know at the end.
    pub totals: Option<Arc<Totals>>,
}

impl AppState {
    /// The state of a mock with that fixture that listens on `authority`.
    pub fn new(config: &Config, fixture: Fixture, authority: String) -> Result<Self, StartError> {
        let (edition, contract) = config.contract.over(&fixture.contract);
        let ids = config.seed.map_or_else(IdGen::random, IdGen::seeded);
        let frozen_at = config.clock.map(|at| {
            let in_calendar = Time::in_calendar(at);
            in_calendar.ok_or_else(|| StartError::Clock(at.to_rfc3339()))
        });
        let clock = Time::starting(frozen_at.transpose()?);
        let started_at = clock.read().now;
        let loaded = baseline(fixture, config.strict, &config.limits, started_at)?;
        let start = Start {
            clock,
            seed: ids.seed(),
            rate_limit: config.rate_limit,
            max_organizations: config.limits.max_organizations,
            max_stored: config.limits.max_stored,
            journal: JournalLimits {
                entries: config.journal_entries,
                ..JournalLimits::default()
            },
        };
        Ok(Self {
            tenants: Tenants::new(start, &loaded),
            loaded: ArcSwap::from_pointee(loaded),
            started_at,
            strict: config.strict,
            instance: IdGen::random().seed(),
            edition,
            contract,
            agreed: config.agreed.clone(),
            ids,
            request_log: None,
            limits: config.limits,
            guard: config.guard.clone(),
            steering: config.steering,
            reasons: config.reasons,
            trust_proxy: config.trust_proxy,
            authority,
            hosts: Hosts::with(config.tls.as_ref().map_or(&[], |tls| &tls.hosts)),
            ca_pem: None,
            not_forwarded: AtomicU64::new(0),
            totals: None,
        })
    }

    /// Counts a request for another host, which was refused.
    pub fn note_not_forwarded(&self) {
        self.not_forwarded.fetch_add(1, Ordering::Relaxed);
    }

    /// How many requests for other hosts were refused since the start.
    pub fn not_forwarded(&self) -> u64 {
        self.not_forwarded.load(Ordering::Relaxed)
    }

    /// Whether what the fixture leaves out is closed.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    fn undeclared(&self) -> Undeclared {
        undeclared(self.strict)
    }
}

fn undeclared(strict: bool) -> Undeclared {
    if strict {
        Undeclared::Closed
    } else {
        Undeclared::Open
    }
}

/// The baseline that a fixture describes; what has no time gets `start`.
fn baseline(
    fixture: Fixture,
    strict: bool,
    limits: &Limits,
    start: DateTime<Utc>,
) -> Result<Baseline, StartError> {
    let limit = limits.max_organizations;
    let declared = fixture.organizations.len();
    if declared > limit {
        return Err(StartError::TooManyOrganizations { declared, limit });
    }
    if strict {
        check_strict(&fixture)?;
    }
    let is_open = fixture.is_open() && !strict;
    let orgs = fixture.organizations.into_iter();
    let orgs = orgs.map(|(id, seed)| seed.into_org(&id, start, undeclared(strict)));
    let orgs: Vec<Org> = orgs.collect();
    let (bytes, limit) = (orgs.iter().map(Org::bytes).sum(), limits.max_stored);
    if bytes > limit {
        return Err(StartError::TooLarge { bytes, limit });
    }
    let seed = fixture.template.unwrap_or_default();
    let by_id: HashMap<&OrgId, &Org> = orgs.iter().map(|org| (&org.id, org)).collect();
    let find = |id: &OrgId, user: Option<UserId>| match by_id.get(id) {
        Some(org) => org.users().get_or_first_admin(user).cloned(),
        None => seed.user_or_first_admin(user).cloned(),
    };
    // In the order of the token's organizations, or else of the fixture's.
    let known = |token: Token| {
        let named = token.organizations.clone();
        let all = orgs.iter().filter(|_| named.is_empty());
        token.known_among(named.iter().chain(all.map(|org| &org.id)), find)
    };
    let tokens = fixture.tokens.into_iter();
    let tokens = tokens.map(|seed| (seed.secret, known(seed.token)));
    let tokens = Tokens::new(tokens.collect::<Vec<_>>()).or_any(known(Token::default()));
    let tokens = if strict { tokens.closed() } else { tokens };
    let tokens = tokens.with_oauth(&fixture.oauth);
    Ok(Baseline {
        tokens: Arc::new(tokens),
        orgs,
        template: is_open.then(|| Arc::new(Template { seed, start })),
    })
}

/// Closes what the fixture leaves open; refuses a fixture that would contradict itself then.
fn check_strict(fixture: &Fixture) -> Result<(), StartError> {
    if fixture.tokens.is_empty() {
        return Err(StartError::NotStrict("tokens".into()));
    }
    let declared = fixture.tokens.iter().map(|seed| &seed.token);
    let of_oauth = fixture.oauth_tokens.iter().map(|(_, token)| token);
    if declared
        .chain(of_oauth)
        .any(|token| token.organizations.is_empty())
    {
        return Err(StartError::NotStrict(
            "the organizations of each token".into(),
        ));
    }
    let undeclared = |seed: &OrgSeed| {
        seed.users.is_empty()
            && seed
                .groups
                .iter()
                .any(|group| !group.fields.members.is_empty())
    };
    match fixture
        .organizations
        .iter()
        .find(|(_, seed)| undeclared(seed))
    {
        Some((id, _)) => Err(StartError::NotStrict(format!(
            "the users of organization `{id}`, whose groups have members"
        ))),
        None => Ok(()),
    }
}
