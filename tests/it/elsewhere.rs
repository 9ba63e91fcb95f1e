//! Requests for other hosts: the mock as somebody's proxy answers in Tallyfy's place, and forwards nothing.

use serde_json::{Value, json};
use tallyfy_mock::TallyfyMock;

use crate::{
    binary::{Server, command},
    support::TestApp,
    wire::{Connection, get, next_is_answered},
};

/// A request whose target is that URL.
fn absolute(url: &str) -> String {
    get("/groups").replacen("/api/organizations/acme/groups", url, 1)
}

fn not_forwarded(uri: &str) -> Value {
    let health = reqwest::blocking::get(format!("{uri}/_mock/health")).unwrap();
    health.json::<Value>().unwrap()["not_forwarded"].clone()
}

#[test]
fn a_whole_url_for_tallyfy_or_for_the_mock_itself_is_answered() {
    let mock = TallyfyMock::start();
    for host in [
        "http://go.tallyfy.com",
        "https://go.tallyfy.com",
        "https://GO.Tallyfy.com:443",
        "http://api.tallyfy.com",
        "https://account.tallyfy.com.",
        "https://staging.go.tallyfy.com",
        "https://user:secret@go.tallyfy.com",
        &mock.uri(),
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:8255",
        "http://[::ffff:127.0.0.1]",
        "http://localhost",
        "http://app.localhost:80",
        "http://tallyfy-mock:8255",
        "http://host.docker.internal:8255",
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send(absolute(&format!(
            "{host}/api/organizations/acme/groups?page=2"
        )));
        let (head, body) = connection.answer();
        assert!(head.starts_with("http/1.1 200 ok"), "{host}: {head}");
        let plain = host.replace("user:secret@", "");
        let link = format!("{plain}/api/organizations/acme/groups?page=1");
        let body: Value = serde_json::from_str(&body).unwrap();
        let previous = &body["meta"]["pagination"]["links"]["previous"];
        assert_eq!(*previous, json!(link));
    }
    assert_eq!(not_forwarded(&mock.uri()), 0);
}

#[test]
fn a_whole_url_for_any_other_host_is_refused_and_counted() {
    let mock = TallyfyMock::start();
    let mut connection = Connection::to(&mock.uri());
    let urls = [
        "http://example.com/",
        "https://example.com/api/organizations/acme/groups",
        "http://tallyfy.com/",
        "http://evil.go.tallyfy.com/",
        "http://go.tallyfy.com.evil.test/",
        "http://go.tallyfy.com@evil.test/",
        "http://93.184.216.34/",
        "http://[2606:2800:220:1::1]/",
        "http://127.0.0.1.evil.test/_mock/health",
        "http://x.host.docker.internal/",
        "ftp://example.com/",
    ];
    for url in urls {
        connection.send(absolute(url));
        let (head, body) = connection.answer();
        assert!(head.starts_with("http/1.1 403 forbidden"), "{url}: {head}");
        assert!(head.contains("application/problem+json"), "{head}");
        assert!(body.contains("it forwards nothing"), "{body}");
    }
    assert_eq!(not_forwarded(&mock.uri()), urls.len());
    // A body that comes with it does not spoil the connection.
    let post = absolute("http://example.com/").replacen("GET", "POST", 1);
    let post = post.replacen("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nabcde", 1);
    connection.send(post);
    assert!(connection.status().contains("403"));
    connection.send(get("/groups"));
    assert_eq!(connection.status(), "http/1.1 200 ok");
}

#[test]
fn connect_is_refused_whatever_it_names() {
    let mock = TallyfyMock::start();
    let long = format!("{}.test:443", "a".repeat(8_000));
    let endless = format!("{}.test:443", "a".repeat(100_000));
    for (target, status, says) in [
        ("go.tallyfy.com:443", "403", "it is started with `--tls`"),
        ("GO.TALLYFY.COM:443", "403", "it is started with `--tls`"),
        ("api.tallyfy.com:443", "403", "it is started with `--tls`"),
        ("go.tallyfy.com:80", "403", "port 443 only"),
        ("go.tallyfy.com:0", "403", "port 443 only"),
        ("go.tallyfy.com", "400", "a host and a port"),
        ("example.com:443", "403", "it forwards nothing"),
        ("93.184.216.34:443", "403", "it forwards nothing"),
        ("[2606:2800:220:1::1]:443", "403", "it forwards nothing"),
        ("localhost:443", "403", "it forwards nothing"),
        ("127.0.0.1:22", "403", "it forwards nothing"),
        ("go.tallyfy.com.evil.test:443", "403", "it forwards nothing"),
        (
            "go.tallyfy.com:443@evil.test:443",
            "403",
            "it forwards nothing",
        ),
        (&long, "403", "it forwards nothing"),
        (&endless, "414", ""),
        ("go.tallyfy.com:65536", "400", ""),
        ("go.tallyfy.com:x", "400", ""),
        (":443", "403", "it forwards nothing"),
        ("/", "404", ""),
        ("*", "404", ""),
        ("https://go.tallyfy.com/", "400", "a host and a port"),
        ("example.com", "403", "it forwards nothing"),
    ] {
        for version in ["1.1", "1.0"] {
            let mut connection = Connection::to(&mock.uri());
            connection.send_what_is_taken(format!(
                "CONNECT {target} HTTP/{version}\r\nHost: {target}\r\n\r\n"
            ));
            let (head, body) = connection.answer();
            let shown = &target[..target.len().min(50)];
            assert!(
                head[8..].starts_with(&format!(" {status} ")),
                "{shown}: {head}"
            );
            assert!(body.contains(says), "{shown}: {body}");
            assert!(body.len() < 1000, "{shown}: {body}");
        }
    }
    next_is_answered(&mock.uri());
}

#[test]
fn the_control_endpoints_go_by_the_host_of_a_whole_url() {
    let app = TestApp::empty();
    for (url, status) in [
        ("http://go.tallyfy.com/_mock/state", 403),
        ("https://api.tallyfy.com/_mock/state", 403),
        ("http://localhost:8255/_mock/state", 200),
        ("http://127.0.0.1/_mock/state", 200),
    ] {
        assert_eq!(app.look(url).status, status, "{url}");
    }
}

#[test]
fn a_refusal_is_one_line_in_the_log_without_secrets() {
    let server = Server::start(command(&["--port", "0"]));
    for asked in [
        "CONNECT pypi.org:443 HTTP/1.1\r\nHost: pypi.org\r\n\r\n".to_owned(),
        absolute("https://ada:secret-token@example.com:8443/a?token=secret-token"),
    ] {
        let mut connection = Connection::to(&server.url);
        connection.send(asked);
        connection.answer();
    }
    let (_, _, stderr) = server.stop("TERM");
    let lines: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("refused"))
        .collect();
    let [connect, get] = lines[..] else {
        panic!("{stderr}")
    };
    assert!(
        connect.contains(
            "WARN `CONNECT pypi.org:443` is refused by tallyfy-mock: it forwards nothing"
        ),
        "{connect}"
    );
    assert!(
        get.contains("`GET https://example.com:8443` is refused"),
        "{get}"
    );
    assert!(!stderr.contains("secret-token"), "{stderr}");
}
