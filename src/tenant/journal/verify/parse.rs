//! Expectations as JSON has them; every mistake is told with its path.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Expectation, Expectations, Kind, Times};
use crate::{
    domain::{id::OrgId, operation::Operation},
    json::{Path, Problems, expected, note, object, optional, text},
};

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
