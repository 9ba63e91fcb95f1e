//! The server: takes listeners and a stop signal, serves, then drains. It has the only accept loop.

mod connection;
mod notices;
mod places;
mod stream;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "server/no_tls.rs"]
mod tls;

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use socket2::SockRef;
use tokio::{net::TcpStream, sync::mpsc, time};

pub use self::tls::Tls;
use self::{connection::Connection, notices::Notices, places::Places};
use crate::{
    config::{Config, Limits},
    http::App,
    state::StartError,
};

/// The time for requests under way once the server is told to stop.
const DRAIN: Duration = Duration::from_millis(4500);

/// The name of both loopback addresses, `127.0.0.1` and `::1`.
pub const LOCALHOST: &str = "localhost";

/// The listen backlog. A connection beyond it is retried by its client's system after a second. The system may cap it
/// (`net.core.somaxconn` of Linux).
const BACKLOG: i32 = 4096;

/// Attempts to find a port that is free on both loopback addresses.
const TRIES: usize = 100;

/// Binds sockets to the configured host and port; returns them with the address for clients. Clients may connect at once, and wait
/// until they are served.
///
/// `localhost` is both loopback addresses on one port, as clients resolve it to either. If `::1` cannot be bound, that is a warning. Any
/// other host is one socket.
pub fn listen(config: &Config) -> Result<(Vec<TcpListener>, SocketAddr), StartError> {
    let (host, port) = (config.host.as_str(), config.port);
    let listeners = if host == LOCALHOST {
        on_loopback(port)
    } else {
        bound(host, port).map(|listener| vec![listener])
    };
    let with_address = listeners.and_then(|listeners| {
        for listener in &listeners {
            listener.set_nonblocking(true)?;
            // The standard library listens with a backlog of 128. Listening again changes that.
            SockRef::from(listener).listen(BACKLOG)?;
        }
        let address = listeners[0].local_addr()?;
        Ok((listeners, address))
    });
    with_address.map_err(|source| StartError::Listen {
        host: match host {
            LOCALHOST => Ipv4Addr::LOCALHOST.to_string(),
            ip if ip.contains(':') => format!("[{ip}]"),
            other => other.to_owned(),
        },
        port,
        source,
    })
}

fn bound(host: &str, port: u16) -> io::Result<TcpListener> {
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    TcpListener::bind(addresses.as_slice())
}

/// Binds `127.0.0.1`, and `::1` on the same port.
fn on_loopback(port: u16) -> io::Result<Vec<TcpListener>> {
    // Kept open while others are tried, so that the system does not assign the same port again.
    let mut passed_over = Vec::new();
    for _ in 0..TRIES {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        let taken = v4.local_addr()?.port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, taken)) {
            Ok(v6) => return Ok(vec![v4, v6]),
            Err(error) if port == 0 && error.kind() == io::ErrorKind::AddrInUse => {
                passed_over.push(v4);
            }
            Err(error) => {
                tracing::warn!(%error, "cannot listen on [::1]:{taken}, only on 127.0.0.1:{taken}");
                return Ok(vec![v4]);
            }
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AddrInUse,
        "no port was free at both 127.0.0.1 and ::1",
    ))
}

/// Serves `app` on `listeners` until `stop` resolves, by plain HTTP and, where it is given, by TLS. Then streams, half-sent heads and idle connections end at once, and requests
/// under way have 4.5 seconds to finish.
///
/// Over `max_connections`, requests wait for a place. Nothing that a connection does ends the loop, nor does running out of file
/// descriptors.
pub async fn serve(
    listeners: Vec<TcpListener>,
    app: App,
    limits: Limits,
    tls: Option<Tls>,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let mut listeners = listeners
        .into_iter()
        .map(tokio::net::TcpListener::from_std)
        .collect::<io::Result<Vec<_>>>()
        .map_err(StartError::Runtime)?;
    let places = Arc::new(Places::new(limits.max_connections));
    let notices = Arc::<Notices>::default();
    // Each connection holds a sender, so that the channel closes with the last connection.
    let (open, mut all_over) = mpsc::channel::<Infallible>(1);
    let http = protocol(&limits);
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let accepted = accept(&mut listeners, &places).await;
            (accepted, places.let_in().await)
        };
        let ((stream, client), standing) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let connection = Connection {
            http: http.clone(),
            app: app.clone(),
            limits,
            places: Arc::clone(&places),
            notices: Arc::clone(&notices),
            tls: tls.clone(),
        };
        let served = connection.serve(stream, client, standing);
        let open = open.clone();
        tokio::spawn(async move {
            served.await;
            drop(open);
        });
    }
    drop((listeners, open));
    places.stop();
    if time::timeout(DRAIN, all_over.recv()).await.is_err() {
        tracing::warn!(
            "requests were still under way {DRAIN:?} after the signal to stop; they are cut off"
        );
    }
    Ok(())
}

fn protocol(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        // A client may stop sending before it has read the answer.
        .half_close(true);
    http
}

/// Accepts the next connection, with its client's address. The listeners take turns, so that a busy one cannot starve the others.
async fn accept(listeners: &mut [tokio::net::TcpListener], places: &Places) -> (TcpStream, IpAddr) {
    loop {
        listeners.rotate_left(1);
        let next = poll_fn(|context| {
            let mut accepted = listeners
                .iter()
                .map(|listener| listener.poll_accept(context));
            accepted.find(Poll::is_ready).unwrap_or(Poll::Pending)
        });
        match next.await {
            Ok((stream, client)) => {
                // No Nagle delay: answers are written whole.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection was gone before it was served");
                    continue;
                }
                return (stream, client.ip().to_canonical());
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                // Most likely the process is out of file descriptors, until others are closed.
                tracing::warn!(%error, "cannot accept a connection; trying again");
                places.make_room();
                time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}
