//! Slow and hostile peers on real sockets. After each, the next client is answered.

use std::{io::Write, net::Shutdown, time::Duration};

use proptest::prelude::*;
use tallyfy_mock::{TallyfyMock, config::Limits};

use crate::wire::{Connection, Served, get, post};

/// How many clients attack at once.
const CROWD: usize = 500;

/// Long enough for an honest request on a busy machine, short enough to wait for.
const SHORT: Duration = Duration::from_secs(1);

/// The client that comes after.
fn next_is_answered(uri: &str) {
    let mut next = Connection::to(uri);
    next.send(get("/groups"));
    assert_eq!(next.status(), "http/1.1 200 ok");
}

/// Opens 500 connections that each begin with these bytes. Both ends of each are in this process.
fn crowd(uri: &str, begins: &str) -> Vec<Connection> {
    rlimit::increase_nofile_limit(4096).unwrap();
    let connect = |_| {
        let mut connection = Connection::to(uri);
        connection.send(begins);
        connection
    };
    (0..CROWD).map(connect).collect()
}

const HALF_A_HEAD: &str = "GET /api/organizations/acme/groups HTTP/1.1\r\nHost: mock\r\nX-Slow: ";

fn half_a_body() -> String {
    post("Content-Length: 100\r\n", r#"{"name":"#)
}

#[test]
fn five_hundred_that_do_not_finish_hold_up_nobody() {
    let mock = TallyfyMock::start();
    for begins in [HALF_A_HEAD.to_owned(), half_a_body()] {
        let mut slow = crowd(&mock.uri(), &begins);
        for _ in 0..3 {
            next_is_answered(&mock.uri());
            for connection in &mut slow {
                connection.send("a");
            }
        }
        drop(slow);
        next_is_answered(&mock.uri());
    }
}

#[test]
fn five_hundred_heads_that_never_end_are_given_up() {
    let mock = Served::with(Limits {
        header_timeout: SHORT,
        ..Limits::default()
    });
    for mut slow in crowd(&mock.uri, HALF_A_HEAD) {
        assert_eq!(slow.rest(), "", "the head of no request came");
    }
    next_is_answered(&mock.uri);
}

#[test]
fn five_hundred_bodies_that_never_end_are_told_408() {
    let mock = Served::with(Limits {
        body_timeout: SHORT,
        ..Limits::default()
    });
    for mut slow in crowd(&mock.uri, &half_a_body()) {
        let (head, body) = slow.answer();
        assert!(
            head.starts_with("http/1.1 408") && head.contains("connection: close"),
            "{head}"
        );
        assert_eq!(body, r#"{"error":true,"message":"Request Timeout"}"#);
        assert!(slow.is_closed());
    }
    next_is_answered(&mock.uri);
}

#[test]
fn a_trickle_buys_no_time() {
    let mock = Served::with(Limits {
        header_timeout: SHORT,
        body_timeout: SHORT,
        ..Limits::default()
    });
    for (begins, ends) in [
        (HALF_A_HEAD.to_owned(), ""),
        (half_a_body(), "HTTP/1.1 408"),
    ] {
        let mut slow = Connection::to(&mock.uri);
        slow.send(begins);
        while slow.is_silent_for(Duration::from_millis(20)) {
            slow.send_what_is_taken("a");
        }
        let rest = slow.rest();
        assert!(
            rest.starts_with(ends) && rest.is_empty() == ends.is_empty(),
            "{rest}"
        );
    }
    next_is_answered(&mock.uri);
}

#[test]
fn a_client_that_never_reads_is_given_up() {
    let mock = Served::with(Limits {
        body_timeout: SHORT,
        ..Limits::default()
    });
    let mut deaf = Connection::to(&mock.uri);
    let many = get("/groups").repeat(100);
    // It ends because the server closes, not because everything was taken.
    while deaf.0.get_mut().write_all(many.as_bytes()).is_ok() {}
    next_is_answered(&mock.uri);
}

#[test]
fn connections_over_the_cap_wait_and_are_served_when_others_leave() {
    let cap = 4;
    let mock = Served::with(Limits {
        max_connections: cap,
        ..Limits::default()
    });
    let mut all: Vec<Connection> = (0..32).map(|_| Connection::to(&mock.uri)).collect();
    for connection in &mut all {
        connection.send(get("/groups"));
    }
    let mut served = all.drain(..cap).collect::<Vec<_>>();
    for connection in &mut served {
        assert_eq!(connection.status(), "http/1.1 200 ok");
    }
    for connection in &mut all {
        assert!(connection.is_silent_for(Duration::from_millis(5)));
    }
    // Whoever is served leaves, one after the other, and the next in the queue has the place.
    for mut waiting in all {
        drop(served.remove(0));
        assert_eq!(waiting.status(), "http/1.1 200 ok");
        served.push(waiting);
    }
    drop(served);
    next_is_answered(&mock.uri);
}

#[test]
fn idle_connections_at_the_cap_make_place_by_themselves() {
    let mock = Served::with(Limits {
        max_connections: 2,
        header_timeout: Duration::from_millis(300),
        ..Limits::default()
    });
    // Nobody leaves, nobody says a word more: the time for the next head is what ends them.
    let mut all: Vec<Connection> = (0..12).map(|_| Connection::to(&mock.uri)).collect();
    for connection in &mut all[6..] {
        connection.send(get("/groups"));
    }
    for silent in &mut all[..6] {
        assert!(silent.is_closed());
    }
    for asking in &mut all[6..] {
        assert_eq!(asking.status(), "http/1.1 200 ok");
        assert!(asking.is_closed());
    }
    next_is_answered(&mock.uri);
}

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
        // What was not read when the connection closes may take the answer with it.
        assert!(rest.is_empty() || rest.starts_with(refused), "{rest}");
        next_is_answered(&mock.uri());
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
        let sending =
            std::thread::spawn(move || while writer.write_all(forever.as_bytes()).is_ok() {});
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
fn a_body_of_two_lengths_is_not_two_requests() {
    let mock = TallyfyMock::start();
    let smuggled = "DELETE /_mock/requests HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (headers, body) in [
        (
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            "0\r\n\r\n",
        ),
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
        connection.send_what_is_taken(post(headers, body));
        connection.send_what_is_taken(smuggled);
        let _ = connection.0.get_ref().shutdown(Shutdown::Write);
        let rest = connection.rest();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 4"),
            "{headers}: {rest}"
        );
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
    let sending = std::thread::spawn(move || writer.write_all(requests.as_bytes()).unwrap());
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
    // One that asks and is gone before the answer.
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
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 4"), "{rest}");
        next_is_answered(&mock.uri());
    }
    let mut odd = Connection::to(&mock.uri());
    odd.send(
        "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\nCONNECT mock:80 HTTP/1.1\r\nHost: mock:80\r\n\r\n",
    );
    assert!(odd.status().starts_with("http/1.1 4"));
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
