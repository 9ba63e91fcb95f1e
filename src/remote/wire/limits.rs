//! How much and how long another server is asked.

use std::time::{Duration, Instant};

/// Upper bounds, per request and for all requests of a run.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The time of one request, from the look-up of the name to the last byte.
    pub request_time: Duration,
    /// The time of all of them, with the pauses between them.
    pub run_time: Duration,
    /// The number of requests.
    pub requests: u32,
    /// The bytes of one answer's body.
    pub answer_bytes: u64,
    /// The bytes of all bodies together.
    pub all_bytes: u64,
    /// The bytes of an answer's head.
    pub head_bytes: usize,
    /// Between the beginnings of two requests, unless the server is on this machine. Tallyfy's documentation names several
    /// limits; this is below all of them.
    pub pace: Duration,
    /// The longest `Retry-After` that is waited for.
    pub retry_after: Duration,
    /// How often one request is sent again after a `Retry-After`.
    pub retries: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_time: Duration::from_secs(30),
            run_time: Duration::from_secs(60 * 60),
            requests: 3000,
            answer_bytes: 8 * 1024 * 1024,
            all_bytes: 256 * 1024 * 1024,
            head_bytes: 64 * 1024,
            pace: Duration::from_secs(1),
            retry_after: Duration::from_secs(120),
            retries: 5,
        }
    }
}

/// How time passes: a test's passes without waiting.
pub trait Waiting {
    /// The time now.
    fn now(&self) -> Instant;
    /// Returns when that time is over.
    fn wait(&self, time: Duration);
}

/// The machine's own time.
#[derive(Debug, Clone, Copy)]
pub struct RealTime;

impl Waiting for RealTime {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
