//! What must not be remembered: credentials, wherever in a request or an answer they stand.
//!
//! Most of what passes here holds none. One look over the bytes finds that out; only where it finds
//! something suspicious is anything parsed or copied.

use std::borrow::Cow;

use memchr::memmem::Finder;
use serde_json::{Map, Value};

use super::{
    secrets::{
        BEARER, JWT, REDACTED, SIGNS, begins_with, hex_pair, holds_word, is_harmless, names_secret,
        percent_decoded, unescaped, without_jwts, without_values, word_with, words,
    },
    shared::JournalLimits,
};

/// Schemes of `Authorization` that are shown; what is before the first space may be the secret itself.
const SCHEMES: [&str; 6] = ["bearer", "basic", "digest", "token", "apikey", "negotiate"];

/// A shorter token is too likely to be a word like any other.
const SHORTEST_TOKEN: usize = 8;
/// How many URLs in parameters of URLs are looked into.
const NESTED_URLS: u8 = 4;

/// Takes out of one request and its answer what must not be remembered.
pub(super) struct Redactor<'a> {
    token: Option<Finder<'a>>,
}

impl<'a> Redactor<'a> {
    /// `token` is the request's own; `org` is no secret, even where it is the token.
    pub(super) fn new(token: Option<&'a str>, org: Option<&str>) -> Self {
        let token = token.filter(|token| {
            token.len() >= SHORTEST_TOKEN && !org.is_some_and(|org| org.contains(token))
        });
        Self {
            token: token.map(Finder::new),
        }
    }

    /// A path, or any other text in which a secret would have to be recognised by itself.
    pub(super) fn plain<'b>(&self, text: &'b str) -> Cow<'b, str> {
        if !self.is_suspicious(text.as_bytes()) {
            return Cow::Borrowed(text);
        }
        self.value(text, NESTED_URLS)
            .map_or(Cow::Borrowed(text), Cow::Owned)
    }

    pub(super) fn query<'b>(&self, query: &'b str) -> Cow<'b, str> {
        if !self.is_suspicious(query.as_bytes()) {
            return Cow::Borrowed(query);
        }
        self.parameters(query, NESTED_URLS)
            .map_or(Cow::Borrowed(query), Cow::Owned)
    }

    /// Method, path, query and headers in one piece, and where the first three end. A header is `name`, NUL,
    /// `value` and newline, which no header has in it.
    ///
    /// Looked over all at once; each for itself only where that finds something.
    pub(super) fn head(
        &self,
        line: [&str; 3],
        headers: &mut dyn Iterator<Item = (&str, &[u8])>,
    ) -> (Box<str>, [usize; 3]) {
        let (mut head, ends) = joined(line);
        let mut looked_over = 0;
        let mut is_suspicious = false;
        for (name, value) in headers {
            if name == "authorization" {
                is_suspicious |= self.is_suspicious(&head.as_bytes()[looked_over..]);
                head.extend([self.header_name(name), "\0"]);
                push_credentials(&mut head, value);
                looked_over = head.len();
            } else {
                let value = String::from_utf8_lossy(value);
                head.extend([self.header_name(name), "\0", &*value]);
            }
            head.push('\n');
        }
        is_suspicious |= self.is_suspicious(&head.as_bytes()[looked_over..]);
        if is_suspicious {
            self.clean_head(line, &head[ends[2]..])
        } else {
            (head.into(), ends)
        }
    }

    fn clean_head(&self, line: [&str; 3], headers: &str) -> (Box<str>, [usize; 3]) {
        let [method, path, query] = line;
        let (method, path, query) = (self.plain(method), self.plain(path), self.query(query));
        let (mut head, ends) = joined([&method, &path, &query]);
        for (name, value) in headers.lines().filter_map(|line| line.split_once('\0')) {
            self.push_header(&mut head, name, value.as_bytes());
        }
        (head.into(), ends)
    }

    fn push_header(&self, shown: &mut String, name: &str, value: &[u8]) {
        let name_shown = self.header_name(name);
        let value = self.header_value(name, value);
        shown.extend([name_shown, "\0", &*String::from_utf8_lossy(&value), "\n"]);
    }

    fn header_name<'b>(&self, name: &'b str) -> &'b str {
        let token = self.token.as_ref().map(Finder::needle);
        let holds_it = |token: &[u8]| {
            name.as_bytes()
                .windows(token.len())
                .any(|part| part.eq_ignore_ascii_case(token))
        };
        if token.is_some_and(holds_it) {
            REDACTED
        } else {
            name
        }
    }

    fn header_value<'b>(&self, name: &str, value: &'b [u8]) -> Cow<'b, [u8]> {
        if names_secret(name) {
            let mut shown = String::new();
            push_credentials(&mut shown, value);
            return Cow::Owned(shown.into_bytes());
        }
        if !self.is_suspicious(value) {
            return Cow::Borrowed(value);
        }
        self.value(&String::from_utf8_lossy(value), NESTED_URLS)
            .map_or(Cow::Borrowed(value), |text| Cow::Owned(text.into_bytes()))
    }

    /// A body; of a long one only as much is sure to be clean as is kept.
    pub(super) fn body<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        // A token that begins within what is kept ends within this, even with every character escaped.
        let longest = self.token.as_ref().map_or(0, |token| token.needle().len());
        let window = body.len().min(JournalLimits::BODY_BYTES + 6 * longest + 32);
        if !self.is_suspicious(&body[..window]) {
            return Cow::Borrowed(body);
        }
        // Written anew even where nothing was found: of a key that is there twice, only one was looked at.
        let clean = if let Ok(mut value) = serde_json::from_slice(body) {
            self.json(&mut value);
            value.to_string()
        } else {
            self.text(&String::from_utf8_lossy(body))
        };
        Cow::Owned(clean.into_bytes())
    }

    /// Whether something in the bytes could be a secret, name one, or be written so as to hide either.
    fn is_suspicious(&self, bytes: &[u8]) -> bool {
        if self.holds_token(bytes) {
            return true;
        }
        if is_harmless(bytes) {
            return false;
        }
        let suspicious = |at: usize, byte: u8| match byte {
            b'\\' => match bytes[at + 1..] {
                [b'u', b'0', b'0', b'0'..=b'7', ..] | [b'/', ..] => true,
                _ => self.is_in_token(b'\\') || self.is_in_token(b'"'),
            },
            b'%' => hex_pair(&bytes[at + 1..]).is_some_and(|hidden| {
                hidden.is_ascii_alphanumeric()
                    || matches!(hidden, b'%' | b'-' | b'_')
                    || self.is_in_token(hidden)
            }),
            b'J' => bytes[..=at].ends_with(JWT.as_bytes()),
            b'b' | b'B' => begins_with(&bytes[at..], BEARER.trim_end()),
            _ => word_with(bytes, at).is_some(),
        };
        bytes
            .iter()
            .enumerate()
            .any(|(at, &byte)| SIGNS[usize::from(byte)] && suspicious(at, byte))
    }

    fn is_in_token(&self, byte: u8) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.needle().contains(&byte))
    }

    fn holds_token(&self, bytes: &[u8]) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.find(bytes).is_some())
    }

    fn json(&self, value: &mut Value) {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if self.holds_token(number.to_string().as_bytes()) {
                    *value = REDACTED.into();
                }
            }
            Value::String(text) => {
                if let Some(clean) = self.value(text, NESTED_URLS) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(fields) => {
                for (key, value) in fields.iter_mut() {
                    if names_secret(key) && !value.is_null() {
                        *value = REDACTED.into();
                    } else {
                        self.json(value);
                    }
                }
                if fields.keys().any(|key| self.value(key, 0).is_some()) {
                    let clean = |key: String| self.value(&key, 0).unwrap_or(key);
                    let renamed: Map<_, _> = std::mem::take(fields)
                        .into_iter()
                        .map(|(key, value)| (clean(key), value))
                        .collect();
                    *fields = renamed;
                }
            }
        }
    }

    /// A text under a harmless name; nothing where it may stay as it is.
    fn value(&self, text: &str, nested: u8) -> Option<String> {
        let start = text.trim_start();
        if begins_with(start.as_bytes(), BEARER) {
            return Some(format!("{}{REDACTED}", &start[..BEARER.len()]));
        }
        let mut clean = None;
        if let Some((before, query)) = text.split_once('?') {
            clean = self
                .parameters(query, nested)
                .map(|query| format!("{before}?{query}"));
        }
        if let Some(text) = self.without_tokens(clean.as_deref().unwrap_or(text)) {
            clean = Some(text);
        }
        let shown = clean.as_deref().unwrap_or(text);
        if shown.contains('%') && self.holds_token(percent_decoded(shown).as_bytes()) {
            return Some(REDACTED.to_owned());
        }
        clean
    }

    /// The parameters of a URL, its fragment included; nothing where they may stay as they are.
    fn parameters(&self, query: &str, nested: u8) -> Option<String> {
        let Some(nested) = nested.checked_sub(1) else {
            let hides = |text: &str| holds_word(text.as_bytes());
            return (hides(query) || hides(&percent_decoded(query))).then(|| REDACTED.to_owned());
        };
        let mut clean = String::with_capacity(query.len());
        let mut changed = false;
        for part in query.split_inclusive(['&', ';', '?', '#']) {
            let pair = part.trim_end_matches(['&', ';', '?', '#']);
            let end = &part[pair.len()..];
            let (name, value) = form_urlencoded::parse(pair.as_bytes())
                .next()
                .unwrap_or_default();
            let raw_name = pair.split('=').next().unwrap_or_default();
            if self.value(&name, 0).is_some() {
                clean.push_str(REDACTED);
            } else if raw_name.len() < pair.len()
                && (names_secret(&name) || self.value(&value, nested).is_some())
            {
                clean.extend([raw_name, "=", REDACTED]);
            } else {
                clean.extend([pair, end]);
                continue;
            }
            changed = true;
            clean.push_str(end);
        }
        if self.holds_token(clean.as_bytes()) {
            return Some(REDACTED.to_owned());
        }
        changed.then_some(clean)
    }

    /// The text without the request's own token and without JSON Web Tokens.
    fn without_tokens(&self, text: &str) -> Option<String> {
        let mut clean = None;
        if let Some(token) = &self.token
            && token.find(text.as_bytes()).is_some()
        {
            let token = String::from_utf8_lossy(token.needle());
            clean = Some(text.replace(&*token, REDACTED));
        }
        let rest = clean.as_deref().unwrap_or(text);
        without_jwts(rest).or(clean)
    }

    /// A body that is no JSON: forms, broken JSON, prose.
    ///
    /// A value is taken out where it is plain where it ends; else nothing of the body is kept.
    fn text(&self, text: &str) -> String {
        let Some(clean) = without_values(text) else {
            return REDACTED.to_owned();
        };
        let clean = self.without_tokens(&clean).unwrap_or(clean);
        if clean.contains(['%', '\\']) {
            let decoded = percent_decoded(&unescaped(&clean));
            if self.holds_token(decoded.as_bytes())
                || words(&decoded) != words(&clean)
                || without_jwts(&decoded).is_some()
            {
                return REDACTED.to_owned();
            }
        }
        clean
    }
}

/// The parts in one piece, with room for headers after them, and where each ends.
fn joined(parts: [&str; 3]) -> (String, [usize; 3]) {
    let mut head = String::with_capacity(512);
    let ends = parts.map(|part| {
        head.push_str(part);
        head.len()
    });
    (head, ends)
}

/// Of the value of a header that names a secret, its scheme.
fn push_credentials(shown: &mut String, value: &[u8]) {
    let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_it = |known: &str| known.as_bytes().eq_ignore_ascii_case(scheme);
    if scheme.len() < value.len() && SCHEMES.into_iter().any(is_it) {
        shown.extend([&*String::from_utf8_lossy(scheme), " "]);
    }
    shown.push_str(REDACTED);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
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
                    let shown =
                        Sample::list("acme").token(OWN).body(body).shown()["body"].to_string();
                    assert!(
                        !shown.contains(&secret[..7]),
                        "{at} {before} {secret} {end}"
                    );
                }
            }
        }
    }

    fn place() -> impl Strategy<Value = usize> {
        0_usize..14
    }

    /// Puts the secret somewhere; each place is one where somebody would put one.
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
            secret in "[A-Za-z0-9]{12}",
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
        fn nothing_that_comes_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..60), text in ".{0,40}") {
            for own in ["eyJ..token", "\\u0041%41 bearer "] {
                let sample = Sample { query: Some(text.clone()), ..Sample::list("acme") };
                let shown = sample.token(own).header(&text, &bytes).body(bytes.clone()).response(text.clone()).shown();
                prop_assert!(shown.is_object());
            }
        }

        #[test]
        fn what_holds_no_secret_stays_as_it_is(text in "[a-j ,.?=&:\\\\%\"{}]{0,40}") {
            let redactor = Redactor::new(Some(OWN), None);
            prop_assert_eq!(redactor.plain(&text), text.as_str());
            prop_assert_eq!(redactor.query(&text), text.as_str());
            prop_assert_eq!(redactor.header_value("accept", text.as_bytes()), text.as_bytes());
            if serde_json::from_str::<Value>(&text).is_err() {
                prop_assert_eq!(redactor.body(text.as_bytes()), text.as_bytes());
            }
        }
    }
}
