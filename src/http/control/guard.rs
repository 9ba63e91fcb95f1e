//! Who may use the control endpoints: they change state, so a web page that somebody has open must not reach them.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;
use crate::{http::exchange::bearer, state::AppState};

/// Refuses what a browser may have been talked into, and who does not know the control token.
pub(super) async fn guard(
    State(app): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = check_host(request.headers(), &app.guard.allowed_hosts)
        .and_then(|host| check_origin(request.headers(), host))
        .and_then(|()| check_token(&request, app.guard.token.as_deref()));
    match allowed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// A name that an attacker's DNS could point at this machine is not a name of this machine's.
fn check_host<'a>(headers: &'a HeaderMap, allowed: &[String]) -> Result<&'a str, Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts
        .next()
        .and_then(|host| host.to_str().ok())
        .filter(|host| !host.is_empty());
    let (Some(host), None) = (host, hosts.next()) else {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "the control endpoints need a `Host` header, and one only",
        ));
    };
    let name = without_port(host);
    let is_ours = !name.contains('.')
        || name.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("host.docker.internal")
        || allowed
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(host));
    let is_ours = is_ours
        || name
            .strip_prefix('[')
            .and_then(|ip| ip.strip_suffix(']'))
            .is_some_and(|ip| ip.parse::<IpAddr>().is_ok());
    if is_ours {
        return Ok(host);
    }
    let detail = format!(
        "the host `{name}` may not use the control endpoints; `--allow-host {name}` lets it"
    );
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        Some(_) | None => host,
    }
}

/// A browser says which page asks; only a page of the mock's own may.
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

/// Whoever asks whether the mock is up need not know the token.
fn check_token(request: &Request, token: Option<&str>) -> Result<(), Problem> {
    let Some(token) = token else { return Ok(()) };
    if ["/_mock/health", "/_mock/ready"].contains(&request.uri().path())
        || bearer(request.headers()) == Some(token)
    {
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
