//! `bench/run`: the mock as shipped, beside a bare axum handler, on one machine in one run.
//!
//! Every figure is the median of several rounds in which the servers take turns (ABC, BCA, …), so that
//! a noisy minute is noisy to all; every ratio is the median of the rounds' own ratios to the bare
//! server. Processor time is the server's own account, in all its threads, from before the first
//! request of a round until it has nothing left to do: the log is in it.

mod compare;
mod cores;
mod load;
mod report;
mod scenario;
mod server;

use std::{fs, process::ExitCode};

use clap::Parser;
use serde_json::json;

use crate::{
    compare::{Plan, Row, compare},
    cores::Cores,
    load::Shape,
    scenario::{GROUPS, Scenario, Script, seed},
    server::{Server, Start, ask_once},
};

/// Compares tallyfy-mock with a bare axum handler.
#[derive(Debug, Parser)]
struct Args {
    /// The mock's binary
    #[arg(long)]
    mock: String,
    /// The bare server's binary
    #[arg(long)]
    bare: String,
    /// Only these: get, list, create, update, delete, mixed-1, mixed-8, mixed-64
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
    /// Few requests: only to see that it runs
    #[arg(long)]
    quick: bool,
    /// Leave it to the scheduler which cores are whose
    #[arg(long)]
    no_pin: bool,
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

fn run(args: &Args) -> Result<(), String> {
    let cores = Cores::divide(!args.no_pin);
    let starts = starts(args, &cores)?;
    let mut rows: Vec<Row> = Vec::new();
    for scenario in Scenario::ALL
        .into_iter()
        .filter(|scenario| args.wants(scenario.name()))
    {
        for &connections in &args.conns {
            let plan = args.plan(scenario, connections, &cores);
            let found = compare(&plan, &starts)?;
            eprint!("{}", report::table(&found));
            rows.extend(found);
        }
    }
    print!("{}", report::table(&rows));
    let json = json!({ "load": rows });
    fs::write(&args.json, format!("{json:#}\n")).map_err(|error| format!("{}: {error}", args.json))
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
        }
    }
}

/// The bare server, the mock as shipped, and the mock without its journal and its log.
fn starts(args: &Args, cores: &Cores) -> Result<Vec<Start>, String> {
    let start = |name: &str, program: &str, flags: &[&str]| Start {
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
    bare.args = lengths(&shipped)?;
    Ok(vec![bare, shipped, quiet])
}

/// How long the mock's answers are: to get, list, create and update.
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
