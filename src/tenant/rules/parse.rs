//! Parses a rule from JSON; every mistake is listed with its path.

use std::num::NonZeroU64;

use serde_json::{Map, Value};

use super::{
    glob::Glob,
    rule::{Delay, LONGEST_DELAY_MS, Match, Rule, Step, Times},
    strike::{Effect, Fault, Write},
};
use crate::{
    domain::{id::OrgId, operation::Operation},
    json::{Path, Problems, expected, note, object, optional, text},
};

/// Upper bound on a rule's id, in bytes.
const LONGEST_ID: usize = 255;

/// Upper bound on a rule, as it lies in memory.
const LARGEST: u64 = 256 * 1024;

impl Rule {
    /// Parses the rule `id`, for one organization or for all. The error lists every mistake with its path.
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
        if rule.bytes() > LARGEST {
            note(&mut problems, &root, "a rule has at most 256 KiB");
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
    only.path = text(fields, "path", at, problems).map(|glob| {
        if glob.starts_with("/api/") || !glob.starts_with(['/', '*']) {
            note(
                problems,
                &at.key("path"),
                "expected a path after the prefix, such as `/organizations/*/groups`",
            );
        }
        Glob::new(&glob)
    });
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
        .any(|key| optional(fields, key).is_some())
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
    if fields.values().filter(|value| !value.is_null()).count() != 1 {
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
            .and_then(|bounds| bounds.iter().map(Value::as_u64).collect());
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mistakes(json: &Value) -> String {
        let problems = Rule::parse("flaky", OrgId::parse("acme"), json).unwrap_err();
        let lines: Vec<String> = problems
            .into_iter()
            .map(|(at, problem)| format!("{at}: {problem}"))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn a_null_is_as_good_as_nothing() {
        insta::assert_snapshot!(mistakes(&json!({
            "match": null, "skip": null, "probability": null,
            "steps": [{ "status": null }, { "fault": null }, { "delay": null }, { "delay": { "fixed_ms": null } }],
        })), @"
        steps[0]: a step has a `status`, a `fault` or a `delay`
        steps[1]: a step has a `status`, a `fault` or a `delay`
        steps[2]: a step has a `status`, a `fault` or a `delay`
        steps[3].delay: expected one of `fixed_ms`, `uniform_ms`, `lognormal_ms`
        ");
        let rule = json!({ "steps": [{ "status": 500, "fault": null, "delay": { "fixed_ms": 5, "uniform_ms": null } }] });
        assert!(Rule::parse("flaky", None, &rule).is_ok());
    }

    #[test]
    fn an_id_has_1_to_255_bytes() {
        let rule = |id: &str| Rule::parse(id, None, &json!({ "steps": [{ "status": 500 }] }));
        assert!(rule("r").is_ok() && rule(&"r".repeat(255)).is_ok());
        for bad in ["", &"r".repeat(256), &"r".repeat(257)] {
            let problem = (String::new(), "a rule's id has 1 to 255 bytes".to_owned());
            assert_eq!(rule(bad).unwrap_err(), [problem], "{} bytes", bad.len());
        }
    }

    #[test]
    fn a_rule_has_steps() {
        let rule = json!({ "steps": [] });
        assert_eq!(
            mistakes(&rule),
            "steps: expected a list of at least one step, found []"
        );
    }

    #[test]
    fn a_path_is_one_after_the_prefix() {
        let path = |glob: &str| {
            let json = json!({ "match": { "path": glob }, "steps": [{ "status": 500 }] });
            Rule::parse("r", None, &json).is_ok()
        };
        assert!(path("/organizations/*/groups") && path("**/groups") && path("/apiary"));
        for bad in ["/api/organizations/*/groups", "organizations/*/groups", ""] {
            assert!(!path(bad), "{bad:?}");
        }
    }

    #[test]
    fn uniform_delays_have_two_bounds_and_both_are_numbers() {
        for bad in [
            json!([1]),
            json!([1, 2, 3]),
            json!([1, "x", 2]),
            json!([1, -5, 2]),
            json!([2, 1]),
            json!([0, LONGEST_DELAY_MS + 1]),
            json!({ "low": 1, "high": 2 }),
        ] {
            let rule = json!({ "steps": [{ "delay": { "uniform_ms": bad } }] });
            let at = "steps[0].delay.uniform_ms: expected two whole numbers";
            assert!(mistakes(&rule).starts_with(at), "{rule}");
        }
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_path() {
        insta::assert_snapshot!(mistakes(&json!({
            "matches": {},
            "match": { "operation": "groups.destroy", "path": 7, "org": "globex", "token": 7, "tokn": "" },
            "skip": -1,
            "probability": 1.5,
            "steps": [
                {},
                { "times": 0, "status": 199, "retry_after": -1 },
                { "times": "never", "status": 600, "fault": "connection_rest", "write": "during" },
                { "fault": "truncated_body", "body": {}, "retry_after": 1, "chunk_ms": 5 },
                { "fault": "slow_body", "chunk_ms": 3_600_001 },
                { "delay": { "fixed_ms": 1, "uniform_ms": [1, 2] } },
                { "delay": { "lognormal_ms": { "median": "90", "sigma": -1 } } },
                { "delay": 5 },
                "503",
            ],
        })), @r#"
        matches: unknown key; did you mean `match`?
        match.tokn: unknown key; did you mean `token`?
        match.operation: there is no operation `groups.destroy`; there are groups.list, groups.get, groups.create, groups.update, groups.delete, me.get, me.organizations, organizations.get, organizations.me, users.list, users.get, users.names, guests.list, guests.get, guests.names, oauth.token
        match.path: goes without `operation`, which says it already
        match.path: expected a string, found 7
        match.token: expected a string, found a number
        match.org: is not `acme`, which the query names
        skip: expected a whole number, found -1
        probability: expected a number from 0 to 1, found 1.5
        steps[0]: a step has a `status`, a `fault` or a `delay`
        steps[1].times: expected a whole number of at least 1, or "always", found 0
        steps[1].retry_after: expected a whole number, 4294967295 at most, found -1
        steps[1].status: expected a status from 200 to 599, found 199
        steps[2].times: expected a whole number of at least 1, or "always", found "never"
        steps[2].write: expected "before" or "after", found "during"
        steps[2]: `status` and `fault` exclude each other
        steps[2].status: expected a status from 200 to 599, found 600
        steps[3].body: goes with `status` only
        steps[3].retry_after: goes with `status` only
        steps[3].chunk_ms: goes with the fault `slow_body` only
        steps[4].chunk_ms: expected a whole number, 3600000 at most, found 3600001
        steps[5].delay: expected one of `fixed_ms`, `uniform_ms`, `lognormal_ms`
        steps[6].delay.lognormal_ms.median: expected a whole number, 3600000 at most, found "90"
        steps[6].delay.lognormal_ms: expected a `median` in milliseconds and a `sigma` from 0 to 10
        steps[7].delay: expected an object, found 5
        steps[8]: expected an object, found "503"
        "#);
        insta::assert_snapshot!(mistakes(&json!([])), @": expected an object, found []");
        insta::assert_snapshot!(mistakes(&json!({})), @"steps: is missing; expected a list of at least one step");
    }

    #[test]
    fn a_rule_is_for_the_organization_it_is_put_for_or_the_one_it_names() {
        let org = |asked: Option<&str>, only: Value| {
            let json = json!({ "match": only, "steps": [{ "status": 500 }] });
            let rule = Rule::parse("r", asked.and_then(OrgId::parse), &json).unwrap();
            rule.org().map(OrgId::to_string)
        };
        assert_eq!(org(None, json!({})), None);
        assert_eq!(org(Some("acme"), json!({})).as_deref(), Some("acme"));
        assert_eq!(org(None, json!({ "org": "acme" })).as_deref(), Some("acme"));
        let both = org(Some("acme"), json!({ "org": "acme" }));
        assert_eq!(both.as_deref(), Some("acme"));
    }
}
