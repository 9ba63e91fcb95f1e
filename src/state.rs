//! What a request handler may reach.

use std::io;

use thiserror::Error;

use crate::{
    clock::{Clock, IdGen},
    config::{Config, Limits},
    domain::contract::{Contract, ContractError, Edition},
    fixture::{Fixture, FixtureError, OrgSeed},
    store::{Org, Store, Template, Tokens, Undeclared},
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
    /// Who has what.
    pub store: Store,
    /// The edition that was chosen.
    pub edition: Edition,
    /// What to answer where the documentation disagrees with itself.
    pub contract: Contract,
    /// What time it is.
    pub clock: Clock,
    /// Where ids come from.
    pub ids: IdGen,
    /// What clients may ask for.
    pub limits: Limits,
    /// Host and port that links name where a request does not.
    pub authority: String,
}

impl AppState {
    /// The state that a fixture describes, for a server that listens on `authority`.
    pub fn new(config: &Config, fixture: &Fixture, authority: String) -> Result<Self, StartError> {
        let limit = config.limits.max_organizations;
        let declared = fixture.organizations.len();
        if declared > limit {
            return Err(StartError::TooManyOrganizations { declared, limit });
        }
        let undeclared = if config.strict {
            Undeclared::Closed
        } else {
            Undeclared::Open
        };
        if config.strict {
            check_strict(fixture)?;
        }
        let clock = config.clock.map_or(Clock::System, Clock::Frozen);
        let start = clock.now();
        let orgs: Vec<Org> = fixture
            .organizations
            .iter()
            .map(|(id, seed)| seed.build(id, start, undeclared))
            .collect();
        let template: Template = (fixture.is_open() && !config.strict).then(|| {
            let seed: OrgSeed = fixture.template.clone().unwrap_or_default();
            Box::new(move |id: &_| seed.build(id, start, Undeclared::Open)) as _
        });
        let tokens = Tokens::new(
            fixture
                .tokens
                .iter()
                .map(|seed| (seed.secret.clone(), seed.token.clone())),
        );
        let (edition, contract) = config.contract.over(&fixture.contract);
        Ok(Self {
            store: Store::new(orgs, template, tokens, limit),
            edition,
            contract,
            clock,
            ids: config.seed.map_or_else(IdGen::random, IdGen::seeded),
            limits: config.limits,
            authority,
        })
    }
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
