//! The public API of the library: organizations, seeds, faults and expectations.

use std::time::Duration;

use serde_json::json;
use tallyfy_mock::{Operation, TallyfyMock};

/// A client under test: deletes all groups, and retries on 503.
fn clean_up(base: &str, org: &str) -> Result<usize, u16> {
    let client = reqwest::blocking::Client::new();
    let groups = format!("{base}/api/organizations/{org}/groups");
    let ask = |method: reqwest::Method, url: &str| {
        client
            .request(method, url)
            .bearer_auth("t")
            .header("X-Tallyfy-Client", "APIClient")
            .send()
            .unwrap()
    };
    let listed: serde_json::Value = ask(reqwest::Method::GET, &groups).json().unwrap();
    let mut deleted = 0;
    for group in listed["data"].as_array().unwrap() {
        let url = format!("{groups}/{}", group["id"].as_str().unwrap());
        let mut status = 503;
        for _ in 0..3 {
            status = ask(reqwest::Method::DELETE, &url).status().as_u16();
            if status != 503 {
                break;
            }
        }
        // A delete that was applied although its answer said otherwise.
        if ![204, 404].contains(&status) {
            return Err(status);
        }
        deleted += 1;
    }
    Ok(deleted)
}

#[test]
fn a_test_seeds_injects_and_verifies() {
    let tallyfy = TallyfyMock::start();
    let acme = tallyfy.org("acme");
    acme.seed(json!({ "groups": [{ "name": "Sales", "description": "Sells" }] }));
    acme.fault("flaky")
        .on(Operation::DeleteGroup)
        .status(503)
        .after_write()
        .times(2);
    assert_eq!(clean_up(&tallyfy.uri(), "acme"), Ok(1));
    acme.verify(Operation::DeleteGroup).times(3);
    acme.verify(Operation::DeleteGroup).status(404).times(1);
    acme.verify(Operation::ListGroups)
        .header("X-Tallyfy-Client", "APIClient")
        .at_least(1);
    acme.verify(Operation::CreateGroup).never();
    assert_eq!(acme.requests().len(), 4);
    tallyfy.org("globex").verify(Operation::DeleteGroup).never();
    acme.reset();
    assert!(acme.requests().is_empty() && acme.state()["groups"].is_null());
}

#[test]
#[should_panic(
    expected = "expected exactly 1 request for `groups.delete`, found 0; nothing was asked"
)]
fn what_was_not_asked_fails_the_test_with_the_difference() {
    TallyfyMock::start()
        .org("acme")
        .verify(Operation::DeleteGroup)
        .times(1);
}

#[test]
#[should_panic(
    expected = "expected exactly 2 requests for `groups.list`, found 1; nothing else was asked"
)]
fn what_was_asked_too_seldom_fails_the_test_with_the_count() {
    let tallyfy = TallyfyMock::start();
    let acme = tallyfy.org("acme");
    let url = format!("{}/api/organizations/acme/groups", tallyfy.uri());
    reqwest::blocking::get(url).unwrap();
    acme.verify(Operation::ListGroups).times(2);
}

#[test]
#[should_panic(expected = "the seed is refused: groups[0].name: The name field is required.")]
fn a_seed_with_mistakes_fails_the_test() {
    TallyfyMock::start()
        .org("acme")
        .seed(json!({ "groups": [{}] }));
}

#[test]
#[should_panic(
    expected = "the rule `empty` is refused: steps[0]: a step has a `status`, a `fault` or a `delay`"
)]
fn a_rule_with_mistakes_fails_the_test() {
    drop(
        TallyfyMock::start()
            .org("acme")
            .fault("empty")
            .on(Operation::ListGroups),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_mocks_run_at_once_under_any_runtime() {
    let mocks: Vec<TallyfyMock> = (0..8)
        .map(|_| TallyfyMock::builder().demo().start())
        .collect();
    for mock in &mocks {
        mock.fault("slow")
            .delay(Duration::from_millis(1))
            .then()
            .status(500)
            .always();
        let get = || async {
            reqwest::get(format!("{}/organizations/a/groups", mock.uri()))
                .await
                .unwrap()
                .status()
                .as_u16()
        };
        assert_eq!([get().await, get().await, get().await], [401, 500, 500]);
    }
}

#[test]
fn two_suites_that_share_a_mock_never_see_each_other() {
    /// Everything that one suite does and gets, without times.
    fn suite(mock: &TallyfyMock, org: &str) -> Vec<String> {
        let client = reqwest::blocking::Client::new();
        let base = format!("{}/api/organizations/{org}/groups", mock.uri());
        let acme = mock.org(org);
        let mut answers = Vec::new();
        let mut ask = |method: reqwest::Method, url: String, body: Option<serde_json::Value>| {
            let mut request = client
                .request(method, url)
                .bearer_auth("t")
                .header("X-Tallyfy-Client", "x");
            if let Some(body) = body {
                request = request.json(&body);
            }
            let answer = request.send().unwrap();
            let status = answer.status();
            let text = answer.text().unwrap().replace(org, "ORG");
            answers.push(format!("{status} {text}"));
            text
        };
        for i in 0..1000_usize {
            match i % 10 {
                0 => acme
                    .fault("f")
                    .on(Operation::ListGroups)
                    .status(503)
                    .times(1),
                7 if i % 100 == 7 => acme.reset(),
                1..=3 => drop(ask(
                    reqwest::Method::POST,
                    base.clone(),
                    Some(json!({ "name": format!("Group {i}"), "description": "d" })),
                )),
                4 | 5 => drop(ask(
                    reqwest::Method::GET,
                    format!("{base}?per_page=3&sort_by=-name"),
                    None,
                )),
                _ => {
                    let listed: serde_json::Value =
                        serde_json::from_str(&ask(reqwest::Method::GET, base.clone(), None))
                            .unwrap();
                    if let Some(id) = listed["data"][0]["id"].as_str() {
                        ask(reqwest::Method::DELETE, format!("{base}/{id}"), None);
                    }
                }
            }
        }
        answers
    }
    let start = || {
        TallyfyMock::builder()
            .seed(7)
            .clock("2026-01-01T00:00:00Z".parse().unwrap())
            .start()
    };
    let (one, two) = (start(), start());
    let without_port = |answers: Vec<String>, mock: &TallyfyMock| -> Vec<String> {
        answers
            .into_iter()
            .map(|answer| answer.replace(&mock.uri(), "MOCK"))
            .collect()
    };
    let alone = [
        without_port(suite(&one, "acme"), &one),
        without_port(suite(&two, "globex"), &two),
    ];
    let shared = start();
    let together = std::thread::scope(|scope| {
        let suites = ["acme", "globex"].map(|org| {
            let shared = &shared;
            scope.spawn(move || suite(shared, org))
        });
        suites.map(|suite| without_port(suite.join().unwrap(), &shared))
    });
    assert_eq!(alone, together);
}
