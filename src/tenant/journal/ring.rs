//! The record of one organization's requests.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use super::{
    entry::Entry,
    log::Log,
    record::{self, Kind, RecordHead, Seen},
    shared::{Event, Journal, Member, Memory},
};
use crate::domain::id::OrgId;

/// The least memory that a ring takes at once.
const LEAST_GROWTH: usize = 4096;

/// The requests of one organization, or those that named none: the newest, up to the journal's limits.
///
/// Rings share no lock on a request's way.
#[derive(Debug)]
pub struct Ring {
    journal: Arc<Journal>,
    org: Option<OrgId>,
    number: u64,
    last_id: Arc<AtomicU64>,
    /// Whether a reset has put another in its place: what still comes is heard by nobody.
    is_retired: AtomicBool,
    log: Mutex<Log>,
}

/// A request that was recorded when it was asked, and is to be recorded once more when it is answered.
#[derive(Debug)]
pub struct UnderWay {
    id: u64,
    /// Where its record begins; nothing where there was no room for it.
    begin: Option<u64>,
    record: Bytes,
}

impl Ring {
    /// A ring for an organization's requests, of which so many are lost already.
    pub(in crate::tenant) fn new(
        journal: &Arc<Journal>,
        org: Option<OrgId>,
        lost: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            journal: Arc::clone(journal),
            org,
            number: journal.next_ring(),
            last_id: Arc::default(),
            is_retired: AtomicBool::new(false),
            log: Mutex::new(Log::after(lost)),
        })
    }

    /// Records a request and its answer.
    pub fn record(self: &Arc<Self>, mut seen: Seen<'_>) {
        if !self.journal.is_on() {
            return;
        }
        let id = self.journal.next_id();
        let record = record::written(Kind::Whole, id, &mut seen);
        self.push(id, &record);
        self.tell(|| {
            let (head, mut record) = record::taken(&mut Bytes::from(record));
            let mut entry = record::request(head, &mut record, self.org.as_ref());
            entry.outcome = Some(record::outcome(&mut record));
            Event::Request(Arc::new(entry))
        });
    }

    /// Records a request that has to wait.
    pub fn asked(self: &Arc<Self>, mut seen: Seen<'_>) -> Option<UnderWay> {
        if !self.journal.is_on() {
            return None;
        }
        let id = self.journal.next_id();
        let record = Bytes::from(record::written(Kind::Asked, id, &mut seen));
        let begin = self.push(id, &record);
        self.tell(|| Event::Asked(Arc::new(self.request(&record))));
        Some(UnderWay { id, begin, record })
    }

    /// Records how a request ended that had to wait.
    pub fn answered(self: &Arc<Self>, under_way: &UnderWay, mut seen: Seen<'_>) {
        let record = record::written(Kind::Answered, under_way.id, &mut seen);
        let is_kept = under_way
            .begin
            .is_some_and(|begin| self.lock().holds(begin));
        if is_kept {
            self.push(under_way.id, &record);
        }
        self.tell(|| {
            let mut entry = self.request(&under_way.record);
            let (_, mut record) = record::taken(&mut Bytes::from(record));
            entry.outcome = Some(record::outcome(&mut record));
            Event::Request(Arc::new(entry))
        });
    }

    /// What is recorded, the oldest first, and how much is lost.
    pub(super) fn read(&self) -> (Vec<Entry>, u64) {
        // Copied out under the lock, and read outside it.
        let snapshot = self.lock().snapshot();
        let mut requests: Vec<Entry> = Vec::new();
        let mut under_way = HashMap::new();
        let mut records = Bytes::from(snapshot.bytes);
        while !records.is_empty() {
            let (head, mut record) = record::taken(&mut records);
            if head.kind == Kind::Answered {
                // What was asked may be dropped already; what was answered then goes next.
                if let Some(place) = under_way.remove(&head.id) {
                    let entry: &mut Entry = &mut requests[place];
                    entry.outcome = Some(record::outcome(&mut record));
                }
                continue;
            }
            let mut entry = record::request(head, &mut record, self.org.as_ref());
            if head.kind == Kind::Whole {
                entry.outcome = Some(record::outcome(&mut record));
            } else {
                under_way.insert(head.id, requests.len());
            }
            requests.push(entry);
        }
        (requests, snapshot.dropped)
    }

    /// How many requests are recorded or were once.
    pub(in crate::tenant) fn counted(&self) -> u64 {
        let log = self.lock();
        log.dropped() + log.entries() as u64
    }

    /// Keeps what is still recorded here from listeners: a reset has put another ring in its place.
    pub(in crate::tenant) fn retire(&self) {
        self.is_retired.store(true, Ordering::Release);
    }

    /// Writes a record where there is room for it; returns where it begins. The oldest give way.
    fn push(self: &Arc<Self>, id: u64, record: &[u8]) -> Option<u64> {
        let limits = &self.journal.limits;
        self.last_id.store(id, Ordering::Relaxed);
        let mut log = self.lock();
        let is_entry = RecordHead::read(record).kind != Kind::Answered;
        while is_entry && log.entries() >= limits.entries && log.drop_oldest() {}
        while !log.has_room_for(record) {
            let size = log.capacity();
            let wanted = (size * 2).max(size + record.len()).max(LEAST_GROWTH);
            let more = wanted.min(limits.ring_bytes).saturating_sub(size);
            let mut is_granted = more > 0 && self.journal.try_take(more);
            if more > 0 && !is_granted {
                // Other rings are asked without the lock of this one.
                drop(log);
                is_granted = self.journal.take(more, self.number);
                log = self.lock();
            }
            if is_granted {
                self.grow(&mut log, more);
            } else if !log.drop_oldest() {
                log.lose_one();
                return None;
            }
        }
        Some(log.push(record))
    }

    fn grow(self: &Arc<Self>, log: &mut Log, by: usize) {
        let before = log.capacity();
        log.grow(by);
        // A little more may have come than was asked for.
        self.journal.take_over(log.capacity() - before - by);
        if before == 0 {
            let memory: Weak<Self> = Arc::downgrade(self);
            self.journal.note(Member {
                number: self.number,
                last_id: Arc::clone(&self.last_id),
                memory,
            });
        }
    }

    fn request(&self, record: &Bytes) -> Entry {
        let (head, mut record) = record::taken(&mut record.clone());
        record::request(head, &mut record, self.org.as_ref())
    }

    /// Tells listeners, where there are any.
    fn tell(&self, event: impl FnOnce() -> Event) {
        if self.journal.has_listeners() && !self.is_retired.load(Ordering::Acquire) {
            self.journal.tell(event());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory for Ring {
    fn give_up(&self) {
        let mut log = self.lock();
        let bytes = log.capacity();
        log.give_up();
        drop(log);
        self.journal.give_back(bytes);
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let log = self.log.get_mut().unwrap_or_else(PoisonError::into_inner);
        if log.capacity() > 0 {
            self.journal.give_back(log.capacity());
            self.journal.forget(self.number);
        }
    }
}
