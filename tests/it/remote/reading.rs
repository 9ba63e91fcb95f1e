//! The reader against the mock, and against servers that are none.

use std::{net::TcpListener, time::Duration};

use serde_json::{Value, json};
use tallyfy_mock::{
    TallyfyMock,
    domain::id::OrgId,
    fixture::Fixture,
    remote::{Limits, Organization, Reader, Target, Token, Wire},
};

use super::{
    NoTime, reader,
    server::{Server, answer, empty_organization, head, ok, page, say},
};

/// What reading the organization `acme` there ends with.
fn trouble(server: &Server, limits: Limits) -> String {
    let (mut reader, _) = reader(&server.base, limits);
    let said = Organization::read(&mut reader, &mut |_| {})
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert!(!said.contains("secret-of-this-test"), "{said}");
    let place = server.base.trim_start_matches("http://");
    said.replace(place, "HOST")
}

#[test]
fn an_organization_is_read_whole_and_seeds_another_mock() {
    let mock = TallyfyMock::builder().tls().start();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, mock.ca_pem().unwrap()).unwrap();
    let acme = mock.org("acme");
    let groups: Vec<Value> = (0..250)
        .map(|i| json!({ "id": format!("g{i}"), "name": format!("Group {i}"), "members": [1], "guests": ["a@b.test"] }))
        .collect();
    acme.seed(json!({
        "users": [{ "id": 1, "email": "ada@acme.test", "first_name": "Ada", "role": "admin", "phone": "555-0100" }],
        "guests": [{ "email": "c@d.test", "details": { "status": "active", "phone_1": null } }],
        "groups": groups,
    }));
    let base = format!("{}/api", mock.uri().replace("http://", "https://"));
    let wire = Wire::new(
        Target::parse(&base).unwrap(),
        Some(&ca),
        Limits::default(),
        NoTime::new(),
    );
    let token = Token::from_stream(&b"any"[..]).unwrap();
    let mut reader = Reader::new(wire.unwrap(), token, OrgId::parse("acme").unwrap());
    let mut steps = Vec::new();
    let read = Organization::read(&mut reader, &mut |step| {
        steps.push((step.list, step.page, step.of));
    })
    .unwrap();

    assert_eq!(read.counts(), [250, 1, 2]);
    assert_eq!(
        read.news().collect::<Vec<_>>(),
        Vec::<String>::new(),
        "the mock answers nothing that is not known"
    );
    assert_eq!(read.notes(), Vec::<String>::new());
    assert_eq!(
        steps,
        [
            ("users", 1, 1),
            ("guests", 1, 1),
            ("groups", 1, 3),
            ("groups", 2, 3),
            ("groups", 3, 3)
        ]
    );
    assert_eq!(reader.requests(), 7);
    let journal = mock.org("acme").requests();
    let is_read = |request: &Value| request["method"] == "GET";
    assert!(journal.iter().all(is_read), "{journal:?}");

    let fixture = read.fixture();
    assert_eq!(
        fixture["contract"],
        json!({
            "next_link": "full_query", "time_format": "seconds", "time_keys": "last_updated",
        })
    );
    Fixture::parse(fixture.to_string().as_bytes()).unwrap();
    let again = TallyfyMock::builder().fixture(fixture).start();
    let get = |uri: &str, path: &str| -> Value {
        let request =
            reqwest::blocking::Client::new().get(format!("{uri}/api/organizations/acme{path}"));
        let answer = request
            .bearer_auth("any")
            .header("X-Tallyfy-Client", "t")
            .send()
            .unwrap();
        answer.json().unwrap()
    };
    for path in [
        "/groups?per_page=100&page=2",
        "/users",
        "/guests",
        "/groups/g17?with=users,guests",
        "",
    ] {
        let host = |value: Value| {
            value
                .to_string()
                .replace(&mock.uri(), "")
                .replace(&again.uri(), "")
        };
        assert_eq!(
            host(get(&mock.uri(), path)),
            host(get(&again.uri(), path)),
            "{path}"
        );
    }
}

#[test]
fn what_no_answer_should_be_ends_the_reading_with_one_sentence() {
    let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let large = format!("{{\"data\":[{}0]}}", "0,".repeat(10 * 1024 * 1024));
    for (bytes, said) in [
        (
            answer("200 OK", "text/html", b"\n<html>secret-of-this-test</html>"),
            "the answer is a page of HTML, where JSON was expected; `--base` says where to ask",
        ),
        (
            answer("200 OK", "application/json", b"\"\xff\""),
            "the answer is not UTF-8, so it is no JSON",
        ),
        (
            answer("200 OK", "application/json", b""),
            "the answer is empty, where JSON was expected",
        ),
        (
            answer("200 OK", "application/json", b"{\"data\":"),
            "the answer ends before its JSON does",
        ),
        (
            answer("200 OK", "application/json", b"hello"),
            "the answer is not JSON",
        ),
        (
            answer("200 OK", "application/json", &deep),
            "the answer is nested deeper than 127 levels",
        ),
        (
            answer("200 OK", "application/json", large.as_bytes()),
            "the answer is longer than 8 MiB",
        ),
        (
            answer("200 OK", "application/json", &b"{},".repeat(1024 * 1024)),
            "the answer has more values than are kept",
        ),
        (
            answer("200 OK", "application/json", b"[]"),
            "the answer has no object in `data`",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(),
            "what HOST answers is not HTTP; `--base` says where to ask",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec(),
            "HOST closed the connection before its answer was complete; try again",
        ),
        (
            Vec::new(),
            "HOST closed the connection before its answer was complete; try again",
        ),
        (
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000)).into_bytes(),
            "the head of the answer of HOST is longer than 64 KiB",
        ),
    ] {
        let told = trouble(&Server::saying(bytes), Limits::default());
        assert_eq!(told, format!("GET /me: {said}"));
    }
}

#[test]
fn each_status_says_what_to_do() {
    for (bytes, said) in [
        (
            answer("401 Unauthorized", "text/plain", b"secret-of-this-test"),
            "HOST refused the token (401); standard input has it",
        ),
        (
            head("403 Forbidden", ""),
            "403: the token may not read this; `--org` says whose it is",
        ),
        (
            head("404 Not Found", ""),
            "404: there is no such organization at HOST; `--org` says which, `--base` where",
        ),
        (
            head("429 Too Many Requests", ""),
            "429: HOST is asked too often by this token; try later",
        ),
        (head("500 Oops", ""), "500: HOST has failed; try later"),
        (
            head("204 No Content", ""),
            "answered 204, where 200 is known; `--base` says where to ask",
        ),
        (
            head(
                "302 Found",
                "Location: https://evil.test/me?token=secret-of-this-test\r\n",
            ),
            "302: HOST sends on to evil.test, which is not followed; `--base` says where to ask",
        ),
        (
            head(
                "307 Temporary Redirect",
                "Location: https://secret-of-this-test.evil.test/\r\n",
            ),
            "307: HOST sends on to ….evil.test, which is not followed; `--base` says where to ask",
        ),
        (
            head("302 Found", "Location: /elsewhere\r\n"),
            "302: HOST sends on to another place, which is not followed; `--base` says where to ask",
        ),
        (
            head("302 Found", ""),
            "302: HOST sends on to another place, which is not followed; `--base` says where to ask",
        ),
    ] {
        let told = trouble(&Server::saying(bytes), Limits::default());
        assert_eq!(told, format!("GET /me: {said}"));
    }
}

#[test]
fn an_endless_answer_ends_at_the_bound() {
    for length in ["", "Transfer-Encoding: chunked\r\n"] {
        let server = Server::start(move |_, stream| {
            say(
                stream,
                format!("HTTP/1.1 200 OK\r\n{length}\r\n").as_bytes(),
            );
            let piece = [&b"10000\r\n"[..], &vec![b' '; 0x10000], b"\r\n"].concat();
            while std::io::Write::write_all(stream, &piece).is_ok() {}
        });
        assert_eq!(
            trouble(&server, Limits::default()),
            "GET /me: the answer is longer than 8 MiB"
        );
    }
    // One that says nothing, and one that says a byte at a time: in the time of one request.
    let limits = Limits {
        request_time: Duration::from_millis(300),
        ..Limits::default()
    };
    let (held, let_go) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(Some(held));
    let let_go = std::sync::Mutex::new(let_go);
    let server = Server::start(move |_, _| {
        let _ = let_go.lock().unwrap().recv();
    });
    assert_eq!(
        trouble(&server, limits.clone()),
        "GET /me: HOST did not answer within 300 ms; `--timeout` gives it longer"
    );
    drop(held.lock().unwrap().take());
    let server = Server::start(|_, stream| {
        say(
            stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
        );
        while std::io::Write::write_all(stream, b" ").is_ok() {
            std::thread::yield_now();
        }
    });
    let said = trouble(&server, limits);
    assert!(
        said.contains("did not answer within") || said.contains("longer than 8 MiB"),
        "{said}"
    );
}

/// What a page of groups is, by a maker of rows and its number.
type Groups = fn(&dyn Fn(usize, usize) -> Vec<Value>, usize) -> Value;

#[test]
fn pages_that_lie_end_the_reading() {
    let row = |i: usize| json!({ "id": format!("g{i}"), "name": format!("Group {i}") });
    let rows = move |from: usize, to: usize| (from..to).map(row).collect::<Vec<_>>();
    let cases: [(&str, Groups, &str); 9] = [
        (
            "endless, each page new",
            |rows, n| page(&rows(n * 10, n * 10 + 10), n, 1_000_000, 100_000),
            "40 requests were sent, and no more are",
        ),
        (
            "the same page again and again",
            |rows, n| page(&rows(0, 10), n, 1000, 100),
            "a row comes a second time, as where somebody changes the list; try again",
        ),
        (
            "empty pages",
            |_, n| page(&[], n, 1000, 10),
            "the pages do not add up: 0 rows on 1 pages, where `total` and `total_pages` say 1000 and 10; try again",
        ),
        (
            "more rows than there are",
            |rows, n| page(&rows(0, 10), n, 5, 1),
            "the pages do not add up: 10 rows on 1 pages, where `total` and `total_pages` say 5 and 1; try again",
        ),
        (
            "fewer pages than it takes",
            |rows, n| page(&rows(0, 10), n, 20, 1),
            "the pages do not add up: 10 rows on 1 pages, where `total` and `total_pages` say 20 and 1; try again",
        ),
        (
            "more pages than it takes",
            |rows, n| page(&rows(0, 10), n, 10, 7),
            "the pages do not add up: 10 rows on 1 pages, where `total` and `total_pages` say 10 and 7; try again",
        ),
        (
            "no pages",
            |rows, _| json!({ "data": rows(0, 100) }),
            "it does not say of how many pages it is one",
        ),
        (
            "no total",
            |rows, _| json!({ "data": rows(0, 1), "meta": { "pagination": { "total": "1" } } }),
            "`meta.pagination` has no `total` and `total_pages`",
        ),
        (
            "no rows",
            |_, _| json!({ "data": [{ "name": "secret-of-this-test" }] }),
            "`data[0]` is no row with an `id`",
        ),
    ];
    for (what, groups, said) in cases {
        let server = Server::start(move |path, stream| {
            let number = path
                .split("page=")
                .nth(1)
                .and_then(|rest| rest.split('&').next()?.parse().ok());
            let body = match number {
                Some(number) if path.contains("/groups?") => groups(&rows, number),
                _ => empty_organization(path),
            };
            say(stream, &ok(&body));
        });
        let told = trouble(
            &server,
            Limits {
                requests: 40,
                ..Limits::default()
            },
        );
        assert!(
            told.starts_with("GET /organizations/{org}/groups, page "),
            "{what}: {told}"
        );
        assert!(told.ends_with(said), "{what}: {told}");
    }
}

#[test]
fn retry_after_is_obeyed_up_to_a_bound() {
    for (after, waits, said) in [
        ("7", 35, "GET /me: answered 429 6 times in a row; try later"),
        (
            "121",
            0,
            "GET /me: answered 429, to try again in 121 seconds; at most 120 seconds are waited for: try later",
        ),
    ] {
        let server = Server::saying(head(
            "429 Too Many Requests",
            &format!("Retry-After: {after}\r\n"),
        ));
        let (mut reader, time) = reader(&server.base, Limits::default());
        let told = Organization::read(&mut reader, &mut |_| {})
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert_eq!(
            (told.as_str(), time.waited.lock().unwrap().as_secs()),
            (said, waits)
        );
    }
    let server = Server::start(|path, stream| {
        use std::sync::atomic::{AtomicBool, Ordering};
        static ASKED: AtomicBool = AtomicBool::new(false);
        if ASKED.swap(true, Ordering::SeqCst) {
            say(stream, &ok(&empty_organization(path)));
        } else {
            say(
                stream,
                &head("503 Service Unavailable", "Retry-After: 3\r\n"),
            );
        }
    });
    let (mut reader, time) = reader(&server.base, Limits::default());
    let read = Organization::read(&mut reader, &mut |_| {}).unwrap();
    assert_eq!(
        (read.counts(), time.waited.lock().unwrap().as_secs()),
        ([0; 3], 3)
    );
    assert!(server.requests().iter().all(|head| {
        head.starts_with("GET ")
            && head
                .to_lowercase()
                .contains("\r\nx-tallyfy-client: apiclient\r\n")
    }));
}

#[test]
fn who_cannot_be_reached_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap().to_string();
    drop(listener);
    let said = |base: &str| {
        let (mut reader, _) = reader(base, Limits::default());
        Organization::read(&mut reader, &mut |_| {})
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        said(&format!("http://{place}")),
        format!(
            "GET /me: nobody answers at {place}: the connection is refused; `--base` says where to ask"
        )
    );

    let mock = TallyfyMock::builder().tls().start();
    let place = mock.uri().replace("http://", "");
    assert_eq!(
        said(&format!("https://{place}/api")),
        format!(
            "GET /me: the certificate of {place} is not trusted, as where a proxy intercepts; `--cacert PATH` adds a root"
        )
    );
    let plain = TallyfyMock::start();
    let place = plain.uri().replace("http://", "");
    assert_eq!(
        said(&format!("https://{place}/api")),
        format!(
            "GET /me: {place} does not speak TLS as expected; is it https? `--base` says where to ask"
        )
    );
}

#[test]
fn news_names_paths_and_repeats_nothing() {
    let server = Server::start(|path, stream| {
        let body = match path.split('?').next().unwrap() {
            "/organizations/acme/groups" => page(
                &[json!({
                    "id": "g", "name": 17, "colour": "red", "elephant": 1, "other": "elephant", "x-1f3a9c": 1, "members": ["4"], "guests": null, "logo": { "url": "u" },
                })],
                1,
                1,
                1,
            ),
            "/organizations/acme/users" => page(
                &[json!({ "id": 4, "role": "owner", "email": "no address" })],
                1,
                1,
                1,
            ),
            "/organizations/acme/guests" => page(
                &[
                    json!({ "email": "A@b.test" }),
                    json!({ "email": "a@b.test" }),
                ],
                1,
                2,
                1,
            ),
            path => empty_organization(path),
        };
        say(stream, &ok(&body));
    });
    let (mut reader, _) = reader(&server.base, Limits::default());
    let read = Organization::read(&mut reader, &mut |_| {}).unwrap();
    assert_eq!(
        read.news().collect::<Vec<_>>(),
        [
            "groups[].*: a number",
            "groups[].colour: a text",
            "groups[].logo: an object, where something else was known",
            "groups[].members[]: a text, where something else was known",
            "groups[].name: a number, where something else was known",
            "groups[].other: a text",
            "users[].role: a word that is not known",
        ]
    );
    assert_eq!(
        read.notes(),
        ["guests whose address is none, or another's in other case, are left out: 1"]
    );
    Fixture::parse(read.fixture().to_string().as_bytes()).unwrap();
}

#[test]
fn all_answers_together_have_a_bound() {
    let server = Server::start(|path, stream| {
        let long = "x".repeat(400 * 1024);
        let mut body = empty_organization(path);
        body["more"] = long.into();
        say(stream, &ok(&body));
    });
    let limits = Limits {
        all_bytes: 1024 * 1024,
        ..Limits::default()
    };
    let told = trouble(&server, limits);
    assert_eq!(
        told,
        "GET /organizations/{org}/users, page 1: all answers together are longer than 1 MiB"
    );
}
