//! Property tests: the store against a model, pages against the whole list, and concurrent clients.

use std::sync::{Arc, Barrier};

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tallyfy_mock::{
    config::{Config, RateLimit},
    domain::{
        contract::{Edition, PerPageCap},
        id::{GroupId, OrgId},
        query::ListQuery,
    },
    fixture::Fixture,
    http::App,
    state::AppState,
    tenant::{Org, Refusal, Undeclared},
};
use tower::ServiceExt;

/// What may happen to an organization.
#[derive(Debug, Clone)]
enum Step {
    Create { name: String, at: i64 },
    Rename { which: usize, name: String, at: i64 },
    Describe { which: usize, text: String, at: i64 },
    Delete { which: usize },
}

/// The model of a group, in the order of creation.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: String,
    name: String,
    description: String,
    created: i64,
    updated: i64,
}

fn step() -> impl Strategy<Value = Step> {
    let name = || prop_oneof!["[abAB]{1,2}", "[éÉßa]{1,2}"];
    let at = || 0..6_i64;
    prop_oneof![
        4 => (name(), at()).prop_map(|(name, at)| Step::Create { name, at }),
        2 => (any::<usize>(), name(), at()).prop_map(|(which, name, at)| Step::Rename { which, name, at }),
        1 => (any::<usize>(), "[a-z]{1,3}", at()).prop_map(|(which, text, at)| Step::Describe { which, text, at }),
        1 => any::<usize>().prop_map(|which| Step::Delete { which }),
    ]
}

fn fields(body: Value) -> Map<String, Value> {
    let Value::Object(fields) = body else {
        unreachable!("a test's body is an object")
    };
    fields
}

fn time(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + at, 0).unwrap()
}

/// Applies a step to both; they must agree on whether it is allowed.
fn apply(step: &Step, org: &mut Org, model: &mut Vec<Row>) {
    let contract = Edition::March2026.contract();
    let row = |which: usize, model: &[Row]| (!model.is_empty()).then(|| which % model.len());
    match step {
        Step::Create { name, at } => {
            let new_id = |_: &OrgId, number: u64| GroupId::parse(&format!("id-{number}")).unwrap();
            let body = fields(json!({ "name": name, "description": name }));
            match org.insert(&body, &contract, time(*at), new_id) {
                Ok(group) => {
                    assert!(model.iter().all(|row| row.name != *name));
                    let id = group.id.to_string();
                    model.push(Row {
                        id,
                        name: name.clone(),
                        description: name.clone(),
                        created: *at,
                        updated: *at,
                    });
                }
                Err(error) => {
                    assert!(matches!(error, Refusal::Invalid(_)));
                    assert!(model.iter().any(|row| row.name == *name));
                }
            }
        }
        Step::Rename { which, name, at } => {
            let Some(i) = row(*which, model) else { return };
            let updated = org.update(
                &GroupId::parse(&model[i].id).unwrap(),
                &fields(json!({ "name": name })),
                time(*at),
            );
            let taken = model
                .iter()
                .enumerate()
                .any(|(j, row)| j != i && row.name == *name);
            assert_eq!(updated.is_ok(), !taken);
            if !taken {
                model[i].name.clone_from(name);
                model[i].updated = *at;
            }
        }
        Step::Describe { which, text, at } => {
            let Some(i) = row(*which, model) else { return };
            org.update(
                &GroupId::parse(&model[i].id).unwrap(),
                &fields(json!({ "description": text })),
                time(*at),
            )
            .unwrap();
            model[i].description.clone_from(text);
            model[i].updated = *at;
        }
        Step::Delete { which } => {
            let Some(i) = row(*which, model) else { return };
            let id = GroupId::parse(&model.remove(i).id).unwrap();
            org.remove(&id).unwrap();
            assert_eq!(org.remove(&id).unwrap_err(), Refusal::NoGroup);
        }
    }
}

/// The model's whole list, sorted and searched naively.
fn expected(model: &[Row], sort: &str, needle: &str) -> Vec<String> {
    let mut rows: Vec<Row> = model.to_vec();
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    match sort.trim_start_matches('-') {
        "name" => rows.sort_by_key(|row| (lower(&row.name), row.name.clone())),
        "updated_at" => rows.sort_by_key(|row| row.updated),
        _ => rows.sort_by_key(|row| row.created),
    }
    if sort.starts_with('-') {
        rows.reverse();
    }
    rows.retain(|row| {
        lower(&row.name).contains(needle) || lower(&row.description).contains(needle)
    });
    rows.into_iter().map(|row| row.id).collect()
}

proptest! {
    #[test]
    fn the_store_agrees_with_a_list_of_rows(steps in prop::collection::vec(step(), 1..60), per_page in 1_u64..7) {
        let mut org = Org::new(OrgId::parse("acme").unwrap(), "Acme", true, Undeclared::Open);
        let mut model = Vec::new();
        for step in &steps {
            apply(step, &mut org, &mut model);
            prop_assert_eq!(org.groups().len(), model.len());
        }
        for row in &model {
            let group = org.get(&GroupId::parse(&row.id).unwrap()).unwrap();
            prop_assert_eq!(group.name.as_str(), &row.name);
            prop_assert_eq!(group.description.as_deref(), Some(row.description.as_str()));
            prop_assert_eq!((group.created_at, group.updated_at), (time(row.created), time(row.updated)));
        }
        for sort in ["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"] {
            for needle in ["", "a", "é"] {
                let wanted = expected(&model, sort, needle);
                let mut found = Vec::new();
                for page in 1.. {
                    let query = format!("sort_by={sort}&q={needle}&per_page={per_page}&page={page}");
                    let page = org.list(&ListQuery::parse(&query, PerPageCap::Hundred));
                    prop_assert_eq!(page.total, wanted.len());
                    prop_assert!(page.items.len() as u64 <= per_page);
                    found.extend(page.items.iter().map(|group| group.id.to_string()));
                    if page.next().is_none() { break }
                }
                prop_assert_eq!(found, wanted, "{} {}", sort, needle);
            }
        }
    }
}

#[test]
fn a_large_organization_keeps_its_order_while_rows_come_and_go() {
    let mut org = Org::new(
        OrgId::parse("acme").unwrap(),
        "Acme",
        true,
        Undeclared::Open,
    );
    let mut model = Vec::new();
    for i in 0..3000_usize {
        apply(
            &Step::Create {
                name: format!("Group {}", i * 7919 % 3000),
                at: i64::try_from(i % 50).unwrap(),
            },
            &mut org,
            &mut model,
        );
    }
    for i in 0..2900 {
        apply(&Step::Delete { which: i * 31 }, &mut org, &mut model);
    }
    for sort in [
        "name",
        "-name",
        "created_at",
        "-created_at",
        "updated_at",
        "-updated_at",
    ] {
        let page = org.list(&ListQuery::parse(
            &format!("sort_by={sort}&per_page=5000"),
            PerPageCap::None,
        ));
        let ids: Vec<String> = page
            .items
            .iter()
            .map(|group| group.id.to_string())
            .collect();
        assert_eq!(ids, expected(&model, sort, ""), "{sort}");
    }
}

#[test]
fn of_64_creates_of_one_name_at_once_exactly_one_succeeds() {
    for org in ["acme", "northwind"] {
        let app = Arc::new(crate::support::TestApp::demo());
        let barrier = Barrier::new(64);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        app.as_manager()
                            .create_group(org, &json!({ "name": "One", "description": "d" }))
                            .status
                            .as_u16()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(
            statuses.iter().filter(|status| **status == 201).count(),
            1,
            "{org}"
        );
        assert_eq!(
            statuses.iter().filter(|status| **status == 422).count(),
            63,
            "{org}"
        );
    }
}

#[test]
fn a_request_makes_one_look_up() {
    let config = Config {
        rate_limit: Some(RateLimit {
            requests: 100,
            window: std::time::Duration::from_secs(60),
        }),
        ..Config::default()
    };
    let state = AppState::new(&config, Fixture::demo(), "mock:1".into()).unwrap();
    let state = Arc::new(state);
    let app = App::new(Arc::clone(&state));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let rule = json!({ "match": { "operation": "groups.delete" }, "steps": [{ "times": "always", "status": 503, "write": "after" }] });
    let ask = |method: &str, path: &str, body: &Value| {
        let request = crate::support::request(method, path, body.to_string());
        let before = state.tenants.look_ups();
        let answer = app.clone().oneshot(request);
        let status = runtime.block_on(answer).unwrap().status().as_u16();
        (status, state.tenants.look_ups() - before)
    };
    let groups = "/api/organizations/northwind/groups";
    let new = json!({ "name": "New", "description": "d" });
    for (method, path, status) in [
        ("GET", groups, 200),
        (
            "GET",
            "/api/organizations/northwind/groups?q=a&with=users,guests",
            200,
        ),
        ("POST", groups, 201),
        ("POST", "/organizations/made-up/groups", 201),
        ("PUT", "/api/organizations/northwind/groups/none", 404),
        ("DELETE", "/api/organizations/northwind/groups/none", 503),
        ("GET", "/api/organizations/northwind/users?with=groups", 200),
        ("PATCH", groups, 405),
        ("GET", "/api/nothing", 404),
        ("GET", "/api/me", 200),
    ] {
        if method == "DELETE" {
            ask("PUT", "/_mock/faults/r?org=northwind", &rule);
        }
        assert_eq!(ask(method, path, &new), (status, 1), "{method} {path}");
    }
}
