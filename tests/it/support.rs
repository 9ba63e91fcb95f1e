//! [`TestApp`]: the mock without a socket, asked in Tallyfy's words.

use std::{fmt, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tallyfy_mock::{
    config::Config, fixture::Fixture, http::App, state::AppState, tenant::rules::RuleView,
};
use tower::ServiceExt;

use crate::document::{Asked, Documents};

/// A mock in this process. Its clock stands at 2026-03-01T09:00:00Z and its ids come from a seed.
pub(crate) struct TestApp {
    app: App,
    state: Arc<AppState>,
    documents: Arc<Documents>,
    runtime: tokio::runtime::Runtime,
}

impl TestApp {
    /// A mock without a fixture: any token, any organization, nothing in it.
    pub(crate) fn empty() -> Self {
        Self::start(&json!({ "version": 1 }), |_| {})
    }

    /// A mock that starts with these organizations, tokens and so on.
    pub(crate) fn with(fixture: impl std::borrow::Borrow<Value>) -> Self {
        Self::start(fixture.borrow(), |_| {})
    }

    /// A mock on the built-in demo.
    pub(crate) fn demo() -> Self {
        Self::of(&Fixture::demo(), |_| {})
    }

    /// An empty mock with switches of the contract set, such as `update_status=200`; `edition=2025-08` counts as one.
    pub(crate) fn set(switches: &[&str]) -> Self {
        Self::start(&json!({ "version": 1 }), |config| {
            for switch in switches {
                match switch.strip_prefix("edition=") {
                    Some(edition) => config.contract.edition = Some(edition.parse().unwrap()),
                    None => config.contract.switches.push(switch.parse().unwrap()),
                }
            }
        })
    }

    pub(crate) fn start(fixture: &Value, change: impl FnOnce(&mut Config)) -> Self {
        Self::of(
            &Fixture::parse(fixture.to_string().as_bytes()).unwrap(),
            change,
        )
    }

    fn of(fixture: &Fixture, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            seed: Some(7),
            clock: Some("2026-03-01T09:00:00Z".parse().unwrap()),
            ..Config::default()
        };
        change(&mut config);
        let state = AppState::new(&config, fixture.clone(), "mock.test:8255".into()).unwrap();
        let state = Arc::new(state);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // Waiting takes no time: tokio's paused clock advances to the next timer.
            .start_paused(true)
            .build()
            .unwrap();
        Self {
            app: App::new(Arc::clone(&state)),
            documents: Documents::of(&state),
            state,
            runtime,
        }
    }

    /// A caller with a token and the client header.
    pub(crate) fn as_token(&self, token: &str) -> Caller<'_> {
        Caller {
            app: self,
            headers: vec![
                ("authorization", format!("Bearer {token}")),
                ("x-tallyfy-client", "APIClient".into()),
            ],
            prefix: "/api",
        }
    }

    /// A caller who may manage groups, if the fixture declares no tokens.
    pub(crate) fn as_manager(&self) -> Caller<'_> {
        self.as_token("any-token")
    }

    /// A caller without any header.
    pub(crate) fn anonymous(&self) -> Caller<'_> {
        Caller {
            app: self,
            headers: vec![],
            prefix: "/api",
        }
    }

    /// A control request, with a body of JSON where there is one.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        self.send(match body {
            None => request.body(Body::empty()).unwrap(),
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string().into())
                .unwrap(),
        })
    }

    /// What a control endpoint answers to a `GET`.
    pub(crate) fn look(&self, path: &str) -> Answer {
        self.control("GET", path, None)
    }

    /// Runs concurrent requests. Time stands still until all of them wait for a timer.
    pub(crate) fn block_on<T>(&self, run: impl AsyncFnOnce(App) -> T) -> T {
        self.runtime.block_on(run(self.app.clone()))
    }

    /// Any request at all. Unless a rule or the request itself made it fail, the answer is what the document says.
    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        let asked = Asked::of(&request, self.state.steering);
        let hits = self.hits();
        let is_tallyfys = !request.uri().path().starts_with("/_mock");
        let answer = self.runtime.block_on(async {
            let response = self.app.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            // A browser that is sent on to the page was never Tallyfy's.
            if is_tallyfys && parts.status != StatusCode::SEE_OTHER {
                check_headers(&parts.headers);
            }
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            }
        });
        let reason = answer.headers.get("x-tallyfy-mock-reason");
        let is_struck = reason.is_some_and(|it| it.as_bytes().starts_with(b"struck by the rule"));
        if self.hits() == hits && !is_struck {
            let Answer {
                status,
                headers,
                body,
            } = &answer;
            self.documents.check(&asked, status.as_u16(), headers, body);
        }
        answer
    }

    /// What it holds.
    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// How often rules have struck.
    fn hits(&self) -> u64 {
        let rules = self.state.tenants.rules(None);
        rules.iter().map(RuleView::hits).sum()
    }
}

/// No answer has a header that Tallyfy would not send.
fn check_headers(headers: &HeaderMap) {
    let known = [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::ALLOW,
        header::CONNECTION,
        header::DATE,
        header::RETRY_AFTER,
        // Of `/oauth/token` (RFC 6749, 5.1 and 5.2).
        header::CACHE_CONTROL,
        header::PRAGMA,
        header::WWW_AUTHENTICATE,
        axum::http::HeaderName::from_static("x-ratelimit-limit"),
        axum::http::HeaderName::from_static("x-ratelimit-remaining"),
        // The mock's own: the reason of a refusal.
        axum::http::HeaderName::from_static("x-tallyfy-mock-reason"),
    ];
    for name in headers.keys() {
        assert!(
            known.contains(name)
                || name.as_str().starts_with("access-control-")
                // Only in the answer to a preflight.
                || (*name == header::VARY && headers.contains_key(header::ACCESS_CONTROL_MAX_AGE)),
            "unexpected header {name}"
        );
    }
}

/// A caller.
pub(crate) struct Caller<'a> {
    app: &'a TestApp,
    headers: Vec<(&'static str, String)>,
    prefix: &'static str,
}

impl Caller<'_> {
    /// The same caller with a header more, or another value for it.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    /// The same caller without a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// The same caller at the prefix of api.tallyfy.com.
    pub(crate) fn at_root(mut self) -> Self {
        self.prefix = "";
        self
    }

    /// Any method on any path after the prefix, with a raw body.
    pub(crate) fn send(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.app.send(request.body(body.into()).unwrap())
    }

    /// Asks `/oauth/token` by a form.
    pub(crate) fn token(&self, parameters: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        let path = format!("{}/oauth/token", self.prefix);
        let mut request = Request::post(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.app.send(request.body(form.into()).unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Body::empty())
    }

    fn send_json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        self.app.send(
            request
                .header("content-type", "application/json")
                .body(body.to_string().into())
                .unwrap(),
        )
    }

    pub(crate) fn create_group(&self, org: &str, body: &Value) -> Answer {
        self.send_json("POST", &format!("/organizations/{org}/groups"), body)
    }

    /// Creates a group of that name and returns its id.
    pub(crate) fn group_named(&self, org: &str, name: &str) -> String {
        let answer = self.create_group(org, &json!({ "name": name, "description": "for a test" }));
        assert!(answer.status.is_success(), "{answer}");
        answer.json()["data"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn get_group(&self, org: &str, id: &str) -> Answer {
        self.get(&format!("/organizations/{org}/groups/{id}"))
    }

    pub(crate) fn list_groups(&self, org: &str, query: &str) -> Answer {
        self.get(&format!("/organizations/{org}/groups?{query}"))
    }

    pub(crate) fn update_group(&self, org: &str, id: &str, body: &Value) -> Answer {
        self.send_json("PUT", &format!("/organizations/{org}/groups/{id}"), body)
    }

    pub(crate) fn delete_group(&self, org: &str, id: &str) -> Answer {
        self.send(
            "DELETE",
            &format!("/organizations/{org}/groups/{id}"),
            Body::empty(),
        )
    }
}

/// An answer; displayed as its status line and body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        assert!(
            self.headers[header::CONTENT_TYPE]
                .to_str()
                .unwrap()
                .ends_with("json"),
            "{self}"
        );
        serde_json::from_str(&self.body).unwrap()
    }

    /// The names of the groups in a list, in its order.
    pub(crate) fn names(&self) -> Vec<String> {
        let data = self.json()["data"].clone();
        data.as_array()
            .unwrap()
            .iter()
            .map(|group| group["name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn pagination(&self) -> Value {
        self.json()["meta"]["pagination"].clone()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.status, self.body)
    }
}

/// A request with the headers that Tallyfy and the control endpoints ask for.
pub(crate) fn request(method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("authorization", "Bearer any-token")
        .header("x-tallyfy-client", "APIClient")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}
