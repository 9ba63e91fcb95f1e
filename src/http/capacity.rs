//! Capacity that all requests share: threads for long computations, and memory budgets for answers and for bodies.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::pool::Pool;
use crate::config::Limits;

/// The shared capacity.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    /// The thread pool for long computations.
    pub(super) pool: Pool,
    /// The memory budget of answers longer than [`SHORT`].
    pub(super) answers: Memory,
    /// The memory budget of bodies longer than [`SHORT`].
    pub(super) bodies: Memory,
}

impl Capacity {
    pub(super) fn of(limits: &Limits) -> Self {
        // Short ones count as part of their connection.
        let of_connections = limits.max_connections.saturating_mul(SHORT);
        let beside = |all: usize| Memory::of(all.saturating_sub(of_connections.min(all / 2)));
        Self {
            pool: Pool::new(),
            answers: beside(limits.max_answer_memory),
            bodies: beside(limits.max_body_memory),
        }
    }
}

/// Bytes up to which an answer or a body counts as part of its connection.
pub(super) const SHORT: usize = 64 * 1024;

/// Why an answer is not written.
pub(super) const NO_ROOM_FOR_ANSWER: &str =
    "other answers took all of `--max-answer-memory` for 10 s: their clients do not read them";
/// Why a body is not read.
pub(super) const NO_ROOM_FOR_BODY: &str = "other bodies took all of `--max-body-memory` for 10 s";

/// How long a request waits for memory.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A memory budget: a fair semaphore over bytes.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    left: Arc<Semaphore>,
    all: usize,
}

/// The budget was used up for [`PATIENCE`], or is smaller than what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// Bytes of a permit.
const UNIT: usize = 1024;

impl Memory {
    pub(super) fn of(bytes: usize) -> Self {
        let all = (bytes / UNIT).clamp(1, u32::MAX as usize);
        Self {
            left: Arc::new(Semaphore::new(all)),
            all,
        }
    }

    /// Reserves bytes, as soon as they are free; at most the whole budget.
    pub(super) async fn take(&self, bytes: usize) -> Result<Room, Full> {
        let mut room = Room::default();
        self.add(&mut room, bytes).await?;
        Ok(room)
    }

    /// Enlarges a reservation.
    pub(super) async fn add(&self, room: &mut Room, bytes: usize) -> Result<(), Full> {
        let units = bytes.div_ceil(UNIT).min(self.all);
        let units = u32::try_from(units).expect("all of it is no more than that");
        let more = Arc::clone(&self.left).acquire_many_owned(units);
        let more = timeout(PATIENCE, more).await.map_err(|_| Full)?;
        let more = more.expect("the semaphore is never closed");
        match &mut room.0 {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// A reservation, which is freed on drop.
#[derive(Debug, Default)]
pub(super) struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Frees what is over that many bytes.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if let Some(permit) = &mut self.0 {
            let beyond = permit.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(permit.split(beyond));
        }
    }

    /// Ties a reservation to bytes, until the last handle on them is dropped. What they do not need of it is freed at once.
    pub(super) fn around(mut self, bytes: Vec<u8>) -> Bytes {
        struct Owner {
            bytes: Vec<u8>,
            _room: Room,
        }
        impl AsRef<[u8]> for Owner {
            fn as_ref(&self) -> &[u8] {
                &self.bytes
            }
        }
        self.shrink_to(bytes.capacity());
        Bytes::from_owner(Owner { bytes, _room: self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_let_in_once_there_is_room_and_not_kept_for_ever() {
        let memory = Memory::of(10 * UNIT);
        let most = memory.take(8 * UNIT).await.unwrap();
        assert_eq!(memory.take(3 * UNIT).await.unwrap_err(), Full);
        let small = most.around(vec![0; UNIT]);
        let room = memory.take(9 * UNIT).await.unwrap();
        assert_eq!(memory.take(1).await.unwrap_err(), Full);
        let copy = small.clone();
        drop((small, room));
        assert_eq!(
            memory.take(10 * UNIT).await.unwrap_err(),
            Full,
            "a copy is held"
        );
        drop(copy);
        // A request for more than the budget waits for all of it.
        memory.take(usize::MAX).await.unwrap();
    }
}
