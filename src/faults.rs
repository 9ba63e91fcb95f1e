//! Faults: which request is to be struck, and by what. Decides and remembers; `http/layers.rs` applies it.

mod draw;
mod glob;
mod parse;
mod rule;
mod view;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use serde_json::Value;
use uuid::Uuid;

use self::draw::Draws;
pub use self::{rule::Rule, view::RuleView};
use crate::domain::{id::OrgId, operation::Operation};

/// How many organizations a rule counts the draws of one by one; those that come later are counted
/// together, so that no client fills the memory by naming ever new ones.
const COUNTED_ORGS: usize = 10_000;

/// The rules in force: those of each organization, and those without one.
///
/// A rule without an organization strikes in all of them, and its skip and steps are used up by all
/// of them together; what it draws by chance is each organization's own.
#[derive(Debug)]
pub struct Faults {
    seed: Uuid,
    /// How many rules there are, so that a mock without any takes no lock.
    count: AtomicUsize,
    /// A guard of this map is held to change the rules, but not to strike.
    scopes: DashMap<Option<OrgId>, Arc<Mutex<Scope>>>,
}

/// The rules of one organization, or those without one, in the order of putting.
type Scope = Vec<Armed>;

/// What is asked, as far as rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The operation, where the request is one.
    pub operation: Option<Operation>,
    /// The method.
    pub method: &'a str,
    /// The path after the prefix `/api`.
    pub path: &'a str,
    /// The organization that the path names.
    pub org: Option<&'a OrgId>,
    /// The bearer token.
    pub token: Option<&'a str>,
}

/// What happens to a request that a rule struck.
#[derive(Debug, Clone, PartialEq)]
pub struct Strike {
    /// The id of the rule.
    pub rule: Arc<str>,
    /// How long to wait first.
    pub delay: Option<Duration>,
    /// What happens instead of the answer; with nothing, the answer only comes late.
    pub effect: Option<Effect>,
    /// When it happens.
    pub write: Write,
}

/// Whether a fault comes before or after what the request asks for is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Write {
    /// Nothing is done.
    #[default]
    Before,
    /// It is done, but the client does not hear of it.
    After,
}

/// What happens instead of the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Another answer.
    Status {
        /// Its status, 200 to 599.
        status: u16,
        /// Its body, where that is not Tallyfy's own for the status.
        body: Option<Value>,
        /// Its `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// No proper answer.
    Fault(Fault),
}

/// The ways not to answer properly, under `WireMock`'s names where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset.
    ConnectionReset,
    /// The connection is closed without a byte.
    EmptyResponse,
    /// A good status, then garbage.
    MalformedResponse,
    /// Garbage from the first byte on.
    RandomDataThenClose,
    /// The connection is closed in the middle of the body.
    TruncatedBody,
    /// The body comes in small pieces.
    SlowBody {
        /// The time between two pieces.
        chunk_ms: u64,
    },
}

impl Fault {
    /// The faults' names.
    pub const NAMES: &'static [&'static str] = &[
        "connection_reset",
        "empty_response",
        "malformed_response",
        "random_data_then_close",
        "truncated_body",
        "slow_body",
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let place = match self {
            Self::ConnectionReset => 0,
            Self::EmptyResponse => 1,
            Self::MalformedResponse => 2,
            Self::RandomDataThenClose => 3,
            Self::TruncatedBody => 4,
            Self::SlowBody { .. } => 5,
        };
        Self::NAMES[place]
    }
}

/// Why an id is not that of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOne {
    /// No rule has that id.
    None,
    /// These organizations each have a rule of that id.
    Several(Vec<OrgId>),
}

impl Faults {
    /// No rules yet. What they will draw by chance comes from the seed, the organization's id and the rule's id only.
    pub fn new(seed: Uuid) -> Self {
        Self {
            seed,
            count: AtomicUsize::new(0),
            scopes: DashMap::new(),
        }
    }

    /// Puts a rule in force, in the place of the one with its id and organization where there is one.
    ///
    /// The same rule again goes on where it was, unless it is to be re-armed.
    pub fn put(&self, rule: Rule, rearm: bool) {
        let scope = self.scopes.entry(rule.org().cloned()).or_default();
        let mut scope = lock(&scope);
        match scope.iter_mut().find(|armed| armed.rule.id == rule.id) {
            Some(armed) if armed.rule == rule && !rearm => {}
            Some(armed) => *armed = Armed::new(rule),
            None => {
                scope.push(Armed::new(rule));
                self.count.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// The rule of that id: the organization's, where one is given. Where none is, the rule that has
    /// no organization either, or else the only organization's.
    pub fn get(&self, id: &str, org: Option<&OrgId>) -> Result<RuleView, NotOne> {
        let scope = self.scope_with(id, org)?;
        let scope = self.scopes.get(&scope).ok_or(NotOne::None)?;
        let scope = lock(&scope);
        let armed = scope.iter().find(|armed| &*armed.rule.id == id);
        armed.map(Armed::view).ok_or(NotOne::None)
    }

    /// Takes a rule out of force; it is found as by [`Faults::get`].
    pub fn remove(&self, id: &str, org: Option<&OrgId>) -> Result<(), NotOne> {
        let key = self.scope_with(id, org)?;
        {
            let scope = self.scopes.get(&key).ok_or(NotOne::None)?;
            let mut scope = lock(&scope);
            let place = scope.iter().position(|armed| &*armed.rule.id == id);
            scope.remove(place.ok_or(NotOne::None)?);
            self.count.fetch_sub(1, Ordering::Release);
        }
        self.scopes
            .remove_if(&key, |_, scope| lock(scope).is_empty());
        Ok(())
    }

    /// The rules, or those of one organization: first those without one, then by organization; in the order of putting.
    pub fn list(&self, org: Option<&OrgId>) -> Vec<RuleView> {
        let mut keys: Vec<Option<OrgId>> = match org {
            Some(org) => vec![Some(org.clone())],
            None => self
                .scopes
                .iter()
                .map(|scope| scope.key().clone())
                .collect(),
        };
        keys.sort();
        let views = |key| {
            let scope = self.scopes.get(&key)?;
            Some(lock(&scope).iter().map(Armed::view).collect::<Vec<_>>())
        };
        keys.into_iter().filter_map(views).flatten().collect()
    }

    /// No rules, and the same chance as these had.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.seed)
    }

    /// Takes all rules out of force, or those of one organization.
    pub fn clear(&self, org: Option<&OrgId>) {
        self.scopes.retain(|key, scope| {
            let keep = org.is_some() && key.as_ref() != org;
            if !keep {
                self.count.fetch_sub(lock(scope).len(), Ordering::Release);
            }
            keep
        });
    }

    /// The rules that can strike a request to an organization, or one that names none.
    pub fn in_force(&self, org: Option<&OrgId>) -> RulesInForce {
        let scope = |org: Option<&OrgId>| self.scopes.get(&org.cloned()).map(|scope| scope.clone());
        if self.count.load(Ordering::Acquire) == 0 {
            return RulesInForce::default();
        }
        RulesInForce {
            seed: self.seed,
            scopes: [org.and_then(|org| scope(Some(org))), scope(None)],
        }
    }

    /// Whose rule is meant by an id.
    fn scope_with(&self, id: &str, org: Option<&OrgId>) -> Result<Option<OrgId>, NotOne> {
        if org.is_some() {
            return Ok(org.cloned());
        }
        let has = |scope: &Mutex<Scope>| lock(scope).iter().any(|armed| &*armed.rule.id == id);
        let mut keys: Vec<Option<OrgId>> = self
            .scopes
            .iter()
            .filter(|scope| has(scope))
            .map(|scope| scope.key().clone())
            .collect();
        keys.sort();
        match keys.as_slice() {
            [] => Err(NotOne::None),
            // The only way to name a rule without an organization is to name none.
            [key] | [key @ None, ..] => Ok(key.clone()),
            _ => Err(NotOne::Several(keys.into_iter().flatten().collect())),
        }
    }
}

/// The rules that can strike one request: those of its organization, then those without one.
#[derive(Debug, Default)]
pub struct RulesInForce {
    seed: Uuid,
    scopes: [Option<Arc<Mutex<Scope>>>; 2],
}

impl RulesInForce {
    /// Whether there is no rule that could strike.
    pub fn are_none(&self) -> bool {
        self.scopes.iter().all(Option::is_none)
    }

    /// What the first matching rule does to a request; that rule then has struck once more.
    pub fn strike(&self, asked: &Asked<'_>) -> Option<Strike> {
        self.scopes.iter().flatten().find_map(|scope| {
            let mut scope = lock(scope);
            scope
                .iter_mut()
                .find_map(|armed| armed.strike(self.seed, asked))
        })
    }
}

fn lock(scope: &Mutex<Scope>) -> MutexGuard<'_, Scope> {
    scope.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A rule in force, and what is used up of it.
#[derive(Debug)]
struct Armed {
    rule: Rule,
    hits: u64,
    skipped: u64,
    /// The step that is next, and how many times it was taken.
    step: usize,
    taken: u64,
    /// How many requests of each organization something was drawn for.
    drawn: HashMap<Option<OrgId>, u64>,
}

impl Armed {
    fn new(rule: Rule) -> Self {
        Self {
            rule,
            hits: 0,
            skipped: 0,
            step: 0,
            taken: 0,
            drawn: HashMap::new(),
        }
    }

    fn strike(&mut self, seed: Uuid, asked: &Asked<'_>) -> Option<Strike> {
        if self.step == self.rule.steps.len() || !self.rule.matches(asked) {
            return None;
        }
        let number = if self.rule.draws() {
            self.next_number(asked.org)
        } else {
            0
        };
        let draws = Draws {
            seed,
            org: asked.org.map_or("", OrgId::as_str),
            rule: &self.rule.id,
            number,
        };
        if self.rule.probability.is_some_and(|p| draws.chance() >= p) {
            return None;
        }
        if self.skipped < self.rule.skip {
            self.skipped += 1;
            return None;
        }
        let step = &self.rule.steps[self.step];
        let strike = Strike {
            rule: Arc::clone(&self.rule.id),
            delay: step.delay.as_ref().map(|delay| delay.draw(&draws)),
            effect: step.effect.clone(),
            write: step.write,
        };
        self.hits += 1;
        self.taken += 1;
        if step.times.left_after(self.taken) == Some(0) {
            self.step += 1;
            self.taken = 0;
        }
        Some(strike)
    }

    fn next_number(&mut self, org: Option<&OrgId>) -> u64 {
        let full = self.drawn.len() >= COUNTED_ORGS;
        let org = org.filter(|org| !full || self.drawn.contains_key(&Some((*org).clone())));
        let drawn = self.drawn.entry(org.cloned()).or_default();
        let number = *drawn;
        *drawn += 1;
        number
    }

    fn view(&self) -> RuleView {
        RuleView::new(&self.rule, self.hits, self.step, self.taken)
    }
}

#[cfg(test)]
mod tests;
