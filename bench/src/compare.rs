//! The comparison: the same requests to each server, in turns, round after round.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    load::{self, Shape},
    scenario::{Scenario, Script, seed},
    server::{Kind, Server, Start},
};

/// What is compared.
#[derive(Debug)]
pub struct Plan {
    pub scenario: Scenario,
    pub shape: Shape,
    pub rounds: usize,
    /// Requests of a round.
    pub requests: u64,
    /// Fewer requests, if the slowest server would take longer for a round.
    pub longest: Option<Duration>,
}

/// The figures of one server, in one scenario.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Figures {
    pub requests_per_second: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    pub cpu_us_per_request: f64,
    /// The number of cores that it used on average.
    pub cores: f64,
}

impl Figures {
    fn combine(all: &[Self], pick: impl Fn(&mut [f64]) -> f64) -> Self {
        let of = |figure: fn(&Self) -> f64| pick(&mut all.iter().map(figure).collect::<Vec<_>>());
        Self {
            requests_per_second: of(|figures| figures.requests_per_second),
            p50_us: of(|figures| figures.p50_us),
            p99_us: of(|figures| figures.p99_us),
            cpu_us_per_request: of(|figures| figures.cpu_us_per_request),
            cores: of(|figures| figures.cores),
        }
    }

    fn over(&self, other: &Self) -> Self {
        Self {
            requests_per_second: self.requests_per_second / other.requests_per_second,
            p50_us: self.p50_us / other.p50_us,
            p99_us: self.p99_us / other.p99_us,
            cpu_us_per_request: self.cpu_us_per_request / other.cpu_us_per_request,
            cores: self.cores / other.cores,
        }
    }
}

/// A line of the table.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub scenario: String,
    pub connections: usize,
    pub server: String,
    /// Medians of the rounds.
    pub median: Figures,
    /// Medians of the rounds' ratios to the first server's same round.
    pub ratio: Figures,
    pub resident_before: f64,
    pub resident_after: f64,
    pub log_lines_per_request: f64,
}

/// Runs the plan against each server; the first is what the others are compared with.
pub fn compare(plan: &Plan, starts: &[Start]) -> Result<Vec<Row>, String> {
    let mut servers = Vec::new();
    for start in starts {
        let server = Server::start(start)?;
        if server.kind == Kind::Mock {
            for (org, groups) in plan.scenario.once() {
                server.seed(&org, &seed(groups))?;
            }
        }
        servers.push(server);
    }
    let mut requests = plan.requests;
    for server in &servers {
        let warm = (requests / 5 + 1).min(plan.longest.map_or(u64::MAX, |_| 1_000));
        let figures = measure(plan, server, "warm", warm)?;
        if let Some(longest) = plan.longest {
            let request = Duration::from_secs_f64(1.0 / figures.requests_per_second);
            let most = longest.as_nanos() / request.as_nanos().max(1);
            requests = requests.min(u64::try_from(most).unwrap_or(u64::MAX).max(1));
        }
    }
    let before: Vec<_> = servers
        .iter()
        .map(|server| (server.resident(), server.logged()))
        .collect();
    let mut rounds: Vec<Vec<Figures>> = vec![Vec::new(); servers.len()];
    for round in 0..plan.rounds {
        for turn in 0..servers.len() {
            let index = (round + turn) % servers.len();
            let tag = format!("{round}-{}", plan.shape.connections);
            let figures = measure(plan, &servers[index], &tag, requests)?;
            rounds[index].push(figures);
        }
    }
    let sent = (plan.rounds as u64 * requests) as f64;
    let rows = servers.iter().zip(before).enumerate();
    Ok(rows
        .map(|(index, (server, (resident_before, logged)))| Row {
            scenario: plan.scenario.name().to_owned(),
            connections: plan.shape.connections,
            server: server.name.clone(),
            median: Figures::combine(&rounds[index], median),
            ratio: ratio(&rounds[index], &rounds[0]),
            resident_before,
            resident_after: server.resident(),
            log_lines_per_request: (server.logged() - logged) as f64 / sent,
        })
        .collect())
}

fn ratio(rounds: &[Figures], first: &[Figures]) -> Figures {
    let ratios: Vec<_> = rounds.iter().zip(first).map(|(a, b)| a.over(b)).collect();
    Figures::combine(&ratios, median)
}

/// One round of one server.
fn measure(plan: &Plan, server: &Server, round: &str, requests: u64) -> Result<Figures, String> {
    if let Some((org, groups)) = plan.scenario.each_round(round, requests)
        && server.kind == Kind::Mock
    {
        server.seed(&org, &seed(groups))?;
    }
    server.settle();
    let script = Script::new(plan.scenario, round, server.address);
    let cpu = server.cpu_us();
    let outcome = load::run(server.address, plan.shape, script, 0..requests)
        .map_err(|error| format!("{}: {error}", server.name))?;
    server.settle();
    let cpu_us = server.cpu_us() - cpu;
    Ok(Figures {
        requests_per_second: outcome.per_second(),
        p50_us: outcome.permille_us(500),
        p99_us: outcome.permille_us(990),
        cpu_us_per_request: cpu_us / outcome.requests(),
        cores: cpu_us / 1e6 / outcome.wall.as_secs_f64(),
    })
}

/// The median; of an even number, the lower of the two in the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() - 1) / 2]
}
