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
    written(status, 128, |out| write_json(out, body))
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

/// `{"data":[…],"meta":{"pagination":{…}}}`: one page of a list, with links on the host and prefix that was asked.
pub(super) fn page<R, V: View>(
    page: Page<R>,
    view: impl FnMut(R) -> V,
    links: Links<'_>,
) -> Answer {
    let page = page.map(view);
    let views = &page.items;
    written(StatusCode::OK, views.length() + 512, |out| {
        out.extend_from_slice(b"{\"data\":");
        views.write(out);
        out.extend_from_slice(b",\"meta\":{\"pagination\":");
        write_pagination(out, &page, links);
        out.extend_from_slice(b"}}");
    })
}

/// The keys stand in the order of league/fractal (evidence 3.2).
fn write_pagination<R>(out: &mut Vec<u8>, page: &Page<R>, made_of: Links<'_>) {
    let numbers: [(&str, u64); 5] = [
        ("{\"total\":", page.total as u64),
        (",\"count\":", page.items.len() as u64),
        (",\"per_page\":", page.request.per_page),
        (",\"current_page\":", page.request.page),
        (",\"total_pages\":", page.total_pages()),
    ];
    for (key, number) in numbers {
        out.extend_from_slice(key.as_bytes());
        write_json(out, &number);
    }
    out.extend_from_slice(b",\"links\":");
    let links = [("previous", page.previous()), ("next", page.next())];
    let links = links.into_iter();
    let mut links = links
        .filter_map(|(name, page)| Some((name, page?)))
        .peekable();
    let is_array = links.peek().is_none() && made_of.contract.empty_links == EmptyLinks::Array;
    let [open, close] = if is_array { *b"[]" } else { *b"{}" };
    out.push(open);
    for (i, (name, page)) in links.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_json(out, &name);
        out.push(b':');
        write_json(out, &made_of.link(page));
    }
    out.extend_from_slice(&[close, b'}']);
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
