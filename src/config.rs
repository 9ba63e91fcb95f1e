//! Everything that can be set, as plain data.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};

use crate::domain::contract::ContractChoice;

/// How a mock is to run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    /// The host to listen on: an address, or a name that resolves to one.
    pub host: String,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The fixtures to load, files and folders; with none, the built-in demo.
    pub fixtures: Vec<PathBuf>,
    /// What has the last word on the contract.
    pub contract: ContractChoice,
    /// Whether what the fixture leaves out is closed rather than open.
    pub strict: bool,
    /// The seed of the ids; without one they cannot be foreseen.
    pub seed: Option<u64>,
    /// The time at which the clock stands still; without one it runs.
    pub clock: Option<DateTime<Utc>>,
    /// How many requests are remembered for each organization; 0 remembers none.
    pub journal_entries: usize,
    /// How many requests a token may send to an organization; without a limit, any number.
    pub rate_limit: Option<RateLimit>,
    /// Whether a request may say how it is to be answered.
    pub steering: bool,
    /// Whether each refusal has a header that says why.
    pub reasons: bool,
    /// Whether a proxy says by `Forwarded` or `X-Forwarded-*` what scheme and host were asked.
    pub trust_proxy: bool,
    /// Who may use the control endpoints.
    pub guard: Guard,
    /// Hosts whose place the mock takes, beside Tallyfy's own.
    pub tls_hosts: Vec<String>,
    /// How much one client, or all of them, may ask for.
    pub limits: Limits,
}

/// So many requests in a window of so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many requests a window takes; at least 1.
    pub requests: u64,
    /// How long a window is; it begins with its first request.
    pub window: Duration,
}

/// Who may use the control endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    /// Hosts that may be named beside this machine's own names and addresses.
    pub allowed_hosts: Vec<String>,
    /// The token that has to be shown, where there is one.
    pub token: Option<String>,
}

/// The bounds of what clients may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are served at a time, beside streams; more wait.
    pub max_connections: usize,
    /// How many streams of events are open at a time; more are refused.
    pub max_streams: usize,
    /// The longest body of a request, in bytes.
    pub max_body: usize,
    /// The longest body of a control request, in bytes.
    pub max_control_body: usize,
    /// How many organizations are stored.
    pub max_organizations: usize,
    /// How long a request's head may take; also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 8255,
            fixtures: Vec::new(),
            contract: ContractChoice::default(),
            strict: false,
            seed: None,
            clock: None,
            journal_entries: 1000,
            rate_limit: None,
            steering: true,
            reasons: true,
            trust_proxy: false,
            guard: Guard::default(),
            tls_hosts: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Limits {
    /// How much of a refused body is read on, so that its client sees the answer and no broken pipe.
    pub const DISCARDED_BYTES: usize = 64 * 1024 * 1024;
    /// For how long.
    pub const DISCARDED_TIME: Duration = Duration::from_secs(5);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_streams: 64,
            max_body: 1024 * 1024,
            max_control_body: 256 * 1024 * 1024,
            max_organizations: 10_000,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
        }
    }
}
