//! The fuzz functions, one for each kind of input. Each asserts properties of the answers, not only that nothing panics.
//!
//! The fuzz targets call them with what libFuzzer makes up, and so does `tests/it/fuzzed.rs`, on the
//! stable toolchain, with each seed of `corpus` and with damaged copies of them.

mod mock;
mod shape;

use serde_json::{Map, Value};
use tallyfy_mock::{config::Config, fixture::Fixture};

use self::{mock::Mock, shape::check_group};

const EDITIONS: [&str; 2] = ["2026-03", "2025-08"];
/// What a request without faults is answered with, control endpoints included.
const DOCUMENTED: [u16; 11] = [200, 201, 204, 400, 401, 403, 404, 405, 409, 415, 422];
const GROUPS: &str = "/api/organizations/acme/groups";

/// A method and a target, such as `GET /api/organizations/northwind/groups?page=2`.
pub fn path_and_query(input: &[u8]) {
    let Some((method, target)) = std::str::from_utf8(input)
        .ok()
        .and_then(|text| text.split_once(' '))
    else {
        return;
    };
    for edition in EDITIONS {
        let mock = Mock::demo(edition);
        let before = mock.state();
        let Some(answer) = mock.ask_if_lawful(method, target, None) else {
            return;
        };
        let asks_for_failure = target.contains("__code");
        assert!(
            DOCUMENTED.contains(&answer.status) || asks_for_failure,
            "{target}: {answer}"
        );
        answer.check();
        if method == "GET" {
            assert_eq!(before, mock.state(), "{target} changed something");
            if answer.status == 200 && answer.is_list() {
                mock.check_list(&answer);
            }
        }
        mock.check_consistency();
        if target.starts_with("/api/") {
            // What is recorded of it, and said of what was not read, is in proportion to it.
            let shown = mock.ask("GET", "/_mock/requests", None).body.len();
            assert!(shown <= 64 * 1024 + 64 * target.len(), "{shown} bytes");
        }
    }
}

/// The body of a create in the first line; in the rest, that of an update of what was created.
pub fn create_and_update(input: &[u8]) {
    let newline = input.iter().position(|byte| *byte == b'\n');
    let (create, update) = input.split_at(newline.unwrap_or(input.len()));
    for edition in EDITIONS {
        let mock = Mock::empty(edition);
        let before = mock.state();
        let created = mock.ask("POST", GROUPS, Some(create));
        created.check();
        if created.status != 201 {
            assert!([400, 422].contains(&created.status), "{created}");
            assert_eq!(before, mock.state(), "a refused create changed something");
            continue;
        }
        let group = created.data();
        check_group(&group, edition);
        let path = format!("{GROUPS}/{}", group["id"].as_str().expect("checked"));
        assert_eq!(mock.ask("GET", &path, None).data(), group);
        assert_eq!(mock.total(GROUPS), 1);
        let again = mock.ask("POST", GROUPS, Some(create));
        assert_eq!(again.status, 422, "the name is taken: {again}");

        check_update(&mock, edition, &path, &group, update);
        mock.check_consistency();
        let deleted = mock.ask("DELETE", &path, None);
        assert!([200, 204].contains(&deleted.status), "{deleted}");
        assert_eq!(mock.total(GROUPS), 0);
        let anew = mock.ask("POST", GROUPS, Some(create));
        assert_eq!(anew.status, 201, "the name is free again: {anew}");
    }
}

fn check_update(mock: &Mock, edition: &str, path: &str, group: &Value, body: &[u8]) {
    let updated = mock.ask("PUT", path, Some(body));
    updated.check();
    let now = mock.ask("GET", path, None).data();
    if [200, 201].contains(&updated.status) {
        check_group(&now, edition);
        assert_eq!(updated.data(), now);
    } else {
        assert!([400, 422].contains(&updated.status), "{updated}");
        assert_eq!(*group, now, "a refused update changed something");
    }
    // What the API says of a group can be sent back, but for a description that there is none of.
    let Value::Object(mut own) = now.clone() else {
        unreachable!("checked")
    };
    own.retain(|_, value| !value.is_null());
    let same = mock.ask("PUT", path, Some(Value::from(own).to_string().as_bytes()));
    assert!([200, 201].contains(&same.status), "{same}");
    assert_eq!(same.data(), now);
}

/// A fixture file.
pub fn fixture(input: &[u8]) {
    let fixture = match Fixture::parse(input) {
        Ok(fixture) => fixture,
        Err(refused) => {
            assert!(!refused.problems.is_empty());
            assert!(!refused.to_string().is_empty());
            return;
        }
    };
    // A mock may still refuse to start with it, as with too many organizations.
    let Ok(mock) = Mock::with(fixture, &Config::default()) else {
        return;
    };
    mock.check_consistency();
    let exported = mock.state();
    let again = Fixture::parse(exported.as_bytes()).expect("what was exported is a fixture");
    let again = Mock::with(again, &Config::default()).expect("as large as the first");
    assert_eq!(exported, again.state());
    let put = again.ask("PUT", "/_mock/state", Some(exported.as_bytes()));
    assert_eq!(put.status, 204, "{put}");
    assert_eq!(exported, again.state());
}

/// A rule by which requests fail, as it is put at `/_mock/faults/fuzzed`.
pub fn fault_rule(input: &[u8]) {
    let mock = Mock::empty(EDITIONS[0]);
    let put = mock.ask("PUT", "/_mock/faults/fuzzed", Some(input));
    if put.status != 200 {
        assert_eq!(put.status, 400, "{put}");
        put.check_problem();
        return;
    }
    let shown = put.json();
    let again = as_sent(&shown);
    let again = mock.ask(
        "PUT",
        "/_mock/faults/fuzzed",
        Some(again.to_string().as_bytes()),
    );
    assert_eq!(again.json(), shown, "a rule is what it is shown as");

    let (mut hits, mut before) = (0, mock.state());
    let new = br#"{"name":"New","description":"d"}"#;
    for (method, body) in [
        ("GET", None),
        ("POST", Some(&new[..])),
        ("POST", Some(new)),
        ("HEAD", None),
    ] {
        let answer = mock.ask(method, GROUPS, body);
        let now = mock.ask("GET", "/_mock/faults", None).json()["faults"][0].clone();
        let struck = now["hits"].as_u64().expect("a number") > hits;
        hits += u64::from(struck);
        assert_eq!(now["hits"], hits, "one request, one hit at most");
        if !struck {
            assert!([200, 201, 422].contains(&answer.status), "{answer}");
            answer.check();
        }
        let after = mock.state();
        assert!(
            after == before || method == "POST",
            "{method} changed something"
        );
        before = after;
    }
    mock.ask("DELETE", "/_mock/faults", None);
    mock.check_consistency();
}

/// A rule as somebody would send it, from what is shown of it.
fn as_sent(shown: &Value) -> Value {
    let mut rule = shown.as_object().expect("a rule is an object").clone();
    let took: Vec<_> = ["id", "hits"].map(|key| rule.remove(key)).into();
    assert!(took.iter().all(Option::is_some), "{shown}");
    let steps = rule["steps"].as_array_mut().expect("a list of steps");
    for step in steps.iter_mut().filter_map(Value::as_object_mut) {
        assert!(step.remove("remaining").is_some(), "{shown}");
    }
    rule.into()
}

/// The body of `POST /_mock/requests/verify`.
pub fn verify(input: &[u8]) {
    let mock = Mock::empty(EDITIONS[0]);
    mock.ask("GET", &format!("{GROUPS}?page=2&per_page=5"), None);
    mock.ask(
        "POST",
        GROUPS,
        Some(br#"{"name":"Sales","description":"d","members":[1,2]}"#),
    );
    mock.ask("POST", GROUPS, Some(b"{"));
    mock.ask(
        "PUT",
        &format!("{GROUPS}/none"),
        Some(br#"{"desciption":"typo"}"#),
    );
    mock.ask("GET", "/api/nothing", None);
    let journal = mock.ask("GET", "/_mock/requests", None).json();

    let answer = mock.ask("POST", "/_mock/requests/verify", Some(input));
    match answer.status {
        200 => {
            let keys: Vec<String> = Map::keys(answer.json().as_object().expect("an object"))
                .cloned()
                .collect();
            assert_eq!(keys, ["count"], "{answer}");
            assert!(answer.json()["count"].is_u64(), "{answer}");
        }
        409 => {
            answer.check_problem();
            assert!(
                answer.json()["count"].is_u64() && answer.json()["nearest"].is_array(),
                "{answer}"
            );
        }
        status => {
            assert_eq!(status, 400, "{answer}");
            answer.check_problem();
            assert!(
                answer.json()["errors"]
                    .as_array()
                    .is_some_and(|errors| !errors.is_empty()),
                "{answer}"
            );
        }
    }
    let again = mock.ask("POST", "/_mock/requests/verify", Some(input));
    assert_eq!(answer.json(), again.json(), "asking changes nothing");
    assert_eq!(journal, mock.ask("GET", "/_mock/requests", None).json());
}
