//! The signals that stop a server.

use std::io;

/// Resolves when a signal to stop has come `times` times from now on. If signals cannot be watched, the system ends the process at
/// once, without a drain.
pub(super) fn stop_signals(times: usize) -> impl Future<Output = ()> {
    // Registered here, and not when the future is first polled.
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

/// Calls back at each SIGHUP, on systems that have it.
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
                    // Reading files would block a thread that serves.
                    let _ = tokio::task::spawn_blocking(move || act()).await;
                }
            });
        }
    }
}

#[cfg(not(unix))]
pub(super) fn on_hangup(_: impl Fn() + Send + Sync + 'static) {}
