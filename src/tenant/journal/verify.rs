//! Verification: compares the journal with what a test expects.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde_json::{Map, Value};

use super::{entry::Entry, find::Found};
use crate::{
    domain::{id::OrgId, operation::Operation},
    json::{Path, Problems, expected, is_same_number, note, object, optional, text},
};

/// What a request has to match; a part that is `None` matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expectation {
    /// The operation.
    pub operation: Option<Operation>,
    /// The method.
    pub method: Option<String>,
    /// The whole path.
    pub path: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// A part of the body: an object may have more fields, a list has to have this length.
    pub body: Option<Value>,
    /// Headers and their values; names in lower case.
    pub headers: BTreeMap<String, String>,
}

/// How often an expectation has to be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The lower bound.
    pub at_least: usize,
    /// The upper bound.
    pub at_most: usize,
}

impl Times {
    /// Exactly this often.
    pub fn exactly(times: usize) -> Self {
        Self {
            at_least: times,
            at_most: times,
        }
    }
}

/// One expectation with its bounds, or a sequence of them that has to be met in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectations {
    org: Option<OrgId>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    One(Expectation, Times),
    /// Other requests may lie between them.
    Sequence(Vec<Expectation>),
}

/// An unmet expectation.
#[derive(Debug, Clone)]
pub struct Unmet {
    /// The number of requests that met it; of a sequence, the number of its expectations that were met.
    pub count: usize,
    /// What was expected and what differs, in a sentence.
    pub detail: String,
    /// The requests that come nearest, the nearest first.
    pub nearest: Vec<Entry>,
}

const KEYS: &[&str] = &[
    "operation",
    "org",
    "method",
    "path",
    "status",
    "body",
    "headers",
];

impl Expectations {
    /// One expectation with its bounds, in one organization or in all.
    pub fn one(org: Option<OrgId>, expectation: Expectation, times: Times) -> Self {
        Self {
            org,
            kind: Kind::One(expectation, times),
        }
    }

    /// Parses `{"operation":…,"times":{"exactly":1}}` or `{"sequence":[…]}`, for one organization or for all. The error lists every
    /// mistake with its path.
    pub fn parse(json: &Value, org: Option<OrgId>) -> Result<Self, Vec<(String, String)>> {
        let mut problems = Problems::new();
        let root = Path::Root;
        let mut org = org;
        let kind = if json.get("sequence").is_some() {
            let at = root.key("sequence");
            let mut steps = Vec::new();
            if let Some(fields) = object(json, &root, &["sequence", "org"], &mut problems) {
                read_org(fields, &root, &mut org, &mut problems);
                match &fields["sequence"] {
                    Value::Array(items) if !items.is_empty() => {
                        for (i, item) in items.iter().enumerate() {
                            steps.extend(expectation(
                                item,
                                &at.index(i),
                                KEYS,
                                &mut org,
                                &mut problems,
                            ));
                        }
                    }
                    other => expected(
                        &mut problems,
                        &at,
                        "a list of at least one expectation",
                        other,
                    ),
                }
            }
            Kind::Sequence(steps)
        } else {
            let known = [KEYS, &["times"]].concat();
            let expectation =
                expectation(json, &root, &known, &mut org, &mut problems).unwrap_or_default();
            let times = json
                .get("times")
                .map(|value| times(value, &root.key("times"), &mut problems));
            Kind::One(
                expectation,
                times.unwrap_or(Times {
                    at_least: 1,
                    at_most: usize::MAX,
                }),
            )
        };
        if problems.is_empty() {
            Ok(Self { org, kind })
        } else {
            Err(problems)
        }
    }

    /// The organization whose journal is searched.
    pub(in crate::tenant) fn org(&self) -> Option<&OrgId> {
        self.org.as_ref()
    }

    /// What they are about: the operations that they name, or those of the requests that meet them.
    pub(in crate::tenant) fn operations(&self, found: &Found) -> BTreeSet<Operation> {
        let expectations = match &self.kind {
            Kind::One(expectation, _) => std::slice::from_ref(expectation),
            Kind::Sequence(steps) => steps.as_slice(),
        };
        let mut operations = BTreeSet::new();
        for expectation in expectations {
            if let Some(operation) = expectation.operation {
                operations.insert(operation);
            } else {
                let met = found
                    .entries()
                    .filter(|it| expectation.differences(it).is_empty());
                operations.extend(met.filter_map(|entry| entry.operation()));
            }
        }
        operations
    }

    pub(in crate::tenant) fn check(&self, found: &Found) -> Result<usize, Unmet> {
        match &self.kind {
            Kind::One(expectation, times) => one(expectation, *times, found),
            Kind::Sequence(steps) => sequence(steps, found),
        }
    }
}

fn one(expectation: &Expectation, times: Times, found: &Found) -> Result<usize, Unmet> {
    let seen = Seen::of(expectation, found);
    let (count, under_way) = (seen.meeting, seen.under_way);
    let could_be_more = times.at_most < usize::MAX && (found.dropped() > 0 || under_way > 0);
    if (times.at_least..=times.at_most).contains(&count) && !could_be_more {
        return Ok(count);
    }
    let wanted = match times {
        Times { at_least, at_most } if at_least == at_most => format!("exactly {}", many(at_least)),
        Times {
            at_least,
            at_most: usize::MAX,
        } => format!("at least {}", many(at_least)),
        Times {
            at_least: 0,
            at_most,
        } => format!("at most {}", many(at_most)),
        Times { at_least, at_most } => format!("{at_least} to {}", many(at_most)),
    };
    let mut detail = format!(
        "expected {wanted} for {}, found {count}",
        expectation.words()
    );
    if count < times.at_least {
        tell_nearest(&mut detail, expectation, &seen);
    }
    let nearest = if count > times.at_most {
        seen.nearest_of_all()
    } else {
        seen.differing
    };
    if count <= times.at_most {
        tell_under_way(&mut detail, under_way);
        tell_dropped(&mut detail, found.dropped());
    }
    Err(Unmet {
        count,
        detail,
        nearest,
    })
}

fn sequence(steps: &[Expectation], found: &Found) -> Result<usize, Unmet> {
    let mut rest = found.entries();
    for (met, step) in steps.iter().enumerate() {
        if rest.any(|entry| step.differences(&entry).is_empty()) {
            continue;
        }
        let mut detail = format!(
            "expected, as number {} of {} in this order, {}; it did not come",
            met + 1,
            steps.len(),
            step.words()
        );
        if met > 0 {
            detail.push_str(" after those before it");
        }
        let seen = Seen::of(step, found);
        tell_nearest(&mut detail, step, &seen);
        tell_under_way(&mut detail, seen.under_way);
        tell_dropped(&mut detail, found.dropped());
        return Err(Unmet {
            count: met,
            detail,
            nearest: seen.differing,
        });
    }
    Ok(steps.len())
}

/// What was asked, seen with an expectation in mind.
struct Seen {
    /// How many requests meet it.
    meeting: usize,
    /// How many are under way that could still meet it, and do not meet it yet.
    under_way: usize,
    /// The requests that differ, the nearest first.
    differing: Vec<Entry>,
    /// The newest of those that do not, the newest first.
    newest_meeting: Vec<Entry>,
}

/// How many requests are shown that come nearest.
const SHOWN: usize = 3;

impl Seen {
    fn of(expectation: &Expectation, found: &Found) -> Self {
        let mut seen = Self {
            meeting: 0,
            under_way: 0,
            differing: Vec::new(),
            newest_meeting: Vec::new(),
        };
        let mut distances = Vec::new();
        for entry in found.entries() {
            let differences = expectation.differences(&entry).len();
            if differences == 0 {
                seen.meeting += 1;
                seen.newest_meeting.insert(0, entry);
                seen.newest_meeting.truncate(SHOWN);
                continue;
            }
            if entry.is_under_way() && expectation.may_be_met(&entry) {
                seen.under_way += 1;
            }
            // Another operation is further away than any difference in what was sent; among equals the newest
            // comes first.
            let distance = (
                !expectation.asks_for(&entry),
                differences,
                Reverse(entry.id()),
            );
            let place = distances.partition_point(|nearer| *nearer < distance);
            if place < SHOWN {
                distances.insert(place, distance);
                distances.truncate(SHOWN);
                seen.differing.insert(place, entry);
                seen.differing.truncate(SHOWN);
            }
        }
        seen
    }

    /// The nearest, those that do not differ at all included.
    fn nearest_of_all(mut self) -> Vec<Entry> {
        self.newest_meeting.append(&mut self.differing);
        self.newest_meeting.truncate(SHOWN);
        self.newest_meeting
    }
}

fn many(times: usize) -> String {
    if times == 1 {
        "1 request".to_owned()
    } else {
        format!("{times} requests")
    }
}

fn tell_nearest(detail: &mut String, expectation: &Expectation, seen: &Seen) {
    // Writing to a text does not fail.
    let _ = match seen.differing.first() {
        None if seen.meeting > 0 => write!(detail, "; nothing else was asked"),
        None => write!(detail, "; nothing was asked"),
        Some(entry) => {
            let differences = expectation.differences(entry).join("; ");
            write!(
                detail,
                "; nearest is request {}, `{} {}`: {differences}",
                entry.id(),
                entry.method(),
                entry.path()
            )
        }
    };
}

/// What is not answered yet may become what is missing, or one too many.
fn tell_under_way(detail: &mut String, under_way: usize) {
    let requests = match under_way {
        0 => return,
        1 => "1 request is".to_owned(),
        several => format!("{several} requests are"),
    };
    // Writing to a `String` cannot fail.
    let _ = write!(
        detail,
        "; but {requests} still under way, which may become one more"
    );
}

/// A note on evicted entries, among which may be what is missing, or one too many.
fn tell_dropped(detail: &mut String, dropped: u64) {
    let older = match dropped {
        0 => return,
        1 => "1 older request is".to_owned(),
        several => format!("{several} older requests are"),
    };
    // Writing to a `String` cannot fail.
    let _ = write!(
        detail,
        "; but {older} no longer in the journal, which may have been one more"
    );
}

impl Expectation {
    /// The expectation in words.
    fn words(&self) -> String {
        let mut words = Vec::new();
        words.extend(
            self.operation
                .map(|operation| format!("`{}`", operation.name())),
        );
        words.extend(
            self.method
                .as_ref()
                .map(|method| format!("the method {method}")),
        );
        words.extend(self.path.as_ref().map(|path| format!("the path `{path}`")));
        words.extend(self.status.map(|status| format!("the status {status}")));
        words.extend(self.body.as_ref().map(|body| format!("the body {body}")));
        words.extend(
            self.headers
                .iter()
                .map(|(name, value)| format!("the header `{name}: {value}`")),
        );
        if words.is_empty() {
            "any request".to_owned()
        } else {
            words.join(", ")
        }
    }

    /// Whether a request is for the expected operation, method and path, whatever it sends with it.
    fn asks_for(&self, entry: &Entry) -> bool {
        self.operation
            .is_none_or(|operation| entry.operation() == Some(operation))
            && self
                .method
                .as_ref()
                .is_none_or(|method| entry.method().eq_ignore_ascii_case(method))
            && self.path.as_ref().is_none_or(|path| entry.path() == path)
    }

    /// Whether a request under way can still meet the expectation: its status is not known yet, nor its body if that has not
    /// come.
    fn may_be_met(&self, entry: &Entry) -> bool {
        let known = Self {
            status: None,
            body: None,
            ..self.clone()
        };
        known.differences(entry).is_empty()
    }

    /// How a request differs from the expectation.
    fn differences(&self, entry: &Entry) -> Vec<String> {
        let mut found = Vec::new();
        if self
            .operation
            .is_some_and(|operation| entry.operation() != Some(operation))
        {
            let is = entry.operation().map_or("none", Operation::name);
            found.push(format!("operation is `{is}`"));
        }
        if self
            .method
            .as_ref()
            .is_some_and(|method| !entry.method().eq_ignore_ascii_case(method))
        {
            found.push(format!("method is {}", entry.method()));
        }
        if self.path.as_ref().is_some_and(|path| entry.path() != path) {
            found.push(format!("path is `{}`", entry.path()));
        }
        if let Some(status) = self.status.filter(|status| entry.status() != Some(*status)) {
            let is = entry
                .status()
                .map_or("none".to_owned(), |status| status.to_string());
            found.push(format!("status is {is}, not {status}"));
        }
        if let Some(wanted) = &self.body {
            compare(wanted, &entry.body(), "body", &mut found);
        }
        if !self.headers.is_empty() {
            let headers = entry.headers();
            for (name, wanted) in &self.headers {
                match headers.get(name.as_str()) {
                    Some(is) if is == wanted => {}
                    Some(is) => found.push(format!("header {name} is `{is}`, not `{wanted}`")),
                    None => found.push(format!("header {name} is missing")),
                }
            }
        }
        found
    }
}

/// Whether a JSON value contains another; notes where it does not.
fn compare(wanted: &Value, is: &Value, at: &str, found: &mut Vec<String>) {
    match (wanted, is) {
        (Value::Object(wanted), Value::Object(is)) => {
            for (key, value) in wanted {
                match is.get(key) {
                    Some(is) => compare(value, is, &format!("{at}.{key}"), found),
                    None => found.push(format!("{at}.{key} is missing")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(is)) if wanted.len() == is.len() => {
            for (i, (wanted, is)) in wanted.iter().zip(is).enumerate() {
                compare(wanted, is, &format!("{at}[{i}]"), found);
            }
        }
        (Value::Number(wanted), Value::Number(is)) if is_same_number(wanted, is) => {}
        _ if wanted == is => {}
        _ => found.push(format!("{at} is {is}, not {wanted}")),
    }
}

fn expectation(
    value: &Value,
    at: &Path<'_>,
    known: &[&str],
    org: &mut Option<OrgId>,
    problems: &mut Problems,
) -> Option<Expectation> {
    let fields = object(value, at, known, problems)?;
    read_org(fields, at, org, problems);
    let operation = text(fields, "operation", at, problems).and_then(|name| {
        Operation::parse(&name)
            .map_err(|message| note(problems, &at.key("operation"), message))
            .ok()
    });
    let status = optional(fields, "status").and_then(|value| {
        let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
        if status.is_none() {
            expected(problems, &at.key("status"), "a status", value);
        }
        status
    });
    let mut headers = BTreeMap::new();
    if let Some(value) = optional(fields, "headers") {
        let at = at.key("headers");
        match value {
            Value::Object(wanted) => {
                for (name, value) in wanted {
                    match value.as_str() {
                        Some(value) => {
                            drop(headers.insert(name.to_ascii_lowercase(), value.to_owned()));
                        }
                        None => expected(problems, &at.key(name), "a string", value),
                    }
                }
            }
            other => expected(
                problems,
                &at,
                "an object of headers and their values",
                other,
            ),
        }
    }
    let expectation = Expectation {
        operation,
        method: text(fields, "method", at, problems).map(String::from),
        path: text(fields, "path", at, problems).map(String::from),
        status,
        body: fields.get("body").cloned(),
        headers,
    };
    if !fields.keys().any(|key| KEYS.contains(&key.as_str())) && problems.is_empty() {
        note(problems, at, "says nothing of what is expected");
    }
    Some(expectation)
}

fn read_org(
    fields: &Map<String, Value>,
    at: &Path<'_>,
    org: &mut Option<OrgId>,
    problems: &mut Problems,
) {
    let Some(name) = text(fields, "org", at, problems) else {
        return;
    };
    match OrgId::parse(&name) {
        None => note(
            problems,
            &at.key("org"),
            "expected 1 to 255 letters, digits, `-` or `_`",
        ),
        Some(id) if org.as_ref().is_some_and(|asked| *asked != id) => {
            note(
                problems,
                &at.key("org"),
                "is another organization than the one that is asked about",
            );
        }
        Some(id) => *org = Some(id),
    }
}

fn times(value: &Value, at: &Path<'_>, problems: &mut Problems) -> Times {
    let mut times = Times {
        at_least: 0,
        at_most: usize::MAX,
    };
    let Some(fields) = object(value, at, &["exactly", "at_least", "at_most"], problems) else {
        return times;
    };
    let before = problems.len();
    let mut number = |key: &str| {
        let value = optional(fields, key)?;
        let number = value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok());
        if number.is_none() {
            expected(problems, &at.key(key), "a whole number", value);
        }
        number
    };
    let (exactly, at_least, at_most) = (number("exactly"), number("at_least"), number("at_most"));
    times = match (exactly, at_least, at_most) {
        (Some(exactly), None, None) => Times::exactly(exactly),
        (None, at_least, at_most) if at_least.or(at_most).is_some() => Times {
            at_least: at_least.unwrap_or(0),
            at_most: at_most.unwrap_or(usize::MAX),
        },
        _ => {
            if problems.len() == before {
                note(
                    problems,
                    at,
                    "expected `exactly`, or `at_least`, `at_most` or both",
                );
            }
            times
        }
    };
    times
}
