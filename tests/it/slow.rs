//! Slow peers, and more of them than are served at a time. After each, the next client is answered.

use std::{io::Write, net::TcpStream, time::Duration};

use tallyfy_mock::{TallyfyMock, config::Limits};

use crate::wire::{Connection, HALF_A_HEAD, Listening, Served, get, half_a_body, next_is_answered};

/// The number of concurrent attackers.
const CROWD: usize = 500;

/// Long enough for an honest request on a busy machine, short enough to wait for.
const SHORT: Duration = Duration::from_secs(1);

/// Opens 500 connections that each begin with these bytes. Fewer only if the system allows too few files: several tests do this at
/// once, and both ends of each connection are in this process.
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

/// Ends the body that [`half_a_body`] begins.
fn rest_of_a_body() -> String {
    let half = r#"{"name":"#;
    format!("{:<100}", format!(r#"{half}"A","description":"d"}}"#))[half.len()..].to_owned()
}

/// Connections that take all places, each with a request under way.
fn busy(uri: &str, places: usize) -> Vec<Connection> {
    let begin = |_| {
        let mut connection = Connection::to(uri);
        connection.send(half_a_body().replacen("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1));
        // The server asks for the body, so the request is under way.
        assert_eq!(connection.status(), "http/1.1 100 continue");
        connection
    };
    (0..places).map(begin).collect()
}

fn probe(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: mock\r\n\r\n")
}

#[test]
fn connections_over_the_cap_wait_and_are_served_when_others_leave() {
    let cap = 4;
    let mock = Served::with(Limits {
        max_connections: cap,
        ..Limits::default()
    });
    let mut served = busy(&mock.uri, cap);
    let mut waiting: Vec<Connection> = (0..28).map(|_| Connection::to(&mock.uri)).collect();
    for connection in &mut waiting {
        connection.send(get("/groups"));
    }
    for connection in &mut waiting {
        assert!(connection.is_silent_for(Duration::from_millis(5)));
    }
    // One place is enough for all: whoever is answered and idle gives way to the next.
    served[0].send(rest_of_a_body());
    assert!(served[0].status().starts_with("http/1.1 "));
    for connection in &mut waiting {
        assert_eq!(connection.status(), "http/1.1 200 ok");
    }
    for connection in &mut waiting[..27] {
        assert!(connection.is_closed(), "it has given way");
    }
    drop((served, waiting));
    next_is_answered(&mock.uri);
}

#[test]
fn of_idle_connections_the_one_that_is_idle_for_longest_gives_way() {
    let mock = Served::with(Limits {
        max_connections: 3,
        ..Limits::default()
    });
    let mut places: Vec<Connection> = (0..3).map(|_| Connection::to(&mock.uri)).collect();
    for at in [1, 0, 2] {
        places[at].send(get("/groups"));
        assert_eq!(places[at].status(), "http/1.1 200 ok");
        // Idle times are told apart by the millisecond.
        assert!(places[at].is_silent_for(Duration::from_millis(5)));
    }
    // A head that is half there is not idle.
    places[1].send(HALF_A_HEAD);
    next_is_answered(&mock.uri);
    assert!(places[0].is_closed());
    for at in [2, 1] {
        let ends = if at == 1 {
            "x\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\n\r\n".into()
        } else {
            get("/groups")
        };
        places[at].send(ends);
        assert_eq!(places[at].status(), "http/1.1 200 ok");
    }
}

#[test]
fn a_thousand_that_come_at_once_need_not_knock_twice() {
    let files = rlimit::increase_nofile_limit(8192).unwrap();
    let crowd = usize::try_from(files / 4).unwrap().min(1000);
    let mock = Listening::with(Limits::default());
    // Nobody accepts yet. What the system does not hold, it tries again after a second.
    let address = mock.uri.strip_prefix("http://").unwrap().parse().unwrap();
    let knock = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900)).unwrap();
    let streams: Vec<TcpStream> = (0..crowd).map(knock).collect();
    let mock = mock.serve();
    for stream in streams {
        let mut connection = Connection::over(stream);
        connection.send(get("/groups"));
        assert_eq!(connection.status(), "http/1.1 200 ok");
    }
    next_is_answered(&mock.uri);
}

#[test]
fn probes_get_through_when_all_places_are_taken_and_nothing_else_does() {
    let mock = Served::with(Limits {
        max_connections: 2,
        ..Limits::default()
    });
    let _busy = busy(&mock.uri, 2);
    let mut refused = Connection::to(&mock.uri);
    refused.send(get("/groups"));
    // Each half-sent head holds one of the extra connections for a second.
    let mut slow: Vec<Connection> = (0..20).map(|_| Connection::to(&mock.uri)).collect();
    for connection in &mut slow[..10] {
        connection.send(HALF_A_HEAD);
    }
    for path in ["/_mock/health", "/_mock/ready", "/_mock/health/"].repeat(8) {
        let mut asking = Connection::to(&mock.uri);
        asking.send(probe(path));
        let (head, _) = asking.answer();
        assert!(
            head.starts_with("http/1.1 200 ok") && head.contains("connection: close"),
            "{head}"
        );
        assert!(asking.is_closed());
    }
    for mut connection in slow {
        assert_eq!(connection.rest(), "");
    }
    let (head, body) = refused.answer();
    assert!(
        head.starts_with("http/1.1 503") && head.contains("connection: close"),
        "{head}"
    );
    assert_eq!(body, r#"{"error":true,"message":"Service Unavailable"}"#);
    assert!(refused.is_closed());
}

#[test]
fn streams_have_a_bound_of_their_own_and_take_no_place() {
    let mock = Served::with(Limits {
        max_connections: 1,
        max_streams: 2,
        ..Limits::default()
    });
    let watch = || {
        let mut connection = Connection::to(&mock.uri);
        connection.send(probe("/_mock/events"));
        let answer = connection.answer();
        (connection, answer)
    };
    // A request for a stream takes none of them.
    let mut head_only = Connection::to(&mock.uri);
    for _ in 0..3 {
        head_only.send(probe("/_mock/events").replace("GET", "HEAD"));
        assert_eq!(head_only.status(), "http/1.1 200 ok");
    }
    let streams = [watch(), watch()];
    for (_, (head, _)) in &streams {
        assert!(head.starts_with("http/1.1 200 ok"), "{head}");
    }
    let (_refused, (head, body)) = watch();
    assert!(
        head.starts_with("http/1.1 503") && head.contains("application/problem+json"),
        "{head}"
    );
    assert!(
        body.contains("2 streams are open, which is `--max-streams`"),
        "{body}"
    );
    next_is_answered(&mock.uri);
    // One whose client is gone makes room for the next.
    drop(streams);
    while !watch().1.0.starts_with("http/1.1 200 ok") {}
}

#[test]
fn idle_connections_at_the_cap_make_place_by_themselves() {
    let mock = Served::with(Limits {
        max_connections: 2,
        header_timeout: Duration::from_millis(300),
        ..Limits::default()
    });
    // All connections stay open and silent until the header timeout ends them.
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
