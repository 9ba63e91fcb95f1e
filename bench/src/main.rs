//! `bench/run`: the mock as shipped, beside a bare axum handler, on one machine in one run.
//!
//! Every figure is the median of several rounds in which the servers take turns (ABC, BCA, …), so that
//! a noisy minute is noisy to all; every ratio is the median of the rounds' own ratios to the bare
//! server. Processor time is the server's own account, in all its threads, from before the first
//! request of a round until it has nothing left to do: the log is in it.

mod bars;
mod compare;
mod cores;
mod facts;
mod figures;
mod load;
mod report;
mod scenario;
mod server;

use std::{fs, process::ExitCode, time::Duration};

use clap::Parser;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    compare::{Plan, Row, compare},
    cores::Cores,
    facts::{FirstAnswer, Flat, Growth, first_answer, first_answer_with, flat, growth},
    load::Shape,
    scenario::{GROUPS, Scenario, Script, seed},
    server::{Kind, Server, Start, ask_once},
};

/// All figures of a run.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    machine: String,
    load: Vec<Row>,
    peers: Vec<Row>,
    starts: Vec<FirstAnswer>,
    /// The mock's and the bare server's.
    binary_bytes: (u64, u64),
    memory: Vec<Growth>,
    growth: Vec<Growth>,
    flat: Option<Flat>,
}

/// Compares tallyfy-mock with a bare axum handler.
#[derive(Debug, Parser)]
#[command(after_help = "bench/run itself takes `--peers`, and gives what is required.")]
struct Args {
    /// The mock's binary
    #[arg(long)]
    mock: String,
    /// The bare server's binary
    #[arg(long)]
    bare: String,
    /// Only these: start, get, get-jwt, list, create, update, delete, mixed-1, mixed-8, mixed-64, memory, growth, flat
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Connections
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32])]
    conns: Vec<usize>,
    /// Rounds of each comparison
    #[arg(long)]
    rounds: Option<usize>,
    /// Requests of a round [default: 40000, and 10000 over one connection]
    #[arg(long)]
    requests: Option<u64>,
    /// Another server that answers a get: its name, `=`, and its command with `{port}` where it is told one
    #[arg(long, value_name = "NAME=COMMAND")]
    peer: Vec<String>,
    /// Few requests: only to see that it runs
    #[arg(long)]
    quick: bool,
    /// Leave it to the scheduler which cores are whose
    #[arg(long)]
    no_pin: bool,
    /// What is measured, and when
    #[arg(long, default_value = "tallyfy-mock")]
    label: String,
    /// Where the figures go as JSON
    #[arg(long)]
    json: String,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The values of `--only` beside the scenarios.
const FACTS: [&str; 4] = ["start", "memory", "growth", "flat"];

fn run(args: &Args) -> Result<(), String> {
    let known = |name: &&String| {
        FACTS.contains(&name.as_str())
            || Scenario::ALL
                .iter()
                .any(|scenario| scenario.name() == *name)
    };
    if let Some(unknown) = args.only.iter().find(|name| !known(name)) {
        return Err(format!("nothing here is called `{unknown}`; see --help"));
    }
    let mut report = Report {
        machine: machine(args),
        binary_bytes: (size(&args.mock)?, size(&args.bare)?),
        ..Report::default()
    };
    // Before pinning, as a start is measured with all cores.
    if args.wants("start") {
        report.starts = starting(args)?;
    }
    let cores = Cores::divide(!args.no_pin);
    let starts = starts(args, &cores)?;
    let wanted = Scenario::ALL.into_iter();
    for scenario in wanted.filter(|scenario| args.wants(scenario.name())) {
        for &connections in &args.conns {
            let found = compare(&args.plan(scenario, connections, &cores), &starts)?;
            eprint!("{}", report::table(&found).unwrap_or_default());
            report.load.extend(found);
        }
    }
    report.peers = peers(args, &starts, &cores);
    once(args, &starts, &cores, &mut report)?;
    print!(
        "{}",
        report::text(&report).map_err(|error| error.to_string())?
    );
    let figures = figures::markdown(&report).map_err(|error| error.to_string())?;
    println!("\nThe same for docs/figures.md:\n\n{figures}");
    let json = json!({ "report": report, "bars": bars::bars(&report) });
    fs::write(&args.json, format!("{json:#}\n")).map_err(|error| format!("{}: {error}", args.json))
}

/// About how long a round of a peer may take.
const PEERS_ROUND: Duration = Duration::from_secs(2);

/// Each peer in turns with the bare server and the mock as shipped. One that takes its time is sent fewer requests.
/// The mock's row comes before the peer's. One that fails is told and left out.
fn peers(args: &Args, starts: &[Start], cores: &Cores) -> Vec<Row> {
    let mut rows = Vec::new();
    for peer in &args.peer {
        let (name, command) = peer.split_once('=').unwrap_or((peer, peer));
        let mut words = command.split_whitespace().map(str::to_owned);
        let start = Start {
            kind: Kind::Peer,
            name: name.to_owned(),
            program: words.next().unwrap_or_default(),
            args: words.collect(),
            cores: cores.server.clone(),
        };
        let starts: Vec<_> = starts[..2].iter().cloned().chain([start]).collect();
        for &connections in &args.conns {
            let mut plan = args.plan(Scenario::Get, connections, cores);
            plan.longest = Some(PEERS_ROUND);
            match compare(&plan, &starts) {
                Ok(found) => rows.extend(found.into_iter().skip(1)),
                Err(error) => eprintln!("skipped {name} at {connections} connections: {error}"),
            }
        }
    }
    rows
}

/// Memory and growth.
fn once(args: &Args, starts: &[Start], cores: &Cores, report: &mut Report) -> Result<(), String> {
    let [bare, shipped, quiet, ..] = starts else {
        return Err("three servers are compared".into());
    };
    let scale = |full: u64| if args.quick { full / 1000 } else { full };
    let shape = |connections| Shape {
        connections,
        threads: cores.client,
    };
    if args.wants("memory") {
        report.memory = vec![growth(quiet, scale(100_000), shape(1))?];
    }
    if args.wants("growth") {
        for start in [bare, quiet] {
            report
                .growth
                .push(growth(start, scale(1_000_000), shape(8))?);
        }
    }
    if args.wants("flat") {
        report.flat = Some(flat(shipped, scale(1_000_000), shape(32))?);
    }
    Ok(())
}

/// First answers: of the bare server, of the mock with its demo, and with 100,000 groups.
fn starting(args: &Args) -> Result<Vec<FirstAnswer>, String> {
    let anywhere = Cores {
        server: None,
        client: 1,
    };
    let starts = starts(args, &anywhere)?;
    let [bare, shipped, ..] = &starts[..] else {
        return Err("three servers are compared".into());
    };
    let (turns, groups) = if args.quick {
        (3, 1_000)
    } else {
        (20, 100_000)
    };
    Ok(vec![
        first_answer(bare, "nothing", turns)?,
        first_answer(shipped, "demo", turns)?,
        first_answer_with(shipped, groups, turns.min(5))?,
    ])
}

fn size(path: &str) -> Result<u64, String> {
    fs::metadata(path)
        .map(|file| file.len())
        .map_err(|error| format!("{path}: {error}"))
}

/// The machine and the version that were measured.
fn machine(args: &Args) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("an unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let kernel = kernel.trim();
    format!("{} on {cores} cores of {model}, Linux {kernel}", args.label)
}

impl Args {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    fn plan(&self, scenario: Scenario, connections: usize, cores: &Cores) -> Plan {
        let requests = match (self.quick, connections) {
            (true, _) => 400,
            (false, 1) => 10_000,
            (false, _) => 40_000,
        };
        Plan {
            scenario,
            shape: Shape {
                connections,
                threads: cores.client,
            },
            rounds: self.rounds.unwrap_or(if self.quick { 1 } else { 5 }),
            requests: self.requests.unwrap_or(requests),
            longest: None,
        }
    }
}

/// The bare server, the mock as shipped, and the mock without its journal and its log.
fn starts(args: &Args, cores: &Cores) -> Result<Vec<Start>, String> {
    let start = |name: &str, program: &str, flags: &[&str]| Start {
        kind: Kind::Mock,
        name: name.to_owned(),
        program: program.to_owned(),
        args: flags.iter().map(|&flag| flag.to_owned()).collect(),
        cores: cores.server.clone(),
    };
    let shipped = start("shipped", &args.mock, &["--port", "0"]);
    let quiet = [
        "--port",
        "0",
        "--journal-entries",
        "0",
        "--log-level",
        "off",
    ];
    let quiet = start("quiet", &args.mock, &quiet);
    let mut bare = start("bare", &args.bare, &[]);
    bare.kind = Kind::Bare;
    bare.args = lengths(&shipped)?;
    Ok(vec![bare, shipped, quiet])
}

/// The lengths of the mock's answers to get, list, create and update.
fn lengths(mock: &Start) -> Result<Vec<String>, String> {
    let mock = Server::start(mock)?;
    mock.seed("bench", &seed(GROUPS))?;
    let scenarios = [
        Scenario::Get,
        Scenario::List,
        Scenario::Create,
        Scenario::Update,
    ];
    let length = |scenario| {
        let mut request = Vec::new();
        Script::new(scenario, "0-32", mock.address).write(1, &mut request);
        let request =
            String::from_utf8_lossy(&request).replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let answer =
            ask_once(mock.address, request.as_bytes()).map_err(|error| error.to_string())?;
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.len());
        body.map(|length| length.to_string())
            .ok_or_else(|| format!("not an answer: {answer}"))
    };
    scenarios.into_iter().map(length).collect()
}
