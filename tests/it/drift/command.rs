//! The command: exit codes, what is printed and where, what is refused before anything is sent.

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use tallyfy_mock::TallyfyMock;

use super::{TOKEN, host};
use crate::binary::{command, stderr};

/// Runs the command against that base URL.
fn drift_at(base: &str, arguments: &[&str]) -> Output {
    let arguments = [&["drift", "--org", "acme", "--base", base], arguments].concat();
    let mut command = command(&arguments);
    for variable in [
        "TALLYFY_ACCESS_TOKEN",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "SSL_CERT_FILE",
    ] {
        command.env_remove(variable);
    }
    command.env("TALLYFY_API_TOKEN", TOKEN).output().unwrap()
}

fn drift(mock: &TallyfyMock, arguments: &[&str]) -> Output {
    let run = drift_at(&format!("{}/api", mock.uri()), arguments);
    let all = format!("{}{}", stdout(&run), stderr(&run));
    assert!(!all.contains(TOKEN), "{all}");
    run
}

fn stdout(run: &Output) -> String {
    String::from_utf8(run.stdout.clone()).unwrap()
}

#[test]
fn equal_contracts_exit_with_0_over_tls_too_and_say_how_much_was_compared() {
    let mock = host().tls().start();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, mock.ca_pem().unwrap()).unwrap();
    let plain = drift(&mock, &[]);
    assert_eq!(
        plain.status.code(),
        Some(0),
        "{}{}",
        stdout(&plain),
        stderr(&plain)
    );
    let base = format!("{}/api", mock.uri().replace("http:", "https:"));
    let tls = drift_at(&base, &["--cacert", ca.to_str().unwrap()]);
    assert_eq!(
        tls.status.code(),
        Some(0),
        "{}{}",
        stdout(&tls),
        stderr(&tls)
    );
    let first = |run: &Output| {
        stdout(run)
            .lines()
            .next()
            .unwrap()
            .replace(mock.uri().trim_start_matches("http://"), "HOST")
    };
    assert_eq!(first(&plain), first(&tls));
    assert!(
        first(&plain).starts_with("the same: 1"),
        "{}",
        first(&plain)
    );
    // Nobody vouches for the certificate.
    let untrusted = drift_at(&base, &[]);
    assert_eq!(untrusted.status.code(), Some(1));
    assert!(
        stderr(&untrusted).contains("`--cacert PATH` adds a root"),
        "{}",
        stderr(&untrusted)
    );
}

#[test]
fn a_difference_exits_with_3_and_what_is_printed_starts_a_mock_that_agrees() {
    let mock = host()
        .set("next_link", "page_only")
        .set("time_format", "micros")
        .start();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let run = drift(&mock, &["--json", json.to_str().unwrap()]);
    assert_eq!(
        run.status.code(),
        Some(3),
        "{}{}",
        stdout(&run),
        stderr(&run)
    );
    let report: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["outcome"], "different");
    let flags = report["agrees_under"]["flags"].as_str().unwrap();
    assert_eq!(flags, "--set time_format=micros --set next_link=page_only");
    assert!(
        stdout(&run).contains(&format!("tallyfy-mock {flags}\n")),
        "{}",
        stdout(&run)
    );
    // By its flags, and by its fixture.
    let by_flags: Vec<&str> = flags.split(' ').collect();
    assert_eq!(drift(&mock, &by_flags).status.code(), Some(0));
    let mut fixture = report["agrees_under"]["fixture"].clone();
    fixture["version"] = 1.into();
    let path = folder.path().join("fixture.json");
    fs::write(&path, fixture.to_string()).unwrap();
    let by_fixture = drift(&mock, &["--fixtures", path.to_str().unwrap()]);
    assert_eq!(by_fixture.status.code(), Some(0), "{}", stderr(&by_fixture));
}

#[test]
fn what_was_seen_only_as_null_fails_where_that_is_wanted() {
    let mock = host().start();
    assert_eq!(
        drift(&mock, &["--fail-on", "different"]).status.code(),
        Some(0)
    );
    assert_eq!(
        drift(&mock, &["--fail-on", "unknown"]).status.code(),
        Some(3)
    );
}

#[test]
fn without_a_yes_nothing_is_sent() {
    let mock = host().start();
    for flags in [
        &["--probe-refusals"][..],
        &["--sandbox-org", "acme", "--writes"],
    ] {
        let run = drift(&mock, flags);
        assert_eq!(run.status.code(), Some(2));
        let said = stderr(&run);
        assert!(said.contains("POST /organizations/acme/groups"), "{said}");
        assert!(
            said.ends_with(
                "error: there is no terminal to ask at; `--yes` agrees to what is sent\n"
            ),
            "{said}"
        );
    }
    assert_eq!(mock.org("acme").requests(), [Value::Null; 0]);
    for alone in [&["--writes"][..], &["--sandbox-org", "acme"]] {
        assert_eq!(drift(&mock, alone).status.code(), Some(2));
    }
    let run = drift(
        &mock,
        &[
            "--probe-refusals",
            "--sandbox-org",
            "acme",
            "--writes",
            "--yes",
            "--foreign-org",
            "globex",
        ],
    );
    assert_eq!(
        run.status.code(),
        Some(0),
        "{}{}",
        stdout(&run),
        stderr(&run)
    );
    assert!(!stdout(&run).contains("not looked at"), "{}", stdout(&run));
}

#[test]
fn who_or_what_to_ask_that_is_wrong_is_told_in_one_sentence() {
    let mock = host().start();
    let base = format!("{}/api", mock.uri());
    let fails = |mut run: std::process::Command, wanted: &str, code| {
        let run = run.output().unwrap();
        let said = stderr(&run);
        assert_eq!(
            (run.status.code(), said.lines().count()),
            (Some(code), 1),
            "{said}"
        );
        assert!(said.contains(wanted), "{said}");
    };
    let with = |token: Option<&str>, arguments: &[&str]| {
        let mut run = command(&[&["drift"], arguments].concat());
        run.env_remove("TALLYFY_ACCESS_TOKEN")
            .env_remove("TALLYFY_API_TOKEN");
        if let Some(token) = token {
            run.env("TALLYFY_API_TOKEN", token);
        }
        run
    };
    let acme = ["--org", "acme", "--base", &base];
    fails(
        with(None, &acme),
        "set the variable TALLYFY_ACCESS_TOKEN or TALLYFY_API_TOKEN",
        1,
    );
    fails(
        with(Some("wrong"), &acme),
        "refused the token (401); the variable TALLYFY_API_TOKEN has it",
        1,
    );
    fails(
        with(Some(TOKEN), &["--org", "globex", "--base", &base]),
        "`--org` says",
        1,
    );
    fails(
        with(
            Some(TOKEN),
            &["--org", "acme", "--base", "http://go.tallyfy.com"],
        ),
        "use https",
        1,
    );
    let none = ["--org", "acme", "--base", "http://127.0.0.1:9"];
    fails(with(Some(TOKEN), &none), "nobody answers at 127.0.0.1:9", 1);
}

#[test]
fn a_report_takes_no_others_place() {
    let mock = host().start();
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there.json");
    fs::write(&there, "mine").unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let missing = folder.path().join("no/such.json");
    for (at, wanted) in [
        (&there, "`--force` replaces it"),
        (&folder.path().to_owned(), "is a folder"),
        (&missing, "there is no folder"),
    ] {
        let run = drift(&mock, &["--json", &path(at)]);
        assert_eq!(run.status.code(), Some(1));
        assert!(stderr(&run).contains(wanted), "{}", stderr(&run));
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "mine");
    assert_eq!(
        mock.org("acme").requests(),
        [Value::Null; 0],
        "it is told before anything is asked"
    );
    let run = drift(&mock, &["--json", &path(&there), "--force"]);
    assert_eq!(run.status.code(), Some(0));
    assert!(
        fs::read_to_string(&there)
            .unwrap()
            .contains("\"report\": \"drift\"")
    );
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no half file is left");
}

/// The page and `/_mock/coverage` tell what a report says, as long as the contract is the one it speaks of.
#[test]
fn coverage_tells_when_and_with_whom_an_operation_agreed() {
    let mock = host().start();
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("report.json");
    let json = json.to_str().unwrap();
    assert_eq!(drift(&mock, &["--json", json]).status.code(), Some(0));
    let agreed = |flags: &[&str], operation: &str| {
        let flags = [&["--port", "0", "--drift-report", json], flags].concat();
        let server = crate::binary::Server::start(command(&flags));
        let coverage: Value = server.get("/_mock/coverage").json().unwrap();
        let rows = coverage["operations"].as_array().unwrap();
        rows.iter()
            .find(|row| row["operation"] == operation)
            .unwrap()["agreed"]
            .clone()
    };
    let report: Value = serde_json::from_slice(&fs::read(json).unwrap()).unwrap();
    let expected = serde_json::json!({ "at": report["at"], "with": report["host"] });
    assert_eq!(agreed(&[], "groups.list"), expected);
    assert_eq!(
        agreed(&[], "groups.create"),
        Value::Null,
        "it was not looked at"
    );
    assert_eq!(
        agreed(&["--set", "time_format=micros"], "groups.list"),
        Value::Null,
        "it agreed under another"
    );
    assert_eq!(agreed(&["--set", "time_format=micros"], "me.get"), expected);
    let bad = folder.path().join("bad.json");
    fs::write(&bad, "{}").unwrap();
    let run = crate::binary::output(&["--port", "0", "--drift-report", bad.to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(2));
    assert!(
        stderr(&run).contains("expected a file that `tallyfy-mock drift --json FILE` wrote"),
        "{}",
        stderr(&run)
    );
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_once_what_was_made_is_deleted() {
    use std::process::{Command, Stdio};

    let mock = host().start();
    let before = mock.org("acme").state()["groups"].clone();
    let update = mock.fault("late").on(tallyfy_mock::Operation::UpdateGroup);
    update.delay(std::time::Duration::from_millis(500)).always();
    let base = format!("{}/api", mock.uri());
    let arguments = [
        "drift",
        "--org",
        "acme",
        "--base",
        &base,
        "--sandbox-org",
        "acme",
        "--writes",
        "--yes",
    ];
    let run = command(&arguments)
        .env("TALLYFY_ACCESS_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // While the first update waits for its answer.
    let is_asked = |request: &Value| request["method"] == "PUT";
    while !mock.org("acme").requests().iter().any(is_asked) {
        std::thread::yield_now();
    }
    let sent = Command::new("kill")
        .args(["-s", "INT", &run.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let run = run.wait_with_output().unwrap();
    let said = stderr(&run);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("stopping: groups named `tallyfy-mock drift "),
        "{said}"
    );
    assert!(
        said.ends_with("error: stopped by a signal before all was looked at\n"),
        "{said}"
    );
    assert_eq!(mock.org("acme").state()["groups"], before);
}

#[cfg(unix)]
#[test]
fn on_a_terminal_it_asks_and_only_a_yes_is_one() {
    for (word, code, is_sent) in [("y\n", 0, true), ("n\n", 1, false), ("\n", 1, false)] {
        let mock = host().start();
        let base = format!("{}/api", mock.uri());
        let (person, end) = crate::terminal::terminal();
        rustix::io::write(&person, word.as_bytes()).unwrap();
        let run = command(&[
            "drift",
            "--org",
            "acme",
            "--base",
            &base,
            "--probe-refusals",
        ])
        .env("TALLYFY_ACCESS_TOKEN", TOKEN)
        .stdin(end)
        .output()
        .unwrap();
        let said = stderr(&run);
        assert_eq!(run.status.code(), Some(code), "{said}");
        assert!(said.contains("Send it? [y/N] "), "{said}");
        assert_eq!(!mock.org("acme").requests().is_empty(), is_sent, "{said}");
        assert_eq!(
            said.ends_with("error: not agreed to; nothing was sent\n"),
            !is_sent,
            "{said}"
        );
    }
}
