//! A rule from JSON, with every mistake and where it is.

use std::num::NonZeroU64;

use serde_json::{Map, Value};

use super::{
    Effect, Fault, Write,
    glob::Glob,
    rule::{Delay, LONGEST_DELAY_MS, Match, Rule, Step, Times},
};
use crate::{
    domain::{id::OrgId, operation::Operation},
    json::{Path, Problems, expected, note, object, optional, text},
};

/// The longest id of a rule, in bytes.
const LONGEST_ID: usize = 255;

impl Rule {
    /// Reads the rule `id`; with an organization, it is that one's. The error lists every mistake with its path.
    pub fn parse(
        id: &str,
        org: Option<OrgId>,
        json: &Value,
    ) -> Result<Self, Vec<(String, String)>> {
        let mut problems = Problems::new();
        let root = Path::Root;
        if id.is_empty() || id.len() > LONGEST_ID {
            note(
                &mut problems,
                &root,
                format!("a rule's id has 1 to {LONGEST_ID} bytes"),
            );
        }
        let mut rule = Self {
            id: id.into(),
            only: Match::default(),
            skip: 0,
            probability: None,
            steps: Vec::new(),
        };
        if let Some(fields) = object(
            json,
            &root,
            &["match", "skip", "steps", "probability"],
            &mut problems,
        ) {
            rule.only = read_match(fields, org, &root.key("match"), &mut problems);
            rule.skip = whole(fields, "skip", u64::MAX, &root, &mut problems).unwrap_or(0);
            rule.probability = probability(fields, &root, &mut problems);
            rule.steps = steps(fields, &root.key("steps"), &mut problems);
        }
        if problems.is_empty() {
            Ok(rule)
        } else {
            Err(problems)
        }
    }
}

fn read_match(
    fields: &Map<String, Value>,
    org: Option<OrgId>,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Match {
    let mut only = Match {
        org,
        ..Match::default()
    };
    let Some(value) = optional(fields, "match") else {
        return only;
    };
    let known = &["operation", "method", "path", "org", "token"];
    let Some(fields) = object(value, at, known, problems) else {
        return only;
    };
    if let Some(name) = text(fields, "operation", at, problems) {
        match Operation::parse(&name) {
            Ok(operation) => only.operation = Some(operation),
            Err(message) => note(problems, &at.key("operation"), message),
        }
        for other in ["method", "path"]
            .iter()
            .filter(|key| optional(fields, key).is_some())
        {
            note(
                problems,
                &at.key(other),
                "goes without `operation`, which says it already",
            );
        }
    }
    only.method = text(fields, "method", at, problems);
    only.path = text(fields, "path", at, problems).map(|glob| Glob::new(&glob));
    only.token = text(fields, "token", at, problems);
    if let Some(name) = text(fields, "org", at, problems) {
        match (OrgId::parse(&name), &only.org) {
            (None, _) => note(
                problems,
                &at.key("org"),
                "expected 1 to 255 letters, digits, `-` or `_`",
            ),
            (Some(id), Some(asked)) if id != *asked => {
                note(
                    problems,
                    &at.key("org"),
                    format!("is not `{asked}`, which the query names"),
                );
            }
            (Some(id), _) => only.org = Some(id),
        }
    }
    only
}

fn probability(fields: &Map<String, Value>, at: &Path<'_>, problems: &mut Problems) -> Option<f64> {
    let value = optional(fields, "probability")?;
    let probability = value.as_f64().filter(|number| (0.0..=1.0).contains(number));
    if probability.is_none() {
        expected(
            problems,
            &at.key("probability"),
            "a number from 0 to 1",
            value,
        );
    }
    probability
}

fn steps(fields: &Map<String, Value>, at: &Path<'_>, problems: &mut Problems) -> Vec<Step> {
    match fields.get("steps") {
        Some(Value::Array(steps)) if !steps.is_empty() => {
            let steps = steps.iter().enumerate();
            steps
                .filter_map(|(i, value)| step(value, &at.index(i), problems))
                .collect()
        }
        Some(other) => {
            expected(problems, at, "a list of at least one step", other);
            Vec::new()
        }
        None => {
            note(
                problems,
                at,
                "is missing; expected a list of at least one step",
            );
            Vec::new()
        }
    }
}

fn step(value: &Value, at: &Path<'_>, problems: &mut Problems) -> Option<Step> {
    let known = &[
        "times",
        "status",
        "body",
        "retry_after",
        "write",
        "fault",
        "chunk_ms",
        "delay",
    ];
    let fields = object(value, at, known, problems)?;
    let times = match optional(fields, "times") {
        None => Times::Count(NonZeroU64::MIN),
        Some(Value::String(always)) if always == "always" => Times::Always,
        Some(value) => {
            if let Some(times) = value.as_u64().and_then(NonZeroU64::new) {
                Times::Count(times)
            } else {
                expected(
                    problems,
                    &at.key("times"),
                    "a whole number of at least 1, or \"always\"",
                    value,
                );
                Times::Always
            }
        }
    };
    let write = match text(fields, "write", at, problems).as_deref() {
        None | Some("before") => Write::Before,
        Some("after") => Write::After,
        Some(_) => {
            expected(
                problems,
                &at.key("write"),
                "\"before\" or \"after\"",
                &fields["write"],
            );
            Write::Before
        }
    };
    let effect = effect(fields, at, problems);
    let delay =
        optional(fields, "delay").and_then(|value| delay(value, &at.key("delay"), problems));
    if !["status", "fault", "delay"]
        .iter()
        .any(|key| fields.contains_key(*key))
    {
        note(
            problems,
            at,
            "a step has a `status`, a `fault` or a `delay`",
        );
    }
    Some(Step {
        times,
        effect,
        write,
        delay,
    })
}

fn effect(fields: &Map<String, Value>, at: &Path<'_>, problems: &mut Problems) -> Option<Effect> {
    let status = optional(fields, "status");
    let fault = text(fields, "fault", at, problems);
    let chunk_ms = whole(fields, "chunk_ms", LONGEST_DELAY_MS, at, problems);
    let retry_after = whole(fields, "retry_after", u64::from(u32::MAX), at, problems);
    if status.is_some() && fault.is_some() {
        note(problems, at, "`status` and `fault` exclude each other");
    }
    if status.is_none() {
        for key in ["body", "retry_after"]
            .iter()
            .filter(|key| fields.contains_key(**key))
        {
            note(problems, &at.key(key), "goes with `status` only");
        }
    }
    if fields.contains_key("chunk_ms") && fault.as_deref() != Some("slow_body") {
        note(
            problems,
            &at.key("chunk_ms"),
            "goes with the fault `slow_body` only",
        );
    }
    if let Some(value) = status {
        let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
        let Some(status) = status.filter(|status| (200..600).contains(status)) else {
            expected(
                problems,
                &at.key("status"),
                "a status from 200 to 599",
                value,
            );
            return None;
        };
        return Some(Effect::Status {
            status,
            body: fields.get("body").cloned(),
            retry_after,
        });
    }
    let fault = match &*fault? {
        "connection_reset" => Fault::ConnectionReset,
        "empty_response" => Fault::EmptyResponse,
        "malformed_response" => Fault::MalformedResponse,
        "random_data_then_close" => Fault::RandomDataThenClose,
        "truncated_body" => Fault::TruncatedBody,
        "slow_body" => Fault::SlowBody {
            chunk_ms: chunk_ms.unwrap_or(100),
        },
        other => {
            let message = format!(
                "there is no fault `{other}`; there are {}",
                Fault::NAMES.join(", ")
            );
            note(problems, &at.key("fault"), message);
            return None;
        }
    };
    Some(Effect::Fault(fault))
}

fn delay(value: &Value, at: &Path<'_>, problems: &mut Problems) -> Option<Delay> {
    let fields = object(
        value,
        at,
        &["fixed_ms", "uniform_ms", "lognormal_ms"],
        problems,
    )?;
    if fields.len() != 1 {
        note(
            problems,
            at,
            "expected one of `fixed_ms`, `uniform_ms`, `lognormal_ms`",
        );
        return None;
    }
    if let Some(value) = optional(fields, "uniform_ms") {
        let bounds: Option<Vec<u64>> = value
            .as_array()
            .map(|bounds| bounds.iter().filter_map(Value::as_u64).collect());
        if let Some([low_ms, high_ms]) = bounds.as_deref()
            && low_ms <= high_ms
            && *high_ms <= LONGEST_DELAY_MS
        {
            return Some(Delay::Uniform {
                low_ms: *low_ms,
                high_ms: *high_ms,
            });
        }
        expected(
            problems,
            &at.key("uniform_ms"),
            "two whole numbers of milliseconds, the smaller first, an hour at most",
            value,
        );
        return None;
    }
    if let Some(value) = optional(fields, "lognormal_ms") {
        let at = at.key("lognormal_ms");
        let fields = object(value, &at, &["median", "sigma"], problems)?;
        let median_ms = whole(fields, "median", LONGEST_DELAY_MS, &at, problems);
        let sigma = fields
            .get("sigma")
            .and_then(Value::as_f64)
            .filter(|sigma| (0.0..=10.0).contains(sigma));
        if let (Some(median_ms), Some(sigma)) = (median_ms, sigma) {
            return Some(Delay::LogNormal { median_ms, sigma });
        }
        note(
            problems,
            &at,
            "expected a `median` in milliseconds and a `sigma` from 0 to 10",
        );
        return None;
    }
    whole(fields, "fixed_ms", LONGEST_DELAY_MS, at, problems).map(|ms| Delay::Fixed { ms })
}

fn whole(
    fields: &Map<String, Value>,
    key: &str,
    most: u64,
    at: &Path<'_>,
    problems: &mut Problems,
) -> Option<u64> {
    let value = optional(fields, key)?;
    let number = value.as_u64().filter(|number| *number <= most);
    if number.is_none() {
        let form = if most == u64::MAX {
            "a whole number".to_owned()
        } else {
            format!("a whole number, {most} at most")
        };
        expected(problems, &at.key(key), &form, value);
    }
    number
}
