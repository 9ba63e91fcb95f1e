//! The origin of a request, scheme and host, for links that lead back to the same place.

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, Uri, header, uri::Authority};

use crate::socket::{Protocol, SocketHandle};

/// RFC 7239.
static FORWARDED: HeaderName = HeaderName::from_static("forwarded");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The part of a link before its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin<'a> {
    pub(super) scheme: &'static str,
    /// `None` if the request names no host.
    pub(super) host: Option<Cow<'a, str>>,
}

/// The origin that a client used: from the proxy's headers, if they are trusted; else from the target, if that is absolute (RFC
/// 9112, 3.2.2); else the scheme of the connection and the `Host` header.
pub(super) fn asked<'a>(
    uri: &'a Uri,
    headers: &'a HeaderMap,
    socket: Option<&SocketHandle>,
    trust_proxy: bool,
) -> Origin<'a> {
    let (proxys_scheme, proxys_host) = if trust_proxy {
        forwarded(headers)
    } else {
        (None, None)
    };
    let target = || {
        let target = uri.authority()?.as_str();
        // Without a user's name and password.
        let host = target.rsplit_once('@').map_or(target, |(_, host)| host);
        Some(Cow::Borrowed(host))
    };
    let header = || Some(Cow::Borrowed(headers.get(header::HOST)?.to_str().ok()?));
    let host = proxys_host.map(Cow::Owned).or_else(target).or_else(header);
    let is_tls = socket.is_some_and(|socket| socket.protocol() == Protocol::Tls);
    let protocol = if is_tls { "https" } else { "http" };
    Origin {
        scheme: proxys_scheme
            .or_else(|| scheme(uri.scheme_str()?))
            .unwrap_or(protocol),
        host: host.filter(|host| !host.is_empty()),
    }
}

/// The origin according to the proxy nearest to the client: from `Forwarded`, or else from the older `X-Forwarded-*`.
fn forwarded(headers: &HeaderMap) -> (Option<&'static str>, Option<String>) {
    let first = |name| {
        let values = headers.get(name)?.to_str().ok()?;
        Some(values.split(',').next()?.trim().to_owned())
    };
    let element = headers
        .get(&FORWARDED)
        .and_then(|value| value.to_str().ok());
    let said = element.map(first_element).unwrap_or_default();
    let said = |name: &str| {
        let mut pairs = said.iter();
        let found = pairs.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    };
    let proto = said("proto").and_then(|proto| scheme(&proto));
    let host = said("host").and_then(|said| host(&said));
    (
        proto.or_else(|| scheme(&first(&FORWARDED_PROTO)?)),
        host.or_else(|| host_of(first(&FORWARDED_HOST))),
    )
}

fn host_of(said: Option<String>) -> Option<String> {
    host(&said?)
}

/// The pairs of a `Forwarded` header's first element; values may be quoted.
fn first_element(value: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let (mut name, mut text) = (None, String::new());
    let mut quoted = false;
    let mut chars = value.chars();
    loop {
        let next = chars.next();
        match next {
            Some('\\') if quoted => text.extend(chars.next()),
            Some('"') => quoted = !quoted,
            Some('=') if !quoted && name.is_none() => name = Some(std::mem::take(&mut text)),
            Some(';' | ',') | None if !quoted || next.is_none() => {
                let value = std::mem::take(&mut text);
                if let Some(name) = name.take() {
                    pairs.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                if next != Some(';') {
                    return pairs;
                }
            }
            Some(other) => text.push(other),
            None => return pairs,
        }
    }
}

/// The schemes that a proxy may offer.
fn scheme(text: &str) -> Option<&'static str> {
    let known = ["http", "https"];
    known
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text))
}

/// Whether the text is a host with or without a port; anything else would break every link.
fn host(text: &str) -> Option<String> {
    let host: Authority = text.parse().ok()?;
    (!host.as_str().contains('@')).then(|| host.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &'static str)]) -> (Option<&'static str>, Option<String>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        forwarded(&map)
    }

    #[test]
    fn a_proxy_says_what_was_asked() {
        for (headers, scheme, host) in [
            (&[("x-forwarded-proto", "https")][..], Some("https"), None),
            (
                &[
                    ("x-forwarded-proto", "HTTPS, http"),
                    ("x-forwarded-host", "mock.example:8443, inner"),
                ],
                Some("https"),
                Some("mock.example:8443"),
            ),
            (
                &[(
                    "forwarded",
                    "for=192.0.2.60;Proto=https;host=\"[::1]:8443\", for=10.0.0.1;proto=http;host=inner",
                )],
                Some("https"),
                Some("[::1]:8443"),
            ),
            (
                &[
                    ("forwarded", "for=\"a;proto=http,b\" ; proto=https"),
                    ("x-forwarded-host", "mock.example"),
                ],
                Some("https"),
                Some("mock.example"),
            ),
            (
                &[
                    ("forwarded", "proto=gopher;host=\"a b\""),
                    ("x-forwarded-proto", "wss"),
                    ("x-forwarded-host", "user@mock.example"),
                ],
                None,
                None,
            ),
            (&[("forwarded", "")], None, None),
            (&[("forwarded", "host=\"never closed\\")], None, None),
            (&[("x-forwarded-host", "")], None, None),
        ] {
            assert_eq!(
                of(headers),
                (scheme, host.map(str::to_owned)),
                "{headers:?}"
            );
        }
    }
}
