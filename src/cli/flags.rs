//! The flags of a mock, whoever starts it, turned into a [`Config`].

use std::{
    fmt,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bytesize::ByteSize;
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use tracing_subscriber::fmt::{format::Writer, time::FormatTime};

use super::{
    log::Log,
    tls_flags::TlsFlags,
    values::{at_least_one, duration, edition, rate_limit, seed, size, switch, time, whole_number},
};
use crate::{
    config::{Config, Guard, Limits, RateLimit},
    domain::contract::{ContractChoice, Edition, Switch},
    fixture,
    request_log::{Format, TimeOfDay},
};

/// What a mock is and does; where it listens is not here.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Flags {
    /// Fixture to load: a file, or a folder of `*.json`; repeatable [default: the folder /fixtures, else the built-in demo]
    #[arg(long, env = "TALLYFY_MOCK_FIXTURES", value_name = "PATH")]
    fixtures: Vec<PathBuf>,
    /// Load the fixtures again when they change on disk
    #[arg(long, env = "TALLYFY_MOCK_WATCH")]
    pub(super) watch: bool,
    /// Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08` [default: the fixture's, else 2026-03]
    #[arg(long, env = "TALLYFY_MOCK_EDITION", value_parser = edition)]
    edition: Option<Edition>,
    /// Set one switch of the contract; repeatable
    #[arg(long, env = "TALLYFY_MOCK_SET", value_name = "KEY=VALUE", value_delimiter = ',', value_parser = switch)]
    set: Vec<Switch>,
    /// Close what the fixture leaves open; needs a fixture that declares tokens
    #[arg(long, env = "TALLYFY_MOCK_STRICT")]
    strict: bool,
    /// Seed of ids, drawn delays and probabilities: the same at every run [default: none, they are random]
    #[arg(long, env = "TALLYFY_MOCK_SEED", value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    /// Time at which the clock stands still, such as `2026-01-01T00:00:00Z` [default: the machine's time]
    #[arg(long, env = "TALLYFY_MOCK_CLOCK", value_name = "TIME", value_parser = time)]
    clock: Option<DateTime<Utc>>,
    /// Requests remembered for each organization; 0 remembers none
    #[arg(long, env = "TALLYFY_MOCK_JOURNAL_ENTRIES", value_name = "N", default_value_t = Config::default().journal_entries, value_parser = whole_number)]
    journal_entries: usize,
    /// Requests that a token may send to an organization, such as `600/60s` [default: any number]
    #[arg(long, env = "TALLYFY_MOCK_RATE_LIMIT", value_name = "N/DURATION", value_parser = rate_limit)]
    rate_limit: Option<RateLimit>,
    /// Ignore headers and parameters that ask for a failure, such as `Prefer: code=503`
    #[arg(long, env = "TALLYFY_MOCK_NO_STEERING")]
    no_steering: bool,
    /// Leave out the header `X-Tallyfy-Mock-Reason`, which says on each refusal why
    #[arg(long, env = "TALLYFY_MOCK_NO_REASONS")]
    no_reasons: bool,
    /// Make links as a proxy's `Forwarded` or `X-Forwarded-*` say
    #[arg(long, env = "TALLYFY_MOCK_TRUST_PROXY")]
    trust_proxy: bool,
    /// Host by which the control endpoints may be called, beside this machine's own names; repeatable
    #[arg(
        long,
        env = "TALLYFY_MOCK_ALLOW_HOST",
        value_name = "HOST",
        value_delimiter = ','
    )]
    allow_host: Vec<String>,
    /// Token that the control endpoints demand
    #[arg(
        long,
        env = "TALLYFY_MOCK_CONTROL_TOKEN",
        value_name = "TOKEN",
        hide_env_values = true
    )]
    control_token: Option<String>,
    /// Connections served at a time; more wait [default: 1024, or what the open-file limit leaves]
    #[arg(long, env = "TALLYFY_MOCK_MAX_CONNECTIONS", value_name = "N", value_parser = at_least_one)]
    max_connections: Option<usize>,
    /// Streams of events open at a time; more are refused [default: 64, or what the open-file limit leaves]
    #[arg(long, env = "TALLYFY_MOCK_MAX_STREAMS", value_name = "N", value_parser = whole_number)]
    max_streams: Option<usize>,
    /// Longest body of a request
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_BODY",
        value_name = "SIZE",
        default_value = "1MiB", value_parser = size
    )]
    max_body: ByteSize,
    /// Memory for all answers together; where it is used up, an answer waits 10 s for it, and is then 503
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_ANSWER_MEMORY",
        value_name = "SIZE",
        default_value = "256MiB", value_parser = size
    )]
    max_answer_memory: ByteSize,
    /// Memory for the bodies of all requests together while they are read; likewise
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_BODY_MEMORY",
        value_name = "SIZE",
        default_value = "512MiB", value_parser = size
    )]
    max_body_memory: ByteSize,
    /// Longest body of a control request
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_CONTROL_BODY",
        value_name = "SIZE",
        default_value = "256MiB", value_parser = size
    )]
    max_control_body: ByteSize,
    /// Organizations stored at most
    #[arg(long, env = "TALLYFY_MOCK_MAX_ORGANIZATIONS", value_name = "N", default_value_t = Limits::default().max_organizations, value_parser = whole_number)]
    max_organizations: usize,
    /// Memory for the rows of all organizations; a create beyond it is 503, a seed 507 [default: 4GiB, or a quarter of
    /// what `ulimit -v` leaves]
    #[arg(long, env = "TALLYFY_MOCK_MAX_STORED", value_name = "SIZE", value_parser = size)]
    max_stored: Option<ByteSize>,
    /// Time for the head of a request; also how long an idle connection is kept
    #[arg(long, env = "TALLYFY_MOCK_HEADER_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    header_timeout: Duration,
    /// Time for the body of a request
    #[arg(long, env = "TALLYFY_MOCK_BODY_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    body_timeout: Duration,
    /// Threads that serve [default: one a core]
    #[arg(long, env = "TALLYFY_MOCK_WORKERS", value_name = "N", value_parser = at_least_one)]
    pub(super) workers: Option<usize>,
    #[command(flatten)]
    pub(super) tls: TlsFlags,
    /// Form of the log
    #[arg(
        long,
        env = "TALLYFY_MOCK_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "text",
        ignore_case = true
    )]
    pub(super) log_format: LogFormat,
    /// What is logged
    #[arg(
        long,
        env = "TALLYFY_MOCK_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info",
        ignore_case = true
    )]
    pub(super) log_level: LogLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
}

/// Where fixtures are mounted in a container.
const MOUNTED: &str = "/fixtures";

impl Flags {
    /// The configuration of a mock that listens there, where so many files may be open.
    pub(super) fn into_config(self, host: &str, port: u16, files: Option<usize>) -> Config {
        let mut fixtures = self.fixtures;
        let mounted = Path::new(MOUNTED);
        let is_awaited = || self.watch && mounted.is_dir();
        if fixtures.is_empty() && (fixture::holds_fixtures(mounted) || is_awaited()) {
            fixtures.push(MOUNTED.into());
        }
        let (max_connections, max_streams) = default_places(files);
        let max_connections = self.max_connections.unwrap_or(max_connections);
        let max_streams = self.max_streams.unwrap_or(max_streams);
        if let Some(files) =
            files.filter(|files| *files < max_connections.saturating_add(OWN_FILES))
        {
            tracing::warn!(
                "{max_connections} connections are more than {files} open files leave room for; `ulimit -n` raises that limit"
            );
        }
        Config {
            host: host.to_owned(),
            port,
            fixtures,
            contract: ContractChoice {
                edition: self.edition,
                switches: self.set,
            },
            strict: self.strict,
            seed: self.seed,
            clock: self.clock,
            journal_entries: self.journal_entries,
            rate_limit: self.rate_limit,
            steering: !self.no_steering,
            reasons: !self.no_reasons,
            trust_proxy: self.trust_proxy,
            guard: Guard {
                allowed_hosts: self.allow_host,
                token: self.control_token,
            },
            tls: self.tls.into_options(),
            limits: Limits {
                max_connections,
                max_streams,
                max_body: bytes(self.max_body),
                max_control_body: bytes(self.max_control_body),
                max_answer_memory: bytes(self.max_answer_memory),
                max_body_memory: bytes(self.max_body_memory),
                max_organizations: self.max_organizations,
                max_stored: self
                    .max_stored
                    .map_or_else(default_stored, |size| size.as_u64()),
                header_timeout: self.header_timeout,
                body_timeout: self.body_timeout,
            },
        }
    }
}

fn bytes(size: ByteSize) -> usize {
    usize::try_from(size.as_u64()).unwrap_or(usize::MAX)
}

/// Bytes of rows by default: much of the memory that the process may have is needed for other things.
fn default_stored() -> u64 {
    let default = Limits::default().max_stored;
    memory_limit().map_or(default, |limit| default.min(limit / 4))
}

#[cfg(unix)]
fn memory_limit() -> Option<u64> {
    let (limit, _) = rlimit::getrlimit(rlimit::Resource::AS).ok()?;
    Some(limit)
}

#[cfg(not(unix))]
fn memory_limit() -> Option<u64> {
    None
}

/// With fewer open files, the mock would start and have none left for its clients.
pub(super) const LEAST_FILES: usize = 24;

/// How many files the process may have open, after it has asked for as many as all limits together need.
pub(super) fn open_files() -> Option<usize> {
    let limits = Limits::default();
    let wanted = OTHER_FILES + limits.max_connections + limits.max_streams;
    open_file_limit(wanted)
}

/// Files beside connections and streams: the process's own, those of requests that wait for a place, and some more.
const OTHER_FILES: usize = OWN_FILES + WAITING_FILES;
const OWN_FILES: usize = 14;
const WAITING_FILES: usize = 300;

/// Connections and streams by default: what the open files leave for them.
fn default_places(files: Option<usize>) -> (usize, usize) {
    let limits = Limits::default();
    let Some(files) = files else {
        return (limits.max_connections, limits.max_streams);
    };
    let left = files.saturating_sub(OWN_FILES);
    let streams = limits.max_streams.min(left / 4);
    // Some requests wait, whatever the limit.
    let waiting = WAITING_FILES.min(left / 2);
    let connections = left.saturating_sub(streams + waiting).max(1);
    (limits.max_connections.min(connections), streams)
}

#[cfg(unix)]
fn open_file_limit(wanted: usize) -> Option<usize> {
    // This raises no limit that was set for good.
    let limit = rlimit::increase_nofile_limit(u64::try_from(wanted).ok()?).ok()?;
    usize::try_from(limit).ok()
}

#[cfg(not(unix))]
fn open_file_limit(_: usize) -> Option<usize> {
    None
}

impl Flags {
    /// Starts the log as the flags say. Returns the form of the line that each request has, where it has one.
    pub(super) fn start_log(&self, log: &Log) -> Option<Format> {
        let colour = has_colours();
        start_log(log, self.log_format, self.log_level, colour);
        match (self.log_level, self.log_format) {
            (LogLevel::Off | LogLevel::Error | LogLevel::Warn, _) => None,
            (_, LogFormat::Text) => Some(Format::Text { colour }),
            (_, LogFormat::Json) => Some(Format::Json),
        }
    }
}

/// Whether the log is read by a person whose terminal shows colours.
fn has_colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn start_log(log: &Log, format: LogFormat, level: LogLevel, colour: bool) {
    use tracing_subscriber::filter::LevelFilter;
    let level = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_target(false)
        .with_max_level(level)
        .with_ansi(colour);
    match format {
        LogFormat::Text => log.compact().with_timer(Now).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// The time of a line that no request has, as the lines of requests write theirs.
struct Now;

impl FormatTime for Now {
    fn format_time(&self, to: &mut Writer<'_>) -> fmt::Result {
        write!(to, "{}", TimeOfDay(SystemTime::now().into()))
    }
}
