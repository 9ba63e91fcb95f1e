//! [`TallyfyMock`]: a mock inside a test, on a thread of its own.

mod fault;
mod org;
mod verify;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, thread};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::oneshot;

use self::org::unwrap;
pub use self::{fault::FaultBuilder, org::Org, verify::Verification};
use crate::{
    config::Config,
    domain::{
        contract::{ContractError, Edition, Switch},
        id::OrgId,
    },
    fixture::{self, Fixture},
    http::App,
    server,
    state::{AppState, StartError},
    tenant::Scopes,
};

/// A running mock. Dropping it stops it.
///
/// It lives on its own thread with its own event loop, so that it works in a plain `#[test]` with a
/// blocking client as well as under any async runtime; two mocks in one process know nothing of each other.
///
/// ```
/// let tallyfy = tallyfy_mock::TallyfyMock::start();
/// assert!(tallyfy.uri().starts_with("http://127.0.0.1:"));
/// ```
#[must_use = "a mock stops as soon as it is dropped: bind it to a name"]
#[derive(Debug)]
pub struct TallyfyMock {
    app: Arc<AppState>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl TallyfyMock {
    /// Starts an empty mock on a free port of 127.0.0.1: every organization exists as soon as it is named.
    ///
    /// The port is bound when this returns.
    ///
    /// # Panics
    ///
    /// Where it cannot start; [`TallyfyMock::try_start`] returns the error instead.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// As [`TallyfyMock::start`], with the error returned.
    pub fn try_start() -> Result<Self, StartError> {
        Self::builder().try_start()
    }

    /// A mock that starts with something in it, or answers otherwise than by default.
    pub fn builder() -> Builder {
        Builder {
            config: Config {
                port: 0,
                ..Config::default()
            },
            fixture: Source::Empty,
            mistake: None,
        }
    }

    /// The base to give to a client, without `/api` and without a slash at its end: `http://127.0.0.1:49152`.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One of its organizations.
    ///
    /// # Panics
    ///
    /// Where the text cannot be an organization's id: 1 to 255 letters, digits, `-` or `_`.
    pub fn org(&self, id: &str) -> Org<'_> {
        let Some(id) = OrgId::parse(id) else {
            panic!("`{id}` cannot be an organization's id: 1 to 255 letters, digits, `-` or `_`")
        };
        Org { app: &self.app, id }
    }

    /// Adds what a fixture describes to what is there; the same id replaces.
    ///
    /// # Panics
    ///
    /// Where it has mistakes, with every one of them; nothing is added then.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a test hands over a `json!` that nobody else needs"
    )]
    pub fn seed(&self, fixture: Value) {
        unwrap(
            self.app.seed(None, fixture.to_string().as_bytes()),
            "the seed is refused",
        );
    }

    /// A rule by which requests to any organization fail; in force once the builder is dropped, or `times` is called.
    pub fn fault(&self, id: &str) -> FaultBuilder<'_> {
        FaultBuilder::new(&self.app, None, id)
    }

    /// Goes back to the start: fixtures, faults, clocks, limits and the record of requests.
    pub fn reset(&self) {
        unwrap(self.app.reset(None, Scopes::ALL), "the reset is refused");
    }
}

impl Drop for TallyfyMock {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Where the thread is gone already, there is nothing to stop.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// How a mock is to start; made by [`TallyfyMock::builder`].
#[derive(Debug)]
#[must_use = "nothing runs until `start`"]
pub struct Builder {
    config: Config,
    fixture: Source,
    mistake: Option<ContractError>,
}

#[derive(Debug)]
enum Source {
    Empty,
    Json(Value),
    Demo,
    Files,
}

impl Builder {
    /// Starts with what a fixture declares: the JSON of a seed file.
    pub fn fixture(mut self, fixture: Value) -> Self {
        self.fixture = Source::Json(fixture);
        self
    }

    /// Starts with the fixtures at a path: a file, or a folder of `*.json`. Given twice, both are loaded.
    pub fn fixtures_at(mut self, path: impl Into<PathBuf>) -> Self {
        self.config.fixtures.push(path.into());
        self.fixture = Source::Files;
        self
    }

    /// Starts with the built-in demo: the organizations `northwind` and `globex`.
    pub fn demo(mut self) -> Self {
        self.fixture = Source::Demo;
        self
    }

    /// Serves an edition of Tallyfy's documentation: `2026-03` (the default) or `2025-08`.
    pub fn edition(mut self, edition: &str) -> Self {
        match edition.parse::<Edition>() {
            Ok(edition) => self.config.contract.edition = Some(edition),
            Err(error) => self.mistake = self.mistake.or(Some(error)),
        }
        self
    }

    /// Sets one switch of the contract, such as `set("update_status", "200")`.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        match Switch::new(key, value) {
            Ok(switch) => self.config.contract.switches.push(switch),
            Err(error) => self.mistake = self.mistake.or(Some(error)),
        }
        self
    }

    /// Closes what the fixture leaves open.
    pub fn strict(mut self) -> Self {
        self.config.strict = true;
        self
    }

    /// Makes the same ids at every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Stops the clock at that time.
    pub fn clock(mut self, at: DateTime<Utc>) -> Self {
        self.config.clock = Some(at);
        self
    }

    /// Starts the mock.
    ///
    /// # Panics
    ///
    /// Where it cannot start; [`Builder::try_start`] returns the error instead.
    pub fn start(self) -> TallyfyMock {
        match self.try_start() {
            Ok(mock) => mock,
            Err(error) => panic!("tallyfy-mock does not start: {error}"),
        }
    }

    /// Starts the mock, or says why it does not.
    pub fn try_start(self) -> Result<TallyfyMock, StartError> {
        if let Some(mistake) = self.mistake {
            return Err(mistake.into());
        }
        let fixture = match self.fixture {
            Source::Empty => Fixture::default(),
            Source::Json(json) => Fixture::parse(json.to_string().as_bytes())?,
            Source::Demo => Fixture::demo(),
            Source::Files => fixture::load(&self.config.fixtures)?,
        };
        let (listener, address) = server::listen(&self.config)?;
        let state = AppState::new(&self.config, fixture, address.to_string())?;
        let state = Arc::new(state);
        let app = App::new(Arc::clone(&state));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Runtime)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = async move {
            // Nobody waits for a dropped mock: what is under way ends with it.
            tokio::select! {
                _ = stopped => {}
                _ = server::serve(listener, app, self.config.limits, std::future::pending()) => {}
            }
        };
        let thread = thread::Builder::new()
            .name("tallyfy-mock".into())
            .spawn(move || runtime.block_on(serve));
        Ok(TallyfyMock {
            app: state,
            address,
            stop: Some(stop),
            thread: Some(thread.map_err(StartError::Runtime)?),
        })
    }
}
