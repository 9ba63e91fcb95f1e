//! Changes to a running mock from outside Tallyfy's API: export, replace, seed and reset its state.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use thiserror::Error;

use super::{AppState, StartError, baseline};
use crate::{
    config::Limits,
    domain::{
        contract::ContractChoice,
        id::{OrgId, UserId},
    },
    fixture::{Export, ExportedOrg, Fixture, FixtureError},
    tenant::{self, Draft, OrgSeed, Scopes, Tenants, Token, Tokens, journal::StateChange},
};

/// Why a change is refused; then nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The fixture has mistakes.
    #[error("{0}")]
    Invalid(FixtureError),
    /// There is no such organization, and undeclared ones do not exist.
    #[error("there is no organization `{0}`")]
    NoOrg(OrgId),
    /// There would be more organizations than `--max-organizations` allows.
    #[error("there would be more organizations than `--max-organizations` allows")]
    Full,
    /// Everything that is stored would take more than `--max-stored` allows.
    #[error("what is stored would take more than `--max-stored` allows")]
    NoSpace,
}

impl From<tenant::Refusal> for Refusal {
    fn from(error: tenant::Refusal) -> Self {
        match error {
            tenant::Refusal::Full => Self::Full,
            tenant::Refusal::NoSpace => Self::NoSpace,
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
            StartError::TooLarge { .. } => Self::NoSpace,
            other => Self::invalid(other.to_string()),
        }
    }
}

impl Refusal {
    fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(FixtureError::at([(String::new(), message.into())]))
    }
}

impl AppState {
    /// All that is stored, to be written as a fixture with times to the microsecond.
    pub fn export(&self) -> Export {
        Export::of(&self.tenants)
    }

    /// How many rows fit into what may be stored.
    fn most_rows(&self) -> usize {
        let rows = self.limits.max_stored / Limits::ROW_BYTES as u64;
        usize::try_from(rows).unwrap_or(usize::MAX)
    }

    /// The same of one organization, without its id.
    pub fn export_org(&self, id: &OrgId) -> Result<ExportedOrg, Refusal> {
        let org = self.tenants.look_at(id).org();
        org.map(ExportedOrg).map_err(|_| Refusal::NoOrg(id.clone()))
    }

    /// Replaces everything that is stored, or one organization, by what a fixture describes. The contract, the clock, the faults
    /// and the journal stay.
    pub fn replace(&self, org: Option<&OrgId>, json: &[u8]) -> Result<(), Refusal> {
        if let Some(id) = org {
            let seed = OrgSeed::parse(json, self.most_rows())?;
            let org = seed.into_org(id, self.started_at, self.undeclared());
            return Ok(self.tenants.replace(org)?);
        }
        let fixture = Fixture::parse_up_to(json, self.most_rows())?;
        let mut problems = Vec::new();
        check_contract(&fixture.contract, &mut problems);
        none_of(problems)?;
        let baseline = baseline(fixture, self.strict, &self.limits, self.started_at)?;
        let told = StateChange::Replaced;
        Ok(self.tenants.replace_all(&baseline, told)?)
    }

    /// Adds what a fixture describes, or one organization without its id: new organizations are created, rows are added to known
    /// ones, and a row of the same id replaces. All or nothing.
    pub fn seed(&self, org: Option<&OrgId>, json: &[u8]) -> Result<(), Refusal> {
        let fixture = match org {
            None => Fixture::parse_addition(json, self.most_rows())?,
            Some(id) => Fixture {
                organizations: vec![(id.clone(), OrgSeed::parse_addition(json, self.most_rows())?)],
                ..Fixture::default()
            },
        };
        check_addition(&fixture, &self.tenants)?;
        let added_tokens = self.known(&fixture);
        let ids = fixture.organizations.iter().map(|(id, _)| id.clone());
        let start =
            |id: &OrgId| OrgSeed::default().into_org(id, self.started_at, self.undeclared());
        let change = |drafts: &mut BTreeMap<OrgId, Draft>| {
            let mut problems = Vec::new();
            for (i, (id, seed)) in fixture.organizations.iter().enumerate() {
                let draft = drafts.get_mut(id);
                let Draft { org: changed, now } =
                    draft.expect("every id that was asked for is there");
                for (path, message) in seed.add_to(changed, *now).err().unwrap_or_default() {
                    let path = match org {
                        Some(_) => path,
                        None => format!("organizations[{i}].{path}"),
                    };
                    problems.push((path, message));
                }
            }
            none_of(problems)
        };
        let is_added = !(added_tokens.is_empty() && fixture.oauth.is_empty());
        let tokens =
            |known: &Tokens| is_added.then(|| known.with(added_tokens).with_oauth(&fixture.oauth));
        self.tenants
            .change_together::<Refusal>(ids, start, change, tokens)?;
        self.tenants.note_seed(org);
        Ok(())
    }

    /// The added tokens, each with its user's record from a stored organization or from one that is added too.
    fn known(&self, added: &Fixture) -> Vec<(Box<str>, Token)> {
        let seeds: HashMap<_, _> = added
            .organizations
            .iter()
            .map(|(id, it)| (id, it))
            .collect();
        let find = |id: &OrgId, user: Option<UserId>| {
            let added = seeds.get(id);
            let added = added.and_then(|seed| seed.user_or_first_admin(user));
            let there = || {
                let org = self.tenants.look_at(id).org().ok()?;
                org.users().get_or_first_admin(user).cloned()
            };
            added.cloned().or_else(there)
        };
        let known = |token: &Token| {
            let ids = match token.organizations.as_slice() {
                [] => self.tenants.org_ids(),
                named => named.to_vec(),
            };
            token.clone().known_among(&ids, find)
        };
        let tokens = added.tokens.iter();
        tokens
            .map(|seed| (seed.secret.clone(), known(&seed.token)))
            .collect()
    }

    /// Resets to the fixtures that were loaded last: everything, or one organization.
    pub fn reset(&self, org: Option<&OrgId>, scopes: Scopes) -> Result<(), Refusal> {
        let loaded = self.loaded.load_full();
        let reset = match org {
            Some(org) => self.tenants.reset(org, scopes, &loaded),
            None => self.tenants.reset_all(scopes, &loaded),
        };
        Ok(reset?)
    }

    /// Replaces the loaded fixture, and resets to it.
    pub fn reload(&self, fixture: Fixture) -> Result<(), Refusal> {
        let loaded = baseline(fixture, self.strict, &self.limits, self.started_at)?;
        self.tenants.replace_all(&loaded, StateChange::Reloaded)?;
        self.loaded.store(Arc::new(loaded));
        Ok(())
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

/// Checks a fixture that is added: it has no contract and no template, and its tokens are for organizations that are stored or
/// added too.
fn check_addition(fixture: &Fixture, tenants: &Tenants) -> Result<(), Refusal> {
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
    let declared = fixture.tokens.iter().enumerate();
    let declared = declared.map(|(i, seed)| (format!("tokens[{i}]"), &seed.token));
    let of_oauth = fixture.oauth_tokens.iter();
    let of_oauth = of_oauth.map(|(path, token)| (path.clone(), token));
    for (path, token) in declared.chain(of_oauth) {
        for (j, id) in token.organizations.iter().enumerate() {
            let user = token.user;
            let there = tenants
                .look_at(id)
                .org()
                .map(|org| user.is_none_or(|user| org.role(user).is_some()));
            let comes = added
                .get(id)
                .map(|org| user.is_none_or(|user| org.may_have(user)));
            if there.is_err() && comes.is_none() {
                problems.push((
                    format!("{path}.organizations[{j}]"),
                    format!("there is no organization `{id}`"),
                ));
            } else if there != Ok(true) && comes != Some(true) {
                let message = format!("is not among the users of organization `{id}`");
                problems.push((format!("{path}.user"), message));
            }
        }
    }
    none_of(problems)
}
