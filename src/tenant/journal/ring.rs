//! The journal of one organization: a ring buffer under a lock of its own.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use super::{
    entry::Entry,
    log::{Log, Place},
    record::{self, Kind, OfRequest, RecordHead, Seen},
    shared::{Journal, Member, Memory},
};
use crate::domain::{id::OrgId, operation::Operation};

/// The smallest step by which a ring grows.
const LEAST_GROWTH: usize = 4096;

/// The newest requests of one organization, or of those that name none, up to the journal's limits.
///
/// On the path of a request, rings share no lock.
#[derive(Debug)]
pub struct Ring {
    journal: Arc<Journal>,
    org: Option<OrgId>,
    number: u64,
    last_id: Arc<AtomicU64>,
    /// Set when a reset has replaced this ring: listeners no longer hear of what is recorded here.
    is_retired: AtomicBool,
    log: Mutex<Log>,
    /// How many expectations about an operation were met by what is recorded here.
    checked: Mutex<BTreeMap<Operation, u64>>,
}

/// A request that was recorded when it was asked, and has to be recorded again when it is answered.
#[derive(Debug)]
pub struct UnderWay(Option<OfRequest>);

impl Ring {
    /// An empty ring, which counts `lost` requests as forgotten already.
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
            log: Mutex::new(Log::after(lost, journal.events.newest())),
            checked: Mutex::default(),
        })
    }

    /// Counts an expectation about an operation that was met.
    pub(in crate::tenant) fn note_checked(&self, operation: Operation) {
        *self.lock_checked().entry(operation).or_default() += 1;
    }

    /// How many expectations about each operation were met.
    pub(in crate::tenant) fn checked(&self) -> BTreeMap<Operation, u64> {
        self.lock_checked().clone()
    }

    fn lock_checked(&self) -> MutexGuard<'_, BTreeMap<Operation, u64>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and its answer.
    pub fn record(self: &Arc<Self>, mut seen: Seen<'_>) {
        if !self.journal.is_on() {
            return;
        }
        let mut record = record::written(Kind::Whole, None, &mut seen);
        self.push(&mut record);
    }

    /// Records a request that has to wait.
    pub fn asked(self: &Arc<Self>, mut seen: Seen<'_>) -> Option<UnderWay> {
        if !self.journal.is_on() {
            return None;
        }
        let mut record = record::written(Kind::Asked, None, &mut seen);
        Some(UnderWay(self.push(&mut record)))
    }

    /// Records the end of a request that had to wait.
    pub fn answered(self: &Arc<Self>, under_way: &UnderWay, mut seen: Seen<'_>) {
        // `None` if there was no room for it, or a reset has replaced this ring.
        let Some(of) = under_way.0 else { return };
        if self.lock().holds(of.begin) {
            let mut record = record::written(Kind::Answered, Some(of), &mut seen);
            self.push(&mut record);
        } else {
            // Listeners have to learn that there was an event.
            self.journal.events.note(self.org.clone(), None);
        }
    }

    /// The positions of the matching requests, the oldest first and each with its id, and the number of evicted ones. [`Ring::told`]
    /// decodes what is there.
    pub(super) fn find(&self, is_one: impl Fn(&Entry) -> bool) -> (Vec<(u64, Place)>, u64) {
        // The bytes are copied under the lock and decoded outside it.
        let snapshot = self.lock().snapshot();
        let mut records = Bytes::from(snapshot.bytes);
        let end = snapshot.begin + records.len() as u64;
        let mut requests: Vec<(Place, Entry)> = Vec::new();
        let mut under_way = HashMap::new();
        while !records.is_empty() {
            let begin = end - records.len() as u64;
            let (head, mut record) = record::taken(&mut records);
            let place = Place {
                event: head.event,
                requests: snapshot.dropped
                    + requests.len() as u64
                    + u64::from(head.kind != Kind::Answered),
                kind: head.kind,
                begin,
            };
            if head.kind == Kind::Answered {
                // The record of the request may be evicted already, and that of its answer not yet.
                let of = record::of_request(&mut record);
                if let Some(number) = under_way.remove(&of.id) {
                    let (asked, entry): &mut (Place, Entry) = &mut requests[number];
                    entry.outcome = Some(record::outcome(&mut record));
                    *asked = place;
                }
                continue;
            }
            let mut entry = record::request(head, &mut record, self.org.as_ref());
            if head.kind == Kind::Whole {
                entry.outcome = Some(record::outcome(&mut record));
            } else {
                under_way.insert(head.event, requests.len());
            }
            requests.push((place, entry));
        }
        requests.retain(|(_, entry)| is_one(entry));
        let places = requests.into_iter();
        let places = places.map(|(place, entry)| (entry.id(), place)).collect();
        (places, snapshot.dropped)
    }

    /// The first records after an event, up to another; at most `most`.
    pub(in crate::tenant) fn after_event(&self, event: u64, until: u64, most: usize) -> Vec<Place> {
        self.lock().after_event(event, until, most)
    }

    /// The number of evicted requests after an event, up to which `known` were recorded; and that of all evicted ones.
    pub(in crate::tenant) fn lost_after(&self, event: u64, known: u64) -> (u64, u64) {
        let log = self.lock();
        (log.lost_after(event, known), log.dropped())
    }

    /// The journal that it is part of.
    pub(in crate::tenant) fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Its number among all rings.
    pub(in crate::tenant) fn number(&self) -> u64 {
        self.number
    }

    /// Decodes a record, if it and its request are still there.
    pub(in crate::tenant) fn told(&self, place: Place) -> Option<Entry> {
        let log = self.lock();
        let copy = |begin| Some(Bytes::from(log.record(begin)?));
        let mut answer = None;
        let mut record = copy(place.begin)?;
        if place.kind == Kind::Answered {
            let (_, mut rest) = record::taken(&mut record);
            let of = record::of_request(&mut rest);
            answer = Some(rest);
            record = copy(of.begin)?;
        }
        drop(log);
        let (head, mut rest) = record::taken(&mut record);
        let mut entry = record::request(head, &mut rest, self.org.as_ref());
        if let Some(mut ended) = answer.or((place.kind == Kind::Whole).then_some(rest)) {
            entry.outcome = Some(record::outcome(&mut ended));
        }
        Some(entry)
    }

    /// How many requests are recorded.
    pub(in crate::tenant) fn len(&self) -> usize {
        self.lock().entries()
    }

    /// The number of requests that were ever recorded.
    pub(in crate::tenant) fn counted(&self) -> u64 {
        let log = self.lock();
        log.dropped() + log.entries() as u64
    }

    /// Stops recording, as a reset has replaced this ring.
    pub(in crate::tenant) fn retire(&self) {
        // Under the lock, so that everything recorded comes before it.
        let _log = self.lock();
        self.is_retired.store(true, Ordering::Relaxed);
    }

    /// Appends a record, for which the oldest are evicted; returns its number and position.
    ///
    /// A record is numbered under the same lock under which it is appended: whoever holds the lock sees all events of this ring up to the
    /// newest.
    fn push(self: &Arc<Self>, record: &mut [u8]) -> Option<OfRequest> {
        let limits = &self.journal.limits;
        // So that the journal does not take this ring for the least recently written one.
        let upcoming = self.journal.events.newest() + 1;
        self.last_id.store(upcoming, Ordering::Relaxed);
        let mut log = self.lock();
        let kind = RecordHead::read(record).kind;
        let is_entry = kind != Kind::Answered;
        while is_entry && log.entries() >= limits.entries && log.drop_oldest() {}
        let mut has_room = true;
        while has_room && !log.has_room_for(record) {
            let size = log.capacity();
            let wanted = (size * 2).max(size + record.len()).max(LEAST_GROWTH);
            let more = wanted.min(limits.ring_bytes).saturating_sub(size);
            let mut is_granted = more > 0 && self.journal.try_take(more);
            if more > 0 && !is_granted {
                // Memory of other rings is reclaimed without holding this ring's lock.
                drop(log);
                is_granted = self.journal.take(more, self.number);
                log = self.lock();
            }
            if is_granted {
                self.grow(&mut log, more);
            } else {
                has_room = log.drop_oldest();
            }
        }
        if self.is_retired.load(Ordering::Relaxed) {
            return None;
        }
        let events = &self.journal.events;
        let id = match kind {
            Kind::Answered => events.number_other(self.org.clone()),
            Kind::Whole | Kind::Asked => events.number(),
        };
        self.last_id.store(id, Ordering::Relaxed);
        let begin = if has_room {
            RecordHead::number(record, id);
            Some(log.push(record))
        } else {
            log.lose_one(id);
            None
        };
        drop(log);
        events.wake();
        begin.map(|begin| OfRequest { id, begin })
    }

    fn grow(self: &Arc<Self>, log: &mut Log, by: usize) {
        let before = log.capacity();
        log.grow(by);
        // The allocator may have given a little more than was asked for.
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
