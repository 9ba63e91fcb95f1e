//! The law of a reset: nothing that began before it shows after it, and all that began after it does.
//!
//! Requests that are answered at once, delayed, half-sent or delayed after their change are mixed at random
//! with resets of one organization or of all, in any scopes. At the end the rows, the journal, the counts of
//! the rate limit and the hits of a rule are those of the requests that began since.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tallyfy_mock::{config::RateLimit, http::App};
use tokio::{sync::oneshot, task::JoinHandle, time};
use tower::ServiceExt;

use crate::support::TestApp;

const ORGS: [&str; 2] = ["acme", "globex"];
const SCOPES: [&str; 4] = ["state", "requests", "limits", "faults"];

#[derive(Debug, Clone)]
enum Step {
    /// A request begins.
    Begin { org: usize, kind: Kind },
    /// The body of a half-sent request comes.
    Send(prop::sample::Index),
    /// All delays end.
    Wait,
    /// A reset of one organization, or of all.
    Reset {
        org: Option<usize>,
        scopes: Vec<usize>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    AtOnce,
    Delayed,
    HalfSent,
    /// The change is in before the delay begins.
    DelayedAfterwards,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![
        Kind::AtOnce,
        Kind::Delayed,
        Kind::HalfSent,
        Kind::DelayedAfterwards,
    ]);
    let scopes = prop::sample::subsequence(vec![0, 1, 2, 3], 1..=4);
    prop_oneof![
        4 => (0..2_usize, kind).prop_map(|(org, kind)| Step::Begin { org, kind }),
        2 => any::<prop::sample::Index>().prop_map(Step::Send),
        1 => Just(Step::Wait),
        2 => (prop::option::of(0..2_usize), scopes).prop_map(|(org, scopes)| Step::Reset { org, scopes }),
    ]
}

/// The visible state of an organization, by the numbers of the requests.
#[derive(Debug, Default, Clone, PartialEq)]
struct Shown {
    rows: BTreeSet<usize>,
    entries: BTreeSet<usize>,
    counted: usize,
    hits: usize,
}

struct Run {
    app: App,
    answers: Vec<JoinHandle<StatusCode>>,
    half_sent: Vec<oneshot::Sender<()>>,
    wanted: [Shown; 2],
}

impl Run {
    async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost");
        let request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string().into()),
            None => request.body(Body::empty()),
        };
        let response = self.app.clone().oneshot(request.unwrap()).await.unwrap();
        assert!(response.status().is_success(), "{method} {path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap_or_default()
    }

    async fn put_rules(&self, org: &str) {
        let counting = json!({ "match": { "method": "POST" }, "steps": [{ "times": "always", "delay": { "fixed_ms": 0 } }] });
        let after = json!({
            "match": { "path": "/**" , "method": "POST", "token": "afterwards" },
            "steps": [{ "times": "always", "delay": { "fixed_ms": 5000 }, "write": "after" }],
        });
        let delayed = json!({
            "match": { "method": "POST", "token": "delayed" },
            "steps": [{ "times": "always", "delay": { "fixed_ms": 5000 } }],
        });
        for (id, rule) in [("after", after), ("delayed", delayed), ("count", counting)] {
            let path = format!("/_mock/faults/{id}?org={org}");
            self.control("PUT", &path, Some(rule)).await;
        }
    }

    fn begin(&mut self, org: usize, kind: Kind) {
        let number = self.answers.len();
        let token = match kind {
            Kind::AtOnce | Kind::HalfSent => "any-token",
            Kind::Delayed => "delayed",
            Kind::DelayedAfterwards => "afterwards",
        };
        let body =
            Bytes::from(json!({ "name": number.to_string(), "description": "d" }).to_string());
        let body = if kind == Kind::HalfSent {
            let (send, comes) = oneshot::channel();
            self.half_sent.push(send);
            let rest = async move {
                let _ = comes.await;
                Ok::<_, Infallible>(body.slice(5..))
            };
            let first = json!({ "name": number.to_string(), "description": "d" }).to_string();
            let first = Bytes::from(first).slice(..5);
            Body::from_stream(futures_util::StreamExt::chain(
                futures_util::stream::iter([Ok(first)]),
                futures_util::stream::once(rest),
            ))
        } else {
            Body::from(body)
        };
        let request = Request::post(format!(
            "/api/organizations/{}/groups?n={number}",
            ORGS[org]
        ))
        .header("authorization", format!("Bearer {token}"))
        .header("x-tallyfy-client", "APIClient")
        .header("content-type", "application/json")
        .body(body)
        .unwrap();
        let app = self.app.clone();
        let answer = async move { app.oneshot(request).await.unwrap().status() };
        self.answers.push(tokio::spawn(answer));
        let wanted = &mut self.wanted[org];
        wanted.rows.insert(number);
        wanted.entries.insert(number);
        // The limit counts each token for itself.
        wanted.counted += usize::from(token == "any-token");
        wanted.hits += usize::from(token == "any-token");
    }

    async fn reset(&mut self, org: Option<usize>, scopes: &[usize]) {
        let names: Vec<&str> = scopes.iter().map(|scope| SCOPES[*scope]).collect();
        let of = org.map_or_else(String::new, |org| format!("&org={}", ORGS[org]));
        self.control(
            "POST",
            &format!("/_mock/reset?scope={}{of}", names.join(",")),
            None,
        )
        .await;
        for (i, name) in ORGS
            .iter()
            .enumerate()
            .filter(|(i, _)| org.is_none_or(|org| org == *i))
        {
            let wanted = &mut self.wanted[i];
            if scopes.contains(&0) {
                wanted.rows.clear();
            }
            if scopes.contains(&1) {
                wanted.entries.clear();
            }
            if scopes.contains(&2) {
                wanted.counted = 0;
            }
            if scopes.contains(&3) {
                wanted.hits = 0;
                self.put_rules(name).await;
            }
        }
    }

    /// Observes an organization; the last request asks how many are left in the window.
    async fn shown(&self, org: &str) -> Shown {
        let state = self
            .control("GET", &format!("/_mock/state?org={org}"), None)
            .await;
        let rows = state["groups"].as_array().into_iter().flatten();
        let recorded = self
            .control("GET", &format!("/_mock/requests?org={org}"), None)
            .await;
        let entries = recorded["requests"].as_array().unwrap().iter();
        let rule = self
            .control("GET", &format!("/_mock/faults/count?org={org}"), None)
            .await;
        let last = Request::get(format!("/api/organizations/{org}/groups"))
            .header("authorization", "Bearer any-token")
            .header("x-tallyfy-client", "APIClient");
        let last = self
            .app
            .clone()
            .oneshot(last.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let left: usize = last.headers()["x-ratelimit-remaining"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        Shown {
            rows: rows
                .map(|row| row["name"].as_str().unwrap().parse().unwrap())
                .collect(),
            entries: entries
                .map(|entry| entry["query"].as_str().unwrap()[2..].parse().unwrap())
                .collect(),
            counted: 1000 - 1 - left,
            hits: usize::try_from(rule["hits"].as_u64().unwrap()).unwrap(),
        }
    }
}

/// Lets every task run as far as it can without waiting.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn nothing_that_began_before_a_reset_shows_after_it(steps in prop::collection::vec(step(), 1..40)) {
        let app = TestApp::start(&json!({ "version": 1 }), |config| {
            config.rate_limit = Some(RateLimit { requests: 1000, window: Duration::from_secs(86400) });
            // A half-sent body may wait through all steps.
            config.limits.body_timeout = Duration::from_secs(3600);
        });
        let (found, wanted) = app.block_on(async |app| {
            let mut run = Run { app, answers: Vec::new(), half_sent: Vec::new(), wanted: Default::default() };
            for org in ORGS {
                run.put_rules(org).await;
            }
            for step in &steps {
                match step {
                    Step::Begin { org, kind } => run.begin(*org, *kind),
                    Step::Send(which) if !run.half_sent.is_empty() => {
                        let which = which.index(run.half_sent.len());
                        let _ = run.half_sent.swap_remove(which).send(());
                    }
                    Step::Send(_) => {}
                    Step::Wait => time::advance(Duration::from_secs(6)).await,
                    Step::Reset { org, scopes } => run.reset(*org, scopes).await,
                }
                settle().await;
            }
            for send in run.half_sent.drain(..) {
                let _ = send.send(());
            }
            for answer in run.answers.drain(..) {
                assert_eq!(answer.await.unwrap(), 201);
            }
            (
                [run.shown(ORGS[0]).await, run.shown(ORGS[1]).await],
                run.wanted.clone(),
            )
        });
        prop_assert_eq!(found, wanted);
    }
}
