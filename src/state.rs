//! What a request handler may reach.

use std::{io, sync::Arc};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::{
    clock::{Clock, IdGen},
    config::{Config, Guard, Limits},
    domain::{
        contract::{Contract, ContractError, Edition},
        id::OrgId,
    },
    faults::Faults,
    fixture::{Fixture, FixtureError, OrgSeed},
    journal::{Journal, JournalLimits},
    rate_limit::RateLimiter,
    request_log::RequestLog,
    store::{Org, Store, Template, Tokens, Undeclared},
    world::World,
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
pub struct AppState {
    world: ArcSwap<World>,
    loaded: ArcSwap<Fixture>,
    started_at: DateTime<Utc>,
    strict: bool,
    /// The edition that was chosen.
    pub edition: Edition,
    /// What to answer where the documentation disagrees with itself.
    pub contract: Contract,
    /// Where ids come from.
    pub ids: IdGen,
    /// What was asked.
    pub journal: Journal,
    /// Where each request has a line; without one, it is an event of `tracing`.
    pub request_log: Option<RequestLog>,
    /// What clients may ask for.
    pub limits: Limits,
    /// Who may use the control endpoints.
    pub guard: Guard,
    /// Whether a request may say how it is to be answered.
    pub steering: bool,
    /// Host and port that links name where a request does not.
    pub authority: String,
}

impl AppState {
    /// The state that a fixture describes, for a server that listens on `authority`.
    pub fn new(config: &Config, fixture: Fixture, authority: String) -> Result<Self, StartError> {
        let (edition, contract) = config.contract.over(&fixture.contract);
        let clock = Clock::new(config.clock);
        let ids = config.seed.map_or_else(IdGen::random, IdGen::seeded);
        let started_at = clock.now(None);
        let (store, template) = stored(&fixture, config.strict, &config.limits, started_at)?;
        Ok(Self {
            world: ArcSwap::from_pointee(World {
                store,
                template,
                clock: Arc::new(clock),
                limiter: Arc::new(RateLimiter::new(config.rate_limit)),
                faults: Arc::new(Faults::new(ids.seed())),
                turn: Arc::default(),
            }),
            loaded: ArcSwap::from_pointee(fixture),
            started_at,
            strict: config.strict,
            edition,
            contract,
            ids,
            journal: Journal::new(JournalLimits {
                entries: config.journal_entries,
                rings: config.limits.max_organizations,
                ..JournalLimits::default()
            }),
            request_log: None,
            limits: config.limits,
            guard: config.guard.clone(),
            steering: config.steering,
            authority,
        })
    }

    /// Everything as it is now.
    pub fn world(&self) -> Arc<World> {
        self.world.load_full()
    }

    /// Puts another world in the place of the one that is, made out of it.
    pub fn set_world(&self, make: impl Fn(&World) -> World) {
        self.world.rcu(|world| make(world));
    }

    /// The fixtures that were loaded last: what a reset goes back to.
    pub fn loaded(&self) -> Arc<Fixture> {
        self.loaded.load_full()
    }

    /// Remembers what a reset goes back to from now on.
    pub fn set_loaded(&self, fixture: Fixture) {
        self.loaded.store(Arc::new(fixture));
    }

    /// What is stored where a fixture is all there is; what has no time in it is as old as this mock.
    pub fn stored(
        &self,
        fixture: &Fixture,
    ) -> Result<(Arc<Store>, Option<Arc<OrgSeed>>), StartError> {
        stored(fixture, self.strict, &self.limits, self.started_at)
    }

    /// The organization that a seed describes; what has no time in it is as old as this mock.
    pub fn org_of(&self, seed: &OrgSeed, id: &OrgId) -> Org {
        seed.build(id, self.started_at, undeclared(self.strict))
    }
}

fn undeclared(strict: bool) -> Undeclared {
    if strict {
        Undeclared::Closed
    } else {
        Undeclared::Open
    }
}

fn stored(
    fixture: &Fixture,
    strict: bool,
    limits: &Limits,
    start: DateTime<Utc>,
) -> Result<(Arc<Store>, Option<Arc<OrgSeed>>), StartError> {
    let limit = limits.max_organizations;
    let declared = fixture.organizations.len();
    if declared > limit {
        return Err(StartError::TooManyOrganizations { declared, limit });
    }
    if strict {
        check_strict(fixture)?;
    }
    let build = |(id, seed): &(_, OrgSeed)| seed.build(id, start, undeclared(strict));
    let orgs: Vec<Org> = fixture.organizations.iter().map(build).collect();
    let template = fixture.template.clone().map(Arc::new);
    let for_others: Template = (fixture.is_open() && !strict).then(|| {
        let seed = template.clone().unwrap_or_default();
        Box::new(move |id: &_| seed.build(id, start, Undeclared::Open)) as _
    });
    let tokens = Tokens::new(
        fixture
            .tokens
            .iter()
            .map(|seed| (seed.secret.clone(), seed.token.clone())),
    );
    Ok((
        Arc::new(Store::new(orgs, for_others, tokens, limit)),
        template,
    ))
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
