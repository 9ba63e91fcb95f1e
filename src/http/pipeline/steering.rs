//! Steering: a request asks to fail by a header or a parameter of its own, for clients that can only add one.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, Uri};

use crate::http::exchange::Notes;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Steering {
    /// The status of the answer, from 400 to 599.
    pub(super) code: Option<u16>,
    /// The delay of the answer.
    pub(super) delay: Option<Duration>,
}

/// Prism's header, and RFC 7240's.
static PREFER: HeaderName = HeaderName::from_static("prefer");
/// Postman's header.
static RESPONSE_CODE: HeaderName = HeaderName::from_static("x-mock-response-code");

/// Upper bound on a delay.
const LONGEST: Duration = Duration::from_secs(3600);

impl Steering {
    /// The steering of a request, if it has any: `Prefer: code=404, delay=200` and `?__code=404` (Prism's), `x-mock-response-code: 429`
    /// (Postman's). An invalid value is ignored, and noted for the request's line in the log.
    pub(super) fn of(headers: &HeaderMap, uri: &Uri, notes: &Notes) -> Option<Self> {
        let mut steering = Self::default();
        let mut ignored = Ignored::default();
        for preference in headers
            .get_all(&PREFER)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            for (name, value) in preference
                .split([',', ';'])
                .filter_map(|part| part.split_once('='))
            {
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "code" => steering.code = steering.code.or(ignored.code(value)),
                    "delay" => steering.delay = steering.delay.or(ignored.delay(value)),
                    _ => {}
                }
            }
        }
        if let Some(query) = uri.query().filter(|query| query.contains("__code")) {
            let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "__code");
            steering.code = steering.code.or_else(|| ignored.code(&found?.1));
        }
        if let Some(value) = headers.get(&RESPONSE_CODE) {
            steering.code = steering
                .code
                .or_else(|| ignored.code(value.to_str().unwrap_or_default()));
        }
        if let Some(message) = ignored.0 {
            notes.note_steering_ignored(message);
        }
        (steering != Self::default()).then_some(steering)
    }
}

/// The first invalid value, as a header may hold very many. The value is not repeated: it may be a secret.
#[derive(Default)]
struct Ignored(Option<&'static str>);

impl Ignored {
    fn code(&mut self, text: &str) -> Option<u16> {
        let code = text.trim().parse().ok();
        let code = code.filter(|code| (400..600).contains(code));
        self.note(
            code,
            "the steering code was ignored: expected a status from 400 to 599",
        )
    }

    fn delay(&mut self, text: &str) -> Option<Duration> {
        let delay = text.parse().ok().map(Duration::from_millis);
        let delay = delay.filter(|delay| *delay <= LONGEST);
        self.note(
            delay,
            "the steering delay was ignored: expected milliseconds, 3600000 at most",
        )
    }

    fn note<T>(&mut self, read: Option<T>, message: &'static str) -> Option<T> {
        if read.is_none() {
            self.0 = self.0.or(Some(message));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[(&'static str, &str)], uri: &str) -> Option<(Option<u16>, Option<u64>)> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let steering = Steering::of(&headers, &uri.parse().unwrap(), &Notes::default())?;
        Some((
            steering.code,
            steering
                .delay
                .map(|delay| u64::try_from(delay.as_millis()).unwrap()),
        ))
    }

    #[test]
    fn a_request_says_in_its_own_way_how_it_is_to_fail() {
        assert_eq!(of(&[], "/groups?page=2"), None);
        assert_eq!(
            of(&[("prefer", "code=404")], "/groups"),
            Some((Some(404), None))
        );
        assert_eq!(
            of(&[("prefer", "code=503, delay=200")], "/groups"),
            Some((Some(503), Some(200)))
        );
        assert_eq!(
            of(&[("prefer", "respond-async; code=\"500\"")], "/groups"),
            Some((Some(500), None))
        );
        assert_eq!(
            of(&[("prefer", "delay=5")], "/groups"),
            Some((None, Some(5)))
        );
        assert_eq!(
            of(&[], "/groups?page=1&__code=418"),
            Some((Some(418), None))
        );
        assert_eq!(
            of(&[("x-mock-response-code", "429")], "/groups"),
            Some((Some(429), None))
        );
        assert_eq!(
            of(
                &[("prefer", "code=500"), ("x-mock-response-code", "429")],
                "/g?__code=401"
            ),
            Some((Some(500), None))
        );
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        for value in ["200", "600", "abc", "", "-1", "99999"] {
            assert_eq!(
                of(&[("x-mock-response-code", value)], "/groups"),
                None,
                "{value}"
            );
        }
        assert_eq!(
            of(
                &[("prefer", "code=204, delay=99999999999, dynamic=true, wait")],
                "/groups?__code="
            ),
            None
        );
        assert_eq!(
            of(&[("prefer", "code=204")], "/groups?__code=404"),
            Some((Some(404), None))
        );
    }
}
