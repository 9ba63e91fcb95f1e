//! Tallyfy's envelopes: `{"data":…}` and `{"data":…,"meta":…}` (evidence 3.2).

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::FromRequestParts,
    http::{HeaderValue, StatusCode, header, request::Parts, uri::Authority},
    response::Response,
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    exchange::Exchange,
    view::{View, write_json},
};
use crate::{
    domain::{
        contract::{EmptyLinks, NextLink},
        page::Page,
        query::query_with_page,
    },
    state::AppState,
};

/// An answer of JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    written(status, ROW_BYTES, |out| write_json(out, body))
}

/// Room for a group; what is longer grows.
const ROW_BYTES: usize = 512;

fn written(status: StatusCode, bytes: usize, write: impl FnOnce(&mut Vec<u8>)) -> Response {
    let mut bytes = Vec::with_capacity(bytes);
    write(&mut bytes);
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// `{"data":…}`
pub(super) fn one(view: &impl View, status: StatusCode) -> Response {
    written(status, ROW_BYTES, |out| {
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
pub(super) fn page<R, V: View>(
    page: Page<R>,
    view: impl FnMut(R) -> V,
    asked: &Asked,
    app: &AppState,
) -> Response {
    let link = |page: u64| asked.link(page, app);
    let pagination = Pagination {
        total: page.total,
        count: page.items.len(),
        per_page: page.request.per_page,
        current_page: page.request.page,
        total_pages: page.total_pages(),
        links: Links {
            previous: page.previous().map(link),
            next: page.next().map(link),
            empty: app.contract.empty_links,
        },
    };
    let views: Vec<V> = page.items.into_iter().map(view).collect();
    written(StatusCode::OK, ROW_BYTES * (views.len() + 1), |out| {
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

/// Where a list was asked for.
#[derive(Debug)]
pub(super) struct Asked(Arc<Exchange>);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Arc::clone(Exchange::of(&parts.extensions))))
    }
}

impl Asked {
    /// The query string, empty where there is none.
    pub(super) fn query(&self) -> &str {
        self.0.uri.query().unwrap_or_default()
    }

    /// The host that was asked; a target that names its host has the last word (RFC 9112, 3.2.2).
    fn host(&self) -> Option<&str> {
        let Exchange { uri, headers, .. } = &*self.0;
        let host = uri.authority().map(Authority::as_str);
        let header = || headers.get(header::HOST)?.to_str().ok();
        host.or_else(header).filter(|host| !host.is_empty())
    }

    fn link(&self, page: u64, app: &AppState) -> String {
        let host = self.host().unwrap_or(&app.authority);
        let query = match app.contract.next_link {
            NextLink::FullQuery => self.query(),
            NextLink::PageOnly => "",
        };
        format!(
            "http://{host}{}?{}",
            self.0.uri.path(),
            query_with_page(query, page)
        )
    }
}
