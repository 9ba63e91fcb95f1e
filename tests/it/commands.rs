//! The commands that look for a mock that runs, and the one that checks fixtures.

use std::{
    fs,
    net::TcpListener,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::binary::{Server, command, output, stderr};

#[test]
fn healthcheck_tells_up_from_down() {
    let server = Server::start(command(&["--port", "0", "--host", "0.0.0.0"]));
    let check = |extra: &[&str]| {
        output(
            &[
                &["healthcheck", "--host", "0.0.0.0", "--port", server.port()],
                extra,
            ]
            .concat(),
        )
    };
    let up = check(&[]);
    assert_eq!(
        (up.status.code(), up.stdout.as_slice()),
        (Some(0), &b"ready\n"[..])
    );
    assert_eq!(
        check(&["--wait", "--timeout", "10s"]).status.code(),
        Some(0)
    );
    // In a container its settings come from variables; an invalid variable of another command must not matter.
    let by_variable = command(&["healthcheck"])
        .env("TALLYFY_MOCK_PORT", server.port())
        .env("TALLYFY_MOCK_STRICT", "perhaps")
        .output()
        .unwrap();
    assert_eq!(by_variable.status.code(), Some(0));
    let port = server.port().to_owned();
    server.stop("TERM");
    let down = output(&["healthcheck", "--port", &port]);
    assert_eq!(down.status.code(), Some(1));
    assert!(
        stderr(&down).starts_with(&format!("error: no mock is ready on 127.0.0.1:{port}: ")),
        "{}",
        stderr(&down)
    );
    assert_eq!(
        output(&[
            "healthcheck",
            "--port",
            &port,
            "--wait",
            "--timeout",
            "50ms"
        ])
        .status
        .code(),
        Some(1)
    );
}

#[test]
fn env_prints_what_clients_need_to_find_a_running_mock() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = folder.path().join("fixture.json");
    fs::write(
        &fixture,
        r#"{ "version": 1, "tokens": [
            { "token": "light-token", "user": 2, "organizations": ["acme"] },
            { "token": "the-admin's-token", "user": 1, "organizations": ["acme"] } ],
          "organizations": [ { "id": "aaa" }, { "id": "acme", "users": [ { "id": 1, "role": "admin" }, { "id": 2 } ] } ] }"#,
    )
    .unwrap();
    let server = Server::start(command(&[
        "--port",
        "0",
        "--control-token",
        "control",
        "--fixtures",
        fixture.to_str().unwrap(),
    ]));
    let env = |arguments: &[&str]| {
        command(&[&["env", "--port", server.port()], arguments].concat())
            .env("TALLYFY_MOCK_CONTROL_TOKEN", "control")
            .output()
            .unwrap()
    };
    let said = env(&[]);
    assert!(said.status.success() && said.stderr.is_empty());
    // A client that is started by a shell with these variables.
    let script = format!(
        "{}\nexec curl -sf -H \"Authorization: Bearer $TALLYFY_API_TOKEN\" -H 'X-Tallyfy-Client: x' \"$TALLYFY_BASE_URL/organizations/$TALLYFY_ORG_ID/me\"",
        String::from_utf8(said.stdout).unwrap()
    );
    let me = Command::new("sh").args(["-c", &script]).output().unwrap();
    let me: Value = serde_json::from_slice(&me.stdout).unwrap();
    assert_eq!(me["data"]["role"], "admin");

    let json = env(&["--shell", "json", "--token", "light-token"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "TALLYFY_BASE_URL": server.url, "TALLYFY_API_BASE_URL": server.url,
            "TALLYFY_API_TOKEN": "light-token", "TALLYFY_ACCESS_TOKEN": "light-token", "TALLYFY_ORG_ID": "acme"
        })
    );
    let closed = output(&["env", "--port", server.port()]);
    assert_eq!(closed.status.code(), Some(1), "without the control token");
    let port = server.port().to_owned();
    server.stop("TERM");
    let gone = output(&["env", "--port", &port]);
    assert_eq!(
        (gone.status.code(), gone.stdout.as_slice()),
        (Some(1), &b""[..])
    );
    let tried = format!(
        "no mock to be found on 127.0.0.1:{port} (asked for /_mock/state and /_mock/clock): "
    );
    assert!(stderr(&gone).contains(&tried), "{}", stderr(&gone));
    assert_eq!(output(&["env", "--shell", "tcsh"]).status.code(), Some(2));
}

#[test]
fn healthcheck_waits_for_a_mock_that_is_still_to_come() {
    let reserved = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = reserved.local_addr().unwrap().port().to_string();
    // The listener there never answers as a mock does.
    let waiting = command(&["healthcheck", "--port", &port, "--wait", "--timeout", "30s"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(reserved.accept().unwrap());
    drop(reserved);
    let server = Server::start(command(&["--port", &port]));
    assert_eq!(waiting.wait_with_output().unwrap().status.code(), Some(0));
    drop(server);
}

#[test]
fn validate_prints_every_problem_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo.json");
    fs::write(&demo, r#"{"version":1,"organizations":[{"id":"acme","groups":[{"name":"A"},{"name":""},{"nam":"B"}]}]}"#).unwrap();
    let bad = output(&["validate", demo.to_str().unwrap()]);
    assert_eq!(bad.status.code(), Some(1));
    insta::assert_snapshot!(stderr(&bad).replace(&format!("{}/", folder.path().display()), ""), @"
    demo.json: organizations[0].groups[1].name: The name field is required.
    demo.json: organizations[0].groups[2].nam: unknown key; did you mean `name`?
    demo.json: organizations[0].groups[2].name: The name field is required.
    error: the fixture has 3 problems
    ");

    let good = output(&["validate", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")]);
    assert_eq!(good.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8(good.stdout).unwrap(), @"ok: 2 organizations, 29 groups, any token, other organizations on demand");
}
