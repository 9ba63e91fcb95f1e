//! What asks another server: `pull` and what it stands on.

mod likeness;
mod pulling;
mod reading;
pub(crate) mod server;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tallyfy_mock::{
    domain::id::OrgId,
    remote::{Limits, Reader, Target, Token, Waiting, Wire},
};

/// Time that passes only where it is waited for.
#[derive(Clone)]
pub(crate) struct NoTime {
    start: Instant,
    pub(crate) waited: Arc<Mutex<Duration>>,
}

impl NoTime {
    pub(crate) fn new() -> Self {
        Self {
            start: Instant::now(),
            waited: Arc::default(),
        }
    }
}

impl Waiting for NoTime {
    fn now(&self) -> Instant {
        self.start + *self.waited.lock().unwrap()
    }

    fn wait(&self, time: Duration) {
        *self.waited.lock().unwrap() += time;
    }
}

/// A reader of the organization `acme` at that base URL.
pub(crate) fn reader(base: &str, limits: Limits) -> (Reader, NoTime) {
    let time = NoTime::new();
    let wire = Wire::new(Target::parse(base).unwrap(), None, limits, time.clone()).unwrap();
    let token = Token::from_stream(&b"secret-of-this-test"[..]).unwrap();
    (
        Reader::new(wire, token, OrgId::parse("acme").unwrap()),
        time,
    )
}
