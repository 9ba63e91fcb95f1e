//! A pulled fixture answers as the organization did, but for the values; and no value is left.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::{prelude::*, test_runner::Config as Cases};
use serde_json::{Value, json};
use tallyfy_mock::{
    TallyfyMock,
    fixture::Fixture,
    remote::{
        Limits, Organization,
        pull::{KeepNames, redacted},
    },
};

use super::{
    reader,
    server::{Server, ok, page, say},
};

/// Serves an organization as Tallyfy does, whatever fields its rows have.
fn serving(
    organization: Value,
    users: Vec<Value>,
    guests: Vec<Value>,
    groups: Vec<Value>,
) -> Server {
    Server::start(move |path, stream| {
        let (place, query) = path.split_once('?').unwrap_or((path, ""));
        let number: usize = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("page="))
            .map_or(1, |it| it.parse().unwrap());
        let list = match place.rsplit('/').next().unwrap() {
            "users" => &users,
            "guests" => &guests,
            "groups" => &groups,
            "me" => {
                return say(
                    stream,
                    &ok(&json!({ "data": users.first().cloned().unwrap_or(json!({})) })),
                );
            }
            _ => return say(stream, &ok(&json!({ "data": organization }))),
        };
        let rows = list.chunks(100).nth(number - 1).unwrap_or_default();
        say(
            stream,
            &ok(&page(
                rows,
                number,
                list.len(),
                list.len().div_ceil(100).max(1),
            )),
        );
    })
}

fn read(server: &Server) -> Organization {
    let (mut reader, _) = reader(&server.base, Limits::default());
    Organization::read(&mut reader, &mut |_| {}).unwrap()
}

/// The fixture that stands for an organization.
fn pulled(server: &Server, keep: Option<KeepNames>) -> (String, Value) {
    let text = redacted(&read(server), keep).unwrap();
    Fixture::parse(&text)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&text)));
    let text = String::from_utf8(text).unwrap();
    let json = serde_json::from_str(&text).unwrap();
    (text, json)
}

/// What a mock answers to a path of the organization `org`.
fn asked(mock: &TallyfyMock, org: &str, path: &str) -> Value {
    let url = format!("{}/api/organizations/{org}{path}", mock.uri());
    let request = reqwest::blocking::Client::new().get(url).bearer_auth("any");
    request
        .header("X-Tallyfy-Client", "t")
        .send()
        .unwrap()
        .json()
        .unwrap()
}

/// The types in a value by their paths, over all items of lists; times and emptiness are types of their own.
fn shape(value: &Value, at: &str, shapes: &mut BTreeMap<String, BTreeSet<String>>) {
    let kind = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => format!("{flag}"),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text)
            if text.len() > 18
                && text.starts_with(|c: char| c.is_ascii_digit())
                && text.as_bytes()[4] == b'-' =>
        {
            text.replace(|c: char| c.is_ascii_digit(), "9")
        }
        Value::String(_) => "text".to_owned(),
        Value::Array(items) => {
            for item in items {
                shape(item, &format!("{at}[]"), shapes);
            }
            format!("list of {}", items.len())
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                shape(value, &format!("{at}.{key}"), shapes);
            }
            "object".to_owned()
        }
    };
    shapes.entry(at.to_owned()).or_default().insert(kind);
}

fn shape_of(value: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut shapes = BTreeMap::new();
    shape(value, "", &mut shapes);
    shapes
}

/// For each value of a field the place where it stood first: the same for two lists that are equal but for the values.
fn places(list: &Value, field: &str, among: &[Value]) -> Vec<usize> {
    let of = |row: &Value| among.iter().position(|known| *known == row[field]).unwrap();
    list["data"].as_array().unwrap().iter().map(of).collect()
}

fn field(list: &Value, field: &str) -> Vec<Value> {
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row[field].clone())
        .collect()
}

#[test]
fn the_demo_is_served_again_in_every_order_with_other_values() {
    let demo = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo.json");
    let demo: Value = serde_json::from_slice(&std::fs::read(demo).unwrap()).unwrap();
    let mock = TallyfyMock::builder().fixture(demo).start();
    let (mut reader, _) = {
        let (reader, time) = reader(&format!("{}/api", mock.uri()), Limits::default());
        let (wire, token, _) = reader.into_parts();
        let org = tallyfy_mock::domain::id::OrgId::parse("northwind").unwrap();
        (tallyfy_mock::remote::Reader::new(wire, token, org), time)
    };
    let read = Organization::read(&mut reader, &mut |_| {}).unwrap();
    let text = redacted(&read, None).unwrap();
    let json: Value = serde_json::from_slice(&text).unwrap();
    let org = json["organizations"][0]["id"].as_str().unwrap().to_owned();
    assert_ne!(org, "northwind");
    let again = TallyfyMock::builder().fixture(json).start();
    for path in [
        "",
        "/groups?per_page=100",
        "/groups?with=users,guests&per_page=100",
        "/users",
        "/guests",
        "/users?with=groups",
    ] {
        let (before, after) = (asked(&mock, "northwind", path), asked(&again, &org, path));
        assert_eq!(shape_of(&before), shape_of(&after), "{path}");
    }
    for (list, key, orders) in [
        (
            "groups",
            "id",
            &[
                "sort_by=name",
                "sort_by=-name",
                "sort_by=created_at",
                "sort_by=-updated_at",
            ][..],
        ),
        (
            "users",
            "id",
            &["sort=email", "sort=first_name", "sort=-last_name"],
        ),
        ("guests", "email", &["", "sort=-email", "sort=last_name"]),
    ] {
        let all = |mock: &TallyfyMock, org: &str| {
            field(
                &asked(mock, org, &format!("/{list}?per_page=100&sort=created_at")),
                key,
            )
        };
        let (before, after) = (all(&mock, "northwind"), all(&again, &org));
        assert!(
            before.len() > 1 && before.iter().all(|value| !after.contains(value)),
            "{list}"
        );
        for order in orders {
            let path = format!("/{list}?per_page=100&{order}");
            assert_eq!(
                places(&asked(&mock, "northwind", &path), key, &before),
                places(&asked(&again, &org, &path), key, &after),
                "{path}"
            );
        }
    }
    // Who is in which group.
    let members = |mock: &TallyfyMock, org: &str| {
        let users = field(&asked(mock, org, "/users"), "id");
        let groups = field(&asked(mock, org, "/groups?per_page=100"), "members");
        let place = |id: &Value| users.iter().position(|known| known == id).unwrap();
        groups
            .iter()
            .map(|ids| {
                ids.as_array()
                    .unwrap()
                    .iter()
                    .map(place)
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&mock, "northwind"), members(&again, &org));
}

/// Letters of every script, digits and signs.
fn marker() -> impl Strategy<Value = String> {
    let alphabets = [
        "abcdefghijklmnopqrstuvwxyz",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "0123456789",
        "äöüßéèñçø",
        "αβγδεζηθΑΒΓΔ",
        "абвгдежзАБВГ",
        "אבגדהוזח",
        "ابتثجحخد",
        "अआइईउऊएऐ",
        "กขคงจฉชซ",
        "あいうえおかき",
        "アイウエオカキ",
        "営業部門中国人",
        "가나다라마바사",
        "🚀🌍🎉👩🏽",
        "աբգդեզԱԲԳ",
        "აბგდევზ",
        "-_.:;!?&%\\\"'/ ",
    ];
    (
        0..alphabets.len(),
        0..alphabets.len(),
        prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..40),
    )
        .prop_map(move |(one, other, picks)| {
            let letters: [Vec<char>; 2] = [
                alphabets[one].chars().collect(),
                alphabets[other].chars().collect(),
            ];
            let text: String = picks
                .iter()
                .map(|(first, at)| {
                    let of = &letters[usize::from(*first)];
                    of[at.index(of.len())]
                })
                .collect();
            text
        })
}

/// A value that may be null, empty or a marker.
fn some_text() -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 1 => Just(json!("")), 6 => marker().prop_map(Value::from)]
}

fn email() -> impl Strategy<Value = String> {
    (
        "[a-zA-Z][a-zA-Z0-9]{3,12}[a-z]",
        "[a-zA-Z]{5,9}",
        "(com|de|test)",
    )
        .prop_map(|(local, domain, end)| format!("{local}@{domain}.{end}"))
}

fn time() -> impl Strategy<Value = Value> {
    let forms = ["Z", ".000Z", ".123456Z", "+00:00", "+05:30"];
    (
        2015..2026_i32,
        1..=12_u32,
        1..=28_u32,
        0..24_u32,
        0..forms.len(),
    )
        .prop_map(move |(y, m, d, h, form)| {
            json!(format!("{y}-{m:02}-{d:02}T{h:02}:17:43{}", forms[form]))
        })
}

#[derive(Debug, Clone)]
struct Rows {
    organization: Value,
    users: Vec<Value>,
    guests: Vec<Value>,
    groups: Vec<Value>,
}

fn rows() -> impl Strategy<Value = Rows> {
    let user = (1..1_000_000_000_u64, email(), some_text(), some_text(), marker(), time(), some_text()).prop_map(
        |(id, email, first, last, other, time, phone)| {
            json!({ "id": id, "email": email, "username": email, "first_name": first, "last_name": last, "full_name": other,
                "phone": phone, "created_at": time, "timezone": "Europe/Lisbon", "UTC_offset": "+01:00", "role": other,
                "profile_pic": format!("https://cdn.{email}/{other}/a.png"), "last_known_ip": "203.0.113.77", "unheard_of": other,
                "job_title": other, "stats": { other.clone(): other }, "status": "active" })
        },
    );
    let guest = (email(), some_text(), marker(), "[0-9a-f]{32}", time()).prop_map(|(email, name, other, code, time)| {
        json!({ "id": code, "email": email, "first_name": name, "last_name": other, "created_at": time, "guest_code": code,
            "link": format!("https://go.tallyfy.com/guest/{code}"),
            "details": { "status": other, "company_name": other, "phone_1": other, "timezone": other, "more": other } })
    });
    let group = (
        "[0-9a-f]{32}",
        "[A-Za-zА-яΑ-ωぁ-ん営業部 ]{1,60}",
        some_text(),
        time(),
        time(),
        prop::collection::vec(email(), 0..4),
        marker(),
    );
    let group = group.prop_map(|(id, name, description, created, updated, guests, other)| {
        json!({ "id": id, "name": name, "description": description, "logo": format!("https://files.tallyfy.com/logo/{other}.png"),
            "members": [], "guests": guests, "created_at": created, "last_updated": updated, "colour": other, "nested": [{ "x": other }] })
    });
    let organization = (marker(), some_text(), some_text()).prop_map(|(name, city, other)| {
        json!({ "id": "acme", "name": name, "city": city, "address1": other, "maximum_group_assignment_limit": 123_456,
            "working_days": ["monday", other], "org_logo": other, "industry": other, "allow_manage_groups": 1, "plan": other })
    });
    (
        organization,
        prop::collection::vec(user, 0..6),
        prop::collection::vec(guest, 0..6),
        prop::collection::vec(group, 0..8),
    )
        .prop_map(|(organization, users, guests, groups)| {
            let unique = |rows: Vec<Value>, keys: &[&str]| {
                let mut seen = HashSet::new();
                rows.into_iter()
                    .filter(|row| {
                        keys.iter().all(|key| {
                            let text = row[*key].as_str().map_or_else(
                                || row[*key].to_string(),
                                |it| it.trim().to_lowercase(),
                            );
                            !text.is_empty() && seen.insert(format!("{key} {text}"))
                        })
                    })
                    .collect::<Vec<_>>()
            };
            let users = unique(users, &["id"]);
            let ids: Vec<_> = users.iter().map(|user| user["id"].clone()).collect();
            let mut groups = unique(groups, &["id", "name"]);
            for (i, group) in groups.iter_mut().enumerate() {
                group["members"] = ids.iter().take(i).cloned().collect();
            }
            Rows {
                organization,
                users,
                guests: unique(guests, &["email"]),
                groups,
            }
        })
}

/// Every text and number of a value.
fn scalars(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            found.insert(number.to_string());
        }
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| scalars(item, found)),
        Value::Object(fields) => fields.values().for_each(|value| scalars(value, found)),
    }
}

/// Words that this program writes itself.
const OWN: &[&str] = &["active", "standard", "monday"];

proptest! {
    #![proptest_config(Cases { cases: 48, ..Cases::default() })]

    #[test]
    fn nothing_that_was_read_is_in_a_pulled_fixture(rows in rows()) {
        let Rows { organization, users, guests, groups } = rows.clone();
        let server = serving(organization, users, guests, groups);
        let organization = read(&server);
        let text = String::from_utf8(redacted(&organization, None).unwrap()).unwrap();
        Fixture::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let json: Value = serde_json::from_str(&text).unwrap();
        let mut written = HashSet::new();
        scalars(&json["organizations"], &mut written);
        let mut read = HashSet::new();
        for list in [&rows.users, &rows.guests, &rows.groups] {
            scalars(&Value::Array(list.clone()), &mut read);
        }
        scalars(&rows.organization, &mut read);
        let said: String = organization.news().chain(organization.notes().iter().cloned()).collect::<Vec<_>>().join("\n");
        for one in read.iter().filter(|one| one.chars().count() >= 4 && !OWN.contains(&one.as_str())) {
            prop_assert!(!written.contains(one), "{one} is in\n{text}");
            if one.chars().count() >= 12 {
                let escaped = serde_json::to_string(one).unwrap();
                let escaped = escaped.trim_matches('"');
                prop_assert!(!text.contains(one.as_str()) && !text.contains(escaped), "{one} is in\n{text}");
                prop_assert!(!said.contains(one.as_str()), "{one} is in\n{said}");
            }
        }
        // And it is like what it stands for.
        let after = &json["organizations"][0];
        for (list, before) in [("users", &rows.users), ("guests", &rows.guests), ("groups", &rows.groups)] {
            prop_assert_eq!(after[list].as_array().unwrap().len(), before.len(), "{}", list);
        }
        for (before, after) in rows.groups.iter().zip(after["groups"].as_array().unwrap()) {
            let length = |value: &Value| value.as_str().map(|text| text.chars().count().checked_ilog2());
            prop_assert_eq!(length(&before["description"]), length(&after["description"]), "{} {}", before, after);
            prop_assert_eq!(before["members"].as_array().unwrap().len(), after["members"].as_array().unwrap().len());
        }
    }
}

#[test]
fn names_stay_where_their_owner_wants_it_and_nothing_else_does() {
    let server = serving(
        json!({ "id": "acme", "name": "Acme Corporation", "city": "Lisbon city" }),
        vec![
            json!({ "id": 4711, "email": "ada@acme.test", "first_name": "Ada", "last_name": "Lovelace", "full_name": "Ada Lovelace", "phone": "+351 555 0100" }),
        ],
        vec![],
        vec![
            json!({ "id": "g", "name": "Onboarding Specialists", "description": "They know Ada Lovelace.", "members": [4711] }),
        ],
    );
    let (text, json) = pulled(&server, Some(KeepNames::because_they_are_mine()));
    assert!(
        text.starts_with("{\n  \"$comment\": \"Names are as they were read (--keep-names)"),
        "{text}"
    );
    let org = &json["organizations"][0];
    assert_eq!(
        (&org["name"], &org["groups"][0]["name"]),
        (&json!("Acme Corporation"), &json!("Onboarding Specialists"))
    );
    assert_eq!(org["users"][0]["full_name"], "Ada Lovelace");
    for gone in ["acme.test", "4711", "They know", "555 0100", "Lisbon"] {
        assert!(!text.contains(gone), "{gone} is in\n{text}");
    }
    let (text, _) = pulled(&server, None);
    assert!(text.starts_with("{\n  \"version\": 1,\n"), "{text}");
    assert!(!text.contains("Ada") && !text.contains("Acme"), "{text}");
}

#[test]
fn what_is_equal_stays_equal_and_what_is_read_twice_is_one() {
    let server = serving(
        json!({ "id": "acme", "name": "Acme" }),
        vec![
            json!({ "id": 4711, "email": "Ada@Acme.test", "username": "ada@acme.test", "first_name": "Ada", "last_name": "King", "full_name": "Ada King", "invited_by": 4712 }),
            json!({ "id": 4712, "email": "bob@acme.test", "first_name": "Bob", "last_name": "King", "full_name": "Sir Bob" }),
        ],
        vec![
            json!({ "email": "cleo@partner.test", "guest_code": "53a4560dc877f9b4f709f97630efbb5a", "link": "https://go.tallyfy.com/guest/53a4560dc877f9b4f709f97630efbb5a" }),
        ],
        vec![
            json!({ "id": "a", "name": "Sales", "description": "The same", "guests": ["Cleo@partner.test", "dora@partner.test"], "created_at": "2026-01-15T09:00:00Z", "last_updated": "2026-01-15T09:00:00Z" }),
            json!({ "id": "b", "name": "sales", "description": "The same", "guests": ["cleo@partner.test"], "created_at": "2026-01-15T08:59:59Z", "last_updated": "2026-02-15T09:00:00Z" }),
        ],
    );
    let (text, json) = pulled(&server, None);
    let org = &json["organizations"][0];
    let (users, guests, groups) = (&org["users"], &org["guests"], &org["groups"]);
    let lower = |value: &Value| value.as_str().unwrap().to_lowercase();
    assert_eq!(
        lower(&users[0]["email"]),
        lower(&users[0]["username"]),
        "{text}"
    );
    assert_ne!(users[0]["email"], users[0]["username"]);
    assert_eq!(users[0]["last_name"], users[1]["last_name"]);
    assert_eq!(users[0]["invited_by"], users[1]["id"]);
    let full = format!(
        "{} {}",
        users[0]["first_name"].as_str().unwrap(),
        users[0]["last_name"].as_str().unwrap()
    );
    assert_eq!(users[0]["full_name"], full.as_str());
    let domain = |email: &Value| lower(email).split_once('@').unwrap().1.to_owned();
    assert_eq!(domain(&users[0]["email"]), domain(&users[1]["email"]));
    assert_ne!(domain(&users[0]["email"]), domain(&guests[0]["email"]));
    assert!(domain(&guests[0]["email"]).ends_with(".example.com"));
    let link = format!(
        "https://go.tallyfy.test/guest/{}",
        guests[0]["guest_code"].as_str().unwrap()
    );
    assert_eq!(guests[0]["link"], link.as_str());
    assert_eq!(
        lower(&groups[0]["guests"][0]),
        lower(&groups[1]["guests"][0])
    );
    assert_eq!(groups[1]["guests"][0], guests[0]["email"]);
    assert_eq!(lower(&groups[0]["name"]), lower(&groups[1]["name"]));
    assert_ne!(groups[0]["name"], groups[1]["name"]);
    assert_eq!(groups[0]["description"], groups[1]["description"]);
    assert_eq!(groups[0]["created_at"], groups[0]["last_updated"]);
    let at = |value: &Value| value.as_str().unwrap().to_owned();
    assert!(
        at(&groups[1]["created_at"]) < at(&groups[0]["created_at"])
            && at(&groups[0]["created_at"]) < at(&groups[1]["last_updated"])
    );
    assert_eq!(
        json["contract"],
        json!({ "empty_links": "object", "time_format": "seconds", "time_keys": "last_updated" })
    );
}

/// As many as an organization has that nobody would want to read by hand: what is done for each of them takes no longer where there
/// are many.
#[test]
fn fifty_thousand_groups_are_pulled() {
    let users: Vec<_> = (0..300)
        .map(|i| json!({ "id": 10_000 + i, "email": format!("user{i}@acme.test"), "first_name": "Ada" }))
        .collect();
    let groups: Vec<_> = (0..50_000)
        .map(|i| {
            json!({ "id": format!("{i:032x}"), "name": format!("Group number {i}"), "description": format!("What it does: {}", i % 7),
                "members": [10_000 + i % 300], "guests": [format!("Guest{}@partner.test", i % 1000)],
                "created_at": "2026-01-15T09:00:00Z", "last_updated": format!("2026-01-15T{:02}:{:02}:{:02}Z", i / 3600, i / 60 % 60, i % 60) })
        })
        .collect();
    let server = serving(
        json!({ "id": "acme", "name": "Acme" }),
        users,
        vec![],
        groups,
    );
    let (text, json) = pulled(&server, None);
    let groups = json["organizations"][0]["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 50_000);
    assert!(!text.contains("Group number") && !text.contains("partner.test"));
    let distinct = |key: &str| {
        groups
            .iter()
            .map(|group| group[key].to_string())
            .collect::<HashSet<_>>()
            .len()
    };
    assert_eq!(
        [
            distinct("id"),
            distinct("name"),
            distinct("description"),
            distinct("guests")
        ],
        [50_000, 50_000, 7, 1000]
    );
    let at = |i: usize| groups[i]["last_updated"].as_str().unwrap();
    assert!(
        (1..50_000).all(|i| at(i - 1) < at(i)),
        "their order is that of what they stand for"
    );
}

#[test]
fn ids_stay_different_where_there_are_as_many_as_can_be() {
    let users = (100..1000)
        .map(|id| json!({ "id": id, "email": format!("u{id}@a.test") }))
        .collect();
    let groups = ('a'..='z')
        .chain('0'..='9')
        .map(|id| json!({ "id": id, "name": format!("Group {id}"), "members": [100, 999] }));
    let (_, json) = pulled(
        &serving(json!({ "id": "acme" }), users, vec![], groups.collect()),
        None,
    );
    let distinct = |list: &str| {
        let rows = json["organizations"][0][list].as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].to_string())
            .collect::<HashSet<_>>()
            .len()
    };
    assert_eq!((distinct("users"), distinct("groups")), (900, 36));
}
