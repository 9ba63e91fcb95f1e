//! The configuration of a mock, as plain data.

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};

use crate::domain::{agreement::Agreement, contract::ContractChoice};

/// The configuration of a mock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Config {
    /// The host to listen on: an address, or a name that resolves to one.
    pub host: String,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// The fixtures to load, files and folders; empty for the built-in demo.
    pub fixtures: Vec<PathBuf>,
    /// Edition and switches, which override the fixture's.
    pub contract: ContractChoice,
    /// Whether what the fixture leaves out is closed rather than open.
    pub strict: bool,
    /// The seed of ids and random draws; `None` for a random seed.
    pub seed: Option<u64>,
    /// The time at which the clock is frozen; `None` to let it run.
    pub clock: Option<DateTime<Utc>>,
    /// Journal entries per organization; 0 turns the journal off.
    pub journal_entries: usize,
    /// The rate limit per token and organization; `None` for no limit.
    pub rate_limit: Option<RateLimit>,
    /// Whether steering is on: a request may ask to fail.
    pub steering: bool,
    /// Whether each refusal has a header that says why.
    pub reasons: bool,
    /// Whether `Forwarded` and `X-Forwarded-*` are trusted for the scheme and host of links.
    pub trust_proxy: bool,
    /// What hosts were found to agree on, for `/_mock/coverage`.
    pub agreed: Vec<Agreement>,
    /// Who may use the control endpoints.
    pub guard: Guard,
    /// Whether TLS is spoken in Tallyfy's place, and how.
    pub tls: Option<TlsOptions>,
    /// The bounds of what clients may ask for.
    pub limits: Limits,
}

/// A rate limit: requests per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed in a window, at least 1.
    pub requests: u64,
    /// The length of a window, which begins with its first request.
    pub window: Duration,
}

/// Who may use the control endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    /// Accepted hosts beside this machine's own names and addresses.
    pub allowed_hosts: Vec<String>,
    /// The token that is demanded, if any.
    pub token: Option<String>,
}

/// How TLS is spoken in Tallyfy's place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsOptions {
    /// Hosts whose place the mock takes, beside Tallyfy's own.
    pub hosts: Vec<String>,
    /// The folder where certificate and key outlive the process; without one, each start mints its own.
    pub dir: Option<PathBuf>,
    /// The file that the authority's certificate is written to.
    pub ca_file: Option<PathBuf>,
}

/// The bounds of what clients may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections served at a time, beside streams; more wait.
    pub max_connections: usize,
    /// Streams of events open at a time; more are refused.
    pub max_streams: usize,
    /// The longest body of a request, in bytes.
    pub max_body: usize,
    /// The longest body of a control request, in bytes.
    pub max_control_body: usize,
    /// How much memory all answers take together, in bytes; where it is used up, an answer waits, and is
    /// then refused.
    pub max_answer_memory: usize,
    /// How much memory the bodies of all requests take together while they are read, in bytes; likewise.
    pub max_body_memory: usize,
    /// How many organizations are stored.
    pub max_organizations: usize,
    /// Bytes of all rows that are stored, with 512 for each beside its texts and lists.
    pub max_stored: u64,
    /// Time for a request's head; also how long an idle connection is kept.
    pub header_timeout: Duration,
    /// Time for a request's body.
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
            agreed: Vec::new(),
            guard: Guard::default(),
            tls: None,
            limits: Limits::default(),
        }
    }
}

impl Limits {
    /// What a row counts beside its texts and lists: itself and its places in the indexes, in bytes.
    pub const ROW_BYTES: usize = 512;
    /// Bytes of a refused body that are drained, so that its client sees the answer and no broken pipe.
    pub const DISCARDED_BYTES: usize = 64 * 1024 * 1024;
    /// Time for that.
    pub const DISCARDED_TIME: Duration = Duration::from_secs(5);
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 1024,
            max_streams: 64,
            max_body: 1024 * 1024,
            max_control_body: 256 * 1024 * 1024,
            max_answer_memory: 256 * 1024 * 1024,
            max_body_memory: 512 * 1024 * 1024,
            max_organizations: 10_000,
            max_stored: 4 * 1024 * 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
        }
    }
}
