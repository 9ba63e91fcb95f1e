//! CORS for Tallyfy's routes, so that a front end in development can call them: a preflight is allowed whatever it asks for, and
//! every answer can be read. Any origin is allowed, as no cookies are involved. The control endpoints have no CORS.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};

/// The served methods; another one that a preflight asks for is allowed too, so that the page sees the 405.
const METHODS: &str = "GET,HEAD,POST,PUT,DELETE";

/// The headers of Tallyfy's clients, for a preflight that names none.
const HEADERS: &str =
    "authorization,accept,content-type,x-tallyfy-client,prefer,x-mock-response-code";

/// The headers of an answer that a page may read, beside the ones that are always readable.
const EXPOSED: &str =
    "retry-after,x-ratelimit-limit,x-ratelimit-remaining,allow,x-tallyfy-mock-reason";

/// How long a browser may remember a preflight's answer, in seconds; browsers have bounds of their own.
const MAX_AGE: &str = "7200";

static ASKS_FOR_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
static ALLOWS_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Whether a request is a preflight. Without `Access-Control-Request-Method`, `OPTIONS` is a method like any other, and not served.
pub(super) fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight; it is neither journalled nor struck.
pub(super) fn preflight(asked: &HeaderMap) -> Response {
    let mut answer = Response::new(Body::empty());
    let headers = answer.headers_mut();
    allow_any_origin(headers);
    let method = asked.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods(method));
    let mut mirrored = false;
    for names in asked.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.append(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        mirrored = true;
    }
    if !mirrored {
        let usual = HeaderValue::from_static(HEADERS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, usual);
    }
    let max_age = HeaderValue::from_static(MAX_AGE);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, max_age);
    if asked
        .get(&ASKS_FOR_PRIVATE_NETWORK)
        .is_some_and(|asks| asks.as_bytes().eq_ignore_ascii_case(b"true"))
    {
        let yes = HeaderValue::from_static("true");
        headers.insert(ALLOWS_PRIVATE_NETWORK.clone(), yes);
    }
    let vary = "access-control-request-method, access-control-request-headers, access-control-request-private-network";
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    answer
}

/// The served methods, and the one that the preflight asks for.
fn methods(asked: Option<&HeaderValue>) -> HeaderValue {
    let usual = HeaderValue::from_static(METHODS);
    let Some(asked) = asked.and_then(|asked| asked.to_str().ok()) else {
        return usual;
    };
    let is_method = Method::from_bytes(asked.as_bytes()).is_ok();
    if !is_method || METHODS.split(',').any(|served| served == asked) {
        return usual;
    }
    HeaderValue::from_str(&format!("{METHODS},{asked}")).unwrap_or(usual)
}

/// Adds the headers that let a page read an answer.
pub(super) fn make_readable(headers: &mut HeaderMap) {
    allow_any_origin(headers);
    let exposed = HeaderValue::from_static(EXPOSED);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
}

fn allow_any_origin(headers: &mut HeaderMap) {
    // The same for every origin, so that caches need no `Vary`.
    let any = HeaderValue::from_static("*");
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
}
