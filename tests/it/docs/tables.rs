//! The tables of the documents are complete, and say what the mock says of itself.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use tallyfy_mock::domain::{contract::Contract, operation::Operation};

use super::pages::Page;
use crate::support::TestApp;

/// What `--help` prints. It is wrapped; the lines do not matter here.
pub(super) fn help() -> String {
    let help = Command::new(env!("CARGO_BIN_EXE_tallyfy-mock"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    help.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_of_flags_is_that_of_help() {
    let help = help();
    let in_help: BTreeSet<String> = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && *word != "--help" && *word != "--version")
        .map(|word| {
            word.trim_end_matches(|c: char| !c.is_alphabetic())
                .to_owned()
        })
        .collect();
    let rows = Page::read("docs/configuration.md").table("| flag | variable |");
    assert_eq!(
        rows.iter()
            .map(|row| row[0].clone())
            .collect::<BTreeSet<_>>(),
        in_help
    );
    for row in &rows {
        let variable = format!(
            "TALLYFY_MOCK_{}",
            row[0]
                .trim_start_matches('-')
                .replace('-', "_")
                .to_uppercase()
        );
        assert_eq!(row[1], variable);
        assert!(help.contains(&format!("[env: {variable}")), "{variable}");
    }
    for (flag, default) in rows.iter().map(|row| (&row[0], &row[2])) {
        if help.contains(&format!("[default: {default}]"))
            || [
                "--port",
                "--strict",
                "--no-steering",
                "--no-reasons",
                "--trust-proxy",
                "--watch",
                "--tls",
                "--exit-with-stdin",
            ]
            .contains(&flag.as_str())
        {
            continue;
        }
        assert!(
            default.contains(' ') || default.is_empty(),
            "{flag}: --help does not say that the default is {default}"
        );
    }
}

#[test]
fn the_table_of_switches_is_complete() {
    let rows: Vec<(String, Vec<String>)> = Page::read("docs/fidelity.md")
        .table("| switch | values |")
        .into_iter()
        .map(|row| {
            (
                row[0].clone(),
                row[1].split("`, `").map(str::to_owned).collect(),
            )
        })
        .collect();
    let switches: Vec<(String, Vec<String>)> = Contract::SWITCHES
        .iter()
        .map(|(key, values)| {
            (
                (*key).to_owned(),
                values.iter().map(|value| (*value).to_owned()).collect(),
            )
        })
        .collect();
    assert_eq!(rows, switches);
}

#[test]
fn the_table_of_editions_is_what_is_served() {
    for (column, edition) in [(1, "2026-03"), (2, "2025-08")] {
        let app = TestApp::set(&[&format!("edition={edition}")]);
        let manager = app.as_manager();
        let undescribed = manager.create_group("acme", &serde_json::json!({ "name": "A" }));
        let created = manager.create_group(
            "acme",
            &serde_json::json!({ "name": "B", "description": "d" }),
        );
        let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
        let updated = manager.update_group("acme", &id, &serde_json::json!({}));
        let times: Vec<String> = ["created_at", "last_updated", "updated_at", "deleted_at"]
            .into_iter()
            .filter(|key| created.json()["data"].get(key).is_some())
            .map(|key| format!("`{key}{}`", if key == "deleted_at" { ": null" } else { "" }))
            .collect();
        let deleted = manager.delete_group("acme", &id);
        let what = if deleted.body.is_empty() {
            ", empty"
        } else {
            " with the deleted group"
        };
        let rows: Vec<String> = Page::read("docs/fidelity.md")
            .table("| | `2026-03` (default) | `2025-08` |")
            .into_iter()
            .map(|row| row[column].clone())
            .collect();
        let served = [
            created.status.as_u16().to_string(),
            updated.status.as_u16().to_string(),
            format!("{}{what}", deleted.status.as_u16()),
            times.join(", ").trim_matches('`').to_owned(),
            (if undescribed.status == 422 {
                "required"
            } else {
                "optional"
            })
            .to_owned(),
        ];
        assert_eq!(rows, served, "{edition}");
    }
}

#[test]
fn the_fidelity_table_names_every_operation_that_is_served() {
    let app = TestApp::empty();
    let routes = app.look("/_mock/routes").json();
    let routes = routes["routes"].as_array().unwrap();
    assert_eq!(routes.len(), Operation::ALL.len());
    let rows = Page::read("docs/fidelity.md").table("| endpoint or rule |");
    for route in routes {
        let path = route["path"]
            .as_str()
            .unwrap()
            .replace("/organizations/{org}", "…");
        let wanted = format!("{} {path}", route["method"].as_str().unwrap());
        assert!(
            rows.iter()
                .any(|row| row[0] == wanted && row[1] == "supported"),
            "{wanted}"
        );
    }
}

#[test]
fn misbehaviour_names_every_operation() {
    let page = Page::read("docs/misbehaviour.md").text;
    for operation in Operation::ALL {
        let name = operation.name();
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_control_table_names_every_control_endpoint() {
    let app = TestApp::empty();
    let known = app.look("/_mock/nothing");
    let known: serde_json::Value = serde_json::from_str(&known.body).unwrap();
    let known: Vec<&str> = known["known"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|known| known.as_str())
        .collect();
    let rows: Vec<String> = Page::read("docs/control.md")
        .table("| control endpoint | answer |")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(rows, known);
    let without_id = known
        .iter()
        .filter(|known| !known.contains('{') && !known.ends_with("events"));
    for path in without_id.filter_map(|known| known.strip_prefix("GET ")) {
        // Without TLS there is no certificate.
        let status = if path == "/_mock/ca.pem" { 404 } else { 200 };
        assert_eq!(app.look(path).status, status, "{path}");
    }
}

#[test]
fn what_is_said_of_the_container_is_in_the_dockerfile() {
    let dockerfile =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).unwrap();
    let (_, last_stage) = dockerfile.rsplit_once("FROM ").unwrap();
    for line in [
        "scratch",
        "USER 65532:65532",
        "EXPOSE 8255",
        "ENTRYPOINT [\"/tallyfy-mock\"]",
        "TALLYFY_MOCK_HOST=0.0.0.0",
        "[\"/tallyfy-mock\", \"healthcheck\"]",
    ] {
        assert!(last_stage.contains(line), "{line}");
    }
}
