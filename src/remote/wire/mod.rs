//! One exchange at a time with another server, within bounds.

mod limits;
mod trouble;
mod way;

use std::{
    io::{BufReader, Read as _},
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use chrono::{DateTime, Utc};
use ureq::{
    Agent,
    http::{self, HeaderMap, header},
    tls::TlsConfig,
};

pub use self::{
    limits::{Limits, RealTime, Waiting},
    trouble::Trouble,
};
use self::{
    trouble::{seconds, told},
    way::{proxy, trusted},
};
use super::{target::Target, token::Token};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What messages call it. It has no id and no secret in it.
    pub name: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path after the base URL, with a query where there is one.
    pub path: &'a str,
    /// The token, where one is sent.
    pub token: Option<&'a Token>,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, where there is one.
    pub body: Option<&'a [u8]>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, by names in lower case.
    headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long it asks to wait, if it is refused for now.
    fn retry_after(&self) -> Option<Duration> {
        if !matches!(self.status, 429 | 503) {
            return None;
        }
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        // A date counts from that of the answer, or else from this machine's.
        let until = DateTime::parse_from_rfc2822(text).ok()?;
        let sent = self
            .header("date")
            .and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let now = sent.unwrap_or_else(|| DateTime::<Utc>::from(SystemTime::now()).fixed_offset());
        Some((until - now).to_std().unwrap_or_default())
    }
}

/// The connection to a server: one request at a time.
pub struct Wire {
    target: Target,
    agent: Agent,
    limits: Limits,
    waiting: Box<dyn Waiting>,
    started: Instant,
    last: Option<Instant>,
    requests: u32,
    bytes: u64,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} requests to {}", self.requests, self.target.place())
    }
}

impl Wire {
    /// Prepares to ask that server; nothing is sent yet. The system's roots are trusted, and those of the file `cacert`.
    pub fn new(
        target: Target,
        cacert: Option<&Path>,
        limits: Limits,
        waiting: impl Waiting + 'static,
    ) -> Result<Self, Trouble> {
        let proxy = if target.is_loopback() {
            None
        } else {
            proxy(&target)?
        };
        let tls = TlsConfig::builder().root_certs(trusted(cacert)?).build();
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .https_only(target.is_https())
            .proxy(proxy)
            .tls_config(tls)
            .user_agent(concat!("tallyfy-mock/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            .max_idle_connections(1)
            .max_idle_connections_per_host(1)
            .max_response_header_size(limits.head_bytes)
            .timeout_global(Some(limits.request_time))
            .allow_non_standard_methods(true)
            .build()
            .new_agent();
        let started = waiting.now();
        Ok(Self {
            target,
            agent,
            limits,
            waiting: Box::new(waiting),
            started,
            last: None,
            requests: 0,
            bytes: 0,
        })
    }

    /// The server that is asked.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u32 {
        self.requests
    }

    /// Asks, and again where the answer says `Retry-After`. A redirect is an answer: none is followed.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let mut retries = 0;
        loop {
            self.keep_pace(request)?;
            let answer = self.exchange(request)?;
            let Some(time) = answer.retry_after() else {
                return Ok(answer);
            };
            let (status, most) = (answer.status, self.limits.retry_after);
            if time > most {
                let (time, most) = (seconds(time), seconds(most));
                let what = format!(
                    "answered {status}, to try again in {time}; at most {most} are waited for: try later"
                );
                return Err(Trouble::about(request.name, what));
            }
            if retries == self.limits.retries {
                let what = format!(
                    "answered {status} {} times in a row; try later",
                    retries + 1
                );
                return Err(Trouble::about(request.name, what));
            }
            retries += 1;
            self.pause(request, time)?;
        }
    }

    /// Waits until a request may be sent, and counts it.
    fn keep_pace(&mut self, request: &Request<'_>) -> Result<(), Trouble> {
        if self.requests == self.limits.requests {
            let what = format!("{} requests were sent, and no more are", self.requests);
            return Err(Trouble::about(request.name, what));
        }
        if let Some(last) = self.last.filter(|_| !self.target.is_loopback()) {
            let since = self.waiting.now().saturating_duration_since(last);
            self.pause(request, self.limits.pace.saturating_sub(since))?;
        } else {
            self.pause(request, Duration::ZERO)?;
        }
        self.last = Some(self.waiting.now());
        self.requests += 1;
        Ok(())
    }

    /// Waits, if the time of the run is long enough for it.
    fn pause(&self, request: &Request<'_>, time: Duration) -> Result<(), Trouble> {
        let since = self.waiting.now().saturating_duration_since(self.started);
        if since + time > self.limits.run_time {
            let what = format!(
                "all requests together may take {}, and these take longer",
                seconds(self.limits.run_time)
            );
            return Err(Trouble::about(request.name, what));
        }
        if !time.is_zero() {
            self.waiting.wait(time);
        }
        Ok(())
    }

    fn exchange(&mut self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let failed = |error: &ureq::Error| {
            Trouble::about(
                request.name,
                told(error, &self.target, self.limits.request_time),
            )
        };
        let sent = self.request(request);
        let response = match request.body {
            Some(body) => self.agent.run(sent.map(|()| body)),
            None => self.agent.run(sent),
        };
        let (head, body) = response.map_err(|error| failed(&error))?.into_parts();
        let left = self.limits.all_bytes.saturating_sub(self.bytes);
        let most = self.limits.answer_bytes.min(left);
        let mut bytes = Vec::new();
        let body = body.into_with_config().limit(most).reader();
        let read = BufReader::new(body).read_to_end(&mut bytes);
        self.bytes += bytes.len() as u64;
        match read.map_err(ureq::Error::from) {
            Ok(_) => Ok(Answer {
                status: head.status.as_u16(),
                headers: head.headers,
                body: bytes,
            }),
            Err(ureq::Error::BodyExceedsLimit(_)) => {
                let whose = if most == left {
                    "all answers together are"
                } else {
                    "the answer is"
                };
                let mib = if most == left {
                    self.limits.all_bytes
                } else {
                    most
                } / (1024 * 1024);
                Err(Trouble::about(
                    request.name,
                    format!("{whose} longer than {mib} MiB"),
                ))
            }
            Err(error) => Err(failed(&error)),
        }
    }

    fn request(&self, request: &Request<'_>) -> http::Request<()> {
        let url = self.target.url(request.path);
        let mut sent = http::Request::builder().method(request.method).uri(url);
        if let Some(token) = request.token {
            sent = sent.header(header::AUTHORIZATION, token.bearer());
        }
        for (name, value) in request.headers {
            sent = sent.header(*name, *value);
        }
        sent.body(())
            .expect("method, path and headers are written by this program")
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use ureq::http::{HeaderName, HeaderValue};

    use super::*;

    /// Time that passes where it is waited for, and nowhere else.
    #[derive(Clone)]
    struct NoTime {
        start: Instant,
        waited: Rc<Cell<Duration>>,
    }

    impl Waiting for NoTime {
        fn now(&self) -> Instant {
            self.start + self.waited.get()
        }

        fn wait(&self, time: Duration) {
            self.waited.set(self.waited.get() + time);
        }
    }

    const ME: Request<'_> = Request {
        name: "GET /me",
        method: "GET",
        path: "/me",
        token: None,
        headers: &[],
        body: None,
    };

    fn wire(base: &str, limits: Limits) -> (Wire, NoTime) {
        let time = NoTime {
            start: Instant::now(),
            waited: Rc::default(),
        };
        let target = Target::parse(base).unwrap();
        (Wire::new(target, None, limits, time.clone()).unwrap(), time)
    }

    #[test]
    fn another_machine_is_asked_once_a_second_and_this_one_at_once() {
        for (base, seconds) in [(Target::TALLYFY, 9), ("http://127.0.0.1", 0)] {
            let (mut wire, time) = wire(base, Limits::default());
            for _ in 0..10 {
                wire.keep_pace(&ME).unwrap();
            }
            assert_eq!(
                (time.waited.get().as_secs(), wire.requests()),
                (seconds, 10)
            );
        }
    }

    #[test]
    fn requests_and_time_have_a_bound() {
        let (mut asked, _) = wire(
            "http://127.0.0.1",
            Limits {
                requests: 1,
                ..Limits::default()
            },
        );
        asked.keep_pace(&ME).unwrap();
        let said = asked.keep_pace(&ME).unwrap_err().to_string();
        assert_eq!(said, "GET /me: 1 requests were sent, and no more are");

        let limits = Limits {
            run_time: Duration::from_secs(2),
            ..Limits::default()
        };
        let (mut asked, time) = wire(Target::TALLYFY, limits);
        for _ in 0..3 {
            asked.keep_pace(&ME).unwrap();
        }
        let said = asked.keep_pace(&ME).unwrap_err().to_string();
        assert_eq!(
            said,
            "GET /me: all requests together may take 2 seconds, and these take longer"
        );
        assert_eq!(
            time.waited.get().as_secs(),
            2,
            "what would be too long is not waited for"
        );
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        let answer = |status: u16, fields: &[(&'static str, &str)]| {
            let fields = fields.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            });
            Answer {
                status,
                headers: fields.collect(),
                body: Vec::new(),
            }
            .retry_after()
        };
        let date = ("date", "Wed, 25 Nov 2026 22:00:00 GMT");
        for (after, seconds) in [
            ("7", Some(7)),
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("Wed, 25 Nov 2026 22:00:30 GMT", Some(30)),
            ("Wed, 25 Nov 2026 21:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(
                answer(429, &[("retry-after", after), date]),
                seconds.map(Duration::from_secs),
                "{after}"
            );
        }
        assert_eq!(
            answer(503, &[("retry-after", "7")]),
            Some(Duration::from_secs(7))
        );
        assert_eq!(answer(200, &[("retry-after", "7")]), None);
        // Without a date in the answer, by this machine's clock.
        assert_eq!(
            answer(429, &[("retry-after", "Wed, 25 Nov 1998 22:00:30 GMT")]),
            Some(Duration::ZERO)
        );
    }
}
