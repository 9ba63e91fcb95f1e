//! The figures that `docs/figures.md` shows, as Markdown.

use std::fmt::Write;

use crate::{
    Report,
    bars::{CONNECTIONS, bars},
    compare::Row,
};

/// The figures of a run, ratios first.
pub fn markdown(report: &Report) -> Result<String, std::fmt::Error> {
    let mut text = format!("{}:\n\n", report.machine);
    loads(report, &mut text)?;
    peers(report, &mut text)?;
    writeln!(text, "| bar | wanted | found | |\n|---|---|---|---|")?;
    for bar in bars(report) {
        let verdict = bar.verdict().to_lowercase();
        writeln!(
            text,
            "| {} | {} | {} | {verdict} |",
            bar.what,
            bar.wanted(),
            bar.found()
        )?;
    }
    Ok(text)
}

/// The mock as a multiple of the bare server; absolute figures come last.
fn loads(report: &Report, text: &mut String) -> std::fmt::Result {
    let rows = |is_bare: bool| {
        let at =
            move |row: &&Row| row.connections == CONNECTIONS && (row.server == "bare") == is_bare;
        report.load.iter().filter(at)
    };
    if rows(true).next().is_none() {
        return Ok(());
    }
    writeln!(
        text,
        "| {CONNECTIONS} connections | requests a second, x bare | CPU a request, x bare | p99, x bare | requests a second (bare) | CPU µs a request (bare) |\n|---|---|---|---|---|---|"
    )?;
    for row in rows(false) {
        let Some(bare) = rows(true).find(|bare| bare.scenario == row.scenario) else {
            continue;
        };
        let (median, bare, ratio) = (&row.median, &bare.median, &row.ratio);
        writeln!(
            text,
            "| {}, {} | {:.2} | {:.2} | {:.2} | {:.0} ({:.0}) | {:.1} ({:.1}) |",
            row.scenario,
            row.server,
            ratio.requests_per_second,
            ratio.cpu_us_per_request,
            ratio.p99_us,
            median.requests_per_second,
            bare.requests_per_second,
            median.cpu_us_per_request,
            bare.cpu_us_per_request
        )?;
    }
    writeln!(text)
}

/// Each peer and, in the same turns, the mock as shipped: `ahead` where the mock is.
fn peers(report: &Report, text: &mut String) -> std::fmt::Result {
    if report.peers.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "| a get, others by a rule (the mock beside it) | connections | requests a second, x bare | CPU a request, x bare | p99, x bare |\n|---|---|---|---|---|"
    )?;
    for pair in report.peers.chunks_exact(2) {
        let [mock, peer] = [&pair[0].ratio, &pair[1].ratio];
        writeln!(
            text,
            "| {} | {} | {:.3} ({:.3}{}) | {:.2} ({:.2}{}) | {:.2} ({:.2}{}) |",
            pair[1].server,
            pair[1].connections,
            peer.requests_per_second,
            mock.requests_per_second,
            ahead(mock.requests_per_second > peer.requests_per_second),
            peer.cpu_us_per_request,
            mock.cpu_us_per_request,
            ahead(mock.cpu_us_per_request < peer.cpu_us_per_request),
            peer.p99_us,
            mock.p99_us,
            ahead(mock.p99_us < peer.p99_us)
        )?;
    }
    writeln!(text)
}

fn ahead(is_ahead: bool) -> &'static str {
    if is_ahead { ", ahead" } else { ", **behind**" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The run whose figures the page shows: `bench/results.json` after it.
    const RUN: &str = include_str!("../figures.json");
    const PAGE: &str = include_str!("../../docs/figures.md");

    #[test]
    fn the_page_shows_what_a_run_printed() {
        let run: serde_json::Value = serde_json::from_str(RUN).unwrap();
        let report: Report = serde_json::from_value(run["report"].clone()).unwrap();
        let figures = markdown(&report).unwrap();
        assert!(
            PAGE.contains(&figures),
            "docs/figures.md is to say\n{figures}"
        );
    }
}
