//! Tallyfy's envelopes: `{"data":…}` and `{"data":…,"meta":…}` (evidence 3.2).

use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::{
    capacity::{Capacity, Full},
    exchange::Exchange,
    long::{Content, Source},
    origin,
};
use crate::{
    domain::{
        contract::{Contract, EmptyLinks, NextLink},
        page::Page,
        query::query_with_page,
    },
    json::{Out, Written},
};

/// An answer.
pub(super) type Answer = Response<Content>;

/// The parts of links to other pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) contract: &'a Contract,
    /// Host and port if the request names none.
    pub(super) authority: &'a str,
    /// Whether a proxy's headers are trusted.
    pub(super) trust_proxy: bool,
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

/// An answer of JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(body).expect("all keys are strings");
    of_json(status, bytes.into())
}

fn of_json(status: StatusCode, body: Content) -> Answer {
    let mut answer = empty(status);
    *answer.body_mut() = body;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// The answer of a handler.
#[derive(Debug)]
pub(super) enum Reply {
    /// The whole answer.
    Ready(Answer),
    /// A long answer, which is written within the memory budget.
    Source(StatusCode, Source),
}

impl Reply {
    /// A JSON document.
    pub(super) fn of(status: StatusCode, document: impl Written) -> Self {
        match Source::or_short(document) {
            Ok(body) => Self::Ready(of_json(status, body)),
            Err(source) => Self::Source(status, source),
        }
    }

    /// The answer, once the memory budget has room for it.
    pub(super) async fn answer(self, capacity: &Capacity) -> Result<Answer, Full> {
        match self {
            Self::Ready(answer) => Ok(answer),
            Self::Source(status, source) => {
                // Boxed because few answers are that long, and inline it would enlarge the future of each.
                let body = Box::pin(source.written(capacity)).await;
                Ok(of_json(status, body?))
            }
        }
    }
}

/// `{"data":…}`
#[derive(Debug)]
pub(super) struct One<V>(pub(super) V);

impl<V: Written> Written for One<V> {
    async fn write(&self, out: &mut Out) {
        out.raw("{\"data\":");
        self.0.write(out).await;
        out.raw("}");
    }
}

/// `{"data":[`, before the rows of a page.
pub(super) fn begin_page(out: &mut Out) {
    out.raw("{\"data\":[");
}

/// `],"meta":{"pagination":{…}}}` after them, with links on the host and prefix of the request.
pub(super) fn end_page<R>(out: &mut Out, page: &Page<R>, links: Links<'_>) {
    out.raw("],\"meta\":{\"pagination\":");
    out.json(&Pagination::of(page, links));
    out.raw("}}");
}

/// The keys of league/fractal, in its order (evidence 3.2).
#[derive(Serialize)]
struct Pagination {
    total: usize,
    count: usize,
    per_page: u64,
    current_page: u64,
    total_pages: u64,
    links: PageLinks,
}

#[derive(Serialize)]
#[serde(untagged)]
enum PageLinks {
    Object {
        #[serde(skip_serializing_if = "Option::is_none")]
        previous: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    },
    /// As PHP writes an object without keys.
    Array([(); 0]),
}

impl Pagination {
    fn of<R>(page: &Page<R>, links: Links<'_>) -> Self {
        let link = |page: Option<u64>| page.map(|page| links.link(page));
        let links = match (link(page.previous()), link(page.next())) {
            (None, None) if links.contract.empty_links == EmptyLinks::Array => PageLinks::Array([]),
            (previous, next) => PageLinks::Object { previous, next },
        };
        Self {
            total: page.total,
            count: page.items.len(),
            per_page: page.request.per_page,
            current_page: page.request.page,
            total_pages: page.total_pages(),
            links,
        }
    }
}

impl Links<'_> {
    /// The URL of another page.
    fn link(&self, page: u64) -> String {
        let Exchange {
            uri,
            headers,
            socket,
            ..
        } = self.exchange;
        let origin = origin::asked(uri, headers, socket.as_deref(), self.trust_proxy);
        let host = origin.host.as_deref().unwrap_or(self.authority);
        let query = match self.contract.next_link {
            NextLink::FullQuery => uri.query().unwrap_or_default(),
            NextLink::PageOnly => "",
        };
        let query = query_with_page(query, page);
        [origin.scheme, "://", host, uri.path(), "?", &query].concat()
    }
}
