//! Which server is asked: its base URL.

use std::net::IpAddr;

use ureq::http::Uri;

/// A base URL, such as `https://go.tallyfy.com/api`: https, or http where the host is this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Scheme, host and port.
    origin: Box<str>,
    /// The host as it is written, an IPv6 address in its brackets.
    host: Box<str>,
    /// The host, and the port where one is given.
    place: Box<str>,
    /// What comes before each path: empty, or a path without a slash at its end.
    prefix: Box<str>,
    is_loopback: bool,
    is_https: bool,
}

impl Target {
    /// Where Tallyfy serves its API.
    pub const TALLYFY: &str = "https://go.tallyfy.com/api";

    /// Parses a base URL; the error is one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "expected a URL such as `https://go.tallyfy.com/api`";
        let text = text.trim();
        if text.contains(['?', '#']) {
            return Err("a base URL has no query and no fragment".to_owned());
        }
        let uri: Uri = text.parse().map_err(|_| example.to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(example.to_owned());
        };
        if authority.as_str().contains('@') {
            return Err(
                "a base URL has no user and no password; a token comes from a variable".to_owned(),
            );
        }
        let host = authority.host();
        let place = authority.as_str();
        let has_port = place.strip_prefix(host).unwrap_or_default();
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        if host.is_empty()
            || !(has_port.is_empty() || has_port.strip_prefix(':').is_some_and(is_port))
        {
            return Err(example.to_owned());
        }
        let is_loopback = is_loopback(host);
        let is_https = match scheme {
            "https" => true,
            "http" if is_loopback => false,
            "http" => {
                return Err(
                    "http is for this machine only, as a token would go over the network in the clear; use https"
                        .to_owned(),
                );
            }
            _ => return Err(example.to_owned()),
        };
        Ok(Self {
            origin: format!("{scheme}://{place}").into(),
            host: host.into(),
            place: place.into(),
            prefix: uri.path().trim_end_matches('/').into(),
            is_loopback,
            is_https,
        })
    }

    /// The URL of a path, which begins with a slash and may have a query.
    pub fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.prefix)
    }

    /// The host, for messages.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host, and the port where one was given, for messages.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What stands before each path, such as `/api`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether the host is this machine: there is no pace and no proxy then.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// Whether it is asked over TLS.
    pub fn is_https(&self) -> bool {
        self.is_https
    }
}

/// `localhost`, or an address of loopback.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The host in a URL, if it can be shown.
pub(super) fn host_in(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.host()?;
    let is_plain = host
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    (is_plain && host.len() <= 253).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_goes_anywhere_and_http_stays_here() {
        for (base, url, is_loopback) in [
            (Target::TALLYFY, "https://go.tallyfy.com/api/me", false),
            (
                "https://api.tallyfy.com",
                "https://api.tallyfy.com/me",
                false,
            ),
            (
                " https://api.tallyfy.com/ ",
                "https://api.tallyfy.com/me",
                false,
            ),
            (
                "HTTPS://GO.tallyfy.com:8443/a/b//",
                "https://GO.tallyfy.com:8443/a/b/me",
                false,
            ),
            (
                "http://127.0.0.1:8255/api",
                "http://127.0.0.1:8255/api/me",
                true,
            ),
            ("http://127.9.9.9", "http://127.9.9.9/me", true),
            ("http://[::1]:8255", "http://[::1]:8255/me", true),
            ("http://LocalHost:1", "http://LocalHost:1/me", true),
            ("https://localhost", "https://localhost/me", true),
        ] {
            let target = Target::parse(base).unwrap();
            assert_eq!(
                (target.url("/me").as_str(), target.is_loopback()),
                (url, is_loopback)
            );
        }
    }

    #[test]
    fn any_other_url_is_refused_with_one_sentence() {
        for bad in [
            "",
            "go.tallyfy.com/api",
            "go.tallyfy.com",
            "/api",
            "https:",
            "https://",
            "https:///api",
            "https://:443",
            "https://h:",
            "https://h:0",
            "https://h:65536",
            "https://h:x",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "http://go.tallyfy.com",
            "http://localhost.evil.test",
            "http://127.0.0.1.evil.test",
            "http://127.1",
            "http://2130706433",
            "http://0.0.0.0",
            "http://[::]",
            "http://[::ffff:10.0.0.1]",
            "http://10.0.0.1",
            "http://user@127.0.0.1",
            "https://a:b@go.tallyfy.com",
            "https://go.tallyfy.com@evil.test",
            "https://h/?a=b",
            "https://h/#f",
            "https://h /",
            "https://h\n/x",
            "https://ü",
        ] {
            let said = Target::parse(bad).expect_err(bad);
            assert!(!said.contains('\n') && !said.ends_with('.'), "{said}");
        }
    }
}
