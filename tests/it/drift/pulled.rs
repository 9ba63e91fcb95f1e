//! An organization of everything that is awkward: it is pulled, served again, and the mock agrees with it.

use serde_json::{Value, json};
use tallyfy_mock::{
    TallyfyMock,
    domain::id::OrgId,
    remote::{
        Limits, Organization, Reader, Target, Wire,
        drift::{Outcome, Plan},
        pull::redacted,
    },
};

use super::{plan, report, token};
use crate::remote::{
    NoTime,
    server::{Server, ok, page, say},
};

/// In every value that the host has.
const MARK: &str = "Zxqv";

/// A host whose rows have nulls, fields that nobody knows, names in every script, and addresses that differ in case.
fn awkward() -> Server {
    let names = [
        "Ünïcode",
        "Отдел",
        "営業部",
        "מכירות",
        "قسم",
        "🦊🦊",
        "a\u{300}\u{301}",
        "  ",
        "\"\\\n\t",
    ];
    let user = |i: usize| {
        json!({
            "id": 500 + i, "email": format!("{MARK}{i}@acme.test"), "first_name": format!("{MARK} {}", names[i % names.len()]),
            "last_name": null, "phone": if i.is_multiple_of(2) { Value::Null } else { json!(format!("{MARK}-555")) },
            "role": if i == 0 { "admin" } else { "standard" }, "created_at": "2026-01-15 09:00:00", "whim": { "deep": [MARK, null] },
        })
    };
    let guest = |i: usize| {
        let email = format!("{MARK}.guest{}@b.test", i / 2);
        let email = if i.is_multiple_of(2) {
            email
        } else {
            email.to_uppercase()
        };
        json!({ "id": format!("{MARK}{i}"), "email": email, "first_name": null, "last_name": MARK, "details": { "status": MARK, "phone_1": null } })
    };
    let group = |i: usize| {
        json!({
            "id": format!("{i:032x}"), "name": format!("{MARK} {i} {}", names[i % names.len()]),
            "description": if i.is_multiple_of(3) { Value::Null } else { json!(format!("{MARK} {}", names[i % names.len()].repeat(40))) },
            "logo": null, "members": [500 + i % 12], "guests": if i.is_multiple_of(2) { json!([]) } else { json!([format!("{MARK}.guest0@b.test")]) },
            "created_at": "2026-01-15T09:00:00.000Z", "updated_at": "2026-01-16T09:00:00.000Z", "deleted_at": null, "colour": MARK,
        })
    };
    let rows = |count, row: &dyn Fn(usize) -> Value| (0..count).map(row).collect::<Vec<Value>>();
    let (users, guests, groups) = (rows(12, &user), rows(8, &guest), rows(250, &group));
    Server::start(move |path, stream| {
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        let mut pairs = query.split('&');
        let number = pairs
            .find_map(|pair| pair.strip_prefix("page=")?.parse().ok())
            .unwrap_or(1);
        let list = match place.rsplit('/').next().unwrap() {
            "users" => &users,
            "guests" => &guests,
            "groups" => &groups,
            "me" => return say(stream, &ok(&json!({ "data": users[0] }))),
            _ => {
                let organization =
                    json!({ "id": "acme", "name": MARK, "city": null, "plan": { "of": MARK } });
                return say(stream, &ok(&json!({ "data": organization })));
            }
        };
        let rows = list.chunks(100).nth(number.max(1) - 1).unwrap_or_default();
        say(
            stream,
            &ok(&page(rows, number, list.len(), list.len().div_ceil(100))),
        );
    })
}

fn wire(base: &str) -> Wire {
    Wire::new(
        Target::parse(base).unwrap(),
        None,
        Limits::default(),
        NoTime::new(),
    )
    .unwrap()
}

#[test]
fn what_is_pulled_from_an_awkward_host_is_served_as_drift_expects() {
    let host = awkward();
    let mut reader = Reader::new(wire(&host.base), token(), OrgId::parse("acme").unwrap());
    let read = Organization::read(&mut reader, &mut |_| {}).unwrap();
    assert_eq!(
        read.counts(),
        [250, 12, 4],
        "addresses that differ in case are one guest's"
    );
    let fixture: Value = serde_json::from_slice(&redacted(&read, None).unwrap()).unwrap();
    let org = OrgId::parse(fixture["organizations"][0]["id"].as_str().unwrap()).unwrap();
    let mock = TallyfyMock::builder().fixture(fixture.clone()).start();
    let found = report(
        &Plan {
            org: org.clone(),
            ..plan()
        },
        &mock,
    );
    // The fixture says how times were written: that is the one thing in which it is not the default.
    assert_eq!(found.outcome, Outcome::Different, "{found}");
    assert_eq!(found.unexplained, [], "{found}");
    let mut contract = fixture["contract"].clone();
    let contract = contract.as_object_mut().unwrap();
    let switches = contract.iter().map(|(key, value)| {
        format!("{key}={}", value.as_str().unwrap())
            .parse()
            .unwrap()
    });
    let asked_under = tallyfy_mock::domain::contract::ContractChoice {
        edition: None,
        switches: switches.collect(),
    };
    let found = report(
        &Plan {
            org,
            asked_under,
            ..plan()
        },
        &mock,
    );
    assert_eq!(found.outcome, Outcome::Same, "{found}");
    assert!(found.counts.compared > 1000, "{found}");
}

#[test]
fn no_value_of_an_awkward_host_is_told() {
    let host = awkward();
    let ran = plan().run(wire(&host.base), token(), &mut |_| {}, &|| false);
    let found = ran.report.unwrap();
    assert_eq!(found.outcome, Outcome::Different);
    let all = format!("{found}{}", serde_json::to_string(&found).unwrap());
    assert!(!all.to_lowercase().contains(&MARK.to_lowercase()), "{all}");
    assert!(all.contains("data[].colour"), "{all}");
}
