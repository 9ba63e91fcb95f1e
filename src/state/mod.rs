//! One running mock: what a request may reach, and what can be done to it from outside Tallyfy's API.

mod change;

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

pub use self::change::Refusal;
use crate::{
    config::{Config, Guard, Limits},
    domain::{
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

/// Why a mock does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The fixture has mistakes.
    #[error("{0}")]
    Fixture(#[from] FixtureError),
    /// A contract switch or an edition does not exist.
    #[error("{0}")]
    Contract(#[from] ContractError),
    /// `--strict` was asked for, and the fixture leaves open what it would close.
    #[error("`--strict` needs a fixture that declares {0}")]
    NotStrict(String),
    /// There are more organizations than allowed.
    #[error("the fixture declares {declared} organizations, but `--max-organizations` is {limit}")]
    TooManyOrganizations {
        /// How many the fixture declares.
        declared: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// No clock shows that time.
    #[error("the clock cannot stand at {0}: its year is not one from 0000 to 9999")]
    Clock(String),
    /// The port cannot be had.
    #[error(
        "cannot listen on {host}:{port}: {source}; choose another with `--host` and `--port` (0 takes a free port)"
    )]
    Listen {
        /// The host that was asked for.
        host: String,
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no thread or no event loop to serve with.
    #[error("cannot start serving: {0}")]
    Runtime(#[source] io::Error),
}

/// What a request handler may reach.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct AppState {
    /// Who has what, and all else that belongs to an organization.
    pub tenants: Tenants,
    /// What a reset goes back to.
    loaded: ArcSwap<Baseline>,
    started_at: DateTime<Utc>,
    strict: bool,
    /// The edition that was chosen.
    pub edition: Edition,
    /// What to answer where the documentation disagrees with itself.
    pub contract: Contract,
    /// Where ids come from.
    pub ids: IdGen,
    /// Where each request has a line; without one, it is an event of `tracing`.
    pub request_log: Option<RequestLog>,
    /// What clients may ask for.
    pub limits: Limits,
    /// Who may use the control endpoints.
    pub guard: Guard,
    /// Whether a request may say how it is to be answered.
    pub steering: bool,
    /// Whether each refusal has a header that says why.
    pub reasons: bool,
    /// Whether a proxy says what scheme and host were asked.
    pub trust_proxy: bool,
    /// Host and port that links name where a request does not.
    pub authority: String,
    /// Whose place the mock takes.
    pub hosts: Hosts,
    not_forwarded: AtomicU64,
}

impl AppState {
    /// The state that a fixture describes, for a server that listens on `authority`.
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
            edition,
            contract,
            ids,
            request_log: None,
            limits: config.limits,
            guard: config.guard.clone(),
            steering: config.steering,
            reasons: config.reasons,
            trust_proxy: config.trust_proxy,
            authority,
            hosts: Hosts::with(&config.tls_hosts),
            not_forwarded: AtomicU64::new(0),
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

/// What is stored where a fixture is all there is; what has no time in it is as old as `start`.
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
    let seed = fixture.template.unwrap_or_default();
    let by_id: HashMap<&OrgId, &Org> = orgs.iter().map(|org| (&org.id, org)).collect();
    let find = |id: &OrgId, user: Option<UserId>| match by_id.get(id) {
        Some(org) => org.users().get_or_first_admin(user).cloned(),
        None => seed.user_or_first_admin(user).cloned(),
    };
    // In the order in which the token names its organizations, or else the fixture.
    let known = |token: Token| {
        let named = token.organizations.clone();
        let all = orgs.iter().filter(|_| named.is_empty());
        token.known_among(named.iter().chain(all.map(|org| &org.id)), find)
    };
    let tokens = fixture.tokens.into_iter();
    let tokens = tokens.map(|seed| (seed.secret, known(seed.token)));
    let tokens = Tokens::new(tokens.collect::<Vec<_>>()).or_any(known(Token::default()));
    Ok(Baseline {
        tokens: Arc::new(tokens),
        orgs,
        template: is_open.then(|| Arc::new(Template { seed, start })),
    })
}

/// A strict mock closes what the fixture leaves open; what would then contradict itself is refused.
fn check_strict(fixture: &Fixture) -> Result<(), StartError> {
    if fixture.tokens.is_empty() {
        return Err(StartError::NotStrict("tokens".into()));
    }
    if fixture
        .tokens
        .iter()
        .any(|seed| seed.token.organizations.is_empty())
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
