//! [`FaultBuilder`]: builds a rule by which requests fail.

use std::{thread, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    domain::{id::OrgId, operation::Operation},
    state::{AppState, Refusal},
    tenant::rules::Rule,
};

/// Builds a rule by which requests fail, step by step. The rule is in force once the builder is dropped, or
/// [`FaultBuilder::times`] or [`FaultBuilder::always`] is called; until then no request fails by it.
///
/// ```
/// use std::time::Duration;
/// use tallyfy_mock::{Operation, TallyfyMock};
///
/// let tallyfy = TallyfyMock::start();
/// let acme = tallyfy.org("acme");
/// // Two deletes are done, although they are answered 503.
/// acme.fault("flaky").on(Operation::DeleteGroup).status(503).after_write().times(2);
/// // The first list is 429, and the second one breaks the connection.
/// acme.fault("busy").on(Operation::ListGroups).status(429).retry_after(2).then().connection_reset();
/// // Every other request takes half a second.
/// acme.fault("slow").delay(Duration::from_millis(500)).always();
///
/// let url = format!("{}/api/organizations/acme/groups", tallyfy.uri());
/// let list = || reqwest::blocking::Client::new().get(&url).bearer_auth("t").header("X-Tallyfy-Client", "x").send();
/// assert_eq!(list()?.headers()["retry-after"], "2");
/// assert!(list().is_err());
/// # Ok::<(), reqwest::Error>(())
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

    /// Matches only requests for that operation.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn on(mut self, operation: Operation) -> Self {
        self.only
            .insert("operation".into(), operation.name().into());
        self
    }

    /// Matches only requests of that method whose path, without the prefix `/api`, matches a glob: `*` is anything within a
    /// segment, `**` anything.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn on_path(mut self, method: &str, glob: &str) -> Self {
        self.only.insert("method".into(), method.into());
        self.only.insert("path".into(), glob.into());
        self
    }

    /// Matches only requests with that token.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn with_token(mut self, token: &str) -> Self {
        self.only.insert("token".into(), token.into());
        self
    }

    /// Lets that many matching requests pass first.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn skip(mut self, requests: u64) -> Self {
        self.rule.insert("skip".into(), requests.into());
        self
    }

    /// Strikes a matching request with this probability, from 0 to 1, drawn from the mock's seed.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn probability(mut self, probability: f64) -> Self {
        self.rule.insert("probability".into(), probability.into());
        self
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.step.insert(key.to_owned(), value.into());
        self
    }

    /// Answers with that status, from 200 to 599, and Tallyfy's body for it.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn status(self, status: u16) -> Self {
        self.with("status", status)
    }

    /// Replaces the body of that answer.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn body(self, body: Value) -> Self {
        self.with("body", body)
    }

    /// Adds `Retry-After` to that answer, in seconds.
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

    /// Sends the body in ten pieces, with this pause before each.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn slow_body(self, pause: Duration) -> Self {
        self.with("fault", "slow_body")
            .with("chunk_ms", millis(pause))
    }

    /// Delays the answer.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn delay(self, delay: Duration) -> Self {
        self.with("delay", json!({ "fixed_ms": millis(delay) }))
    }

    /// Fails after the change is made, which is the case that retrying code gets wrong.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn after_write(self) -> Self {
        self.with("write", "after")
    }

    /// Ends this step, which is taken once, and begins the next one.
    #[must_use = "more may follow; dropping it puts it in force"]
    pub fn then(mut self) -> Self {
        self.steps
            .push(Value::Object(std::mem::take(&mut self.step)));
        self
    }

    /// Takes the last step that many times, and puts the rule in force.
    pub fn times(self, times: u64) {
        drop(self.with("times", times));
    }

    /// Takes the last step for ever, and puts the rule in force.
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
    /// If the rule has mistakes, with every one of them; never while a test is failing already.
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
