//! What can be done to a running mock from outside Tallyfy's API: look at its state, replace it, add to it, reset it.

use std::{collections::BTreeMap, sync::Arc};

use thiserror::Error;

use crate::{
    domain::{contract::ContractChoice, id::OrgId},
    fixture::{Fixture, FixtureError, OrgSeed, exported, exported_org},
    state::{AppState, StartError},
    store::{Store, StoreError, Tokens},
    world::World,
};

/// Why a change from outside is refused; nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// What was sent has mistakes.
    #[error("{0}")]
    Invalid(FixtureError),
    /// There is no such organization, and none starts by being named.
    #[error("there is no organization `{0}`")]
    NoOrg(OrgId),
    /// There would be more organizations than `--max-organizations` allows.
    #[error("there would be more organizations than `--max-organizations` allows")]
    Full,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::Full,
            other => Self::invalid(format!("{other:?}")),
        }
    }
}

impl From<FixtureError> for Refusal {
    fn from(error: FixtureError) -> Self {
        Self::Invalid(error)
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Fixture(error) => Self::Invalid(error),
            StartError::TooManyOrganizations { .. } => Self::Full,
            other => Self::invalid(other.to_string()),
        }
    }
}

impl Refusal {
    fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(FixtureError::at([(String::new(), message.into())]))
    }
}

/// What a reset goes back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one of the scopes that can be named"
)]
pub struct Scopes {
    /// Organizations, tokens and template, and the id sequences.
    pub state: bool,
    /// The clocks.
    pub clock: bool,
    /// What the rate limiter has counted.
    pub limits: bool,
    /// The rules by which requests fail.
    pub faults: bool,
    /// The record of requests.
    pub requests: bool,
}

impl Scopes {
    /// Everything.
    pub const ALL: Self = Self {
        state: true,
        clock: true,
        limits: true,
        faults: true,
        requests: true,
    };
    const NONE: Self = Self {
        state: false,
        clock: false,
        limits: false,
        faults: false,
        requests: false,
    };
    /// The scopes' names.
    pub const NAMES: &'static [&'static str] = &["state", "requests", "faults", "clock", "limits"];

    /// The scopes in a comma list, or the name that is none.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut scopes = Self::NONE;
        for name in list.split(',').map(str::trim) {
            match name {
                "state" => scopes.state = true,
                "clock" => scopes.clock = true,
                "limits" => scopes.limits = true,
                "faults" => scopes.faults = true,
                "requests" => scopes.requests = true,
                other => return Err(other.to_owned()),
            }
        }
        Ok(scopes)
    }
}

impl AppState {
    /// All that is stored, or one organization without its id, as a fixture with times to the microsecond.
    pub fn export(&self, org: Option<&OrgId>) -> Result<String, Refusal> {
        let world = self.world();
        match org {
            None => Ok(exported(&world.store, world.template.as_deref())),
            Some(id) => world
                .store
                .read(&world.store.find(id), exported_org)
                .map_err(|_| Refusal::NoOrg(id.clone())),
        }
    }

    /// Puts what a fixture describes in the place of all that is stored, or of one organization. The
    /// contract, the clock, the faults and the journal stay.
    pub fn replace(&self, org: Option<&OrgId>, json: &[u8]) -> Result<(), Refusal> {
        let Some(id) = org else {
            let fixture = Fixture::parse(json)?;
            let mut problems = Vec::new();
            check_contract(&fixture.contract, &mut problems);
            none_of(problems)?;
            let (store, template) = self.stored(&fixture)?;
            self.set_world(|world| World {
                store: Arc::clone(&store),
                template: template.clone(),
                ..world.clone()
            });
            return Ok(());
        };
        let seed = OrgSeed::parse(json)?;
        self.world().store.replace(self.org_of(&seed, id))?;
        Ok(())
    }

    /// Adds what a fixture, or one organization without its id, describes to what is there: unknown
    /// organizations are made, rows join known ones, the same id replaces. All or nothing.
    pub fn seed(&self, org: Option<&OrgId>, json: &[u8]) -> Result<(), Refusal> {
        let world = self.world();
        let (fixture, prefixed) = match org {
            None => (Fixture::parse_addition(json)?, true),
            Some(id) => {
                let organizations = vec![(id.clone(), OrgSeed::parse_addition(json)?)];
                (
                    Fixture {
                        organizations,
                        ..Fixture::default()
                    },
                    false,
                )
            }
        };
        check_addition(&fixture, &world.store)?;
        let start = |id: &OrgId| {
            let started = world.store.started(id);
            started.unwrap_or_else(|| self.org_of(&OrgSeed::default(), id))
        };
        let ids = fixture.organizations.iter().map(|(id, _)| id.clone());
        world.store.change_together(ids, start, |orgs| {
            let mut problems = Vec::new();
            for (i, (id, seed)) in fixture.organizations.iter().enumerate() {
                let now = world.clock.now(Some(id.as_str()));
                let org = orgs
                    .get_mut(id)
                    .expect("every id that was asked for is there");
                for (path, message) in seed.add_to(org, now).err().unwrap_or_default() {
                    let prefix = if prefixed {
                        format!("organizations[{i}].")
                    } else {
                        String::new()
                    };
                    problems.push((format!("{prefix}{path}"), message));
                }
            }
            none_of(problems)
        })?;
        if !fixture.tokens.is_empty() {
            let known = world.store.tokens();
            let known = known
                .declared()
                .into_iter()
                .map(|(secret, token)| (secret.into(), token.clone()));
            let added = fixture
                .tokens
                .iter()
                .map(|seed| (seed.secret.clone(), seed.token.clone()));
            world.store.set_tokens(Tokens::new(known.chain(added)));
        }
        Ok(())
    }

    /// Goes back to the fixtures that were loaded last; with an organization, only there.
    pub fn reset(&self, org: Option<&OrgId>, scopes: Scopes) -> Result<(), Refusal> {
        let loaded = self.loaded();
        let Some(id) = org else {
            let stored = if scopes.state {
                Some(self.stored(&loaded)?)
            } else {
                None
            };
            self.set_world(|world| {
                let mut world = world.clone();
                if let Some((store, template)) = stored.clone() {
                    (world.store, world.template) = (store, template);
                }
                if scopes.clock {
                    world.clock = Arc::new(world.clock.fresh());
                }
                if scopes.faults {
                    world.faults = Arc::new(world.faults.fresh());
                }
                if scopes.limits {
                    world.limiter = Arc::new(world.limiter.fresh());
                }
                world
            });
            if scopes.requests {
                self.journal.clear(None);
            }
            return Ok(());
        };
        let mut declared = loaded.organizations.iter();
        let seed = declared.find(|(declared, _)| declared == id);
        let org = seed.map(|(_, seed)| self.org_of(seed, id));
        let world = self.world();
        world.turn.change(|| {
            if scopes.state {
                match org {
                    Some(org) => world.store.replace(org)?,
                    None => world.store.remove(id),
                }
            }
            if scopes.clock {
                world.clock.reset(id.as_str());
            }
            if scopes.faults {
                world.faults.clear(Some(id));
            }
            if scopes.limits {
                world.limiter.reset(id.as_str());
            }
            if scopes.requests {
                self.journal.clear(Some(id));
            }
            Ok(())
        })
    }

    /// Takes another fixture for the one that was loaded, and goes back to it at once.
    pub fn reload(&self, fixture: Fixture) -> Result<(), Refusal> {
        self.stored(&fixture)?;
        self.set_loaded(fixture);
        self.reset(
            None,
            Scopes {
                state: true,
                ..Scopes::NONE
            },
        )
    }
}

fn check_contract(contract: &ContractChoice, problems: &mut Vec<(String, String)>) {
    if *contract != ContractChoice::default() {
        problems.push((
            "contract".into(),
            "stays as it was when the mock started; leave it out".into(),
        ));
    }
}

fn none_of(problems: Vec<(String, String)>) -> Result<(), Refusal> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Invalid(FixtureError::at(problems)))
    }
}

/// What is added brings no contract and no template, and a token that is added is for organizations
/// that are there, or come with it.
fn check_addition(fixture: &Fixture, store: &Store) -> Result<(), Refusal> {
    let added: BTreeMap<&OrgId, &OrgSeed> = fixture
        .organizations
        .iter()
        .map(|(id, seed)| (id, seed))
        .collect();
    let mut problems = Vec::new();
    check_contract(&fixture.contract, &mut problems);
    if fixture.template.is_some() {
        problems.push((
            "template".into(),
            "cannot be added to; `PUT /_mock/state` replaces it".into(),
        ));
    }
    for (i, seed) in fixture.tokens.iter().enumerate() {
        for (j, id) in seed.token.organizations.iter().enumerate() {
            let user = seed.token.user;
            let there = store.read(&store.find(id), |org| {
                user.is_none_or(|user| org.role(user).is_some())
            });
            let comes = added
                .get(id)
                .map(|org| user.is_none_or(|user| org.may_have(user)));
            if there.is_err() && comes.is_none() {
                problems.push((
                    format!("tokens[{i}].organizations[{j}]"),
                    format!("there is no organization `{id}`"),
                ));
            } else if there != Ok(true) && comes != Some(true) {
                let message = format!("is not among the users of organization `{id}`");
                problems.push((format!("tokens[{i}].user"), message));
            }
        }
    }
    none_of(problems)
}
