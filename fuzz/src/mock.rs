//! [`Mock`]: the mock without a socket.

use std::{fmt, sync::Arc};

use axum::{
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tallyfy_mock::{
    config::Config,
    fixture::Fixture,
    http::App,
    state::{AppState, StartError},
};
use tower::ServiceExt;

use super::shape::check_refusal;

/// A mock whose clock stands still and whose delays cost no time.
pub(crate) struct Mock {
    app: App,
    state: Arc<AppState>,
    runtime: tokio::runtime::Runtime,
}

impl Mock {
    /// A mock on the built-in demo.
    pub(crate) fn demo(edition: &str) -> Self {
        Self::of(edition, Fixture::demo())
    }

    /// A mock with nothing in it, where any organization is there as soon as it is named.
    pub(crate) fn empty(edition: &str) -> Self {
        Self::of(edition, Fixture::default())
    }

    fn of(edition: &str, fixture: Fixture) -> Self {
        let mut config = Config::default();
        config.contract.edition = Some(edition.parse().expect("an edition that there is"));
        Self::with(fixture, &config).expect("it starts")
    }

    pub(crate) fn with(fixture: Fixture, config: &Config) -> Result<Self, StartError> {
        let config = Config {
            seed: Some(7),
            clock: Some("2026-03-01T09:00:00Z".parse().expect("a time")),
            ..config.clone()
        };
        let state = Arc::new(AppState::new(&config, fixture, "localhost".into())?);
        Ok(Self {
            app: App::new(Arc::clone(&state)),
            state,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime"),
        })
    }

    /// What is answered to a request that could have come over a socket.
    pub(crate) fn ask(&self, method: &str, target: &str, body: Option<&[u8]>) -> Answer {
        self.ask_if_lawful(method, target, body)
            .unwrap_or_else(|| panic!("{method} {target} is no request"))
    }

    /// The same; nothing where the method or the target cannot be one.
    pub(crate) fn ask_if_lawful(
        &self,
        method: &str,
        target: &str,
        body: Option<&[u8]>,
    ) -> Option<Answer> {
        let length = body.map_or(0, <[u8]>::len);
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header(header::HOST, "localhost")
            .header(header::AUTHORIZATION, "Bearer any-token")
            .header("x-tallyfy-client", "fuzz")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.unwrap_or_default().to_vec()))
            .ok()?;
        Some(self.runtime.block_on(async {
            let Ok(response) = self.app.clone().oneshot(request).await;
            let (parts, body) = response.into_parts();
            let content_type = parts.headers.get(header::CONTENT_TYPE);
            let content_type =
                content_type.map_or("", |value| value.to_str().expect("readable characters"));
            // A stream of events has no end.
            let body = if content_type == "text/event-stream" {
                axum::body::Bytes::new()
            } else {
                body.collect()
                    .await
                    .expect("answers are in memory")
                    .to_bytes()
            };
            let sent = target.len() + length;
            // What is said of what came in is in proportion to it.
            assert!(
                parts.status.as_u16() < 400 || body.len() <= SAID + 64 * sent,
                "{method} {target}: {} bytes for {sent}",
                body.len()
            );
            Answer {
                method: method.to_owned(),
                status: parts.status.as_u16(),
                content_type: content_type.to_owned(),
                body: String::from_utf8(body.to_vec()).expect("answers are UTF-8"),
            }
        }))
    }

    /// All that is stored, as a fixture.
    pub(crate) fn state(&self) -> String {
        self.state.export().json()
    }

    /// How many groups a list says there are.
    pub(crate) fn total(&self, groups: &str) -> u64 {
        let list = self.ask("GET", groups, None).json();
        list["meta"]["pagination"]["total"]
            .as_u64()
            .expect("a number")
    }

    /// The store counts what it holds; what it holds could be loaded; a list counts all of it.
    pub(crate) fn check_consistency(&self) {
        let state = self.state();
        let fixture = Fixture::parse(state.as_bytes()).expect("what is stored is a fixture");
        let ready = self.ask("GET", "/_mock/ready", None).json();
        assert_eq!(ready["organizations"], fixture.organizations.len());
        let held = fixture
            .organizations
            .iter()
            .map(|(_, org)| org.groups.len());
        assert_eq!(ready["groups"], held.sum::<usize>());
        if !fixture.tokens.is_empty() {
            return;
        }
        for (id, org) in &fixture.organizations {
            let groups = format!("/api/organizations/{}/groups", id.as_str());
            assert_eq!(self.total(&groups), org.groups.len() as u64, "{groups}");
        }
    }

    /// A page counts what it has, and the page it links to is the next of the same list.
    pub(crate) fn check_list(&self, answer: &Answer) {
        let list = answer.json();
        let page = |list: &Value, key: &str| {
            let number = list["meta"]["pagination"][key].as_u64();
            number.unwrap_or_else(|| panic!("{key}: {list}"))
        };
        let count = list["data"].as_array().map_or(0, Vec::len) as u64;
        let (total, per_page, current) = (
            page(&list, "total"),
            page(&list, "per_page"),
            page(&list, "current_page"),
        );
        assert_eq!(page(&list, "count"), count);
        let before = (current - 1).saturating_mul(per_page).min(total);
        assert_eq!(count, (total - before).min(per_page), "{list}");
        assert_eq!(page(&list, "total_pages"), total.div_ceil(per_page).max(1));
        let links = &list["meta"]["pagination"]["links"];
        assert_eq!(links.get("previous").is_some(), current > 1, "{list}");
        assert_eq!(
            links.get("next").is_some(),
            before + count < total,
            "{list}"
        );
        if let Some(next) = links.get("next") {
            let next = self.ask("GET", next.as_str().expect("a link"), None).json();
            assert_eq!(page(&next, "current_page"), current + 1);
            assert_eq!(
                (page(&next, "total"), page(&next, "per_page")),
                (total, per_page)
            );
        }
    }
}

/// How many bytes a refusal may have, whatever came in.
const SAID: usize = 16 * 1024;

/// What came back; displayed with its body.
pub(crate) struct Answer {
    pub(crate) method: String,
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    /// Whether it is a list in pages.
    pub(crate) fn is_list(&self) -> bool {
        self.content_type == "application/json" && self.json().get("meta").is_some()
    }

    /// An answer of Tallyfy's shape, or one of the control side's.
    pub(crate) fn check(&self) {
        let is_empty = self.status == 204 || self.method == "HEAD";
        if is_empty || self.content_type == "text/event-stream" {
            assert!(self.body.is_empty() || self.method == "HEAD", "{self}");
            return;
        }
        match self.content_type.as_str() {
            "application/problem+json" => self.check_problem(),
            "application/json" if self.status < 400 => {
                assert!([200, 201].contains(&self.status), "{self}");
                assert!(self.json().is_object(), "{self}");
            }
            "application/json" => check_refusal(self.status, &self.json()),
            // The page, which is compiled in: only as it is, and only where it is asked for.
            "text/html; charset=utf-8"
            | "text/css; charset=utf-8"
            | "text/javascript; charset=utf-8" => {
                assert!(self.status == 200 && self.method == "GET", "{self}");
            }
            _ => panic!("an answer has a type: {self}"),
        }
    }

    /// Problem JSON, as the control side refuses.
    pub(crate) fn check_problem(&self) {
        let body = self.json();
        assert_eq!(self.content_type, "application/problem+json", "{self}");
        assert_eq!(body["status"], self.status, "{self}");
        assert!(
            body["title"].is_string() && body["detail"].is_string(),
            "{self}"
        );
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            method,
            status,
            content_type,
            body,
        } = self;
        write!(f, "{method} is answered {status} {content_type} {body}")
    }
}
