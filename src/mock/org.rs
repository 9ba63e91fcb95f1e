//! [`Org`]: one organization of a running mock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{fault::FaultBuilder, verify::Verification};
use crate::{
    domain::{id::OrgId, operation::Operation},
    json::Pieces,
    state::{AppState, Refusal},
    tenant::{ClockChange, ClockRefusal, Scopes, journal::Filter},
};

/// One organization of a mock: its data, faults, clock and journal. Other organizations never notice what happens to it, so
/// tests that run at once share a mock by taking one organization each.
///
/// ```
/// use serde_json::json;
/// use tallyfy_mock::TallyfyMock;
///
/// let tallyfy = TallyfyMock::start();
/// let acme = tallyfy.org("acme");
/// acme.seed(json!({ "groups": [{ "id": "sales", "name": "Sales" }] }));
/// assert_eq!(acme.state()["groups"][0]["id"], "sales");
///
/// acme.reset();
/// assert!(acme.state()["groups"].is_null());
/// ```
#[derive(Debug, Clone)]
pub struct Org<'a> {
    pub(super) app: &'a AppState,
    pub(super) id: OrgId,
}

impl Org<'_> {
    /// Its id.
    pub fn id(&self) -> &str {
        self.id.as_str()
    }

    /// Adds the rows of one organization of a fixture, without its id; a row of the same id is replaced.
    ///
    /// # Panics
    ///
    /// If it has mistakes, with every one of them; nothing is added then.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a test hands over a `json!` that nobody else needs"
    )]
    pub fn seed(&self, organization: Value) {
        let seeded = self
            .app
            .seed(Some(&self.id), organization.to_string().as_bytes());
        unwrap(seeded, "the seed is refused");
    }

    /// Its rows, as one organization of a fixture without its id.
    ///
    /// # Panics
    ///
    /// If it does not exist, as a fixture declares others only.
    pub fn state(&self) -> Value {
        let state = unwrap(self.app.export_org(&self.id), "there is no state");
        let state = Pieces::of(Arc::new(state)).together();
        serde_json::from_slice(&state).expect("a state is JSON")
    }

    /// Resets it to the fixtures, without faults, a clock of its own, and journal entries.
    pub fn reset(&self) {
        unwrap(
            self.app.reset(Some(&self.id), Scopes::ALL),
            "the reset is refused",
        );
    }

    /// Freezes its clock at that time.
    pub fn freeze_clock(&self, at: DateTime<Utc>) {
        self.change_clock(ClockChange::Set {
            now: Some(at),
            frozen: Some(true),
        });
    }

    /// Moves its clock, forwards or back.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use chrono::{TimeDelta, Utc};
    /// let tallyfy = tallyfy_mock::TallyfyMock::builder()
    ///     .fixture(json!({ "version": 1, "organizations": [{ "id": "acme" }],
    ///         "tokens": [{ "token": "short", "user": 1, "expires_at": Utc::now() + TimeDelta::minutes(5) }] }))
    ///     .start();
    /// let url = format!("{}/api/organizations/acme/groups", tallyfy.uri());
    /// let list = || reqwest::blocking::Client::new().get(&url).bearer_auth("short").header("X-Tallyfy-Client", "x").send();
    /// assert_eq!(list()?.status(), 200);
    ///
    /// tallyfy.org("acme").advance_clock(TimeDelta::hours(1));
    /// assert_eq!(list()?.status(), 401);
    /// # Ok::<(), reqwest::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If the time would leave the years 0000 to 9999.
    pub fn advance_clock(&self, by: TimeDelta) {
        self.change_clock(ClockChange::Advance(by));
    }

    #[track_caller]
    fn change_clock(&self, change: ClockChange) {
        match self.app.tenants.change_clock(Some(&self.id), change) {
            Ok(_) => {}
            Err(ClockRefusal::OutOfRange) => panic!("no calendar goes so far: {change:?}"),
            Err(ClockRefusal::Full) => panic!("{}", Refusal::Full),
        }
    }

    /// Its journal, the newest entry last: each request with its answer, as `GET /_mock/requests` shows it.
    pub fn requests(&self) -> Vec<Value> {
        let filter = Filter {
            org: Some(self.id.clone()),
            ..Filter::default()
        };
        let found = self.app.tenants.requests(&filter);
        found
            .entries()
            .filter_map(|entry| serde_json::to_value(&entry).ok())
            .collect()
    }

    /// Begins an expectation that an operation was asked for. It is checked by `times`, `at_least`, `at_most` or `never`.
    pub fn verify(&self, operation: Operation) -> Verification<'_> {
        Verification::new(self.app, self.id.clone(), operation)
    }

    /// Begins a rule by which requests to it fail. The rule is in force once the builder is dropped, or `times` or `always` is
    /// called.
    pub fn fault(&self, id: &str) -> FaultBuilder<'_> {
        FaultBuilder::new(self.app, Some(self.id.clone()), id)
    }
}

/// Returns what was done, or panics with the reason that it was not.
#[track_caller]
pub(super) fn unwrap<T>(done: Result<T, Refusal>, otherwise: &str) -> T {
    match done {
        Ok(done) => done,
        Err(refusal) => panic!("{otherwise}: {refusal}"),
    }
}
