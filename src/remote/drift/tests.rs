//! The lists of probes, held against mocks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    changes::{REFUSALS, WRITES},
    compare::compare,
    made_of::needs,
    mocked::{Answered, Mocked},
    names::Names,
    places::Places,
    probes::PROBES,
    step::Step,
};
use crate::domain::contract::{Contract, Edition, Switch};

fn steps() -> Vec<Step> {
    let changes = REFUSALS.iter().chain(WRITES).map(Step::Change);
    PROBES.iter().map(Step::Read).chain(changes).collect()
}

/// An organization with that many of each.
fn acme(of_each: usize) -> Value {
    let all = |row: &dyn Fn(usize) -> Value| (0..of_each).map(row).collect::<Vec<_>>();
    let user = |i| json!({ "id": 1001 + i, "role": "admin" });
    let guest =
        |i| json!({ "email": format!("g{i}@b.test"), "created_at": "2026-01-15T09:00:00Z" });
    let group = |i| {
        json!({
            "id": format!("id-{i}"), "name": format!("Fleet {i}"), "members": [1001], "guests": ["g0@b.test"],
            "created_at": "2026-01-15T09:00:00Z"
        })
    };
    json!({ "version": 1, "organizations": [{
        "id": "acme", "users": all(&user), "guests": all(&guest), "groups": all(&group),
    }]})
}

fn places() -> Places {
    let some = |text: &str| Some(text.to_owned());
    Places {
        org: "acme".to_owned(),
        group: some("id-0"),
        user: some("1001"),
        guest: some("g0@b.test"),
        nobody: "f00f00".to_owned(),
        foreign: some("globex"),
        sandbox: some("sandbox"),
        made: None,
        name: "tallyfy-mock drift f00f00".to_owned(),
    }
}

/// Which of the switches show in which step, if they are turned one at a time, from that contract on.
fn seen_from(
    contract: Contract,
    of_each: usize,
    keys: &[&str],
) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let (steps, names) = (steps(), Names::new());
    let mocked = Mocked::new(
        acme(of_each),
        &json!({ "id": 1001 }),
        Some("sandbox"),
        "/api",
    )
    .unwrap();
    let answers = |contract| {
        mocked
            .answers(contract, &steps, &places(), |_| true)
            .unwrap()
    };
    let before = answers(contract);
    let mut seen: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (key, values) in Contract::SWITCHES
        .iter()
        .filter(|(key, _)| keys.contains(key))
    {
        for value in *values {
            let after = answers(contract.with(Switch::new(key, value).unwrap()));
            for ((step, before), after) in steps.iter().zip(&before).zip(after) {
                let answer = |it: &Option<Answered>| it.clone().unwrap();
                let (Some(before), Some(after)) = (answer(before), answer(&after)) else {
                    continue;
                };
                if compare(&before, &after, &names).different() > 0 {
                    seen.entry(step.name()).or_default().insert(*key);
                }
            }
        }
    }
    seen
}

#[test]
fn each_probe_tells_of_exactly_the_switches_that_show_in_its_answer() {
    // Some show only where another is turned: what is no JSON has fields to be refused only under `no_fields`.
    let default = Edition::March2026.contract();
    let turned = |switches: &[(&str, &str)]| {
        let switches = switches.iter();
        switches.fold(default, |contract, (key, value)| {
            contract.with(Switch::new(key, value).unwrap())
        })
    };
    let mut seen: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let turned = turned(&[
        ("malformed_json", "no_fields"),
        ("missing_client_header", "ignore"),
    ]);
    let keys = Contract::keys();
    // One group makes lists of one page, two make short pages that lead to others, 102 long ones.
    let turns = [
        (default, 1, &keys[..]),
        (default, 2, &keys),
        (Edition::August2025.contract(), 1, &keys),
        (turned, 1, &keys),
        (default, 102, &["next_link"]),
    ];
    for (contract, of_each, keys) in turns {
        for (step, switches) in seen_from(contract, of_each, keys) {
            seen.entry(step).or_default().extend(switches);
        }
    }
    let mut wrong = Vec::new();
    for step in steps() {
        let told: BTreeSet<&str> = step.tells().iter().copied().collect();
        let seen = seen.remove(step.name()).unwrap_or_default();
        if told != seen {
            wrong.push(format!(
                "`{}` says that it tells of {told:?}, and {seen:?} show",
                step.name()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_switch_shows_in_a_probe_and_it_is_said_what_that_takes() {
    for key in Contract::keys() {
        assert_ne!(needs(key), "a probe that there is not", "{key}");
    }
    assert_eq!(needs("foreign_org"), "`--foreign-org ID`");
    assert_eq!(needs("delete_reply"), "`--sandbox-org ID --writes`");
}

#[test]
fn no_two_probes_have_one_name() {
    let steps = steps();
    let names: BTreeSet<_> = steps.iter().map(|step| step.name()).collect();
    assert_eq!(names.len(), steps.len());
}

#[test]
fn no_bar_of_a_table_is_in_the_name_of_a_probe() {
    for step in steps() {
        assert!(!step.name().contains(['|', ';', '\n']), "{}", step.name());
    }
}
