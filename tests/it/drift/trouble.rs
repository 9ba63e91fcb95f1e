//! What cannot be looked at is said, and is never the same.

use std::time::Duration;

use tallyfy_mock::{
    TallyfyMock,
    remote::{
        Limits, Target, Wire,
        drift::{Outcome, Ran},
    },
};

use super::{host, plan, report, run, token, wire};
use crate::remote::{
    NoTime,
    server::{Server, answer, empty_organization, head, ok, say},
};

/// One request of many fails, in the way that is its turn.
fn failing(mock: &TallyfyMock, at: u64) {
    let rule = mock.fault("f").skip(at);
    match at % 9 {
        0 | 4 => rule.connection_reset(),
        1 | 5 => rule.empty_response(),
        2 | 6 => rule.malformed_response(),
        3 | 7 => rule.random_data_then_close(),
        _ => rule.status(500),
    }
    .times(1);
}

#[test]
fn a_fault_on_any_request_is_told_and_never_the_same() {
    let mock = host().start();
    let requests = report(&plan(), &mock).counts.requests;
    assert!(requests > 70, "{requests}");
    for at in 0..requests.into() {
        mock.reset();
        failing(&mock, at);
        match run(&plan(), &mock).report {
            Ok(report) => {
                assert_eq!(report.outcome, Outcome::CouldNotLook, "{at}: {report}");
                assert_eq!(report.failed.len(), 1, "{at}: {report}");
            }
            Err(trouble) => {
                let said = trouble.to_string();
                assert!(
                    said.contains("GET ") || said.contains("HEAD ") || said.contains("OPTIONS "),
                    "{at}: {said}"
                );
                assert!(!said.contains("acme"), "{said}");
            }
        }
    }
}

#[test]
fn a_host_that_says_to_wait_is_waited_for() {
    let mock = host().start();
    mock.fault("busy")
        .skip(40)
        .status(429)
        .retry_after(7)
        .times(2);
    let (wire, time) = wire(&mock);
    let ran = plan().run(wire, token(), &mut |_| {}, &|| false);
    assert_eq!(ran.report.unwrap().outcome, Outcome::Same);
    assert_eq!(*time.waited.lock().unwrap(), Duration::from_secs(14));
}

#[test]
fn a_host_that_goes_half_way_is_a_trouble() {
    let mut mock = Some(host().start());
    let (wire, _) = wire(mock.as_ref().unwrap());
    let mut asked = 0;
    let Ran { report, left } = plan().run(
        wire,
        token(),
        &mut |_| {
            asked += 1;
            if asked == 40 {
                mock = None;
            }
        },
        &|| false,
    );
    assert!(report.is_err() && left.is_empty());
}

#[test]
fn where_nothing_is_compared_it_could_not_look() {
    let mock = host().start();
    mock.fault("down").skip(6).status(500).always();
    let found = report(&plan(), &mock);
    assert_eq!(
        (found.outcome, found.counts.compared),
        (Outcome::CouldNotLook, 0),
        "{found}"
    );
}

/// What each probe of the caller's organizations is answered: bytes that are no answer of Tallyfy's.
fn odd(bytes: Vec<u8>) -> Ran {
    let server = Server::start(move |path, stream| {
        if path.starts_with("/me/organizations") {
            say(stream, &bytes);
        } else {
            say(stream, &ok(&empty_organization(path)));
        }
    });
    let wire = Wire::new(
        Target::parse(&server.base).unwrap(),
        None,
        Limits::default(),
        NoTime::new(),
    );
    plan().run(wire.unwrap(), token(), &mut |_| {}, &|| false)
}

#[test]
fn an_answer_that_is_none_is_told_with_its_probe() {
    let json = |body: &[u8]| answer("200 OK", "application/json", body);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let many = [b"[".to_vec(), b"1,".repeat(400_000), b"1]".to_vec()].concat();
    for bytes in [
        json(b"<!DOCTYPE html><title>Sign in</title>"),
        json(b"{\"data\":\"\xff\xfe\"}"),
        json(b"{\"data\":["),
        json(&deep),
        json(&many),
        answer("502 Bad Gateway", "text/html", b"<html>"),
    ] {
        let found = odd(bytes).report.unwrap();
        assert_eq!(found.outcome, Outcome::CouldNotLook, "{found}");
        let failed: Vec<&str> = found.failed.iter().map(|it| it.probe).collect();
        assert_eq!(
            failed,
            [
                "my organizations",
                "my organizations, 101 a page",
                "my organizations, past the end"
            ]
        );
        assert!(!found.to_string().contains("Sign in"), "{found}");
    }
    let head = |length: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{length}\r\n").into_bytes()
    };
    let endless = [head("Connection: close\r\n"), b"[1,".repeat(7_000_000)].concat();
    for bytes in [
        endless,
        [head("Content-Length: 9\r\n"), b"{".to_vec()].concat(),
        b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(),
        Vec::new(),
    ] {
        let said = odd(bytes).report.unwrap_err().to_string();
        assert!(said.starts_with("GET /me/organizations: "), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let elsewhere = Server::saying(ok(&serde_json::json!({ "data": [] })));
    let location = format!("Location: {}/stolen\r\n", elsewhere.base);
    let found = odd(head("302 Found", &location)).report.unwrap();
    assert_eq!(found.outcome, Outcome::Different, "{found}");
    assert_eq!(elsewhere.requests(), [""; 0]);
    assert!(!found.to_string().contains("stolen"), "{found}");
}
