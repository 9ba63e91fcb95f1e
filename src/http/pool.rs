//! A thread pool for long computations, so that the threads that poll sockets stay free.

use std::{panic::resume_unwind, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_blocking,
};

/// A pool for long computations. As many run at a time as the machine has cores; others wait in a queue.
#[derive(Debug, Clone)]
pub(super) struct Pool(Arc<Semaphore>);

impl Pool {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(cores)))
    }

    /// Blocks the pool until the returned guard is dropped; `None` if something runs already.
    pub(super) fn hold(&self) -> Option<OwnedSemaphorePermit> {
        let all = u32::try_from(self.0.available_permits()).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(all).ok()
    }

    /// Runs a computation in the pool. Its panic is propagated.
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
