//! The documents themselves: what they say, whence, and how the contract changes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::{Value, json};
use tallyfy_mock::{
    domain::{
        contract::{Contract, ContractChoice, Edition},
        evidence::Class,
        operation::Operation,
    },
    http::served,
    openapi::Document,
};

use crate::support::TestApp;

const ORIGIN: &str = "http://127.0.0.1:8255";

/// The document under some switches, such as `update_status=200`.
fn document(switches: &[&str]) -> Value {
    let choice = ContractChoice {
        edition: None,
        switches: switches.iter().map(|it| it.parse().unwrap()).collect(),
    };
    let (edition, contract) = choice.over(&ContractChoice::default());
    json(&Document::of(&served(edition, contract, false, ORIGIN)))
}

fn control() -> Value {
    json(&Document::of_control(ORIGIN))
}

fn json(document: &Document) -> Value {
    serde_json::to_value(document).unwrap()
}

/// Calls `look` with everything in a document and where it stands.
fn walk(value: &Value, at: &str, look: &mut impl FnMut(&str, &Value)) {
    look(at, value);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(value, &format!("{at}/{key}"), look);
            }
        }
        Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                walk(value, &format!("{at}/{i}"), look);
            }
        }
        _ => {}
    }
}

/// Each operation of a document with its path and method.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().iter();
        operations.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    operations.collect()
}

#[test]
fn the_committed_documents_are_what_the_command_prints() {
    let printed = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tallyfy-mock"))
            .arg("openapi")
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    for (name, arguments) in [
        ("2026-03", ["--edition", "2026-03"]),
        ("2025-08", ["--edition", "2025-08"]),
        ("control", ["--of", "control"]),
    ] {
        let path = format!("{}/openapi/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == printed(&arguments),
            "look at what changes, then: cargo run -- openapi {} > openapi/{name}.json",
            arguments.join(" ")
        );
    }
}

#[test]
fn a_mock_serves_the_document_of_its_own_contract() {
    let app = TestApp::set(&["edition=2025-08", "foreign_org=404"]);
    let mut served_there = app.look("/_mock/openapi.json").json();
    assert_eq!(
        served_there["servers"],
        json!([{ "url": "http://localhost/api" }, { "url": "http://localhost" }])
    );
    let choice = ContractChoice {
        edition: Some(Edition::August2025),
        switches: vec!["foreign_org=404".parse().unwrap()],
    };
    let (edition, contract) = choice.over(&ContractChoice::default());
    let expected = json(&Document::of(&served(
        edition,
        contract,
        false,
        "http://localhost",
    )));
    assert_eq!(served_there, expected);
    served_there = app.look("/_mock/openapi.json?of=control").json();
    assert_eq!(
        served_there["servers"],
        json!([{ "url": "http://localhost" }])
    );
    assert_eq!(served_there["paths"], control()["paths"]);
    insta::assert_snapshot!(app.look("/_mock/openapi.json?of=nobody"), @r#"
    400 Bad Request
    {"type":"about:blank","title":"Bad Request","status":400,"detail":"query.of: expected `tallyfy` or `control`, found `nobody`","errors":[{"path":"query.of","message":"expected `tallyfy` or `control`, found `nobody`"}]}
    "#);
}

#[test]
fn a_rate_limit_is_in_the_document_where_there_is_one() {
    let contract = Edition::default().contract();
    let with = json(&Document::of(&served(
        Edition::default(),
        contract,
        true,
        ORIGIN,
    )));
    let without = document(&[]);
    for (_, _, operation) in operations(&with) {
        let response = &operation["responses"]["429"];
        let target = response["$ref"].as_str().unwrap();
        let response = with.pointer(&target[1..]).unwrap();
        assert!(response["headers"]["Retry-After"].is_object());
    }
    for (_, _, operation) in operations(&without) {
        assert_eq!(operation["responses"].get("429"), None);
    }
}

#[test]
fn each_value_of_each_switch_makes_another_document() {
    let without_description = |switch: &str| {
        let mut document = document(&[switch]);
        document["info"] = Value::Null;
        document.to_string()
    };
    for (key, values) in Contract::SWITCHES {
        let documents: BTreeSet<String> = values
            .iter()
            .map(|value| without_description(&format!("{key}={value}")))
            .collect();
        assert_eq!(documents.len(), values.len(), "{key}");
    }
}

#[test]
fn the_document_has_what_is_served_and_nothing_else() {
    let app = TestApp::empty();
    let routes = app.look("/_mock/routes").json();
    let routes: BTreeSet<String> = routes["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!(
                "{} {} {} {}",
                it["operation"], it["method"], it["path"], it["right"]
            )
        })
        .collect();
    let document = document(&[]);
    let told: BTreeSet<String> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| {
            let (method, path) = (json!(method.to_ascii_uppercase()), json!(path));
            format!(
                "{} {method} {path} {}",
                operation["operationId"], operation["x-right"]
            )
        })
        .collect();
    assert_eq!(told, routes);
    assert_eq!(told.len(), Operation::ALL.len());

    let known = app.look("/_mock/nothing").json()["known"].clone();
    let known: BTreeSet<&str> = known
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let control = control();
    let told: BTreeSet<String> = operations(&control)
        .into_iter()
        .map(|(path, method, _)| format!("{} {path}", method.to_ascii_uppercase()))
        .collect();
    assert_eq!(told, known.into_iter().map(str::to_owned).collect());
}

#[test]
fn whatever_is_referred_to_is_there() {
    for document in [document(&[]), control()] {
        let mut count = 0;
        walk(&document, "", &mut |at, value| {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                count += 1;
                assert!(document.pointer(&target[1..]).is_some(), "{at}: {target}");
            }
        });
        assert!(count > 20, "references are found");
    }
}

#[test]
fn every_object_that_is_answered_is_closed() {
    let document = document(&[]);
    let mut count = 0;
    walk(&document["components"], "", &mut |at, value| {
        if value["type"] == "object" && value.get("properties").is_some() {
            count += 1;
            let is_sent = ["/schemas/NewGroup", "/schemas/GroupPatch"].contains(&at);
            assert_eq!(value["additionalProperties"], is_sent, "{at}");
        }
    });
    assert!(count > 20, "objects are found");
    for (_, _, operation) in operations(&document) {
        walk(&operation["responses"], "", &mut |at, value| {
            if value["type"] == "object" {
                assert_eq!(value["additionalProperties"], false, "{at}");
            }
        });
    }
}

#[test]
fn everything_says_how_well_it_is_known() {
    let classes: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
    for document in [document(&[]), document(&["time_keys=updated_at"])] {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut check = |at: &str, evidence: &Value| {
            let class = evidence["class"]
                .as_str()
                .unwrap_or_else(|| panic!("{at}: no class"));
            assert!(classes.contains(&class), "{at}: {class}");
            assert!(
                evidence["source"].as_str().is_some_and(|it| !it.is_empty()),
                "{at}"
            );
            *counts.entry(class.to_owned()).or_default() += 1;
        };
        for (path, method, operation) in operations(&document) {
            let at = format!("{method} {path}");
            check(&at, &operation["x-evidence"]);
            for parameter in operation["parameters"].as_array().unwrap() {
                if parameter.get("$ref").is_none() {
                    check(&at, &parameter["x-evidence"]);
                }
            }
            for response in operation["responses"].as_object().unwrap().values() {
                if response.get("$ref").is_none() {
                    check(&at, &response["x-evidence"]);
                }
            }
            if let Some(body) = operation.get("requestBody") {
                check(&at, &body["x-evidence"]);
            }
        }
        let components = &document["components"];
        for (name, parameter) in components["parameters"].as_object().unwrap() {
            check(name, &parameter["x-evidence"]);
        }
        for (name, response) in components["responses"].as_object().unwrap() {
            let evidence = &response["x-evidence"];
            match evidence.get("class") {
                Some(_) => check(name, evidence),
                None => {
                    for each in evidence.as_object().unwrap().values() {
                        check(name, each);
                    }
                }
            }
        }
        let refusals: BTreeSet<&str> = components["responses"]
            .as_object()
            .unwrap()
            .keys()
            .flat_map(|joined| joined.split("Or"))
            .collect();
        for (name, schema) in components["schemas"].as_object().unwrap() {
            let is_refusal = refusals.contains(name.as_str())
                || ["InvalidGrant", "InvalidClient"].contains(&name.as_str());
            if is_refusal || name.ends_with("Meta") {
                continue;
            }
            for (field, property) in schema["properties"].as_object().unwrap() {
                check(&format!("{name}.{field}"), &property["x-evidence"]);
            }
        }
        assert!(counts.len() == classes.len(), "{counts:?}");
    }
}

#[test]
fn examples_are_what_they_are_examples_of() {
    for switches in [
        &[][..],
        &["time_keys=updated_at"],
        &["validation_body=laravel"],
    ] {
        let document = document(switches);
        let mut count = 0;
        let check = |at: &str, content: &Value, example: &Value| {
            let mut schema = content["schema"].clone();
            schema["components"] = document["components"].clone();
            let validator = jsonschema::draft202012::new(&schema).unwrap();
            let mistakes: Vec<String> = validator
                .iter_errors(example)
                .map(|it| it.to_string())
                .collect();
            assert!(mistakes.is_empty(), "{at}: {mistakes:?}");
        };
        walk(&document, "", &mut |at, value| {
            let Some(content) = value.get("content").map(|it| &it["application/json"]) else {
                return;
            };
            if let Some(example) = content.get("example") {
                count += 1;
                check(at, content, example);
            }
            for example in content["examples"].as_object().into_iter().flatten() {
                count += 1;
                check(at, content, &example.1["value"]);
            }
        });
        assert!(count > 20, "examples are found");
    }
}

#[test]
fn the_examples_of_requests_are_accepted() {
    let app = TestApp::demo();
    let document = document(&[]);
    let body = |path: &str, method: &str| {
        document["paths"][path][method]["requestBody"]["content"]["application/json"]["example"]
            .clone()
    };
    let mut group = body("/organizations/{org}/groups", "post");
    assert_eq!(group["name"], "Sales");
    let caller = app.as_manager();
    let created = caller.create_group("example", &group);
    assert_eq!(created.status, 201, "{created}");
    let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
    group = body("/organizations/{org}/groups/{id}", "put");
    assert_eq!(caller.update_group("example", &id, &group).status, 201);
    let response = &document["paths"]["/organizations/{org}/groups"]["post"]["responses"]["201"];
    for (name, operation) in [
        ("get", "groups.get"),
        ("update", "groups.update"),
        ("delete", "groups.delete"),
    ] {
        assert_eq!(response["links"][name]["operationId"], operation);
    }
}
