//! What was issued survives an export and an import, whatever happened before.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CLIENT, advance, declared, refreshed, with};
use crate::support::TestApp;

/// What may happen to tokens.
#[derive(Debug, Clone)]
enum Step {
    Password(&'static str),
    Own(&'static str),
    Code(&'static str),
    Refresh(usize),
    Advance(&'static str, u64),
    Reset(&'static str),
    Seed,
}

impl Step {
    /// Whether the organization of that query has a clock of its own after it; nothing where it has as before.
    fn moves(&self, query: &str) -> Option<bool> {
        match self {
            Self::Advance(of, _) if *of == query => Some(true),
            Self::Reset(path) if path.contains(query) => Some(false),
            _ => None,
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::sample::select(vec!["ada@acme.test", "leo", "LEO", "nobody"]).prop_map(Step::Password),
        1 => prop::sample::select(vec!["3", "4"]).prop_map(Step::Own),
        1 => prop::sample::select(vec!["code-of-leo", "code-of-three", "seeded"]).prop_map(Step::Code),
        3 => any::<usize>().prop_map(Step::Refresh),
        2 => (prop::sample::select(vec!["", "?org=acme", "?org=globex"]), prop::sample::select(vec![1, 1800, 3600, 700_000]))
            .prop_map(|(query, by)| Step::Advance(query, by)),
        1 => prop::sample::select(vec!["/_mock/reset?org=acme&scope=clock", "/_mock/reset?org=globex"]).prop_map(Step::Reset),
        1 => Just(Step::Seed),
    ]
}

/// Does a step; what was issued by it goes to the others.
fn take(app: &TestApp, step: &Step, issued: &mut Vec<Value>) {
    let asked = |parameters: &[(&str, &str)]| Some(app.anonymous().token(parameters));
    let answer = match step {
        Step::Password(name) => {
            let password = if *name == "ada@acme.test" {
                "correct horse"
            } else {
                "battery"
            };
            asked(&with(&[
                &[
                    ("grant_type", "password"),
                    ("username", name),
                    ("password", password),
                ],
                &CLIENT,
            ]))
        }
        Step::Own(id) => {
            let secret = if *id == "3" { "s3cret" } else { "other" };
            asked(&[
                ("grant_type", "client_credentials"),
                ("client_id", id),
                ("client_secret", secret),
            ])
        }
        Step::Code(code) => asked(&with(&[
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", "https://app.test/back"),
            ],
            &CLIENT,
        ])),
        Step::Refresh(which) => {
            let known = issued.get(which % issued.len().max(1));
            known
                .and_then(|it| it["refresh_token"].as_str())
                .map(|text| refreshed(app, text))
        }
        Step::Advance(query, by) => {
            advance(app, query, *by);
            None
        }
        Step::Reset(path) => Some(app.control("POST", path, None)),
        Step::Seed => {
            let seed = json!({ "version": 1, "oauth": { "codes": [{ "code": "seeded", "user": 7 }] },
                "organizations": [{ "id": "acme", "users": [{ "id": 2, "email": "leo@acme.test", "first_name": "Leonie", "role": "admin" }] }, { "id": "open" }] });
            Some(app.control("POST", "/_mock/seed", Some(&seed)))
        }
    };
    if let Some(answer) = answer.filter(|answer| answer.status == 200) {
        issued.push(answer.json());
    }
}

/// What every token that was issued is answered, everywhere.
fn answers(app: &TestApp, issued: &[Value]) -> Vec<String> {
    let mut answers = Vec::new();
    for token in issued {
        for text in ["access_token", "refresh_token"]
            .iter()
            .filter_map(|key| token[key].as_str())
        {
            for path in [
                "/me",
                "/me/organizations",
                "/organizations/acme/me",
                "/organizations/globex/me",
                "/organizations/open/me",
                "/organizations/open/users",
            ] {
                answers.push(app.as_token(text).get(path).to_string());
            }
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn what_was_issued_survives_an_export_and_an_import(
        is_closed in any::<bool>(),
        steps in prop::collection::vec(step(), 1..14),
        after in prop::collection::vec(step(), 1..5),
    ) {
        let mut fixture = declared();
        if !is_closed {
            fixture["tokens"] = json!([]);
            fixture["oauth"] = json!({});
            fixture["template"] = json!({});
        }
        let app = TestApp::with(&fixture);
        let mut issued = Vec::new();
        for step in &steps {
            take(&app, step, &mut issued);
        }
        let exported = app.look("/_mock/state");
        let before = answers(&app, &issued);
        prop_assert_eq!(app.control("PUT", "/_mock/state", Some(&exported.json())).status, 204);
        prop_assert_eq!(app.look("/_mock/state").body, exported.body.clone());
        prop_assert_eq!(answers(&app, &issued), before.clone());

        // On another mock too, whose clocks tell the same; and it goes on as the first one.
        let other = TestApp::with(exported.json());
        prop_assert_eq!(other.control("POST", "/_mock/reset", None).status, 204);
        prop_assert_eq!(other.look("/_mock/state").body, exported.body.clone());
        for query in ["", "?org=acme", "?org=globex"] {
            // The organization has no clock of its own.
            if !query.is_empty() && !steps.iter().rev().find_map(|step| step.moves(query)).unwrap_or(false) {
                continue;
            }
            let clock = app.look(&format!("/_mock/clock{query}")).json();
            prop_assert_eq!(other.control("PUT", &format!("/_mock/clock{query}"), Some(&clock)).status, 200);
        }
        prop_assert_eq!(answers(&other, &issued), before);
        let mut issued_there = issued.clone();
        for step in after.iter().filter(|step| !matches!(step, Step::Reset(_))) {
            take(&app, step, &mut issued);
            take(&other, step, &mut issued_there);
        }
        prop_assert_eq!(&issued, &issued_there);
        prop_assert_eq!(answers(&app, &issued), answers(&other, &issued));
    }
}
