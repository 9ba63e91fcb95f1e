//! Sample requests for the journal's tests.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::DateTime;
use serde_json::Value;

use super::{Filter, Found, Journal, JournalLimits, Redactor, Ring, Seen};
use crate::domain::{id::OrgId, operation::Operation};

/// A request with defaults for whatever a test does not set.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) operation: Option<Operation>,
    pub(super) org: Option<OrgId>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Option<Bytes>,
    pub(super) response: Option<Bytes>,
    pub(super) token: Option<String>,
}

impl Sample {
    pub(super) fn new(method: &str, path: &str) -> Self {
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
        let named = path
            .strip_prefix("/organizations/")
            .and_then(|rest| OrgId::parse(rest.split('/').next()?));
        Self {
            operation: named.as_ref().and(match method {
                "GET" => Some(Operation::ListGroups),
                "POST" => Some(Operation::CreateGroup),
                "PUT" => Some(Operation::UpdateGroup),
                "DELETE" => Some(Operation::DeleteGroup),
                _ => None,
            }),
            org: named,
            method: method.to_owned(),
            path: path.to_owned(),
            query,
            headers: Vec::new(),
            body: None,
            response: None,
            token: None,
        }
    }

    /// A request for an organization's groups.
    pub(super) fn list(id: &str) -> Self {
        Self::new("GET", &format!("/organizations/{id}/groups"))
    }

    /// A request to update a group.
    pub(super) fn update(id: &str, body: &Value) -> Self {
        Self::new("PUT", &format!("/organizations/{id}/groups/1")).body(body.to_string())
    }

    pub(super) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(super) fn response(mut self, response: impl Into<Bytes>) -> Self {
        self.response = Some(response.into());
        self
    }

    pub(super) fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Records it as a request that is answered at once.
    pub(super) fn record_in(&self, ring: &Arc<Ring>) {
        self.seen(|seen| ring.record(seen));
    }

    /// Passes it on as a request and its answer.
    pub(super) fn seen<T>(&self, hand_over: impl FnOnce(Seen<'_>) -> T) -> T {
        let mut headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()));
        hand_over(Seen {
            at: DateTime::UNIX_EPOCH,
            operation: self.operation,
            org: self.org.as_ref(),
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &mut headers,
            body: self.body.clone(),
            body_was_read: true,
            status: Some(200),
            response: self.response.clone(),
            response_length: self.response.as_ref().map(Bytes::len),
            duration: Duration::ZERO,
            fault: None,
            reason: None,
            client_gone: false,
            redactor: &Redactor::new(self.token.as_deref()),
        })
    }

    /// The entry that is shown of it.
    pub(super) fn shown(&self) -> Value {
        let journal = Journal::new(JournalLimits::default());
        let ring = Ring::new(&journal, self.org.clone(), 0);
        self.record_in(&ring);
        let found = Found::of(vec![ring], &Filter::default(), 0);
        let entry = found.entries().next().expect("it is recorded");
        serde_json::to_value(&entry).expect("entries are JSON")
    }
}
