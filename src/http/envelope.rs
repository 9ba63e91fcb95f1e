//! Tallyfy's envelopes: `{"data":…}` and `{"data":…,"meta":…}` (evidence 3.2).

use axum::{
    body::Bytes,
    http::{HeaderValue, Response, StatusCode, header, uri::Authority},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

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
    written(status, 256, |out| write_json(out, body))
}

fn written(status: StatusCode, length: usize, write: impl FnOnce(&mut Vec<u8>)) -> Answer {
    let mut bytes = Vec::with_capacity(length);
    write(&mut bytes);
    if bytes.capacity() > bytes.len() / 4 * 5 + 128 {
        // The journal may keep it.
        bytes.shrink_to_fit();
    }
    let mut answer = empty(status);
    *answer.body_mut() = bytes.into();
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

/// `{"data":…}`
pub(super) fn one(view: &impl View, status: StatusCode) -> Answer {
    written(status, view.length() + 10, |out| {
        out.extend_from_slice(b"{\"data\":");
        view.write(out);
        out.push(b'}');
    })
}

#[derive(Debug, Serialize)]
struct Meta {
    pagination: Pagination,
}

// The order of the fields is that of league/fractal (evidence 3.2).
#[derive(Debug, Serialize)]
struct Pagination {
    total: usize,
    count: usize,
    per_page: u64,
    current_page: u64,
    total_pages: u64,
    links: Links,
}

#[derive(Debug)]
struct Links {
    previous: Option<String>,
    next: Option<String>,
    empty: EmptyLinks,
}

/// `{"data":[…],"meta":{"pagination":{…}}}`: one page of a list, with links on the host and prefix that was asked.
pub(super) fn page<R, V: View>(page: Page<R>, view: impl FnMut(R) -> V, call: &Call<'_>) -> Answer {
    let link = |page: u64| link(call, page);
    let pagination = Pagination {
        total: page.total,
        count: page.items.len(),
        per_page: page.request.per_page,
        current_page: page.request.page,
        total_pages: page.total_pages(),
        links: Links {
            previous: page.previous().map(link),
            next: page.next().map(link),
            empty: call.contract().empty_links,
        },
    };
    let views: Vec<V> = page.items.into_iter().map(view).collect();
    written(StatusCode::OK, views.length() + 512, |out| {
        out.extend_from_slice(b"{\"data\":");
        views.write(out);
        out.extend_from_slice(b",\"meta\":");
        write_json(out, &Meta { pagination });
        out.push(b'}');
    })
}

impl Serialize for Links {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let (None, None, EmptyLinks::Array) = (&self.previous, &self.next, self.empty) {
            return serializer.collect_seq(std::iter::empty::<&str>());
        }
        let mut links = serializer.serialize_map(None)?;
        for (key, url) in [("previous", &self.previous), ("next", &self.next)] {
            if let Some(url) = url {
                links.serialize_entry(key, url)?;
            }
        }
        links.end()
    }
}

/// The URL of another page.
fn link(call: &Call<'_>, page: u64) -> String {
    let host = host(call.exchange).unwrap_or(&call.app.authority);
    let query = match call.contract().next_link {
        NextLink::FullQuery => call.query(),
        NextLink::PageOnly => "",
    };
    format!(
        "http://{host}{}?{}",
        call.exchange.uri.path(),
        query_with_page(query, page)
    )
}

/// The host that was asked; a target that names its host has the last word (RFC 9112, 3.2.2).
fn host(exchange: &Exchange) -> Option<&str> {
    let Exchange { uri, headers, .. } = exchange;
    let host = uri.authority().map(Authority::as_str);
    let header = || headers.get(header::HOST)?.to_str().ok();
    host.or_else(header).filter(|host| !host.is_empty())
}
