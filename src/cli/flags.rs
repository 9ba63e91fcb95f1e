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
    drift_report::{DriftReport, drift_report},
    headings::{LIMITS, MISBEHAVIOUR, RECORD, SERVED, SERVING},
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
    ///
    /// Several are read as one. `tallyfy-mock validate` checks them, and `GET /_mock/state` writes one of what a mock holds.
    #[arg(long, env = "TALLYFY_MOCK_FIXTURES", help_heading = SERVED, value_name = "PATH")]
    fixtures: Vec<PathBuf>,
    /// Load the fixtures again when they change on disk
    ///
    /// So an edit is served within a second. A file with mistakes is reported, and the old state stays.
    #[arg(long, env = "TALLYFY_MOCK_WATCH", help_heading = SERVED)]
    pub(super) watch: bool,
    /// Edition of Tallyfy's documentation to follow: `2026-03` or `2025-08` [default: the fixture's, else 2026-03]
    ///
    /// The editions differ in statuses and in names of fields; choose the one that your client was written for.
    #[arg(long, env = "TALLYFY_MOCK_EDITION", help_heading = SERVED, value_parser = edition)]
    edition: Option<Edition>,
    /// Set one switch of the contract; repeatable
    ///
    /// For a point on which the documentation disagrees with itself, such as `delete_reply=deleted_group`. A wrong switch is refused with the list of all.
    #[arg(long, env = "TALLYFY_MOCK_SET", help_heading = SERVED, value_name = "KEY=VALUE", value_delimiter = ',', value_parser = switch)]
    set: Vec<Switch>,
    /// Close what the fixture leaves open; needs a fixture that declares tokens
    ///
    /// Then only declared tokens, organizations and members exist, so that a test notices a wrong one.
    #[arg(long, env = "TALLYFY_MOCK_STRICT", help_heading = SERVED)]
    strict: bool,
    /// Seed of ids, drawn delays and probabilities: the same at every run [default: none, they are random]
    ///
    /// For tests that compare ids, or that draw faults at random and have to repeat.
    #[arg(long, env = "TALLYFY_MOCK_SEED", help_heading = SERVED, value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    /// Time at which the clock stands still, such as `2026-01-01T00:00:00Z` [default: the machine's time]
    ///
    /// With `--seed`, the same requests then get the same bytes. `/_mock/clock` moves it on, for tokens that expire.
    #[arg(long, env = "TALLYFY_MOCK_CLOCK", help_heading = SERVED, value_name = "TIME", value_parser = time)]
    clock: Option<DateTime<Utc>>,
    /// Requests that a token may send to an organization, such as `600/60s` [default: any number]
    ///
    /// Further ones are 429 with `Retry-After`, which shows whether a client waits as long as it is told.
    #[arg(long, env = "TALLYFY_MOCK_RATE_LIMIT", help_heading = MISBEHAVIOUR, value_name = "N/DURATION", value_parser = rate_limit)]
    rate_limit: Option<RateLimit>,
    /// Ignore headers and parameters that ask for a failure, such as `Prefer: code=503`
    ///
    /// For clients that send `Prefer` for reasons of their own. Rules at `/_mock/faults` still apply.
    #[arg(long, env = "TALLYFY_MOCK_NO_STEERING", help_heading = MISBEHAVIOUR)]
    no_steering: bool,
    /// Make links as a proxy's `Forwarded` or `X-Forwarded-*` say
    ///
    /// For a mock behind a proxy: the links to other pages then lead back through the proxy.
    #[arg(long, env = "TALLYFY_MOCK_TRUST_PROXY", help_heading = SERVING)]
    trust_proxy: bool,
    /// Host by which the control endpoints may be called, beside this machine's own names; repeatable
    ///
    /// For a mock that is called by a name with a dot. Other names are refused, as a web page could be behind them.
    #[arg(
        long,
        env = "TALLYFY_MOCK_ALLOW_HOST", help_heading = SERVING,
        value_name = "HOST",
        value_delimiter = ','
    )]
    allow_host: Vec<String>,
    /// Token that the control endpoints demand
    ///
    /// As `Authorization: Bearer`. For a mock on a network that others use too.
    #[arg(
        long,
        env = "TALLYFY_MOCK_CONTROL_TOKEN", help_heading = SERVING,
        value_name = "TOKEN",
        hide_env_values = true
    )]
    control_token: Option<String>,
    /// Requests remembered for each organization; 0 remembers none
    ///
    /// `/_mock/requests` shows them, and `verify` asserts on them.
    #[arg(long, env = "TALLYFY_MOCK_JOURNAL_ENTRIES", help_heading = RECORD, value_name = "N", default_value_t = Config::default().journal_entries, value_parser = whole_number)]
    journal_entries: usize,
    /// Report that `tallyfy-mock drift` wrote, for `/_mock/coverage` to tell of; repeatable
    ///
    /// Then the page says, of each operation, when and with which host it last agreed.
    #[arg(long, env = "TALLYFY_MOCK_DRIFT_REPORT", help_heading = RECORD, value_name = "FILE", value_parser = drift_report)]
    drift_report: Vec<DriftReport>,
    /// Leave out the header `X-Tallyfy-Mock-Reason`, which says on each refusal why
    ///
    /// For tests that compare all headers. The log has the reason all the same.
    #[arg(long, env = "TALLYFY_MOCK_NO_REASONS", help_heading = RECORD)]
    no_reasons: bool,
    /// Form of the log: for a person, or one JSON object a line
    ///
    /// `text` has colours on a terminal, unless `NO_COLOR` is set.
    #[arg(
        long,
        env = "TALLYFY_MOCK_LOG_FORMAT", help_heading = RECORD,
        value_name = "FORMAT",
        default_value = "text",
        ignore_case = true
    )]
    pub(super) log_format: LogFormat,
    /// What is logged; `warn` leaves out requests, `off` everything
    #[arg(
        long,
        env = "TALLYFY_MOCK_LOG_LEVEL", help_heading = RECORD,
        value_name = "LEVEL",
        default_value = "info",
        ignore_case = true
    )]
    pub(super) log_level: LogLevel,
    /// Connections served at a time; more wait [default: 1024, or what the open-file limit leaves]
    ///
    /// A low one shows how a client fares when it has to wait.
    #[arg(long, env = "TALLYFY_MOCK_MAX_CONNECTIONS", help_heading = LIMITS, value_name = "N", value_parser = at_least_one)]
    max_connections: Option<usize>,
    /// Streams of events open at a time; more are refused [default: 64, or what the open-file limit leaves]
    ///
    /// They take no place of `--max-connections`, so that watchers keep nobody out.
    #[arg(long, env = "TALLYFY_MOCK_MAX_STREAMS", help_heading = LIMITS, value_name = "N", value_parser = whole_number)]
    max_streams: Option<usize>,
    /// Longest body of a request
    ///
    /// A longer one is 413.
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_BODY", help_heading = LIMITS,
        value_name = "SIZE",
        default_value = "1MiB", value_parser = size
    )]
    max_body: ByteSize,
    /// Memory for all answers together; where it is used up, an answer waits 10 s for it, and is then 503
    ///
    /// Clients that read slowly then cannot fill the memory.
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_ANSWER_MEMORY", help_heading = LIMITS,
        value_name = "SIZE",
        default_value = "256MiB", value_parser = size
    )]
    max_answer_memory: ByteSize,
    /// Memory for the bodies of all requests together while they are read; likewise
    ///
    /// Many large bodies at once then cannot fill the memory.
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_BODY_MEMORY", help_heading = LIMITS,
        value_name = "SIZE",
        default_value = "512MiB", value_parser = size
    )]
    max_body_memory: ByteSize,
    /// Longest body of a control request
    ///
    /// As long as the largest fixture that is put in while the mock runs.
    #[arg(
        long,
        env = "TALLYFY_MOCK_MAX_CONTROL_BODY", help_heading = LIMITS,
        value_name = "SIZE",
        default_value = "256MiB", value_parser = size
    )]
    max_control_body: ByteSize,
    /// Organizations stored at most
    ///
    /// A write to one more is 503, so that made-up ids do not fill the memory.
    #[arg(long, env = "TALLYFY_MOCK_MAX_ORGANIZATIONS", help_heading = LIMITS, value_name = "N", default_value_t = Limits::default().max_organizations, value_parser = whole_number)]
    max_organizations: usize,
    /// Memory for the rows of all organizations; a create beyond it is 503, a seed 507
    ///
    /// A loop that creates without end is then noticed before the machine is.
    #[arg(long, env = "TALLYFY_MOCK_MAX_STORED", help_heading = LIMITS, value_name = "SIZE", value_parser = size)]
    max_stored: Option<ByteSize>,
    /// Time for the head of a request; also how long an idle connection is kept
    ///
    /// A short one shows whether a client copes with connections that are closed while idle.
    #[arg(long, env = "TALLYFY_MOCK_HEADER_TIMEOUT", help_heading = LIMITS, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    header_timeout: Duration,
    /// Time for the body of a request
    ///
    /// A slower one is 408.
    #[arg(long, env = "TALLYFY_MOCK_BODY_TIMEOUT", help_heading = LIMITS, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    body_timeout: Duration,
    /// Threads that serve [default: one a core]
    ///
    /// Fewer leave cores to the tests that run beside it.
    #[arg(long, env = "TALLYFY_MOCK_WORKERS", help_heading = SERVING, value_name = "N", value_parser = at_least_one)]
    pub(super) workers: Option<usize>,
    #[command(flatten)]
    pub(super) tls: TlsFlags,
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
            agreed: self.drift_report.into_iter().flat_map(|it| it.0).collect(),
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
