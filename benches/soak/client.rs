//! An HTTP client that tells a broken connection from an answer, and never retries.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::shape::check_refusal;

/// The outcome of a request.
#[derive(Debug)]
pub(crate) enum Got {
    /// An answer, of Tallyfy's shape or the control side's; null where it has no body.
    Answer(u16, Value),
    /// No answer, or half of one: a fault that cuts the connection.
    Broken(io::Error),
}

impl Got {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(status, _) => Some(*status),
            Self::Broken(_) => None,
        }
    }

    /// The body of an answer with that status; anything else is a surprise.
    pub(crate) fn expect(self, wanted: u16) -> Value {
        match self {
            Self::Answer(status, body) if status == wanted => body,
            other => panic!("expected {wanted}, got {other:?}"),
        }
    }
}

/// How long a connection is kept that is not used; the mock keeps it for `--header-timeout`, which is 30 s.
const LONGEST_IDLE: Duration = Duration::from_secs(15);

pub(crate) struct Client {
    address: String,
    connection: Option<BufReader<TcpStream>>,
    answered_at: Instant,
    /// How long each exchange took.
    pub(crate) times: Vec<Duration>,
}

impl Client {
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            connection: None,
            answered_at: Instant::now(),
            times: Vec::new(),
        }
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Got {
        self.ask_with(method, path, "", body)
    }

    /// The same, with header lines of its own.
    pub(crate) fn ask_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<&Value>,
    ) -> Got {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: soak\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let asked_at = Instant::now();
        let exchanged = self.exchange(&request);
        self.times.push(asked_at.elapsed());
        let (status, body) = match exchanged {
            Ok(answered) => answered,
            Err(error) => {
                self.connection = None;
                return Got::Broken(error);
            }
        };
        self.answered_at = Instant::now();
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).expect("answers are JSON")
        };
        if !path.starts_with("/_mock") {
            match status {
                204 => assert!(body.is_null(), "{body}"),
                200 | 201 => assert!(body.get("data").is_some(), "{body}"),
                _ => check_refusal(status, &body),
            }
        }
        Got::Answer(status, body)
    }

    fn exchange(&mut self, request: &str) -> io::Result<(u16, Vec<u8>)> {
        // The mock may be about to close one that was idle for longer.
        let is_fresh = self.answered_at.elapsed() < LONGEST_IDLE;
        let mut connection = if let Some(connection) = self.connection.take().filter(|_| is_fresh) {
            connection
        } else {
            let stream = TcpStream::connect(&self.address).expect("the mock accepts");
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(30)))?;
            BufReader::new(stream)
        };
        connection.get_mut().write_all(request.as_bytes())?;
        let (status, body, closes) = read_head(&mut connection)?;
        let body = match body {
            Length::Bytes(length) => {
                let mut body = vec![0; length];
                connection.read_exact(&mut body)?;
                body
            }
            Length::Pieces => read_pieces(&mut connection)?,
        };
        if !closes {
            self.connection = Some(connection);
        }
        Ok((status, body))
    }
}

/// How a head says where the body ends.
enum Length {
    Bytes(usize),
    Pieces,
}

/// A body that comes piece by piece, each after a line with its length.
fn read_pieces(connection: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        connection.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim_end(), 16);
        let length = length.map_err(|_| io::ErrorKind::InvalidData)?;
        let start = body.len();
        body.resize(start + length + 2, 0);
        connection.read_exact(&mut body[start..])?;
        body.truncate(start + length);
        if length == 0 {
            return Ok(body);
        }
    }
}

/// The status, how long the body is, and whether the connection is over after it.
fn read_head(connection: &mut BufReader<TcpStream>) -> io::Result<(u16, Length, bool)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match connection.read_until(b'\n', &mut head) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "the mock hangs");
                return Err(error);
            }
        }
    }
    let broken = || io::Error::from(io::ErrorKind::InvalidData);
    let head = String::from_utf8(head)
        .map_err(|_| broken())?
        .to_lowercase();
    let status = head
        .strip_prefix("http/1.1 ")
        .and_then(|rest| rest[..3].parse().ok());
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length = value("content-length: ").map_or(0, |length| length.parse().expect("a number"));
    let length = match value("transfer-encoding: ") {
        Some("chunked") => Length::Pieces,
        _ => Length::Bytes(length),
    };
    let closes = value("connection: ") == Some("close");
    Ok((status.ok_or_else(broken)?, length, closes))
}
