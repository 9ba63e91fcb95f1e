//! The file of `--drift-report`: what a run of `tallyfy-mock drift` found to agree.

use std::{collections::BTreeMap, fs, path::Path};

use chrono::DateTime;
use serde::Deserialize;

use crate::domain::{agreement::Agreement, contract::Switch, operation::Operation};

/// What one file tells.
#[derive(Debug, Clone)]
pub(super) struct DriftReport(pub(super) Vec<Agreement>);

/// What is read of a report; it says more.
#[derive(Deserialize)]
struct Read {
    report: String,
    version: u32,
    at: String,
    host: String,
    operations: Vec<OfOperation>,
}

#[derive(Deserialize)]
struct OfOperation {
    operation: String,
    verdict: String,
    compared: usize,
    under: BTreeMap<String, String>,
}

/// A report of drift that is larger is none.
const LARGEST: u64 = 16 * 1024 * 1024;

/// The file at that path; the error says what is wrong with it, and what is expected.
pub(super) fn drift_report(path: &str) -> Result<DriftReport, String> {
    const EXPECTED: &str = "expected a file that `tallyfy-mock drift --json FILE` wrote";
    let text =
        read(Path::new(path)).map_err(|error| format!("cannot be read ({error}); {EXPECTED}"))?;
    let not_one = |why: String| format!("is no report of drift ({why}); {EXPECTED}");
    let read: Read = serde_json::from_slice(&text).map_err(|error| not_one(error.to_string()))?;
    if read.report != "drift" || read.version != 1 {
        return Err(not_one("another kind, or another version".to_owned()));
    }
    let at = DateTime::parse_from_rfc3339(&read.at).map_err(|error| not_one(error.to_string()))?;
    let at = at.to_utc().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    // An operation that a later mock has and this one has not is left alone.
    let known = read
        .operations
        .iter()
        .filter_map(|it| Some((Operation::parse(&it.operation).ok()?, it)));
    let agreed = known.filter(|(_, it)| it.verdict == "same" && it.compared > 0);
    let agreed = agreed.map(|(operation, it)| {
        let under = it.under.iter().map(|(key, value)| Switch::new(key, value));
        Ok(Agreement {
            operation,
            at: at.clone(),
            host: read.host.clone(),
            under: under
                .collect::<Result<_, _>>()
                .map_err(|error| not_one(error.to_string()))?,
        })
    });
    Ok(DriftReport(agreed.collect::<Result<_, String>>()?))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    if meta.len() > LARGEST {
        return Err(std::io::Error::other("it is longer than 16 MiB"));
    }
    fs::read(path)
}
