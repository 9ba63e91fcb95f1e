//! Fixtures: what they accept, what they refuse and in which words, and their schema.

use std::{fs, path::PathBuf};

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use tallyfy_mock::fixture::{Fixture, load};

use crate::support::TestApp;

fn problems(fixture: &Value) -> String {
    Fixture::parse(fixture.to_string().as_bytes())
        .unwrap_err()
        .to_string()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The errors of loading, without the folder's name.
fn refusal(folder: &tempfile::TempDir, paths: &[&str]) -> String {
    let paths: Vec<PathBuf> = paths.iter().map(|path| folder.path().join(path)).collect();
    load(&paths)
        .unwrap_err()
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_demo_shows_paging_roles_guests_and_two_organizations() {
    let app = TestApp::demo();
    let pagination = app.as_manager().list_groups("northwind", "").pagination();
    assert!(pagination["total"].as_u64().unwrap() >= 25);
    let fixture = Fixture::demo();
    let ids: Vec<&str> = fixture
        .organizations
        .iter()
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(ids, ["northwind", "globex"]);
    let (_, northwind) = &fixture.organizations[0];
    let roles: std::collections::BTreeSet<&str> = northwind
        .users
        .iter()
        .map(|user| user.role.name())
        .collect();
    assert_eq!(
        roles.into_iter().collect::<Vec<_>>(),
        ["admin", "light", "standard"]
    );
    assert!(
        !northwind.guests.is_empty() && fixture.tokens.is_empty() && fixture.template.is_some()
    );
    assert_eq!(
        fixture.contract,
        tallyfy_mock::domain::contract::ContractChoice::default()
    );
}

#[test]
fn what_a_fixture_leaves_out_is_filled_in() {
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [{ "name": "Sales" }] }] }),
    );
    insta::assert_snapshot!(app.as_manager().list_groups("acme", "").json()["data"][0], @r#"{"created_at":"2026-03-01T09:00:00Z","description":null,"guests":[],"id":"158434ff9ed95898a274fc51fb40257f","last_updated":"2026-03-01T09:00:00Z","logo":null,"members":[],"name":"Sales"}"#);
}

#[test]
fn a_renamed_group_does_not_take_the_id_of_a_new_one() {
    let first = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [{ "name": "Sales" }] }] }),
    );
    let id = first.as_manager().list_groups("acme", "").json()["data"][0]["id"].clone();
    let groups = json!([{ "name": "Sales" }, { "id": id, "name": "Sellers" }]);
    let second = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": groups }] }),
    );
    let groups = second.as_manager().list_groups("acme", "").json()["data"].clone();
    assert_eq!(
        (&groups[1]["id"], &groups[1]["name"]),
        (&id, &json!("Sellers"))
    );
    assert_ne!(groups[0]["id"], id);
}

#[test]
fn no_two_groups_get_the_same_id() {
    let derived = tallyfy_mock::tenant::IdGen::derived("acme", "A");
    let groups = json!([{ "id": derived, "name": "B" }, { "name": "A" }, { "name": derived }]);
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": groups }] }),
    );
    assert_eq!(
        app.as_manager().list_groups("acme", "").names(),
        ["B", "A", derived.as_str()]
    );
}

#[test]
fn a_broken_row_hides_no_other_problem() {
    insta::assert_snapshot!(problems(&json!({ "version": 1, "organizations": [{ "id": "acme",
        "users": [{ "id": 1, "role": "boss" }, { "id": 1 }],
        "guests": [{ "email": "a@b.test", "first_name": 7 }, { "email": "A@b.test" }],
        "groups": [{ "name": "A", "members": ["q"] }, { "name": "A" }, { "name": "B", "members": vec!["q"; 1200] }] }],
        "tokens": [{ "token": "t", "user": 99 }] })).lines().filter(|line| !line.contains("groups[2].members")).collect::<Vec<_>>().join("\n"), @r#"
    organizations[0].users[0].role: expected `admin`, `standard` or `light`, found "boss"
    organizations[0].users[1].id: user 1 stands twice
    organizations[0].guests[0].first_name: expected a string, found 7
    organizations[0].guests[1].email: guest `A@b.test` stands twice
    organizations[0].groups[0].members[0]: The selected members.0 is invalid.
    organizations[0].groups[1].name: The name has already been taken.
    organizations[0].groups[2]: and 200 more such mistakes
    tokens[0].user: user 99 is not among the users of any organization
    "#);
}

#[test]
fn captured_answers_are_taken_as_they_are() {
    // What the mock itself answers, in each edition and with every include, is such an answer.
    for edition in ["2026-03", "2025-08"] {
        for time_format in ["seconds", "millis", "micros"] {
            let switches = [
                &format!("edition={edition}"),
                &format!("time_format={time_format}"),
            ];
            let app = TestApp::set(&switches.map(String::as_str));
            let manager = app.as_manager();
            let body = json!({ "name": "Sales", "description": "Sells", "members": [1, 2], "guests": ["a@b.test"] });
            assert_eq!(manager.create_group("acme", &body).status, 201);
            for query in ["", "with=assets", "with=assets,users,guests"] {
                let captured = manager.list_groups("acme", query).json();
                let again = TestApp::with(
                    json!({ "version": 1, "contract": { "edition": edition, "time_format": time_format },
                    "organizations": [{ "id": "acme", "groups": captured }] }),
                );
                assert_eq!(
                    again.as_manager().list_groups("acme", "").json(),
                    manager.list_groups("acme", "").json()
                );
            }
        }
    }
}

#[test]
fn captured_members_and_guests_are_taken_as_they_are() {
    let users = json!({ "data": [{ "id": 20059, "email": "ada@acme.test", "username": "ada", "first_name": "Ada", "last_name": "L",
        "full_name": "Ada L", "role": "Admin", "is_active": true, "UTC_offset": "+00:00", "groups": { "data": [] } }], "meta": { "pagination": {} } });
    let guests = json!({ "data": [{ "id": 4523, "email": "c@p.test", "first_name": null, "last_name": null, "details": { "status": "disabled" }, "link": null, "deleted_at": null }] });
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "users": users, "guests": guests,
        "groups": [{ "id": "g", "name": "G", "members": [20059], "guests": ["c@p.test"] }] }] }),
    );
    let group = app
        .as_manager()
        .get("/organizations/acme/groups/g?with=users,guests")
        .json()["data"]
        .clone();
    assert_eq!(
        (
            &group["users"]["data"][0]["username"],
            &group["users"]["data"][0]["role"]
        ),
        (&json!("ada"), &json!("admin"))
    );
    let details = &group["guests"]["data"][0]["details"];
    assert_eq!(
        (&details["status"], &details["phone_1"]),
        (&json!("disabled"), &json!(null))
    );
}

#[test]
fn every_problem_is_told_with_its_path() {
    let fixture = json!({
        "version": 2,
        "orgnizations": [],
        "contract": { "edition": "2024-01", "update_status": 204, "upsert": true },
        "tokens": [
            { "user": "ada", "organizations": ["acme", "no where", "nowhere"] },
            { "token": "t t", "expires_at": "tomorrow" },
            { "token": "t", "user": 9, "organizations": ["acme"] },
            { "token": "t" }
        ],
        "organizations": [
            { "id": "acme", "allow_manage_groups": "yes",
              "users": [{ "id": 1, "role": "owner" }, { "id": 2 }, { "id": 2 }, { "email": "x@y.test" }, 7],
              "guests": [{ "email": "nobody" }, { "email": "a@b.test" }, { "email": "A@B.test" }],
              "groups": { "data": [
                { "id": "a b", "name": "" },
                { "id": "a", "name": "Sales", "members": [3], "descripton": "x" },
                { "id": "a", "name": "Support", "guests": ["nobody"], "created_at": 7, "deleted_at": "2026-01-01T00:00:00Z" },
                { "id": "b", "name": "One" }, { "id": "b", "name": "Two" }, { "name": "One" }, { "name": 5, "logo": 5 }
              ], "links": {} } },
            { "id": "acme" },
            { "name": "Nameless" },
            []
        ]
    });
    insta::assert_snapshot!(problems(&fixture), @r#"
    orgnizations: unknown key; did you mean `organizations`?
    version: 2 is not a version this mock reads; expected 1
    contract.edition: there is no edition `2024-01`; the editions are `2026-03`, `2025-08`
    contract.update_status: the contract switch `update_status` does not take `204`; it takes `201`, `200`
    contract.upsert: there is no contract switch `upsert`; the switches are `create_status`, `update_status`, `delete_reply`, `delete_missing`, `time_keys`, `time_format`, `description_on_create`, `missing_client_header`, `per_page_cap`, `empty_links`, `next_link`, `validation_body`, `foreign_org`, `body_without_json_type`, `malformed_json`, `guests_include`, `oauth_body`
    tokens[0].token: is missing; expected text that fits into a header: ASCII without blanks
    tokens[0].user: expected a user id: a whole number of at least 1, found "ada"
    tokens[0].organizations[1]: expected 1 to 255 letters, digits, `-` or `_`, found "no where"
    tokens[1].token: expected text that fits into a header: ASCII without blanks, found a string
    tokens[1].expires_at: expected a time such as `2026-01-15T09:00:00Z`, found "tomorrow"
    organizations[0].allow_manage_groups: expected true or false, found "yes"
    organizations[0].users[0].role: expected `admin`, `standard` or `light`, found "owner"
    organizations[0].users[2].id: user 2 stands twice
    organizations[0].users[3].id: is missing; expected a whole number
    organizations[0].users[4]: expected an object, found 7
    organizations[0].guests[0].email: expected an email address, found "nobody"
    organizations[0].guests[2].email: guest `A@B.test` stands twice
    organizations[0].groups.links: unknown key; the known ones are data, meta, count
    organizations[0].groups.data[0].id: expected 1 to 255 letters, digits, `-` or `_`, found "a b"
    organizations[0].groups.data[0].name: The name field is required.
    organizations[0].groups.data[1].descripton: unknown key; did you mean `description`?
    organizations[0].groups.data[1].members[0]: The selected members.0 is invalid.
    organizations[0].groups.data[2].id: group `a` stands twice
    organizations[0].groups.data[2].deleted_at: expected null: a deleted group is not stored, found "2026-01-01T00:00:00Z"
    organizations[0].groups.data[2].created_at: expected a time such as `2026-01-15T09:00:00Z`, found 7
    organizations[0].groups.data[2].guests[0]: The guests.0 field must be a valid email address.
    organizations[0].groups.data[4].id: group `b` stands twice
    organizations[0].groups.data[5].name: The name has already been taken.
    organizations[0].groups.data[6].logo: expected a string, found 5
    organizations[0].groups.data[6].name: The name field must be a string.
    organizations[2].id: is missing; expected 1 to 255 letters, digits, `-` or `_`
    organizations[3]: expected an object, found []
    organizations[1].id: organization `acme` is already in this fixture
    tokens[0].organizations[1]: organization `nowhere` is not declared, and there is no template
    tokens[2].user: user 9 is not among the users of organization `acme`
    tokens[3].token: the same token stands twice
    "#);
}

#[test]
fn broken_json_is_told_with_line_and_column() {
    let parse = |text: &[u8]| Fixture::parse(text).unwrap_err().to_string();
    insta::assert_snapshot!(parse(b"{\n  \"version\": 1,\n}"), @"is not JSON: trailing comma at line 3 column 1");
    insta::assert_snapshot!(parse(b""), @"is not JSON: EOF while parsing a value at line 1 column 0");
    insta::assert_snapshot!(parse(b"{\"version\": 1, \"tokens\": \"\xff\"}"), @"is not JSON: invalid unicode code point at line 1 column 27");
    insta::assert_snapshot!(parse(b"[]"), @"expected an object, found []");
    insta::assert_snapshot!(parse(b"{}"), @"version: is missing; expected 1");
    assert!(
        Fixture::parse(b"\xef\xbb\xbf{\"version\": 1}").is_ok(),
        "a byte order mark does no harm"
    );
}

#[test]
fn several_files_are_one_fixture() {
    let folder = folder(&[
        (
            "a.json",
            r#"{"version":1,"organizations":[{"id":"acme"}],"tokens":[{"token":"t","user":1,"organizations":["globex"]}]}"#,
        ),
        (
            "b.json",
            r#"{"version":1,"organizations":[{"id":"globex","users":[{"id":1}]}],"contract":{"edition":"2025-08"}}"#,
        ),
        ("fixture.schema.json", "{}"),
        ("notes.txt", "not a fixture"),
    ]);
    for paths in [
        vec![folder.path().to_owned()],
        vec![folder.path().join("b.json"), folder.path().join("a.json")],
    ] {
        let fixture = load(&paths).unwrap();
        assert_eq!((fixture.organizations.len(), fixture.tokens.len()), (2, 1));
        assert_eq!(fixture.contract.edition.unwrap().name(), "2025-08");
    }
}

#[test]
fn what_two_files_both_say_is_refused_with_both_names() {
    let folder = folder(&[
        (
            "a.json",
            r#"{"version":1,"organizations":[{"id":"acme"}],"template":{},"contract":{"edition":"2025-08"}}"#,
        ),
        (
            "b.json",
            r#"{"version":1,"organizations":[{"id":"globex"},{"id":"acme"}],"template":{},"contract":{"edition":"2026-03"}}"#,
        ),
        (
            "c.json",
            r#"{"version":1,"contract":{"edition":"2025-08"},"tokens":[{"token":"t","organizations":["acme"]}]}"#,
        ),
        ("d.json", r#"{"version":1,"tokens":[{"token":"t"}]}"#),
    ]);
    insta::assert_snapshot!(refusal(&folder, &["a.json", "b.json", "c.json", "d.json"]), @"
    b.json: contract: another contract is in a.json; give one
    b.json: template: another template is in a.json; give one
    b.json: organizations[1].id: organization `acme` is already in a.json
    d.json: tokens[0].token: the same token stands twice
    ");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = folder(&[("bad.json", "{"), ("good.json", r#"{"version":1}"#)]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    insta::assert_snapshot!(refusal(&folder, &["missing.json", "bad.json", "empty", "good.json"]), @"
    missing.json: cannot be read: No such file or directory (os error 2)
    empty: there is no `*.json` in this folder
    bad.json: is not JSON: EOF while parsing an object at line 1 column 1
    ");
}

fn schema() -> jsonschema::Validator {
    let text = include_str!("../../fixtures/fixture.schema.json");
    let schema: Value = serde_json::from_str(text).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::validator_for(&schema).unwrap()
}

fn demo() -> Value {
    serde_json::from_str(include_str!("../../fixtures/demo.json")).unwrap()
}

/// A fixture that uses every key there is.
fn everything() -> Value {
    let mut fixture = demo();
    fixture["contract"] =
        json!({ "edition": "2025-08", "create_status": 200, "per_page_cap": "none" });
    fixture["tokens"] = json!([{ "token": "t", "user": 1001, "organizations": ["northwind"], "expires_at": "2027-01-01T00:00:00.000Z" }]);
    fixture["organizations"][1]["groups"] = json!({ "data": [
        { "id": "g", "name": "G", "description": null, "logo": null, "members": ["2001"], "guests": { "data": [{ "email": "a@b.test" }] },
          "created_at": "2026-01-01T00:00:00.000000Z", "updated_at": "2026-01-01T00:00:00+00:00", "deleted_at": null, "users": { "data": [] }, "assets": { "data": [] } }
    ], "meta": {} });
    fixture["oauth"] = json!({
        "clients": [{ "client_id": 3, "client_secret": "s", "user": 1001, "organizations": ["northwind"] }, { "client_id": "4" }],
        "passwords": [{ "username": "ada", "password": "p", "user": 1001, "organizations": ["northwind"] }],
        "codes": [{ "code": "c", "client_id": 3, "redirect_uri": "https://a.test", "user": 1001, "organizations": ["northwind"], "used": true }],
        "lifetimes": { "access_token": 1, "client_credentials": 2, "refresh_token": 4_294_967_295_u32 },
        "issued": [{ "access_token": "a", "refresh_token": "r", "client_id": 3, "user": 1001, "organizations": ["northwind"], "home": "northwind",
            "expires_at": "2026-01-01T00:00:00Z", "expires_elsewhere": { "northwind": "2026-01-01T00:00:00Z" },
            "refresh_expires_at": "2027-01-01T00:00:00Z", "revoked": true }, { "access_token": "b", "client_id": 3, "application": true, "expires_at": "2026-01-01T00:00:00Z" }],
        "sequence": 2,
    });
    fixture
}

#[test]
fn the_schema_takes_what_the_loader_takes() {
    for fixture in [
        demo(),
        everything(),
        json!({ "version": 1 }),
        json!({ "$schema": "x", "version": 1, "template": {} }),
    ] {
        let errors: Vec<String> = schema()
            .iter_errors(&fixture)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0]);
        Fixture::parse(fixture.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn the_schema_knows_every_switch_and_value() {
    let schema: Value =
        serde_json::from_str(include_str!("../../fixtures/fixture.schema.json")).unwrap();
    let in_schema = schema["properties"]["contract"]["properties"]
        .as_object()
        .unwrap();
    assert_eq!(
        in_schema.len(),
        tallyfy_mock::domain::contract::Contract::SWITCHES.len() + 1
    );
    for (key, values) in tallyfy_mock::domain::contract::Contract::SWITCHES {
        let listed: Vec<&str> = in_schema[*key]["enum"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(listed, *values, "{key}");
    }
}

/// Every path in a document.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(key, value)| places(value, &format!("{at}/{key}"), all)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, value)| places(value, &format!("{at}/{i}"), all)),
        _ => {}
    }
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(0)),
        Just(json!(1001)),
        Just(json!(1.5)),
        Just(json!("")),
        Just(json!("1001")),
        Just(json!("text")),
        Just(json!("a@b.test")),
        Just(json!([])),
        Just(json!({})),
        Just(json!([null])),
        Just(json!({ "data": [] })),
        Just(json!("2026-01-01T00:00:00Z")),
        Just(json!("admin")),
        Just(json!({ "unknown": 1 })),
    ]
}

proptest! {
    // The schema may be more generous (it cannot tell whether a name is taken), never stricter.
    #[test]
    fn what_the_schema_refuses_the_loader_refuses_too(place in any::<Index>(), put in anything(), remove in any::<bool>()) {
        let mut fixture = everything();
        let mut all = Vec::new();
        places(&fixture, "", &mut all);
        let place = place.get(&all).clone();
        let (parent, key) = place.rsplit_once('/').unwrap_or(("", ""));
        match fixture.pointer_mut(parent) {
            Some(Value::Object(fields)) if remove => { fields.remove(key); }
            _ => *fixture.pointer_mut(&place).unwrap() = put,
        }
        let loaded = Fixture::parse(fixture.to_string().as_bytes());
        let fits = schema().is_valid(&fixture);
        prop_assert!(fits || loaded.is_err(), "the loader takes what the schema refuses at {place}: {fixture}");
        // What the loader refuses although it fits the schema is a rule that no schema can state.
        if let (true, Err(error)) = (fits, loaded) {
            let beyond = ["twice", "already", "selected", "required", "not among", "not declared", "valid email", "expected an email", "time such as"];
            for problem in error.problems {
                prop_assert!(beyond.iter().any(|word| problem.message.contains(word)), "the schema could have told: {problem}");
            }
        }
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Fixture::parse(&text);
    }
}
