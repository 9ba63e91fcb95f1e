//! Every answer that the documents promise can be brought about: each status of each operation, under each
//! value of each switch.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tallyfy_mock::{
    config::{Config, RateLimit},
    domain::contract::Contract,
    http::served,
    openapi::Document,
};
use tower::ServiceExt;

use crate::support::{Answer, Caller, TestApp, request};

/// One world for all: a token that may do everything in `acme`, one that may only look, another organization.
fn closed() -> Value {
    json!({
        "version": 1,
        "tokens": [
            { "token": "admin-token", "user": 1001, "organizations": ["acme"] },
            { "token": "light-token", "user": 1002, "organizations": ["acme"] },
        ],
        "organizations": [
            {
                "id": "acme", "allow_manage_groups": false,
                "users": [{ "id": 1001, "role": "admin" }, { "id": 1002, "role": "light" }],
                "guests": [{ "email": "client@partner.test" }],
                "groups": [{ "id": "sales", "name": "Sales" }],
            },
            { "id": "globex" },
        ],
    })
}

/// A world in which any token is an admin's; without a template no other organization exists.
fn declared() -> Value {
    json!({ "version": 1, "organizations": [{ "id": "acme" }] })
}

/// One more organization than may be stored.
fn full() -> Value {
    json!({
        "version": 1,
        "organizations": [{ "id": "other" }],
        "template": { "groups": [{ "id": "sales", "name": "Sales" }] },
    })
}

/// A world in which lists are longer than what belongs to a connection.
fn long() -> Value {
    let users: Vec<Value> = (1001..2001)
        .map(|id| json!({ "id": id, "role": "admin" }))
        .collect();
    let members: Vec<u64> = (1001..2001).collect();
    let guests: Vec<Value> = (0..1000)
        .map(|i| json!({ "email": format!("guest-{i}@partner.test") }))
        .collect();
    let mut groups = vec![json!({ "id": "sales", "name": "Sales", "members": members })];
    groups.extend((0..1000).map(|i| json!({ "name": format!("Group {i}"), "members": [1001] })));
    let acme = json!({ "id": "acme", "users": users, "guests": guests, "groups": groups });
    let others = (0..150).map(|i| json!({ "id": format!("other-{i}"), "name": "x".repeat(500) }));
    let organizations: Vec<Value> = std::iter::once(acme).chain(others).collect();
    json!({ "version": 1, "organizations": organizations })
}

/// A mock under a switch such as `update_status=200`.
fn start(fixture: &Value, switch: &str, change: impl FnOnce(&mut Config)) -> TestApp {
    TestApp::start(fixture, |config| {
        match switch.strip_prefix("edition=") {
            Some(edition) => config.contract.edition = Some(edition.parse().unwrap()),
            None => config.contract.switches.push(switch.parse().unwrap()),
        }
        change(config);
    })
}

/// A caller who sends JSON.
fn in_json(caller: Caller<'_>) -> Caller<'_> {
    caller.header("content-type", "application/json")
}

/// Whoever asks so gets a token.
const PASSWORD: &str =
    "grant_type=password&client_id=3&client_secret=s&username=a@b.test&password=p";

/// An operation of the document.
struct Operation {
    name: String,
    method: String,
    path: String,
}

impl Operation {
    fn ask(&self, caller: &Caller<'_>) -> Answer {
        let body = match self.name.as_str() {
            "groups.create" => r#"{"name":"New","description":"for a test"}"#,
            "groups.update" => r#"{"description":"for a test"}"#,
            "oauth.token" => PASSWORD,
            _ => "",
        };
        self.send(caller, body)
    }

    fn send(&self, caller: &Caller<'_>, body: impl Into<Body>) -> Answer {
        let id = if self.name == "users.get" {
            "1001"
        } else {
            "sales"
        };
        let path = self.path.replace("{org}", "acme").replace("{id}", id);
        let path = path.replace("{email}", "client@partner.test");
        caller.send(&self.method, &path, body)
    }

    /// The same operation in another organization.
    fn at(&self, org: &str) -> Self {
        Self {
            name: self.name.clone(),
            method: self.method.clone(),
            path: self.path.replace("{org}", org),
        }
    }

    /// Brings about an answer of that status.
    fn answered(&self, status: &str, switch: &str) -> Answer {
        if self.name == "oauth.token" {
            return self.answered_with_a_token(status, switch);
        }
        let app = start(&closed(), switch, |config| {
            if status == "429" {
                config.rate_limit = Some(RateLimit {
                    requests: 1,
                    window: std::time::Duration::from_secs(60),
                });
            }
        });
        let admin = || {
            in_json(
                app.as_token("admin-token")
                    .header("x-tallyfy-client", "test"),
            )
        };
        let needs_org = self.path.contains("{org}");
        match status {
            "200" | "201" | "204" => {
                let answer = self.ask(&admin());
                if answer.status.as_str() == status || self.name != "groups.delete" {
                    return answer;
                }
                // It is gone now.
                self.ask(&admin())
            }
            "400" => self.send(&admin(), "{"),
            "401" => self.ask(&app.anonymous()),
            "403" => {
                let other = self.at("globex").ask(&admin());
                match other.status.as_u16() {
                    403 => other,
                    _ => self.ask(&in_json(app.as_token("light-token"))),
                }
            }
            "404" if needs_org => {
                let app = start(&declared(), switch, |_| {});
                self.at("nowhere").ask(&in_json(app.as_manager()))
            }
            "404" => self.ask(&admin().without("x-tallyfy-client")),
            "408" => self.send(&admin(), never(b"")),
            "413" => {
                let longest = Config::default().limits.max_body;
                let announced = (longest + 1).to_string();
                self.send(&admin().header("content-length", &announced), "{}")
            }
            "422" => self.send(&admin(), r#"{"name":7,"description":"d","members":["x"]}"#),
            "429" => {
                self.ask(&admin());
                self.ask(&admin())
            }
            "503" if self.method == "GET" => {
                let app = start(&long(), switch, |config| {
                    config.limits.max_answer_memory = 1;
                });
                // An answer that nobody reads holds all the room that there is.
                let long = request("GET", "/api/organizations/acme/users", "");
                let _held = app.block_on(async |app| app.oneshot(long).await.unwrap());
                let path = format!("{}?with=users,groups&per_page=1000", self.path);
                let long = Self {
                    path,
                    ..self.at("acme")
                };
                long.ask(&app.as_manager())
            }
            "503" => {
                let app = start(&full(), switch, |config| {
                    config.limits.max_organizations = 1;
                });
                self.ask(&in_json(app.as_manager()))
            }
            other => panic!("{}: how is {other} brought about?", self.name),
        }
    }
}

impl Operation {
    /// The same for `/oauth/token`.
    fn answered_with_a_token(&self, status: &str, switch: &str) -> Answer {
        let app = start(&json!({ "version": 1 }), switch, |config| match status {
            "429" => {
                config.rate_limit = Some(RateLimit {
                    requests: 1,
                    window: std::time::Duration::from_secs(60),
                });
            }
            "503" => config.limits.max_body_memory = 1,
            _ => {}
        });
        let form = "application/x-www-form-urlencoded";
        let caller = app.anonymous().header("content-type", form);
        match status {
            "200" => self.ask(&caller),
            "400" => self.send(&caller, "grant_type=password"),
            "401" => self.send(&caller, PASSWORD.replace('3', "three")),
            "408" => self.send(&caller, never(b"")),
            "413" => {
                let announced = (Config::default().limits.max_body + 1).to_string();
                self.send(&caller.header("content-length", &announced), PASSWORD)
            }
            "429" => {
                self.ask(&caller);
                self.ask(&caller)
            }
            "503" => {
                // A body that does not end holds all the room that there is.
                let long = vec![b'x'; 100_000];
                let endless = request("POST", "/oauth/token", never(&long));
                app.block_on(async |app| {
                    tokio::spawn(app.oneshot(endless));
                    tokio::task::yield_now().await;
                });
                self.send(&caller, never(&long))
            }
            other => panic!("{}: how is {other} brought about?", self.name),
        }
    }
}

/// A body that begins so and never ends.
fn never(begin: &[u8]) -> Body {
    let begin = Ok::<_, std::io::Error>(Bytes::copy_from_slice(begin));
    let begin = futures_util::stream::iter([begin]);
    Body::from_stream(begin.chain(futures_util::stream::pending()))
}

/// Each operation of a document and its statuses.
fn operations(document: &Value) -> Vec<(Operation, Vec<String>)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(move |(method, told)| {
            let operation = Operation {
                name: told["operationId"].as_str().unwrap().to_owned(),
                method: method.to_ascii_uppercase(),
                path: path.clone(),
            };
            let statuses = told["responses"].as_object().unwrap().keys();
            (
                operation,
                statuses.filter(|it| *it != "default").cloned().collect(),
            )
        })
    });
    operations.collect()
}

#[test]
fn every_status_in_the_document_can_be_brought_about_under_every_switch() {
    let mut switches = vec!["edition=2026-03".to_owned(), "edition=2025-08".to_owned()];
    for (key, values) in Contract::SWITCHES {
        let others = values.iter().skip(1);
        switches.extend(others.map(|value| format!("{key}={value}")));
    }
    let mut count = 0;
    for switch in &switches {
        let app = start(&json!({ "version": 1 }), switch, |_| {});
        for limited in [false, true] {
            let state = app.state();
            let served = served(state.edition, state.contract, limited, "");
            let document = serde_json::to_value(Document::of(&served)).unwrap();
            for (operation, mut statuses) in operations(&document) {
                statuses.retain(|status| limited == (status == "429"));
                // Whether there is room does not depend on the contract.
                let is_edition = switch.starts_with("edition=");
                statuses.retain(|status| is_edition || status != "503");
                for status in statuses {
                    let answer = operation.answered(&status, switch);
                    let at = format!("{switch}: {} {status}", operation.name);
                    let told: String = answer.to_string().chars().take(2000).collect();
                    assert_eq!(answer.status.as_str(), status, "{at}: {told}");
                    count += 1;
                }
            }
        }
    }
    assert!(count > 1000, "{count} answers");
}

/// What an endpoint of the control side is asked so that it answers with that status.
fn control(operation: &Operation, status: &str) -> Answer {
    let rule = json!({ "steps": [{ "status": 503 }] });
    let body = match operation.name.as_str() {
        "state.replace" | "seed" => json!({ "version": 1 }),
        "requests.verify" => json!({ "operation": "groups.list", "times": { "at_least": 0 } }),
        "faults.put" => rule.clone(),
        "clock.set" => json!({ "frozen": true }),
        "clock.advance" => json!({ "seconds": 1 }),
        _ => Value::Null,
    };
    let app = TestApp::start(&full(), |config| {
        config.limits.max_organizations = 1;
        config.limits.max_streams = 0;
    });
    let ask = |path: &str, body: &Value| {
        let body = Some(body).filter(|body| !body.is_null());
        app.control(&operation.method, path, body)
    };
    let path = operation.path.replace("{id}", "rule");
    let put = |query: &str| app.control("PUT", &format!("/_mock/faults/rule{query}"), Some(&rule));
    match status {
        "200" if operation.name == "events" => panic!("a stream does not end: `streams` have it"),
        "200" if ["requests.get", "requests.body"].contains(&operation.name.as_str()) => {
            app.as_manager().list_groups("other", "");
            let id = app.look("/_mock/requests").json()["requests"][0]["id"].clone();
            app.look(&operation.path.replace("{id}", &id.to_string()))
        }
        "409" if operation.name == "requests.body" => {
            let long = "x".repeat(20_000);
            app.as_manager()
                .send("POST", "/organizations/other/groups", long);
            let id = app.look("/_mock/requests").json()["requests"][0]["id"].clone();
            app.look(&operation.path.replace("{id}", &id.to_string()))
        }
        "200" | "204" => {
            assert_eq!(put("").status, 200);
            ask(&path, &body)
        }
        "400" => ask(&format!("{path}?nobody=asks"), &body),
        "404" if ["state.get", "changes"].contains(&operation.name.as_str()) => {
            TestApp::with(declared()).look(&format!("{path}?org=new"))
        }
        "404" | "503" => ask(&path, &body),
        "409" if operation.name == "requests.verify" => {
            ask(&path, &json!({ "operation": "groups.list" }))
        }
        "409" => {
            let two = json!({ "version": 1, "organizations": [{ "id": "one" }, { "id": "two" }] });
            let app = TestApp::with(&two);
            for org in ["one", "two"] {
                app.control("PUT", &format!("/_mock/faults/rule?org={org}"), Some(&rule));
            }
            app.control(&operation.method, &path, None)
        }
        "507" if operation.name == "reset" => {
            let another = json!({ "version": 1, "organizations": [{ "id": "another" }] });
            assert_eq!(
                app.control("PUT", "/_mock/state", Some(&another)).status,
                204
            );
            ask("/_mock/reset?org=other", &body)
        }
        "507" => {
            let body = match operation.name.as_str() {
                "state.replace" | "seed" => json!({ "groups": [] }),
                _ => body,
            };
            ask(&format!("{path}?org=new"), &body)
        }
        other => panic!("{}: how is {other} brought about?", operation.name),
    }
}

#[test]
fn every_status_in_the_document_of_the_control_side_can_be_brought_about() {
    let document = serde_json::to_value(Document::of_control("")).unwrap();
    for (operation, statuses) in operations(&document) {
        for status in statuses {
            // A stream does not end, and a certificate needs TLS: `streams` and `tls` have them.
            if ["events", "ca"].contains(&operation.name.as_str()) && status == "200" {
                continue;
            }
            let answer = control(&operation, &status);
            let at = format!("{} {status}", operation.name);
            assert_eq!(answer.status.as_str(), status, "{at}: {answer}");
        }
    }
}
