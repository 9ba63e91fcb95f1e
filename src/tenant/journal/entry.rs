//! A journal entry: one request and its answer, as JSON shows them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use crate::{
    domain::{id::OrgId, operation::Operation},
    json::nearest,
};

/// A request with its answer, or one that is still under way. Its JSON also lists what of the request was not read.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) id: u64,
    pub(super) at: DateTime<Utc>,
    pub(super) operation: Option<Operation>,
    pub(super) org: Option<OrgId>,
    /// Method, path, query and headers; a header is `name`, NUL, `value` and newline.
    pub(super) head: Bytes,
    /// The offsets in `head` at which method, path and query end.
    pub(super) ends: [usize; 3],
    /// How it ended; `None` while it is under way.
    pub(super) outcome: Option<Outcome>,
}

/// The end of a request.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) body: Kept,
    pub(super) response: Kept,
    pub(super) body_was_read: bool,
    /// Whether the client closed its connection while its answer was held back.
    pub(super) client_gone: bool,
    pub(super) status: Option<u16>,
    pub(super) duration: Duration,
    /// The rule that struck it.
    pub(super) fault: Option<Bytes>,
    /// Why it was refused, or what else there is to say of it.
    pub(super) reason: Option<Bytes>,
}

/// The kept part of a body.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    /// No body.
    None,
    Whole(Bytes),
    /// The beginning, and how long it was; nothing where it was sent piece by piece, and not counted.
    Cut(Bytes, Option<u64>),
}

impl Kept {
    /// The tags of the three variants in a record.
    pub(super) const NONE: u8 = 0;
    pub(super) const WHOLE: u8 = 1;
    pub(super) const CUT: u8 = 2;

    /// As JSON if it is JSON, else as text; a cut body with its whole length.
    fn shown(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Whole(bytes) if bytes.is_empty() => Value::Null,
            Self::Whole(bytes) => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into()),
            Self::Cut(bytes, length) => {
                json!({ "bytes": length, "cut": String::from_utf8_lossy(bytes) })
            }
        }
    }
}

impl Entry {
    /// Its id; ids increase.
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
        self.part(0, self.ends[0])
    }

    /// Its path.
    pub fn path(&self) -> &str {
        self.part(self.ends[0], self.ends[1])
    }

    /// Its query string.
    pub fn query(&self) -> &str {
        self.part(self.ends[1], self.ends[2])
    }

    fn part(&self, from: usize, to: usize) -> &str {
        str::from_utf8(&self.head[from..to]).expect("it was text when it was written")
    }

    /// The status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.outcome.as_ref()?.status
    }

    /// Whether it is still under way.
    pub fn is_under_way(&self) -> bool {
        self.outcome.is_none()
    }

    /// Its body as it is shown; null while it has not come.
    pub fn body(&self) -> Value {
        let outcome = self.outcome.as_ref();
        outcome.map_or(Value::Null, |outcome| outcome.body.shown())
    }

    /// The body of its answer as it is shown; null while there is none.
    pub fn response(&self) -> Value {
        let outcome = self.outcome.as_ref();
        outcome.map_or(Value::Null, |outcome| outcome.response.shown())
    }

    /// Its body as it is kept, where all of it is.
    pub fn whole_body(&self) -> Option<Bytes> {
        match &self.outcome.as_ref()?.body {
            Kept::None => Some(Bytes::new()),
            Kept::Whole(bytes) => Some(bytes.clone()),
            Kept::Cut(..) => None,
        }
    }

    /// Of which bodies only the beginning is kept.
    fn cut(&self) -> Vec<&'static str> {
        let bodies = self
            .outcome
            .iter()
            .flat_map(|outcome| [("body", &outcome.body), ("response", &outcome.response)]);
        let cut = bodies.filter(|(_, kept)| matches!(kept, Kept::Cut(..)));
        cut.map(|(name, _)| name).collect()
    }

    /// Its headers; values of one name are joined by commas.
    pub fn headers(&self) -> BTreeMap<&str, String> {
        let mut headers: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in self
            .part(self.ends[2], self.head.len())
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
        let outcome = self.outcome.as_ref();
        let body = outcome.map_or(&Kept::None, |outcome| &outcome.body);
        let was_read = outcome.is_some_and(|outcome| outcome.body_was_read);
        unread(operation, self.query(), body, was_read)
    }

    /// Of what was not read, the names that were perhaps meant.
    fn did_you_mean(&self, unread: &[String]) -> BTreeMap<String, &'static str> {
        /// A longer name is no misspelt one.
        const LONGEST: usize = 64;
        let Some(operation) = self.operation else {
            return BTreeMap::new();
        };
        let meant = |path: &String| {
            let (place, name) = path.split_once('.')?;
            let known = match place {
                "body" => operation.body_fields(),
                _ => operation.query_parameters(),
            };
            let is_misspelt = name.len() <= LONGEST && !known.contains(&name);
            let near = nearest(known, name).filter(|_| is_misspelt)?;
            Some((path.clone(), near))
        };
        unread.iter().filter_map(meant).collect()
    }
}

/// Which fields of a body and which parameters of a query an operation does not read.
fn unread(operation: Operation, query: &str, body: &Kept, was_read: bool) -> Vec<String> {
    let mut unread = Vec::new();
    match (body, body.shown()) {
        (_, Value::Null) => {}
        (Kept::Whole(_), Value::Object(fields)) => {
            let known = operation.body_fields();
            let is_read = |key: &str| was_read && known.contains(&key);
            let fields = fields.keys().filter(|key| !is_read(key));
            unread.extend(fields.map(|key| format!("body.{key}")));
        }
        _ if !was_read => unread.push("body".to_owned()),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    for (name, _) in form_urlencoded::parse(query.as_bytes()) {
        let is_read = name == "__code" || operation.reads_parameter(&name);
        if !is_read && seen.insert(name.clone()) {
            unread.push(format!("query.{name}"));
        }
    }
    unread
}

/// How many fields of a body and parameters of a query an operation does not read: as many as an entry of the
/// journal lists.
pub fn count_unread(
    operation: Operation,
    query: &str,
    body: Option<Bytes>,
    was_read: bool,
) -> usize {
    let body = body.map_or(Kept::None, Kept::Whole);
    unread(operation, query, &body, was_read).len()
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
        entry.serialize_entry("body", &self.body())?;
        entry.serialize_entry("status", &self.status())?;
        let outcome = self.outcome.as_ref();
        entry.serialize_entry("response", &self.response())?;
        let duration = outcome.map(|outcome| outcome.duration.as_micros());
        let duration = duration.map(|micros| u64::try_from(micros).unwrap_or(u64::MAX));
        entry.serialize_entry("duration_us", &duration)?;
        let fault = outcome.and_then(|outcome| outcome.fault.as_deref());
        entry.serialize_entry("fault", &fault.map(String::from_utf8_lossy))?;
        let unread = self.unread();
        entry.serialize_entry("unread", &unread)?;
        let cut = self.cut();
        if !cut.is_empty() {
            entry.serialize_entry("cut", &cut)?;
        }
        let meant = self.did_you_mean(&unread);
        if !meant.is_empty() {
            entry.serialize_entry("did_you_mean", &meant)?;
        }
        if let Some(reason) = outcome.and_then(|outcome| outcome.reason.as_deref()) {
            entry.serialize_entry("reason", &String::from_utf8_lossy(reason))?;
        }
        if outcome.is_none() {
            entry.serialize_entry("under_way", &true)?;
        }
        if outcome.is_some_and(|outcome| outcome.client_gone) {
            entry.serialize_entry("client_gone", &true)?;
        }
        entry.end()
    }
}
