//! Figures that are measured once and not in turns: start, memory, growth.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::{
    compare::median,
    load::{self, Shape},
    scenario::{Scenario, Script, fixture, seed},
    server::{Server, Start, ask_once},
};

/// The time from before `exec` to the first answer, and the memory then.
#[derive(Debug, Serialize, Deserialize)]
pub struct FirstAnswer {
    pub server: String,
    pub what: String,
    /// The median.
    pub ms: f64,
    pub starts: usize,
    /// Half a second after the last start, with nothing to do, in bytes.
    pub idle_resident: f64,
}

/// Starts a server that many times, not pinned to a core.
pub fn first_answer(start: &Start, what: &str, starts: usize) -> Result<FirstAnswer, String> {
    let mut times = Vec::new();
    let mut idle_resident = 0.0;
    for turn in 0..starts {
        let begun = Instant::now();
        let server = Server::start(start)?;
        let request = format!(
            "GET /api/organizations/northwind/groups HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer any-token\r\nx-tallyfy-client: APIClient\r\nconnection: close\r\n\r\n",
            server.address
        );
        let answer =
            ask_once(server.address, request.as_bytes()).map_err(|error| error.to_string())?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        if !answer.starts_with("HTTP/1.1 ") {
            return Err(format!("{}: not an answer: {answer}", start.name));
        }
        if turn + 1 == starts {
            thread::sleep(Duration::from_millis(500));
            idle_resident = server.resident();
        }
    }
    Ok(FirstAnswer {
        server: start.name.clone(),
        what: what.to_owned(),
        ms: median(&mut times),
        starts,
        idle_resident,
    })
}

/// A start with that many groups in a fixture.
pub fn first_answer_with(start: &Start, groups: u64, starts: usize) -> Result<FirstAnswer, String> {
    let path = std::env::temp_dir().join(format!("tallyfy-mock-bench-{}.json", std::process::id()));
    fs::write(&path, fixture(groups)).map_err(|error| error.to_string())?;
    let mut start = start.clone();
    start.args.push("--fixtures".into());
    start.args.push(path.display().to_string());
    let found = first_answer(&start, &format!("{groups} groups"), starts);
    // The file is not needed any more.
    let _ = fs::remove_file(&path);
    found
}

/// One organization that grows by requests.
#[derive(Debug, Serialize, Deserialize)]
pub struct Growth {
    pub server: String,
    pub groups: u64,
    /// Growth of the resident memory per group, in bytes.
    pub bytes_per_group: f64,
    pub slowest_create_ms: f64,
    pub p99_us: f64,
}

/// Creates groups with two members and one guest in one organization, over the API.
///
/// Journal and log are off, so that only stored rows grow, and a warm-up has allocated all buffers. Memory that the allocator holds
/// in reserve counts too.
pub fn growth(start: &Start, groups: u64, shape: Shape) -> Result<Growth, String> {
    let server = Server::start(start)?;
    let create = |round: &str, count| {
        let script = Script::new(Scenario::Create, round, server.address);
        load::run(server.address, shape, script, 0..count)
            .map_err(|error| format!("{}: {error}", start.name))
    };
    create("warm", 2_000.min(groups))?;
    server.settle();
    let before = server.resident();
    let outcome = create("grow", groups)?;
    server.settle();
    Ok(Growth {
        server: start.name.clone(),
        groups,
        bytes_per_group: (server.resident() - before) / groups as f64,
        slowest_create_ms: outcome.permille_us(1000) / 1000.0,
        p99_us: outcome.permille_us(990),
    })
}

/// Memory under requests that store nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct Flat {
    pub requests: u64,
    /// After each tenth, in bytes.
    pub resident: Vec<f64>,
    /// The last as a multiple of the second: by then every organization's journal is full.
    pub last_over_second: f64,
}

/// Sends so many requests for pages of ten, over 64 organizations, to the mock as shipped.
pub fn flat(start: &Start, requests: u64, shape: Shape) -> Result<Flat, String> {
    let server = Server::start(start)?;
    let scenario = Scenario::Reads(64);
    for (org, groups) in scenario.once() {
        server.seed(&org, &seed(groups))?;
    }
    let tenth = requests / 10;
    let mut resident = Vec::new();
    for part in 0..10 {
        let script = Script::new(scenario, "flat", server.address);
        load::run(
            server.address,
            shape,
            script,
            part * tenth..(part + 1) * tenth,
        )?;
        server.settle();
        resident.push(server.resident());
    }
    Ok(Flat {
        requests,
        last_over_second: resident[9] / resident[1],
        resident,
    })
}
