//! Out of comparisons, a report.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    changes::{REFUSALS, WRITES},
    compare::{Check, Verdict},
    probes::PROBES,
    report::{
        Contracted, Counts, Difference, NotLookedAt, OfOperation, OfSwitch, Outcome, Report,
        SwitchVerdict, Unknown,
    },
    solve::{Judgement, Solution, Told},
    step::Step,
};
use crate::domain::{
    contract::{Contract, ContractChoice, Edition},
    operation::Operation,
};

/// What a run has found out.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) at: String,
    pub(super) host: String,
    pub(super) requests: u32,
    pub(super) asked_under: &'a ContractChoice,
    pub(super) steps: &'a [Step],
    /// The comparisons under `asked_under`.
    pub(super) judged: &'a Judgement,
    pub(super) solution: &'a Solution,
    pub(super) not_looked_at: Vec<NotLookedAt>,
    pub(super) failed: Vec<NotLookedAt>,
    /// What the mock could not store as it was read, each a line.
    pub(super) notes: Vec<String>,
}

impl Findings<'_> {
    pub(super) fn report(self) -> Report {
        let (edition, baseline) = self.asked_under.resolved();
        let different = differences(self.steps, self.judged);
        let unexplained = differences(self.steps, &self.solution.judged);
        let unknown = unknown(self.steps, self.judged);
        let counts = self.counts(unknown.len());
        let outcome = if !self.failed.is_empty() || counts.compared == 0 {
            Outcome::CouldNotLook
        } else if counts.different > 0 {
            Outcome::Different
        } else {
            Outcome::Same
        };
        let solution = self.solution;
        let mut report = Report {
            report: "drift",
            version: 1,
            mock: concat!("tallyfy-mock ", env!("CARGO_PKG_VERSION")),
            outcome,
            counts,
            asked_under: Contracted {
                different: different.len(),
                ..contracted(edition, set(edition, baseline), None)
            },
            agrees_under: Contracted {
                different: unexplained.len(),
                ..contracted(solution.edition, solution.set.clone(), solution.also)
            },
            switches: of_switches(baseline, solution),
            operations: self.operations(),
            notes: notes(self.steps, self.judged, self.notes),
            at: self.at,
            host: self.host,
            different,
            unexplained,
            unknown,
            not_looked_at: self.not_looked_at,
            failed: self.failed,
            issue: None,
        };
        report.issue = super::text::issue(&report);
        report
    }

    fn counts(&self, unknown: usize) -> Counts {
        let checks = || self.judged.iter().flat_map(|compared| &compared.checks);
        let of = |verdict| checks().filter(|check| check.verdict == verdict).count();
        let (same, different) = (of(Verdict::Same), of(Verdict::Different));
        Counts {
            requests: self.requests,
            compared: same + different,
            same,
            different,
            unknown,
        }
    }

    /// A row for each operation of which anything was compared.
    fn operations(&self) -> Vec<OfOperation> {
        let judged = &self.solution.judged;
        let rows = Operation::ALL.iter().filter_map(|operation| {
            let of_it = || {
                self.steps
                    .iter()
                    .zip(judged)
                    .filter(|(step, _)| step.operation() == Some(*operation))
            };
            let verdicts = of_it()
                .flat_map(|(_, it)| &it.checks)
                .map(|check| check.verdict);
            let decided = verdicts.filter(|verdict| *verdict != Verdict::Unknown);
            let verdicts: Vec<Verdict> = decided.collect();
            let asked = of_it().filter(|(_, compared)| !compared.checks.is_empty());
            let told: BTreeSet<&str> = asked.flat_map(|(step, _)| step.tells()).copied().collect();
            let values = self.solution.contract.values();
            let is_told = |key: &str| {
                told.contains(key) && self.solution.told.get(key) != Some(&Told::Nothing)
            };
            Some(OfOperation {
                operation: operation.name(),
                verdict: *verdicts.iter().max()?,
                compared: verdicts.len(),
                under: values.filter(|(key, _)| is_told(key)).collect(),
            })
        });
        rows.collect()
    }
}

/// The switches that differ from an edition.
fn set(edition: Edition, contract: Contract) -> Vec<(&'static str, &'static str)> {
    let both = contract.values().zip(edition.contract().values());
    both.filter(|(value, preset)| value != preset)
        .map(|(value, _)| value)
        .collect()
}

fn contracted(
    edition: Edition,
    set: Vec<(&'static str, &'static str)>,
    also: Option<Edition>,
) -> Contracted {
    let mut flags = Vec::new();
    if edition != Edition::default() {
        flags.push(format!("--edition {}", edition.name()));
    }
    flags.extend(
        set.iter()
            .map(|(key, value)| format!("--set {key}={value}")),
    );
    let mut fixture = BTreeMap::from([("edition", edition.name())]);
    fixture.extend(set.iter().copied());
    Contracted {
        edition: edition.name(),
        set: set.into_iter().collect(),
        flags: flags.join(" "),
        fixture: [("contract", fixture)].into(),
        different: 0,
        or_else: also.map(Edition::name),
    }
}

/// An operation, if it is one, and what a check is about.
type Thing<'a> = (Option<Operation>, &'a str);

/// The checks of each thing: those of one operation with the same path are of one.
fn by_thing<'a>(
    steps: &[Step],
    judged: &'a Judgement,
) -> BTreeMap<Thing<'a>, Vec<(Step, &'a Check)>> {
    let mut things: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (step, compared) in steps.iter().zip(judged) {
        for check in &compared.checks {
            let thing = (step.operation(), check.what.as_str());
            things.entry(thing).or_default().push((*step, check));
        }
    }
    things
}

/// The most rows of a list in a report: what a hostile host answers has no end.
const MOST_LISTED: usize = 1000;

fn differences(steps: &[Step], judged: &Judgement) -> Vec<Difference> {
    let mut differences = Vec::new();
    for ((operation, what), checks) in by_thing(steps, judged) {
        let mut alike: BTreeMap<(&str, &str), Vec<&'static str>> = BTreeMap::new();
        for (step, check) in checks {
            if check.verdict == Verdict::Different {
                alike
                    .entry((&check.host, &check.mock))
                    .or_default()
                    .push(step.name());
            }
        }
        differences.extend(alike.into_iter().map(|((host, mock), mut probes)| {
            probes.dedup();
            Difference {
                operation: operation.map(Operation::name),
                what: what.to_owned(),
                host: host.to_owned(),
                mock: mock.to_owned(),
                probes,
            }
        }));
    }
    differences.truncate(MOST_LISTED);
    differences
}

/// What nothing decides: a thing that is unknown wherever it was seen.
fn unknown(steps: &[Step], judged: &Judgement) -> Vec<Unknown> {
    let things = by_thing(steps, judged).into_iter();
    let unknown =
        things.filter(|(_, checks)| checks.iter().all(|(_, it)| it.verdict == Verdict::Unknown));
    let unknown = unknown.filter_map(|((operation, what), checks)| {
        let (_, check) = checks.first()?;
        Some(Unknown {
            operation: operation.map(Operation::name),
            what: what.to_owned(),
            host: check.host.clone(),
            mock: check.mock.clone(),
        })
    });
    unknown.take(MOST_LISTED).collect()
}

fn of_switches(baseline: Contract, solution: &Solution) -> Vec<OfSwitch> {
    let rows = baseline.values().map(|(switch, asked_under)| {
        let (host, verdict) = match solution.told.get(switch) {
            Some(Told::Value(value)) if *value == asked_under => {
                (Some(*value), SwitchVerdict::Same)
            }
            Some(Told::Value(value)) => (Some(*value), SwitchVerdict::Different),
            Some(Told::NoneOf(_)) => (None, SwitchVerdict::Different),
            Some(Told::Nothing) | None => (None, SwitchVerdict::NotLookedAt),
        };
        OfSwitch {
            switch,
            asked_under,
            host,
            verdict,
            needs: (verdict == SwitchVerdict::NotLookedAt).then(|| needs(switch)),
        }
    });
    rows.collect()
}

/// What it takes to look at a switch.
pub(super) fn needs(switch: &str) -> &'static str {
    let reads = PROBES.iter().filter(|probe| probe.tells.contains(&switch));
    let paths: Vec<&str> = reads.map(|probe| probe.path).collect();
    let has =
        |changes: &[super::changes::Change]| changes.iter().any(|it| it.tells.contains(&switch));
    if paths.iter().any(|path| !path.contains("{foreign}")) {
        "a group in the organization"
    } else if !paths.is_empty() {
        "`--foreign-org ID`"
    } else if has(REFUSALS) {
        "`--probe-refusals`"
    } else if has(WRITES) {
        "`--sandbox-org ID --writes`"
    } else {
        "a probe that there is not"
    }
}

/// What decides nothing, each a line.
fn notes(steps: &[Step], judged: &Judgement, of_reading: Vec<String>) -> Vec<String> {
    let ordered = steps.iter().zip(judged).flat_map(|(step, compared)| {
        let operation = step.operation().map_or("an unknown route", Operation::name);
        let paths = compared.other_order.iter();
        paths.map(move |path| format!("{operation} {path}: keys in another order"))
    });
    let ordered: BTreeSet<String> = ordered.collect();
    ordered
        .into_iter()
        .take(MOST_LISTED)
        .chain(of_reading)
        .collect()
}
