//! Tallyfy's envelopes: `{"data":…}` and `{"data":…,"meta":…}` (evidence 3.2).

use axum::{
    body::Bytes,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde::Serialize;

use super::{
    exchange::Exchange,
    json::{View, write_json},
    origin,
};
use crate::domain::{
    contract::{Contract, EmptyLinks, NextLink},
    page::Page,
    query::query_with_page,
};

/// An answer, all of it in memory.
pub(super) type Answer = Response<Bytes>;

/// What the links to other pages are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) contract: &'a Contract,
    /// Host and port where the request names none.
    pub(super) authority: &'a str,
    /// Whether a proxy says what was asked.
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
    written(status, |out| write_json(out, body))
}

fn written(status: StatusCode, write: impl FnOnce(&mut Vec<u8>)) -> Answer {
    let mut bytes = Vec::with_capacity(1024);
    write(&mut bytes);
    let mut answer = empty(status);
    // No larger than it is: otherwise a create takes 200 ns more (2026-11-25).
    *answer.body_mut() = bytes.into_boxed_slice().into();
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// `{"data":…}`
pub(super) fn one(view: &impl View, status: StatusCode) -> Answer {
    written(status, |out| {
        out.extend_from_slice(b"{\"data\":");
        view.write(out);
        out.push(b'}');
    })
}

/// `{"data":[…],"meta":{"pagination":{…}}}`: one page of a list, with links on the host and prefix that was asked.
pub(super) fn page<R, V: View>(
    page: Page<R>,
    view: impl FnMut(R) -> V,
    links: Links<'_>,
) -> Answer {
    let page = page.map(view);
    let views = &page.items;
    written(StatusCode::OK, |out| {
        out.extend_from_slice(b"{\"data\":");
        views.write(out);
        out.extend_from_slice(b",\"meta\":{\"pagination\":");
        write_json(out, &Pagination::of(&page, links));
        out.extend_from_slice(b"}}");
    })
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
        let uri = &self.exchange.uri;
        let origin = origin::asked(self.exchange, self.trust_proxy);
        let host = origin.host.as_deref().unwrap_or(self.authority);
        let query = match self.contract.next_link {
            NextLink::FullQuery => uri.query().unwrap_or_default(),
            NextLink::PageOnly => "",
        };
        let query = query_with_page(query, page);
        [origin.scheme, "://", host, uri.path(), "?", &query].concat()
    }
}
