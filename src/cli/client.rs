//! Asking a running mock: one request, one answer.

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, StatusCode, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::reachable;

/// Where a mock is to be found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mock {
    /// Its address; loopback where it listens on every one.
    pub(super) address: SocketAddr,
}

impl Mock {
    /// The mock at that host and port; an error where the host has no address.
    pub(super) fn at(host: &str, port: u16) -> io::Result<Self> {
        let address = (host, port).to_socket_addrs()?.next().map(reachable);
        let address = address.ok_or_else(|| io::Error::other("the host has no address"))?;
        Ok(Self { address })
    }

    /// The body of a 200 to `GET path`; an error for any other answer, and for none in that time.
    pub(super) fn get(
        &self,
        path: &str,
        token: Option<&str>,
        timeout: Duration,
    ) -> io::Result<Bytes> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let answered = async { tokio::time::timeout(timeout, self.ask(path, token)).await };
        runtime
            .block_on(answered)
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn ask(&self, path: &str, token: Option<&str>) -> io::Result<Bytes> {
        let tcp = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp))
            .await
            .map_err(io::Error::other)?;
        // What goes wrong on the connection shows in the answer that does not come.
        tokio::spawn(connection);
        let mut request = Request::get(path).header(header::HOST, self.address.to_string());
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(io::Error::other)?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(io::Error::other)?;
        if answer.status() != StatusCode::OK {
            let status = answer.status();
            return Err(io::Error::other(format!("it answered {status}")));
        }
        let body = answer.into_body().collect().await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(io::Error::other)
    }
}
