//! The log as a process writes it: one line a request, no secret, nobody held up.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::binary::{Server, command, connect};

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
