//! TLS in Tallyfy's place: whose name, whose trust, what a fault does, and who is turned away.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tallyfy_mock::{
    TallyfyMock,
    config::{Config, Limits, TlsOptions},
};
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, HandshakeKind, ProtocolVersion,
    RootCertStore, StreamOwned,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};

use crate::{
    binary::{Server, command, output, stderr},
    wire::{Connection, Listening, Served, get, next_is_answered, post},
};

const HOSTS: [&str; 4] = [
    "go.tallyfy.com",
    "api.tallyfy.com",
    "account.tallyfy.com",
    "staging.go.tallyfy.com",
];

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A client that trusts that certificate and nothing else.
pub(crate) struct Client(Arc<ClientConfig>);

impl Client {
    pub(crate) fn trusting(ca_pem: &str) -> Self {
        Self::changed(ca_pem, |_| {})
    }

    fn changed(ca_pem: &str, change: impl FnOnce(&mut ClientConfig)) -> Self {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
        roots.add(ca).unwrap();
        let provider = Arc::new(crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        change(&mut config);
        Self(Arc::new(config))
    }

    /// The handshake over that connection, for that name.
    fn try_over(&self, mut tcp: TcpStream, name: &str) -> std::io::Result<TlsStream> {
        tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut tls = ClientConnection::new(Arc::clone(&self.0), name).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(StreamOwned::new(tls, tcp))
    }

    /// A connection to a name that leads to the mock.
    fn direct(&self, uri: &str, name: &str) -> Connection<TlsStream> {
        let tls = self.try_over(connect(uri), name);
        Connection(BufReader::new(tls.unwrap()))
    }

    /// A connection to a name through the mock as a proxy.
    pub(crate) fn tunnel(&self, uri: &str, name: &str) -> Connection<TlsStream> {
        let mut plain = Connection::over(connect(uri));
        plain.send(format!(
            "CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n"
        ));
        assert_eq!(plain.status(), "http/1.1 200 ok");
        let tls = self.try_over(plain.0.into_inner(), name);
        Connection(BufReader::new(tls.unwrap()))
    }
}

fn connect(uri: &str) -> TcpStream {
    TcpStream::connect(uri.strip_prefix("http://").unwrap()).unwrap()
}

fn start() -> (TallyfyMock, Client) {
    let mock = TallyfyMock::builder().tls().start();
    let client = Client::trusting(mock.ca_pem().unwrap());
    (mock, client)
}

/// The alert that a failed handshake ended with.
fn alert(failed: &std::io::Error) -> Option<AlertDescription> {
    match failed.get_ref()?.downcast_ref::<Error>()? {
        Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

#[test]
fn tallyfys_hosts_are_answered_through_the_proxy_and_directly_and_so_is_plain_http() {
    let (mock, client) = start();
    for host in HOSTS {
        for mut connection in [
            client.tunnel(&mock.uri(), host),
            client.direct(&mock.uri(), host),
        ] {
            for _ in 0..3 {
                let request = get("/groups?page=2").replace("Host: mock", &format!("Host: {host}"));
                connection.send(request);
                let (head, body) = connection.answer();
                assert!(head.starts_with("http/1.1 200 ok"), "{host}: {head}");
                let link = format!("https://{host}/api/organizations/acme/groups?page=1");
                assert!(body.contains(&link), "{body}");
            }
        }
    }
    for host in [
        "localhost",
        "127.0.0.1",
        "::1",
        "tallyfy-mock",
        "host.docker.internal",
        "GO.Tallyfy.com",
    ] {
        let mut connection = client.direct(&mock.uri(), host);
        let tls = connection.0.get_ref();
        assert_eq!(tls.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        connection.send(get("/groups"));
        assert_eq!(connection.status(), "http/1.1 200 ok");
    }
    next_is_answered(&mock.uri());
}

#[test]
fn a_client_of_tls_1_2_that_offers_http_2_and_names_nobody_is_served() {
    let mock = TallyfyMock::builder().tls().start();
    let client = Client::changed(mock.ca_pem().unwrap(), |config| {
        config.alpn_protocols = vec![b"h2".into(), b"http/1.1".into()];
        config.enable_sni = false;
    });
    let mut connection = client.direct(&mock.uri(), "go.tallyfy.com");
    let tls = connection.0.get_ref();
    assert_eq!(tls.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
    connection.send(get("/groups"));
    assert_eq!(connection.status(), "http/1.1 200 ok");
}

#[test]
fn the_documents_name_the_place_that_was_asked() {
    let (mock, client) = start();
    for of in ["tallyfy", "control"] {
        let path = format!("/_mock/openapi.json?of={of}");
        let mut connection = client.direct(&mock.uri(), "localhost");
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:4443\r\n\r\n");
        connection.send(request);
        let (_, body) = connection.answer();
        let document: Value = serde_json::from_str(&body).unwrap();
        let server = document["servers"][0]["url"].as_str().unwrap();
        assert!(server.starts_with("https://localhost:4443"), "{server}");
        let plain = reqwest::blocking::get(format!("{}{path}", mock.uri())).unwrap();
        let plain: Value = plain.json().unwrap();
        let server = plain["servers"][0]["url"].as_str().unwrap();
        assert!(server.starts_with(&mock.uri()), "{server}");
    }
}

#[test]
fn a_session_is_resumed_but_takes_no_early_data() {
    let mock = TallyfyMock::builder().tls().start();
    let client = Client::changed(mock.ca_pem().unwrap(), |config| {
        config.enable_early_data = true;
    });
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let name = ServerName::try_from("go.tallyfy.com").unwrap();
        let mut tls = ClientConnection::new(Arc::clone(&client.0), name).unwrap();
        assert!(
            tls.early_data().is_none(),
            "no ticket of the mock's allows it"
        );
        let mut tcp = connect(&mock.uri());
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp).unwrap();
        }
        assert_eq!(tls.handshake_kind(), Some(kind));
        let mut connection = Connection(BufReader::new(StreamOwned::new(tls, tcp)));
        connection.send(get("/groups"));
        assert_eq!(connection.status(), "http/1.1 200 ok");
    }
}

#[test]
fn the_hello_may_come_with_the_connect() {
    let (mock, client) = start();
    let name = ServerName::try_from("go.tallyfy.com").unwrap();
    let mut tls = ClientConnection::new(client.0, name).unwrap();
    let mut hello = Vec::new();
    tls.write_tls(&mut hello).unwrap();
    let mut plain = Connection::to(&mock.uri());
    plain.send(
        [
            b"CONNECT go.tallyfy.com:443 HTTP/1.0\r\n\r\n".as_slice(),
            &hello,
        ]
        .concat(),
    );
    assert_eq!(plain.status(), "http/1.0 200 ok");
    let mut tcp = plain.0;
    while tls.is_handshaking() {
        while tls.wants_write() {
            tls.write_tls(tcp.get_mut()).unwrap();
        }
        tls.read_tls(&mut tcp).unwrap();
        tls.process_new_packets().unwrap();
    }
}

#[test]
fn a_connect_may_come_after_other_requests_but_not_within_a_tunnel() {
    let (mock, client) = start();
    let mut plain = Connection::to(&mock.uri());
    let connect = |host: &str| format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n");
    plain.send(get("/groups"));
    assert_eq!(plain.status(), "http/1.1 200 ok");
    plain.send(connect("example.com"));
    assert!(plain.status().contains("403"));
    plain.send(connect("api.tallyfy.com"));
    assert_eq!(plain.status(), "http/1.1 200 ok");
    let tls = client.try_over(plain.0.into_inner(), "api.tallyfy.com");
    let mut within = Connection(BufReader::new(tls.unwrap()));
    for host in ["api.tallyfy.com", "example.com"] {
        within.send(connect(host));
        assert!(within.status().contains("403"), "{host}");
    }
    within.send(get("/groups"));
    assert_eq!(within.status(), "http/1.1 200 ok");
    let health = reqwest::blocking::get(format!("{}/_mock/health", mock.uri())).unwrap();
    assert_eq!(health.json::<Value>().unwrap()["not_forwarded"], 3);
}

#[test]
fn every_fault_is_seen_within_tls() {
    let (mock, client) = start();
    let seen = |step: Value| {
        let acme = mock.org("acme");
        acme.reset();
        acme.seed(json!({ "groups": [{ "name": "Sales" }] }));
        let rule = json!({ "steps": [step] });
        let put = reqwest::blocking::Client::new()
            .put(format!("{}/_mock/faults/f?org=acme", mock.uri()))
            .json(&rule)
            .send()
            .unwrap();
        assert!(put.status().is_success(), "{}", put.text().unwrap());
        let mut connection = client.tunnel(&mock.uri(), "go.tallyfy.com");
        connection.send(get("/groups").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
        let mut bytes = Vec::new();
        let ended = connection.0.read_to_end(&mut bytes);
        (bytes, ended.err().map(|error| error.kind()))
    };
    // An end without `close_notify`.
    let cut = Some(ErrorKind::UnexpectedEof);
    assert_eq!(
        seen(json!({ "fault": "connection_reset" })),
        (vec![], Some(ErrorKind::ConnectionReset))
    );
    assert_eq!(seen(json!({ "fault": "empty_response" })), (vec![], cut));
    let (malformed, ended) = seen(json!({ "fault": "malformed_response" }));
    assert!(malformed.starts_with(b"HTTP/1.1 200 OK\r\n") && malformed.len() > 100);
    assert_eq!(ended, cut);
    let (random, ended) = seen(json!({ "fault": "random_data_then_close" }));
    assert!(!random.is_empty() && !random.starts_with(b"HTTP"));
    assert_eq!(ended, cut);
    let (whole, ended) = seen(json!({ "delay": { "fixed_ms": 1 } }));
    assert!(whole.ends_with(b"}"));
    assert_eq!(ended, None, "a whole answer ends with `close_notify`");
    let (truncated, ended) = seen(json!({ "fault": "truncated_body" }));
    let body =
        |bytes: &[u8]| bytes.len() - bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() - 4;
    assert_eq!((body(&truncated), ended), (body(&whole) / 2, cut));
    let (slow, ended) = seen(json!({ "fault": "slow_body", "chunk_ms": 1 }));
    assert_eq!((body(&slow), ended), (body(&whole), None));
    assert_eq!(seen(json!({ "status": 503, "body": {} })).1, None);
}

#[test]
fn a_client_that_gives_up_a_delayed_answer_ends_the_delay_within_tls_too() {
    let (mock, client) = start();
    mock.org("acme")
        .fault("slow")
        .delay(Duration::from_secs(3600))
        .times(1);
    let mut connection = client.tunnel(&mock.uri(), "go.tallyfy.com");
    connection.send(get("/groups"));
    let tls = connection.0.get_mut();
    tls.conn.send_close_notify();
    tls.flush().unwrap();
    drop(connection);
    // Nothing more is asked of it: the entry comes once the client's end has been seen.
    let journal = format!("{}/_mock/requests?org=acme", mock.uri());
    loop {
        let requests: Value = reqwest::blocking::get(&journal).unwrap().json().unwrap();
        if requests["requests"][0]["client_gone"] == true {
            break;
        }
        std::thread::yield_now();
    }
}

#[test]
fn the_control_endpoints_go_by_the_name_within_tls_too() {
    let (mock, client) = start();
    for (host, status) in [
        ("go.tallyfy.com", "403"),
        ("api.tallyfy.com", "403"),
        ("localhost", "200"),
        ("tallyfy-mock", "200"),
    ] {
        let mut connection = client.direct(&mock.uri(), host);
        connection.send(format!("GET /_mock/state HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(connection.status().contains(status), "{host}");
    }
}

#[test]
fn a_name_that_is_not_ours_is_refused_by_its_own_alert() {
    let (mock, client) = start();
    for name in [
        "example.com",
        "tallyfy.com",
        "evil.go.tallyfy.com",
        "xn--go-tallyfy.com",
    ] {
        let failed = client.try_over(connect(&mock.uri()), name).unwrap_err();
        assert_eq!(
            alert(&failed),
            Some(AlertDescription::UnrecognisedName),
            "{name}"
        );
    }
    next_is_answered(&mock.uri());
}

/// A mock that waits for an hour: whoever is told anything before is told because of what he said.
fn patient() -> (Served, Client) {
    let mock = Listening::configured(Config {
        limits: Limits {
            header_timeout: Duration::from_secs(3600),
            ..Limits::default()
        },
        tls: Some(TlsOptions::default()),
        ..Config::default()
    });
    let mock = mock.serve();
    let ca = reqwest::blocking::get(format!("{}/_mock/ca.pem", mock.uri)).unwrap();
    (mock, Client::trusting(&ca.text().unwrap()))
}

/// A record of the handshake with that version and these bytes.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0x16, 0x03, 0x01], length.as_slice(), bytes].concat()
}

/// A hello of TLS 1.1, of a cipher that all know.
fn hello_of_tls_1_1() -> Vec<u8> {
    let body = [
        [0x03, 0x02].as_slice(),
        &[7; 32],
        &[0],
        &[0, 2, 0x00, 0x2f],
        &[1, 0],
    ]
    .concat();
    let length = u8::try_from(body.len()).unwrap();
    record(&[&[1, 0, 0, length], body.as_slice()].concat())
}

#[test]
fn what_is_no_hello_is_told_by_an_alert_and_the_next_client_is_served() {
    let (mock, _) = patient();
    for begins in [
        hello_of_tls_1_1(),
        record(&[0xff; 100]),
        record(&[2, 0, 0, 1, 0]),
        b"\x16\x03\x01\x00\x00".to_vec(),
        b"\x16GET / HTTP/1.1\r\n\r\n".to_vec(),
        [b"\x16\x03\x01\xff\xff".as_slice(), &vec![0; 70_000]].concat(),
    ] {
        for connects in [false, true] {
            let mut connection = Connection::to(&mock.uri);
            if connects {
                connection
                    .send("CONNECT go.tallyfy.com:443 HTTP/1.1\r\nHost: go.tallyfy.com\r\n\r\n");
                assert_eq!(connection.status(), "http/1.1 200 ok");
            }
            connection.send_what_is_taken(&begins);
            let mut answer = Vec::new();
            let _ = connection.0.read_to_end(&mut answer);
            // A fatal alert: its kind, a version, two bytes.
            let begins = &begins[..begins.len().min(30)];
            let is_alert = matches!(answer[..], [0x15, 3, _, 0, 2, 2, _]);
            assert!(is_alert, "{answer:?} to {begins:?}");
        }
    }
    next_is_answered(&mock.uri);
}

#[test]
fn garbage_after_the_hello_is_told_by_an_alert() {
    let (mock, client) = patient();
    let name = ServerName::try_from("go.tallyfy.com").unwrap();
    let mut tls = ClientConnection::new(client.0, name).unwrap();
    let mut tcp = Connection::to(&mock.uri).0.into_inner();
    tls.write_tls(&mut tcp).unwrap();
    tcp.write_all(b"\x17\x03\x03\x00\x20an application's data, far too early")
        .unwrap();
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer);
    assert!(!answer.is_empty());
    next_is_answered(&mock.uri);
}

#[test]
fn who_is_slow_with_connect_hello_or_handshake_is_given_up() {
    let limits = Limits {
        header_timeout: Duration::from_secs(1),
        ..Limits::default()
    };
    let mock = Listening::configured(Config {
        limits,
        tls: Some(TlsOptions::default()),
        ..Config::default()
    });
    let mock = mock.serve();
    let begun = |begins: &[u8]| {
        let mut connection = Connection::to(&mock.uri);
        connection.send(begins);
        connection
    };
    let connect = b"CONNECT go.tallyfy.com:443 HTTP/1.1\r\nHost: go.tallyfy.com\r\n\r\n".as_slice();
    let hello = hello_of_tls_1_1();
    let slow = [
        begun(b""),
        begun(b"CONN"),
        begun(b"CONNECT go.tallyfy.com:443 HTTP/1.1\r\nHost: "),
        begun(&hello[..1]),
        begun(&hello[..hello.len() - 1]),
        begun(connect),
        begun(&[connect, &hello[..3]].concat()),
    ];
    for mut connection in slow {
        let rest = connection.rest();
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 200 OK"),
            "{rest}"
        );
    }
    next_is_answered(&mock.uri);
}

#[test]
fn connections_within_tls_count_and_give_way_like_others() {
    let mock = Listening::configured(Config {
        limits: Limits {
            max_connections: 1,
            ..Limits::default()
        },
        tls: Some(TlsOptions::default()),
        ..Config::default()
    });
    let mock = mock.serve();
    let ca = reqwest::blocking::get(format!("{}/_mock/ca.pem", mock.uri)).unwrap();
    assert_eq!(ca.headers()["content-type"], "application/x-pem-file");
    let client = Client::trusting(&ca.text().unwrap());
    let mut idle = client.tunnel(&mock.uri, "go.tallyfy.com");
    idle.send(get("/groups"));
    assert_eq!(idle.status(), "http/1.1 200 ok");
    // The only place is an idle connection's, which gives way: three times, in either kind.
    next_is_answered(&mock.uri);
    for _ in 0..2 {
        let mut next = client.direct(&mock.uri, "go.tallyfy.com");
        next.send(get("/groups"));
        assert_eq!(next.status(), "http/1.1 200 ok");
    }
}

#[test]
fn each_start_has_an_authority_of_its_own_whatever_the_mocks_clock_says() {
    let far = "2046-01-01T00:00:00Z".parse().unwrap();
    let (one, client) = start();
    let two = TallyfyMock::builder().tls().clock(far).start();
    assert_ne!(one.ca_pem(), two.ca_pem());
    let failed = client
        .try_over(connect(&two.uri()), "go.tallyfy.com")
        .unwrap_err();
    assert!(
        failed.to_string().contains("UnknownIssuer") || failed.to_string().contains("BadSignature"),
        "{failed}"
    );
    let client = Client::trusting(two.ca_pem().unwrap());
    let mut connection = client.tunnel(&two.uri(), "go.tallyfy.com");
    connection.send(get("/groups"));
    let (head, _) = connection.answer();
    assert!(
        head.contains("date: mon, 01 jan 2046 00:00:00 gmt"),
        "{head}"
    );
    let none = TallyfyMock::start();
    assert_eq!(none.ca_pem(), None);
    let ca = reqwest::blocking::get(format!("{}/_mock/ca.pem", none.uri())).unwrap();
    assert_eq!(ca.status(), 404);
    assert!(ca.text().unwrap().contains("`--tls`"));
}

#[test]
fn a_long_body_comes_through_tls_both_ways() {
    let (mock, client) = start();
    let mut connection = client.tunnel(&mock.uri(), "go.tallyfy.com");
    let description = "d".repeat(900_000);
    let body = json!({ "name": "Long", "description": description }).to_string();
    connection.send(post(&format!("Content-Length: {}\r\n", body.len()), &body));
    let (head, _) = connection.answer();
    assert!(
        head.starts_with("http/1.1 201") || head.starts_with("http/1.1 422"),
        "{head}"
    );
    connection.send(get("/groups"));
    assert_eq!(connection.status(), "http/1.1 200 ok");
}

#[test]
fn the_log_says_who_does_not_trust_and_who_speaks_tls_to_a_plain_port() {
    let stranger = TallyfyMock::builder().tls().start();
    let stranger = Client::trusting(stranger.ca_pem().unwrap());
    let server = Server::start(command(&["--port", "0", "--tls"]));
    for _ in 0..2 {
        let failed = stranger.try_over(connect(&server.url), "go.tallyfy.com");
        failed.unwrap_err();
    }
    let ca = server.get("/_mock/ca.pem").text().unwrap();
    let client = Client::trusting(&ca);
    let failed = client.try_over(connect(&server.url), "example.com");
    failed.unwrap_err();
    for _ in 0..2 {
        // As those do that look at the certificate once the handshake is over.
        let unused = client.direct(&server.url, "go.tallyfy.com");
        drop(unused);
    }
    let mut used = client.direct(&server.url, "go.tallyfy.com");
    used.send(get("/groups"));
    used.answer();
    let (code, _, stderr) = server.stop("TERM");
    assert_eq!(code, Some(0));
    let count = |wanted: &str| stderr.matches(wanted).count();
    assert_eq!(
        count(
            "WARN a client at 127.0.0.1 does not trust the mock's certificate: `tallyfy-mock env` prints what it needs"
        ),
        2,
        "{stderr}"
    );
    assert_eq!(
        count(
            "asks by TLS for example.com, which the mock's certificate is not for: `--tls-host example.com` adds it"
        ),
        1,
        "{stderr}"
    );
    assert_eq!(
        count("has ended TLS without asking for anything"),
        1,
        "{stderr}"
    );

    let server = Server::start(command(&["--port", "0"]));
    for _ in 0..3 {
        let failed = stranger.try_over(connect(&server.url), "go.tallyfy.com");
        failed.unwrap_err();
    }
    assert_eq!(server.get("/_mock/ready").status(), 200);
    let (_, _, stderr) = server.stop("TERM");
    let lines: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("speaks TLS"))
        .collect();
    let [line] = lines[..] else {
        panic!("{stderr}")
    };
    assert!(line.ends_with("WARN a client at 127.0.0.1 speaks TLS where plain HTTP is spoken: give it a base URL with `http://`, or start the mock with `--tls`"), "{line}");
}

#[test]
fn a_certificate_is_for_the_hosts_that_are_added_and_for_a_month() {
    let server = Server::start(command(&[
        "--port",
        "0",
        "--tls",
        "--tls-host",
        "Mock.Example.test",
        "--tls-host=api.other.test",
    ]));
    let ca = server.get("/_mock/ca.pem").text().unwrap();
    let client = Client::trusting(&ca);
    for host in ["mock.example.test", "api.other.test", "go.tallyfy.com"] {
        let mut connection = client.tunnel(&server.url, host);
        connection.send(get("/groups"));
        assert_eq!(connection.status(), "http/1.1 200 ok");
    }
    let connection = client.direct(&server.url, "go.tallyfy.com");
    let chain = connection.0.get_ref().conn.peer_certificates().unwrap();
    assert_eq!(chain.len(), 1);
    let at = |days: u64| SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60);
    assert!(is_good(&chain[0], &ca, at(28)) && !is_good(&chain[0], &ca, at(30)));
    let yesterday = SystemTime::now() - Duration::from_secs(23 * 60 * 60);
    assert!(is_good(&chain[0], &ca, yesterday));
}

/// Whether who trusts that authority takes the certificate at that time.
fn is_good(leaf: &CertificateDer<'_>, ca_pem: &str, at: SystemTime) -> bool {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let leaf = ParsedCertificate::try_from(leaf).unwrap();
    let at = UnixTime::since_unix_epoch(at.duration_since(UNIX_EPOCH).unwrap());
    let algorithms = crypto::ring::default_provider().signature_verification_algorithms;
    verify_server_cert_signed_by_trust_anchor(&leaf, &roots, &[], at, algorithms.all).is_ok()
}

/// A mock that keeps its certificate in that folder; what its log says of it, and the certificate to trust.
fn kept(dir: &Path) -> Result<String, String> {
    let dir = dir.to_str().unwrap();
    let arguments = [
        "--port",
        "0",
        "--tls",
        "--log-level",
        "warn",
        "--tls-dir",
        dir,
    ];
    let output = output_of_start(&arguments)?;
    Ok(output)
}

fn output_of_start(arguments: &[&str]) -> Result<String, String> {
    let mut child = command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let is_ready = line.starts_with("tallyfy-mock is ready on ");
    if is_ready {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    if is_ready {
        return Ok(stderr);
    }
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    Err(stderr)
}

#[test]
fn a_kept_certificate_is_the_same_at_the_next_start_and_a_bad_one_is_minted_anew() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("tls");
    let file = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!(kept(&dir).unwrap(), "");
    let first = [file("ca.pem"), file("leaf.pem"), file("leaf-key.pem")];
    assert!(!first[0].contains("KEY") && !first[1].contains("KEY"));
    assert_eq!(
        fs::read_dir(&dir).unwrap().count(),
        3,
        "nothing else is left there"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.join("leaf-key.pem")), 0o600);
        assert_eq!(mode(&dir), 0o700);
    }
    assert_eq!(kept(&dir).unwrap(), "");
    assert_eq!(
        first,
        [file("ca.pem"), file("leaf.pem"), file("leaf-key.pem")]
    );

    let other = folder.path().join("other");
    kept(&other).unwrap();
    let spoil = |name: &str, text: &str| fs::write(dir.join(name), text).unwrap();
    let mut last = first;
    for (what, spoilt) in [
        (
            "is not of the two",
            Spoilt::Text("leaf.pem", "no certificate"),
        ),
        ("is no PEM", Spoilt::Text("leaf-key.pem", "no key")),
        ("has another key", Spoilt::From("leaf-key.pem")),
        ("is not good now", Spoilt::From("ca.pem")),
        ("others may read", Spoilt::Open),
        ("is not good now", Spoilt::Dated(-40, 10)),
        ("ends within seven days", Spoilt::Dated(-24, 30)),
        ("is not good now", Spoilt::Dated(2, 30)),
    ] {
        match spoilt {
            Spoilt::Text(name, text) => spoil(name, text),
            Spoilt::From(name) => spoil(name, &fs::read_to_string(other.join(name)).unwrap()),
            Spoilt::Open => open_to_all(&dir.join("leaf-key.pem")),
            Spoilt::Dated(begin, days) => dated(&dir, begin, days),
        }
        let said = kept(&dir).unwrap();
        assert!(
            said.contains(what)
                && said.contains("another is minted, and clients have to trust its ca.pem anew"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        let now = [file("ca.pem"), file("leaf.pem"), file("leaf-key.pem")];
        assert!(
            now.iter().zip(&last).all(|(now, last)| now != last),
            "{what}"
        );
        assert_eq!(kept(&dir).unwrap(), "", "{what}");
        last = now;
    }
}

enum Spoilt {
    Text(&'static str, &'static str),
    From(&'static str),
    Open,
    /// Good from so many days from now, for so many days.
    Dated(i64, i64),
}

#[cfg(unix)]
fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

/// Puts a certificate of those days into a folder, with its key and its authority.
fn dated(dir: &Path, begin: i64, days: i64) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let names = HOSTS
        .into_iter()
        .chain(["localhost", "host.docker.internal", "tallyfy-mock"]);
    let names: Vec<String> = names.map(String::from).collect();
    let begin = time::OffsetDateTime::from(SystemTime::now()) + time::Duration::days(begin);
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let mut leaf = CertificateParams::new(names).unwrap();
    for params in [&mut ca, &mut leaf] {
        params.not_before = begin;
        params.not_after = begin + time::Duration::days(days);
    }
    let [ca_key, leaf_key] = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::new(ca, ca_key)).unwrap();
    fs::write(dir.join("ca.pem"), ca_pem).unwrap();
    fs::write(dir.join("leaf.pem"), leaf.pem().repeat(2)).unwrap();
    fs::write(dir.join("leaf-key.pem"), leaf_key.serialize_pem()).unwrap();
}

#[test]
#[cfg(unix)]
fn a_folder_or_a_file_that_cannot_be_had_refuses_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("file"), "").unwrap();
    fs::create_dir(path("real")).unwrap();
    std::os::unix::fs::symlink(path("real"), path("link")).unwrap();
    for (dir, why) in [
        (path("link"), "is a link"),
        (path("file"), "is no folder"),
        (path("file/below"), "cannot"),
        (path("not/there"), "cannot make"),
        ("/proc/sys".into(), "cannot write"),
    ] {
        let said = kept(&dir).unwrap_err();
        assert!(said.contains(why) && said.contains("--tls-dir"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    for name in ["leaf-key.pem", "leaf.pem", "ca.pem"] {
        let dir = path(&format!("dir-of-{name}"));
        kept(&dir).unwrap();
        let elsewhere = path(&format!("elsewhere-{name}"));
        fs::rename(dir.join(name), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, dir.join(name)).unwrap();
        let before = fs::read(&elsewhere).unwrap();
        let said = kept(&dir).unwrap_err();
        assert!(said.contains("perhaps a link"), "{said}");
        assert_eq!(fs::read(&elsewhere).unwrap(), before);
    }
    let ca_file = path("not/there.pem");
    let said = output_of_start(&[
        "--port",
        "0",
        "--tls",
        "--ca-file",
        ca_file.to_str().unwrap(),
    ]);
    assert!(said.unwrap_err().contains("cannot write `--ca-file`"));
}

#[test]
fn the_certificate_to_trust_is_written_and_served_and_no_key_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let server = Server::start(command(&[
        "--port",
        "0",
        "--tls",
        "--ca-file",
        file.to_str().unwrap(),
    ]));
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(server.get("/_mock/ca.pem").text().unwrap(), written);
    assert_eq!(written.matches("-----BEGIN").count(), 1);
    assert!(written.starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn flags_of_tls_that_cannot_be_are_wrong_usage() {
    for (arguments, why) in [
        (
            &["--tls", "--tls-host", "*"][..],
            "without a scheme, a port or a `*`",
        ),
        (
            &["--tls", "--tls-host", "*.example.test"],
            "expected a host's name",
        ),
        (
            &["--tls", "--tls-host", "https://example.test"],
            "expected a host's name",
        ),
        (
            &["--tls", "--tls-host", "example.test:443"],
            "expected a host's name",
        ),
        (
            &["--tls", "--tls-host", "10.0.0.1"],
            "expected a host's name",
        ),
        (&["--tls", "--tls-host", ""], "expected a host's name"),
        (&["--tls", "--tls-host=-a.test"], "expected a host's name"),
        (
            &["--tls-host", "example.test"],
            "`--tls-host` says nothing without `--tls`",
        ),
        (
            &["--tls-dir", "x"],
            "`--tls-dir` says nothing without `--tls`",
        ),
        (
            &["--ca-file", "x"],
            "`--ca-file` says nothing without `--tls`",
        ),
    ] {
        let refused = output(&[&["--port", "0"], arguments].concat());
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        let said = stderr(&refused);
        assert!(said.contains(why), "{said}");
    }
}
