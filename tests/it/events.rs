//! `GET /_mock/events`: what happens, in its order, numbered; who comes back hears what came meanwhile, and
//! how much of it is gone.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tallyfy_mock::{http::App, tenant::journal::JournalLimits};
use tokio::time;
use tower::ServiceExt;

use crate::support::{TestApp, request};

/// An event: its id, its name and its data.
type Told = (u64, String, Value);

/// A stream that is open.
struct Stream {
    body: Body,
    text: String,
}

impl Stream {
    async fn open(app: &App, query: &str, last: Option<&str>) -> Self {
        let mut request =
            Request::get(format!("/_mock/events?{query}")).header("host", "localhost");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut stream = Self {
            body: answer.into_body(),
            text: String::new(),
        };
        let opening = stream.frame().await.unwrap();
        assert!(
            opening.starts_with(':') && opening.contains("\nid: "),
            "{opening}"
        );
        stream
    }

    /// What comes next; nothing where that takes longer than anything does here.
    async fn frame(&mut self) -> Option<String> {
        let frame = time::timeout(time::Duration::from_secs(1), self.body.frame()).await;
        let bytes = frame.ok()??.unwrap().into_data().unwrap();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn next(&mut self) -> Option<Told> {
        let text = self.frame().await?;
        self.text.push_str(&text);
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {text}"))
                .to_owned()
        };
        let data = serde_json::from_str(&field("data: ")).unwrap();
        Some((field("id: ").parse().unwrap(), field("event: "), data))
    }

    async fn rest(&mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            all.push(told);
        }
        all
    }
}

async fn ask(app: &App, method: &str, path: &str, body: &str) -> StatusCode {
    let answer = app.clone().oneshot(request(method, path, body.to_owned()));
    answer.await.unwrap().status()
}

async fn list(app: &App, org: &str) {
    ask(app, "GET", &format!("/api/organizations/{org}/groups"), "").await;
}

/// The events in a line each.
fn lines(told: &[Told]) -> Vec<String> {
    let line = |(id, name, data): &Told| match name.as_str() {
        "asked" | "request" => {
            format!(
                "{id} {name} {} of {}",
                data["id"],
                data["org"].as_str().unwrap_or("-")
            )
        }
        _ => format!("{id} {name} {data}"),
    };
    told.iter().map(line).collect()
}

fn with_entries(entries: usize) -> TestApp {
    TestApp::start(&json!({ "version": 1 }), |config| {
        config.journal_entries = entries;
    })
}

#[test]
fn whoever_names_an_event_hears_what_came_after_it_and_then_what_comes() {
    TestApp::empty().block_on(async |app| {
        for _ in 0..3 {
            list(&app, "acme").await;
        }
        let heard = async |query: &str, last: Option<&str>| {
            let mut stream = Stream::open(&app, query, last).await;
            stream
                .rest()
                .await
                .iter()
                .map(|(id, ..)| *id)
                .collect::<Vec<_>>()
        };
        assert_eq!(heard("", None).await, [0_u64; 0], "from now on");
        assert_eq!(heard("since=0", None).await, [1, 2, 3]);
        assert_eq!(heard("since=2", None).await, [3]);
        assert_eq!(heard("since=3", None).await, [0_u64; 0]);
        assert_eq!(heard("", Some("1")).await, [2, 3]);
        assert_eq!(
            heard("since=0", Some("2")).await,
            [3],
            "the header is newer"
        );
        assert_eq!(
            heard("since=1", Some("")).await,
            [2, 3],
            "an empty one is none"
        );
        let mut stream = Stream::open(&app, "since=2&org=acme", None).await;
        list(&app, "globex").await;
        list(&app, "acme").await;
        assert_eq!(
            lines(&stream.rest().await),
            ["3 request 3 of acme", "5 request 5 of acme"]
        );
    });
}

#[test]
fn what_is_no_event_is_refused() {
    let app = TestApp::empty();
    for (query, last, path) in [
        ("since=x", None, "query.since"),
        ("since=-1", None, "query.since"),
        ("since=", None, "query.since"),
        ("since=1.5", None, "query.since"),
        ("since=99999999999999999999", None, "query.since"),
        ("", Some("x"), "header.Last-Event-ID"),
        ("since=1", Some("1 2"), "header.Last-Event-ID"),
    ] {
        let mut asked = Request::get(format!("/_mock/events?{query}")).header("host", "localhost");
        if let Some(last) = last {
            asked = asked.header("last-event-id", last);
        }
        let answer = app.send(asked.body(Body::empty()).unwrap());
        assert_eq!(answer.status, 400, "{query} {last:?}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.json()["errors"][0]["path"], path, "{answer}");
    }
    let answer = app.look("/_mock/events?sinse=1");
    assert_eq!(answer.status, 400, "{answer}");
}

#[test]
fn what_is_gone_is_counted_where_it_was() {
    with_entries(3).block_on(async |app| {
        for _ in 0..10 {
            list(&app, "acme").await;
        }
        let wanted = [
            r#"7 missed {"others":0,"requests":5}"#,
            "8 request 8 of acme",
            "9 request 9 of acme",
            "10 request 10 of acme",
        ];
        let mut stream = Stream::open(&app, "since=2", None).await;
        assert_eq!(lines(&stream.rest().await), wanted);
        let mut stream = Stream::open(&app, "since=2&org=acme", None).await;
        assert_eq!(lines(&stream.rest().await)[1..], wanted[1..]);
        assert!(
            stream.text.contains(r#"{"others":0,"requests":5}"#),
            "{}",
            stream.text
        );
        // Another organization's are no loss of this one's.
        let mut globex = Stream::open(&app, "since=2&org=globex", None).await;
        assert_eq!(lines(&globex.rest().await), [""; 0]);
    });
}

#[test]
fn a_listener_that_is_slow_loses_only_what_the_journal_has_lost() {
    const ASKED: u64 = 1000;
    for (entries, kept) in [(2000, ASKED), (100, 100)] {
        for query in ["", "org=acme"] {
            with_entries(entries).block_on(async |app| {
                let mut slow = Stream::open(&app, query, None).await;
                for _ in 0..ASKED {
                    list(&app, "acme").await;
                }
                let told = slow.rest().await;
                let missed = told.iter().filter_map(|(.., it)| it["requests"].as_u64());
                let shown = told.iter().filter(|(_, name, _)| name == "request");
                let (shown, missed) = (shown.count() as u64, missed.sum::<u64>());
                assert_eq!((shown, shown + missed), (kept, ASKED), "{query}");
            });
        }
    }
}

#[test]
fn of_changes_the_newest_are_remembered_and_the_others_counted() {
    for (beyond, missed) in [(0, None), (7, Some(r#"{"others":7,"requests":0}"#))] {
        TestApp::empty().block_on(async |app| {
            let mut slow = Stream::open(&app, "", None).await;
            for _ in 0..JournalLimits::CHANGES + beyond {
                ask(&app, "POST", "/_mock/clock/advance", r#"{"seconds":1}"#).await;
            }
            list(&app, "acme").await;
            let mut late = Stream::open(&app, "since=0", None).await;
            let mut of_acme = Stream::open(&app, "since=0&org=acme", None).await;
            for stream in [&mut slow, &mut late, &mut of_acme] {
                let told = stream.rest().await;
                let is_missed = told.iter().filter(|(_, name, _)| name == "missed");
                let missed_here: Vec<_> = is_missed.map(|(.., it)| it.to_string()).collect();
                assert_eq!(missed_here, Vec::from_iter(missed));
                let shown = told.iter().filter(|(_, name, _)| name == "clock").count();
                assert_eq!(shown, JournalLimits::CHANGES);
            }
        });
    }
}

#[test]
fn what_else_changes_is_told_too() {
    TestApp::empty().block_on(async |app| {
        let mut all = Stream::open(&app, "", None).await;
        let mut acme = Stream::open(&app, "org=acme", None).await;
        let rule = r#"{"match":{"operation":"groups.list"},"steps":[{"times":2,"status":503}]}"#;
        for (method, path, body) in [
            ("PUT", "/_mock/faults/down?org=acme", rule),
            ("GET", "/api/organizations/acme/groups", ""),
            ("GET", "/api/organizations/acme/groups", ""),
            ("PUT", "/_mock/faults/everywhere", rule),
            ("DELETE", "/_mock/faults/down", ""),
            (
                "PUT",
                "/_mock/clock?org=globex",
                r#"{"now":"2031-05-06T07:08:09Z"}"#,
            ),
            ("POST", "/_mock/clock/advance", r#"{"seconds":1.5}"#),
            (
                "POST",
                "/_mock/seed?org=acme",
                r#"{"groups":[{"name":"A"}]}"#,
            ),
            ("PUT", "/_mock/state?org=globex", "{}"),
            ("PUT", "/_mock/state", r#"{"version":1}"#),
            ("DELETE", "/_mock/faults", ""),
            ("POST", "/_mock/reset?org=globex&scope=state", ""),
            ("POST", "/_mock/reset?scope=clock,state", ""),
            // What changes nothing tells nothing.
            ("DELETE", "/_mock/faults/down", ""),
            ("PUT", "/_mock/state", r#"{"version":2}"#),
            ("POST", "/_mock/seed", r#"{"version":1,"template":{}}"#),
        ] {
            ask(&app, method, path, body).await;
        }
        let told = all.rest().await;
        insta::assert_snapshot!(lines(&told).join("\n"), @r#"
        1 rule {"change":"put","id":"down","org":"acme"}
        2 request 2 of acme
        3 rule {"change":"spent","id":"down","org":"acme"}
        4 request 4 of acme
        5 rule {"change":"put","id":"everywhere","org":null}
        6 rule {"change":"removed","id":"down","org":"acme"}
        7 clock {"frozen":true,"now":"2031-05-06T07:08:09Z","org":"globex"}
        8 clock {"frozen":true,"now":"2026-03-01T09:00:01.500Z","org":null}
        9 state {"change":"seeded","org":"acme"}
        10 state {"change":"replaced","org":"globex"}
        11 state {"change":"replaced","org":null}
        12 reset {"org":null,"scope":["faults"]}
        13 reset {"org":"globex","scope":["state"]}
        14 reset {"org":null,"scope":["state","clock"]}
        "#);
        let concerns_acme = |(_, _, data): &&Told| data["org"] == "acme" || data["org"].is_null();
        let wanted: Vec<Told> = told.iter().filter(concerns_acme).cloned().collect();
        assert_eq!(lines(&acme.rest().await), lines(&wanted));
    });
}

#[test]
fn an_id_ahead_of_the_newest_means_that_the_mock_was_started_anew() {
    TestApp::empty().block_on(async |app| {
        list(&app, "acme").await;
        for query in ["since=5", "since=5&org=acme"] {
            let mut stream = Stream::open(&app, query, None).await;
            assert_eq!(
                lines(&stream.rest().await),
                [
                    r#"0 missed {"others":null,"requests":null,"restarted":true}"#,
                    "1 request 1 of acme"
                ],
                "{query}"
            );
        }
    });
}

#[test]
fn a_replay_never_crosses_a_reset() {
    TestApp::empty().block_on(async |app| {
        list(&app, "acme").await;
        list(&app, "globex").await;
        ask(
            &app,
            "PUT",
            "/_mock/faults/a?org=acme",
            r#"{"steps":[{"status":503}]}"#,
        )
        .await;
        ask(&app, "POST", "/_mock/reset?org=acme", "").await;
        list(&app, "acme").await;
        let mut stream = Stream::open(&app, "since=0", None).await;
        insta::assert_snapshot!(lines(&stream.rest().await).join("\n"), @r#"
        1 missed {"others":0,"requests":1}
        2 request 2 of globex
        3 missed {"others":1,"requests":0}
        4 reset {"org":"acme","scope":["state","requests","faults","clock","limits"]}
        5 request 5 of acme
        "#);
        ask(&app, "POST", "/_mock/reset", "").await;
        let mut stream = Stream::open(&app, "since=0", None).await;
        insta::assert_snapshot!(lines(&stream.rest().await).join("\n"), @r#"
        5 missed {"others":2,"requests":3}
        6 reset {"org":null,"scope":["state","requests","faults","clock","limits"]}
        "#);
    });
}

#[test]
fn a_request_that_waits_is_told_twice_and_its_end_is_never_silent() {
    let heard = |entries: usize, others: usize| {
        with_entries(entries).block_on(async |app| {
            let mut stream = Stream::open(&app, "", None).await;
            let slow = app.clone().oneshot({
                let mut slow = request("GET", "/api/organizations/acme/groups", "");
                let wait = "delay=60000".parse().unwrap();
                slow.headers_mut().insert("prefer", wait);
                slow
            });
            let meanwhile = async {
                time::sleep(time::Duration::from_secs(1)).await;
                let asked = stream.next().await.unwrap();
                for _ in 0..others {
                    list(&app, "acme").await;
                }
                asked
            };
            let (_, asked) = tokio::join!(slow, meanwhile);
            let mut told = vec![asked];
            told.extend(stream.rest().await);
            lines(&told)
        })
    };
    assert_eq!(
        heard(10, 1),
        [
            "1 asked 1 of acme",
            "2 request 2 of acme",
            "3 request 1 of acme"
        ]
    );
    // The journal forgets it while it waits: whoever has heard of it is to look again.
    assert_eq!(
        heard(2, 2),
        [
            "1 asked 1 of acme",
            "2 request 2 of acme",
            "3 request 3 of acme",
            r#"4 missed {"others":1,"requests":0}"#
        ]
    );
}

#[derive(Debug, Clone)]
enum Step {
    List(&'static str),
    Slow(&'static str),
    Put,
    Reset(Option<&'static str>),
    /// The listener takes so many events and closes its stream.
    Hear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let org = || prop::sample::select(vec!["acme", "globex"]);
    prop_oneof![
        6 => org().prop_map(Step::List),
        2 => org().prop_map(Step::Slow),
        1 => Just(Step::Put),
        1 => prop::option::of(org()).prop_map(Step::Reset),
        3 => (0..12_usize).prop_map(Step::Hear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// However often it is away, a listener hears each number once, or is told that it is gone.
    #[test]
    fn what_is_heard_and_what_is_missed_are_all(entries in 1..6_usize, steps in prop::collection::vec(step(), 1..40)) {
        with_entries(entries).block_on(async |app| {
            let mut last = 0;
            let mut heard: u64 = 0;
            let mut steps = steps.clone();
            steps.push(Step::Hear(usize::MAX));
            for step in steps {
                match step {
                    Step::List(org) => list(&app, org).await,
                    Step::Slow(org) => {
                        let path = format!("/api/organizations/{org}/groups");
                        let slow = request("GET", &path, "");
                        let (mut parts, body) = slow.into_parts();
                        parts.headers.insert("prefer", "delay=5".parse().unwrap());
                        app.clone().oneshot(Request::from_parts(parts, body)).await.unwrap();
                    }
                    Step::Put => {
                        ask(&app, "PUT", "/_mock/faults/a?org=acme", r#"{"match":{"method":"DELETE"},"steps":[{"status":503}]}"#).await;
                    }
                    Step::Reset(None) => {
                        ask(&app, "POST", "/_mock/reset", "").await;
                    }
                    Step::Reset(Some(org)) => {
                        ask(&app, "POST", &format!("/_mock/reset?org={org}"), "").await;
                    }
                    Step::Hear(most) => {
                        let mut stream = Stream::open(&app, &format!("since={last}"), None).await;
                        for _ in 0..most {
                            let Some((id, name, data)) = stream.next().await else { break };
                            assert!(id > last, "{id} after {last}");
                            last = id;
                            heard += match name.as_str() {
                                "missed" => data["requests"].as_u64().unwrap() + data["others"].as_u64().unwrap(),
                                _ => 1,
                            };
                        }
                    }
                }
            }
            assert_eq!(heard, last, "each number is one event");
        });
    }
}
