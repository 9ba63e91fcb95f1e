//! Places: admission control for more connections than `--max-connections`.
//!
//! A connection without a place is accepted at one of sixteen doors, where it has a second for its head. A probe is answered at the
//! door. Any other request joins a FIFO queue for a place, and idle connections are closed for it, the longest idle first.

use std::{
    collections::HashMap,
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::task::AtomicWaker;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use super::stream::Signs;

/// Doors: connections beyond `--max-connections` whose head is awaited.
const DOORS: usize = 16;

/// How long a connection may stay at a door without a complete head.
pub(super) const HEAD_AT_THE_DOOR: Duration = Duration::from_secs(1);

/// The length of the queue. Further requests wait at the doors, and then in the listeners' backlog.
const LINE: usize = 256;

/// How long a request waits in the queue before it is refused.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// In place of a time: not idle.
const BUSY: u64 = u64::MAX;

/// All places, with the connections that hold them.
#[derive(Debug)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    doors: Arc<Semaphore>,
    line: Semaphore,
    /// Queued requests for which no connection is being closed yet.
    wanted: AtomicUsize,
    guests: Mutex<HashMap<u64, Arc<Guest>>>,
    next_id: AtomicU64,
    is_stopping: AtomicBool,
    opened: Instant,
}

/// A connection from the point of view of the others.
#[derive(Debug)]
pub(super) struct Guest {
    id: u64,
    admission: Mutex<Admission>,
    has_place: AtomicBool,
    is_busy: AtomicBool,
    /// When it became idle, in milliseconds since the server's start; [`BUSY`] if it is not.
    idle_since: AtomicU64,
    /// Whether it is asked to close for another.
    is_asked: AtomicBool,
    signs: Arc<Signs>,
    /// Wakes the task that serves it.
    pub(super) task: AtomicWaker,
}

/// What a connection holds.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "a permit is held, and given back when it is dropped"
)]
pub(super) enum Admission {
    /// One of `--max-connections`.
    Place(OwnedSemaphorePermit),
    /// One of the sixteen doors.
    Door(OwnedSemaphorePermit),
    /// Nothing: it is in the queue, or a stream, which has a bound of its own.
    Neither,
}

impl Places {
    pub(super) fn new(max_connections: usize) -> Self {
        let free = max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            free: Arc::new(Semaphore::new(free)),
            doors: Arc::new(Semaphore::new(DOORS)),
            line: Semaphore::new(LINE),
            wanted: AtomicUsize::new(0),
            guests: Mutex::default(),
            next_id: AtomicU64::new(0),
            is_stopping: AtomicBool::new(false),
            opened: Instant::now(),
        }
    }

    fn guests(&self) -> MutexGuard<'_, HashMap<u64, Arc<Guest>>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection, or else a door, as soon as one is free.
    pub(super) async fn let_in(&self) -> Admission {
        if let Ok(place) = Arc::clone(&self.free).try_acquire_owned() {
            return Admission::Place(place);
        }
        let door = Arc::clone(&self.doors).acquire_owned().await;
        Admission::Door(door.expect("the semaphore is never closed"))
    }

    /// Registers a connection.
    pub(super) fn enter(&self, admission: Admission, signs: Arc<Signs>) -> Arc<Guest> {
        let guest = Arc::new(Guest {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            has_place: AtomicBool::new(matches!(admission, Admission::Place(_))),
            admission: Mutex::new(admission),
            is_busy: AtomicBool::new(false),
            idle_since: AtomicU64::new(BUSY),
            is_asked: AtomicBool::new(false),
            signs,
            task: AtomicWaker::new(),
        });
        self.guests().insert(guest.id, Arc::clone(&guest));
        guest
    }

    /// Removes a connection that is over. If it closed for another, that one already has its place.
    pub(super) fn leave(&self, guest: &Guest, gave_way: bool) {
        self.guests().remove(&guest.id);
        if gave_way {
            guest.stand(Admission::Neither);
        } else {
            self.free_place_of(guest);
        }
    }

    /// Frees the place of a connection that no longer needs it, such as a stream.
    pub(super) fn free_place_of(&self, guest: &Guest) {
        if guest.has_place() {
            self.wants_one_less();
        }
        guest.stand(Admission::Neither);
    }

    /// Queues a request for a place; an error if none becomes free in time.
    pub(super) async fn place_for(&self, guest: &Guest) -> bool {
        if self.try_place_for(guest) {
            return true;
        }
        self.wanted.fetch_add(1, Ordering::SeqCst);
        let mut unmet = Unmet(Some(self));
        self.ask_one_to_go();
        let place = time::timeout(LONGEST_WAIT, async {
            let mut place = pin!(Arc::clone(&self.free).acquire_owned());
            tokio::select! {
                biased;
                place = &mut place => place,
                _in_line = self.line.acquire() => {
                    // The door is free for the next connection.
                    guest.stand(Admission::Neither);
                    place.await
                }
            }
        });
        let Ok(place) = place.await else { return false };
        unmet.0 = None;
        guest.stand(Admission::Place(
            place.expect("the semaphore is never closed"),
        ));
        true
    }

    /// Takes a place if one is free and nobody is queued.
    pub(super) fn try_place_for(&self, guest: &Guest) -> bool {
        let place = Arc::clone(&self.free).try_acquire_owned();
        let is_free = place.is_ok();
        if let Ok(place) = place {
            guest.stand(Admission::Place(place));
        }
        is_free
    }

    /// Closes an idle connection because the system is out of file descriptors.
    pub(super) fn make_room(&self) {
        let none = self
            .wanted
            .compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        if none.is_ok() {
            self.ask_one_to_go();
        }
    }

    /// Wakes the longest idle connection, so that it closes.
    pub(super) fn ask_one_to_go(&self) {
        if self.wanted.load(Ordering::SeqCst) == 0 {
            return;
        }
        let guests = self.guests();
        let idle = guests.values().filter(|guest| {
            guest.is_idle() && guest.has_place() && !guest.is_asked.load(Ordering::SeqCst)
        });
        let longest = idle.min_by_key(|guest| guest.idle_since.load(Ordering::SeqCst));
        if let Some(guest) = longest {
            guest.is_asked.store(true, Ordering::SeqCst);
            guest.task.wake();
        }
    }

    /// Whether this connection closes now. At most one does for each queued request.
    pub(super) fn gives_way(&self, guest: &Guest) -> bool {
        let was_asked =
            guest.is_asked.load(Ordering::SeqCst) && guest.is_asked.swap(false, Ordering::SeqCst);
        if self.wanted.load(Ordering::SeqCst) == 0 {
            return false;
        }
        if guest.is_idle() && guest.has_place() {
            return self.wants_one_less();
        }
        if was_asked {
            // It has a request again.
            self.ask_one_to_go();
        }
        false
    }

    fn wants_one_less(&self) -> bool {
        let less = |wanted: usize| wanted.checked_sub(1);
        self.wanted
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }

    /// Tells every connection to end: at once if it has no request under way.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        for guest in self.guests().values() {
            guest.task.wake();
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Notes that an answer is written, or that its client is gone.
    pub(super) fn note_end(&self, guest: &Guest) {
        let since = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(BUSY - 1);
        guest.signs.forget_heard();
        guest.idle_since.store(since, Ordering::SeqCst);
        guest.is_busy.store(false, Ordering::SeqCst);
    }
}

/// An entry in the queue, which is removed on drop.
struct Unmet<'a>(Option<&'a Places>);

impl Drop for Unmet<'_> {
    fn drop(&mut self) {
        if let Some(places) = self.0 {
            places.wants_one_less();
        }
    }
}

impl Guest {
    fn stand(&self, admission: Admission) {
        let has_place = matches!(admission, Admission::Place(_));
        let mut held = self
            .admission
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.has_place.store(has_place, Ordering::SeqCst);
        let before = mem::replace(&mut *held, admission);
        drop(held);
        drop(before);
    }

    pub(super) fn has_place(&self) -> bool {
        self.has_place.load(Ordering::SeqCst)
    }

    /// Notes that the head of a request has come.
    pub(super) fn note_begin(&self) {
        self.is_busy.store(true, Ordering::SeqCst);
        self.idle_since.store(BUSY, Ordering::SeqCst);
        self.signs.forget_heard();
    }

    /// Whether no request is under way, and all answers are written.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.is_busy.load(Ordering::SeqCst) && !self.signs.is_stalled()
    }

    /// Whether it is idle: answered, and without another request.
    fn is_idle(&self) -> bool {
        self.idle_since.load(Ordering::SeqCst) != BUSY
            && self.is_at_rest()
            && !self.signs.has_heard()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    async fn enter(places: &Places) -> Arc<Guest> {
        places.enter(places.let_in().await, Arc::default())
    }

    #[tokio::test]
    async fn places_are_had_in_the_order_in_which_requests_come() {
        let places = Places::new(1);
        let first = enter(&places).await;
        first.note_begin();
        let waiting = [
            enter(&places).await,
            enter(&places).await,
            enter(&places).await,
        ];
        let mut line: Vec<_> = waiting
            .iter()
            .map(|guest| Box::pin(places.place_for(guest)))
            .collect();
        for place in &mut line {
            assert_eq!(place.now_or_never(), None);
        }
        places.leave(&first, false);
        assert!(!places.try_place_for(&first), "nobody passes the line");
        for (at, guest) in waiting.iter().enumerate() {
            for later in &mut line[1..] {
                assert_eq!(later.now_or_never(), None, "{at}");
            }
            assert_eq!(line.remove(0).now_or_never(), Some(true), "{at}");
            assert!(guest.has_place());
            places.leave(guest, false);
        }
        assert!(places.try_place_for(&first));
    }

    #[tokio::test]
    async fn one_idle_connection_gives_way_for_each_request_that_waits() {
        let places = Places::new(2);
        let idle = [enter(&places).await, enter(&places).await];
        for guest in &idle {
            guest.note_begin();
            places.note_end(guest);
            assert!(!places.gives_way(guest), "nobody waits");
        }
        let next = enter(&places).await;
        let mut place = Box::pin(places.place_for(&next));
        assert_eq!((&mut place).now_or_never(), None);
        assert!(places.gives_way(&idle[0]));
        assert!(!places.gives_way(&idle[1]), "one is enough");
        places.leave(&idle[0], true);
        assert_eq!(place.now_or_never(), Some(true));

        // A dropped entry is no longer counted.
        let next = enter(&places).await;
        let mut place = Box::pin(places.place_for(&next));
        assert_eq!((&mut place).now_or_never(), None);
        drop(place);
        assert!(!places.gives_way(&idle[1]));
    }

    #[tokio::test]
    async fn one_that_is_asked_to_go_and_has_got_to_work_passes_it_on() {
        let places = Places::new(2);
        let idle = [enter(&places).await, enter(&places).await];
        for guest in &idle {
            places.note_end(guest);
        }
        let next = enter(&places).await;
        let mut place = Box::pin(places.place_for(&next));
        assert_eq!((&mut place).now_or_never(), None);
        let is_asked = |guest: &Arc<Guest>| guest.is_asked.load(Ordering::SeqCst);
        let (asked, other) = if is_asked(&idle[0]) {
            (&idle[0], &idle[1])
        } else {
            (&idle[1], &idle[0])
        };
        assert!(is_asked(asked) && !is_asked(other));
        asked.note_begin();
        assert!(!places.gives_way(asked));
        assert!(is_asked(other) && places.gives_way(other));
    }
}
