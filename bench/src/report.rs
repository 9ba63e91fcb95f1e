//! The report as text.

use std::fmt::Write;

use crate::{Report, bars::bars, compare::Row, facts::Growth};

/// All figures of a run.
pub fn text(report: &Report) -> Result<String, std::fmt::Error> {
    let mut text = format!("{}\n\n", report.machine);
    if !report.load.is_empty() {
        text += &table(&report.load)?;
        text += "x: as a multiple of bare, the median of the rounds; log: lines a request;\ncores: how many the server was on; far below one at 32 connections, others had the machine\n\n";
    }
    if !report.peers.is_empty() {
        writeln!(
            text,
            "peers, answering a get by a rule on method, path and two headers; x: as a multiple of bare, as above"
        )?;
        text += &table(&report.peers)?;
        text.push('\n');
    }
    facts(report, &mut text)?;
    writeln!(text, "{:<52} {:>9} {:>9}", "bar", "wanted", "found")?;
    for bar in bars(report) {
        writeln!(
            text,
            "{:<52} {:>9} {:>9}  {}",
            bar.what,
            bar.wanted(),
            bar.found(),
            bar.verdict()
        )?;
    }
    Ok(text)
}

/// Figures of servers under load, each with its multiple of the first's.
pub fn table(rows: &[Row]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(
        text,
        "{:<9} {:>5} {:<12} {:>8} {:>6} {:>8} {:>6} {:>8} {:>6} {:>8} {:>6} {:>8} {:>8} {:>5} {:>5}",
        "",
        "conns",
        "server",
        "req/s",
        "x",
        "cpu us",
        "x",
        "p50 us",
        "x",
        "p99 us",
        "x",
        "MiB was",
        "MiB is",
        "log",
        "cores"
    )?;
    for row in rows {
        let (median, ratio) = (&row.median, &row.ratio);
        writeln!(
            text,
            "{:<9} {:>5} {:<12} {:>8.0} {:>6.2} {:>8.1} {:>6.2} {:>8.0} {:>6.2} {:>8.0} {:>6.2} {:>8.1} {:>8.1} {:>5.2} {:>5.2}",
            row.scenario,
            row.connections,
            row.server,
            median.requests_per_second,
            ratio.requests_per_second,
            median.cpu_us_per_request,
            ratio.cpu_us_per_request,
            median.p50_us,
            ratio.p50_us,
            median.p99_us,
            ratio.p99_us,
            mib(row.resident_before),
            mib(row.resident_after),
            row.log_lines_per_request,
            median.cores,
        )?;
    }
    Ok(text)
}

fn facts(report: &Report, text: &mut String) -> std::fmt::Result {
    for start in &report.starts {
        writeln!(
            text,
            "{} with {}: first answer {:.1} ms after exec (median of {}), then {:.1} MiB idle",
            start.server,
            start.what,
            start.ms,
            start.starts,
            mib(start.idle_resident)
        )?;
    }
    let sizes = report.binary_bytes;
    writeln!(
        text,
        "size of the binary: {:.1} MiB (bare {:.1})",
        mib(sizes.0 as f64),
        mib(sizes.1 as f64)
    )?;
    for Growth {
        server,
        groups,
        bytes_per_group,
        slowest_create_ms,
        p99_us,
    } in report.memory.iter().chain(&report.growth)
    {
        writeln!(
            text,
            "{server}: {groups} creates in one organization: {bytes_per_group:.0} bytes a group, slowest {slowest_create_ms:.1} ms, p99 {p99_us:.0} us"
        )?;
    }
    if let Some(flat) = &report.flat {
        let tenths: Vec<_> = flat
            .resident
            .iter()
            .map(|&bytes| format!("{:.1}", mib(bytes)))
            .collect();
        writeln!(
            text,
            "MiB after each tenth of {} requests: {}",
            flat.requests,
            tenths.join(" ")
        )?;
    }
    writeln!(text)
}

fn mib(bytes: f64) -> f64 {
    bytes / 1024.0 / 1024.0
}
