//! Requests under way: they are in the journal while they wait, also if their client gives up.

use std::{io::BufRead, net::Shutdown, time::Duration};

use serde_json::{Value, json};
use tallyfy_mock::{Operation, Org, TallyfyMock};

use crate::wire::{Connection, HALF_A_HEAD, get, half_a_body, post};

const HOUR: Duration = Duration::from_secs(3600);

/// Polls by requests until a condition holds, so that nothing sleeps.
fn wait_for(org: &Org<'_>, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..100_000 {
        let requests = org.requests();
        if is_so(&requests) {
            return requests;
        }
        std::thread::yield_now();
    }
    panic!("it never came: {:#?}", org.requests());
}

fn is_under_way(requests: &[Value]) -> bool {
    requests.len() == 1 && requests[0]["under_way"] == true
}

fn is_over(requests: &[Value]) -> bool {
    requests.len() == 1 && requests[0]["under_way"].is_null()
}

/// Reads up to a line that contains this.
fn until(connection: &mut Connection, wanted: &str) -> String {
    let mut heard = String::new();
    while !heard
        .lines()
        .any(|line| line.starts_with(wanted) || line.contains(wanted) && line.starts_with("data"))
    {
        assert_ne!(connection.0.read_line(&mut heard).unwrap(), 0, "{heard}");
    }
    heard
}

fn create(name: &str) -> String {
    let body = json!({ "name": name, "description": "d" }).to_string();
    post(&format!("Content-Length: {}\r\n", body.len()), &body)
}

#[test]
fn a_client_that_gives_up_a_delayed_answer_has_asked_all_the_same() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    acme.fault("slow")
        .on(Operation::CreateGroup)
        .delay(HOUR)
        .always();
    let mut client = Connection::to(&mock.uri());
    client.send(create("Sales"));
    let asked = &wait_for(&acme, is_under_way)[0];
    assert_eq!(
        (&asked["operation"], &asked["status"]),
        (&json!("groups.create"), &Value::Null)
    );
    // `verify` does not wait.
    acme.verify(Operation::CreateGroup).times(1);
    let unmet = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        acme.verify(Operation::CreateGroup).status(201).at_most(0);
    }));
    assert!(unmet.is_err(), "it may still be answered so");
    drop(client);
    let ended = &wait_for(&acme, is_over)[0];
    assert_eq!(
        [&ended["client_gone"], &ended["status"], &ended["fault"]],
        [&json!(true), &Value::Null, &json!("slow")]
    );
    assert_eq!(
        acme.state()["groups"],
        Value::Null,
        "nothing was written yet"
    );
    acme.verify(Operation::CreateGroup).times(1);
    acme.verify(Operation::CreateGroup).status(201).at_most(0);
}

#[test]
fn timed_out_but_done_is_a_delay_after_the_write() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    acme.fault("late")
        .on(Operation::CreateGroup)
        .delay(HOUR)
        .after_write()
        .times(1);
    let mut client = Connection::to(&mock.uri());
    client.send(create("Sales"));
    wait_for(&acme, is_under_way);
    assert_eq!(
        acme.state()["groups"][0]["name"],
        "Sales",
        "the change is in before the delay"
    );
    drop(client);
    let ended = &wait_for(&acme, is_over)[0];
    assert_eq!(
        (&ended["client_gone"], &ended["status"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(acme.state()["groups"][0]["name"], "Sales");
}

#[test]
fn a_delay_after_the_write_ends_with_the_answer_of_the_write() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    acme.fault("late")
        .delay(Duration::from_millis(1))
        .after_write()
        .then()
        .delay(Duration::from_millis(1))
        .status(503)
        .after_write()
        .times(1);
    for (name, status) in [("Sales", "201"), ("Billing", "503")] {
        let mut client = Connection::to(&mock.uri());
        client.send(create(name));
        assert!(client.status().contains(status), "{name}");
    }
    assert_eq!(acme.state()["groups"].as_array().unwrap().len(), 2);
}

#[test]
fn the_end_of_what_a_client_sends_means_that_it_is_gone_only_while_it_waits_for_a_delay() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    let mut client = Connection::to(&mock.uri());
    client.send(get("/groups"));
    client.0.get_ref().shutdown(Shutdown::Write).unwrap();
    let status = client.status();
    assert_eq!(
        status, "http/1.1 200 ok",
        "half-closed elsewhere is as good as open"
    );
    acme.fault("slow").delay(HOUR).always();
    let mut client = Connection::to(&mock.uri());
    client.send(get("/groups"));
    client.0.get_ref().shutdown(Shutdown::Write).unwrap();
    assert_eq!(client.rest(), "", "nobody waits for it any more");
    let requests = wait_for(&acme, |requests| {
        requests.len() == 2 && requests[1]["client_gone"] == true
    });
    assert_eq!(requests[0]["client_gone"], Value::Null);
}

#[test]
fn a_client_that_sent_more_and_then_went_is_gone_too() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    acme.fault("slow").delay(HOUR).always();
    let mut client = Connection::to(&mock.uri());
    client.send(get("/groups"));
    wait_for(&acme, is_under_way);
    client.send(get("/groups"));
    drop(client);
    wait_for(&acme, is_over);
}

#[test]
fn a_request_whose_body_has_not_come_is_under_way() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    let mut client = Connection::to(&mock.uri());
    client.send(HALF_A_HEAD);
    assert!(acme.requests().is_empty(), "half a head is no request");
    let mut client = Connection::to(&mock.uri());
    client.send(half_a_body());
    wait_for(&acme, is_under_way);
    drop(client);
    let ended = &wait_for(&acme, is_over)[0];
    assert_eq!(ended["operation"], "groups.create");
}

#[test]
fn what_is_answered_at_once_is_recorded_once_and_what_waits_twice() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    let mut listener = Connection::to(&mock.uri());
    listener.send("GET /_mock/events?org=acme HTTP/1.1\r\nHost: localhost\r\n\r\n");
    until(&mut listener, ":");
    let ask = |request: String| {
        let mut client = Connection::to(&mock.uri());
        client.send(request);
        client.status();
    };
    ask(create("Sales"));
    ask(get("/groups"));
    acme.fault("slow").delay(Duration::from_millis(1)).times(1);
    ask(get("/groups"));
    ask(get("/groups"));
    let heard = until(&mut listener, "\"id\":7,");
    let events: Vec<&str> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    assert_eq!(
        events,
        [
            "request", "request", "rule", "rule", "asked", "request", "request"
        ]
    );
}
