//! The guard of the control endpoints: they change state, so a web page that somebody has open must not reach them.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use http_body_util::{BodyExt, Collected};
use serde_json::Value;

use super::{
    is_probed,
    problem::{PROBLEM_JSON, Problem},
};
use crate::{
    http::{exchange::bearer, page},
    state::AppState,
};

/// Refuses cross-origin and rebound requests of a browser, and callers without the control token.
pub(super) async fn guard(
    State(app): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Response {
    let (headers, path) = (request.headers(), request.uri().path());
    let is_visit = request.method() == Method::GET && [page::PATH, "/"].contains(&path);
    let allowed = if is_probed(path) {
        // Probes come under names that nobody can foresee, and without the token. Their answers disclose nothing.
        check_origin(headers, only_host(headers).unwrap_or_default())
    } else {
        check_target(request.uri(), &app.guard.allowed_hosts)
            .and_then(|()| check_host(headers, &app.guard.allowed_hosts))
            .and_then(|host| check_origin(headers, host))
    };
    let allowed = allowed.and_then(|()| check_site(headers, is_visit));
    // The files of the page hold nothing of anybody's: it asks for the token itself.
    let is_open = is_probed(path) || path == "/" || page::FILES.iter().any(|it| it.path == path);
    let allowed = match app.guard.token.as_deref() {
        Some(token) if !is_open => allowed.and_then(|()| check_token(headers, token)),
        Some(_) | None => allowed,
    };
    let token = bearer(headers).map(str::to_owned);
    let response = match allowed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    match token {
        Some(token) if is_problem(&response) => without_token(&token, response).await,
        _ => response,
    }
}

fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind == PROBLEM_JSON)
}

/// A problem quotes what was found, which may be the caller's token.
async fn without_token(token: &str, response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    // A problem is in memory as a whole, so this never waits.
    let body = body.collect().await.map(Collected::to_bytes);
    let body = body.unwrap_or_default();
    let shown = serde_json::from_slice(&body).map(|problem| redacted(token, problem).to_string());
    // Only a problem that quotes the token is rewritten, so that the members of others keep their order.
    let body = match shown {
        Ok(shown) if shown.contains(REDACTED) => shown.into(),
        _ => body,
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body.into())
}

const REDACTED: &str = "[redacted]";

/// Redacts the token in JSON. A message that cuts a long token shows its beginning, which is redacted too.
fn redacted(token: &str, value: Value) -> Value {
    /// A shorter token is too likely to be an ordinary word of the problem.
    const SHORTEST: usize = 8;
    const BEGINNING: usize = 40;
    match value {
        Value::String(text) if token.len() >= SHORTEST => {
            let in_json = Value::from(token).to_string();
            let in_json = in_json.trim_matches('"');
            let text = text.replace(in_json, REDACTED).replace(token, REDACTED);
            let begins = [in_json, token].map(|token| &token[..token.len().min(BEGINNING)]);
            if begins.into_iter().any(|begin| text.contains(begin)) {
                REDACTED.into()
            } else {
                text.into()
            }
        }
        Value::Array(items) => items.into_iter().map(|it| redacted(token, it)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter();
            fields
                .map(|(name, it)| (name, redacted(token, it)))
                .collect()
        }
        other => other,
    }
}

/// The host of a request, if it names one.
fn only_host(headers: &HeaderMap) -> Option<&str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    host.filter(|host| !host.is_empty() && hosts.next().is_none())
}

/// Refuses a host that an attacker's DNS could point at this machine (DNS rebinding).
fn check_host<'a>(headers: &'a HeaderMap, allowed: &[String]) -> Result<&'a str, Problem> {
    let Some(host) = only_host(headers) else {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "the control endpoints need a `Host` header, and one only",
        ));
    };
    check_name(host, allowed)?;
    Ok(host)
}

/// An absolute target overrides `Host` (RFC 9112, 3.2.2).
fn check_target(target: &Uri, allowed: &[String]) -> Result<(), Problem> {
    target
        .host()
        .map_or(Ok(()), |host| check_name(host, allowed))
}

fn check_name(host: &str, allowed: &[String]) -> Result<(), Problem> {
    let name = without_port(host);
    let is_ours = is_address(name)
        || is_this_machine(name)
        || is_service(name)
        || allowed
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(host));
    if is_ours {
        return Ok(());
    }
    let detail = format!(
        "the host `{name}` may not use the control endpoints; `--allow-host {name}` lets it"
    );
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

fn is_address(name: &str) -> bool {
    let in_brackets = name.strip_prefix('[').and_then(|ip| ip.strip_suffix(']'));
    in_brackets.unwrap_or(name).parse::<IpAddr>().is_ok()
}

/// Whether a host is local: a name of this machine or of a neighbour that no public DNS resolves. `SECURITY.md` has the reason for
/// each.
pub(in crate::http) fn is_this_machine(name: &str) -> bool {
    const NAMES: [&str; 3] = [
        "host.docker.internal",
        "host.containers.internal",
        "host.testcontainers.internal",
    ];
    let name = name.to_ascii_lowercase();
    !name.contains('.') || NAMES.contains(&name.as_str()) || is_below(&name, &[".localhost"])
}

/// Whether a host is a service of Kubernetes, which no public DNS resolves either.
fn is_service(name: &str) -> bool {
    is_below(&name.to_ascii_lowercase(), &[".svc", ".svc.cluster.local"])
}

fn is_below(name: &str, ends: &[&str]) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    ends.iter()
        .filter_map(|end| name.strip_suffix(end))
        .any(|labels| labels.split('.').all(is_label))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        Some(_) | None => host,
    }
}

/// Refuses an `Origin` other than the mock's own.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let foreign = headers.get_all(header::ORIGIN).iter().find(|origin| {
        let own = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"));
        !own.is_some_and(|(scheme, of)| {
            ["http", "https"].contains(&scheme) && of.eq_ignore_ascii_case(host)
        })
    });
    match foreign {
        None => Ok(()),
        Some(origin) => {
            let origin = String::from_utf8_lossy(origin.as_bytes());
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                format!("a page of `{origin}` may not use the control endpoints"),
            ))
        }
    }
}

/// A browser also says from where a page asks, where it names no `Origin`: a picture or a script, say. Another
/// site may link to the page, and no more.
fn check_site(headers: &HeaderMap, is_visit: bool) -> Result<(), Problem> {
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|it| it == value);
    let is_link = is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    if !is("sec-fetch-site", "cross-site") || (is_visit && is_link) {
        return Ok(());
    }
    let detail = "a page of another site may link to `/_mock/`, and not use the control endpoints";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

fn check_token(headers: &HeaderMap, token: &str) -> Result<(), Problem> {
    if bearer(headers) == Some(token) {
        return Ok(());
    }
    let detail = "the control endpoints need `Authorization: Bearer` and the control token";
    Err(Problem::new(StatusCode::UNAUTHORIZED, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn loopback_addresses_and_names_without_a_dot_are_ours() {
        let allowed = ["mock.corp.example".to_owned()];
        for host in [
            "localhost",
            "localhost:8255",
            "127.0.0.1:8255",
            "[::1]:8255",
            "[::1]",
            "192.168.1.7",
            "tallyfy-mock:8255",
            "host.docker.internal:8255",
            "mock.corp.example",
            "MOCK.corp.example:1",
            "app.localhost:8255",
            "a.b.LocalHost",
            "host.containers.internal",
            "host.testcontainers.internal:8255",
            "mock.ci.svc",
            "mock.ci.svc.cluster.local:8255",
            "::1",
        ] {
            assert!(check_host(&headers(host, None), &allowed).is_ok(), "{host}");
        }
        for host in [
            "evil.test",
            "evil.test:8255",
            "127.0.0.1.evil.test",
            "localhost.",
            "localhost.evil.test",
            "[evil.test]",
            ".localhost",
            "a..localhost",
            "evil.test/.localhost",
            "app.localhost.evil.test",
            "evillocalhost.test",
            "mock.svc.evil.test",
            "mock.svc.cluster.local.evil.test",
            "cluster.local",
            "evil.internal",
            "x.host.docker.internal",
            "host.containers.internal.evil.test",
            "",
        ] {
            assert!(
                check_host(&headers(host, None), &allowed).is_err(),
                "{host}"
            );
        }
        assert!(check_host(&HeaderMap::new(), &allowed).is_err());
    }

    #[test]
    fn only_the_mocks_own_pages_may_ask() {
        let check = |origin| {
            check_origin(&headers("localhost:8255", Some(origin)), "localhost:8255").is_ok()
        };
        assert!(check("http://localhost:8255") && check("https://localhost:8255"));
        for origin in [
            "null",
            "http://evil.test",
            "http://localhost",
            "http://localhost:3000",
            "file://localhost:8255",
            "",
        ] {
            assert!(!check(origin), "{origin}");
        }
        assert!(check_origin(&headers("localhost", None), "localhost").is_ok());
    }
}
