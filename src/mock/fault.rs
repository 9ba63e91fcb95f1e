//! [`FaultBuilder`]: a rule by which requests fail, said in Rust.

use std::{thread, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    domain::{id::OrgId, operation::Operation},
    state::{AppState, Refusal},
    tenant::rules::Rule,
};

/// A rule in the making. It is in force once it is dropped, or [`FaultBuilder::times`] or
/// [`FaultBuilder::always`] is called; until then every request is answered as before.
///
/// ```
/// # use tallyfy_mock::{Operation, TallyfyMock};
/// let tallyfy = TallyfyMock::start();
/// let acme = tallyfy.org("acme");
/// acme.fault("flaky").on(Operation::DeleteGroup).status(503).after_write().times(2);
/// acme.fault("slow").status(429).retry_after(2).then().connection_reset();
/// ```
#[derive(Debug)]
pub struct FaultBuilder<'a> {
    app: &'a AppState,
    org: Option<OrgId>,
    id: String,
    only: Map<String, Value>,
    rule: Map<String, Value>,
    steps: Vec<Value>,
    step: Map<String, Value>,
}

impl<'a> FaultBuilder<'a> {
    pub(super) fn new(app: &'a AppState, org: Option<OrgId>, id: &str) -> Self {
        let (only, rule, step) = (Map::new(), Map::new(), Map::new());
        Self {
            app,
            org,
            id: id.to_owned(),
            only,
            rule,
            steps: Vec::new(),
            step,
        }
    }

    /// Only requests for that operation.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn on(mut self, operation: Operation) -> Self {
        self.only
            .insert("operation".into(), operation.name().into());
        self
    }

    /// Only requests of that method on paths like this one, after the prefix: `*` is anything in one segment, `**` anything.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn on_path(mut self, method: &str, glob: &str) -> Self {
        self.only.insert("method".into(), method.into());
        self.only.insert("path".into(), glob.into());
        self
    }

    /// Only requests with that token.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn with_token(mut self, token: &str) -> Self {
        self.only.insert("token".into(), token.into());
        self
    }

    /// Lets so many matching requests pass first.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn skip(mut self, requests: u64) -> Self {
        self.rule.insert("skip".into(), requests.into());
        self
    }

    /// Strikes a matching request with this probability, from 0 to 1; the draws come from the mock's seed.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn probability(mut self, probability: f64) -> Self {
        self.rule.insert("probability".into(), probability.into());
        self
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.step.insert(key.to_owned(), value.into());
        self
    }

    /// Answers with that status, in Tallyfy's own shape.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn status(self, status: u16) -> Self {
        self.with("status", status)
    }

    /// The body of that answer, where it is not to be Tallyfy's own.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn body(self, body: Value) -> Self {
        self.with("body", body)
    }

    /// The `Retry-After` of that answer, in seconds.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with("retry_after", seconds)
    }

    /// Resets the connection.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn connection_reset(self) -> Self {
        self.with("fault", "connection_reset")
    }

    /// Closes the connection without a byte.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn empty_response(self) -> Self {
        self.with("fault", "empty_response")
    }

    /// Sends a good status line, then garbage.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn malformed_response(self) -> Self {
        self.with("fault", "malformed_response")
    }

    /// Sends garbage from the first byte on.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn random_data_then_close(self) -> Self {
        self.with("fault", "random_data_then_close")
    }

    /// Closes the connection in the middle of the body.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn truncated_body(self) -> Self {
        self.with("fault", "truncated_body")
    }

    /// Sends the body in ten pieces, with so long a pause before each.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn slow_body(self, pause: Duration) -> Self {
        self.with("fault", "slow_body")
            .with("chunk_ms", millis(pause))
    }

    /// Answers only after so long.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn delay(self, delay: Duration) -> Self {
        self.with("delay", json!({ "fixed_ms": millis(delay) }))
    }

    /// Fails once the change is in, which is the case that retrying code gets wrong.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn after_write(self) -> Self {
        self.with("write", "after")
    }

    /// What follows is the next step; this one is taken once.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn then(mut self) -> Self {
        self.steps
            .push(Value::Object(std::mem::take(&mut self.step)));
        self
    }

    /// Takes the last step so many times; the rule is in force.
    pub fn times(self, times: u64) {
        drop(self.with("times", times));
    }

    /// Takes the last step for ever; the rule is in force.
    pub fn always(self) {
        drop(self.with("times", "always"));
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Drop for FaultBuilder<'_> {
    /// Puts the rule in force.
    ///
    /// # Panics
    ///
    /// Where the rule has mistakes, with every one of them; never while a test is failing already.
    fn drop(&mut self) {
        let mut steps = std::mem::take(&mut self.steps);
        steps.push(Value::Object(std::mem::take(&mut self.step)));
        let mut rule = std::mem::take(&mut self.rule);
        rule.insert(
            "match".into(),
            Value::Object(std::mem::take(&mut self.only)),
        );
        rule.insert("steps".into(), Value::Array(steps));
        match Rule::parse(&self.id, self.org.clone(), &Value::Object(rule)) {
            Ok(rule) => {
                let put = self.app.tenants.put_rule(rule, false);
                if let Err(refusal) = put.map_err(Refusal::from)
                    && !thread::panicking()
                {
                    panic!("the rule `{}` is refused: {refusal}", self.id);
                }
            }
            Err(_) if thread::panicking() => {}
            Err(mistakes) => {
                let mistakes: Vec<String> = mistakes
                    .iter()
                    .map(|(path, what)| format!("{path}: {what}"))
                    .collect();
                panic!("the rule `{}` is refused: {}", self.id, mistakes.join("; "));
            }
        }
    }
}
