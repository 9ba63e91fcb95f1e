//! Tallyfy's envelopes: `{"data":…}` and `{"data":…,"meta":…}` (evidence 3.2).

use axum::{
    body::Bytes,
    http::{HeaderValue, Response, StatusCode, header, uri::Authority},
};
use serde::Serialize;

use super::{
    call::Call,
    exchange::Exchange,
    view::{View, write_json},
};
use crate::domain::{
    contract::{EmptyLinks, NextLink},
    page::Page,
    query::query_with_page,
};

/// An answer, all of it in memory.
pub(super) type Answer = Response<Bytes>;

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
    // No larger than it is: the journal may keep it.
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
pub(super) fn page<R, V: View>(page: Page<R>, view: impl FnMut(R) -> V, call: &Call<'_>) -> Answer {
    let page = page.map(view);
    let views = &page.items;
    written(StatusCode::OK, |out| {
        out.extend_from_slice(b"{\"data\":");
        views.write(out);
        out.extend_from_slice(b",\"meta\":{\"pagination\":");
        write_json(out, &Pagination::of(&page, call));
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
    links: Links,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Links {
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
    fn of<R>(page: &Page<R>, call: &Call<'_>) -> Self {
        let link = |page: Option<u64>| page.map(|page| link(call, page));
        let links = match (link(page.previous()), link(page.next())) {
            (None, None) if call.contract().empty_links == EmptyLinks::Array => Links::Array([]),
            (previous, next) => Links::Object { previous, next },
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

/// The URL of another page.
fn link(call: &Call<'_>, page: u64) -> String {
    let host = host(call.exchange).unwrap_or(&call.app.authority);
    let query = match call.contract().next_link {
        NextLink::FullQuery => call.query(),
        NextLink::PageOnly => "",
    };
    let path = call.exchange.uri.path();
    ["http://", host, path, "?", &query_with_page(query, page)].concat()
}

/// The host that was asked; a target that names its host has the last word (RFC 9112, 3.2.2).
fn host(exchange: &Exchange) -> Option<&str> {
    let Exchange { uri, headers, .. } = exchange;
    let host = uri.authority().map(Authority::as_str);
    let header = || headers.get(header::HOST)?.to_str().ok();
    host.or_else(header).filter(|host| !host.is_empty())
}
