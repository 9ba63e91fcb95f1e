//! README is executed: its commands, its fixtures, its tables. (Its Rust is a doc test.)

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tallyfy_mock::{
    config::{Config, Limits},
    domain::{contract::Contract, operation::Operation},
    fixture::Fixture,
    tenant::journal::JournalLimits,
};

use crate::support::TestApp;

const README: &str = include_str!("../../README.md");

/// The blocks of that language, in order.
fn blocks(text: &'static str, language: &str) -> Vec<&'static str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (name, after) = after.split_once('\n').unwrap();
        let (block, after) = after.split_once("\n```\n").unwrap();
        if name == language {
            blocks.push(block);
        }
        rest = after;
    }
    blocks
}

/// The cells of the table that opens with this header, without the backticks around them.
fn table(header: &str) -> Vec<Vec<String>> {
    let (_, after) = README.split_once(header).expect("the table is there");
    let rows = after
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        row.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    })
    .collect()
}

/// What `--help` prints. It is wrapped; the lines do not matter here.
fn help() -> String {
    let help = Command::new(env!("CARGO_BIN_EXE_tallyfy-mock"))
        .arg("--help")
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    help.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the text is the pattern's, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('…').collect();
    let Some(mut rest) = text.strip_prefix(parts[0]) else {
        return false;
    };
    for part in &parts[1..] {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    parts.len() == 1 && rest.is_empty() || parts.len() > 1 && text.ends_with(parts[parts.len() - 1])
}

/// A mock on a free port, and a folder to run commands in.
struct Bench {
    server: Child,
    port: String,
    folder: tempfile::TempDir,
}

impl Bench {
    fn start() -> Self {
        let mut server = Command::new(env!("CARGO_BIN_EXE_tallyfy-mock"))
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        Self {
            server,
            port: ready.trim_end().rsplit(':').next().unwrap().to_owned(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Runs each command of a document's `console` blocks, in their order; gives how many there are.
    fn run(&self, document: &str, text: &'static str) -> usize {
        let binary = Path::new(env!("CARGO_BIN_EXE_tallyfy-mock"));
        let mut path = binary.parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let mut commands = 0;
        for block in blocks(text, "console") {
            for step in block
                .strip_prefix("$ ")
                .expect("a block starts with a command")
                .split("\n$ ")
            {
                let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
                let run = Command::new("bash")
                    .args([
                        "-c",
                        &format!("exec 2>&1; {}", command.replace("8255", &self.port)),
                    ])
                    .current_dir(&self.folder)
                    .env("PATH", &path)
                    .output()
                    .unwrap();
                let printed = String::from_utf8(run.stdout)
                    .unwrap()
                    .replace(&self.port, "8255");
                assert!(
                    matches(expected.trim_end(), printed.trim_end()),
                    "$ {command}\n{printed}\nbut {document} says\n{expected}"
                );
                commands += 1;
            }
        }
        commands
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

#[test]
fn every_command_prints_what_readme_says() {
    let commands = Bench::start().run("README", README);
    assert!(commands >= 7, "the commands are found");
}

/// The pages in `docs`, and how many of their commands need a container engine, which no test here has.
const DOCS: &[(&str, &str, usize)] = &[(
    "troubleshooting.md",
    include_str!("../../docs/troubleshooting.md"),
    2,
)];

#[test]
fn every_command_prints_what_the_docs_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pages = fs::read_dir(folder).unwrap();
    let pages = pages.map(|page| page.unwrap().path());
    let pages = pages.filter(|page| page.extension().is_some_and(|ending| ending == "md"));
    let name = |page: PathBuf| page.file_name().unwrap().to_str().unwrap().to_owned();
    let mut pages: Vec<_> = pages.map(name).collect();
    pages.sort_unstable();
    let known: Vec<_> = DOCS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(pages, known, "every page is run");
    for (name, text, with_engine) in DOCS {
        let commands = Bench::start().run(name, text);
        assert!(commands > 0, "{name}: the commands are found");
        // What is not run needs a container engine, and is marked by its language.
        let unrun: Vec<_> = blocks(text, "sh")
            .into_iter()
            .flat_map(str::lines)
            .collect();
        assert!(
            unrun.iter().all(|line| line.starts_with("docker ")),
            "{unrun:?}"
        );
        assert_eq!(unrun.len(), *with_engine, "{name}");
    }
}

#[test]
fn troubleshooting_has_ten_things_each_with_what_to_do() {
    let (_, text, _) = DOCS[0];
    let things: Vec<&str> = text.split("\n## ").skip(1).collect();
    assert_eq!(things.len(), 10);
    for (i, thing) in things.iter().enumerate() {
        assert!(thing.starts_with(&format!("{} ", i + 1)), "{thing}");
        for part in ["*Symptom:*", "*The mock:*", "*Do:*", "```console\n$ "] {
            assert!(thing.contains(part), "{part}: {thing}");
        }
    }
}

#[test]
fn every_fixture_in_readme_loads() {
    let fixtures: Vec<_> = blocks(README, "json")
        .into_iter()
        .filter(|block| block.contains("\"version\""))
        .collect();
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        Fixture::parse(fixture.as_bytes()).unwrap();
    }
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
    let rows = table("| flag | variable |");
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
    let rows: Vec<(String, Vec<String>)> = table("| switch | values |")
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
        let rows: Vec<String> = table("| | `2026-03` (default) | `2025-08` |")
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
    let rows = table("| endpoint or rule |");
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
    let rows: Vec<String> = table("| control endpoint | answer |")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(rows, known);
    let without_id = known
        .iter()
        .filter(|known| !known.contains('{') && !known.ends_with("events"));
    for path in without_id.filter_map(|known| known.strip_prefix("GET ")) {
        assert_eq!(app.look(path).status, 200, "{path}");
    }
}

#[test]
fn the_table_of_limits_has_those_that_hold() {
    let Limits {
        max_connections,
        max_streams,
        max_body,
        max_control_body,
        max_organizations,
        header_timeout,
        body_timeout,
    } = Limits::default();
    let entries = Config::default().journal_entries;
    let journal = JournalLimits::default();
    let mib = |bytes: usize| format!("{} MiB", bytes / 1024 / 1024);
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
    // Each limit, and the test that goes up to it and beyond.
    let limits = [
        (
            "65534 bytes of target".into(),
            "a_head_is_served_up_to_its_limits_and_not_beyond",
        ),
        (
            "100".into(),
            "a_head_is_served_up_to_its_limits_and_not_beyond",
        ),
        (
            "between 408 KiB and 1 MiB, as they come".into(),
            "a_head_is_served_up_to_its_limits_and_not_beyond",
        ),
        (
            seconds(header_timeout),
            "five_hundred_heads_that_never_end_are_given_up",
        ),
        (
            mib(max_body),
            "a_long_body_is_too_large_and_one_of_the_limit_is_not",
        ),
        (
            seconds(body_timeout),
            "five_hundred_bodies_that_never_end_are_told_408",
        ),
        (
            seconds(body_timeout),
            "a_client_that_never_reads_is_given_up",
        ),
        (mib(max_control_body), "a_control_body_has_a_limit"),
        (
            format!(
                "{}, {}",
                mib(Limits::DISCARDED_BYTES),
                seconds(Limits::DISCARDED_TIME)
            ),
            "a_refused_body_is_read_on_up_to_its_bound",
        ),
        (max_organizations.to_string(), "a_full_mock_says_so"),
        (
            max_organizations.to_string(),
            "of_the_organizations_that_are_only_named_the_most_recently_used_are_kept",
        ),
        (
            "1000".into(),
            "tokens_that_clients_make_up_do_not_fill_the_memory",
        ),
        (
            "the machine's memory".into(),
            "a_large_organization_keeps_its_order_while_rows_come_and_go",
        ),
        (
            "100".into(),
            "the_default_page_has_ten_groups_and_the_longest_a_hundred",
        ),
        (
            entries.to_string(),
            "the_journal_is_bounded_and_tells_what_the_bounds_have_cost",
        ),
        (
            mib(journal.ring_bytes),
            "a_hundred_requests_with_large_bodies_stay_within_their_bytes",
        ),
        (
            mib(journal.total_bytes),
            "where_all_bytes_are_used_up_the_ring_that_was_written_to_least_recently_gives_way",
        ),
        (
            format!("{} KiB", JournalLimits::BODY_BYTES / 1024),
            "a_long_body_is_cut_and_marked",
        ),
    ];
    let of_connections = limits_of_connections(max_connections, max_streams);
    let limits: Vec<_> = of_connections.into_iter().chain(limits).collect();
    let rows = table("| what | at most |");
    let at_most: Vec<_> = rows.iter().map(|row| row[1].as_str()).collect();
    let wanted: Vec<_> = limits.iter().map(|(limit, _)| limit.as_str()).collect();
    assert_eq!(at_most, wanted);
    let help = help();
    for flag in rows.iter().filter_map(|row| row[2].split(' ').next()) {
        assert!(help.contains(flag), "{flag}");
    }
    let tests = tests();
    for (_, test) in limits {
        assert!(tests.contains(&format!("fn {test}()")), "{test}");
    }
}

/// The first rows of the table.
fn limits_of_connections(
    max_connections: usize,
    max_streams: usize,
) -> [(String, &'static str); 5] {
    [
        (
            format!("{max_connections}, or what the open-file limit leaves"),
            "connections_over_the_cap_wait_and_are_served_when_others_leave",
        ),
        (
            "5 s".into(),
            "probes_get_through_when_all_places_are_taken_and_nothing_else_does",
        ),
        (
            "16 beside those, for 1 s each".into(),
            "probes_get_through_when_all_places_are_taken_and_nothing_else_does",
        ),
        (
            format!("{max_streams}, or what the open-file limit leaves"),
            "streams_have_a_bound_of_their_own_and_take_no_place",
        ),
        (
            "4096, or what the system allows".into(),
            "a_thousand_that_come_at_once_need_not_knock_twice",
        ),
    ]
}

/// The text of all tests that hold limits.
fn tests() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("tests/it")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let of_tenants = ["tests.rs", "journal/tests.rs", "windows.rs"];
    files
        .chain(of_tenants.map(|file| root.join("src/tenant").join(file)))
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect()
}

#[test]
fn what_readme_says_of_the_container_is_in_the_dockerfile() {
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
