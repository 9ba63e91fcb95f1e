//! Listener in, stop signal in; serve, then drain. The only accept loop.

mod stream;

use std::{
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, sync::Semaphore, time};
use tower::ServiceExt;

use self::stream::Stream;
use crate::{
    config::{Config, Limits},
    http::App,
    state::StartError,
};

/// How long requests under way may take once the server is told to stop.
const DRAIN: Duration = Duration::from_millis(4500);

/// A socket on the configured host and port. Clients may connect at once; they wait until it is served.
pub fn listen(config: &Config) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen {
        host: config.host.clone(),
        port: config.port,
        source,
    };
    let addresses: Vec<SocketAddr> = (config.host.as_str(), config.port)
        .to_socket_addrs()
        .map_err(failed)?
        .collect();
    let listener = TcpListener::bind(addresses.as_slice()).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Serves `app` on `listener` until `stop` is done, then lets requests under way finish, for 4.5 seconds at most.
///
/// Above `max_connections` new ones wait. Nothing that one connection does ends the loop, nor does
/// running out of file descriptors.
pub async fn serve(
    listener: TcpListener,
    app: App,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let listener = tokio::net::TcpListener::from_std(listener).map_err(StartError::Runtime)?;
    let places = Arc::new(Semaphore::new(
        limits.max_connections.clamp(1, Semaphore::MAX_PERMITS),
    ));
    let connections = GracefulShutdown::new();
    let http = protocol(&limits);
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            (accept(&listener).await, place)
        };
        let (stream, place) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let (stream, handle) = Stream::new(stream, limits.body_timeout);
        let app = app
            .clone()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(Arc::clone(&handle));
                request
            });
        let served = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
        let connection = connections.watch(served);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if time::timeout(DRAIN, connections.shutdown()).await.is_err() {
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

async fn accept(listener: &tokio::net::TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are short and written whole: nothing to gain from waiting for more.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection was gone before it was served");
                    continue;
                }
                return stream;
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                // Most likely the process is out of file descriptors: others will be given back.
                tracing::warn!(%error, "cannot accept a connection; trying again");
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
