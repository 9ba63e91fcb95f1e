//! A whole run: reads an organization, sends the probes, compares, and solves.

use std::fmt;

use serde_json::Value;

use super::{
    changes::{Consent, REFUSALS, WRITES},
    host::{Changing, Left, Looked, ReadOnly, made},
    made_of::Findings,
    mocked::Mocked,
    names::Names,
    places::Places,
    probes::PROBES,
    report::{NotLookedAt, Report},
    sighting::Sighting,
    solve::Solver,
    step::Step,
};
use crate::{
    domain::{contract::ContractChoice, id::OrgId},
    remote::{self, Organization, Read, Reader, Token, Trouble, Wire},
};

/// What is to be looked at.
#[derive(Debug)]
pub struct Plan {
    /// The organization that is read.
    pub org: OrgId,
    /// One that is not the token's, if it may be asked for.
    pub foreign: Option<OrgId>,
    /// What may be sent beside requests that read.
    pub consent: Consent,
    /// The contract that the host is compared with.
    pub asked_under: ContractChoice,
    /// 32 hexadecimal digits that nothing at the host has.
    pub nobody: String,
    /// When, for the report.
    pub at: String,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub enum Progress {
    /// A page of the organization was read.
    Reading(remote::Step),
    /// A probe is sent, this one of so many.
    Probing(usize, usize),
    /// Mocks are compared.
    Comparing,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reading(step) => step.fmt(f),
            Self::Probing(at, of) => write!(f, "asking: {at} of {of}"),
            Self::Comparing => f.write_str("comparing"),
        }
    }
}

/// What a run came to, and what it left at the host.
#[derive(Debug)]
pub struct Ran {
    /// The report, or why there is none.
    pub report: Result<Report, Trouble>,
    /// Groups that were made and could not be deleted.
    pub left: Vec<Left>,
}

/// The beginning of the names of all groups that are made.
pub const PREFIX: &str = "tallyfy-mock drift ";

impl Plan {
    /// The requests of the run that are not for reading, for whoever has to agree: method, path, body.
    pub fn announced(&self) -> Vec<String> {
        let steps = self.changes();
        let shown = steps.iter().filter_map(|step| match step {
            Step::Change(change) => Some(format!("{} {}", step.shown(), change.body.text())),
            Step::Read(_) => None,
        });
        let org = |line: String| {
            let sandbox = self.consent.sandbox.as_ref().map_or("", OrgId::as_str);
            let line = line
                .replace("{org}", self.org.as_str())
                .replace("{sandbox}", sandbox);
            line.replace("$name", &self.name())
                .replace("{name}", &self.name())
                .trim_end()
                .to_owned()
        };
        shown.map(org).collect()
    }

    /// The name of the groups that are made.
    pub fn name(&self) -> String {
        format!("{PREFIX}{}", self.nobody)
    }

    fn changes(&self) -> Vec<Step> {
        let refusals = REFUSALS.iter().filter(|_| self.consent.refusals);
        let writes = WRITES.iter().filter(|_| self.consent.sandbox.is_some());
        refusals.chain(writes).map(Step::Change).collect()
    }

    /// Does all of it. `is_stopped` is asked before each request; what was made is deleted then.
    pub fn run(
        &self,
        wire: Wire,
        token: Token,
        progress: &mut dyn FnMut(Progress),
        is_stopped: &dyn Fn() -> bool,
    ) -> Ran {
        let mut reader = Reader::new(wire, token, self.org.clone());
        let read = self.read(&mut reader, progress);
        let (wire, token, _) = reader.into_parts();
        let read = match read {
            Ok(read) => read,
            Err(trouble) => {
                return Ran {
                    report: Err(trouble),
                    left: Vec::new(),
                };
            }
        };
        let mut host = Changing::new(ReadOnly::new(wire, token), &self.consent);
        let reads = PROBES.iter().map(Step::Read);
        let steps: Vec<Step> = reads.chain(self.changes()).collect();
        let mut places = read.places.clone();
        let asked = asked(&mut host, &steps, &mut places, progress, is_stopped);
        let left = host.tidy(&self.name(), self.consent.sandbox.as_ref());
        progress(Progress::Comparing);
        let report = asked.and_then(|asked| self.compared(&steps, asked, read, &host));
        Ran { report, left }
    }

    fn read(
        &self,
        reader: &mut Reader,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<ReadRows, Trouble> {
        let organization =
            Organization::read(reader, &mut |step| progress(Progress::Reading(step)))?;
        let me = reader.get(&Read::Me)?["data"].take();
        let fixture = organization.fixture();
        let first = |list: &str, key: &str| {
            let row = &fixture["organizations"][0][list][0][key];
            row.as_str().map(str::to_owned)
        };
        let user = me["id"].as_u64().map(|id| id.to_string());
        let places = Places {
            org: self.org.to_string(),
            group: first("groups", "id"),
            user,
            guest: first("guests", "email"),
            nobody: self.nobody.clone(),
            foreign: self.foreign.as_ref().map(OrgId::to_string),
            sandbox: self.consent.sandbox.as_ref().map(OrgId::to_string),
            made: None,
            name: self.name(),
        };

        Ok(ReadRows {
            places,
            me,
            notes: organization.notes().to_vec(),
            fixture,
        })
    }

    fn compared(
        &self,
        steps: &[Step],
        asked: Vec<Asked>,
        read: ReadRows,
        host: &Changing,
    ) -> Result<Report, Trouble> {
        let sandbox = self.consent.sandbox.as_ref().map(OrgId::as_str);
        let mocked = Mocked::new(read.fixture, &read.me, sandbox, host.reads.prefix())?;
        let (mut names, mut sightings) = (Names::new(), Vec::new());
        let (mut not_looked_at, mut failed) = (Vec::new(), Vec::new());
        for (step, asked) in steps.iter().zip(asked) {
            let row = |why| NotLookedAt {
                probe: step.name(),
                request: step.shown(),
                why,
            };
            sightings.push(match asked {
                Asked::NotSent(why) => {
                    not_looked_at.push(row(why));
                    None
                }
                Asked::Answered(Err(why)) => {
                    failed.push(row(why));
                    None
                }
                Asked::Answered(Ok(sighting)) => Some(sighting),
            });
        }
        for json in sightings
            .iter()
            .flatten()
            .filter_map(|it: &Sighting| it.json.as_ref())
        {
            names.note(json);
        }
        let solver = Solver {
            steps,
            host: &sightings,
            mocked: &mocked,
            places: &read.places,
            names: &names,
        };
        let (_, baseline) = self.asked_under.resolved();
        let judged = solver.judged(baseline)?;
        let solution = solver.solve(&self.asked_under, &judged)?;
        Ok(Findings {
            at: self.at.clone(),
            host: host.reads.place().to_owned(),
            requests: host.reads.requests(),
            asked_under: &self.asked_under,
            steps,
            judged: &judged,
            solution: &solution,
            not_looked_at,
            failed,
            notes: read.notes,
        }
        .report())
    }
}

/// What was read of the organization.
struct ReadRows {
    places: Places,
    /// The caller, as `/me` tells.
    me: Value,
    /// What the mock cannot store as it was read.
    notes: Vec<String>,
    fixture: Value,
}

/// What became of a step.
enum Asked {
    /// It was not sent; what it would take.
    NotSent(String),
    Answered(Looked),
}

/// Sends all steps, in their order.
fn asked(
    host: &mut Changing,
    steps: &[Step],
    places: &mut Places,
    progress: &mut dyn FnMut(Progress),
    is_stopped: &dyn Fn() -> bool,
) -> Result<Vec<Asked>, Trouble> {
    let mut all = Vec::with_capacity(steps.len());
    for (i, step) in steps.iter().enumerate() {
        if is_stopped() {
            return Err("stopped by a signal before all was looked at"
                .to_owned()
                .into());
        }
        progress(Progress::Probing(i + 1, steps.len()));
        let filled = match step.fill(places) {
            Ok(filled) => filled,
            Err(needed) => {
                all.push(Asked::NotSent(needed.to_string()));
                continue;
            }
        };
        let looked = match step {
            Step::Read(probe) => host.reads.look(probe, &filled)?,
            Step::Change(change) => host.change(change, &filled)?,
        };
        if step.makes() {
            places.made = looked.as_ref().ok().and_then(made).or(places.made.take());
        }
        all.push(Asked::Answered(looked));
    }
    Ok(all)
}
