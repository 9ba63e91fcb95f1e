//! A minimal HTTP client for a running mock: one request, one answer.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use super::address::Address;

/// Upper bound on an answer, as the server may be any.
const SHORT: usize = 64 * 1024;

/// A mock that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mock {
    /// Its address; loopback if it listens on every address.
    pub(super) address: SocketAddr,
}

impl Mock {
    /// Connects to the mock at an address; any other server is an error that says so.
    pub(super) fn find(address: &Address, timeout: Duration) -> io::Result<Self> {
        let addresses = address.dialled()?;
        within(timeout, async {
            let (tcp, address) = connect(&addresses).await?;
            let (status, body) = ask(tcp, address, "/_mock/health", None, SHORT).await?;
            let health: Value = serde_json::from_slice(&body).unwrap_or_default();
            if status == StatusCode::OK && health["name"] == env!("CARGO_PKG_NAME") {
                return Ok(Self { address });
            }
            let what = format!("it answers `GET /_mock/health` with {status}");
            let what = if status == StatusCode::OK {
                format!("{what}, but not as a mock does")
            } else {
                what
            };
            Err(another(&what))
        })
    }

    /// The body of a 200 to `GET path`; any other answer is an error, as is none within the time.
    pub(super) fn get(
        &self,
        path: &str,
        token: Option<&str>,
        timeout: Duration,
    ) -> io::Result<Bytes> {
        within(timeout, async {
            let (tcp, address) = connect(&[self.address]).await?;
            let (status, body) = ask(tcp, address, path, token, usize::MAX).await?;
            if status != StatusCode::OK {
                return Err(io::Error::other(format!("it answered {status}")));
            }
            Ok(body)
        })
    }
}

fn another(what: &str) -> io::Error {
    io::Error::other(format!("another server is there: {what}"))
}

/// Blocks on a future, up to a time.
fn within<T>(timeout: Duration, asked: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answered = async { tokio::time::timeout(timeout, asked).await };
    runtime
        .block_on(answered)
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Connects to the first of the addresses that accepts; otherwise returns the first error.
async fn connect(addresses: &[SocketAddr]) -> io::Result<(TcpStream, SocketAddr)> {
    let mut refused = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            // If nobody listens, the system may pick that very port for the connection and connect it to itself.
            Ok(tcp) if tcp.local_addr()? == *address => {
                refused = refused.or(Some(io::ErrorKind::ConnectionRefused.into()));
            }
            Ok(tcp) => return Ok((tcp, *address)),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(refused.unwrap_or_else(|| io::Error::other("the host has no address")))
}

async fn ask(
    tcp: TcpStream,
    address: SocketAddr,
    path: &str,
    token: Option<&str>,
    longest: usize,
) -> io::Result<(StatusCode, Bytes)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(tcp))
        .await
        .map_err(io::Error::other)?;
    // An error of the connection shows as a missing answer.
    tokio::spawn(connection);
    let mut request = Request::get(path).header(header::HOST, address.to_string());
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(io::Error::other)?;
    let answer = sender.send_request(request).await.map_err(|error| {
        if error.is_parse() {
            another("what it says is not HTTP")
        } else {
            io::Error::other(error)
        }
    })?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), longest).collect().await;
    let body = body.map_err(|_| another("its answer does not end as a mock's does"))?;
    Ok((status, body.to_bytes()))
}
