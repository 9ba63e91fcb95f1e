//! Slow peers, and more of them than are served at a time. After each, the next client is answered.

use std::{io::Write, time::Duration};

use tallyfy_mock::{TallyfyMock, config::Limits};

use crate::wire::{Connection, HALF_A_HEAD, Served, get, half_a_body, next_is_answered};

/// How many clients attack at once.
const CROWD: usize = 500;

/// Long enough for an honest request on a busy machine, short enough to wait for.
const SHORT: Duration = Duration::from_secs(1);

/// Opens 500 connections that each begin with these bytes; fewer only where the system allows too few
/// files: several tests do this at once, and both ends of each connection are in this process.
fn crowd(uri: &str, begins: &str) -> Vec<Connection> {
    let files = rlimit::increase_nofile_limit(8192).unwrap();
    let size = usize::try_from(files / 8).unwrap().min(CROWD);
    let connect = |_| {
        let mut connection = Connection::to(uri);
        connection.send(begins);
        connection
    };
    (0..size).map(connect).collect()
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
