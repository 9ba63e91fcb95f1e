//! [`Org`]: one organization of a running mock, and what a test does to it.

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

/// One organization of a mock. Whatever a test does to it, other organizations never notice, so tests
/// that run at the same time share a mock by taking one organization each.
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

    /// Adds what one organization of a fixture, without its id, describes; the same id replaces.
    ///
    /// # Panics
    ///
    /// Where it has mistakes, with every one of them; nothing is added then.
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

    /// Everything in it, as one organization of a fixture without its id.
    ///
    /// # Panics
    ///
    /// Where the fixture closes the world and this organization is not in it.
    pub fn state(&self) -> Value {
        let state = unwrap(self.app.export_org(&self.id), "there is no state");
        let state = Pieces::of(Arc::new(state)).together();
        serde_json::from_slice(&state).expect("a state is JSON")
    }

    /// Goes back to what the fixtures say of it, and forgets its faults, its clock and what it was asked.
    pub fn reset(&self) {
        unwrap(
            self.app.reset(Some(&self.id), Scopes::ALL),
            "the reset is refused",
        );
    }

    /// Stops its clock at that time.
    pub fn freeze_clock(&self, at: DateTime<Utc>) {
        self.change_clock(ClockChange::Set {
            now: Some(at),
            frozen: Some(true),
        });
    }

    /// Moves its clock by so much.
    ///
    /// # Panics
    ///
    /// Where no calendar goes so far.
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

    /// What was asked of it, the newest last: each as the journal shows it.
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

    /// That an operation was asked for; checked when it is told how many times.
    pub fn verify(&self, operation: Operation) -> Verification<'_> {
        Verification::new(self.app, self.id.clone(), operation)
    }

    /// A rule by which requests to it fail; in force once the builder is dropped, or `times` is called.
    pub fn fault(&self, id: &str) -> FaultBuilder<'_> {
        FaultBuilder::new(self.app, Some(self.id.clone()), id)
    }
}

/// What was done, or the reason that it was not.
#[track_caller]
pub(super) fn unwrap<T>(done: Result<T, Refusal>, otherwise: &str) -> T {
    match done {
        Ok(done) => done,
        Err(refusal) => panic!("{otherwise}: {refusal}"),
    }
}
