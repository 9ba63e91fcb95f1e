//! A rule as JSON shows it: its definition, and what is left of it.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::json;

use super::{
    rule::{Delay, Match, Rule, Step, Times},
    strike::{Effect, Fault, Write},
};
use crate::domain::{id::OrgId, operation::Operation};

/// A rule with the number of times it struck and what remains of each step.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleView {
    rule: Arc<Rule>,
    hits: u64,
    step: usize,
    taken: u64,
}

impl RuleView {
    pub(super) fn new(rule: &Arc<Rule>, hits: u64, step: usize, taken: u64) -> Self {
        Self {
            rule: Arc::clone(rule),
            hits,
            step,
            taken,
        }
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// The number of times it struck.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    fn steps(&self) -> impl Iterator<Item = StepView<'_>> {
        self.rule.steps.iter().enumerate().map(|(i, step)| {
            let taken = match i.cmp(&self.step) {
                std::cmp::Ordering::Less => u64::MAX,
                std::cmp::Ordering::Equal => self.taken,
                std::cmp::Ordering::Greater => 0,
            };
            StepView { step, taken }
        })
    }
}

impl Serialize for RuleView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Steps<'a>(&'a RuleView);
        impl Serialize for Steps<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.0.steps())
            }
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &*self.rule.id)?;
        map.serialize_entry("match", &self.rule.only)?;
        map.serialize_entry("skip", &self.rule.skip)?;
        if let Some(probability) = self.rule.probability {
            map.serialize_entry("probability", &probability)?;
        }
        map.serialize_entry("steps", &Steps(self))?;
        map.serialize_entry("hits", &self.hits)?;
        map.end()
    }
}

impl Serialize for Match {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path = self.path.as_ref().map(super::glob::Glob::as_str);
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in [
            ("operation", self.operation.map(Operation::name)),
            ("method", self.method.as_deref()),
            ("path", path),
            ("org", self.org.as_ref().map(OrgId::as_str)),
            ("token", self.token.as_deref()),
        ] {
            if let Some(value) = value {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()
    }
}

struct StepView<'a> {
    step: &'a Step,
    taken: u64,
}

impl Serialize for StepView<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.step.times {
            Times::Count(times) => map.serialize_entry("times", &times)?,
            Times::Always => map.serialize_entry("times", "always")?,
        }
        match &self.step.effect {
            None => {}
            Some(Effect::Status {
                status,
                body,
                retry_after,
            }) => {
                map.serialize_entry("status", status)?;
                if let Some(body) = body {
                    map.serialize_entry("body", body)?;
                }
                if let Some(retry_after) = retry_after {
                    map.serialize_entry("retry_after", retry_after)?;
                }
            }
            Some(Effect::Fault(fault)) => {
                map.serialize_entry("fault", fault.name())?;
                if let Fault::SlowBody { chunk_ms } = fault {
                    map.serialize_entry("chunk_ms", chunk_ms)?;
                }
            }
        }
        if self.step.effect.is_some() || self.step.write == Write::After {
            let write = match self.step.write {
                Write::Before => "before",
                Write::After => "after",
            };
            map.serialize_entry("write", write)?;
        }
        if let Some(delay) = &self.step.delay {
            let delay = match delay {
                Delay::Fixed { ms } => json!({ "fixed_ms": ms }),
                Delay::Uniform { low_ms, high_ms } => json!({ "uniform_ms": [low_ms, high_ms] }),
                Delay::LogNormal { median_ms, sigma } => {
                    json!({ "lognormal_ms": { "median": median_ms, "sigma": sigma } })
                }
            };
            map.serialize_entry("delay", &delay)?;
        }
        match self.step.times.left_after(self.taken) {
            Some(left) => map.serialize_entry("remaining", &left)?,
            None => map.serialize_entry("remaining", "always")?,
        }
        map.end()
    }
}
