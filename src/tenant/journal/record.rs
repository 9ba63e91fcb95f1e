//! The encoding of a request and its answer as bytes of a [`Log`](super::log::Log).
//!
//! A request that is answered at once is one record. One that has to wait is two: the request, and later its answer. Numbers
//! are little-endian.
//!
//! Each record is an event, and events are numbered through all rings. A request's id is the number of
//! the event that it was asked.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use chrono::{DateTime, Utc};

use super::{
    entry::{Entry, Kept, Outcome},
    redact::Redactor,
    shared::JournalLimits,
};
use crate::domain::{id::OrgId, operation::Operation};

/// A request and its answer, borrowed from the exchange; encoding copies the kept parts.
#[expect(
    missing_debug_implementations,
    reason = "an iterator has no form to show"
)]
pub struct Seen<'a> {
    /// When it came, by the clock of its organization.
    pub at: DateTime<Utc>,
    /// Which operation it is, where it matched a route.
    pub operation: Option<Operation>,
    /// The organization in its path.
    pub org: Option<&'a OrgId>,
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its query string.
    pub query: Option<&'a str>,
    /// Its headers.
    pub headers: &'a mut dyn Iterator<Item = (&'a str, &'a [u8])>,
    /// Its body, if somebody has read it.
    pub body: Option<Bytes>,
    /// Whether its fields were read; they are not if its content type or its syntax is wrong.
    pub body_was_read: bool,
    /// The status of the answer, if the client has seen one.
    pub status: Option<u16>,
    /// The body of the answer, or the beginning of one that is sent piece by piece.
    pub response: Option<Bytes>,
    /// How many bytes the body of the answer has; nothing where it is sent piece by piece.
    pub response_length: Option<usize>,
    /// How long it took.
    pub duration: Duration,
    /// The rule that struck it.
    pub fault: Option<&'a str>,
    /// Why it was refused, or what else there is to say of it.
    pub reason: Option<&'a str>,
    /// Whether the client closed its connection while its answer was held back.
    pub client_gone: bool,
    /// What takes credentials out, the caller's token first of all.
    pub redactor: &'a Redactor<'a>,
}

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request and its answer.
    Whole,
    /// A request that is under way.
    Asked,
    /// The end of a request that was under way.
    Answered,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Whole, Self::Asked, Self::Answered];
}

/// The head of each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordHead {
    /// The length of the record in bytes, the head included.
    pub(super) length: usize,
    pub(super) kind: Kind,
    /// The event that it tells.
    pub(super) event: u64,
}

impl RecordHead {
    /// Its encoded length in bytes.
    pub(super) const SIZE: usize = 13;

    pub(super) fn read(mut bytes: &[u8]) -> Self {
        let length = bytes.get_u32_le();
        Self {
            length: usize::try_from(length).expect("a record is in memory"),
            kind: Kind::ALL[usize::from(bytes.get_u8())],
            event: bytes.get_u64_le(),
        }
    }

    /// Numbers a record, which is done when it is put into its log.
    pub(super) fn number(record: &mut [u8], event: u64) {
        record[5..Self::SIZE].copy_from_slice(&event.to_le_bytes());
    }
}

/// The request whose answer a record tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct OfRequest {
    pub(super) id: u64,
    /// Where its record begins.
    pub(super) begin: u64,
}

/// The record of that kind, without what must not be remembered; it has no number yet. An answer that came
/// later says whose it is.
pub(super) fn written(kind: Kind, of: Option<OfRequest>, seen: &mut Seen<'_>) -> Vec<u8> {
    let redactor = seen.redactor.within(seen.org.map(OrgId::as_str));
    let most = |body: Option<&Bytes>| body.map_or(0, Bytes::len).min(JournalLimits::BODY_BYTES);
    let expected = 640 + most(seen.body.as_ref()) + most(seen.response.as_ref());
    let mut out = Vec::with_capacity(expected);
    // The length is patched in at the end.
    out.put_u32_le(0);
    out.put_u8(kind as u8);
    out.put_u64_le(0);
    if let Some(of) = of {
        out.put_u64_le(of.id);
        out.put_u64_le(of.begin);
    }
    if kind != Kind::Answered {
        put_request(&mut out, seen, &redactor);
    }
    if kind != Kind::Asked {
        put_outcome(&mut out, seen, &redactor);
    }
    let length = u32::try_from(out.len()).expect("heads and cut bodies are short");
    out[..4].copy_from_slice(&length.to_le_bytes());
    out
}

/// How many ends a head has: those of method, path, query and headers.
const ENDS: usize = 4;

fn put_request(out: &mut Vec<u8>, seen: &mut Seen<'_>, redactor: &Redactor<'_>) {
    out.put_i64_le(seen.at.timestamp_micros());
    let operation = seen.operation.and_then(|operation| {
        let place = Operation::ALL.iter().position(|known| *known == operation);
        u8::try_from(place?).ok()
    });
    out.put_u8(operation.unwrap_or(u8::MAX));
    let line = [seen.method, seen.path, seen.query.unwrap_or_default()];
    // The ends are patched in.
    let at = out.len();
    out.put_bytes(0, 4 * ENDS);
    let head = out.len();
    let [method, path, query] = redactor.head(line, seen.headers, out);
    for (place, end) in [method, path, query, out.len() - head]
        .into_iter()
        .enumerate()
    {
        let end = u32::try_from(end).expect("a head is short");
        let at = at + 4 * place;
        out[at..at + 4].copy_from_slice(&end.to_le_bytes());
    }
}

fn put_outcome(out: &mut Vec<u8>, seen: &Seen<'_>, redactor: &Redactor<'_>) {
    out.put_u16_le(seen.status.unwrap_or(0));
    out.put_u64_le(u64::try_from(seen.duration.as_micros()).unwrap_or(u64::MAX));
    out.put_u8(u8::from(seen.body_was_read) | u8::from(seen.client_gone) << 1);
    let fault = seen.fault.unwrap_or_default();
    out.put_u8(u8::try_from(fault.len()).expect("a rule's id has 255 bytes at most"));
    out.put_slice(fault.as_bytes());
    let reason = seen.reason.unwrap_or_default().as_bytes();
    let reason = &reason[..reason.len().min(JournalLimits::REASON_BYTES)];
    out.put_u16_le(u16::try_from(reason.len()).expect("a reason is cut"));
    out.put_slice(reason);
    let body_length = seen.body.as_ref().map(Bytes::len);
    for (body, length) in [
        (&seen.body, body_length),
        (&seen.response, seen.response_length),
    ] {
        put_body(out, body.as_ref(), length, redactor);
    }
}

/// What stands for a length that nobody knows.
const UNKNOWN: u64 = u64::MAX;

fn put_body(
    out: &mut Vec<u8>,
    body: Option<&Bytes>,
    length: Option<usize>,
    redactor: &Redactor<'_>,
) {
    let Some(body) = body else {
        return out.put_u8(Kept::NONE);
    };
    // Redacted before it is cut, as half a secret would not be recognized.
    let clean = redactor.body(body);
    let (tag, kept) = match clean.split_at_checked(JournalLimits::BODY_BYTES) {
        Some((start, [_, ..])) => (Kept::CUT, start),
        Some(_) | None => (Kept::WHOLE, &*clean),
    };
    out.put_u8(tag);
    out.put_u64_le(length.map_or(UNKNOWN, |length| length as u64));
    out.put_u32_le(u32::try_from(kept.len()).expect("a body is cut"));
    out.put_slice(kept);
}

/// Takes off a record of the kind `Answered` whose it is.
pub(super) fn of_request(record: &mut Bytes) -> OfRequest {
    OfRequest {
        id: record.get_u64_le(),
        begin: record.get_u64_le(),
    }
}

/// Splits the first record off, and its head off that.
pub(super) fn taken(records: &mut Bytes) -> (RecordHead, Bytes) {
    let head = RecordHead::read(records);
    let mut record = records.split_to(head.length);
    record.advance(RecordHead::SIZE);
    (head, record)
}

/// Decodes the request of a record of any kind but `Answered`.
pub(super) fn request(head: RecordHead, record: &mut Bytes, org: Option<&OrgId>) -> Entry {
    let at = DateTime::<Utc>::from_timestamp_micros(record.get_i64_le());
    let operation = Operation::ALL.get(usize::from(record.get_u8())).copied();
    let [method, path, query, end] = [(); 4].map(|()| record.get_u32_le() as usize);
    let text = record.split_to(end);
    Entry {
        id: head.event,
        at: at.expect("it was a time when it was written"),
        operation,
        org: org.cloned(),
        head: text,
        ends: [method, path, query],
        outcome: None,
    }
}

/// Decodes the end of a request, which is the rest of a record.
pub(super) fn outcome(record: &mut Bytes) -> Outcome {
    let status = record.get_u16_le();
    let duration = Duration::from_micros(record.get_u64_le());
    let flags = record.get_u8();
    let fault = usize::from(record.get_u8());
    let fault = record.split_to(fault);
    let reason = usize::from(record.get_u16_le());
    let reason = record.split_to(reason);
    let mut kept = || {
        let tag = record.get_u8();
        if tag == Kept::NONE {
            return Kept::None;
        }
        let length = record.get_u64_le();
        let kept = record.get_u32_le() as usize;
        let kept = record.split_to(kept);
        if tag == Kept::CUT {
            Kept::Cut(kept, Some(length).filter(|length| *length != UNKNOWN))
        } else {
            Kept::Whole(kept)
        }
    };
    Outcome {
        body: kept(),
        response: kept(),
        body_was_read: flags & 1 != 0,
        client_gone: flags & 2 != 0,
        status: (status > 0).then_some(status),
        duration,
        fault: (!fault.is_empty()).then_some(fault),
        reason: (!reason.is_empty()).then_some(reason),
    }
}
