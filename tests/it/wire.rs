//! [`Connection`]: a client that writes its own bytes; [`Served`]: a mock with limits of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use tallyfy_mock::{
    config::{Config, Limits},
    fixture::Fixture,
    http::App,
    server::{self, Tls},
    state::AppState,
};
use tokio::sync::oneshot;

const HEADERS: &str = "Host: mock\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: APIClient\r\n";

/// A timeout longer than anything takes that does not hang.
const FOR_EVER: Duration = Duration::from_secs(30);

/// A list of the organization `acme`, or what is under it.
pub(crate) fn get(path: &str) -> String {
    format!("GET /api/organizations/acme{path} HTTP/1.1\r\n{HEADERS}\r\n")
}

/// A create in the organization `acme`.
pub(crate) fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /api/organizations/acme/groups HTTP/1.1\r\n{HEADERS}Content-Type: application/json\r\n{headers}\r\n{body}"
    )
}

/// A request whose head never ends.
pub(crate) const HALF_A_HEAD: &str =
    "GET /api/organizations/acme/groups HTTP/1.1\r\nHost: mock\r\nX-Slow: ";

/// A create whose body never ends.
pub(crate) fn half_a_body() -> String {
    post("Content-Length: 100\r\n", r#"{"name":"#)
}

/// The next client, which must be answered.
pub(crate) fn next_is_answered(uri: &str) {
    let mut next = Connection::to(uri);
    next.send(get("/groups"));
    assert_eq!(next.status(), "http/1.1 200 ok");
}

/// A connection that is read answer by answer. Reading fails where nothing comes for half a minute.
pub(crate) struct Connection<S = TcpStream>(pub(crate) BufReader<S>);

impl Connection {
    pub(crate) fn to(uri: &str) -> Self {
        let address = uri.strip_prefix("http://").unwrap();
        Self::over(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(FOR_EVER)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Whether nothing has come for so long.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        self.0.get_ref().set_read_timeout(Some(time)).unwrap();
        let silent = self.0.fill_buf().err().is_some_and(|e| is_silence(&e));
        self.0.get_ref().set_read_timeout(Some(FOR_EVER)).unwrap();
        silent
    }
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends as much as the server takes: after a refusal it may close before the last byte.
    pub(crate) fn send_what_is_taken(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.get_mut().write_all(bytes.as_ref());
    }

    /// The next answer: its head, and its body.
    pub(crate) fn answer(&mut self) -> (String, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(
                self.0.read_line(&mut head).unwrap(),
                0,
                "the connection ended after `{head}`"
            );
        }
        let head = head.to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |n| n.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, String::from_utf8(body).unwrap())
    }

    pub(crate) fn status(&mut self) -> String {
        self.answer().0.lines().next().unwrap().to_owned()
    }

    pub(crate) fn is_closed(&mut self) -> bool {
        match self.0.read(&mut [0]) {
            Ok(n) => n == 0,
            Err(error) => !is_silence(&error),
        }
    }

    /// Reads until the server closes, which it has to.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let mut piece = [0; 4096];
        loop {
            match self.0.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => rest.extend_from_slice(&piece[..n]),
                Err(error) => {
                    assert!(!is_silence(&error), "the connection hangs");
                    break;
                }
            }
        }
        String::from_utf8_lossy(&rest).into_owned()
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut)
}

/// A mock with limits of its own, on a thread of its own. Dropping it stops it.
pub(crate) struct Served {
    pub(crate) uri: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// A mock that listens and does not serve yet.
pub(crate) struct Listening {
    pub(crate) uri: String,
    listeners: Vec<TcpListener>,
    limits: Limits,
    tls: Option<Tls>,
    app: App,
}

impl Listening {
    pub(crate) fn with(limits: Limits) -> Self {
        Self::configured(Config {
            limits,
            ..Config::default()
        })
    }

    pub(crate) fn configured(config: Config) -> Self {
        let config = Config { port: 0, ..config };
        let (listeners, address) = server::listen(&config).unwrap();
        let mut state = AppState::new(&config, Fixture::default(), address.to_string()).unwrap();
        let tls = config.tls.as_ref();
        let tls = tls.map(|options| Tls::start(&state.hosts, options).unwrap());
        state.ca_pem = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
        Self {
            uri: format!("http://{address}"),
            listeners,
            limits: config.limits,
            tls,
            app: App::new(Arc::new(state)),
        }
    }

    pub(crate) fn serve(self) -> Served {
        let (listeners, app, limits, tls) = (self.listeners, self.app, self.limits, self.tls);
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let serve = async move {
            tokio::select! {
                _ = stopped => {}
                _ = server::serve(listeners, app, limits, tls, std::future::pending()) => {}
            }
        };
        Served {
            uri: self.uri,
            stop: Some(stop),
            thread: Some(thread::spawn(move || runtime.block_on(serve))),
        }
    }
}

impl Served {
    pub(crate) fn with(limits: Limits) -> Self {
        Listening::with(limits).serve()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.thread.take().unwrap().join().unwrap();
    }
}
