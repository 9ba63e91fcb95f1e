//! Where what takes long is computed: on threads of its own, so that those that poll sockets stay free.

use std::{panic::resume_unwind, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

/// Threads for what takes long. As many compute at a time as the machine has cores; others wait for them.
#[derive(Debug, Clone)]
pub(super) struct Pool(Arc<Semaphore>);

impl Pool {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores)))
    }

    /// Holds up what is to be computed here, until what is returned is dropped; nothing where something is
    /// computed already.
    pub(super) fn hold(&self) -> Option<OwnedSemaphorePermit> {
        let all = u32::try_from(self.0.available_permits()).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(all).ok()
    }

    /// Has something computed. A panic there is a panic here.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let place = Arc::clone(&self.0).acquire_owned().await;
        let place = place.expect("the semaphore is never closed");
        let computed = spawn_blocking(move || {
            let computed = compute();
            drop(place);
            computed
        });
        match computed.await {
            Ok(computed) => computed,
            Err(error) => resume_unwind(error.into_panic()),
        }
    }
}
