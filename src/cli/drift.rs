//! `tallyfy-mock drift`: does a host still answer as the mock does?

mod consent;
mod stop;

use std::{path::PathBuf, process::ExitCode};

use clap::ValueEnum;

use super::{
    asked::{Asked, organization},
    output::Output,
    progress::ProgressLine,
    say::{FAILED, USAGE, fail, print, say},
    values::{edition, switch},
};
use crate::{
    domain::{
        contract::{ContractChoice, Edition, Switch},
        id::OrgId,
    },
    fixture,
    remote::drift::{Consent, Outcome, Plan, Ran, Report},
    tenant::{IdGen, Time},
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Exit code: 0 the same, 3 something differs, 1 could not look or nothing was compared.

Examples:
  TALLYFY_API_TOKEN=any tallyfy-mock drift --org northwind --base http://127.0.0.1:8255/api
          compare a mock that runs here; without `--base`, the real Tallyfy
  TALLYFY_API_TOKEN=any tallyfy-mock drift --org acme --base http://127.0.0.1:8255/api --json d.json
          and write the report as JSON";

/// Exit code of a difference.
const DIFFERENT: u8 = 3;

/// Compare a host with the mock: by requests that read, and by others only where you agree.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Args {
    #[command(flatten)]
    asked: Asked,
    /// Edition that the host is compared with: `2026-03` or `2025-08` [default: the fixture's, else 2026-03]
    #[arg(long, value_parser = edition)]
    edition: Option<Edition>,
    /// Switch of the contract that the host is compared with; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = switch)]
    set: Vec<Switch>,
    /// Fixture whose contract the host is compared with: a file, or a folder of `*.json`; repeatable
    #[arg(long, value_name = "PATH")]
    fixtures: Vec<PathBuf>,
    /// Organization that is not the token's: it is asked for, to see how that is refused
    #[arg(long, value_name = "ID", value_parser = organization)]
    foreign_org: Option<OrgId>,
    /// Send requests that have to be refused, to see how; asks first
    #[arg(long)]
    probe_refusals: bool,
    /// Organization in which groups may be created; needs `--writes`
    #[arg(long, value_name = "ID", value_parser = organization, requires = "writes")]
    sandbox_org: Option<OrgId>,
    /// Create, update and delete a group in the sandbox, to see how that is answered; asks first
    #[arg(long, requires = "sandbox_org")]
    writes: bool,
    /// Do not ask before sending what does not only read
    #[arg(long)]
    yes: bool,
    /// File that the report is written to, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Replace the file of `--json`
    #[arg(long, requires = "json")]
    force: bool,
    /// What exit 3 is for
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = FailOn::Different)]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// Something differs
    Different,
    /// Something differs, or was seen only as null or in an empty list
    Unknown,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match compared(args) {
        Ok(code) => ExitCode::from(code),
        Err(Ended::Failed(message)) => fail(&message, FAILED),
        Err(Ended::Misused(message)) => fail(&message, USAGE),
    }
}

/// Why there is no comparison.
enum Ended {
    Failed(String),
    Misused(String),
}

impl From<String> for Ended {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

fn compared(args: &Args) -> Result<u8, Ended> {
    let json = args
        .json
        .as_deref()
        .map(|path| Output::at(path, args.force));
    let json = json.transpose()?;
    let reader = args.asked.reader().map_err(|trouble| trouble.to_string())?;
    let (wire, token, org) = reader.into_parts();
    let plan = plan(args, org)?;
    consent::ask(&plan, args.yes, wire.target().place())?;
    let is_changing = plan.consent != Consent::default();
    let stop = is_changing.then(|| stop::Stop::watch(&plan.name()));
    let is_stopped = || stop.as_ref().is_some_and(stop::Stop::is_told);
    let mut progress = ProgressLine::new();
    let Ran { report, left } = plan.run(wire, token, &mut |step| progress.show(&step), &is_stopped);
    progress.clear();
    for left in &left {
        say(&format!("left at the host: {left}; please delete it"));
    }
    let report = report.map_err(|trouble| trouble.to_string())?;
    print(report.to_string().trim_end());
    if let Some(json) = json {
        let text = serde_json::to_string_pretty(&report);
        let text = text.map_err(|error| format!("the report cannot be written: {error}"))?;
        json.write(format!("{text}\n").as_bytes())?;
    }
    Ok(if left.is_empty() {
        code(&report, args.fail_on)
    } else {
        FAILED
    })
}

fn code(report: &Report, fail_on: FailOn) -> u8 {
    match report.outcome {
        Outcome::CouldNotLook => FAILED,
        Outcome::Different => DIFFERENT,
        Outcome::Same if fail_on == FailOn::Unknown && report.counts.unknown > 0 => DIFFERENT,
        Outcome::Same => 0,
    }
}

fn plan(args: &Args, org: OrgId) -> Result<Plan, String> {
    let choice = ContractChoice {
        edition: args.edition,
        switches: args.set.clone(),
    };
    let of_fixture = if args.fixtures.is_empty() {
        ContractChoice::default()
    } else {
        fixture::load(&args.fixtures)
            .map_err(|error| error.to_string())?
            .contract
    };
    Ok(Plan {
        org,
        foreign: args.foreign_org.clone(),
        consent: Consent {
            refusals: args.probe_refusals,
            sandbox: args.sandbox_org.clone(),
        },
        asked_under: choice.joined_with(&of_fixture),
        nobody: IdGen::random().seed().simple().to_string(),
        at: Time::starting(None)
            .read()
            .now
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string(),
    })
}
