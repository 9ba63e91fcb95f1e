//! The same run twice: with a seed and a frozen clock, one script of requests gives the same bytes.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use tallyfy_mock::TallyfyMock;

/// The script of an ordinary client, with one connection a request.
const SCRIPT: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/groups",
        r#"{"name":"Sales","description":"Sells","members":[1],"guests":["a@b.test"]}"#,
    ),
    (
        "POST",
        "/groups",
        r#"{"name":"Support","description":"Helps"}"#,
    ),
    ("POST", "/groups", r#"{"name":"Support"}"#),
    ("GET", "/groups?per_page=1&sort_by=-name", ""),
    ("DELETE", "/groups/none", ""),
];

/// Every byte that comes back, the port aside.
fn run(seed: u64, org: &str) -> String {
    let clock = "2026-01-01T00:00:00Z".parse().unwrap();
    let mock = TallyfyMock::builder().seed(seed).clock(clock).start();
    let address = mock.uri().strip_prefix("http://").unwrap().to_owned();
    let answers = SCRIPT.iter().map(|(method, path, body)| {
        let mut stream = TcpStream::connect(&address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /api/organizations/{org}{path} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.replace('\r', "") + "\n"
    });
    answers.collect::<String>().replace(&address, "mock")
}

#[test]
fn a_seed_and_a_frozen_clock_give_the_same_bytes() {
    let first = run(7, "acme");
    assert_eq!(run(7, "acme"), first);
    assert_ne!(run(8, "acme"), first);
    assert_ne!(
        run(7, "globex").replace("globex", "acme"),
        first,
        "each organization has ids of its own"
    );
    insta::assert_snapshot!(first, @r#"
    HTTP/1.1 201 Created
    content-type: application/json
    date: Thu, 01 Jan 2026 00:00:00 GMT
    content-length: 209
    connection: close

    {"data":{"id":"d214eb0354b455e094f06fc29576ec56","name":"Sales","description":"Sells","logo":null,"members":[1],"guests":["a@b.test"],"created_at":"2026-01-01T00:00:00Z","last_updated":"2026-01-01T00:00:00Z"}}
    HTTP/1.1 201 Created
    content-type: application/json
    date: Thu, 01 Jan 2026 00:00:00 GMT
    content-length: 200
    connection: close

    {"data":{"id":"bb9c32a1faa651cf83b1110071fa3784","name":"Support","description":"Helps","logo":null,"members":[],"guests":[],"created_at":"2026-01-01T00:00:00Z","last_updated":"2026-01-01T00:00:00Z"}}
    HTTP/1.1 422 Unprocessable Entity
    content-type: application/json
    x-tallyfy-mock-reason: The name has already been taken.
    date: Thu, 01 Jan 2026 00:00:00 GMT
    content-length: 162
    connection: close

    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name has already been taken."],"description":["The description field is required."]}}
    HTTP/1.1 200 OK
    content-type: application/json
    date: Thu, 01 Jan 2026 00:00:00 GMT
    content-length: 385
    connection: close

    {"data":[{"id":"bb9c32a1faa651cf83b1110071fa3784","name":"Support","description":"Helps","logo":null,"members":[],"guests":[],"created_at":"2026-01-01T00:00:00Z","last_updated":"2026-01-01T00:00:00Z"}],"meta":{"pagination":{"total":2,"count":1,"per_page":1,"current_page":1,"total_pages":2,"links":{"next":"http://mock/api/organizations/acme/groups?per_page=1&sort_by=-name&page=2"}}}}
    HTTP/1.1 404 Not Found
    content-type: application/json
    x-tallyfy-mock-reason: the organization has no such group
    date: Thu, 01 Jan 2026 00:00:00 GMT
    content-length: 73
    connection: close

    {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
    "#);
}
