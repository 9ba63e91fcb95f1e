//! A report of drift: the product, as JSON. The text that people read is made of it, and so is what a mock tells of it.
//!
//! It has no value that was read: statuses, names of headers and fields, types, and words of fixed lists.

use std::collections::BTreeMap;

use serde::Serialize;

use super::compare::Verdict;

/// What a run of drift found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What this is: `drift`.
    pub report: &'static str,
    /// The version of this form.
    pub version: u32,
    /// The mock that was compared.
    pub mock: &'static str,
    /// When, in UTC.
    pub at: String,
    /// Host and port.
    pub host: String,
    /// What all of it came to.
    pub outcome: Outcome,
    /// How much was compared.
    pub counts: Counts,
    /// The contract that the host was compared with.
    pub asked_under: Contracted,
    /// The contract under which the mock agrees best.
    pub agrees_under: Contracted,
    /// What is told of each switch.
    pub switches: Vec<OfSwitch>,
    /// What is told of each operation, under `agrees_under`.
    pub operations: Vec<OfOperation>,
    /// What differs under `asked_under`.
    pub different: Vec<Difference>,
    /// What no switch explains: what differs under `agrees_under`.
    pub unexplained: Vec<Difference>,
    /// What was seen only through null or an empty list.
    pub unknown: Vec<Unknown>,
    /// Probes that were not sent, and what it would take.
    pub not_looked_at: Vec<NotLookedAt>,
    /// Probes whose answer could not be compared.
    pub failed: Vec<NotLookedAt>,
    /// What decides nothing: keys in another order, rows that a mock cannot store as they are.
    pub notes: Vec<String>,
    /// The text of an issue about what no switch explains.
    pub issue: Option<String>,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing that was compared differs.
    Same,
    /// Something differs.
    Different,
    /// Something could not be looked at, or nothing was compared.
    CouldNotLook,
}

/// How much was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests to the host, those that read its rows among them.
    pub requests: u32,
    /// Comparisons: those of `same` and `different`.
    pub compared: usize,
    /// Of these, the same.
    pub same: usize,
    /// Of these, different.
    pub different: usize,
    /// Things that are unknown.
    pub unknown: usize,
}

/// A contract, and how a mock is told of it.
#[derive(Debug, Clone, Serialize)]
pub struct Contracted {
    /// Its edition.
    pub edition: &'static str,
    /// The switches that differ from the edition.
    pub set: BTreeMap<&'static str, &'static str>,
    /// The flags of a mock that serves it.
    pub flags: String,
    /// What a fixture says for it.
    pub fixture: BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>,
    /// What differs under it.
    pub different: usize,
    /// Flags that agree as well, where nothing tells them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub or_else: Option<&'static str>,
}

/// What is told of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfSwitch {
    /// The switch.
    pub switch: &'static str,
    /// What it was compared with.
    pub asked_under: &'static str,
    /// What the host does: one of its values; null where it does something else, or was not looked at.
    pub host: Option<&'static str>,
    /// Whether that is the same.
    pub verdict: SwitchVerdict,
    /// What it would take to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<&'static str>,
}

/// What is told of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchVerdict {
    /// The host does what it was compared with.
    Same,
    /// It does something else.
    Different,
    /// Nothing tells.
    NotLookedAt,
}

/// What is told of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfOperation {
    /// The operation.
    pub operation: &'static str,
    /// `same` where nothing that was compared differs.
    pub verdict: Verdict,
    /// How many comparisons there were.
    pub compared: usize,
    /// The switches that its answers tell of, and the values under which this holds.
    pub under: BTreeMap<&'static str, &'static str>,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The operation, if it is one.
    pub operation: Option<&'static str>,
    /// What: a status, a header, or the path of a field.
    pub what: String,
    /// What the host does.
    pub host: String,
    /// What the mock does.
    pub mock: String,
    /// The probes that show it.
    pub probes: Vec<&'static str>,
}

/// Something that was seen only through null or an empty list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The operation, if it is one.
    pub operation: Option<&'static str>,
    /// What: the path of a field.
    pub what: String,
    /// As what the host has it.
    pub host: String,
    /// As what the mock has it.
    pub mock: String,
}

/// A probe without an answer that could be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotLookedAt {
    /// The probe.
    pub probe: &'static str,
    /// What it sends.
    pub request: String,
    /// What it would take, or what happened.
    pub why: String,
}
