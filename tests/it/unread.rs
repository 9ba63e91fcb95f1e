//! Large bodies that are refused: the client sees the answer and no broken pipe, however it sends.

use std::{io::Write, time::Duration};

use tallyfy_mock::{TallyfyMock, config::Limits};

use crate::wire::{Connection, next_is_answered};

/// Sends a request with a body of that many MiB before it reads anything; returns the final status line.
fn answered(uri: &str, head: &str, framing: &str, mib: usize) -> String {
    let mut connection = Connection::to(uri);
    let piece = vec![b' '; 1024 * 1024];
    let is_chunked = framing.contains("chunked");
    let length = if is_chunked {
        String::new()
    } else {
        format!("Content-Length: {}\r\n", mib * piece.len())
    };
    connection.send(format!("{head}{framing}{length}\r\n"));
    let writer = connection.0.get_mut();
    for _ in 0..mib {
        let sent = if is_chunked {
            let chunk = [&b"100000\r\n"[..], &piece, b"\r\n"].concat();
            writer.write_all(&chunk)
        } else {
            writer.write_all(&piece)
        };
        sent.unwrap_or_else(|error| panic!("{error}: {head}{framing}"));
    }
    if is_chunked {
        writer.write_all(b"0\r\n\r\n").unwrap();
    }
    loop {
        let status = connection.status();
        if !status.starts_with("http/1.1 100") {
            return status;
        }
    }
}

const FRAMINGS: [&str; 4] = [
    "",
    "Transfer-Encoding: chunked\r\n",
    // It does not wait for the `100 Continue` that it expects, as clients may.
    "Expect: 100-continue\r\n",
    "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n",
];

#[test]
fn a_body_of_many_megabytes_that_is_refused_is_answered_all_the_same() {
    let mock = TallyfyMock::start();
    let json = "Content-Type: application/json\r\n";
    let tallyfys = |line: &str, headers: &str| {
        let named = "Host: mock\r\nX-Tallyfy-Client: x\r\n";
        format!("{line} HTTP/1.1\r\n{named}{json}{headers}")
    };
    let token = "Authorization: Bearer t\r\n";
    let groups = "POST /api/organizations/acme/groups";
    for (head, status) in [
        (tallyfys(groups, token), "413"),
        (tallyfys(groups, ""), "401"),
        (tallyfys("POST /api/nothing", token), "404"),
        (
            tallyfys("PATCH /api/organizations/acme/groups", token),
            "405",
        ),
        (
            tallyfys("DELETE /organizations/acme/groups/1", token),
            "404",
        ),
        (
            tallyfys(groups, "Authorization: Bearer t\r\nPrefer: code=503\r\n"),
            "503",
        ),
        (
            format!("PUT /_mock/state HTTP/1.1\r\nHost: evil.test\r\n{json}"),
            "403",
        ),
        (
            "PUT /_mock/state HTTP/1.1\r\nHost: localhost\r\n".to_owned(),
            "415",
        ),
        (
            format!("GET /_mock/nothing HTTP/1.1\r\nHost: localhost\r\n{json}"),
            "404",
        ),
    ] {
        for framing in FRAMINGS {
            let line = answered(&mock.uri(), &head, framing, 12);
            assert!(
                line.starts_with(&format!("http/1.1 {status}")),
                "{line}: {head}{framing}"
            );
        }
    }
    next_is_answered(&mock.uri());
}

#[test]
fn a_refused_body_is_read_on_up_to_its_bound() {
    let mock = TallyfyMock::start();
    let head = "POST /api/organizations/acme/groups HTTP/1.1\r\nHost: mock\r\nContent-Type: application/json\r\n";
    let mib = Limits::DISCARDED_BYTES / 1024 / 1024;
    assert!(Limits::DISCARDED_TIME > Duration::from_secs(1));
    for framing in FRAMINGS {
        let line = answered(&mock.uri(), head, framing, mib - 1);
        assert!(line.starts_with("http/1.1 401"), "{line}: {framing}");
    }
    // Beyond it the connection ends, and the next client is served.
    let mut endless = Connection::to(&mock.uri());
    endless.send(format!("{head}Content-Length: 1099511627776\r\n\r\n"));
    let piece = vec![b' '; 1024 * 1024];
    let mut sent = 0;
    while endless.0.get_mut().write_all(&piece).is_ok() {
        sent += 1;
    }
    assert!((8..mib * 4).contains(&sent), "{sent} MiB were taken");
    next_is_answered(&mock.uri());
}

#[test]
fn a_client_that_waits_for_100_continue_is_refused_before_it_sends_anything() {
    let mock = TallyfyMock::start();
    for (head, status) in [
        (
            "POST /api/organizations/acme/groups HTTP/1.1\r\nHost: mock\r\n",
            "401",
        ),
        ("PUT /_mock/state HTTP/1.1\r\nHost: evil.test\r\n", "403"),
        ("PUT /_mock/state HTTP/1.1\r\nHost: localhost\r\n", "413"),
    ] {
        let mut polite = Connection::to(&mock.uri());
        polite.send(format!(
            "{head}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n"
        ));
        let (head, _) = polite.answer();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{head}");
        assert!(head.contains("connection: close"), "{head}");
        assert!(polite.is_closed());
    }
    next_is_answered(&mock.uri());
}
