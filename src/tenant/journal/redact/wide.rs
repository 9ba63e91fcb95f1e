//! Redaction takes time linear in what came, whatever came.
//!
//! Each kind of input is 64 KiB long: in quadratic time its test would take a minute. To count instead of to
//! wait, build for 16 and for 64 and compare the instructions of one test, which are four times as many:
//! `WIDE_KIB=16 cargo test --lib --no-run`, then `valgrind --tool=callgrind target/debug/deps/tallyfy_mock-… NAME`.

use serde_json::json;

use super::Redactor;

const KIB: usize = match option_env!("WIDE_KIB") {
    Some(kib) => match usize::from_str_radix(kib, 10) {
        Ok(kib) => kib,
        Err(_) => panic!("WIDE_KIB is no number"),
    },
    None => 64,
};

const N: usize = KIB * 1024;

/// As many of these as are as long as everything.
fn many(text: &str) -> String {
    text.repeat(N / text.len())
}

/// Redacts a text in every place where it can stand.
fn redact(token: &str, text: &str) {
    let redactor = Redactor::new(Some(token));
    let value = format!("%41{text}");
    let mut headers = [(text, value.as_bytes())].into_iter();
    redactor.head(["GET", text, text], &mut headers, &mut Vec::new());
    let json = json!({ "token": 1, "text": text, text: 1 });
    let _ = redactor.body(json.to_string().as_bytes());
    let _ = redactor.body(text.as_bytes());
}

/// Fields of different names.
fn many_fields() -> String {
    (0..N / 16).fold(String::new(), |fields, i| {
        fields + &format!("\"{i:08}\":\"%\",")
    })
}

macro_rules! wide {
    ($($name:ident: $token:expr, $text:expr;)*) => {
        $(
            #[test]
            fn $name() {
                redact(&$token, &$text);
            }
        )*
    };
}

const OWN: &str = "own-T0ken/42";

wide! {
    nothing: OWN, many("x");
    spaces: OWN, many(" ");
    names: OWN, many("token");
    names_apart: OWN, many("token ");
    names_with_values: OWN, many("token=");
    names_with_ends: OWN, many("token=a&");
    names_in_lines: OWN, many("token:\n");
    names_with_quotes: OWN, many("token=\"");
    names_with_quoted: OWN, many("token='a'");
    names_with_escaped_quotes: OWN, many("token=\\\"");
    names_with_lists: OWN, many("token=[");
    a_name_far_from_its_value: OWN, format!("token{}=a", many(" "));
    a_value_far_from_its_name: OWN, format!("token={}a", many(" "));
    names_far_apart: OWN, many(&format!("token{}", " ".repeat(200)));
    a_long_name: OWN, format!("token{}=a", many("-"));
    bearers: OWN, many("bearer ");
    bearers_with_plus: OWN, many("Bearer+");
    bearers_with_quotes: OWN, many("bearer \"");
    a_bearer_far_from_its_token: OWN, format!("bearer {}a", many(" "));
    parts_of_names: OWN, many("key");
    half_names: OWN, many("toke");
    jwt_starts: OWN, many("eyJ");
    jwt_starts_with_dots: OWN, many("eyJ.");
    jwt_starts_apart: OWN, many("eyJ.a ");
    jwts: OWN, many("eyJa.b.c ");
    dots: OWN, format!("eyJ{}", many("."));
    percents: OWN, many("%");
    letters_in_percents: OWN, many("%41");
    percents_in_percents: OWN, many("%25");
    percents_ever_deeper: OWN, format!("%{}", many("25"));
    names_in_percents: OWN, many("%74oken%3D");
    not_utf8_in_percents: OWN, many("%ff");
    backslashes: OWN, many("\\");
    backslashes_and_quotes: OWN, many("\\\"");
    unicode_escapes: OWN, many("\\u0041");
    backslashes_in_unicode_escapes: OWN, many("\\u005c");
    backslashes_ever_deeper: OWN, format!("\\{}", many("u005c"));
    percents_and_backslashes: OWN, many("%\\u0025\\");
    urls_in_urls: OWN, many("?a=");
    urls_in_encoded_urls: OWN, many("%3Fa%3D");
    parameters: OWN, many("a=b&");
    encoded_parameters: OWN, many("a=%20&");
    secret_parameters: OWN, many("%74oken=%20&");
    ampersands: OWN, many("%&");
    equal_signs: OWN, many("%=");
    tokens: OWN, many(OWN);
    encoded_tokens: OWN, many("own-T0ken%2F42");
    tokens_that_overlap: "abababab", many("ab");
    half_tokens: format!("{}b", "a".repeat(N / 2)), many("a");
    half_tokens_from_behind: format!("b{}", "a".repeat(N / 2)), many("a");
    a_long_token_beside_short_parts: many("aA"), many("a=%41&");
    a_long_token_with_escapes: many("a%"), many("a=%41&");
    tokens_with_escapes: "a%41\"\\bcd", many("\\\"");
    lists: OWN, format!("[\"token\",{}1]", many("1,"));
    lists_in_lists: OWN, many("[");
    lists_in_lists_that_end: OWN, format!("{}{}", "[".repeat(N / 2), "]".repeat(N / 2));
    objects_in_objects: OWN, many("{\"token\":");
    objects: OWN, format!("[{}1]", many("{\"tokens\":[{}]},"));
    fields: OWN, format!("{{{}\"token\":1}}", many_fields());
    fields_of_one_name: OWN, format!("{{{}\"token\":1}}", many("\"a\":1,"));
    fields_that_are_the_token: OWN, format!("{{{}\"token\":1}}", many("\"own-T0ken\\/42\":1,"));
    strings: OWN, format!("[{}1]", many("\"token=\",\"%41\","));
    a_long_number: OWN, format!("[\"token\",{}]", many("7"));
    a_long_fraction: OWN, format!("[\"token\",0.{}]", many("7"));
    numbers: "12345678", format!("[{}1]", many("12345678,"));
}
