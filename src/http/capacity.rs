//! What all requests share of the machine: threads for what takes long, memory for answers and for bodies.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::pool::Pool;
use crate::config::Limits;

/// What all requests share of the machine.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    /// Where what takes long is computed.
    pub(super) pool: Pool,
    /// What answers take that are longer than [`SHORT`].
    pub(super) answers: Memory,
    /// What bodies take that are longer than [`SHORT`].
    pub(super) bodies: Memory,
}

impl Capacity {
    pub(super) fn of(limits: &Limits) -> Self {
        // What is short belongs to its connection and is not counted one by one.
        let of_connections = limits.max_connections.saturating_mul(SHORT);
        let beside = |all: usize| Memory::of(all.saturating_sub(of_connections.min(all / 2)));
        Self {
            pool: Pool::new(),
            answers: beside(limits.max_answer_memory),
            bodies: beside(limits.max_body_memory),
        }
    }
}

/// Up to how many bytes an answer or a body belongs to its connection.
pub(super) const SHORT: usize = 64 * 1024;

/// Why an answer is not written.
pub(super) const NO_ROOM_FOR_ANSWER: &str =
    "other answers took all of `--max-answer-memory` for 10 s: their clients do not read them";
/// Why a body is not read.
pub(super) const NO_ROOM_FOR_BODY: &str = "other bodies took all of `--max-body-memory` for 10 s";

/// How long a request waits for memory.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Memory that is handed out in rooms, first come, first served.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    left: Arc<Semaphore>,
    all: usize,
}

/// Nothing was free for [`PATIENCE`], or there never is so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// What memory is counted in, in bytes.
const UNIT: usize = 1024;

impl Memory {
    pub(super) fn of(bytes: usize) -> Self {
        let all = (bytes / UNIT).clamp(1, u32::MAX as usize);
        Self {
            left: Arc::new(Semaphore::new(all)),
            all,
        }
    }

    /// Room for so many bytes, as soon as there is some. Where all of it is less, all of it will do.
    pub(super) async fn take(&self, bytes: usize) -> Result<Room, Full> {
        let mut room = Room::default();
        self.add(&mut room, bytes).await?;
        Ok(room)
    }

    /// Makes a room larger by so many bytes.
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

/// Some memory; dropped, it is free again.
#[derive(Debug, Default)]
pub(super) struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Gives back what is beyond so many bytes.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if let Some(permit) = &mut self.0 {
            let beyond = permit.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(permit.split(beyond));
        }
    }

    /// Bytes that have this room until nobody holds them any more; what they do not take of it is free at once.
    pub(super) fn around(mut self, bytes: Vec<u8>) -> Bytes {
        struct Housed {
            bytes: Vec<u8>,
            _room: Room,
        }
        impl AsRef<[u8]> for Housed {
            fn as_ref(&self) -> &[u8] {
                &self.bytes
            }
        }
        self.shrink_to(bytes.capacity());
        Bytes::from_owner(Housed { bytes, _room: self })
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
        // More than there is waits for all there is.
        memory.take(usize::MAX).await.unwrap();
    }
}
