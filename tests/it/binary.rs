//! The binary: ready line, exit codes, signals, output and refusals.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::wire::{get, half_a_body};

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyfy-mock"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("PORT");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TALLYFY_MOCK_")) {
        command.env_remove(name);
    }
    command
}

pub(crate) fn output(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// The output of a command that has this on its standard input.
pub(crate) fn fed(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server that runs until it is told to stop.
pub(crate) struct Server {
    pub(crate) child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) stderr: BufReader<ChildStderr>,
    pub(crate) url: String,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("tallyfy-mock is ready on ");
        let Some(url) = url.map(str::to_owned) else {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            panic!("no ready line: {line}{said}");
        };
        Self {
            child,
            stdout,
            stderr,
            url,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::blocking::Response {
        let client = reqwest::blocking::Client::new();
        client
            .get(format!("{}{path}", self.url))
            .bearer_auth("secret-token")
            .header("X-Tallyfy-Client", "x")
            .send()
            .unwrap()
    }

    /// Reads stderr up to the first line that contains `wanted`, and returns it.
    pub(crate) fn says(&mut self, wanted: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.stderr.read_line(&mut line).unwrap(),
                0,
                "it never said `{wanted}`"
            );
            if line.contains(wanted) {
                return line.trim().to_owned();
            }
        }
    }

    /// The last line of the banner: a command.
    pub(crate) fn command_to_paste(&mut self) -> String {
        self.says("  try this:");
        self.says("curl")
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Stops it; returns its exit code and the rest of stdout and stderr.
    pub(crate) fn stop(self, signal: &str) -> (Option<i32>, String, String) {
        self.signal(signal);
        self.end()
    }

    /// Waits for its end; as [`Server::stop`] without a signal.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stdout, stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_line_on_stdout_says_where_and_the_banner_what() {
    let server = Server::start(command(&["--port", "0"]));
    assert!(server.url.starts_with("http://127.0.0.1:"));
    assert_eq!(server.get("/_mock/ready").status(), 200);
    let (code, stdout, stderr) = server.stop("TERM");
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    assert!(stderr.contains("loaded     2 organizations, 29 groups, any token, other organizations on demand from the built-in demo, edition 2026-03"), "{stderr}");
}

#[test]
fn the_banner_has_at_most_six_lines_and_ends_with_a_command() {
    let server = Server::start(command(&["--port", "0"]));
    let port = server.port().to_owned();
    let (_, _, stderr) = server.stop("TERM");
    insta::assert_snapshot!(stderr.replace(&port, "8255"), @"
    tallyfy-mock 0.1.0
      base URL   http://127.0.0.1:8255/api
      inspector  http://127.0.0.1:8255/_mock/
      loaded     2 organizations, 29 groups, any token, other organizations on demand from the built-in demo, edition 2026-03
      try this:
    curl -H 'Authorization: Bearer any-token' -H 'X-Tallyfy-Client: APIClient' http://127.0.0.1:8255/api/organizations/northwind/groups
    ");
    assert!(stderr.lines().count() <= 6, "{stderr}");
}

#[test]
fn the_banners_command_works_as_printed() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed.json");
    let fixture = r#"{"version":1,"tokens":[{"token":"old","expires_at":"2020-01-01T00:00:00Z"},
        {"token":"good","user":1,"organizations":["globex"]}],
        "organizations":[{"id":"acme"},{"id":"globex","users":[{"id":1}],"groups":[{"name":"A"}]}]}"#;
    fs::write(&closed, fixture).unwrap();
    let closed = closed.display().to_string();
    for (arguments, groups) in [
        (vec!["--port", "0"], 27),
        (
            vec![
                "serve",
                "--port",
                "0",
                "--host",
                "0.0.0.0",
                "--fixtures",
                &closed,
            ],
            1,
        ),
        (vec!["--port=0", "--host=::1"], 27),
    ] {
        let mut server = Server::start(command(&arguments));
        let curl = server.command_to_paste();
        let answer = Command::new("sh")
            .args(["-c", &format!("{curl} -sS --fail -g")])
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer.stdout).expect("an answer in JSON");
        assert_eq!(answer["meta"]["pagination"]["total"], groups, "{curl}");
    }
}

#[test]
fn the_banner_shows_a_declared_token_only_to_a_person_and_not_beside_a_control_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("closed.json");
    fs::write(
        &file,
        r#"{"version":1,"tokens":[{"token":"the-admin's-own","user":1,"organizations":["globex"]}],
        "organizations":[{"id":"globex","users":[{"id":1}],"groups":[{"name":"A"}]}]}"#,
    )
    .unwrap();
    let file = file.display().to_string();
    let with = |more: &[&str]| {
        let mut command = command(&[&["--port", "0", "--fixtures", &file], more].concat());
        command.env(
            "TALLYFY_MOCK_CONTROL_TOKEN",
            if more.is_empty() { "" } else { "control" },
        );
        Server::start(command)
    };
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_tallyfy-mock"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var_os("PATH").unwrap().to_string_lossy()
    );
    for more in [&[][..], &["--strict"]] {
        let mut server = with(more);
        let curl = server.command_to_paste();
        assert_eq!(curl.contains("own"), more.is_empty(), "{curl}");
        let answer = Command::new("sh")
            .args(["-c", &format!("{curl} -sS --fail -g")])
            .env("PATH", &path)
            .env("TALLYFY_MOCK_CONTROL_TOKEN", "control")
            .output()
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer.stdout).expect("an answer in JSON");
        assert_eq!(answer["meta"]["pagination"]["total"], 1, "{curl}");
    }
    let server = with(&["--log-format", "json"]);
    let (_, _, stderr) = server.stop("TERM");
    assert!(
        stderr.contains("curl") && !stderr.contains("admin's"),
        "{stderr}"
    );
}

#[test]
fn what_cannot_be_served_refuses_to_start() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, code, said) in [
        (
            vec!["--port", &port],
            1,
            format!("cannot listen on 127.0.0.1:{port}: Address already in use"),
        ),
        (
            vec!["--host", "no.such.host.invalid"],
            1,
            "cannot listen on no.such.host.invalid:8255: ".into(),
        ),
        (
            vec!["--fixtures", "/nowhere/a.json"],
            1,
            "/nowhere/a.json: cannot be read: No such file".into(),
        ),
        (
            vec!["--strict"],
            1,
            "`--strict` needs a fixture that declares tokens".into(),
        ),
        (
            vec!["--max-organizations", "1"],
            1,
            "the fixture declares 2 organizations, but `--max-organizations` is 1".into(),
        ),
        (
            vec!["--port", "http"],
            2,
            "invalid value 'http' for '--port <PORT>'".into(),
        ),
        (
            vec!["--edition", "2024-01"],
            2,
            "the editions are `2026-03`, `2025-08`".into(),
        ),
        (
            vec!["--set", "update_status=204"],
            2,
            "it takes `201`, `200`".into(),
        ),
        (
            vec!["--set", "upsert=yes"],
            2,
            "the switches are `create_status`, `update_status`".into(),
        ),
        (
            vec!["--set", "upsert"],
            2,
            "not of the form KEY=VALUE".into(),
        ),
        (
            vec!["--max-connections", "0"],
            2,
            "expected a whole number of at least 1".into(),
        ),
        (
            vec!["--max-body", "much"],
            2,
            "invalid value 'much' for '--max-body <SIZE>'".into(),
        ),
        (
            vec!["--header-timeout", "soon"],
            2,
            "invalid value 'soon' for '--header-timeout <DURATION>'".into(),
        ),
        (
            vec!["--log-level", "loud"],
            2,
            "[possible values: off, error, warn, info, debug]".into(),
        ),
        (
            vec!["--shoe-size", "44"],
            2,
            "unexpected argument '--shoe-size'".into(),
        ),
        (vec!["validate"], 2, "<PATH>".into()),
    ] {
        let refused = output(&arguments);
        assert_eq!(
            refused.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&refused)
        );
        assert!(
            stderr(&refused).contains(&said),
            "{arguments:?}: `{said}` in {}",
            stderr(&refused)
        );
        assert!(refused.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_flag_wins_over_its_variable_and_port_comes_last() {
    let with = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(arguments);
        command.envs(variables.iter().copied());
        command
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    drop(Server::start(with(
        &["--port", "0"],
        &[("TALLYFY_MOCK_PORT", &port), ("PORT", &port)],
    )));
    drop(Server::start(with(
        &[],
        &[("TALLYFY_MOCK_PORT", "0"), ("PORT", &port)],
    )));
    drop(Server::start(with(&[], &[("PORT", "0")])));

    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo.json");
    let variables = [
        ("TALLYFY_MOCK_SET", "create_status=200,time_format=millis"),
        ("TALLYFY_MOCK_FIXTURES", fixtures),
        ("TALLYFY_MOCK_EDITION", "2025-08"),
        ("TALLYFY_MOCK_STRICT", "false"),
    ];
    let server = Server::start(with(&["--port", "0"], &variables));
    let group: Value = server.get("/organizations/globex/groups").json().unwrap();
    assert_eq!(group["data"][0]["updated_at"], "2026-02-01T09:00:00.000Z");
    drop(server);

    for (name, value, said) in [
        (
            "PORT",
            "http",
            "invalid value 'http' for the variable PORT: expected a number from 0 to 65535",
        ),
        (
            "TALLYFY_MOCK_PORT",
            "70000",
            "invalid value '70000' for the variable TALLYFY_MOCK_PORT: expected a number",
        ),
        (
            "TALLYFY_MOCK_STRICT",
            "perhaps",
            "invalid value 'perhaps' for the variable TALLYFY_MOCK_STRICT: expected one of `1`",
        ),
        (
            "TALLYFY_MOCK_EDITION",
            "1999",
            "invalid value '1999' for the variable TALLYFY_MOCK_EDITION: there is no edition",
        ),
    ] {
        let refused = with(&[], &[(name, value)]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{name}");
        assert!(
            stderr(&refused).contains(said),
            "{name}: {}",
            stderr(&refused)
        );
    }
}

/// A raw connection to a server.
pub(crate) fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap()
}

fn ask(stream: &mut TcpStream) {
    stream
        .write_all(b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
}

/// Reads the next answer; returns its status line.
fn status(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).unwrap();
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    first.trim_end().to_owned()
}

#[test]
fn above_the_limit_new_connections_wait_for_a_place() {
    let server = Server::start(command(&["--port", "0", "--max-connections", "1"]));
    let mut first = connect(&server);
    let half = half_a_body().replacen("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1);
    first.write_all(half.as_bytes()).unwrap();
    assert_eq!(status(&mut first), "HTTP/1.1 100 Continue");
    let mut second = connect(&server);
    second.write_all(get("/groups").as_bytes()).unwrap();
    // A probe is answered meanwhile.
    let mut probe = connect(&server);
    ask(&mut probe);
    assert_eq!(status(&mut probe), "HTTP/1.1 200 OK");
    second.set_nonblocking(true).unwrap();
    let early = second.read(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::WouldBlock, "the second waits");
    second.set_nonblocking(false).unwrap();
    drop(first);
    assert_eq!(status(&mut second), "HTTP/1.1 200 OK");
}

#[test]
fn a_head_that_does_not_come_ends_its_connection() {
    let server = Server::start(command(&["--port", "0", "--header-timeout", "50ms"]));
    let mut silent = connect(&server);
    let mut slow = connect(&server);
    slow.write_all(b"GET /_mock/health HTTP/1.1\r\nHo").unwrap();
    let mut said = String::new();
    assert_eq!(silent.read_to_string(&mut said).unwrap(), 0);
    slow.read_to_string(&mut said).unwrap();
    assert!(!said.contains("200"), "{said}");
    let mut next = connect(&server);
    ask(&mut next);
    assert_eq!(status(&mut next), "HTTP/1.1 200 OK");
}

#[cfg(target_os = "linux")]
#[test]
fn running_out_of_file_descriptors_ends_nothing() {
    let mut limited = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_tallyfy-mock");
    limited.args([
        "-c",
        &format!("ulimit -n 24; exec {binary} --port 0 --workers 1 --max-connections 500"),
    ]);
    let mut server = Server::start(limited);
    let crowd: Vec<TcpStream> = (0..60).map(|_| connect(&server)).collect();
    server.says("cannot accept a connection; trying again");
    drop(crowd);
    assert_eq!(server.get("/_mock/health").status(), 200);
}

#[cfg(target_os = "linux")]
#[test]
fn few_file_descriptors_leave_a_working_mock_or_a_reason() {
    let binary = env!("CARGO_BIN_EXE_tallyfy-mock");
    for limit in [64, 32, 24, 16, 12, 8, 6, 4] {
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {limit}; exec {binary} --port 0")]);
        limited.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = limited.spawn().unwrap();
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut ready).unwrap();
        let Some(address) = ready
            .trim_end()
            .strip_prefix("tallyfy-mock is ready on http://")
        else {
            let said = stderr(&child.wait_with_output().unwrap());
            assert!(
                limit < 24 && said.starts_with("error: ") && said.contains("open files"),
                "{limit}: {said}"
            );
            continue;
        };
        // Many connections stay open, each after an answer.
        let mut crowd = Vec::new();
        for _ in 0..50 {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            stream.write_all(get("/groups").as_bytes()).unwrap();
            assert_eq!(status(&mut stream), "HTTP/1.1 200 OK", "{limit}");
            crowd.push(stream);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn fixtures_are_loaded_again_when_they_change_and_on_a_hangup() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    let fixture = |name: &str| {
        format!(
            r#"{{"version":1,"organizations":[{{"id":"acme","groups":[{{"name":"{name}"}}]}}]}}"#
        )
    };
    // As an editor saves a file: a new file is renamed over the old one.
    let write = |text: &str| {
        let new = folder.path().join("seed.json~");
        fs::write(&new, text).unwrap();
        fs::rename(new, &file).unwrap();
    };
    write(&fixture("First"));
    let name = |server: &Server| {
        let groups: Value = server.get("/organizations/acme/groups").json().unwrap();
        groups["data"][0]["name"].as_str().unwrap().to_owned()
    };
    let path = file.display().to_string();
    let mut server = Server::start(command(&["--port", "0", "--watch", "--fixtures", &path]));
    assert_eq!(name(&server), "First");
    write(&fixture("Second"));
    server.says("fixtures reloaded");
    assert_eq!(name(&server), "Second");
    write(r#"{"version":1,"organizations":[{"id":"acme","groups":[{"nme":"Third"}]}]}"#);
    let problem = server.says("fixtures not reloaded, the state stays: ");
    assert!(problem.contains("did you mean `name`?"), "{problem}");
    assert_eq!(name(&server), "Second");

    write(&fixture("Fourth"));
    server.says("fixtures reloaded");
    drop(server);

    let mut server = Server::start(command(&[
        "--port",
        "0",
        "--fixtures",
        folder.path().to_str().unwrap(),
    ]));
    write(&fixture("Fifth"));
    assert_eq!(name(&server), "Fourth", "nobody watches");
    server.signal("HUP");
    server.says("fixtures reloaded");
    assert_eq!(name(&server), "Fifth");
}

#[test]
fn a_wait_beyond_the_calendar_is_no_reason_to_panic() {
    let server = Server::start(command(&["--port", "0"]));
    let checked = output(&[
        "healthcheck",
        "--port",
        server.port(),
        "--timeout",
        "500000000000y",
    ]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
}
