//! How a running mock is ended: by one signal gently, by a second one at once.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::binary::{Server, command, connect};

#[test]
fn a_signal_lets_a_request_under_way_finish_and_a_second_one_does_not() {
    let half = "POST /api/organizations/acme/groups HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\nContent-Type: application/json\r\nContent-Length: 30\r\nExpect: 100-continue\r\n\r\n";
    let under_way = |server: &Server| {
        let mut stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        let mut asked = [0; 25];
        // The server asks for the body, so the request is under way.
        stream.read_exact(&mut asked).unwrap();
        stream
    };
    let gone = |server: &Server| {
        let address = server.url.strip_prefix("http://").unwrap().parse().unwrap();
        // A connection that arrives while the listener closes gets no answer, and the system would retry it for longer than the server
        // drains. So it is given up and made anew.
        let refused = || {
            let tried = TcpStream::connect_timeout(&address, Duration::from_millis(100));
            tried.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
        };
        while !refused() {}
    };

    let server = Server::start(command(&["--port", "0"]));
    let mut stream = under_way(&server);
    server.signal("TERM");
    gone(&server);
    stream
        .write_all(br#"{"name":"A","description":"d"}"#)
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.end().0, Some(0));

    let server = Server::start(command(&["--port", "0"]));
    let _stream = under_way(&server);
    server.signal("INT");
    gone(&server);
    assert_eq!(server.stop("INT").0, Some(1));
}

#[test]
fn a_signal_ends_at_once_what_is_no_request_under_way() {
    let server = Server::start(command(&["--port", "0", "--max-connections", "12"]));
    let begun = |bytes: &str| {
        let mut stream = connect(&server);
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    };
    let is_answered = |stream: &mut TcpStream| {
        let mut first = [0; 15];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
    };
    let mut idle = begun("GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut stream = begun("GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut second_head =
        begun("GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /_mock/he");
    let silent = begun("");
    let half = begun("GET /api/organizations/acme/groups HTTP/1.1\r\nHost: h\r\nX-Slow: ");
    let first_line = begun("GET /api");
    for answered in [&mut idle, &mut stream, &mut second_head] {
        is_answered(answered);
    }
    let mut others = [idle, stream, second_head, silent, half, first_line];
    let stopped = Instant::now();
    server.signal("TERM");
    for (at, connection) in others.iter_mut().enumerate() {
        let mut rest = String::new();
        // A socket that is closed with unread bytes is reset.
        let _ = connection.read_to_string(&mut rest);
        if at == 1 {
            assert!(rest.ends_with("0\r\n\r\n"), "the stream has an end: {rest}");
        }
    }
    let (code, _, stderr) = server.end();
    assert_eq!(code, Some(0));
    assert!(!stderr.contains("cut off"), "{stderr}");
    assert!(
        stopped.elapsed() < Duration::from_secs(3),
        "{:?}",
        stopped.elapsed()
    );
}
