//! Hostile peers, who send too much, something ambiguous, half of it, or no HTTP at all. After each, the next client is answered.

use std::{io::Write, net::Shutdown, thread};

use proptest::prelude::*;
use tallyfy_mock::TallyfyMock;

use crate::wire::{Connection, HALF_A_HEAD, get, half_a_body, next_is_answered, post};

#[test]
fn heads_that_are_too_large_are_refused() {
    let mock = TallyfyMock::start();
    let headers = (0..10_000).map(|i| format!("X-{i}: v\r\n"));
    for (request, refused) in [
        (
            get(&format!("/groups?q={}", "a".repeat(100_000))),
            "HTTP/1.1 414",
        ),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", headers.collect::<String>()),
            "HTTP/1.1 431",
        ),
        (
            format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(1_000_000)),
            "HTTP/1.1 431",
        ),
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send_what_is_taken(request);
        let rest = connection.rest();
        // A close with unread bytes resets the connection, which may discard the answer.
        assert!(rest.is_empty() || rest.starts_with(refused), "{rest}");
        next_is_answered(&mock.uri());
    }
}

#[test]
fn a_head_is_served_up_to_its_limits_and_not_beyond() {
    let mock = TallyfyMock::start();
    let target = |length: usize| {
        let start = "/api/organizations/acme/groups?q=";
        let target = format!("{start}{}", "a".repeat(length - start.len()));
        get("/groups").replacen("/api/organizations/acme/groups", &target, 1)
    };
    let with =
        |headers: String| get("/groups").replacen("\r\n\r\n", &format!("\r\n{headers}\r\n"), 1);
    // Three are there already.
    let headers = |count: usize| with("X: v\r\n".repeat(count - 3));
    let bytes = |length: usize| {
        let line = |length: usize| format!("X: {}\r\n", "a".repeat(length - "X: \r\n".len()));
        let rest = length - get("/groups").len();
        with(format!("{}{}", line(rest / 2), line(rest - rest / 2)))
    };
    for (within, beyond, refused) in [
        (target(65_534), target(65_535), "http/1.1 414 uri too long"),
        (
            headers(100),
            headers(101),
            "http/1.1 431 request header fields too large",
        ),
        (
            bytes(408 * 1024 - 1),
            bytes(1024 * 1024),
            "http/1.1 431 request header fields too large",
        ),
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send(within);
        assert_eq!(connection.status(), "http/1.1 200 ok");
        connection.send_what_is_taken(beyond);
        let rest = connection.rest().to_lowercase();
        // A close with unread bytes resets the connection, which may discard the answer.
        assert!(
            rest.is_empty() || rest.starts_with(refused),
            "{refused}: {rest}"
        );
    }
}

#[test]
fn bodies_without_an_end_are_given_up() {
    let mock = TallyfyMock::start();
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (begins, forever) in [
        (
            post("Content-Length: 1099511627776\r\n", ""),
            " ".repeat(4096),
        ),
        (
            post(chunked, ""),
            format!("1000\r\n{}\r\n", " ".repeat(4096)),
        ),
        (
            post(chunked, ""),
            format!("40\r\n{}\r\n", " ".repeat(64)).repeat(64),
        ),
        (post(chunked, "1;"), "a".repeat(4096)),
        (
            post(chunked, "2\r\n{}\r\n0\r\n"),
            "X-Trailer: a\r\n".repeat(300),
        ),
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send(begins);
        let mut writer = connection.0.get_ref().try_clone().unwrap();
        let sending = thread::spawn(move || while writer.write_all(forever.as_bytes()).is_ok() {});
        let rest = connection.rest();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 413") || rest.starts_with("HTTP/1.1 400"),
            "{rest}"
        );
        sending.join().unwrap();
        next_is_answered(&mock.uri());
    }
}

#[test]
fn of_a_length_and_chunks_the_chunks_count_and_nothing_after_them() {
    let mock = TallyfyMock::start();
    let length = "Content-Length: 4\r\n";
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (headers, name) in [([length, chunked], "A"), ([chunked, length], "B")] {
        let body = format!(r#"{{"name":"{name}","description":"d"}}"#);
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let mut connection = Connection::to(&mock.uri());
        connection.send(post(&headers.concat(), &chunks) + &get("/groups"));
        assert_eq!(connection.status(), "http/1.1 201 created");
        // For a parser that goes by the length, the rest would be a second request (RFC 9112, 6.1).
        assert!(connection.is_closed());
        next_is_answered(&mock.uri());
    }
}

#[test]
fn what_follows_a_length_that_makes_no_sense_is_not_taken_for_a_request() {
    let mock = TallyfyMock::start();
    for (headers, body) in [
        ("Content-Length: 0\r\nContent-Length: 60\r\n", ""),
        ("Content-Length: 0, 60\r\n", ""),
        ("Content-Length: -1\r\n", ""),
        ("Content-Length: 18446744073709551616\r\n", ""),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: gzip\r\n", ""),
        ("Transfer-Encoding: chunked\r\n", "ffffffffffffffffff\r\n"),
        ("Transfer-Encoding: chunked\r\n", "-1\r\n"),
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send_what_is_taken(post(headers, body) + &get("/groups"));
        let _ = connection.0.get_ref().shutdown(Shutdown::Write);
        let rest = connection.rest();
        // A close with unread bytes resets the connection, which may discard the answer.
        let is_refused = rest.starts_with("HTTP/1.1 400") && rest.matches("HTTP/1.1").count() == 1;
        assert!(rest.is_empty() || is_refused, "{headers}: {rest}");
        next_is_answered(&mock.uri());
    }
}

#[test]
fn a_thousand_requests_in_one_breath_are_answered_in_their_order() {
    let mock = TallyfyMock::start();
    let mut connection = Connection::to(&mock.uri());
    let requests: String = (1..=1000)
        .map(|page| get(&format!("/groups?page={page}")))
        .collect();
    let mut writer = connection.0.get_ref().try_clone().unwrap();
    let sending = thread::spawn(move || writer.write_all(requests.as_bytes()).unwrap());
    for page in 1..=1000 {
        let (_, body) = connection.answer();
        assert!(
            body.contains(&format!(r#""current_page":{page},"#)),
            "{body}"
        );
    }
    sending.join().unwrap();
    next_is_answered(&mock.uri());
}

#[test]
fn clients_that_close_early_are_answered_as_far_as_can_be() {
    let mock = TallyfyMock::start();
    let whole = r#"{"name":"A","description":"d"}"#;
    let whole = post(&format!("Content-Length: {}\r\n", whole.len()), whole);
    for (sent, answered) in [
        (whole, "HTTP/1.1 201"),
        (half_a_body(), "HTTP/1.1 400"),
        (
            post("Transfer-Encoding: chunked\r\n", "5\r\n{\"nam"),
            "HTTP/1.1 400",
        ),
        (get("/groups").repeat(2), "HTTP/1.1 200"),
        (HALF_A_HEAD.to_owned(), ""),
        (String::new(), ""),
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send(&sent);
        connection.0.get_ref().shutdown(Shutdown::Write).unwrap();
        let rest = connection.rest();
        assert!(
            rest.starts_with(answered) && rest.is_empty() == answered.is_empty(),
            "{sent}: {rest}"
        );
        next_is_answered(&mock.uri());
    }
    // A client that is gone before the answer.
    for _ in 0..100 {
        Connection::to(&mock.uri()).send(get("/groups"));
    }
    next_is_answered(&mock.uri());
}

#[test]
fn old_clients_and_those_that_offer_more_are_served() {
    let mock = TallyfyMock::start();
    let body = |name: &str| format!(r#"{{"name":"{name}","description":"d"}}"#);
    let create = |headers: &str, name: &str| {
        let body = body(name);
        post(
            &format!("{headers}Content-Length: {}\r\n", body.len()),
            &body,
        )
    };

    let mut old = Connection::to(&mock.uri());
    old.send(create("Connection: keep-alive\r\n", "A").replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(old.status(), "http/1.0 201 created");
    old.send(get("/groups").replace("HTTP/1.1", "HTTP/1.0"));
    assert_eq!(old.status(), "http/1.0 200 ok");
    assert!(old.is_closed());

    // As Java's client sends its first request, whatever its method.
    let mut java = Connection::to(&mock.uri());
    java.send(create(
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n",
        "B",
    ));
    assert_eq!(java.status(), "http/1.1 201 created");
    java.send(get("/groups"));
    assert_eq!(java.status(), "http/1.1 200 ok");

    let mut websocket = Connection::to(&mock.uri());
    websocket.send(get("/groups").replace(
        "Host:",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost:",
    ));
    assert_eq!(websocket.status(), "http/1.1 200 ok");

    // The body is sent without waiting for the `100 Continue` that was asked for.
    let mut hasty = Connection::to(&mock.uri());
    hasty.send(create("Expect: 100-continue\r\n", "C"));
    let first = hasty.status();
    let last = if first == "http/1.1 100 continue" {
        hasty.status()
    } else {
        first
    };
    assert_eq!(last, "http/1.1 201 created");
    next_is_answered(&mock.uri());
}

#[test]
fn nonsense_ends_its_own_connection_and_no_other() {
    let mock = TallyfyMock::start();
    // A whole hello, as curl sends it to `https://` on this port.
    let tls: Vec<u8> = [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        &[0xa5; 501],
    ]
    .concat();
    for nonsense in [
        &tls[..],
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.2\r\n\r\n",
        b"GET / HTTP/1.1\r\nName : v\r\n\r\n",
        b"GET / HTTP/1.1\r\nName\r\n\r\n",
        b"GET / HTTP/1.1\r\nName: \0\r\n\r\n",
        b"GET / HTTP/1.1\r\n folded: v\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send_what_is_taken(nonsense);
        let _ = connection.0.get_ref().shutdown(Shutdown::Write);
        let rest = connection.rest();
        // A refusal of what is no request has only a status.
        let is_refused = rest.starts_with("HTTP/1.1 400 Bad Request\r\n")
            && rest.contains("content-length: 0\r\n")
            && rest.contains("connection: close\r\n")
            && rest.ends_with("\r\n\r\n");
        assert!(rest.is_empty() || is_refused, "{rest}");
        next_is_answered(&mock.uri());
    }
    let mut odd = Connection::to(&mock.uri());
    odd.send(
        "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\nCONNECT mock:80 HTTP/1.1\r\nHost: mock:80\r\n\r\n",
    );
    assert!(odd.status().starts_with("http/1.1 4"));
    next_is_answered(&mock.uri());
}

#[test]
fn a_request_names_its_host_once_and_under_http_1_0_it_may_leave_it_out() {
    let mock = TallyfyMock::start();
    let body = r#"{"name":"A","description":"d"}"#;
    let create = post(&format!("Content-Length: {}\r\n", body.len()), body);
    let refused = r#"{"error":true,"message":"Bad Request"}"#;
    for request in [get("/groups"), create.clone(), get("/nothing"), create] {
        for hosts in [
            "",
            "Host: mock\r\nHost: mock\r\n",
            "Host: mock\r\nX-A: b\r\nhost: other\r\n",
        ] {
            let request = request.replacen("Host: mock\r\n", hosts, 1);
            let mut connection = Connection::to(&mock.uri());
            connection.send(&request);
            let (head, body) = connection.answer();
            assert!(
                head.starts_with("http/1.1 400 bad request"),
                "{request}: {head}"
            );
            assert_eq!(body, refused, "{request}");
            connection.send(get("/groups"));
            let (head, body) = connection.answer();
            assert!(head.starts_with("http/1.1 200 ok"), "{head}");
            assert!(body.contains(r#""data":[]"#), "nothing was created: {body}");

            let mut old = Connection::to(&mock.uri());
            old.send(request.replacen("HTTP/1.1", "HTTP/1.0", 1));
            let is_refused = old.status() == "http/1.0 400 bad request";
            assert_eq!(is_refused, !hosts.is_empty(), "{request}");
            mock.reset();
        }
    }
    next_is_answered(&mock.uri());
}

/// A request with some of its bytes overwritten.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop_oneof![
        Just(get("/groups?page=2")),
        Just(post("Content-Length: 2\r\n", "{}")),
        Just(post(
            "Transfer-Encoding: chunked\r\n",
            "2\r\n{}\r\n0\r\n\r\n"
        )),
    ];
    (
        whole,
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
    )
        .prop_map(|(whole, blows)| {
            let mut bytes = whole.into_bytes();
            for (place, byte) in blows {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        })
}

#[test]
fn whatever_bytes_come_the_connection_ends_and_the_next_is_answered() {
    let mock = TallyfyMock::start();
    proptest!(ProptestConfig::with_cases(300), |(bytes in prop_oneof![
        damaged(),
        prop::collection::vec(any::<u8>(), 0..2000),
    ])| {
        let mut connection = Connection::to(&mock.uri());
        connection.send_what_is_taken(&bytes);
        let _ = connection.0.get_ref().shutdown(Shutdown::Write);
        let rest = connection.rest();
        prop_assert!(rest.is_empty() || rest.starts_with("HTTP/1."), "{}", rest);
        next_is_answered(&mock.uri());
    });
}
