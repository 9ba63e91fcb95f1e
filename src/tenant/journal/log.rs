//! A ring of bytes: records one after the other, the oldest dropped by moving a mark.

use std::collections::VecDeque;

use super::record::{Kind, RecordHead};

/// Records in the order of writing. Dropping the oldest frees nothing and moves nothing.
#[derive(Debug, Default)]
pub(super) struct Log {
    bytes: VecDeque<u8>,
    /// How many bytes were ever dropped: where the oldest record begins, counted from the first ever.
    dropped_bytes: u64,
    /// How many requests are recorded.
    entries: usize,
    /// How many requests were recorded and are no longer.
    dropped: u64,
}

/// All records of a log as they were at one moment, to be read without its lock.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) bytes: Vec<u8>,
    pub(super) dropped: u64,
}

impl Log {
    /// A log whose first records are lost already.
    pub(super) fn after(dropped: u64) -> Self {
        Self {
            dropped,
            ..Self::default()
        }
    }

    /// How many requests are recorded.
    pub(super) fn entries(&self) -> usize {
        self.entries
    }

    /// How many bytes of memory it takes.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether a record fits without more memory.
    pub(super) fn has_room_for(&self, record: &[u8]) -> bool {
        self.bytes.capacity() - self.bytes.len() >= record.len()
    }

    /// Takes so much more memory.
    pub(super) fn grow(&mut self, by: usize) {
        let more = self.bytes.capacity() + by - self.bytes.len();
        self.bytes.reserve_exact(more);
    }

    /// Adds a record for which there is room; returns where it begins.
    pub(super) fn push(&mut self, record: &[u8]) -> u64 {
        let begin = self.dropped_bytes + self.bytes.len() as u64;
        self.bytes.extend(record);
        let head = RecordHead::read(record);
        self.entries += usize::from(head.kind != Kind::Answered);
        begin
    }

    /// Whether the record that begins there is still in it.
    pub(super) fn holds(&self, begin: u64) -> bool {
        begin >= self.dropped_bytes
    }

    /// Drops the oldest record; false where there is none.
    pub(super) fn drop_oldest(&mut self) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let mut head = [0; RecordHead::SIZE];
        for (byte, stored) in head.iter_mut().zip(&self.bytes) {
            *byte = *stored;
        }
        let head = RecordHead::read(&head);
        self.bytes.drain(..head.length);
        self.dropped_bytes += head.length as u64;
        // A request is its first record; what was answered later goes without being counted.
        let is_request = head.kind != Kind::Answered;
        self.entries -= usize::from(is_request);
        self.dropped += u64::from(is_request);
        true
    }

    /// Gives up all records and their memory.
    pub(super) fn give_up(&mut self) {
        self.dropped += self.entries as u64;
        self.entries = 0;
        self.dropped_bytes += self.bytes.len() as u64;
        self.bytes = VecDeque::new();
    }

    /// Counts a request that could not be recorded.
    pub(super) fn lose_one(&mut self) {
        self.dropped += 1;
    }

    /// How many requests were recorded and are no longer.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// A copy of all records.
    pub(super) fn snapshot(&self) -> Snapshot {
        let (first, second) = self.bytes.as_slices();
        Snapshot {
            bytes: [first, second].concat(),
            dropped: self.dropped,
        }
    }
}
