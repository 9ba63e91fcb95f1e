//! Property tests of redaction.

use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::json;

use super::{super::sample::Sample, *};

const OWN: &str = "own-T0ken/42";

fn place() -> impl Strategy<Value = usize> {
    0_usize..14
}

/// The secret in each place where somebody would put one.
fn with_secret(sample: Sample, place: usize, secret: &str, filler: &str) -> Sample {
    let json = |value: Value| value.to_string();
    match place {
        0 => sample.header("authorization", format!("Bearer {secret}")),
        1 => sample.header("x-auth-token", secret),
        2 => sample.header("cookie", format!("{filler}={secret}")),
        3 => sample
            .header("x-note", format!("{filler} bearer {secret}").trim_start())
            .token(secret),
        4 => sample.body(json(json!({ filler: [{ "Client_Secret": secret }] }))),
        5 => sample.body(json(
            json!({ "name": format!("Bearer {secret}"), "x": filler }),
        )),
        6 => sample
            .body(json(json!({ "name": format!("{filler}{secret}{filler}") })))
            .token(secret),
        7 => sample.body(format!("x={filler}&password={secret}&y=1")),
        8 => sample.body(format!("{{\"x\":1,\"api_key\" : \"{secret}\",}}")),
        9 => sample
            .response(json(json!({ "data": [{ "id": secret, secret: filler }] })))
            .token(secret),
        10 => sample.response(json(
            json!({ "links": { "next": format!("http://h/?apikey={secret}&page=2") } }),
        )),
        11 => Sample {
            query: Some(format!("a=1&access_token={secret}&b=2")),
            ..sample
        },
        12 => Sample {
            query: Some(format!("a=1&q={filler}{secret}")),
            ..sample
        }
        .token(secret),
        _ => Sample {
            path: format!("/organizations/acme/{secret}/x"),
            ..sample
        }
        .token(secret),
    }
}

proptest! {
    #[test]
    fn no_secret_survives(
        secret in "[A-Za-z0-9]{12}|[A-Za-z0-9]{40}",
        filler in "[ -~é\n]{0,20}",
        places in prop::collection::vec(place(), 1..4),
    ) {
        for place in places {
            let clean: String = filler.chars().filter(|c| !matches!(c, '\n' | '&' | '#')).collect();
            let filler = if place == 4 || place == 6 || place == 9 { &filler } else { &clean };
            let shown = with_secret(Sample::list("acme"), place, &secret, filler).shown().to_string();
            prop_assert!(!shown.contains(&secret), "{place}: {shown}");
        }
    }

    #[test]
    fn no_token_survives_however_it_is_written(
        token in "[!-~]{8,12}|[!-~]{30,40}|[ab]{30,40}",
        is_encoded in prop::collection::vec(any::<bool>(), 40),
    ) {
        let encoded: String = token
            .chars()
            .zip(is_encoded)
            .map(|(c, is_encoded)| if is_encoded { format!("%{:02X}", u32::from(c)) } else { c.to_string() })
            .collect();
        let redactor = Redactor::new(Some(&token));
        let holds_it = |shown: &str| {
            shown.contains(&token) || percent_decode_str(shown).decode_utf8_lossy().contains(&token)
        };
        let path = format!("/a/{encoded}/b");
        prop_assert!(!holds_it(&redactor.plain(&path)));
        let query = format!("a=1&q={encoded}&{encoded}&b=2");
        prop_assert!(!holds_it(&redactor.query(&query)));
        for body in [json!({ "a": token, "b": [format!("<{token}>")], &token: 1 }), json!({ "a": encoded })] {
            let shown = redactor.body(body.to_string().as_bytes()).into_owned();
            let strings = serde_json::from_slice::<Value>(&shown).unwrap();
            prop_assert!(!holds_it(strings["a"].as_str().unwrap()));
            prop_assert!(!holds_it(strings["b"][0].as_str().unwrap_or_default()));
            prop_assert!(strings.get(&token).is_none());
        }
    }

    #[test]
    fn a_token_is_found_among_parts_of_it(token in "[ab]{33,40}", before in "[ab]{0,80}", after in "[ab]{0,80}") {
        let redactor = Redactor::new(Some(&token));
        let shown = redactor.plain(&format!("{before}{token}{after}")).into_owned();
        prop_assert!(!shown.contains(&token) && shown.contains(REDACTED), "{}", shown);
        let parts = [&token[1..], &token[..token.len() - 1]].join(" ");
        prop_assert_eq!(redactor.plain(&parts), parts.as_str());
    }

    #[test]
    fn nothing_that_comes_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..60), text in ".{0,40}") {
        for own in ["eyJ..token", "\\u0041%41 bearer "] {
            let sample = Sample { query: Some(text.clone()), ..Sample::list("acme") };
            let shown = sample.token(own).header(&text, &bytes).body(bytes.clone()).response(text.clone()).shown();
            prop_assert!(shown.is_object());
        }
    }

    #[test]
    fn what_holds_no_secret_stays_as_it_is(text in "[a-j ,.?=&:\\\\%\"{}]{0,40}") {
        let redactor = Redactor::new(Some(OWN));
        prop_assert_eq!(redactor.plain(&text), text.as_str());
        prop_assert_eq!(redactor.query(&text), text.as_str());
        let mut head = b"before".to_vec();
        let ends = redactor.head(["GET", &text, &text], &mut [("accept", text.as_bytes())].into_iter(), &mut head);
        prop_assert_eq!(String::from_utf8(head).unwrap(), format!("beforeGET{text}{text}accept\0{text}\n"));
        prop_assert_eq!(ends, [3, 3 + text.len(), 3 + 2 * text.len()]);
        if serde_json::from_str::<Value>(&text).is_err() {
            prop_assert_eq!(redactor.body(text.as_bytes()), text.as_bytes());
        }
    }
}
