//! The binary: ready line, exit codes, signals, output and refusals.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
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

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server that runs until it is told to stop.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
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
    fn command_to_paste(&mut self) -> String {
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

/// What a mock says on a terminal, of one request; a pseudo-terminal turns `\n` into `\r\n`.
#[cfg(unix)]
fn said_on_a_terminal(no_colour: Option<&str>) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new())
        .unwrap()
        .into_string()
        .unwrap();
    let end = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(name)
        .unwrap();
    let mut command = command(&["--port", "0"]);
    command
        .stdout(Stdio::piped())
        .stderr(end)
        .env_remove("NO_COLOR");
    if let Some(value) = no_colour {
        command.env("NO_COLOR", value);
    }
    let mut mock = command.spawn().unwrap();
    // Else this process would hold the terminal's end open, and reading would never end.
    drop(command);
    let mut ready = String::new();
    BufReader::new(mock.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let url = ready
        .trim_end()
        .strip_prefix("tallyfy-mock is ready on ")
        .unwrap();
    reqwest::blocking::get(format!("{url}/api/me")).unwrap();
    let killed = Command::new("kill")
        .arg(mock.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success() && mock.wait().unwrap().success());
    let (mut said, mut bytes) = (Vec::new(), [0; 4096]);
    // A terminal whose other end is closed ends with an error.
    while let Ok(count @ 1..) = rustix::io::read(&terminal, &mut bytes) {
        said.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(said).unwrap()
}

#[cfg(unix)]
#[test]
fn a_terminal_has_colours_unless_no_color_says_otherwise() {
    for (no_colour, has_colours) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let said = said_on_a_terminal(no_colour);
        assert!(said.contains("GET /api/me"), "{said:?}");
        assert_eq!(said.contains("\x1b[33m401\x1b[0m"), has_colours, "{said:?}");
        assert_eq!(said.contains('\x1b'), has_colours, "{said:?}");
    }
    let server = Server::start(command(&["--port", "0"]));
    server.get("/api/me");
    let (_, _, stderr) = server.stop("TERM");
    assert!(!stderr.contains('\x1b'), "a pipe has none: {stderr:?}");
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

/// A line of the log without what differs at each run: its time of day and its milliseconds.
fn masked(line: &str) -> String {
    let (time, rest) = line.split_at("09:00:00.042".len());
    let shape = time.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(shape, "00:00:00.000", "{line}");
    let (before, after) = rest.split_once(" ms)").unwrap();
    let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    format!("{shape}{before}0.000 ms){after}")
}

#[test]
fn one_line_is_logged_a_request_and_never_a_token() {
    let server = Server::start(command(&["--port", "0"]));
    let raw = |head: &str, body: &str| {
        let headers = "Host: h\r\nAuthorization: Bearer secret-token\r\nX-Tallyfy-Client: x\r\nConnection: close";
        let length = body.len();
        let request = format!("{head}\r\n{headers}\r\nContent-Length: {length}\r\n\r\n{body}");
        let mut stream = connect(&server);
        stream.write_all(request.as_bytes()).unwrap();
        // A connection that is reset has no answer.
        let _ = stream.read_to_string(&mut String::new());
    };
    let json = "Content-Type: application/json";
    let groups = "/api/organizations/acme/groups HTTP/1.1";
    raw(
        "GET /api/organizations/northwind/groups?q=secret-token HTTP/1.1",
        "",
    );
    raw("GET /api/organizations/northwind/group HTTP/1.1", "");
    raw(&format!("POST {groups}"), "{}");
    raw(
        &format!("POST {groups}\r\n{json}"),
        r#"{"name":"A","desciption":"d"}"#,
    );
    raw(
        &format!("POST {groups}\r\n{json}"),
        r#"{"name":"A","description":"d","x":1,"y":2}"#,
    );
    raw(&format!("GET {groups}\r\nPrefer: code=503"), "");
    raw(&format!("GET {groups}\r\nPrefer: code=secret"), "");
    raw(&format!("GET {groups}\r\nPrefer: delay=-1"), "");
    let rule = r#"{"steps":[{"fault":"connection_reset"}]}"#;
    raw(
        &format!("PUT /_mock/faults/reset?org=acme HTTP/1.1\r\n{json}"),
        rule,
    );
    raw(&format!("GET {groups}"), "");
    let (_, _, stderr) = server.stop("TERM");
    let lines: Vec<String> = stderr
        .lines()
        .filter(|line| line.contains(" ms)"))
        .map(masked)
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    00:00:00.000 200 GET /api/organizations/northwind/groups (groups.list, 0.000 ms)
    00:00:00.000 404 GET /api/organizations/northwind/group (0.000 ms) nearest known route: GET /api/organizations/{org}/groups
    00:00:00.000 422 POST /api/organizations/acme/groups (groups.create, 0.000 ms) The name field is required; the body was not read, as at Tallyfy: send `Content-Type: application/json`
    00:00:00.000 422 POST /api/organizations/acme/groups (groups.create, 0.000 ms) The description field is required; 1 field of the body was not read; those that are read: `name`, `description`, `members`, `guests`
    00:00:00.000 201 POST /api/organizations/acme/groups (groups.create, 0.000 ms) 2 fields of the body were not read; those that are read: `name`, `description`, `members`, `guests`
    00:00:00.000 503 GET /api/organizations/acme/groups (groups.list, 0.000 ms) asked for by the request itself: `Prefer`, `__code` or `x-mock-response-code`
    00:00:00.000 200 GET /api/organizations/acme/groups (groups.list, 0.000 ms) the steering code was ignored: expected a status from 400 to 599
    00:00:00.000 200 GET /api/organizations/acme/groups (groups.list, 0.000 ms) the steering delay was ignored: expected milliseconds, 3600000 at most
    00:00:00.000 --- GET /api/organizations/acme/groups (groups.list, 0.000 ms) struck by the rule `reset`
    ");
    assert!(!stderr.contains("secret-token"), "{stderr}");
}

#[test]
fn a_requests_own_token_is_in_no_line_of_the_log_wherever_it_stands() {
    let token = "the-admin's-own-token";
    for form in ["text", "json"] {
        let server = Server::start(command(&["--port", "0", "--log-format", form]));
        let ask = |line: &str, headers: &str| {
            let head = format!(
                "{line} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\nX-Tallyfy-Client: x\r\n{headers}Connection: close\r\n\r\n"
            );
            let mut stream = connect(&server);
            stream.write_all(head.as_bytes()).unwrap();
            stream.read_to_string(&mut String::new()).unwrap();
        };
        let encoded = token.bytes().map(|byte| format!("%{byte:02x}"));
        let encoded = encoded.collect::<Vec<_>>().concat();
        for line in [
            format!("GET /api/organizations/{token}/groups"),
            format!("GET /api/organizations/acme/groups/{token}"),
            format!("GET /api/organizations/acme/groups/{encoded}"),
            format!("GET /{token}"),
            format!("GET /api/organizations/acme/users?token={token}"),
            format!("PATCH /api/organizations/acme/groups/{token}"),
            "GET /api/organizations/acme/groups/api_key=something-secret".into(),
            format!("GET /api/organizations/acme/groups?__code={token}"),
        ] {
            ask(&line, "");
        }
        ask(
            "GET /",
            &format!("Prefer: code={token}\r\nx-mock-response-code: {token}\r\n"),
        );
        let (_, _, stderr) = server.stop("TERM");
        let is_line = |line: &&str| line.contains(" ms)") || line.contains("\"method\":");
        assert_eq!(stderr.lines().filter(is_line).count(), 9, "{stderr}");
        for secret in [&token[..12], &encoded[..20], "something-secret"] {
            assert!(!stderr.contains(secret), "{secret}: {stderr}");
        }
    }
}

#[test]
fn no_character_that_cannot_be_seen_gets_into_the_log() {
    for form in ["text", "json"] {
        let server = Server::start(command(&["--port", "0", "--log-format", form]));
        let mut stream = connect(&server);
        let path = "/\u{9b}2J\u{85}\u{202e}\u{2066}\u{200f}";
        let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_to_string(&mut String::new()).unwrap();
        // The same characters, percent-encoded.
        server.get("/api?__code=%C2%9B2J%E2%80%AE");
        let (_, _, stderr) = server.stop("TERM");
        let raw =
            |c: char| ('\u{7f}'..'\u{a0}').contains(&c) || ('\u{200b}'..'\u{2070}').contains(&c);
        assert!(!stderr.contains(raw), "{stderr:?}");
        for line in stderr.lines().filter(|_| form == "json") {
            serde_json::from_str::<Value>(line).expect("each line is JSON");
        }
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
fn the_log_may_be_json_or_nothing() {
    let server = Server::start(command(&["--port", "0", "--log-format", "json"]));
    server.get("/api/organizations/northwind/groups");
    let (_, _, stderr) = server.stop("TERM");
    let lines: Vec<Value> = stderr
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(
        (&lines[1]["route"], &lines[1]["status"]),
        (&"groups.list".into(), &200.into())
    );

    let server = Server::start(command(&["--port", "0", "--log-level", "off"]));
    server.get("/api/organizations/northwind/groups");
    assert_eq!(server.stop("INT"), (Some(0), String::new(), String::new()));
}

#[test]
fn the_header_of_a_refusal_says_what_the_log_says() {
    let server = Server::start(command(&["--port", "0", "--log-format", "json"]));
    let rule =
        r#"{"match":{"operation":"groups.delete"},"steps":[{"times":"always","status":503}]}"#;
    let client = reqwest::blocking::Client::new();
    let url = |path: &str| format!("{}{path}", server.url);
    let json = ("content-type", "application/json");
    let put = client
        .put(url("/_mock/faults/flaky"))
        .header(json.0, json.1);
    assert_eq!(put.body(rule).send().unwrap().status(), 200);
    let groups = "/api/organizations/northwind/groups";
    let asked = |method: reqwest::Method, path: &str| {
        let asked = client.request(method, url(path));
        asked
            .bearer_auth("secret-token")
            .header("X-Tallyfy-Client", "x")
    };
    let create = || asked(reqwest::Method::POST, groups).header(json.0, json.1);
    let answers = [
        client.get(url(groups)).send(),
        asked(reqwest::Method::GET, &format!("{groups}/nothing")).send(),
        asked(reqwest::Method::GET, "/api/organizations/northwind/tasks").send(),
        asked(reqwest::Method::PATCH, groups).send(),
        asked(reqwest::Method::DELETE, &format!("{groups}/1")).send(),
        create().header("content-encoding", "gzip").body("x").send(),
        create().body("{}").send(),
        asked(reqwest::Method::GET, groups).send(),
    ];
    let reasons = answers.map(|answer| {
        let answer = answer.unwrap();
        let reason = answer.headers().get("x-tallyfy-mock-reason");
        reason.map(|reason| reason.to_str().unwrap().to_owned())
    });
    let (_, _, stderr) = server.stop("TERM");
    let lines = stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let remarks = lines.filter(|line| line["route"].is_string());
    let remarks: Vec<_> = remarks
        .map(|line| line["remark"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(remarks, reasons);
    assert_eq!(remarks.iter().filter(|remark| remark.is_none()).count(), 1);
    assert!(!stderr.contains("secret-token"), "{stderr}");
}

#[test]
fn flags_and_variables_turn_reasons_off_and_trust_a_proxy() {
    let bare = |server: &Server| {
        let refused = reqwest::blocking::get(format!("{}/api/me", server.url)).unwrap();
        assert_eq!(refused.status(), 401);
        !refused.headers().contains_key("x-tallyfy-mock-reason")
    };
    let link = |server: &Server| {
        let client = reqwest::blocking::Client::new();
        let list = client.get(format!("{}/api/organizations/northwind/groups", server.url));
        let list = list.bearer_auth("t").header("X-Tallyfy-Client", "x");
        let list = list.header("X-Forwarded-Proto", "https");
        let list: Value = list.send().unwrap().json().unwrap();
        let next = list["meta"]["pagination"]["links"]["next"].as_str();
        next.unwrap().split(':').next().unwrap().to_owned()
    };
    let plain = Server::start(command(&["--port", "0"]));
    assert_eq!((bare(&plain), &*link(&plain)), (false, "http"));
    let flags = Server::start(command(&["--port", "0", "--no-reasons", "--trust-proxy"]));
    let mut variables = command(&["--port", "0"]);
    variables
        .env("TALLYFY_MOCK_NO_REASONS", "true")
        .env("TALLYFY_MOCK_TRUST_PROXY", "1");
    for server in [flags, Server::start(variables)] {
        assert_eq!((bare(&server), &*link(&server)), (true, "https"));
    }
}

#[test]
fn a_signal_lets_a_request_under_way_finish_and_a_second_one_does_not() {
    let half = "POST /api/organizations/acme/groups HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\nContent-Type: application/json\r\nContent-Length: 30\r\nExpect: 100-continue\r\n\r\n";
    let under_way = |server: &Server| {
        let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        let mut asked = [0; 25];
        // The server asks for the body, so the request is under way.
        stream.read_exact(&mut asked).unwrap();
        stream
    };
    let gone = |server: &Server| {
        let address = server.url.strip_prefix("http://").unwrap().parse().unwrap();
        // A connection that arrives while the listener closes gets no answer, and the system would retry it for longer than the server
        // drains. So it is given up and made anew.
        let refused = || {
            let tried = TcpStream::connect_timeout(&address, Duration::from_millis(100));
            tried.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
        };
        while !refused() {}
    };

    let server = Server::start(command(&["--port", "0"]));
    let mut stream = under_way(&server);
    server.signal("TERM");
    gone(&server);
    stream
        .write_all(br#"{"name":"A","description":"d"}"#)
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.end().0, Some(0));

    let server = Server::start(command(&["--port", "0"]));
    let _stream = under_way(&server);
    server.signal("INT");
    gone(&server);
    assert_eq!(server.stop("INT").0, Some(1));
}

#[test]
fn a_signal_ends_at_once_what_is_no_request_under_way() {
    let server = Server::start(command(&["--port", "0", "--max-connections", "12"]));
    let begun = |bytes: &str| {
        let mut stream = connect(&server);
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    };
    let is_answered = |stream: &mut TcpStream| {
        let mut first = [0; 15];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
    };
    let mut idle = begun("GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut stream = begun("GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut second_head =
        begun("GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /_mock/he");
    let silent = begun("");
    let half = begun("GET /api/organizations/acme/groups HTTP/1.1\r\nHost: h\r\nX-Slow: ");
    let first_line = begun("GET /api");
    for answered in [&mut idle, &mut stream, &mut second_head] {
        is_answered(answered);
    }
    let mut others = [idle, stream, second_head, silent, half, first_line];
    let stopped = Instant::now();
    server.signal("TERM");
    for (at, connection) in others.iter_mut().enumerate() {
        let mut rest = String::new();
        // A socket that is closed with unread bytes is reset.
        let _ = connection.read_to_string(&mut rest);
        if at == 1 {
            assert!(rest.ends_with("0\r\n\r\n"), "the stream has an end: {rest}");
        }
    }
    let (code, _, stderr) = server.end();
    assert_eq!(code, Some(0));
    assert!(!stderr.contains("cut off"), "{stderr}");
    assert!(
        stopped.elapsed() < Duration::from_secs(3),
        "{:?}",
        stopped.elapsed()
    );
}

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
fn connect(server: &Server) -> TcpStream {
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
fn a_log_that_nobody_reads_holds_nobody_up() {
    // The pipe is closed, so that no line can be written.
    let mut server = Server::start(command(&["--port", "0"]));
    drop(std::mem::replace(
        &mut server.stderr,
        BufReader::new(
            Command::new("true")
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
                .stderr
                .unwrap(),
        ),
    ));
    for _ in 0..3 {
        assert_eq!(server.get("/organizations/northwind/groups").status(), 200);
    }
    assert_eq!(server.stop("TERM").0, Some(0));

    // The pipe is open, but full.
    let server = Server::start(command(&["--port", "0"]));
    let client = reqwest::blocking::Client::new();
    let url = format!(
        "{}/organizations/northwind/groups/{}",
        server.url,
        "x".repeat(200)
    );
    for _ in 0..600 {
        let answer = client
            .get(&url)
            .bearer_auth("t")
            .header("X-Tallyfy-Client", "x")
            .send()
            .unwrap();
        assert_eq!(answer.status(), 404);
    }
    server.signal("TERM");
    let mut server = server;
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_stderr_that_is_full_from_the_start_does_not_keep_it_from_ending() {
    for arguments in [
        &["--port", "0"][..],
        &["--port", "0", "--log-format", "json"],
    ] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let stderr = writer.try_clone().unwrap();
        // Fills the pipe (pipe(7)), which nobody reads.
        writer.write_all("x".repeat(65_536).as_bytes()).unwrap();
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut ready).unwrap();
        assert!(ready.starts_with("tallyfy-mock is ready on "), "{ready}");
        let killed = Command::new("kill").arg(child.id().to_string()).status();
        assert!(killed.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
        drop(reader);
    }
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
