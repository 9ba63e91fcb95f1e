//! What cannot be looked at is said, and is never the same.

use std::time::Duration;

use tallyfy_mock::{
    TallyfyMock,
    remote::drift::{Outcome, Ran},
};

use super::{host, plan, report, run, token, wire};

/// One request of many fails, in the way that is its turn.
fn failing(mock: &TallyfyMock, at: u64) {
    let rule = mock.fault("f").skip(at);
    match at % 5 {
        0 => rule.connection_reset(),
        1 => rule.empty_response(),
        2 => rule.malformed_response(),
        3 => rule.random_data_then_close(),
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
fn html_in_the_place_of_json_is_could_not_look_and_nothing_compared_is_too() {
    let mock = host().start();
    mock.fault("proxy")
        .skip(20)
        .status(200)
        .body("<html>".into())
        .times(1);
    let found = report(&plan(), &mock);
    // A text is JSON, if an odd one: only what is none cannot be compared.
    assert_ne!(found.outcome, Outcome::Same, "{found}");
    let mock = host().start();
    mock.fault("down").skip(6).status(503).always();
    let found = report(&plan(), &mock);
    assert_eq!(
        (found.outcome, found.counts.compared),
        (Outcome::CouldNotLook, 0),
        "{found}"
    );
}
