//! The vendor's own examples, one file each under `contract/`: request and answer, with the source.

use axum::http::Request;
use serde_json::Value;

use crate::support::TestApp;

/// The content of each file: its source, the fixture, the request, and the expected answer.
fn check(file: &str, text: &str) {
    let sample: Value = serde_json::from_str(text).unwrap();
    assert!(sample["source"].is_string(), "{file} says where it is from");
    let app = TestApp::with(sample["fixture"].clone());
    let asked = &sample["request"];
    let mut request = Request::builder()
        .method(asked["method"].as_str().unwrap())
        .uri(asked["path"].as_str().unwrap())
        .header("host", "go.tallyfy.com");
    for (name, value) in asked["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let body = asked
        .get("body")
        .map(ToString::to_string)
        .unwrap_or_default();
    let answer = app.send(request.body(body.into()).unwrap());
    assert_eq!(answer.status.as_u16(), sample["status"], "{file}: {answer}");
    if sample["answer"].is_null() {
        assert_eq!(answer.body, "", "{file}");
        return;
    }
    agree(file, "", &sample["answer"], &answer.json());
    keys_in_order(file, text, &answer.body);
}

/// The same keys everywhere, and the same values; `"…"` in the sample matches any string.
fn agree(file: &str, at: &str, sample: &Value, answer: &Value) {
    match (sample, answer) {
        (Value::Object(sample), Value::Object(answer)) => {
            let (mut wanted, mut found): (Vec<_>, Vec<_>) =
                (sample.keys().collect(), answer.keys().collect());
            wanted.sort();
            found.sort();
            assert_eq!(wanted, found, "{file}: the keys at `{at}`");
            for (key, value) in sample {
                agree(file, &format!("{at}/{key}"), value, &answer[key]);
            }
        }
        (Value::Array(sample), Value::Array(answer)) => {
            assert_eq!(sample.len(), answer.len(), "{file}: the length of `{at}`");
            for (i, (sample, answer)) in sample.iter().zip(answer).enumerate() {
                agree(file, &format!("{at}/{i}"), sample, answer);
            }
        }
        (Value::String(any), Value::String(_)) if any == "…" => {}
        _ => assert_eq!(sample, answer, "{file}: the value at `{at}`"),
    }
}

/// The keys of the first group stand in the order of the sample's text.
fn keys_in_order(file: &str, sample: &str, answer: &str) {
    let keys = [
        "id",
        "name",
        "description",
        "logo",
        "members",
        "guests",
        "created_at",
        "last_updated",
        "updated_at",
        "deleted_at",
    ];
    let order = |text: &str| {
        let text = &text[text.find("\"data\"").unwrap_or(0)..];
        let mut found: Vec<_> = keys
            .iter()
            .filter_map(|key| text.find(&format!("\"{key}\":")).map(|at| (at, *key)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
    };
    let sample = &sample[sample.find("\"answer\"").unwrap()..];
    assert_eq!(
        order(sample),
        order(answer),
        "{file}: the order of the keys"
    );
}

macro_rules! samples {
    ($($test:ident),+ $(,)?) => { $(
        #[test]
        fn $test() {
            let file = concat!(stringify!($test), ".json");
            check(file, include_str!(concat!("contract/", stringify!($test), ".json")));
        }
    )+ };
}

samples! {
    create_group,
    create_group_2025,
    get_group,
    list_groups,
    list_groups_empty,
    update_group_javascript,
    update_group_csharp,
    delete_group,
    delete_group_2025,
    wrong_path,
    missing_thing,
    no_token,
    validation,
    validation_as_troubleshooting_shows_it,
}
