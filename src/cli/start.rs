//! What `serve` and `exec` have in common: the log, and a mock that is about to serve.

use std::{
    net::{SocketAddr, TcpListener},
    num::NonZeroUsize,
    process::ExitCode,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use tokio::runtime::Runtime;

use super::{
    address::reachable,
    environment::Environment,
    flags::{Flags, LEAST_FILES, open_files},
    log::Log,
    reload::Reloader,
    say::{FAILED, USAGE, fail},
    validate::summary,
    watch::Watch,
};
use crate::{
    config::Config,
    fixture::{Fixture, Found, Sources},
    http::App,
    request_log::{Format, RequestLog},
    server::{self, Tls},
    state::{AppState, StartError, Totals},
    tenant::Time,
};

/// A log that runs, and what it takes to start a mock.
pub(super) struct Begun {
    pub(super) log: Log,
    /// The form of the line that each request has.
    pub(super) line: Option<Format>,
    pub(super) files: Option<usize>,
}

/// Starts the log, where there is anything to be started; else the end of the process.
pub(super) fn begin(flags: &Flags, environment: &Environment) -> Result<Begun, ExitCode> {
    if let Some(flag) = flags.tls.in_vain() {
        let message = format!("`{flag}` says nothing without `--tls`");
        return Err(fail(&environment.in_its_words(&message), USAGE));
    }
    let files = open_files();
    if let Some(files) = files.filter(|files| *files < LEAST_FILES) {
        let message = format!(
            "{files} open files are too few for a mock; it needs {LEAST_FILES}, and `ulimit -n` sets them"
        );
        return Err(fail(&message, FAILED));
    }
    let log =
        Log::start().map_err(|error| fail(&StartError::Runtime(error).to_string(), FAILED))?;
    let line = flags.start_log(&log);
    for warning in &environment.warnings {
        tracing::warn!("{warning}");
    }
    Ok(Begun { log, line, files })
}

/// Why it does not start, in the words of whoever set variables.
pub(super) fn message(error: &StartError, environment: &Environment) -> String {
    match (error, environment.origin("--fixtures")) {
        (StartError::Fixture(error), Some(variable)) => format!("{variable}: {error}"),
        _ => environment.in_its_words(&error.to_string()),
    }
}

/// A mock that listens and does not serve yet.
pub(super) struct Starting {
    pub(super) runtime: Runtime,
    pub(super) listeners: Vec<TcpListener>,
    /// Where clients reach it.
    pub(super) address: SocketAddr,
    #[cfg_attr(
        not(feature = "tls"),
        expect(dead_code, reason = "only `exec` looks at it, which needs TLS")
    )]
    pub(super) state: Arc<AppState>,
    pub(super) app: App,
    pub(super) tls: Option<Tls>,
    pub(super) reloader: Arc<Reloader>,
    /// What was loaded, in words.
    pub(super) loaded: String,
}

impl Starting {
    /// Loads the fixtures and listens. The fixtures are shown to `look` before they are taken over.
    pub(super) fn prepare(
        config: &Config,
        workers: Option<usize>,
        watch: bool,
        request_log: Option<RequestLog>,
        totals: Option<Arc<Totals>>,
        look: impl FnOnce(&Fixture, DateTime<Utc>, SocketAddr),
    ) -> Result<Self, StartError> {
        // The first look comes before the reading, so that no change falls between them.
        let watching = watch.then(|| Watch::new(&config.fixtures));
        let mut sources = Sources::new(config.fixtures.clone());
        if watch {
            sources = sources.awaiting();
        }
        let found = sources.read();
        let fixture = found.fixture_or_demo()?;
        let (source, fingerprint) = (source(&sources, &found), found.fingerprint());
        drop(found);
        for path in sources.awaited() {
            let path = path.display();
            tracing::warn!("{path}: there is no fixture yet; it is loaded as soon as there is");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers.unwrap_or_else(cores))
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let (listeners, address) = server::listen(config)?;
        let address = reachable(address);
        let summary = summary(&fixture);
        look(&fixture, Time::starting(config.clock).read().now, address);
        let mut state = AppState::new(config, fixture, address.to_string())?;
        state.request_log = request_log;
        state.totals = totals;
        let tls = config.tls.as_ref();
        let tls = tls.map(|options| Tls::start(&state.hosts, options));
        let tls = tls.transpose()?;
        state.ca_pem = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
        let loaded = format!("{summary} from {source}, edition {}", state.edition.name());
        let state = Arc::new(state);
        let reloader = Reloader::new(Arc::clone(&state), sources, fingerprint);
        let reloader = Arc::new(reloader);
        if let Some(watch) = watching {
            let watched = watch.start(Arc::clone(&reloader));
            watched.map_err(StartError::Runtime)?;
        }
        Ok(Self {
            runtime,
            listeners,
            address,
            app: App::new(Arc::clone(&state)),
            state,
            tls,
            reloader,
            loaded,
        })
    }
}

/// Counted here, as tokio would look into a variable of its own and panic at a bad one.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Where the fixtures come from, in words.
fn source(sources: &Sources, found: &Found) -> String {
    if found.is_empty() {
        return "the built-in demo".to_owned();
    }
    let paths: Vec<_> = sources
        .present()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}
