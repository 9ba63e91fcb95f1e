//! What was promised, and whether this run reached it.

use serde::Serialize;

use crate::Report;

/// One promise.
#[derive(Debug, Serialize)]
pub struct Bar {
    pub what: String,
    pub at_least: Option<f64>,
    pub at_most: Option<f64>,
    /// Nothing where this run did not measure it.
    pub found: Option<f64>,
}

impl Bar {
    /// Whether it is reached; nothing where it was not measured.
    pub fn reached(&self) -> Option<bool> {
        let found = self.found?;
        Some(
            self.at_least.is_none_or(|bound| found >= bound)
                && self.at_most.is_none_or(|bound| found <= bound),
        )
    }
}

/// At how many connections servers are compared.
const CONNECTIONS: usize = 32;

/// All bars, in the order of the promise.
pub fn bars(report: &Report) -> Vec<Bar> {
    let at_least = |what: &str, bound, found| bar(what, Some(bound), None, found);
    let at_most = |what: &str, bound, found| bar(what, None, Some(bound), found);
    let ratio = |server, scenario| {
        let row = report.load.iter().find(|row| {
            (row.server.as_str(), row.scenario, row.connections) == (server, scenario, CONNECTIONS)
        });
        row.map(|row| row.ratio)
    };
    let rate = |server, scenario| ratio(server, scenario).map(|ratio| ratio.requests_per_second);
    let cpu = |server, scenario| ratio(server, scenario).map(|ratio| ratio.cpu_us_per_request);
    let p99 = |scenario| ratio("shipped", scenario).map(|ratio| ratio.p99_us);
    let start = |what: &str| {
        let of_mock = |found: &&crate::facts::FirstAnswer| found.server != "bare";
        let mut starts = report.starts.iter().filter(of_mock);
        starts.find(|found| found.what == what)
    };
    let demo = start("demo");
    let many = report
        .starts
        .iter()
        .find(|found| found.what.ends_with(" groups"));
    let grown = |pick: fn(&crate::facts::Growth) -> f64, of: &[crate::facts::Growth]| {
        of.iter().find(|growth| growth.server != "bare").map(pick)
    };
    let (memory, growth) = (&report.memory, &report.growth);
    vec![
        at_least(
            "shipped: get, requests a second, x bare",
            0.80,
            rate("shipped", "get"),
        ),
        at_most(
            "shipped: get, CPU a request, x bare",
            1.40,
            cpu("shipped", "get"),
        ),
        at_least(
            "shipped: create, requests a second, x bare",
            0.60,
            rate("shipped", "create"),
        ),
        at_least(
            "shipped: list, requests a second, x bare",
            0.60,
            rate("shipped", "list"),
        ),
        at_most("shipped: get, p99, x bare", 1.5, p99("get")),
        at_most("shipped: create, p99, x bare", 1.5, p99("create")),
        at_most("shipped: list, p99, x bare", 1.5, p99("list")),
        at_least(
            "quiet: get, requests a second, x bare",
            0.92,
            rate("quiet", "get"),
        ),
        at_most(
            "quiet: get, CPU a request, x bare",
            1.12,
            cpu("quiet", "get"),
        ),
        at_most(
            "first answer with the demo, ms",
            10.0,
            demo.map(|found| found.ms),
        ),
        at_most(
            "first answer with 100,000 groups, ms",
            1500.0,
            many.map(|found| found.ms),
        ),
        at_most(
            "idle with the demo, MiB",
            8.0,
            demo.map(|found| found.idle_resident / 1024.0 / 1024.0),
        ),
        at_most(
            "a group with two members and one guest, bytes",
            700.0,
            grown(|growth| growth.bytes_per_group, memory),
        ),
        at_most(
            "memory after a million requests, x after 200,000",
            1.10,
            report.flat.as_ref().map(|flat| flat.last_over_second),
        ),
        at_most(
            "slowest create while a million groups come, ms",
            10.0,
            grown(|growth| growth.slowest_create_ms, growth),
        ),
    ]
}

fn bar(what: &str, at_least: Option<f64>, at_most: Option<f64>, found: Option<f64>) -> Bar {
    Bar {
        what: what.to_owned(),
        at_least,
        at_most,
        found,
    }
}
