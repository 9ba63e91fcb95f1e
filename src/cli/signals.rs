//! The signals that stop a server.

use std::io;

use tokio::sync::oneshot;

/// The first signal to stop, and the second.
pub(super) struct Signals {
    /// Done at the first signal.
    pub(super) first: oneshot::Receiver<()>,
    /// Done at the second.
    pub(super) second: oneshot::Receiver<()>,
}

impl Signals {
    /// Watches from now on.
    pub(super) fn watch() -> Self {
        let (first_heard, first) = oneshot::channel();
        let (second_heard, second) = oneshot::channel();
        // Watched from here on, not only once the task first runs.
        match stop_signal() {
            Err(error) => {
                tracing::warn!(%error, "signals cannot be watched: the mock ends without draining");
            }
            Ok(mut signal) => {
                tokio::spawn(async move {
                    signal.next().await;
                    let _ = first_heard.send(());
                    signal.next().await;
                    let _ = second_heard.send(());
                });
            }
        }
        Self { first, second }
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
