//! A signal that comes while there is something to delete.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use super::{FAILED, say};
use crate::cli::signals::stop_signals;

/// Whether somebody wants the run to end.
#[derive(Debug)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Watches for signals from now on. The first ends the run once the request that is under way is answered and what was
    /// made is deleted, the second at once.
    pub(super) fn watch(name: &str) -> Self {
        let told = Arc::new(AtomicBool::new(false));
        let (tell, name) = (Arc::clone(&told), name.to_owned());
        let (ready, is_ready) = mpsc::channel::<()>();
        let watch = move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let (first, second) = (stop_signals(1), stop_signals(2));
                drop(ready);
                first.await;
                tell.store(true, Ordering::Relaxed);
                say(&format!(
                    "stopping: groups named `{name}` are deleted first; a second signal leaves them"
                ));
                second.await;
                std::process::exit(FAILED.into());
            });
        };
        // Without a thread a signal ends the run as it ends any other.
        let _ = thread::Builder::new().name("signals".into()).spawn(watch);
        // Until signals are watched for, nothing is sent.
        let _ = is_ready.recv();
        Self(told)
    }

    pub(super) fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
