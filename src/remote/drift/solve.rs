//! Which values of which switches make the mock agree with a host.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    compare::{Check, Compared, Verdict, compare},
    mocked::Mocked,
    names::Names,
    places::Places,
    sighting::Sighting,
    step::Step,
};
use crate::domain::contract::{Contract, ContractChoice, Edition, Switch};

/// What the host answered, and the mocks that it is compared with.
#[derive(Debug)]
pub(super) struct Solver<'a> {
    pub(super) steps: &'a [Step],
    /// An answer for each step; `None` where there is none to compare.
    pub(super) host: &'a [Option<Sighting>],
    pub(super) mocked: &'a Mocked,
    pub(super) places: &'a Places,
    pub(super) names: &'a Names,
}

/// What the answers tell of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// It has this value.
    Value(&'static str),
    /// It has none of the values that the mock knows; this one is nearest.
    NoneOf(&'static str),
    /// Nothing.
    Nothing,
}

/// A comparison for each step. Those that a switch does not show in are shared by what is tried with it.
pub(super) type Judgement = Vec<Rc<Compared>>;

/// The contract under which the mock agrees best.
#[derive(Debug)]
pub(super) struct Solution {
    /// What is told of each switch.
    pub(super) told: BTreeMap<&'static str, Told>,
    pub(super) edition: Edition,
    /// The switches that differ from the edition.
    pub(super) set: Vec<(&'static str, &'static str)>,
    /// The other edition, where nothing that was looked at tells them apart.
    pub(super) also: Option<Edition>,
    pub(super) contract: Contract,
    /// The comparisons under it.
    pub(super) judged: Judgement,
}

/// As often as switches are gone through; each pass settles those that hid behind others.
const PASSES: usize = 4;

impl Solver<'_> {
    /// The comparisons under a contract.
    pub(super) fn judged(&self, contract: Contract) -> Result<Judgement, String> {
        let all = vec![Rc::default(); self.steps.len()];
        self.judged_again(contract, &all, |_| true)
    }

    /// The same, where only some steps have to be asked again.
    fn judged_again(
        &self,
        contract: Contract,
        before: &Judgement,
        is_asked: impl Fn(Step) -> bool,
    ) -> Result<Judgement, String> {
        let mock = self
            .mocked
            .answers(contract, self.steps, self.places, &is_asked)?;
        let pairs = self.host.iter().zip(mock).zip(before);
        let judged = pairs.map(|((host, mock), before)| match (host, mock) {
            (Some(host), Some(Some(mock))) => Rc::new(compare(host, &mock, self.names)),
            (_, Some(_)) => Rc::default(),
            (_, None) => Rc::clone(before),
        });
        Ok(judged.collect())
    }

    /// Finds the contract, beginning with the one that was asked for.
    pub(super) fn solve(
        &self,
        asked_under: &ContractChoice,
        judged: &Judgement,
    ) -> Result<Solution, String> {
        let (_, baseline) = asked_under.resolved();
        let (mut contract, mut judged) = (baseline, judged.clone());
        let mut told = BTreeMap::new();
        // How often each step was compared anew. A switch is tried again only where a step that tells of it was.
        let mut times = vec![0_u32; self.steps.len()];
        let mut tried_at = BTreeMap::new();
        for _ in 0..PASSES {
            let mut has_changed = false;
            for (key, values) in Contract::SWITCHES {
                if tried_at.get(key) == Some(&self.of_those_that_tell(key, &times)) {
                    continue;
                }
                let tried = self.tried(contract, &judged, key, values)?;
                let (best, word) = self.best(&tried, key, value_of(contract, key));
                told.insert(*key, word);
                let best = &tried[best];
                if best.value != value_of(contract, key) {
                    has_changed = true;
                    contract = with(contract, key, best.value);
                    judged.clone_from(&best.judged);
                    let telling = self
                        .steps
                        .iter()
                        .zip(&mut times)
                        .filter(|(step, _)| step.tells().contains(key));
                    telling.for_each(|(_, times)| *times += 1);
                }
                tried_at.insert(*key, self.of_those_that_tell(key, &times));
            }
            if !has_changed {
                break;
            }
        }
        self.named(asked_under, baseline, told, (contract, judged))
    }

    /// Of numbers for all steps, those of the steps that tell of a switch.
    fn of_those_that_tell(&self, key: &str, of_steps: &[u32]) -> Vec<u32> {
        let told = self.steps.iter().zip(of_steps);
        told.filter(|(step, _)| step.tells().contains(&key))
            .map(|(_, of_it)| *of_it)
            .collect()
    }

    /// The comparisons under each value of a switch.
    fn tried(
        &self,
        contract: Contract,
        judged: &Judgement,
        key: &'static str,
        values: &'static [&'static str],
    ) -> Result<Vec<Tried>, String> {
        let tells = |step: Step| step.tells().contains(&key);
        let is_told = self
            .steps
            .iter()
            .zip(self.host)
            .any(|(step, host)| host.is_some() && tells(*step));
        let now = value_of(contract, key);
        let tried = values.iter().map(|value| {
            let judged = if *value == now || !is_told {
                judged.clone()
            } else {
                self.judged_again(with(contract, key, value), judged, tells)?
            };
            Ok(Tried { value, judged })
        });
        tried.collect()
    }

    /// The value with the fewest differences, the present one if it has no more than others; and what that tells.
    fn best(&self, tried: &[Tried], key: &str, now: &str) -> (usize, Told) {
        let rank = |at: &usize| (tried[*at].different(), tried[*at].value != now);
        let best = (0..tried.len()).min_by_key(rank).unwrap_or_default();
        let least = tried[best].different();
        let is_only = tried.iter().filter(|it| it.different() == least).count() == 1;
        let value = tried[best].value;
        if !is_only {
            return (best, Told::Nothing);
        }
        let others: Vec<_> = tried.iter().map(|it| it.checks(self.steps, key)).collect();
        let sensitive = others[best].iter().filter(|(at, check)| {
            let is_other =
                |other: &&Check| other.verdict != check.verdict || other.mock != check.mock;
            others
                .iter()
                .any(|other| other.get(*at).is_none_or(&is_other))
        });
        let is_different = |check: &Check| check.verdict == Verdict::Different;
        let fits = !{ sensitive }.any(|(_, check)| is_different(check));
        (
            best,
            if fits {
                Told::Value(value)
            } else {
                Told::NoneOf(value)
            },
        )
    }

    /// The shortest way to say what is told.
    fn named(
        &self,
        asked_under: &ContractChoice,
        baseline: Contract,
        told: BTreeMap<&'static str, Told>,
        (solved, judged): (Contract, Judgement),
    ) -> Result<Solution, String> {
        let asked_for = |key: &str| {
            asked_under
                .switches
                .iter()
                .any(|switch| switch.key() == key)
        };
        let set = |edition: Edition| {
            let keys = Contract::keys().into_iter();
            let wanted = keys.filter_map(|key| match told.get(key) {
                Some(Told::Value(value) | Told::NoneOf(value)) => Some((key, *value)),
                Some(Told::Nothing) | None => {
                    asked_for(key).then(|| (key, value_of(baseline, key)))
                }
            });
            let preset = edition.contract();
            let set = wanted.filter(|(key, value)| value_of(preset, key) != *value);
            set.collect::<Vec<_>>()
        };
        // Fewest flags first, then the fewest switches that change though nothing is told of them.
        let cost = |edition: Edition| {
            let flags = set(edition).len() + usize::from(edition != Edition::default());
            let contract = set(edition)
                .iter()
                .fold(edition.contract(), |contract, (key, value)| {
                    with(contract, key, value)
                });
            let values = baseline.values().zip(contract.values());
            let changed =
                values.filter(|((key, a), (_, b))| a != b && told.get(key) == Some(&Told::Nothing));
            (flags, changed.count())
        };
        let mut editions = [Edition::March2026, Edition::August2025];
        editions.sort_by_key(|edition| cost(*edition));
        let [edition, other] = editions;
        let set_of = set(edition);
        let contract = set_of
            .iter()
            .fold(edition.contract(), |contract, (key, value)| {
                with(contract, key, value)
            });
        Ok(Solution {
            also: (cost(other).0 <= cost(edition).0).then_some(other),
            edition,
            set: set_of,
            contract,
            judged: if contract == solved {
                judged
            } else {
                self.judged(contract)?
            },
            told,
        })
    }
}

/// The comparisons under a value of a switch.
struct Tried {
    value: &'static str,
    judged: Judgement,
}

impl Tried {
    fn different(&self) -> usize {
        self.judged
            .iter()
            .map(|compared| compared.different())
            .sum()
    }

    /// Its checks of the steps that tell of a switch, by step and by what they are about.
    fn checks(&self, steps: &[Step], key: &str) -> BTreeMap<(usize, &str), &Check> {
        let all = self.judged.iter().enumerate();
        let steps = all.filter(|(at, _)| steps[*at].tells().contains(&key));
        let checks = steps
            .flat_map(|(step, compared)| compared.checks.iter().map(move |check| (step, check)));
        checks
            .map(|(step, check)| ((step, check.what.as_str()), check))
            .collect()
    }
}

fn value_of(contract: Contract, key: &str) -> &'static str {
    let mut values = contract.values();
    let found = values.find(|(name, _)| *name == key);
    found.map_or("", |(_, value)| value)
}

fn with(contract: Contract, key: &str, value: &str) -> Contract {
    Switch::new(key, value).map_or(contract, |switch| contract.with(switch))
}
