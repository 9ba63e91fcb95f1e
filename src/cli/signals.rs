//! The signals that stop a server.

use std::io;

/// Done when a signal to stop has come so many times from now on. Where none can be watched, none
/// stops the mock so that it drains; the system then ends it at once.
pub(super) fn stop_signals(times: usize) -> impl Future<Output = ()> {
    // Watched from here on, and not only once the future is first polled.
    let signal =
        stop_signal().inspect_err(|error| tracing::warn!(%error, "signals cannot be watched"));
    async move {
        let Ok(mut signal) = signal else {
            return std::future::pending().await;
        };
        for _ in 0..times {
            signal.next().await;
        }
    }
}

#[cfg(unix)]
struct StopSignal {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn stop_signal() -> io::Result<StopSignal> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(StopSignal {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
    })
}

#[cfg(unix)]
impl StopSignal {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct StopSignal;

#[cfg(not(unix))]
fn stop_signal() -> io::Result<StopSignal> {
    Ok(StopSignal)
}

#[cfg(not(unix))]
impl StopSignal {
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Does something at each SIGHUP, where there is such a signal.
#[cfg(unix)]
pub(super) fn on_hangup(act: impl Fn() + Send + Sync + 'static) {
    use tokio::signal::unix::{SignalKind, signal};
    let act = std::sync::Arc::new(act);
    match signal(SignalKind::hangup()) {
        Err(error) => tracing::warn!(%error, "SIGHUP cannot be watched"),
        Ok(mut hangup) => {
            tokio::spawn(async move {
                while hangup.recv().await.is_some() {
                    let act = std::sync::Arc::clone(&act);
                    // Reading files is no work for a thread that serves.
                    let _ = tokio::task::spawn_blocking(move || act()).await;
                }
            });
        }
    }
}

#[cfg(not(unix))]
pub(super) fn on_hangup(_: impl Fn() + Send + Sync + 'static) {}
