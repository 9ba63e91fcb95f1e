//! [`Verification`]: what a test expects to have been asked.

use serde_json::Value;

use crate::{
    domain::{id::OrgId, operation::Operation},
    state::AppState,
    tenant::journal::{Expectation, Expectations, Times},
};

/// An expectation in the making; it is checked when it is told how many times it has to be met.
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

    /// With this in its body: an object may have more fields, a list is as long as this one.
    pub fn body(mut self, body: Value) -> Self {
        self.expected.body = Some(body);
        self
    }

    /// With that header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.expected
            .headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Answered with that status.
    pub fn status(mut self, status: u16) -> Self {
        self.expected.status = Some(status);
        self
    }

    /// So many times, and no more.
    ///
    /// # Panics
    ///
    /// Where it was not, with what was asked instead.
    #[track_caller]
    pub fn times(self, times: usize) {
        self.check(Times::exactly(times));
    }

    /// At least so many times.
    ///
    /// # Panics
    ///
    /// Where it was not, with what was asked instead.
    #[track_caller]
    pub fn at_least(self, times: usize) {
        self.check(Times {
            at_least: times,
            at_most: usize::MAX,
        });
    }

    /// At most so many times.
    ///
    /// # Panics
    ///
    /// Where it was more.
    #[track_caller]
    pub fn at_most(self, times: usize) {
        self.check(Times {
            at_least: 0,
            at_most: times,
        });
    }

    /// Not once.
    ///
    /// # Panics
    ///
    /// Where it was.
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
