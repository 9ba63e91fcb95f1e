//! Pages of other origins may call Tallyfy's routes, as a front end in development does.

use axum::{
    extract::Request,
    http::{HeaderName, Method, header},
};
use tower_http::cors::{Any as AnyOrigin, CorsLayer};

use super::steering::{PREFER, RESPONSE_CODE};

/// Whether CORS has a say: a page asks, or its browser asks whether it may.
pub(super) fn is_a_browsers(request: &Request) -> bool {
    let headers = request.headers();
    match *request.method() {
        // Without this header it is no preflight, but a method like any other, and none that is served.
        Method::OPTIONS => headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        _ => headers.contains_key(header::ORIGIN),
    }
}

/// Any origin may call the Tallyfy routes, as a front end in development does. Preflights are answered here,
/// neither journalled nor struck.
pub(super) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::ACCEPT,
            header::CONTENT_TYPE,
            HeaderName::from_static("x-tallyfy-client"),
            PREFER.clone(),
            RESPONSE_CODE.clone(),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
        ])
        // The same for every origin, so no cache has to tell them apart.
        .vary([])
}
