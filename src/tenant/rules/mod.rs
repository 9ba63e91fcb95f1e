//! Faults: the rules by which requests are made to fail. They decide and remember; `http/pipeline` applies it.

mod draw;
mod glob;
mod parse;
mod rule;
mod strike;
mod tally;
mod view;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use uuid::Uuid;

use self::{draw::Draws, tally::Tally};
pub use self::{
    rule::Rule,
    strike::{Asked, Effect, Fault, Strike, Write},
    tally::RulesLeft,
    view::RuleView,
};
use super::{
    refusal::Refusal,
    rows::{Ledger, Share},
};
use crate::domain::id::OrgId;

/// Draw counters a rule keeps, one an organization. Further organizations share a counter: made-up ids
/// must not fill memory.
const COUNTED_ORGS: usize = 10_000;

/// The rules of one organization, or those for all organizations, in the order of insertion.
///
/// A rule for all strikes in every organization. All of them use up its `skip` and its steps together, while its random
/// draws are each organization's own.
#[derive(Debug)]
pub struct Rules {
    /// The seed: random draws depend on it, the organization's id and the rule's id only.
    seed: Uuid,
    /// Whether there is any rule. Without one, no request takes the lock.
    is_any: AtomicBool,
    armed: Mutex<Vec<Armed>>,
    share: Share,
    /// Of all rules of the mock, whatever became of them.
    tally: Arc<Tally>,
}

/// Upper bound on the rules of an organization, and on those for all.
const MOST_RULES: usize = 1000;

impl Rules {
    /// No rules yet.
    pub(super) fn new(seed: Uuid, ledger: &Arc<Ledger>) -> Self {
        Self {
            seed,
            is_any: AtomicBool::new(false),
            armed: Mutex::default(),
            share: Share::of(ledger),
            tally: Arc::default(),
        }
    }

    /// No rules yet, of the same mock.
    pub(super) fn fresh(&self, ledger: &Arc<Ledger>) -> Self {
        Self {
            tally: Arc::clone(&self.tally),
            ..Self::new(self.seed, ledger)
        }
    }

    /// How many rules were put since the mock's start, in any organization, and which of them were not used up.
    pub(super) fn left(&self) -> RulesLeft {
        self.tally.read()
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        !self.is_any.load(Ordering::Acquire)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Puts a rule in force; it replaces the one of its id. Refused where there is no room for one more.
    ///
    /// An equal rule keeps its counts, unless it is to be re-armed.
    pub(super) fn put(&self, rule: Rule, rearm: bool) -> Result<RuleView, Refusal> {
        let mut armed = self.lock();
        let place = armed.iter().position(|armed| armed.rule.id == rule.id);
        let place = place.unwrap_or(armed.len());
        let before = armed.get(place).map_or(0, |armed| armed.rule.bytes());
        let bytes = self.share.bytes() - before + rule.bytes();
        if place == MOST_RULES || !self.share.has_room(bytes) {
            return Err(Refusal::NoSpace);
        }
        self.share.set(bytes);
        match armed.get_mut(place) {
            Some(armed) if *armed.rule == rule && !rearm => {}
            Some(armed) => *armed = Armed::new(rule, &self.tally),
            None => armed.push(Armed::new(rule, &self.tally)),
        }
        self.is_any.store(true, Ordering::Release);
        Ok(armed[place].view())
    }

    /// The rule of that id.
    pub(super) fn get(&self, id: &str) -> Option<RuleView> {
        let armed = self.lock();
        let armed = armed.iter().find(|armed| &*armed.rule.id == id);
        armed.map(Armed::view)
    }

    /// Removes a rule; false if there is none of that id.
    pub(super) fn remove(&self, id: &str) -> bool {
        let mut armed = self.lock();
        let before = armed.len();
        armed.retain(|armed| &*armed.rule.id != id);
        self.share
            .set(armed.iter().map(|armed| armed.rule.bytes()).sum());
        self.is_any.store(!armed.is_empty(), Ordering::Release);
        armed.len() < before
    }

    /// The rules in the order of insertion.
    pub(super) fn list(&self) -> Vec<RuleView> {
        self.lock().iter().map(Armed::view).collect()
    }

    /// What the first matching rule does to a request; counts as a hit of that rule.
    pub(super) fn strike(&self, asked: &Asked<'_>) -> Option<Strike> {
        if self.is_empty() {
            return None;
        }
        let mut armed = self.lock();
        armed.iter_mut().find_map(|armed| {
            let strike = armed.strike(self.seed, asked)?;
            armed.note_use(&self.tally);
            Some(strike)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A rule in force, with its counts.
#[derive(Debug)]
struct Armed {
    rule: Arc<Rule>,
    hits: u64,
    skipped: u64,
    /// The current step, and how often it was taken.
    step: usize,
    taken: u64,
    /// The number of draws per organization.
    drawn: HashMap<Option<OrgId>, u64>,
    /// Its number in the tally, until it is used up.
    number: Option<u64>,
}

impl Armed {
    fn new(rule: Rule, tally: &Tally) -> Self {
        Self {
            number: Some(tally.enter(&rule.id)),
            rule: Arc::new(rule),
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
        let mut strike = Strike {
            is_last: false,
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
            strike.is_last = self.step == self.rule.steps.len();
        }
        Some(strike)
    }

    /// Tells the tally once it is used up: all its steps are taken, or it has come to one that has no end.
    fn note_use(&mut self, tally: &Tally) {
        let is_endless = |step: &rule::Step| step.times.left_after(0).is_none();
        let is_used_up = self
            .rule
            .steps
            .get(self.step)
            .is_none_or(|step| is_endless(step) && self.taken > 0);
        if is_used_up && let Some(number) = self.number.take() {
            tally.use_up(number);
        }
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
