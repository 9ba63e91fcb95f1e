//! A report as people read it: made of the report, and of nothing else.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use super::report::{Difference, Outcome, Report, SwitchVerdict};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        let outcome = match self.outcome {
            Outcome::Same => "the same",
            Outcome::Different => "different",
            Outcome::CouldNotLook => "could not look",
        };
        writeln!(
            f,
            "{outcome}: {} comparisons with {} in {} requests, {} different; {} things unknown",
            counts.compared, self.host, counts.requests, counts.different, counts.unknown
        )?;
        self.failures(f)?;
        list(f, "different", &self.different)?;
        self.solution(f)?;
        self.unlooked(f)?;
        self.unknowns(f)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        if let Some(issue) = &self.issue {
            write!(
                f,
                "\nwhat no switch explains, as the text of an issue:\n\n{issue}"
            )?;
        }
        Ok(())
    }
}

impl Report {
    fn failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failed.is_empty() {
            return Ok(());
        }
        writeln!(f, "\ncould not be compared")?;
        for it in &self.failed {
            writeln!(
                f,
                "  {} ({}): the host answered {}",
                it.probe, it.request, it.why
            )?;
        }
        Ok(())
    }

    fn solution(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.different.is_empty() {
            return Ok(());
        }
        let best = &self.agrees_under;
        let how = if best.different == 0 {
            "a mock agrees"
        } else {
            "a mock agrees best"
        };
        writeln!(f, "\n{how}")?;
        writeln!(
            f,
            "  by flags    {}",
            format!("tallyfy-mock {}", best.flags).trim_end()
        )?;
        let fixture = serde_json::to_string(&best.fixture).map_err(|_| fmt::Error)?;
        writeln!(f, "  by fixture  {fixture}")?;
        if let Some(other) = best.or_else {
            writeln!(
                f,
                "  (`--edition {other}` agrees as well in what was looked at)"
            )?;
        }
        Ok(())
    }

    fn unlooked(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_need: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for it in &self.switches {
            if it.verdict == SwitchVerdict::NotLookedAt {
                by_need
                    .entry(it.needs.unwrap_or_default())
                    .or_default()
                    .push(it.switch);
            }
        }
        if !by_need.is_empty() {
            writeln!(f, "\nswitches not looked at")?;
        }
        for (need, switches) in by_need {
            writeln!(f, "  {}: needs {need}", switches.join(", "))?;
        }
        let mut by_why: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for it in &self.not_looked_at {
            by_why.entry(&it.why).or_default().push(it.probe);
        }
        if !by_why.is_empty() {
            writeln!(f, "\nprobes not sent")?;
        }
        for (why, probes) in by_why {
            writeln!(f, "  {}: needs {why}", probes.join(", "))?;
        }
        Ok(())
    }

    fn unknowns(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_operation: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for it in &self.unknown {
            let operation = it.operation.unwrap_or(NO_OPERATION);
            by_operation.entry(operation).or_default().push(&it.what);
        }
        if !by_operation.is_empty() {
            writeln!(
                f,
                "\nunknown: seen only as null, in an empty list, or on one side (`--json` has all)"
            )?;
        }
        for (operation, paths) in by_operation {
            let (first, others) = paths.split_at(paths.len().min(SHOWN));
            let others = match others.len() {
                0 => String::new(),
                others => format!(" and {others} more"),
            };
            writeln!(f, "  {operation}: {}{others}", first.join(", "))?;
        }
        Ok(())
    }
}

/// How many unknown things of an operation are named.
const SHOWN: usize = 4;
const NO_OPERATION: &str = "no operation";

fn list(f: &mut fmt::Formatter<'_>, title: &str, differences: &[Difference]) -> fmt::Result {
    if differences.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    for it in differences {
        let operation = it.operation.unwrap_or(NO_OPERATION);
        writeln!(f, "  {operation}  {}", it.what)?;
        writeln!(f, "    host  {}", it.host)?;
        writeln!(f, "    mock  {}", it.mock)?;
        writeln!(f, "    in    {}", it.probes.join("; "))?;
    }
    Ok(())
}

/// The text of an issue about what no switch explains; `None` where there is nothing.
pub(super) fn issue(report: &Report) -> Option<String> {
    if report.unexplained.is_empty() {
        return None;
    }
    let mut text =
        String::from("The API answers differently from the mock, and no switch explains it.\n\n");
    let flags = format!("{} {}", report.mock, report.agrees_under.flags);
    // Writing to a text does not fail.
    let _ = writeln!(
        text,
        "- mock: `{}`\n- host: {}, {}\n\n| operation | what | the API | the mock | seen in |\n|---|---|---|---|---|",
        flags.trim_end(),
        report.host,
        report.at
    );
    for it in &report.unexplained {
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {} | {} |",
            it.operation.unwrap_or(NO_OPERATION),
            it.what,
            it.host,
            it.mock,
            it.probes.join("; ")
        );
    }
    text.push_str("\nNo value that was read is in this text: only statuses, names of headers and fields, and types.\n");
    Some(text)
}
