//! Real sockets: connections, bodies that are cut or too long, two mocks at once.

use std::net::{Shutdown, TcpStream};

use serde_json::json;
use tallyfy_mock::TallyfyMock;

use crate::wire::{Connection, get, post};

#[test]
fn ordinary_clients_create_list_get_update_and_delete() {
    let mock = TallyfyMock::start();
    let client = reqwest::blocking::Client::new();
    for prefix in ["/api", ""] {
        let groups = format!("{}{prefix}/organizations/acme/groups", mock.uri());
        let ask = |method: reqwest::Method, url: &str| {
            client
                .request(method, url)
                .bearer_auth("t")
                .header("X-Tallyfy-Client", "APIClient")
        };
        let created = ask(reqwest::Method::POST, &groups)
            .json(&json!({ "name": "Sales", "description": "Sells" }))
            .send()
            .unwrap();
        assert_eq!(created.status(), 201);
        let created: serde_json::Value = created.json().unwrap();
        let url = format!("{groups}/{}", created["data"]["id"].as_str().unwrap());
        let listed: serde_json::Value = ask(reqwest::Method::GET, &groups)
            .send()
            .unwrap()
            .json()
            .unwrap();
        assert_eq!(listed["data"][0], created["data"]);
        assert_eq!(
            ask(reqwest::Method::GET, &url).send().unwrap().status(),
            200
        );
        assert_eq!(
            ask(reqwest::Method::PUT, &url)
                .json(&json!({ "members": [1] }))
                .send()
                .unwrap()
                .status(),
            201
        );
        assert_eq!(
            ask(reqwest::Method::DELETE, &url).send().unwrap().status(),
            204
        );
        assert_eq!(
            ask(reqwest::Method::GET, &url).send().unwrap().status(),
            404
        );
    }
}

#[test]
fn two_mocks_know_nothing_of_each_other() {
    let (one, two) = (
        TallyfyMock::start(),
        TallyfyMock::builder().edition("2025-08").start(),
    );
    assert_ne!(one.uri(), two.uri());
    let count = |mock: &TallyfyMock| {
        let mut connection = Connection::to(&mock.uri());
        connection.send(get("/groups"));
        serde_json::from_str::<serde_json::Value>(&connection.answer().1).unwrap()["meta"]["pagination"]["total"].clone()
    };
    let mut connection = Connection::to(&one.uri());
    let body = r#"{"name":"A","description":"d"}"#;
    connection.send(post(&format!("Content-Length: {}\r\n", body.len()), body));
    assert_eq!(connection.status(), "http/1.1 201 created");
    assert_eq!((count(&one), count(&two)), (json!(1), json!(0)));
}

#[test]
fn a_dropped_mock_is_gone_even_while_a_client_is_connected() {
    let mock = TallyfyMock::start();
    let mut connection = Connection::to(&mock.uri());
    connection.send(get("/groups"));
    assert_eq!(connection.status(), "http/1.1 200 ok");
    let address = mock.uri().strip_prefix("http://").unwrap().to_owned();
    drop(mock);
    assert!(connection.is_closed());
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_mock_that_cannot_start_says_why() {
    let fixture = TallyfyMock::builder()
        .fixture(json!({ "version": 3 }))
        .try_start()
        .unwrap_err();
    assert_eq!(
        fixture.to_string(),
        "version: 3 is not a version this mock reads; expected 1"
    );
    let switch = TallyfyMock::builder()
        .set("update_status", "204")
        .try_start()
        .unwrap_err();
    assert_eq!(
        switch.to_string(),
        "the contract switch `update_status` does not take `204`; it takes `201`, `200`"
    );
}

#[tokio::test]
async fn a_mock_starts_and_stops_within_an_async_runtime() {
    let mock = TallyfyMock::builder().demo().start();
    let health = reqwest::get(format!("{}/_mock/health", mock.uri()))
        .await
        .unwrap();
    assert_eq!(health.status(), 200);
}

#[test]
fn a_connection_stays_usable_after_a_refusal() {
    let mock = TallyfyMock::start();
    let mut connection = Connection::to(&mock.uri());
    let nested = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (request, status) in [
        (post("Content-Length: 1\r\n", "{"), "http/1.1 400 bad request"),
        (post("Content-Length: 400\r\n", &nested), "http/1.1 400 bad request"),
        (post("Content-Length: 2\r\n", "{}"), "http/1.1 422 unprocessable entity"),
        (post("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), "http/1.1 422 unprocessable entity"),
        ("POST /api/nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde".to_owned(), "http/1.1 404 not found"),
        ("DELETE /api/organizations/acme/groups/1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde".to_owned(), "http/1.1 401 unauthorized"),
        (get("/groups/..%2F"), "http/1.1 404 not found"),
        (get(&format!("/groups/{}", "a".repeat(10_000))), "http/1.1 404 not found"),
        (get("/groups"), "http/1.1 200 ok"),
    ] {
        connection.send(&request);
        assert_eq!(connection.status(), status, "{}", &request[..60]);
    }
}

#[test]
fn a_body_over_the_limit_is_read_on_so_that_its_413_is_seen() {
    let mock = TallyfyMock::start();
    for (headers, chunk) in [
        ("Content-Length: 4194304\r\n".to_owned(), None),
        ("Transfer-Encoding: chunked\r\n".to_owned(), Some(())),
    ] {
        let mut connection = Connection::to(&mock.uri());
        connection.send(post(&headers, ""));
        let block = vec![b' '; 65536];
        for _ in 0..64 {
            if chunk.is_some() {
                connection.send("10000\r\n");
            }
            connection.send(&block);
            if chunk.is_some() {
                connection.send("\r\n");
            }
        }
        if chunk.is_some() {
            connection.send("0\r\n\r\n");
        }
        let (head, body) = connection.answer();
        assert!(head.starts_with("http/1.1 413"), "{head}");
        assert_eq!(body, r#"{"error":true,"message":"Payload Too Large"}"#);
        connection.send(get("/groups"));
        assert_eq!(
            connection.status(),
            "http/1.1 200 ok",
            "what was read to its end leaves the connection usable"
        );
    }
}

#[test]
fn a_client_that_stops_sending_gets_its_refusal_at_once() {
    let mock = TallyfyMock::start();
    let mut connection = Connection::to(&mock.uri());
    connection.send(
        "POST /api/organizations/acme/groups HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\nsome",
    );
    let (head, _) = connection.answer();
    assert!(
        head.starts_with("http/1.1 401") && head.contains("connection: close"),
        "{head}"
    );
}

#[test]
fn a_client_that_waits_for_continue_is_not_asked_for_a_body_nobody_wants() {
    let mock = TallyfyMock::start();
    let mut connection = Connection::to(&mock.uri());
    connection.send(post(
        "Content-Length: 99999999\r\nExpect: 100-continue\r\n",
        "",
    ));
    assert!(connection.answer().0.starts_with("http/1.1 413"));
    assert!(connection.is_closed());

    let mut connection = Connection::to(&mock.uri());
    connection.send(post("Content-Length: 30\r\nExpect: 100-continue\r\n", ""));
    assert_eq!(connection.status(), "http/1.1 100 continue");
    connection.send(r#"{"name":"A","description":"d"}"#);
    assert_eq!(connection.status(), "http/1.1 201 created");
}

#[test]
fn odd_but_lawful_clients_are_served() {
    let mock = TallyfyMock::start();
    let mut pipelined = Connection::to(&mock.uri());
    pipelined.send(format!(
        "{}{}{}",
        get("/groups"),
        get("/groups/none"),
        get("/groups")
    ));
    assert_eq!(
        [pipelined.status(), pipelined.status(), pipelined.status()],
        [
            "http/1.1 200 ok",
            "http/1.1 404 not found",
            "http/1.1 200 ok"
        ]
    );

    let mut old = Connection::to(&mock.uri());
    old.send(
        get("/groups")
            .replace("HTTP/1.1", "HTTP/1.0")
            .replace("Host: mock\r\n", ""),
    );
    assert_eq!(old.status(), "http/1.0 200 ok");
    assert!(old.is_closed());

    let mut half_closed = Connection::to(&mock.uri());
    half_closed.send(get("/groups"));
    half_closed.0.get_ref().shutdown(Shutdown::Write).unwrap();
    assert_eq!(half_closed.status(), "http/1.1 200 ok");

    let mut absolute = Connection::to(&mock.uri());
    absolute.send("GET http://go.tallyfy.com/api/organizations/acme/groups?page=2 HTTP/1.1\r\nHost: other\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\n\r\n");
    assert!(
        absolute
            .answer()
            .1
            .contains("http://go.tallyfy.com/api/organizations/acme/groups?page=1")
    );
}

#[test]
fn a_page_in_somebodys_browser_does_not_reach_the_control_side() {
    let mock = TallyfyMock::start();
    let ask = |headers: &str, body: &str| {
        let mut connection = Connection::to(&mock.uri());
        connection.send(format!(
            "POST /_mock/reset HTTP/1.1\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let (head, body) = connection.answer();
        assert!(
            body.is_empty() || head.contains("application/problem+json"),
            "{head}"
        );
        assert!(!head.contains("access-control-"), "{head}");
        head.split(' ').nth(1).unwrap().to_owned()
    };
    for (headers, body, status) in [
        ("Host: localhost\r\n", "", "204"),
        (
            "Host: 127.0.0.1:8255\r\nOrigin: http://127.0.0.1:8255\r\n",
            "",
            "204",
        ),
        ("Host: [::1]:8255\r\n", "", "204"),
        ("Host: tallyfy-mock:8255\r\n", "", "204"),
        ("Host: host.docker.internal\r\n", "", "204"),
        (
            "Host: localhost\r\nContent-Type: application/json\r\n",
            "{}",
            "204",
        ),
        ("Host: rebound.evil.test\r\n", "", "403"),
        ("Host: localhost\r\nOrigin: http://evil.test\r\n", "", "403"),
        ("Host: localhost\r\nOrigin: null\r\n", "", "403"),
        (
            "Host: localhost\r\nContent-Type: text/plain\r\n",
            "{}",
            "415",
        ),
        ("Host: localhost\r\n", "{}", "415"),
        ("Host: localhost\r\nHost: evil.test\r\n", "", "400"),
        ("Host: \r\n", "", "400"),
        ("", "", "400"),
    ] {
        assert_eq!(ask(headers, body), status, "{headers}");
    }
}
