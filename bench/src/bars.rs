//! The bars, and whether a run reached them.

use serde::Serialize;

use crate::{
    Report,
    compare::Row,
    facts::{FirstAnswer, Growth},
};

/// A bar: a bound on a figure.
#[derive(Debug, Serialize)]
pub struct Bar {
    pub what: String,
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
    /// `None` if this run did not measure it.
    pub found: Option<f64>,
    /// Whether other processes used the machine meanwhile, so that the figure says little.
    pub disturbed: bool,
}

impl Bar {
    fn at_least(what: &str, bound: f64, found: Option<f64>) -> Self {
        Self {
            at_least: Some(bound),
            at_most: None,
            ..Self::at_most(what, bound, found)
        }
    }

    fn at_most(what: &str, bound: f64, found: Option<f64>) -> Self {
        Self {
            what: what.to_owned(),
            at_least: None,
            at_most: Some(bound),
            found,
            disturbed: false,
        }
    }

    fn disturbed(self, disturbed: bool) -> Self {
        Self { disturbed, ..self }
    }

    pub fn wanted(&self) -> String {
        match (self.at_least, self.at_most) {
            (Some(bound), _) => format!(">= {bound}"),
            (None, bound) => format!("<= {}", bound.unwrap_or(f64::INFINITY)),
        }
    }

    pub fn found(&self) -> String {
        self.found
            .map_or_else(|| "-".to_owned(), |found| format!("{found:.2}"))
    }

    pub fn verdict(&self) -> &'static str {
        let Some(found) = self.found else {
            return "not measured";
        };
        let reached = self.at_least.is_none_or(|bound| found >= bound)
            && self.at_most.is_none_or(|bound| found <= bound);
        match (reached, self.disturbed) {
            (true, false) => "reached",
            (false, false) => "NOT REACHED",
            (true, true) => "reached (disturbed)",
            (false, true) => "NOT REACHED (disturbed)",
        }
    }
}

/// All bars.
pub fn bars(report: &Report) -> Vec<Bar> {
    let shipped = |scenario| compared(report, "shipped", scenario, CONNECTIONS);
    let alone = compared(report, "shipped", "get", 1);
    let mut bars = vec![
        rate("shipped: get over one connection", 0.85, alone),
        cpu("shipped: get over one connection", 1.40, alone),
        rate("shipped: get", 0.70, shipped("get")),
        cpu("shipped: get", 1.40, shipped("get")),
        rate("shipped: create", 0.55, shipped("create")),
        rate("shipped: list", 0.55, shipped("list")),
    ];
    for scenario in ["get", "create", "list"] {
        let found = shipped(scenario);
        let ratio = found.map(|found| found.row.ratio.p99_us);
        let what = format!("shipped: {scenario}, p99, x bare");
        bars.push(Bar::at_most(&what, 1.5, ratio).disturbed(is_disturbed(found)));
    }
    let quiet = compared(report, "quiet", "get", CONNECTIONS);
    bars.push(rate("quiet: get", 0.92, quiet));
    bars.push(cpu("quiet: get", 1.12, quiet));
    bars.extend(of_starts(&report.starts));
    bars.extend(of_memory(report));
    bars
}

/// The number of connections at which servers are compared.
pub const CONNECTIONS: usize = 32;

/// A row and the bare server's beside it.
#[derive(Clone, Copy)]
struct Compared<'a> {
    row: &'a Row,
    bare: &'a Row,
}

fn compared<'a>(
    report: &'a Report,
    server: &str,
    scenario: &str,
    connections: usize,
) -> Option<Compared<'a>> {
    let find = |server: &str| {
        report.load.iter().find(|row| {
            (row.server.as_str(), row.scenario.as_str(), row.connections)
                == (server, scenario, connections)
        })
    };
    Some(Compared {
        row: find(server)?,
        bare: find("bare")?,
    })
}

/// [`CONNECTIONS`] keep a server busy all the time. If its core was not, other processes had it, or the client's: then requests a
/// second and latencies measure those. CPU time a request does not. One connection never keeps a server busy, and says nothing of
/// others.
fn is_disturbed(compared: Option<Compared<'_>>) -> bool {
    compared.is_some_and(|Compared { row, bare }| {
        row.connections == CONNECTIONS && row.median.cores.min(bare.median.cores) < 0.85
    })
}

fn rate(what: &str, bound: f64, compared: Option<Compared<'_>>) -> Bar {
    let ratio = compared.map(|found| found.row.ratio.requests_per_second);
    Bar::at_least(&format!("{what}, requests a second, x bare"), bound, ratio)
        .disturbed(is_disturbed(compared))
}

fn cpu(what: &str, bound: f64, compared: Option<Compared<'_>>) -> Bar {
    let ratio = compared.map(|found| found.row.ratio.cpu_us_per_request);
    Bar::at_most(&format!("{what}, CPU a request, x bare"), bound, ratio)
}

fn of_starts(starts: &[FirstAnswer]) -> Vec<Bar> {
    let find = |what: &str| starts.iter().find(|found| found.what == what);
    let (demo, many) = (find("demo"), find("100000 groups"));
    let idle = demo.map(|found| found.idle_resident / 1024.0 / 1024.0);
    vec![
        Bar::at_most(
            "first answer with the demo, ms",
            10.0,
            demo.map(|found| found.ms),
        ),
        Bar::at_most(
            "first answer with 100,000 groups, ms",
            1500.0,
            many.map(|found| found.ms),
        ),
        Bar::at_most("idle with the demo, MiB", 8.0, idle),
    ]
}

fn of_memory(report: &Report) -> Vec<Bar> {
    let of = |growths: &[Growth], is_bare: bool, pick: fn(&Growth) -> f64| {
        let mut growths = growths.iter();
        growths
            .find(|growth| (growth.server == "bare") == is_bare)
            .map(pick)
    };
    let bytes = of(&report.memory, false, |growth| growth.bytes_per_group);
    let flat = report.flat.as_ref().map(|flat| flat.last_over_second);
    let slowest = |is_bare| of(&report.growth, is_bare, |growth| growth.slowest_create_ms);
    // The bare server stores nothing: what it waits for is the machine.
    let disturbed = slowest(true).is_some_and(|ms| ms > 10.0);
    vec![
        Bar::at_most(
            "a group with two members and one guest, bytes",
            700.0,
            bytes,
        ),
        Bar::at_most(
            "memory after a million requests, x after 200,000",
            1.10,
            flat,
        ),
        Bar::at_most(
            "slowest create while a million groups come, ms",
            10.0,
            slowest(false),
        )
        .disturbed(disturbed),
    ]
}
