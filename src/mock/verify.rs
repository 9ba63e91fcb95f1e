//! [`Verification`]: what a test expects to have been asked.

use serde_json::Value;

use crate::{
    domain::{id::OrgId, operation::Operation},
    state::AppState,
    tenant::journal::{Expectation, Expectations, Times},
};

/// An expectation on the journal of an organization. It is checked when it is told how often it has to be met; it never waits.
///
/// ```
/// use serde_json::json;
/// use tallyfy_mock::{Operation, TallyfyMock};
///
/// let tallyfy = TallyfyMock::start();
/// let url = format!("{}/api/organizations/acme/groups", tallyfy.uri());
/// let create = reqwest::blocking::Client::new().post(url).bearer_auth("t").header("X-Tallyfy-Client", "x");
/// create.json(&json!({ "name": "Sales", "description": "Sells" })).send()?;
///
/// let acme = tallyfy.org("acme");
/// acme.verify(Operation::CreateGroup).body(json!({ "name": "Sales" })).status(201).times(1);
/// acme.verify(Operation::DeleteGroup).never();
/// # Ok::<(), reqwest::Error>(())
/// ```
///
/// Where it is not met, the panic says what was asked instead:
///
/// ```should_panic
/// # use tallyfy_mock::{Operation, TallyfyMock};
/// let tallyfy = TallyfyMock::start();
/// tallyfy.org("acme").verify(Operation::DeleteGroup).times(1);
/// // expected exactly 1 request for `groups.delete`, found 0; …
/// ```
#[derive(Debug)]
#[must_use = "nothing is checked until `times`, `at_least`, `at_most` or `never` is called"]
pub struct Verification<'a> {
    app: &'a AppState,
    org: OrgId,
    expected: Expectation,
}

impl<'a> Verification<'a> {
    pub(super) fn new(app: &'a AppState, org: OrgId, operation: Operation) -> Self {
        Self {
            app,
            org,
            expected: Expectation {
                operation: Some(operation),
                ..Expectation::default()
            },
        }
    }

    /// The body contains this: an object may have more fields, a list has this length.
    pub fn body(mut self, body: Value) -> Self {
        self.expected.body = Some(body);
        self
    }

    /// The request has that header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.expected
            .headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// The answer has that status.
    pub fn status(mut self, status: u16) -> Self {
        self.expected.status = Some(status);
        self
    }

    /// Checks that it was met exactly that many times.
    ///
    /// # Panics
    ///
    /// If it was not, with what was asked instead.
    #[track_caller]
    pub fn times(self, times: usize) {
        self.check(Times::exactly(times));
    }

    /// Checks that it was met at least that many times.
    ///
    /// # Panics
    ///
    /// If it was not, with what was asked instead.
    #[track_caller]
    pub fn at_least(self, times: usize) {
        self.check(Times {
            at_least: times,
            at_most: usize::MAX,
        });
    }

    /// Checks that it was met at most that many times.
    ///
    /// # Panics
    ///
    /// If it was met more often.
    #[track_caller]
    pub fn at_most(self, times: usize) {
        self.check(Times {
            at_least: 0,
            at_most: times,
        });
    }

    /// Checks that it was never met.
    ///
    /// # Panics
    ///
    /// If it was met.
    #[track_caller]
    pub fn never(self) {
        self.check(Times::exactly(0));
    }

    #[track_caller]
    fn check(self, times: Times) {
        let expected = Expectations::one(Some(self.org.clone()), self.expected, times);
        if let Err(unmet) = self.app.tenants.verify(&expected) {
            panic!("{}", unmet.detail);
        }
    }
}
