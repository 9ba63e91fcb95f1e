//! Whatever is stored, answers take little memory, however long they are and however slowly they are read.

use std::{
    convert::Infallible,
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::HeaderValue,
};
use futures_util::{FutureExt, StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tallyfy_mock::{TallyfyMock, config::Limits};
use tower::ServiceExt;

use crate::{
    binary::{Server, command},
    support::{TestApp, request},
    wire::{Connection, get},
};

const GROUPS: &str = "/api/organizations/acme/groups";
const MIB: usize = 1024 * 1024;

/// An organization of which most lists are several MiB long.
fn large() -> Value {
    let members: Vec<u64> = (1..=300).collect();
    let user = |id: &u64| json!({ "id": id, "email": format!("user{id}@acme.test") });
    let guest = |id: &u64| json!({ "email": format!("guest{id}@partner.test"), "created_at": "2026-01-01T00:00:00Z" });
    let group = |i: usize| json!({ "name": format!("Group {i}"), "members": members, "description": "d".repeat(40_000) });
    json!({
        "name": "Acme",
        "users": members.iter().map(user).collect::<Vec<_>>(),
        "guests": members.iter().map(guest).collect::<Vec<_>>(),
        "groups": (0..40).map(group).collect::<Vec<_>>(),
    })
}

fn large_app(change: impl FnOnce(&mut Limits)) -> TestApp {
    let mut acme = large();
    acme["id"] = "acme".into();
    let fixture = json!({ "version": 1, "organizations": [acme], "template": {} });
    TestApp::start(&fixture, |config| change(&mut config.limits))
}

/// What is answered with more than fits into one piece.
fn long_paths() -> Vec<String> {
    let org = "/api/organizations/acme";
    vec![
        format!("{GROUPS}?per_page=100"),
        format!("{GROUPS}?per_page=40&with=users,guests"),
        format!("{org}/users?with=groups"),
        "/_mock/state".into(),
        "/_mock/state?org=acme".into(),
    ]
}

#[test]
fn whatever_is_stored_an_answer_takes_little_memory() {
    let server = Server::start(command(&["--port", "0", "--log-level", "off"]));
    let pid = server.pid();
    // The kilobytes that are resident now, and that were at most since the peak was forgotten.
    let resident = |key: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<usize>()
            .unwrap()
            * 1024
    };
    let ask = |method: &str, path: &str, body: String| {
        let mut connection = TcpStream::connect(format!("127.0.0.1:{}", server.port())).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer any\r\nX-Tallyfy-Client: APIClient\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection.write_all(body.as_bytes()).unwrap();
        let mut length = 0;
        let mut piece = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = connection.read(&mut piece) {
            length += read;
        }
        length
    };
    ask("PUT", "/_mock/state?org=acme", large().to_string());
    let members: Vec<u64> = (1..=60_000).collect();
    let many = json!({ "name": "Many", "description": "d", "members": members });
    ask("POST", "/api/organizations/big/groups", many.to_string());
    let refused = json!({ "name": "", "sent": "s".repeat(15_000) }).to_string();
    for _ in 0..200 {
        ask("POST", GROUPS, refused.clone());
    }
    let mut paths = long_paths();
    paths.extend([
        "/api/organizations/big/groups?with=users".into(),
        "/_mock/requests".into(),
    ]);
    let mut longest = 0;
    for path in paths {
        fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
        let before = resident("VmRSS");
        let length = ask("GET", &path, String::new());
        assert!(length > MIB, "{path} has {length} bytes");
        longest = longest.max(length);
        let taken = resident("VmHWM").saturating_sub(before);
        // The law says 32 MiB.
        assert!(taken <= 8 * MIB, "{path} took {taken} bytes for {length}");
    }
    assert!(longest > 40 * MIB, "the longest answer has {longest} bytes");
}

#[test]
fn a_long_answer_is_the_same_piece_by_piece_and_with_head() {
    let app = large_app(|_| ());
    for path in long_paths() {
        app.block_on(async |app| {
            let answer = |method: &str| app.clone().oneshot(request(method, &path, ""));
            let (get, head) = (answer("GET").await.unwrap(), answer("HEAD").await.unwrap());
            assert_eq!(
                (get.status(), get.headers()),
                (head.status(), head.headers()),
                "{path}"
            );
            assert_eq!(get.headers().get("content-length"), None, "{path}");
            assert_eq!(head.into_body().collect().await.unwrap().to_bytes(), "");
            let body = get.into_body().collect().await.unwrap().to_bytes();
            assert!(body.len() > MIB);
            let json: Value = serde_json::from_slice(&body).unwrap();
            if let Some(rows) = json["data"].as_array() {
                assert_eq!(json["meta"]["pagination"]["count"], rows.len(), "{path}");
            }
        });
    }
    // What is shorter has its length.
    let short = app.as_manager().list_groups("acme", "per_page=20");
    assert!(short.body.len() > 512 * 1024);
    let users = app.look("/_mock/state?org=acme").json();
    assert_eq!(users["users"].as_array().unwrap().len(), 300);
}

#[test]
fn answers_that_nobody_reads_leave_a_503_to_the_rest() {
    let app = large_app(|limits| {
        limits.max_connections = 1;
        limits.max_answer_memory = 6 * MIB;
    });
    let long = format!("{GROUPS}?per_page=100");
    app.block_on(async |app| {
        let ask = |path: &str| app.clone().oneshot(request("GET", path, ""));
        let mut unread = Vec::new();
        let refused = loop {
            let answer = ask(&long).await.unwrap();
            if answer.status() != 200 {
                break answer;
            }
            unread.push(answer);
            assert!(unread.len() < 100, "they take memory");
        };
        assert_eq!(refused.status(), 503);
        let why = refused.headers()["x-tallyfy-mock-reason"].to_str().unwrap();
        assert!(why.contains("--max-answer-memory"), "{why}");
        let body = refused.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"{"error":true,"message":"Service Unavailable"}"#);
        let refused = ask("/_mock/state").await.unwrap();
        assert_eq!(refused.status(), 503);
        assert_eq!(
            refused.headers()["content-type"],
            "application/problem+json"
        );
        let body = refused.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("--max-answer-memory"));
        // A short answer needs none of it.
        assert_eq!(
            ask(&format!("{GROUPS}?per_page=1")).await.unwrap().status(),
            200
        );
        // Whoever goes gives back what they held, and who waits gets it.
        let mut waiting = Box::pin(ask(&long));
        assert!(waiting.as_mut().now_or_never().is_none());
        unread.pop();
        assert_eq!(waiting.await.unwrap().status(), 200);
    });
}

#[test]
fn a_long_answer_is_cut_in_its_middle_and_can_be_slow() {
    let mock = TallyfyMock::start();
    let org = mock.org("acme");
    org.seed(large());
    let path = format!("{GROUPS}?per_page=100");
    let raw = || {
        let mut connection = Connection::to(&mock.uri());
        connection.send(get("/groups?per_page=100"));
        connection.rest()
    };
    let client = reqwest::blocking::Client::new();
    let read = || {
        let request = client.get(format!("{}{path}", mock.uri()));
        let request = request
            .bearer_auth("any")
            .header("x-tallyfy-client", "APIClient");
        request.send().unwrap().text().unwrap()
    };
    let whole = read();
    org.fault("slow")
        .slow_body(Duration::from_millis(1))
        .times(1);
    assert!(read() == whole, "slowly all of it comes");
    let entry = org.requests().pop().unwrap();
    assert_eq!(
        entry["response"]["bytes"],
        Value::Null,
        "nobody has counted it"
    );
    let kept = entry["response"]["cut"].as_str().unwrap();
    assert!(whole.starts_with(kept) && kept.len() == 16 * 1024);
    org.fault("cut").truncated_body().times(1);
    let (half, cut) = (whole.len() / 2, raw().len());
    // The head and the lengths of the pieces come to that.
    assert!(
        (half..half + 1000).contains(&cut),
        "{cut} bytes of {}",
        whole.len()
    );
}

#[test]
fn bodies_that_take_all_memory_leave_a_503_to_the_rest() {
    let app = TestApp::start(&json!({ "version": 1, "organizations": [] }), |config| {
        config.limits.max_connections = 1;
        config.limits.max_body_memory = 640 * 1024;
    });
    app.block_on(async |app| {
        // Bodies that came half, as long as they are not all there.
        let half = |method: &str, path: &str| {
            let begin = Bytes::from(vec![b' '; 200 * 1024]);
            let pieces = stream::iter([begin.clone(), begin]).map(Ok::<_, Infallible>);
            let body = Body::from_stream(pieces.chain(stream::pending()));
            let mut request = request(method, path, body);
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert("content-type", json);
            app.clone().oneshot(request)
        };
        let mut begun = Box::pin(half("POST", GROUPS));
        for _ in 0..10 {
            assert!(begun.as_mut().now_or_never().is_none());
        }
        let refused = half("POST", GROUPS).await.unwrap();
        assert_eq!(refused.status(), 503);
        let why = &refused.headers()["x-tallyfy-mock-reason"];
        assert!(
            why.to_str().unwrap().contains("--max-body-memory"),
            "{why:?}"
        );
        let refused = half("POST", "/_mock/seed").await.unwrap();
        assert_eq!(refused.status(), 503);
        assert_eq!(
            refused.headers()["content-type"],
            "application/problem+json"
        );
        // What is short needs none of it, and whoever goes gives back what they held.
        let short = json!({ "name": "Short", "description": "d" }).to_string();
        let status = async |body: String| {
            let mut request = request("POST", GROUPS, body);
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert("content-type", json);
            app.clone()
                .oneshot(request)
                .await
                .unwrap()
                .status()
                .as_u16()
        };
        assert_eq!(status(short).await, 201);
        drop(begun);
        let told = half("POST", GROUPS).await.unwrap().status();
        assert_eq!(told, 408, "it is waited for until it is late");
    });
}
