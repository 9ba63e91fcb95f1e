//! A ring buffer of bytes: records in sequence, of which the oldest is evicted by moving an offset.

use std::collections::VecDeque;

use super::record::{Kind, RecordHead};

/// Records in the order of writing. Evicting the oldest neither frees nor moves memory.
#[derive(Debug, Default)]
pub(super) struct Log {
    bytes: VecDeque<u8>,
    /// The number of bytes ever evicted, which is the absolute position of the oldest record.
    dropped_bytes: u64,
    /// The number of recorded requests.
    entries: usize,
    /// The number of evicted requests.
    dropped: u64,
    /// The newest event that is recorded or was once.
    newest: u64,
    /// The newest event that is no longer recorded.
    newest_dropped: u64,
}

/// Where a record lies.
#[derive(Debug, Clone, Copy)]
pub(in crate::tenant) struct Place {
    pub(in crate::tenant) event: u64,
    /// How many requests were recorded up to this record, this one included.
    pub(in crate::tenant) requests: u64,
    pub(super) kind: Kind,
    /// Counted in bytes from the first ever.
    pub(super) begin: u64,
}

impl Place {
    /// Whether a request begins with it.
    pub(in crate::tenant) fn is_request(&self) -> bool {
        self.kind != Kind::Answered
    }
}

/// A snapshot of a log's records, to be decoded without its lock.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) bytes: Vec<u8>,
    /// Where they begin.
    pub(super) begin: u64,
    pub(super) dropped: u64,
}

impl Log {
    /// A log whose first records, up to that event, are lost already.
    pub(super) fn after(dropped: u64, newest: u64) -> Self {
        Self {
            dropped,
            newest_dropped: newest,
            ..Self::default()
        }
    }

    /// The number of recorded requests.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// Its memory in bytes.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether a record fits into the memory at hand.
    pub(super) fn has_room_for(&self, record: &[u8]) -> bool {
        self.bytes.capacity() - self.bytes.len() >= record.len()
    }

    /// Grows its memory.
    pub(super) fn grow(&mut self, by: usize) {
        let more = self.bytes.capacity() + by - self.bytes.len();
        self.bytes.reserve_exact(more);
    }

    /// Appends a record, which has to fit; returns its position.
    pub(super) fn push(&mut self, record: &[u8]) -> u64 {
        let begin = self.dropped_bytes + self.bytes.len() as u64;
        self.bytes.extend(record);
        let head = RecordHead::read(record);
        self.entries += usize::from(head.kind != Kind::Answered);
        self.newest = head.event;
        begin
    }

    /// The first records after an event, up to another: `most` of them at most.
    pub(super) fn after_event(&self, event: u64, until: u64, most: usize) -> Vec<Place> {
        let mut places = Vec::new();
        if self.newest <= event {
            return places;
        }
        let (mut at, mut requests) = (0, self.dropped);
        while at < self.bytes.len() && places.len() < most {
            let head = self.head(at);
            requests += u64::from(head.kind != Kind::Answered);
            if head.event > until {
                break;
            }
            if head.event > event {
                places.push(Place {
                    event: head.event,
                    begin: self.dropped_bytes + at as u64,
                    kind: head.kind,
                    requests,
                });
            }
            at += head.length;
        }
        places
    }

    /// A copy of the record that begins there, where it is still in it.
    pub(super) fn record(&self, begin: u64) -> Option<Vec<u8>> {
        let at = usize::try_from(begin.checked_sub(self.dropped_bytes)?).ok()?;
        if at >= self.bytes.len() {
            return None;
        }
        let end = at + self.head(at).length;
        Some(self.bytes.range(at..end).copied().collect())
    }

    /// How many requests are lost of those after an event, where so many were recorded up to it: exactly where
    /// that is known, at most so many where it is not.
    pub(super) fn lost_after(&self, event: u64, known: u64) -> u64 {
        if self.newest_dropped <= event {
            return 0;
        }
        self.dropped.saturating_sub(known)
    }

    fn head(&self, at: usize) -> RecordHead {
        let mut head = [0; RecordHead::SIZE];
        for (byte, stored) in head.iter_mut().zip(self.bytes.range(at..)) {
            *byte = *stored;
        }
        RecordHead::read(&head)
    }

    /// Whether the record at that position is still there.
    pub(super) fn holds(&self, begin: u64) -> bool {
        begin >= self.dropped_bytes
    }

    /// Evicts the oldest record; false if there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let head = self.head(0);
        self.newest_dropped = head.event;
        self.bytes.drain(..head.length);
        self.dropped_bytes += head.length as u64;
        // A request counts by its first record; a later record of its answer is evicted without being counted.
        let is_request = head.kind != Kind::Answered;
        self.entries -= usize::from(is_request);
        self.dropped += u64::from(is_request);
        true
    }

    /// Evicts all records and frees their memory.
    pub(super) fn give_up(&mut self) {
        self.dropped += self.entries as u64;
        self.entries = 0;
        self.dropped_bytes += self.bytes.len() as u64;
        self.newest_dropped = self.newest;
        self.bytes = VecDeque::new();
    }

    /// Counts a request that could not be recorded as evicted.
    pub(super) fn lose_one(&mut self, event: u64) {
        self.dropped += 1;
        self.newest = event;
        self.newest_dropped = event;
    }

    /// The number of evicted requests.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A copy of all records.
    pub(super) fn snapshot(&self) -> Snapshot {
        let (first, second) = self.bytes.as_slices();
        Snapshot {
            bytes: [first, second].concat(),
            begin: self.dropped_bytes,
            dropped: self.dropped,
        }
    }
}
