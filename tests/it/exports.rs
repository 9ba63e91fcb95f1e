//! Round trips: whatever was accepted can be exported, loaded again and exported the same, every value of it and at every clock.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::TestApp;

/// Times at, between and beyond the ends of the years 0000 to 9999.
fn time() -> impl Strategy<Value = String> {
    const EDGES: &[&str] = &[
        "9999-12-31T23:59:60Z",
        "9999-12-31T23:59:59.9999999Z",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59.999999Z",
        "0000-01-01T00:00:00Z",
        "0000-01-01T00:00:00+00:01",
        "0000-01-01T00:00:00-23:59",
        "2016-12-31T23:59:60Z",
        "2016-12-31T23:59:60.999999999Z",
        "1969-12-31T23:59:59.0000001Z",
        "+10000-01-01T00:00:00Z",
        "-0001-12-31T23:59:59Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01 00:00:00Z",
    ];
    let any = (
        0..=9999_u32,
        1..=12_u32,
        1..=31_u32,
        0..=24_u32,
        0..=60_u32,
        0..=60_u32,
    )
        .prop_map(|(y, m, d, h, min, s)| format!("{y:04}-{m:02}-{d:02}T{h:02}:{min:02}:{s:02}"));
    let fraction = prop_oneof![Just(String::new()), "\\.[0-9]{1,12}"];
    let offset = prop_oneof![Just("Z".to_owned()), "[+-][01][0-9]:[0-5][0-9]"];
    prop_oneof![
        prop::sample::select(EDGES).prop_map(str::to_owned),
        (any, fraction, offset).prop_map(|(time, fraction, offset)| time + &fraction + &offset),
    ]
}

/// Arbitrary JSON, deep, and with numbers that few writers preserve.
fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(-0.0)),
        Just(json!(5e-324)),
        Just(json!(1.797_693_134_862_315_7e308)),
        Just(json!(1e23)),
        Just(json!(18_446_744_073_709_551_616.0)),
    ];
    let leaf = prop_oneof![
        number,
        any::<bool>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("\u{0}\u{1b}\u{2028}\u{fffe}\u{10ffff}\\\"")),
        Just(Value::Null),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    (tree, 0..130_usize, any::<bool>()).prop_map(|(tree, levels, is_deep)| {
        (0..if is_deep { levels } else { 0 }).fold(tree, |tree, level| {
            if level % 2 == 0 {
                json!([tree])
            } else {
                json!({ "in": tree })
            }
        })
    })
}

/// A fixture in which any part may be invalid.
fn fixture() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![any::<String>(), "[ a\u{e9}\u{df}\u{130}]{1,4}"];
    (
        (time(), time(), time()),
        (value(), value(), value()),
        (text(), text(), text()),
        prop_oneof![any::<u64>(), 1..9_u64],
        prop_oneof![Just(None), any::<u64>().prop_map(Some)],
    )
        .prop_map(|(times, values, texts, user, sequence)| {
            json!({
                "version": 1,
                "tokens": [{ "token": "t", "organizations": ["acme"], "expires_at": times.0 }],
                "organizations": [{
                    "id": "acme",
                    "name": texts.0,
                    "id_sequence": sequence,
                    "industry": values.0,
                    "users": [{ "id": user, "first_name": texts.1, "stats": values.1 }],
                    "guests": [{ "email": "a@b.test", "last_name": texts.2, "details": values.2 }],
                    "groups": [{
                        "name": format!("g{}", texts.0),
                        "description": texts.1,
                        "logo": texts.2,
                        "members": [user],
                        "guests": ["a@b.test"],
                        "created_at": times.1,
                        "updated_at": times.2,
                    }],
                }],
                "template": { "industry": values.2 },
            })
        })
}

/// The parts of a fixture, each alone, as a refused part says nothing of the others.
fn parts(fixture: &Value) -> Vec<Value> {
    let org = &fixture["organizations"][0];
    let only = |keys: &[&str]| {
        let mut part = json!({ "id": "acme" });
        for key in keys {
            part[*key] = org[*key].clone();
        }
        part
    };
    let mut parts = vec![fixture.clone()];
    for keys in [
        &["industry"][..],
        &["users"],
        &["guests"],
        &["name", "id_sequence"],
        &["guests", "users", "groups"],
    ] {
        parts.push(json!({ "version": 1, "organizations": [only(keys)], "template": {} }));
    }
    parts
}

/// Replaces the state by its own export, which must change nothing.
fn is_kept(app: &TestApp) {
    for path in ["/_mock/state", "/_mock/state?org=acme"] {
        let exported = app.look(path);
        assert_eq!(exported.status, 200, "{exported}");
        let body: Value = exported.json();
        let put = app.send(
            axum::http::Request::put(path)
                .header("host", "localhost")
                .header("content-type", "application/json")
                .body(exported.body.clone().into())
                .unwrap(),
        );
        assert_eq!(put.status, 204, "{put}\n{body}");
        let again = app.look(path);
        assert!(
            again.body == exported.body,
            "{}\n{}",
            exported.body,
            again.body
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn any_accepted_value_survives_an_export_and_an_import(fixture in fixture()) {
        for part in parts(&fixture) {
            let app = TestApp::empty();
            let put = app.control("PUT", "/_mock/state", Some(&part));
            prop_assert!([204, 400].contains(&put.status.as_u16()), "{}", put);
            if put.status == 204 {
                is_kept(&app);
            }
            // One organization is read two levels nearer to the root than among all.
            let mut org = part["organizations"][0].clone();
            org.as_object_mut().unwrap().remove("id");
            for (method, path) in [("PUT", "/_mock/state?org=acme"), ("POST", "/_mock/seed?org=acme")] {
                let app = TestApp::empty();
                if app.control(method, path, Some(&org)).status == 204 {
                    is_kept(&app);
                }
            }
        }
    }

    #[test]
    fn what_is_written_at_any_clock_survives_an_export_and_an_import(at in time(), by in any::<f64>(), seconds in -1e12..1e12_f64) {
        for frozen in [true, false] {
            let app = TestApp::empty();
            let set = app.control("PUT", "/_mock/clock", Some(&json!({ "now": at, "frozen": frozen })));
            prop_assert!([200, 400].contains(&set.status.as_u16()), "{}", set);
            for seconds in [by, seconds, 9e18, -9e18, 0.000_001] {
                let moved = app.control("POST", "/_mock/clock/advance", Some(&json!({ "seconds": seconds })));
                prop_assert!([200, 400].contains(&moved.status.as_u16()), "{}", moved);
            }
            let shown = app.look("/_mock/clock").json()["now"].as_str().unwrap().to_owned();
            // Whatever a clock shows, it takes.
            let set = app.control("PUT", "/_mock/clock", Some(&json!({ "now": shown })));
            prop_assert_eq!(set.status, 200);
            app.as_manager().group_named("acme", "A");
            is_kept(&app);
            let listed = app.look("/_mock/requests").json();
            prop_assert!(listed["requests"][0]["at"].is_string(), "{}", listed);
        }
    }
}

#[test]
fn the_ends_of_the_calendar_are_kept_and_what_is_beyond_them_is_refused() {
    for (at, shown) in [
        (
            "9999-12-31T23:59:59.999999Z",
            Some("9999-12-31T23:59:59.999999Z"),
        ),
        ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00Z")),
        ("2016-12-31T23:59:60Z", Some("2017-01-01T00:00:00Z")),
        ("9999-12-31T23:59:60Z", None),
        ("9999-12-31T23:59:59-00:01", None),
        ("0000-01-01T00:00:00+00:01", None),
        ("+10000-01-01T00:00:00Z", None),
        ("-0001-12-31T23:59:59Z", None),
    ] {
        let app = TestApp::empty();
        let set = app.control(
            "PUT",
            "/_mock/clock",
            Some(&json!({ "now": at, "frozen": true })),
        );
        let org = json!({ "id": "acme", "groups": [{ "name": "A", "created_at": at, "updated_at": at }] });
        let token = json!({ "token": "t", "expires_at": at });
        let whole = json!({ "version": 1, "tokens": [token], "organizations": [org] });
        let put = app.control("PUT", "/_mock/state", Some(&whole));
        let seeded = app.control(
            "POST",
            "/_mock/seed",
            Some(&json!({ "version": 1, "organizations": [org] })),
        );
        match shown {
            None => {
                for refused in [set, put, seeded] {
                    assert_eq!(refused.status, 400, "{at}: {refused}");
                    assert!(refused.body.contains("expected a time"), "{refused}");
                }
            }
            Some(shown) => {
                assert_eq!(set.json()["now"], shown);
                assert_eq!(
                    (put.status.as_u16(), seeded.status.as_u16()),
                    (204, 204),
                    "{at}: {put}"
                );
                app.as_token("t").list_groups("acme", "");
                is_kept(&app);
            }
        }
    }
    // Rows that are written at a clock frozen at either end are kept too.
    for at in ["9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z"] {
        for frozen in [true, false] {
            let app = TestApp::empty();
            let clock = json!({ "now": at, "frozen": frozen });
            assert_eq!(app.control("PUT", "/_mock/clock", Some(&clock)).status, 200);
            let id = app.as_manager().group_named("acme", "A");
            app.as_manager()
                .update_group("acme", &id, &json!({ "name": "B" }));
            is_kept(&app);
        }
    }
}

#[test]
fn no_mock_starts_at_a_time_that_no_clock_shows() {
    let at = chrono::DateTime::from_timestamp(253_402_300_800, 0).unwrap();
    let refused = tallyfy_mock::TallyfyMock::builder()
        .clock(at)
        .try_start()
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the clock cannot stand at +10000-01-01T00:00:00+00:00: its year is not one from 0000 to 9999"
    );
    for at in ["+10000-01-01T00:00:00Z", "9999-12-31T23:59:60Z"] {
        let refused = crate::binary::output(&["--clock", at]);
        assert_eq!(refused.status.code(), Some(2), "{at}");
    }
}
