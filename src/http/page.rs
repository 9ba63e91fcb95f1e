//! The inspector page: three files, compiled in, and the headers that keep them from doing harm.
//!
//! They hold nothing of anybody's: all that the page shows it asks for at the control endpoints.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Redirect, Response},
};

/// Where the page is. Its links name it with a slash at the end, which is taken off before anybody looks.
pub(super) const PATH: &str = "/_mock";

/// One file of the page.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: &'static str,
    kind: &'static str,
    text: &'static str,
}

/// The files of the page.
pub(super) static FILES: [File; 3] = [
    File {
        path: PATH,
        kind: "text/html; charset=utf-8",
        text: include_str!("page/index.html"),
    },
    File {
        path: "/_mock/page.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("page/page.css"),
    },
    File {
        path: "/_mock/page.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("page/page.js"),
    },
];

/// Nothing but the page's own files and calls; no frame around it, no form, and no text that becomes markup or
/// script: with no policy of trusted types there is no way to make one.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The headers of each file.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// What is the mock's own is read by its own pages only, and as what it says it is: the journal holds what
/// anybody sent.
pub(super) async fn keep_to_itself(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    let no_sniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, no_sniff);
    let own = HeaderValue::from_static("same-origin");
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), own);
    answer
}

impl IntoResponse for &'static File {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, self.kind)];
        (HEADERS, kind, self.text).into_response()
    }
}

/// Whether a request is a browser's for the root of the mock: it is sent on to the page. No client of Tallyfy's
/// API asks for HTML.
pub(super) fn is_visit(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).iter();
    method == Method::GET
        && path == "/"
        && accepted.any(|accept| {
            let accept = accept.to_str().unwrap_or_default();
            accept.split(',').any(|kind| {
                let essence = kind.split(';').next().unwrap_or_default();
                essence.trim().eq_ignore_ascii_case("text/html")
            })
        })
}

/// Sends a browser on to the page.
pub(super) async fn send_on() -> impl IntoResponse {
    let vary = [
        (header::VARY, "accept"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (vary, Redirect::to("/_mock/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_small_and_make_nothing_out_of_text() {
        let bytes: usize = FILES.iter().map(|file| file.text.len()).sum();
        assert!(bytes <= 48 * 1024, "{bytes} bytes");
        for file in &FILES {
            for word in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "srcdoc",
                "eval(",
                "Function(",
                "javascript:",
                "http:",
                "https:",
                " style=",
                " onclick=",
                "localStorage",
                "sessionStorage",
                "EventSource",
                "@import",
                ":url(",
                " url(",
            ] {
                assert!(!file.text.contains(word), "{}: {word}", file.path);
            }
        }
    }

    #[test]
    fn only_a_browsers_visit_of_the_root_is_sent_on() {
        let is_visit = |method: &Method, path: &str, accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            is_visit(method, path, &headers)
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(is_visit(&Method::GET, "/", browser));
        assert!(is_visit(
            &Method::GET,
            "/",
            "application/xml, Text/HTML;q=0.5"
        ));
        for accept in ["*/*", "application/json", "text/*", "", "text/html5"] {
            assert!(!is_visit(&Method::GET, "/", accept), "{accept}");
        }
        assert!(!is_visit(&Method::POST, "/", browser));
        assert!(!is_visit(&Method::GET, "/api", browser));
    }
}
