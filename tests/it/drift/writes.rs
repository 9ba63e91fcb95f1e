//! What is sent: requests that read and nothing else, unless somebody agreed; and what was made is deleted or listed.

use std::cell::Cell;

use serde_json::Value;
use tallyfy_mock::{
    TallyfyMock,
    remote::drift::{Consent, Outcome, PREFIX, Plan, Ran},
};

use super::{acme, host, plan, report, run, token, whole_plan, wire};

fn methods(mock: &TallyfyMock) -> Vec<String> {
    let requests = mock.org("acme").requests();
    let method = |request: &Value| request["method"].as_str().unwrap().to_owned();
    let mut methods: Vec<String> = requests.iter().map(method).collect();
    methods.sort();
    methods.dedup();
    methods
}

fn groups(mock: &TallyfyMock) -> Value {
    mock.org("acme").state()["groups"].clone()
}

#[test]
fn only_what_reads_is_sent_unless_it_is_agreed_to() {
    let mock = host().start();
    report(&plan(), &mock);
    assert_eq!(methods(&mock), ["GET", "HEAD", "OPTIONS"]);
    assert_eq!(plan().announced(), [""; 0]);
}

#[test]
fn what_is_announced_is_what_is_sent() {
    let mock = host().start();
    let plan = whole_plan();
    report(&plan, &mock);
    let announced = plan.announced();
    let is_change = |request: &&Value| {
        !["GET", "HEAD", "OPTIONS"].contains(&request["method"].as_str().unwrap())
    };
    let requests = mock.org("acme").requests();
    let mut sent: Vec<&Value> = requests.iter().filter(is_change).collect();
    // The last one deletes what the last create made, if it made anything.
    assert_eq!(sent.pop().unwrap()["method"], "POST");
    for request in sent {
        let line = format!(
            "{} {}",
            request["method"].as_str().unwrap(),
            request["path"].as_str().unwrap().trim_start_matches("/api")
        );
        let made = line.rsplit('/').next().unwrap().to_owned();
        let is_it = |it: &&String| {
            it.starts_with(&line)
                || it
                    .replace("{made}", &made)
                    .replace("{nobody}", &made)
                    .starts_with(&line)
        };
        assert!(
            announced.iter().any(|it| is_it(&it)),
            "{line} in {announced:#?}"
        );
    }
}

#[test]
fn what_was_there_stays_and_what_was_made_goes() {
    for switches in [
        &[][..],
        &[("description_on_create", "optional")],
        &[("delete_reply", "deleted_group")],
    ] {
        let mock = switches
            .iter()
            .fold(host(), |mock, (key, value)| mock.set(key, value))
            .start();
        let before = groups(&mock);
        report(&whole_plan(), &mock);
        assert_eq!(groups(&mock), before, "{switches:?}");
    }
}

#[test]
fn a_lost_answer_to_a_create_leaves_nothing() {
    let mock = host().start();
    let before = groups(&mock);
    let create = mock
        .fault("lost")
        .on_path("POST", "/organizations/acme/groups");
    let refusals = 4;
    create
        .skip(refusals)
        .empty_response()
        .after_write()
        .times(1);
    let Ran { report, left } = run(&whole_plan(), &mock);
    assert!(report.is_err());
    assert_eq!((groups(&mock), left), (before, vec![]));
}

#[test]
fn what_cannot_be_deleted_is_listed() {
    let mock = host().start();
    mock.fault("kept")
        .on_path("DELETE", "/organizations/acme/groups/*")
        .skip(1)
        .status(500)
        .always();
    let Ran { report, left } = run(&whole_plan(), &mock);
    assert_eq!(report.unwrap().outcome, Outcome::CouldNotLook);
    assert_eq!(left.len(), 1, "{left:?}");
    let named = groups(&mock)
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["name"].as_str().unwrap().starts_with(PREFIX))
        .count();
    assert_eq!(named, 1);
}

#[test]
fn a_host_that_dies_between_create_and_delete_leaves_a_list() {
    let mut mock = Some(host().start());
    let (wire, _) = wire(mock.as_ref().unwrap());
    let plan = Plan {
        consent: Consent {
            refusals: false,
            ..whole_plan().consent
        },
        ..plan()
    };
    let mut last = 0;
    let mut progress = |step| {
        if let tallyfy_mock::remote::drift::Progress::Probing(at, of) = step
            && at == of - 8
        {
            last = at;
            mock = None;
        }
    };
    let Ran { report, left } = plan.run(wire, token(), &mut progress, &|| false);
    assert!(report.is_err() && last > 0);
    assert_eq!(
        left.len(),
        2,
        "the one that was made, and perhaps others of its name: {left:?}"
    );
}

#[test]
fn a_signal_ends_it_and_what_was_made_is_deleted() {
    let mock = host().start();
    let before = groups(&mock);
    let (is_told, mock_of) = (Cell::new(false), &mock);
    let mut progress = |_| {
        let state = groups(mock_of);
        is_told.set(
            is_told.get() || state.as_array().unwrap().len() > before.as_array().unwrap().len(),
        );
    };
    let Ran { report, left } =
        whole_plan().run(wire(&mock).0, token(), &mut progress, &|| is_told.get());
    let said = report.unwrap_err().to_string();
    assert_eq!(said, "stopped by a signal before all was looked at");
    assert_eq!((groups(&mock), left), (before, vec![]));
}

#[test]
fn a_sandbox_of_its_own_is_the_only_place_where_groups_are_made() {
    let mut fixture = acme();
    let mut sandbox = fixture["organizations"][0].clone();
    sandbox["id"] = "sandbox".into();
    sandbox["groups"] = serde_json::json!([]);
    fixture["organizations"]
        .as_array_mut()
        .unwrap()
        .push(sandbox);
    fixture["tokens"][0]["organizations"] = serde_json::json!(["acme", "sandbox"]);
    let mock = TallyfyMock::builder().fixture(fixture).start();
    let plan = Plan {
        consent: Consent {
            refusals: false,
            sandbox: tallyfy_mock::domain::id::OrgId::parse("sandbox"),
        },
        ..plan()
    };
    let found = report(&plan, &mock);
    assert_eq!(found.outcome, Outcome::Same, "{found}");
    assert_eq!(methods(&mock), ["GET", "HEAD", "OPTIONS"]);
    let left = mock.org("sandbox").state();
    assert_eq!(left.get("groups"), None, "{left}");
}
