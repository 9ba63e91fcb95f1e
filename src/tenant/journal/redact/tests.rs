//! What the journal must not show, and what it must.

use serde_json::json;

use super::{super::sample::Sample, *};

const OWN: &str = "own-T0ken/42";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_";

#[test]
fn a_body_of_json_keeps_all_but_its_secrets() {
    let clean = |body: Value| Sample::update("acme", &body).token(OWN).shown()["body"].clone();
    for (body, expected) in [
        (
            json!({ "name": "Sales", "api_token": "abc", "tokens": ["a", "b"], "token": null }),
            json!({ "name": "Sales", "api_token": REDACTED, "tokens": REDACTED, "token": null }),
        ),
        (
            json!([{ "deep": { "clientSecret": 7, "X-API-Key": "k", "PASSWORD": { "a": 1 } } }]),
            json!([{ "deep": { "clientSecret": REDACTED, "X-API-Key": REDACTED, "PASSWORD": REDACTED } }]),
        ),
        (
            json!({ "a": "bearer xyz", "b": format!("see {JWT}!"), "c": format!("is {OWN}, really") }),
            json!({ "a": "bearer [redacted]", "b": "see [redacted]!", "c": "is [redacted], really" }),
        ),
        (
            json!({ "next": "http://h/api/x?page=2&api_token=abc&q=a%20b#token=d" }),
            json!({ "next": "http://h/api/x?page=2&api_token=[redacted]&q=a%20b#token=[redacted]" }),
        ),
        (
            json!({ "a": "own-T0ken%2F42", OWN: 1, "eyJust": "eyJ.a" }),
            json!({ "a": REDACTED, REDACTED: 1, "eyJust": "eyJ.a" }),
        ),
        (
            json!({ "description": "lost your password or token? 100 % safe \\o/" }),
            json!({ "description": "lost your password or token? 100 % safe \\o/" }),
        ),
    ] {
        assert_eq!(clean(body), expected);
    }
}

#[test]
fn a_token_of_digits_is_hidden_as_a_number_too() {
    let sample = Sample::update("acme", &json!({ "a": 1_234_567_890_u64, "b": 1_234_567 }));
    let shown = sample.token("1234567890").shown();
    assert_eq!(shown["body"], json!({ "a": REDACTED, "b": 1_234_567 }));
}

#[test]
fn escapes_and_repeated_keys_hide_nothing() {
    for body in [
        r#"{"p\u0061ssword":"hunter2"}"#,
        r#"{"a":"own-T0ken\/42 hunter2","b":"Bearer hunter2"}"#,
        r#"{"password":"hunter2","password":null}"#,
        r#"{"a":"\u006fwn-T0ken/42"}"#,
    ] {
        let shown = Sample::list("acme").token(OWN).body(body).shown()["body"].to_string();
        let redacted = shown.contains(REDACTED) || shown == r#"{"password":null}"#;
        assert!(redacted && !shown.contains(OWN), "{shown}");
    }
}

#[test]
fn a_body_that_is_no_json_loses_the_values_of_secrets_or_all() {
    let clean = |body: &str| {
        Sample::list("acme")
            .token(OWN)
            .body(body.to_owned())
            .shown()["body"]
            .clone()
    };
    for (body, expected) in [
        (
            "name=Sales&api_key=abc&x=1",
            "name=Sales&api_key=[redacted]&x=1",
        ),
        (
            r#"{"name":"Sales","token":"a\"b","x":1,}"#,
            r#"{"name":"Sales","token":"[redacted]","x":1,}"#,
        ),
        (r#"{"tokens": ["a"], "x":1,}"#, r#"{"tokens": [redacted]"#),
        (
            "Authorization: Bearer abc\nAccept: x",
            "Authorization: [redacted]\nAccept: x",
        ),
        ("-H 'Bearer abc' -X", "-H 'Bearer [redacted]' -X"),
        ("my own-T0ken/42!", "my [redacted]!"),
        (JWT, REDACTED),
        ("x=own-T0ken%2F42", REDACTED),
        ("p%61ssword=abc", REDACTED),
        ("password:\n  - abc\n  - def", "password:\n  [redacted]"),
        ("<password>abc</password>", REDACTED),
        ("name=\"password\"\r\n\r\nabc", REDACTED),
        ("nothing to hide, 100 %", "nothing to hide, 100 %"),
    ] {
        assert_eq!(clean(body), expected, "{body}");
    }
}

#[test]
fn headers_lose_the_values_of_secrets() {
    for (name, value, expected) in [
        ("authorization", "Bearer abc", "Bearer [redacted]"),
        ("authorization", "bearer  abc", "bearer [redacted]"),
        ("authorization", "Basic YTpi", "Basic [redacted]"),
        ("authorization", "abc def", REDACTED),
        ("Proxy-Authorization", "abc", REDACTED),
        ("cookie", "a=b", REDACTED),
        ("x-csrf-token", "abc", REDACTED),
        ("X-Api-Key", "abc", REDACTED),
        (
            "referer",
            "http://h/?q=1&token=abc",
            "http://h/?q=1&token=[redacted]",
        ),
        ("x-forwarded", "bearer abc", "bearer [redacted]"),
        ("x-trace", JWT, REDACTED),
        ("x-trace", "<own-T0ken/42>", "<[redacted]>"),
        ("user-agent", "tokenizer/1.0 100%", "tokenizer/1.0 100%"),
    ] {
        let shown = Sample::list("acme").token(OWN).header(name, value).shown();
        assert_eq!(shown["headers"][name], expected, "{name}: {value}");
    }
    let shown = Sample::list("acme")
        .token("Own-T0ken")
        .header("x-own-t0ken", "1")
        .shown();
    assert_eq!(shown["headers"], json!({ REDACTED: "1" }));
}

#[test]
fn paths_and_queries_lose_their_secrets() {
    let shown = |path: &str| {
        let shown = Sample::new("GET", path).token("own-T0ken").shown();
        format!(
            "{}?{}",
            shown["path"].as_str().unwrap(),
            shown["query"].as_str().unwrap()
        )
    };
    for (path, expected) in [
        (
            "/a?page=1&API_TOKEN=abc&q=a+b%20c",
            "/a?page=1&API_TOKEN=[redacted]&q=a+b%20c",
        ),
        ("/a?%74oken=abc&token", "/a?%74oken=[redacted]&token"),
        ("/a?q=Bearer%20abc&x", "/a?q=[redacted]&x"),
        ("/a?q=own%2DT0ken&own-T0ken", "/a?q=[redacted]&[redacted]"),
        ("/a?u=http://h/%3Ftoken%3Dabc", "/a?u=[redacted]"),
        ("/own-T0ken/b?", "/[redacted]/b?"),
        ("/own%2DT0ken/b?", "[redacted]?"),
        (
            "/tokens/password?with=users%2Cguests",
            "/tokens/password?with=users%2Cguests",
        ),
    ] {
        assert_eq!(shown(path), expected, "{path}");
    }
}

#[test]
fn urls_in_urls_in_urls_come_to_an_end() {
    let mut deep = "token=abc".to_owned();
    for _ in 0..30 {
        deep = format!("u=x?{deep}")
            .replace('%', "%25")
            .replace(['?', '='], "%3D");
    }
    let shown = Sample::list("acme")
        .body(json!({ "a": "?a=".repeat(100_000) }).to_string())
        .header("x", deep)
        .shown();
    assert!(shown["body"]["bytes"].is_number());
}

#[test]
fn a_word_or_the_organizations_name_is_no_secret() {
    let shown = Sample::list("northwind").token("northwind").shown();
    assert_eq!(shown["path"], "/organizations/northwind/groups");
    let shown = Sample::new("GET", "/groups").token("groups").shown();
    assert_eq!(shown["path"], "/groups");
}

#[test]
fn a_secret_at_the_cut_does_not_survive() {
    let kept = JournalLimits::BODY_BYTES;
    for at in kept - 30..kept + 5 {
        for (before, secret) in [("", OWN), ("Bearer ", "abcdefghijkl"), ("", JWT)] {
            let start = format!("{{\"name\":\"{}", "x".repeat(at - 30));
            for (middle, end) in [
                ("\",\"b\":\"", "\"}"),
                ("\",\"b\":\"", "\",}"),
                (" ", "\"}"),
            ] {
                if middle == " " && before == "Bearer " {
                    continue; // prose
                }
                let body = format!("{start}{middle}{before}{secret}{end}");
                let shown = Sample::list("acme").token(OWN).body(body).shown()["body"].to_string();
                assert!(
                    !shown.contains(&secret[..7]),
                    "{at} {before} {secret} {end}"
                );
            }
        }
    }
}

#[test]
fn a_head_is_appended_and_its_ends_count_from_there() {
    let redactor = Redactor::new(Some(OWN));
    for (value, expected) in [("gzip", "gzip"), (OWN, REDACTED)] {
        let mut out = b"before".to_vec();
        let headers = [
            ("authorization", "Bearer own-T0ken/42".as_bytes()),
            ("accept", value.as_bytes()),
            ("x-odd", b"\xff"),
        ];
        let line = ["GET", "/own-T0ken/42", "token=a"];
        let ends = redactor.head(line, &mut headers.into_iter(), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "beforeGET/[redacted]token=[redacted]authorization\0Bearer [redacted]\naccept\0{expected}\nx-odd\0\u{fffd}\n"
            )
        );
        assert_eq!(ends, [3, 14, 30]);
    }
}

#[test]
fn of_a_clean_body_only_the_requests_own_token_is_taken() {
    let clean = |body: &str| {
        let redactor = Redactor::new(Some(OWN));
        String::from_utf8(redactor.clean_body(body.as_bytes()).into_owned()).unwrap()
    };
    for (body, expected) in [
        (r#"{"name":"Sales"}"#, r#"{"name":"Sales"}"#),
        (r#"{"name": "own-T0ken/42"}"#, r#"{"name":"[redacted]"}"#),
        ("name=own-T0ken/42", "name=[redacted]"),
    ] {
        assert_eq!(clean(body), expected);
    }
}

#[test]
fn every_text_is_read_by_the_same_rule() {
    let redactor = Redactor::new(Some(OWN));
    for (text, expected) in [
        ("password: abc\nname: x", "password: [redacted]\nname: x"),
        ("see Bearer abc", "see Bearer [redacted]"),
        ("say \"bearer abc\" here", "say \"bearer [redacted]\" here"),
        (
            "{\"api_key\": \"a\", \"b\": 1}",
            "{\"api_key\": \"[redacted]\", \"b\": 1}",
        ),
        ("secrets[0] = [a,\nb]", "secrets[0] = [redacted]"),
        ("token-bearer abc", "token-bearer [redacted]"),
        (
            "password=own-T0ken/42&own-T0ken/42",
            "password=[redacted]&[redacted]",
        ),
        ("token=[redacted]&x", "token=[redacted]&x"),
        ("own-T0ken%252F42", REDACTED),
        ("%2525252525252541", REDACTED),
        (
            "a tokenizer, a cookie and 100 %",
            "a tokenizer, a cookie and 100 %",
        ),
    ] {
        assert_eq!(redactor.plain(text), expected);
    }
    assert_eq!(
        redactor.query("q=Bearer+abc&x=1"),
        "q=Bearer+[redacted]&x=1"
    );
    assert_eq!(
        redactor.query("token(1)=abc&x=1"),
        "token(1)=[redacted]&x=1"
    );
    let redactor = Redactor::new(Some("ab&cd=ef=="));
    assert_eq!(redactor.query("ab&cd=ef==&x"), "[redacted]&x");
    assert_eq!(redactor.query("ab&cd%3Def==&x"), REDACTED);
}
