//! The exchange: a request and what is learnt of it, shared by middleware, handlers and the journal.

use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, Method, Uri, Version, header},
};
use chrono::{DateTime, Utc};
use memchr::memchr2;
use percent_encoding::percent_decode_str;

use crate::{
    domain::{id::OrgId, operation::Operation},
    socket::SocketHandle,
    tenant::{Held, Tenants, Time},
};

/// Marks an answer as a stream, which ends when the server stops and has a bound of its own.
#[derive(Debug, Clone, Copy)]
pub struct Endless;

/// The route that a request matched.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Matched {
    /// The path as in the table of endpoints; `None` if nothing is served there.
    pub(super) path: Option<&'static str>,
    /// The operation; `None` if the path is served, but not with this method.
    pub(super) operation: Option<Operation>,
}

/// A request as it was parsed from its head, with notes of those who handle it.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The matched route.
    pub(super) matched: Matched,
    /// The organization in the path, if the id is valid.
    pub(super) org: Option<OrgId>,
    /// That organization's tenant when the request came; a reset replaces the tenant, but not here.
    pub(super) held: Held,
    /// How its clock computed the time when the request came.
    pub(super) time: Time,
    /// Whether it has exactly one `Host`; a request without a connection, in a test, needs none.
    pub(super) has_one_host: bool,
    /// The connection; `None` for a direct call of the router.
    pub(super) socket: Option<Arc<SocketHandle>>,
    /// The method.
    pub(super) method: Method,
    /// Path and query, with normalized slashes.
    pub(super) uri: Uri,
    /// The headers.
    pub(super) headers: HeaderMap,
    /// The bearer token, if it is well-formed.
    bearer: Option<Box<str>>,
    /// Notes of those who handle it.
    pub(super) notes: Notes,
}

/// Notes that middleware and handlers leave for the log and the journal.
#[derive(Debug, Default)]
pub(super) struct Notes {
    body: OnceLock<SentBody>,
    struck_by: OnceLock<Arc<str>>,
    body_unread: OnceLock<Box<str>>,
    steering_ignored: OnceLock<&'static str>,
    reason: OnceLock<&'static str>,
    client_gone: AtomicBool,
    status_unseen: AtomicBool,
}

impl Notes {
    /// Notes the body once it has come.
    pub(super) fn note_body(&self, body: SentBody) {
        // It is set once per request.
        let _ = self.body.set(body);
    }

    /// The body, if somebody has read it.
    pub(super) fn body(&self) -> Option<&SentBody> {
        self.body.get()
    }

    /// Notes why the request is refused, if the refusal itself does not say.
    pub(super) fn note_reason(&self, why: &'static str) {
        // It is set once per request.
        let _ = self.reason.set(why);
    }

    /// Why the request is refused.
    pub(super) fn reason(&self) -> Option<&'static str> {
        self.reason.get().copied()
    }

    /// Notes why fields of the body were not read, if that is no refusal.
    pub(super) fn note_body_unread(&self, why: &str) {
        // It is set once per request.
        let _ = self.body_unread.set(why.into());
    }

    /// Why fields of the body were not read.
    pub(super) fn body_unread(&self) -> Option<&str> {
        self.body_unread.get().map(AsRef::as_ref)
    }

    /// Notes why what the request asked for itself, by steering, was not done.
    pub(super) fn note_steering_ignored(&self, why: &'static str) {
        // Only the first mistake is kept.
        let _ = self.steering_ignored.set(why);
    }

    /// Why its steering was ignored.
    pub(super) fn steering_ignored(&self) -> Option<&'static str> {
        self.steering_ignored.get().copied()
    }

    /// Notes the rule that strikes the request.
    pub(super) fn note_strike(&self, rule: Arc<str>) {
        // At most one rule strikes a request.
        let _ = self.struck_by.set(rule);
    }

    /// The id of the rule that struck it.
    pub(super) fn struck_by(&self) -> Option<&str> {
        self.struck_by.get().map(AsRef::as_ref)
    }

    /// Notes that the client has closed its connection while its answer was held back.
    pub(super) fn note_client_gone(&self) {
        self.client_gone.store(true, Ordering::Relaxed);
    }

    /// Whether the client is gone.
    pub(super) fn is_client_gone(&self) -> bool {
        self.client_gone.load(Ordering::Relaxed)
    }

    /// Notes that a fault keeps even the status from the client.
    pub(super) fn note_status_unseen(&self) {
        self.status_unseen.store(true, Ordering::Relaxed);
    }

    /// Whether the client sees the status of the answer.
    pub(super) fn is_status_seen(&self) -> bool {
        !self.status_unseen.load(Ordering::Relaxed) && !self.is_client_gone()
    }
}

/// A body as it was sent, and whether its fields were read.
#[derive(Debug, Clone)]
pub(super) struct SentBody {
    pub(super) bytes: Bytes,
    pub(super) was_read: bool,
}

impl Exchange {
    /// Opens the exchange of a request whose head has come; the body is returned unread.
    pub(super) fn open(tenants: &Tenants, matched: Matched, request: Request) -> (Arc<Self>, Body) {
        let (mut parts, body) = request.into_parts();
        let named = organization(parts.uri.path());
        let org = named.and_then(decoded).and_then(|name| OrgId::parse(&name));
        let held = tenants.find(org.as_ref());
        let socket: Option<Arc<SocketHandle>> = parts.extensions.remove();
        let exchange = Arc::new(Self {
            has_one_host: socket.is_none() || has_one_host(parts.version, &parts.headers),
            time: held.time(),
            held,
            matched,
            org,
            socket,
            method: parts.method,
            uri: parts.uri,
            bearer: bearer(&parts.headers).map(Box::from),
            headers: parts.headers,
            notes: Notes::default(),
        });
        (exchange, body)
    }

    /// The time for this request, by the clock of its organization.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.time.read().now
    }

    /// The last segment of the path, percent-decoded; `None` if that is not UTF-8.
    pub(super) fn last_segment(&self) -> Option<Cow<'_, str>> {
        let (_, segment) = self.uri.path().rsplit_once('/')?;
        decoded(segment)
    }

    /// The bearer token, if it is well-formed.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.bearer.as_deref()
    }
}

/// Whether there is one `Host`; HTTP/1.0 needs none (RFC 9112, 3.2).
fn has_one_host(version: Version, headers: &HeaderMap) -> bool {
    match headers.get_all(header::HOST).iter().count() {
        0 => version < Version::HTTP_11,
        count => count == 1,
    }
}

/// A segment of a path, percent-decoded; `None` if that is not UTF-8.
fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    if !segment.contains('%') {
        return Some(segment.into());
    }
    percent_decode_str(segment).decode_utf8().ok()
}

/// The organization in a path, whether or not anything is served there.
pub(super) fn organization(path: &str) -> Option<&str> {
    let path = path.strip_prefix("/api").unwrap_or(path);
    path.strip_prefix("/organizations/")?.split('/').next()
}

/// The path after the prefix.
pub(super) fn unprefixed(path: &str) -> &str {
    path.strip_prefix("/api")
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(path)
}

/// `Authorization: Bearer <token>`: exactly one space, the scheme in any case (Postman troubleshooting, evidence 2).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    // Besides these two, no value of a header holds a character that is not seen.
    let is_token = !token.is_empty() && memchr2(b' ', b'\t', token).is_none() && token.is_ascii();
    (is_token && scheme.eq_ignore_ascii_case(b"bearer ")).then(|| str::from_utf8(token).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_has_exactly_one_space_before_it() {
        let bearer = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        for good in ["Bearer t", "bearer t", "BEARER eyJ0.eyJz-_.x+/="] {
            assert!(bearer(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "t",
            "Bearer",
            "Bearer ",
            "Bearert",
            "Bearer  t",
            "Bearer t ",
            "Bearer\tt",
            "Bearer a b",
            "Basic t",
            " Bearer t",
        ] {
            assert!(bearer(bad).is_none(), "{bad:?}");
        }
    }
}
