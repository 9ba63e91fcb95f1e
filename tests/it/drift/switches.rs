//! Contracts that differ are told, by the switch in which they do.

use tallyfy_mock::{
    TallyfyMock,
    domain::contract::{Contract, ContractChoice},
    remote::drift::{Outcome, Plan, Report, Verdict},
};

use super::{host, plan, report, whole_plan};

/// The contract that flags stand for.
fn by_flags(flags: &str) -> ContractChoice {
    let mut words = flags.split_whitespace();
    let mut choice = ContractChoice::default();
    while let (Some(flag), Some(value)) = (words.next(), words.next()) {
        match flag {
            "--edition" => choice.edition = Some(value.parse().unwrap()),
            "--set" => choice.switches.push(value.parse().unwrap()),
            _ => panic!("{flags}"),
        }
    }
    choice
}

/// A mock that was started with what a report says agrees, when it is looked at again.
fn agrees(found: &Report, mock: &TallyfyMock, plan: Plan) {
    let asked_under = by_flags(&found.agrees_under.flags);
    let again = report(
        &Plan {
            asked_under,
            ..plan
        },
        mock,
    );
    assert_eq!(again.outcome, Outcome::Same, "{again}");
    assert_eq!(again.agrees_under.flags, found.agrees_under.flags);
}

/// The values that are told, and whether any switch is not looked at.
fn told<'r>(report: &'r Report, key: &str) -> Option<&'r str> {
    let mut switches = report.switches.iter();
    switches.find(|it| it.switch == key).unwrap().host
}

#[test]
fn every_switch_is_named_at_every_value_and_no_other_with_it() {
    for (key, values) in Contract::SWITCHES {
        for value in *values {
            let mock = host().set(key, value).start();
            let found = report(&whole_plan(), &mock);
            let is_default = *value == values[0];
            let outcome = if is_default {
                Outcome::Same
            } else {
                Outcome::Different
            };
            assert_eq!(found.outcome, outcome, "{key}={value}\n{found}");
            let flags = if is_default {
                String::new()
            } else {
                format!("--set {key}={value}")
            };
            assert_eq!(found.agrees_under.flags, flags, "{found}");
            assert_eq!(found.unexplained, [], "{found}");
            assert_eq!(told(&found, key), Some(*value));
            let unlooked = found.switches.iter().find(|it| it.host.is_none());
            assert_eq!(unlooked, None, "{key}={value}");
            assert!(found.counts.compared > 1000, "{found}");
            if !is_default {
                agrees(&found, &mock, whole_plan());
            }
        }
    }
}

#[test]
fn what_reading_tells_is_told_by_reading_alone_and_the_rest_is_not_looked_at() {
    let by_reading = [
        "time_keys",
        "time_format",
        "missing_client_header",
        "per_page_cap",
        "empty_links",
        "next_link",
        "guests_include",
    ];
    let mock = host().start();
    let found = report(&plan(), &mock);
    assert_eq!(found.outcome, Outcome::Same);
    for switch in &found.switches {
        let is_told = by_reading.contains(&switch.switch);
        assert_eq!(switch.host.is_some(), is_told, "{}", switch.switch);
        assert_eq!(switch.needs.is_none(), is_told, "{}", switch.switch);
    }
    for (key, values) in Contract::SWITCHES
        .iter()
        .filter(|(key, _)| by_reading.contains(key))
    {
        for value in &values[1..] {
            let found = report(&plan(), &host().set(key, value).start());
            assert_eq!(
                found.agrees_under.flags,
                format!("--set {key}={value}"),
                "{found}"
            );
        }
    }
}

#[test]
fn an_edition_is_named_where_that_is_shorter() {
    let mock = host().edition("2025-08").start();
    let found = report(&whole_plan(), &mock);
    assert_eq!(found.agrees_under.flags, "--edition 2025-08");
    assert_eq!(found.agrees_under.or_else, None);
    agrees(&found, &mock, whole_plan());
    // Reading sees one of the four switches: one flag either way, and the other edition is told as well.
    let found = report(&plan(), &mock);
    assert_eq!(found.agrees_under.flags, "--set time_keys=updated_at");
    assert_eq!(found.agrees_under.or_else, Some("2025-08"));
    agrees(&found, &mock, plan());
    // From the other side.
    let asked_under = by_flags("--edition 2025-08");
    let found = report(
        &Plan {
            asked_under,
            ..whole_plan()
        },
        &host().start(),
    );
    assert_eq!(
        (found.outcome, found.agrees_under.flags.as_str()),
        (Outcome::Different, "")
    );
}

#[test]
fn many_switches_at_once_are_all_found() {
    let mut mock = host();
    let mut expected = Vec::new();
    for (key, values) in Contract::SWITCHES {
        let last = values[values.len() - 1];
        mock = mock.set(key, last);
        expected.push((*key, last));
    }
    let mock = mock.start();
    let found = report(&whole_plan(), &mock);
    for (key, value) in expected {
        assert_eq!(told(&found, key), Some(value), "{key}: {found}");
    }
    assert_eq!(found.unexplained, [], "{found}");
    agrees(&found, &mock, whole_plan());
}

#[test]
fn what_no_switch_explains_is_the_text_of_an_issue_without_a_value() {
    let mock = host().start();
    let secret = serde_json::json!({ "data": { "id": 7, "whim_of_theirs": "Ada Lovelace", "ada@acme.test": "555-0100" } });
    mock.fault("other")
        .on_path("GET", "/me")
        .status(200)
        .body(secret)
        .always();
    let found = report(&plan(), &mock);
    assert_eq!(found.outcome, Outcome::Different);
    let issue = found.issue.as_ref().unwrap();
    assert!(
        issue.contains("| me.get | `data.whim_of_theirs` | a text | no such key |"),
        "{issue}"
    );
    assert!(issue.contains("| me.get | `data.{…}` |"), "{issue}");
    let all = format!("{found}{}", serde_json::to_string(&found).unwrap());
    for value in [
        "Lovelace",
        "555",
        "ada@",
        "Sales",
        "cleo",
        "acme",
        "1001",
        super::TOKEN,
    ] {
        assert!(!all.contains(value), "{value} in\n{all}");
    }
    let of_me = found
        .operations
        .iter()
        .find(|it| it.operation == "me.get")
        .unwrap();
    assert_eq!(of_me.verdict, Verdict::Different);
}

#[test]
fn an_organization_without_groups_leaves_unlooked_what_groups_would_tell() {
    let mut empty = super::acme();
    empty["organizations"][0]["groups"] = serde_json::json!([]);
    let mock = TallyfyMock::builder()
        .fixture(empty)
        .set("time_keys", "updated_at")
        .start();
    let found = report(&plan(), &mock);
    assert_eq!(found.outcome, Outcome::Same, "{found}");
    let of_keys = found
        .switches
        .iter()
        .find(|it| it.switch == "time_keys")
        .unwrap();
    assert_eq!(of_keys.needs, Some("a group in the organization"));
    assert!(
        found.unknown.iter().any(|it| it.what == "data[]"),
        "{found}"
    );
    assert!(
        found.not_looked_at.iter().any(|it| it.probe == "get"),
        "{found}"
    );
}
