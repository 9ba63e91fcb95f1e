//! Variables, which belong to the platform: empty or foreign ones never stop a start. And where the mock listens.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv6Addr, TcpListener, TcpStream},
    process::{Command, Output},
    thread,
};

use serde_json::Value;
use tallyfy_mock::TallyfyMock;

use crate::binary::{Server, command, output, stderr};

fn with(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = command(arguments);
    command.envs(variables.iter().copied());
    command
}

/// Every variable that `--help` names, and `PORT`.
fn variables() -> Vec<String> {
    let help = String::from_utf8(output(&["--help"]).stdout).unwrap();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = help.split("[env: ").skip(1);
    let mut names: Vec<String> = parts
        .map(|rest| rest.split(['=', ']']).next().unwrap().to_owned())
        .collect();
    assert!(names.len() > 20, "{names:?}");
    names.push("PORT".into());
    names
}

#[test]
fn an_empty_variable_is_unset_whichever_it_is() {
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo.json");
    let running = Server::start(command(&["--port", "0"]));
    for name in &variables() {
        for empty in ["", " ", "\r"] {
            let set = |arguments: &[&str]| with(arguments, &[(name, empty)]);
            // An unset variable does not influence the port.
            let port = ["TALLYFY_MOCK_PORT", "PORT"]
                .into_iter()
                .find(|port| port != name);
            let mut serve = set(&["--log-level", "info"]);
            serve.env(port.unwrap(), "0");
            let (code, _, said) = Server::start(serve).stop("TERM");
            assert_eq!(code, Some(0), "{name}={empty:?}");
            assert!(
                said.contains("from the built-in demo"),
                "{name}={empty:?}: {said}"
            );
            assert!(!said.contains("WARN"), "{name}={empty:?}: {said}");
            for asked in ["healthcheck", "env"] {
                let answer = set(&[asked, "--port", running.port()]).output().unwrap();
                assert!(
                    answer.status.success(),
                    "{asked}, {name}={empty:?}: {}",
                    stderr(&answer)
                );
                assert!(answer.stderr.is_empty(), "{asked}, {name}={empty:?}");
            }
            let valid = set(&["validate", fixture]).output().unwrap();
            assert!(
                valid.status.success(),
                "{name}={empty:?}: {}",
                stderr(&valid)
            );
        }
    }
    // All of them empty at once, as a compose file leaves them.
    let mut serve = command(&["--port", "0"]);
    serve.envs(variables().iter().map(|name| (name, "")));
    assert_eq!(Server::start(serve).stop("TERM").0, Some(0));
    // Without a port, the default one is taken.
    let asked = with(
        &["healthcheck", "--timeout", "1ms"],
        &[("PORT", ""), ("TALLYFY_MOCK_PORT", "")],
    );
    let asked = { asked }.output().unwrap();
    assert!(asked.status.success() || stderr(&asked).contains("127.0.0.1:8255"));
}

#[test]
fn a_variable_of_the_runtimes_changes_nothing() {
    for value in ["", "0", "many", "64"] {
        let server = with(&["--port", "0"], &[("TOKIO_WORKER_THREADS", value)]);
        assert_eq!(Server::start(server).stop("TERM").0, Some(0), "{value}");
    }
}

#[test]
fn switches_take_what_people_write_and_choices_any_case() {
    let written = |words: [&str; 4]| {
        let cases = words.map(|word| {
            [
                word.to_owned(),
                word.to_uppercase(),
                word[..1].to_uppercase() + &word[1..],
            ]
        });
        cases.into_iter().flatten()
    };
    let status = |word: &str| {
        let server = Server::start(with(
            &["--port", "0"],
            &[("TALLYFY_MOCK_NO_STEERING", word)],
        ));
        server
            .get("/organizations/northwind/groups?__code=503")
            .status()
            .as_u16()
    };
    for word in written(["1", "true", "yes", "on"]) {
        assert_eq!(status(&word), 200, "{word}");
        let refused = with(&["--port", "0"], &[("TALLYFY_MOCK_STRICT", &word)])
            .output()
            .unwrap();
        let said = stderr(&refused);
        assert_eq!(
            said, "error: `TALLYFY_MOCK_STRICT` needs a fixture that declares tokens\n",
            "{word}"
        );
    }
    for word in written(["0", "false", "no", "off"]) {
        assert_eq!(status(&word), 503, "{word}");
    }

    for (level, format) in [("INFO", "JSON"), ("Info", "Json"), ("info", "json")] {
        for as_flags in [true, false] {
            let server = if as_flags {
                command(&["--port", "0", "--log-level", level, "--log-format", format])
            } else {
                with(
                    &["--port", "0"],
                    &[
                        ("TALLYFY_MOCK_LOG_LEVEL", level),
                        ("TALLYFY_MOCK_LOG_FORMAT", format),
                    ],
                )
            };
            let (_, _, said) = Server::start(server).stop("TERM");
            let first: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
            assert_eq!(first["level"], "INFO");
        }
    }
    let server = Server::start(with(
        &["--port", "0"],
        &[(
            "TALLYFY_MOCK_SET",
            "DELETE_REPLY=Deleted_Group,Create_Status=200",
        )],
    ));
    let env = output(&["env", "--shell", "JSON", "--port", server.port()]);
    assert!(serde_json::from_slice::<Value>(&env.stdout).is_ok());
}

#[test]
fn a_bad_variable_is_named_in_one_line_with_what_is_accepted() {
    for (name, value, accepted) in [
        ("PORT", "http", "a number from 0 to 65535"),
        ("TALLYFY_MOCK_PORT", "70000", "a number from 0 to 65535"),
        (
            "TALLYFY_MOCK_PORT",
            "10.0.0.1:8255",
            "a number from 0 to 65535",
        ),
        (
            "TALLYFY_MOCK_WATCH",
            "perhaps",
            "`1`, `0`, `true`, `false`, `yes`, `no`, `on`, `off`",
        ),
        (
            "TALLYFY_MOCK_STRICT",
            "2",
            "`1`, `0`, `true`, `false`, `yes`, `no`, `on`, `off`",
        ),
        (
            "TALLYFY_MOCK_NO_STEERING",
            "nope",
            "`1`, `0`, `true`, `false`, `yes`, `no`, `on`, `off`",
        ),
        ("TALLYFY_MOCK_EDITION", "1999", "`2026-03`, `2025-08`"),
        (
            "TALLYFY_MOCK_SET",
            "create_status=200,upsert=1",
            "`create_status`, `update_status`",
        ),
        ("TALLYFY_MOCK_SEED", "-1", "a whole number"),
        ("TALLYFY_MOCK_CLOCK", "noon", "`2026-01-01T00:00:00Z`"),
        ("TALLYFY_MOCK_JOURNAL_ENTRIES", "few", "a whole number"),
        ("TALLYFY_MOCK_RATE_LIMIT", "600", "`600/60s`"),
        (
            "TALLYFY_MOCK_MAX_CONNECTIONS",
            "0",
            "a whole number of at least 1",
        ),
        ("TALLYFY_MOCK_MAX_BODY", "much", "`500kB` or `1MiB`"),
        (
            "TALLYFY_MOCK_MAX_CONTROL_BODY",
            "1\nline",
            "`500kB` or `1MiB`",
        ),
        ("TALLYFY_MOCK_MAX_ORGANIZATIONS", "1e3", "a whole number"),
        (
            "TALLYFY_MOCK_HEADER_TIMEOUT",
            "soon",
            "`500ms`, `30s` or `2m`",
        ),
        ("TALLYFY_MOCK_BODY_TIMEOUT", "0s", "`500ms`, `30s` or `2m`"),
        (
            "TALLYFY_MOCK_WORKERS",
            "many",
            "a whole number of at least 1",
        ),
        ("TALLYFY_MOCK_LOG_FORMAT", "xml", "`text`, `json`"),
        (
            "TALLYFY_MOCK_LOG_LEVEL",
            "loud",
            "`off`, `error`, `warn`, `info`, `debug`",
        ),
    ] {
        let refused = with(&[], &[(name, value)]).output().unwrap();
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(2), "{name}: {said}");
        let start = format!(
            "error: invalid value '{}' for the variable {name}: ",
            value.replace('\n', " ")
        );
        assert!(said.starts_with(&start), "{name}: {said}");
        assert!(said.contains(accepted), "{name}: `{accepted}` in {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        // The flag wins, and other commands have no such flag.
        assert_eq!(
            with(&["--help"], &[(name, value)])
                .output()
                .unwrap()
                .status
                .code(),
            Some(0)
        );
    }
}

#[test]
fn a_variable_with_what_cannot_be_had_is_named_too() {
    for (name, value, said) in [
        (
            "TALLYFY_MOCK_FIXTURES",
            "/nowhere.json",
            "TALLYFY_MOCK_FIXTURES: /nowhere.json: cannot be read",
        ),
        (
            "TALLYFY_MOCK_HOST",
            "no.such.host.invalid",
            "another with `TALLYFY_MOCK_HOST` and `--port`",
        ),
        (
            "TALLYFY_MOCK_MAX_ORGANIZATIONS",
            "1",
            "but `TALLYFY_MOCK_MAX_ORGANIZATIONS` is 1",
        ),
    ] {
        let refused = with(&["--port", "0"], &[(name, value)]).output().unwrap();
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(
            stderr(&refused).contains(said),
            "{name}: {}",
            stderr(&refused)
        );
    }
    let secret = with(
        &["healthcheck"],
        &[("TALLYFY_MOCK_CONTROL_TOKEN", "secret")],
    )
    .output()
    .unwrap();
    assert!(!stderr(&secret).contains("secret"));
}

#[test]
fn what_is_plainly_another_programs_is_left_alone_with_one_warning() {
    let running = Server::start(command(&["--port", "0"]));
    let kubernetes = [
        ("TALLYFY_MOCK_SERVICE_HOST", "10.0.0.1"),
        ("TALLYFY_MOCK_SERVICE_PORT", "8255"),
        ("TALLYFY_MOCK_SERVICE_PORT_HTTP", "8255"),
        ("TALLYFY_MOCK_PORT", "tcp://10.0.0.1:8255"),
        ("TALLYFY_MOCK_PORT_8255_TCP", "tcp://10.0.0.1:8255"),
        ("TALLYFY_MOCK_PORT_8255_TCP_PROTO", "tcp"),
        ("TALLYFY_MOCK_PORT_8255_TCP_PORT", "8255"),
        ("TALLYFY_MOCK_PORT_8255_TCP_ADDR", "10.0.0.1"),
        ("TALLYFY_MOCK_NAME", "/web/tallyfy-mock"),
    ];
    let warnings = |said: &str, of: &str| {
        let lines = said
            .lines()
            .filter(|line| line.contains(&format!("the variable {of} is left alone")));
        lines.count()
    };
    // The next source of the port is taken in its place.
    let mut serve = with(&[], &kubernetes);
    serve.env("PORT", "0");
    let (code, _, said) = Server::start(serve).stop("TERM");
    assert_eq!(
        (code, warnings(&said, "TALLYFY_MOCK_PORT")),
        (Some(0), 1),
        "{said}"
    );
    for asked in ["healthcheck", "env"] {
        let answer = with(&[asked], &kubernetes)
            .env("PORT", running.port())
            .output()
            .unwrap();
        assert!(answer.status.success(), "{asked}: {}", stderr(&answer));
        assert_eq!(
            warnings(&stderr(&answer), "TALLYFY_MOCK_PORT"),
            1,
            "{asked}"
        );
    }
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo.json");
    assert!(
        with(&["validate", fixture], &kubernetes)
            .output()
            .unwrap()
            .status
            .success()
    );
    // A flag wins, so that the variable is not even warned about.
    let (_, _, said) = Server::start(with(&["--port", "0"], &kubernetes)).stop("TERM");
    assert_eq!(warnings(&said, "TALLYFY_MOCK_PORT"), 0);
    // The warning obeys the log's level and format.
    let quiet = with(
        &["--log-level", "off"],
        &[("TALLYFY_MOCK_PORT", "tcp://[fd00::1]:1"), ("PORT", "0")],
    );
    assert_eq!(Server::start(quiet).stop("TERM").2, "");
    let json = with(
        &["--log-format", "json"],
        &[("PORT", "0"), ("TALLYFY_MOCK_PORT", "UDP://10.0.0.1:1")],
    );
    let (_, _, said) = Server::start(json).stop("TERM");
    for line in said.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    assert_eq!(warnings(&said, "TALLYFY_MOCK_PORT"), 1);

    for (name, value) in [
        ("PORT", "tcp://10.0.0.1:80"),
        ("TALLYFY_MOCK_SEED", "tcp://10.0.0.1:80"),
        ("TALLYFY_MOCK_WORKERS", "http://workers"),
        ("TALLYFY_MOCK_MAX_BODY", "tcp://10.0.0.1:80"),
        ("TALLYFY_MOCK_HEADER_TIMEOUT", "tcp://10.0.0.1:80"),
        ("TALLYFY_MOCK_RATE_LIMIT", "redis://limits"),
    ] {
        let mut serve = with(&[], &[(name, value)]);
        if name == "PORT" {
            // Nothing sets a port any more, and another process may use the default one.
            serve = with(&["healthcheck", "--timeout", "1ms"], &[(name, value)]);
            let answer = serve.output().unwrap();
            assert!(answer.status.code() != Some(2));
            assert_eq!(warnings(&stderr(&answer), name), 1);
            continue;
        }
        serve.env("PORT", "0");
        let (code, _, said) = Server::start(serve).stop("TERM");
        assert_eq!(
            (code, warnings(&said, name)),
            (Some(0), 1),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_path_with_a_comma_is_one_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, org) in [("a,b.json", "ab"), ("a", "aa"), ("b.json", "bb")] {
        let fixture = format!(r#"{{"version":1,"organizations":[{{"id":"{org}"}}]}}"#);
        fs::write(path(name), fixture).unwrap();
    }
    let orgs = |server: &Server| {
        let state: Value = server.get("/_mock/state").json().unwrap();
        let orgs = state["organizations"].as_array().unwrap().iter();
        orgs.map(|org| org["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let comma = path("a,b.json");
    let server = Server::start(command(&["--port", "0", "--fixtures", &comma]));
    assert_eq!(orgs(&server), ["ab"]);
    let two = Server::start(command(&[
        "--port",
        "0",
        "--fixtures",
        &path("a"),
        "--fixtures",
        &path("b.json"),
    ]));
    assert_eq!(orgs(&two), ["aa", "bb"]);
    let listed = |list: &str| {
        let server = Server::start(with(&["--port", "0"], &[("TALLYFY_MOCK_FIXTURES", list)]));
        orgs(&server)
    };
    assert_eq!(listed(&comma.replace(',', r"\,")), ["ab"]);
    assert_eq!(
        listed(&format!("{},{}", path("a"), path("b.json"))),
        ["aa", "bb"]
    );
    assert_eq!(
        listed(&format!("{},{},", path("a"), comma.replace(',', r"\,"))),
        ["aa", "ab"]
    );
    // The other repeatable flags are split, as they were.
    let server = Server::start(command(&[
        "--port",
        "0",
        "--set",
        "time_format=millis,create_status=200",
    ]));
    let group: Value = server.get("/organizations/globex/groups").json().unwrap();
    assert!(group["data"][0]["created_at"].to_string().contains(".000Z"));
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Whether that port is free on `::1`.
fn is_free_at_v6(port: &str) -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, port.parse().unwrap())).is_ok()
}

fn answers_at(authority: &str) -> bool {
    reqwest::blocking::get(format!("http://{authority}/_mock/ready"))
        .is_ok_and(|answer| answer.status() == 200)
}

/// Another test's server may have the same port at the other address: then other ports are tried.
#[test]
fn localhost_is_both_loopbacks_and_an_address_is_itself() {
    if !has_ipv6() {
        return;
    }
    let tried = || std::panic::catch_unwind(look_at_the_loopbacks).is_ok();
    if !tried() && !tried() {
        look_at_the_loopbacks();
    }
}

fn look_at_the_loopbacks() {
    for arguments in [&[][..], &["--host", "localhost"], &["--host", "LocalHost"]] {
        let server = Server::start(command(&[&["--port", "0"], arguments].concat()));
        let port = server.port();
        assert_eq!(server.url, format!("http://127.0.0.1:{port}"));
        for authority in ["127.0.0.1", "[::1]", "localhost"] {
            assert!(
                answers_at(&format!("{authority}:{port}")),
                "{authority} with {arguments:?}"
            );
        }
        let (_, _, said) = server.stop("TERM");
        assert!(!said.contains("WARN"), "{said}");
    }
    let server = Server::start(command(&["--port", "0", "--host", "127.0.0.1"]));
    assert!(is_free_at_v6(server.port()));
    let library = TallyfyMock::start();
    assert!(is_free_at_v6(library.uri().rsplit(':').next().unwrap()));

    for host in ["::1", "[::1]"] {
        for server in [
            command(&["--port", "0", "--host", host]),
            with(&["--port", "0"], &[("TALLYFY_MOCK_HOST", host)]),
        ] {
            let server = Server::start(server);
            let port = server.port();
            assert_eq!(server.url, format!("http://[::1]:{port}"));
            assert!(answers_at(&format!("[::1]:{port}")));
            assert!(!answers_at(&format!("127.0.0.1:{port}")));
            let check = output(&["healthcheck", "--host", host, "--port", port]);
            assert!(check.status.success(), "{}", stderr(&check));
            // A client that dials `localhost` finds it too.
            let check = output(&["healthcheck", "--port", port]);
            assert!(check.status.success(), "{}", stderr(&check));
            let env = output(&["env", "--shell", "dotenv", "--port", port]);
            let base = format!("TALLYFY_BASE_URL=\"http://[::1]:{port}\"");
            let env = String::from_utf8(env.stdout).unwrap();
            assert!(
                env.replace('"', "").contains(&base.replace('"', "")),
                "{env}"
            );
        }
    }
    let down = output(&["healthcheck", "--host", "[::1]", "--port", "1"]);
    assert!(
        stderr(&down).starts_with("error: no mock is ready on [::1]:1: "),
        "{}",
        stderr(&down)
    );
    let taken = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = output(&["--host", "::1", "--port", &port]);
    let said = format!("error: cannot listen on [::1]:{port}: Address already in use");
    assert!(stderr(&refused).starts_with(&said), "{}", stderr(&refused));
}

#[test]
fn a_listener_on_every_address_names_one_that_can_be_dialled() {
    for (host, named) in [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("[::]", "[::1]")] {
        if host != "0.0.0.0" && !has_ipv6() {
            continue;
        }
        let server = Server::start(command(&["--port", "0", "--host", host]));
        assert_eq!(server.url, format!("http://{named}:{}", server.port()));
        assert_eq!(server.get("/_mock/ready").status(), 200);
        // HTTP/1.0 has no Host: then a link names what can be dialled, too.
        let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
        let get = "GET /organizations/northwind/groups?per_page=1 HTTP/1.0\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\n\r\n";
        stream.write_all(get.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.contains(&format!("\"next\":\"{}/", server.url)),
            "{answer}"
        );
    }
}

#[test]
fn a_v6_loopback_that_is_taken_is_one_warning() {
    if !has_ipv6() {
        return;
    }
    // A port that is taken at ::1 and free at 127.0.0.1.
    let (_taken, port) = loop {
        let taken = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            break (taken, port.to_string());
        }
    };
    let server = Server::start(command(&["--port", &port]));
    assert_eq!(server.url, format!("http://127.0.0.1:{port}"));
    let (code, _, said) = server.stop("TERM");
    assert_eq!(code, Some(0));
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(
        warnings[0].contains(&format!(
            "cannot listen on [::1]:{port}, only on 127.0.0.1:{port}"
        )),
        "{said}"
    );
}

/// In a network namespace the range of ephemeral ports can be made small.
#[cfg(target_os = "linux")]
#[test]
fn a_free_port_is_one_that_is_free_at_both_loopbacks() {
    let script = r#"
        range=/proc/sys/net/ipv4/ip_local_port_range
        ip link set lo up && echo '50000 59999' >$range || exit 77
        for port in 40000 40001 40003; do
            "$0" --host ::1 --port $port --log-level off >/dev/null & started="$started $!"
            "$0" healthcheck --host ::1 --port $port --wait >/dev/null || exit 1
        done
        echo '40000 40003' >$range
        mkfifo ready
        "$0" --port 0 --log-level warn >ready & started="$started $!"
        head -n 1 ready
        kill $started
        wait"#;
    let shell = [
        "-rn",
        "sh",
        "-c",
        script,
        env!("CARGO_BIN_EXE_tallyfy-mock"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let ran = Command::new("unshare")
        .args(shell)
        .current_dir(&folder)
        .output();
    let Some(ran) = ran
        .ok()
        .filter(|ran| !stderr(ran).contains("unshare") && ran.status.code() != Some(77))
    else {
        // This machine allows no network namespace.
        return;
    };
    let said = String::from_utf8(ran.stdout.clone()).unwrap();
    assert_eq!(
        said,
        "tallyfy-mock is ready on http://127.0.0.1:40002\n",
        "{}",
        stderr(&ran)
    );
    assert_eq!(stderr(&ran), "");
}

/// A server that gives every request the same answer, as often as it is asked.
fn always(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn a_healthcheck_takes_no_other_server_for_the_mock() {
    let check = |port: u16, extra: &[&str]| -> Output {
        output(&[&["healthcheck", "--port", &port.to_string()], extra].concat())
    };
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nContent-Type: text/html\r\n\r\n<h1>Hello!</h1>",
        "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n{\"status\":\"ready\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}",
        "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n[\"tallyfy-mock\",1]\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 23\r\n\r\n{\"name\":\"tallyfy-mock\"}",
        "SSH-2.0-OpenSSH_9.2p1\r\n",
    ] {
        let port = always(answer);
        for checked in [
            check(port, &[]),
            output(&["env", "--port", &port.to_string()]),
        ] {
            let said = stderr(&checked);
            assert_eq!(checked.status.code(), Some(1), "{answer}: {said}");
            assert!(
                said.contains(&format!("127.0.0.1:{port}")),
                "{answer}: {said}"
            );
            assert!(
                said.contains("another server is there: "),
                "{answer}: {said}"
            );
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(checked.stdout.is_empty());
        }
    }
    // A `--wait` that fails says in the end who answered.
    let other = always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let waited = check(other, &["--wait", "--timeout", "2s"]);
    let said = stderr(&waited);
    assert!(said.contains("another server is there: "), "{said}");
    // One that never answers, and one that hangs up.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    assert_eq!(check(port, &["--timeout", "50ms"]).status.code(), Some(1));
    assert_eq!(check(always(""), &[]).status.code(), Some(1));
    // The mock is recognised whatever guards it.
    let guarded = Server::start(command(&["--port", "0", "--control-token", "t"]));
    assert_eq!(
        check(guarded.port().parse().unwrap(), &[]).status.code(),
        Some(0)
    );
    drop(guarded);
}
