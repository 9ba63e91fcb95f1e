//! `tallyfy-mock exec`: a command that finds the mock, what it is given, how it ends, and what is said at the end.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

use crate::binary::{Server, command, fed, stderr};

/// A request of the shell's, to the mock that it was given.
const LIST: &str = r#"curl -sS -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $TALLYFY_API_TOKEN" -H 'X-Tallyfy-Client: x' "$TALLYFY_BASE_URL/api/organizations/$TALLYFY_ORG_ID/groups""#;

fn exec(flags: &[&str], script: &str) -> Command {
    command(&[&["exec"], flags, &["--", "sh", "-c", script]].concat())
}

fn done(flags: &[&str], script: &str) -> (Option<i32>, String, String) {
    ended(exec(flags, script).output().unwrap())
}

fn ended(output: Output) -> (Option<i32>, String, String) {
    let said = stderr(&output);
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        said,
    )
}

#[test]
fn a_command_finds_the_mock_and_its_output_is_its_own() {
    let (code, stdout, stderr) = done(&[], LIST);
    assert_eq!((code, stdout.as_str()), (Some(0), "200\n"), "{stderr}");
    assert_eq!(
        stderr,
        "tallyfy-mock: 1 request, 0 refused, 0 for no route, 0 for other hosts, 0 fields not read, 0 of 0 rules not used up\n"
    );
}

#[test]
fn it_takes_a_free_port_whatever_the_variables_say() {
    let script = r#"echo "$TALLYFY_MOCK_URL $TALLYFY_MOCK_HOST $TALLYFY_MOCK_PORT""#;
    let output = exec(&[], script)
        .env("PORT", "1")
        .env("TALLYFY_MOCK_PORT", "not a port")
        .output()
        .unwrap();
    let (code, stdout, stderr) = ended(output);
    assert_eq!(code, Some(0), "{stderr}");
    let (url, rest) = stdout.trim().split_once(' ').unwrap();
    let (host, port) = rest.split_once(' ').unwrap();
    assert_eq!(url, format!("http://{host}:{port}"));
    assert!(port.parse::<u16>().unwrap() > 1024);
}

#[test]
fn the_flags_are_those_of_serve() {
    let script = r#"curl -sS "$TALLYFY_MOCK_URL/_mock/health"; "$0" env >/dev/null"#;
    let output = command(&[
        "exec",
        "--edition",
        "2025-08",
        "--control-token",
        "t0p",
        "--",
        "sh",
        "-c",
        script,
        env!("CARGO_BIN_EXE_tallyfy-mock"),
    ])
    .output()
    .unwrap();
    let (code, stdout, stderr) = ended(output);
    assert_eq!(
        code,
        Some(0),
        "`env` finds the mock and knows the control token: {stderr}"
    );
    assert!(stdout.contains("2025-08"), "{stdout}");
}

#[test]
fn stdin_and_exit_codes_pass_through() {
    let output = fed(exec(&[], "cat; exit 7"), b"from the caller");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"from the caller");
    for (script, code) in [
        ("exit 0", 0),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ] {
        assert_eq!(done(&[], script).0, Some(code), "{script}");
    }
}

#[test]
fn what_cannot_be_run_is_told_as_a_shell_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no-program");
    fs::write(&file, "").unwrap();
    let folder = folder.path().to_str().unwrap();
    for (arguments, code, why) in [
        (&["exec"][..], 2, "COMMAND"),
        (&["exec", "--"], 2, "COMMAND"),
        (&["exec", "true"], 2, "true"),
        (
            &["exec", "--", "no-such-command-anywhere"],
            127,
            "cannot run `no-such-command-anywhere`",
        ),
        (&["exec", "--", file.to_str().unwrap()], 126, "cannot run"),
        (&["exec", "--", folder], 126, "cannot run"),
        (&["exec", "--port", "1", "--", "true"], 2, "--port"),
        (
            &["exec", "--fixtures", "/no/such.json", "--", "echo", "run"],
            1,
            "/no/such.json",
        ),
        (
            &[
                "exec",
                "--report",
                "/no/such/report.json",
                "--",
                "echo",
                "run",
            ],
            1,
            "cannot write `--report`",
        ),
    ] {
        let (ended, stdout, stderr) = ended(command(arguments).output().unwrap());
        assert_eq!(ended, Some(code), "{arguments:?}: {stderr}");
        assert!(stderr.contains(why), "{arguments:?}: {stderr}");
        assert_eq!(stdout, "", "the command is not run");
    }
}

#[test]
fn the_command_never_sees_a_token_of_the_callers() {
    let script = "env | grep -i tallyfy | grep -v TALLYFY_MOCK_URL; true";
    let secrets = [
        "TALLYFY_API_TOKEN",
        "TALLYFY_ACCESS_TOKEN",
        "TALLYFY_API_KEY",
        "MY_TALLYFY_SECRET",
        "tallyfy_password",
    ];
    let mut command = exec(&[], script);
    for name in secrets {
        command.env(name, "the-callers-own");
    }
    command.env("TALLYFY_BASE_URL", "https://go.tallyfy.com");
    let (_, stdout, stderr) = ended(command.output().unwrap());
    assert!(
        !stdout.contains("the-callers-own") && !stdout.contains("go.tallyfy.com"),
        "{stdout}"
    );
    let line = stderr
        .lines()
        .find(|line| line.contains("the mock's values for"))
        .unwrap();
    for name in secrets.into_iter().chain(["TALLYFY_BASE_URL"]) {
        assert!(stdout.contains(&format!("{name}=")), "{name}: {stdout}");
        assert!(line.contains(name), "{line}");
    }
    assert!(!stderr.contains("the-callers-own"), "{stderr}");
}

#[test]
fn the_totals_survive_whatever_the_command_does_to_the_mock() {
    let script = format!(
        r#"
        put() {{ curl -sS -o /dev/null -X PUT -H 'Content-Type: application/json' -d "$2" "$TALLYFY_MOCK_URL/_mock/faults/$1"; }}
        put spent '{{"steps":[{{"times":1,"status":503}}]}}'
        {LIST}
        put endless '{{"steps":[{{"times":"always","status":500}}]}}'
        {LIST}
        put removed '{{"match":{{"operation":"groups.delete"}},"steps":[{{"times":2,"status":503}}]}}'
        put left '{{"match":{{"operation":"groups.delete"}},"steps":[{{"times":1,"status":503}}]}}'
        curl -sS -X DELETE "$TALLYFY_MOCK_URL/_mock/faults/removed"
        curl -sS -X POST "$TALLYFY_MOCK_URL/_mock/reset"
        {LIST}?statu=x
        curl -sS -o /dev/null "$TALLYFY_BASE_URL/api/nothing"
        curl -sS -o /dev/null -x "$TALLYFY_MOCK_URL" http://example.com/
        curl -sS -X DELETE "$TALLYFY_MOCK_URL/_mock/requests"
        "#
    );
    let said = "tallyfy-mock: 4 requests, 1 refused, 1 for no route, 1 for other hosts, 1 field not read, 2 of 4 rules not used up (removed, left)";
    for journal in ["0", "1000"] {
        let (code, stdout, stderr) = done(&["--journal-entries", journal], &script);
        assert_eq!(
            (code, stdout.as_str()),
            (Some(0), "503\n500\n200\n"),
            "{stderr}"
        );
        assert!(stderr.ends_with(&format!("{said}\n")), "{stderr}");
    }
    for (flag, code) in [
        ("--require-faults-spent", 3),
        ("--fail-on-unread", 3),
        ("--fail-on-unmatched", 3),
    ] {
        assert_eq!(done(&[flag], &script).0, Some(code), "{flag}");
        assert_eq!(
            done(&[flag], &format!("{script}\nexit 9")).0,
            Some(9),
            "a failing command wins"
        );
        assert_eq!(done(&[flag], LIST).0, Some(0), "{flag}");
    }
    let elsewhere = r#"curl -sS -o /dev/null -x "$TALLYFY_MOCK_URL" http://example.com/"#;
    assert_eq!(done(&["--fail-on-unmatched"], elsewhere).0, Some(3));
}

#[test]
fn a_report_has_the_totals_and_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let (code, ..) = done(
        &["--report", file.to_str().unwrap()],
        &format!("{LIST}; {LIST}"),
    );
    assert_eq!(code, Some(0));
    let report: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(report["totals"]["requests"], 2);
    assert_eq!(report["requests"].as_array().unwrap().len(), 2);
    assert_eq!(report["requests"][0]["operation"], "groups.list");
    assert_eq!(report["dropped"], 0);
}

#[test]
fn a_run_without_a_request_says_so_and_what_helps() {
    let (code, _, stderr) = done(&["--tls"], "true");
    assert_eq!(code, Some(0));
    assert!(
        stderr
            .contains("nothing reached the mock: a client that honours no proxy needs `--isolate`"),
        "{stderr}"
    );
}

#[test]
fn with_tls_unmodified_code_for_the_real_host_reaches_the_mock() {
    let script = r#"
        curl -sS -o /dev/null -w '%{http_code}\n' -H 'Authorization: Bearer t' -H 'X-Tallyfy-Client: x' https://go.tallyfy.com/api/organizations/northwind/groups
        curl -sS -o /dev/null https://example.com/ || echo "no way out"
        echo "$NO_PROXY"
        ls "$(dirname "$SSL_CERT_FILE")"
    "#;
    let mut command = exec(&["--tls"], script);
    command
        .env("NO_PROXY", "db.internal,.tallyfy.com")
        .env_remove("no_proxy");
    command.env("HTTPS_PROXY", "http://proxy.corp.test:3128");
    let (code, stdout, stderr) = ended(command.output().unwrap());
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        lines[..3],
        ["200", "no way out", "db.internal,localhost,127.0.0.1,::1"],
        "{stderr}"
    );
    assert_eq!(lines[3..], ["bundle.pem", "ca.pem", "php", "trust.jks"]);
    let said = stderr.lines().next().unwrap();
    assert!(said.contains("the mock's values for"), "{stderr}");
    for name in ["HTTPS_PROXY", "NO_PROXY"] {
        assert!(said.contains(name), "{stderr}");
    }
}

#[test]
fn what_clients_need_to_trust_the_mock_goes_with_it() {
    let (_, stdout, _) = done(&["--tls"], r#"dirname "$SSL_CERT_FILE""#);
    assert!(!fs::exists(stdout.trim()).unwrap(), "{stdout}");
}

/// A command under way that has said its first line.
struct UnderWay {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
}

impl UnderWay {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n");
        Self { child, stdout }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// What is left of the output, and how it ends.
    fn end(mut self) -> (String, Option<i32>) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }
}

#[test]
#[cfg(unix)]
fn signals_go_to_the_command_and_the_mock_lives_as_long_as_it_does() {
    for signal in ["TERM", "HUP", "INT"] {
        let script = format!(
            "got() {{ {LIST}; exit 5; }}; trap got {signal}; echo begun; while :; do sleep 0.05; done"
        );
        let under_way = UnderWay::start(exec(&[], &script));
        under_way.signal(signal);
        assert_eq!(under_way.end(), ("200\n".to_owned(), Some(5)), "{signal}");
    }
    let under_way = UnderWay::start(exec(&[], "echo begun; exec sleep 60"));
    under_way.signal("TERM");
    assert_eq!(under_way.end().1, Some(143));
}

#[test]
#[cfg(unix)]
fn a_second_interrupt_ends_both() {
    let script = "trap 'echo again' INT; echo begun; while :; do sleep 0.05; done";
    let mut under_way = UnderWay::start(exec(&[], script));
    under_way.signal("INT");
    assert_eq!(under_way.line(), "again\n");
    under_way.signal("INT");
    assert_eq!(under_way.end().1, Some(130));
}

#[test]
fn a_server_ends_when_its_stdin_does() {
    let mut child = command(&["--port", "0", "--exit-with-stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let url = line
        .trim()
        .strip_prefix("tallyfy-mock is ready on ")
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(b"what is said there is nobody's business\n")
        .unwrap();
    let health = format!("{url}/_mock/health");
    assert_eq!(reqwest::blocking::get(&health).unwrap().status(), 200);
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(reqwest::blocking::get(&health).is_err());
}

#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "whoever runs the tests is to know")]
fn skipped(test: &str, why: &str) {
    eprintln!("skipped {test}: {}", why.trim());
}

/// A command that is run isolated; nothing where this system lets nobody have namespaces, which is said.
#[cfg(target_os = "linux")]
fn isolated(test: &str, script: &str) -> Option<(Option<i32>, String, String)> {
    let tried = done(&["--isolate"], "true");
    if tried.0 == Some(1) && tried.2.contains("have namespaces") {
        skipped(test, &tried.2);
        return None;
    }
    Some(done(&["--isolate"], script))
}

#[test]
#[cfg(target_os = "linux")]
fn isolated_there_is_the_mock_and_nothing_else() {
    let hosts = fs::read_to_string("/etc/hosts").unwrap();
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    let script = format!(
        r#"
        ask() {{ curl -sS -o /dev/null -w '%{{http_code}} %{{remote_ip}}\n' -m 10 -H 'Authorization: Bearer t' -H 'X-Tallyfy-Client: x' "$1/api/organizations/acme/groups"; }}
        ask https://go.tallyfy.com; ask https://api.tallyfy.com; ask http://go.tallyfy.com; ask "$TALLYFY_BASE_URL"
        for elsewhere in https://1.1.1.1/ https://example.com/ http://127.0.0.1:{port}/; do
            curl -sS -m 10 "$elsewhere" 2>/dev/null && echo "reached $elsewhere"
        done
        env | grep -ic '^[a-z]*_proxy=' ; cat; exit 6
        "#
    );
    let Some((code, stdout, stderr)) =
        isolated("isolated_there_is_the_mock_and_nothing_else", &script)
    else {
        return;
    };
    assert_eq!(code, Some(6), "{stderr}");
    let seen = "200 127.0.0.1\n".repeat(4) + "0\n";
    assert_eq!(stdout, seen, "{stderr}");
    assert!(stderr.contains("4 requests, 0 refused"), "{stderr}");
    assert!(!stderr.contains("WARN"), "{stderr}");
    assert_eq!(
        fs::read_to_string("/etc/hosts").unwrap(),
        hosts,
        "the machine's own is as it was"
    );
}

/// `exec --isolate` as another user than root, who keeps the user; or as root without what namespaces need.
#[cfg(target_os = "linux")]
fn as_somebody(privileges: &[&str], script: &str) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("tallyfy-mock");
    fs::copy(env!("CARGO_BIN_EXE_tallyfy-mock"), &binary).unwrap();
    std::os::unix::fs::chown(folder.path(), Some(65534), Some(65534)).ok()?;
    let output = Command::new("setpriv")
        .args(privileges)
        .arg("--")
        .arg(&binary)
        .args(["exec", "--isolate", "--", "sh", "-c", script])
        .current_dir(folder.path())
        .env_remove("PORT")
        .stdin(Stdio::null())
        .output();
    output.ok()
}

#[test]
#[cfg(target_os = "linux")]
fn isolated_a_user_stays_who_it_is_and_cannot_undo_the_isolation() {
    let script = "id -u; id -g; umount /etc/hosts 2>/dev/null; ip link add x type dummy 2>/dev/null; touch mine; stat -c %u mine; kill -TERM $$";
    let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    let Some(output) = as_somebody(&nobody, script) else {
        return skipped(
            "isolated_a_user_stays_who_it_is",
            "only root may become another user",
        );
    };
    let (code, stdout, stderr) = ended(output);
    if stderr.contains("have namespaces") {
        return skipped("isolated_a_user_stays_who_it_is", &stderr);
    }
    assert_eq!(
        (code, stdout.as_str()),
        (Some(143), "65534\n65534\n65534\n"),
        "{stderr}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn where_there_are_no_namespaces_the_command_is_not_run() {
    let powerless = ["--bounding-set=-sys_admin", "--inh-caps=-all"];
    let Some(output) = as_somebody(&powerless, "echo run") else {
        return skipped(
            "where_there_are_no_namespaces",
            "only root may give up rights",
        );
    };
    let (code, stdout, stderr) = ended(output);
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(
        stderr.contains("does not let root have namespaces"),
        "{stderr}"
    );
    assert!(stderr.contains("the command was not run"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn env_prints_what_clients_need_to_trust_a_running_mock() {
    let server = Server::start(command(&["--port", "0", "--tls"]));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("trust");
    let plain = command(&["env", "--port", server.port()]).output().unwrap();
    assert!(
        stderr(&plain).contains("`--trust DIR`"),
        "{}",
        stderr(&plain)
    );
    let trusting = |server: &Server| {
        let dir = dir.to_str().unwrap();
        let command = &mut command(&["env", "--port", server.port(), "--trust", dir]);
        command.output().unwrap()
    };
    let printed = trusting(&server);
    let variables = String::from_utf8(printed.stdout).unwrap();
    let script = format!(
        r#"{variables}
        curl -sS -o /dev/null -w '%{{http_code}}' -H "Authorization: Bearer $TALLYFY_API_TOKEN" -H 'X-Tallyfy-Client: x' "https://go.tallyfy.com/api/organizations/$TALLYFY_ORG_ID/groups""#
    );
    let asked = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&asked.stdout),
        "200",
        "{}",
        stderr(&asked)
    );

    let server = Server::start(command(&["--port", "0"]));
    let none = trusting(&server);
    assert_eq!(none.status.code(), Some(1));
    assert!(
        stderr(&none).contains("it speaks no TLS"),
        "{}",
        stderr(&none)
    );
}
