//! No value of an answer is told, whatever it is and wherever it stands.

use proptest::prelude::*;
use serde_json::{Value, json};
use tallyfy_mock::TallyfyMock;

use super::{TOKEN, plan, report};

/// A text that could be anybody's: in any script, as a time, as a name of a field.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Z][a-z]{5,9} [A-Z][a-z]{5,9}",
        "[а-яё]{6,12}",
        "[\u{4e00}-\u{4e40}]{4,8}",
        "[a-z]{6,12}_[a-z]{6,12}",
        "19[0-9]{2}-0[1-9]-1[0-9]",
        "[0-9]{7,12}",
    ]
}

prop_compose! {
    /// An answer with such texts for values, and for keys.
    fn answer()(texts in prop::collection::vec(text(), 6)) -> (Value, Vec<String>) {
        let [a, b, c, d, e, f] = &texts[..] else { unreachable!("six were asked for") };
        let body = json!({ "data": {
            "id": a, "first_name": b, "brand_new": { "also": [c, { "deep": d }] }, "last_updated": e,
            "by_name": { (b.as_str()): 1, (f.as_str()): null, (format!("{f}@acme.test")): [a] },
            "said": f,
        } });
        (body, texts)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_value_of_an_answer_is_in_a_report((body, texts) in answer()) {
        let mock = TallyfyMock::builder().fixture(super::acme()).start();
        mock.fault("other").on_path("GET", "/organizations/acme/me").status(200).body(body.clone()).always();
        mock.fault("refused").on_path("GET", "/organizations/acme/groupz").status(404).body(body).always();
        let found = report(&plan(), &mock);
        let all = format!("{found}{}", serde_json::to_string(&found).unwrap());
        for text in texts.iter().map(String::as_str).chain([TOKEN, "acme"]) {
            prop_assert!(!all.contains(text), "{text} in\n{all}");
        }
        prop_assert!(all.contains("data.brand_new"), "{all}");
    }
}
