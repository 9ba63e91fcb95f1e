//! Requests for other hosts, which clients send that use the mock as their proxy: a `CONNECT`, or an absolute URL as target. The
//! mock answers those for Tallyfy's hosts and its own. It forwards nothing: others are refused.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{Request, State},
    http::{self, Method, StatusCode, Uri},
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use hyper::ext::ReasonPhrase;

use super::{
    body::finish_body,
    control::{Problem, is_this_machine},
};
use crate::{
    request_log::without_unseen,
    socket::{Protocol, SocketHandle},
    state::AppState,
};

/// What answers requests whose target is no host of the mock's.
pub(super) fn router(app: Arc<AppState>) -> Router {
    Router::new()
        .fallback(refuse_or_connect)
        .layer(from_fn(finish_body))
        .with_state(app)
}

/// Whether a request has the mock for its end, as far as its target tells. A `CONNECT` never has.
pub(super) fn is_answered_here<B>(app: &AppState, request: &http::Request<B>) -> bool {
    let Some(host) = request.uri().host() else {
        return true;
    };
    *request.method() != Method::CONNECT && (app.hosts.contains(host) || is_own(app, request, host))
}

/// Whether a host is this mock by another name: this machine, the address that the client reached, or a name that it
/// was told by `--allow-host`.
fn is_own<B>(app: &AppState, request: &http::Request<B>, host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(host).parse::<IpAddr>() {
        let ip = ip.to_canonical();
        let socket = request.extensions().get::<Arc<SocketHandle>>();
        let reached = || socket.and_then(|socket| socket.local_ip());
        return ip.is_loopback() || ip.is_unspecified() || reached() == Some(ip);
    }
    let mut allowed = app.guard.allowed_hosts.iter();
    is_this_machine(host) || allowed.any(|known| known.eq_ignore_ascii_case(host))
}

/// Opens a tunnel to a host of Tallyfy's; the mock is its other end. All else is refused.
async fn refuse_or_connect(State(app): State<Arc<AppState>>, request: Request) -> Response {
    let uri = request.uri();
    let host = uri.host().unwrap_or_default();
    if *request.method() != Method::CONNECT || !app.hosts.contains(host) {
        return refusal(&app, &request, "it forwards nothing");
    }
    let Some(port) = uri.port_u16() else {
        let detail = "`CONNECT` needs a host and a port, such as `go.tallyfy.com:443`";
        return Problem::new(StatusCode::BAD_REQUEST, detail).into_response();
    };
    if port != HTTPS {
        return refusal(
            &app,
            &request,
            "of Tallyfy's hosts it answers port 443 only",
        );
    }
    let socket = request.extensions().get::<Arc<SocketHandle>>();
    match socket {
        Some(socket) if socket.protocol() == Protocol::PlainOrTunnel => {
            socket.note_tunnel();
            StatusCode::OK.into_response()
        }
        Some(socket) if socket.protocol() == Protocol::Tls => {
            refusal(&app, &request, "there is no tunnel within a tunnel")
        }
        _ => refusal(
            &app,
            &request,
            "it speaks TLS in that host's place only when it is started with `--tls`",
        ),
    }
}

const HTTPS: u16 = 443;

/// The refusal of a request for another host: counted, logged, and said to the client.
fn refusal(app: &AppState, request: &Request, why: &str) -> Response {
    app.note_not_forwarded();
    let asked = asked(request.method(), request.uri());
    let detail = format!("`{asked}` is refused by tallyfy-mock: {why}");
    tracing::warn!("{detail}");
    let mut response = Problem::new(StatusCode::FORBIDDEN, detail).into_response();
    // Of the answer to a `CONNECT`, most clients show the status line and no more.
    if *request.method() == Method::CONNECT {
        let phrase =
            ReasonPhrase::from_static(b"Forbidden by tallyfy-mock, which forwards nothing");
        response.extensions_mut().insert(phrase);
    }
    response
}

/// Method and host of a request, for people; a user's name and password in the target are left out.
fn asked(method: &Method, uri: &Uri) -> String {
    const LONGEST: usize = 100;
    let host = uri.host().unwrap_or_default();
    let host = without_unseen(host);
    let shown: Cow<'_, str> = match host.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &host[..end]).into(),
        None => host,
    };
    let scheme = uri.scheme_str().map(|scheme| format!("{scheme}://"));
    let port = uri.port().map(|port| format!(":{port}"));
    format!(
        "{method} {}{shown}{}",
        scheme.unwrap_or_default(),
        port.unwrap_or_default()
    )
}
