//! One request and its answer, as they are kept and as they are shown.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{JournalLimits, redact::Redactor};
use crate::domain::{id::OrgId, operation::Operation};

/// What happened, borrowed; what is kept of it is copied.
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
    /// Its body, where somebody has read it.
    pub body: Option<Bytes>,
    /// Whether its fields were read, or, for its content type or its syntax, none of them.
    pub body_was_read: bool,
    /// The status of the answer, where the client has seen one.
    pub status: Option<u16>,
    /// The body of the answer.
    pub response: Option<Bytes>,
    /// How long it took.
    pub duration: Duration,
    /// The rule that struck it.
    pub fault: Option<Arc<str>>,
    /// The caller's token; it is nowhere in what is kept.
    pub token: Option<&'a str>,
}

/// A request and its answer. Shown as JSON, it says also what of the request was not read.
#[derive(Debug)]
pub struct Entry {
    id: u64,
    at: DateTime<Utc>,
    operation: Option<Operation>,
    org: Option<OrgId>,
    /// Method, path, query and headers in one piece of memory; a header is `name`, NUL, `value` and newline.
    head: Box<str>,
    /// Where method, path and query end in it.
    ends: [usize; 3],
    body: Kept,
    body_was_read: bool,
    status: Option<u16>,
    response: Kept,
    duration: Duration,
    fault: Option<Arc<str>>,
}

/// What is kept of a body.
#[derive(Debug)]
enum Kept {
    /// There was none.
    None,
    Whole(Bytes),
    /// The beginning, and how long it was.
    Cut(Bytes, usize),
    /// Nothing but how long it was, since the journal is full.
    Forgotten(usize),
}

impl Kept {
    /// A body that `is_ours` has a buffer of its own; any other is copied, as it may be a part of a larger
    /// one, all of which would stay in memory.
    fn of(body: Option<Bytes>, is_ours: bool, redactor: &Redactor<'_>) -> Self {
        let Some(body) = body else { return Self::None };
        // Looked through before it is cut: half a secret is one too many.
        let clean = redactor.body(&body);
        if let Some((start, [_, ..])) = clean.split_at_checked(JournalLimits::BODY_BYTES) {
            return Self::Cut(Bytes::copy_from_slice(start), body.len());
        }
        Self::Whole(match clean {
            Cow::Owned(clean) => clean.into(),
            Cow::Borrowed(_) if is_ours => body,
            Cow::Borrowed(same) => Bytes::copy_from_slice(same),
        })
    }

    fn size(&self) -> usize {
        match self {
            Self::Whole(bytes) | Self::Cut(bytes, _) => bytes.len(),
            Self::None | Self::Forgotten(_) => 0,
        }
    }

    fn forget(&mut self) {
        match self {
            Self::Whole(bytes) => *self = Self::Forgotten(bytes.len()),
            Self::Cut(_, length) => *self = Self::Forgotten(*length),
            Self::None | Self::Forgotten(_) => {}
        }
    }

    /// JSON where it is JSON, else text; what is not whole says how long it was.
    fn shown(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Whole(bytes) if bytes.is_empty() => Value::Null,
            Self::Whole(bytes) => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into()),
            Self::Cut(bytes, length) => {
                json!({ "bytes": length, "cut": String::from_utf8_lossy(bytes) })
            }
            Self::Forgotten(length) => json!({ "bytes": length }),
        }
    }
}

impl Entry {
    pub(super) fn new(id: u64, seen: Seen<'_>) -> Self {
        let redactor = Redactor::new(seen.token, seen.org.map(OrgId::as_str));
        let line = [seen.method, seen.path, seen.query.unwrap_or_default()];
        let mut head = String::with_capacity(512);
        let ends = redactor.head(line, seen.headers, &mut head);
        Self {
            id,
            at: seen.at,
            operation: seen.operation,
            org: seen.org.cloned(),
            head: head.into(),
            ends,
            body: Kept::of(seen.body, false, &redactor),
            body_was_read: seen.body_was_read,
            status: seen.status,
            response: Kept::of(seen.response, true, &redactor),
            duration: seen.duration,
            fault: seen.fault,
        }
    }

    /// How many bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + 64 + self.head.len() + self.body.size() + self.response.size()
    }

    pub(super) fn forget_bodies(&mut self) {
        self.body.forget();
        self.response.forget();
    }

    /// Its id; ids grow.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Which operation it is.
    pub fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// The organization in its path.
    pub fn org(&self) -> Option<&OrgId> {
        self.org.as_ref()
    }

    /// Its method.
    pub fn method(&self) -> &str {
        &self.head[..self.ends[0]]
    }

    /// Its path.
    pub fn path(&self) -> &str {
        &self.head[self.ends[0]..self.ends[1]]
    }

    /// Its query string.
    pub fn query(&self) -> &str {
        &self.head[self.ends[1]..self.ends[2]]
    }

    /// The status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Its body, as it is shown.
    pub fn body(&self) -> Value {
        self.body.shown()
    }

    /// Its headers, those of one name joined.
    pub fn headers(&self) -> BTreeMap<&str, String> {
        let mut headers: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in self.head[self.ends[2]..]
            .lines()
            .filter_map(|line| line.split_once('\0'))
        {
            let known = headers.entry(name).or_default();
            if !known.is_empty() {
                known.push_str(", ");
            }
            known.push_str(value);
        }
        headers
    }

    /// Which fields of the body and which parameters the server did not read.
    fn unread(&self) -> Vec<String> {
        let Some(operation) = self.operation else {
            return Vec::new();
        };
        let mut unread = Vec::new();
        match (&self.body, self.body.shown()) {
            (_, Value::Null) => {}
            (Kept::Whole(_), Value::Object(fields)) => {
                let known = operation.body_fields();
                let was_read = |key: &str| self.body_was_read && known.contains(&key);
                let fields = fields.keys().filter(|key| !was_read(key));
                unread.extend(fields.map(|key| format!("body.{key}")));
            }
            _ if !self.body_was_read => unread.push("body".to_owned()),
            _ => {}
        }
        for (name, _) in form_urlencoded::parse(self.query().as_bytes()) {
            let name = format!("query.{name}");
            if name != "query.__code"
                && !operation
                    .query_parameters()
                    .iter()
                    .any(|known| name[6..] == **known)
                && !unread.contains(&name)
            {
                unread.push(name);
            }
        }
        unread
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_map(None)?;
        entry.serialize_entry("id", &self.id)?;
        entry.serialize_entry("at", &self.at.to_rfc3339_opts(SecondsFormat::Micros, true))?;
        entry.serialize_entry("operation", &self.operation.map(Operation::name))?;
        entry.serialize_entry("org", &self.org.as_ref().map(OrgId::as_str))?;
        entry.serialize_entry("method", self.method())?;
        entry.serialize_entry("path", self.path())?;
        entry.serialize_entry("query", self.query())?;
        entry.serialize_entry("headers", &self.headers())?;
        entry.serialize_entry("body", &self.body.shown())?;
        entry.serialize_entry("status", &self.status)?;
        entry.serialize_entry("response", &self.response.shown())?;
        entry.serialize_entry(
            "duration_us",
            &u64::try_from(self.duration.as_micros()).unwrap_or(u64::MAX),
        )?;
        entry.serialize_entry("fault", &self.fault.as_deref())?;
        entry.serialize_entry("unread", &self.unread())?;
        entry.end()
    }
}
