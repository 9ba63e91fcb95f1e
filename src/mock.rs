//! The library's public API: [`TallyfyMock`], a mock on a thread of its own, and what a test does to it.

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
    server::{self, Tls},
    state::{AppState, StartError},
    tenant::Scopes,
};

/// A running mock. Dropping it stops it.
///
/// It has a thread and an event loop of its own, so that it works in a plain `#[test]` with a blocking client
/// as well as under any async runtime. Mocks in one process share nothing.
///
/// ```
/// use tallyfy_mock::{Operation, TallyfyMock};
///
/// let tallyfy = TallyfyMock::start();
/// let url = format!("{}/api/organizations/acme/groups", tallyfy.uri());
/// let client = reqwest::blocking::Client::new();
/// let list = client.get(url).bearer_auth("any-token").header("X-Tallyfy-Client", "APIClient");
/// assert_eq!(list.send()?.status(), 200);
///
/// tallyfy.org("acme").verify(Operation::ListGroups).times(1);
/// # Ok::<(), reqwest::Error>(())
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
    /// Starts an empty mock on a free port of 127.0.0.1, in which every organization exists as soon as it is named.
    ///
    /// The port is bound when this returns.
    ///
    /// # Panics
    ///
    /// If it cannot start; [`TallyfyMock::try_start`] returns the error instead.
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// As [`TallyfyMock::start`], with the error returned.
    pub fn try_start() -> Result<Self, StartError> {
        Self::builder().try_start()
    }

    /// Configures a mock: its data, its edition of the API, its clock.
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

    /// The base URL, without `/api` and without a trailing slash, such as `http://127.0.0.1:49152`.
    pub fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The certificate that clients have to trust, as PEM, where the mock was started with [`Builder::tls`]. Its key is gone
    /// by the time this returns, so that nobody can sign anything else with it.
    #[cfg(feature = "tls")]
    pub fn ca_pem(&self) -> Option<&str> {
        self.app.ca_pem.as_deref()
    }

    /// One of its organizations, whether or not it exists yet.
    ///
    /// # Panics
    ///
    /// If the text cannot be an organization's id: 1 to 255 letters, digits, `-` or `_`.
    pub fn org(&self, id: &str) -> Org<'_> {
        let Some(id) = OrgId::parse(id) else {
            panic!("`{id}` cannot be an organization's id: 1 to 255 letters, digits, `-` or `_`")
        };
        Org { app: &self.app, id }
    }

    /// Adds a fixture's rows to the stored ones; a row of the same id is replaced.
    ///
    /// ```
    /// # use serde_json::json;
    /// let tallyfy = tallyfy_mock::TallyfyMock::start();
    /// tallyfy.seed(json!({ "version": 1, "organizations": [
    ///     { "id": "acme", "groups": [{ "name": "Sales" }] },
    ///     { "id": "globex", "groups": [{ "name": "Support" }] },
    /// ] }));
    /// assert_eq!(tallyfy.org("globex").state()["groups"][0]["name"], "Support");
    /// ```
    ///
    /// # Panics
    ///
    /// If the fixture has mistakes, with every one of them; nothing is added then.
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

    /// Begins a rule by which requests to any organization fail. The rule is in force once the builder is dropped, or
    /// `times` or `always` is called.
    pub fn fault(&self, id: &str) -> FaultBuilder<'_> {
        FaultBuilder::new(&self.app, None, id)
    }

    /// Resets everything to the start: rows, faults, clocks, rate limits and the journal.
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

/// The configuration of a mock, made by [`TallyfyMock::builder`].
///
/// ```
/// use serde_json::json;
/// use tallyfy_mock::TallyfyMock;
///
/// let tallyfy = TallyfyMock::builder()
///     .fixture(json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [{ "name": "Sales" }] }] }))
///     .edition("2025-08") // the API as documented in August 2025
///     .set("delete_reply", "no_content") // but for this
///     .seed(1)
///     .clock("2026-01-01T00:00:00Z".parse().unwrap())
///     .start();
/// let group = &tallyfy.org("acme").state()["groups"][0];
/// assert_eq!(group["created_at"], "2026-01-01T00:00:00.000000Z");
/// ```
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
    /// Starts with a fixture, the JSON of a seed file.
    pub fn fixture(mut self, fixture: Value) -> Self {
        self.fixture = Source::Json(fixture);
        self
    }

    /// Starts with the fixtures at a path: a file, or a folder of `*.json`. Several calls load several paths.
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

    /// Follows an edition of Tallyfy's documentation: `2026-03` (the default) or `2025-08`. An unknown one is an error of
    /// the start.
    pub fn edition(mut self, edition: &str) -> Self {
        match edition.parse::<Edition>() {
            Ok(edition) => self.config.contract.edition = Some(edition),
            Err(error) => self.mistake = self.mistake.or(Some(error)),
        }
        self
    }

    /// Sets one switch of the contract, such as `set("update_status", "200")`. An unknown one is an error of the start.
    pub fn set(mut self, key: &str, value: &str) -> Self {
        match Switch::new(key, value) {
            Ok(switch) => self.config.contract.switches.push(switch),
            Err(error) => self.mistake = self.mistake.or(Some(error)),
        }
        self
    }

    /// Closes what the fixture leaves open: only declared tokens, organizations and members exist.
    pub fn strict(mut self) -> Self {
        self.config.strict = true;
        self
    }

    /// Generates the same ids at every run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.config.seed = Some(seed);
        self
    }

    /// Freezes the clock at that time.
    pub fn clock(mut self, at: DateTime<Utc>) -> Self {
        self.config.clock = Some(at);
        self
    }

    /// Speaks TLS too, on the same port and in the place of `go.tallyfy.com` and its sisters: to clients that have the mock
    /// for their `HTTPS_PROXY`, and trust the certificate of [`TallyfyMock::ca_pem`].
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Self {
        self.config.tls = Some(crate::config::TlsOptions::default());
        self
    }

    /// Starts the mock.
    ///
    /// # Panics
    ///
    /// If it cannot start; [`Builder::try_start`] returns the error instead.
    pub fn start(self) -> TallyfyMock {
        match self.try_start() {
            Ok(mock) => mock,
            Err(error) => panic!("tallyfy-mock does not start: {error}"),
        }
    }

    /// Starts the mock, or returns why it cannot start.
    ///
    /// ```
    /// # use serde_json::json;
    /// let fixture = json!({ "version": 1, "organisations": [] });
    /// let error = tallyfy_mock::TallyfyMock::builder().fixture(fixture).try_start().unwrap_err();
    /// assert_eq!(error.to_string(), "organisations: unknown key; did you mean `organizations`?");
    /// ```
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
        let mut state = AppState::new(&self.config, fixture, address.to_string())?;
        let tls = self.config.tls.as_ref();
        let tls = tls.map(|options| Tls::start(&state.hosts, options));
        let tls = tls.transpose()?;
        state.ca_pem = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
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
                _ = server::serve(listener, app, self.config.limits, tls, std::future::pending()) => {}
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
