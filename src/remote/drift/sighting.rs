//! What is looked at of one answer: its status, some headers, the kind of its body and the arithmetic of its `meta`, each as a
//! word of a fixed list; and its JSON, of which only the shape is compared.

use std::collections::BTreeMap;

use super::{
    meta,
    ordered::{Json, MOST_VALUES, values_in},
};

/// One answer, as it is compared.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    /// Words by what they are about. What is not there could not be told from this answer.
    pub(super) facts: BTreeMap<&'static str, String>,
    pub(super) json: Option<Json>,
}

/// An answer of either side, with those headers that are looked at.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    status: u16,
    content_type: Option<&'a str>,
    allow: Option<&'a str>,
    has_challenge: bool,
    has_location: bool,
    body: &'a [u8],
}

impl<'a> Heard<'a> {
    pub(super) fn new(
        status: u16,
        header: impl Fn(&str) -> Option<&'a str>,
        body: &'a [u8],
    ) -> Self {
        Self {
            status,
            content_type: header("content-type"),
            allow: header("allow"),
            has_challenge: header("www-authenticate").is_some(),
            has_location: header("location").is_some(),
            body,
        }
    }
}

/// What was asked, as far as the answer is to be read by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskedFor<'a> {
    pub(super) method: &'a str,
    /// The whole URL.
    pub(super) url: &'a str,
}

/// Why an answer cannot be compared, in words after "the host answered".
pub(super) type Unreadable = String;

impl Sighting {
    /// Looks at an answer. What is no answer of an API's, such as an error of a server or a page of HTML in the place of
    /// success, cannot be compared.
    pub(super) fn of(answer: &Heard<'_>, asked: AskedFor<'_>) -> Result<Self, Unreadable> {
        let status = answer.status;
        if status >= 500 || status == 429 {
            return Err(format!("with {status}, which says nothing of its rules"));
        }
        if values_in(answer.body) > MOST_VALUES {
            return Err(format!("with {status} and more values than are compared"));
        }
        let mut facts = BTreeMap::from([
            ("status", status.to_string()),
            ("content type", content_type(answer.content_type)),
        ]);
        let is_refused_method = status == 405 || asked.method == "OPTIONS";
        if is_refused_method {
            facts.insert("header Allow", methods(answer.allow));
        }
        if status == 401 {
            facts.insert("header WWW-Authenticate", presence(answer.has_challenge));
        }
        if (300..400).contains(&status) {
            facts.insert("header Location", presence(answer.has_location));
        }
        // What a server writes for a HEAD, nobody reads.
        let body = if asked.method == "HEAD" {
            &[]
        } else {
            answer.body.trim_ascii()
        };
        let json = if body.is_empty() {
            None
        } else {
            Json::parse(body).ok()
        };
        let kind = match json {
            Some(_) => "JSON",
            None if body.is_empty() => "nothing",
            None if body.starts_with(b"<") => "HTML or XML",
            None => "no JSON",
        };
        if status < 300 && json.is_none() && !body.is_empty() {
            return Err(format!(
                "with {status} and {kind} in the place of JSON; is there a proxy in between?"
            ));
        }
        facts.insert("body", kind.to_owned());
        if let Some(json) = &json {
            if let Some(Json::Text(code)) = json.get("code").or_else(|| json.get("error")) {
                facts.insert("code", known_code(code));
            }
            if status < 300 {
                facts.extend(meta::facts(json, asked.url));
            }
        }
        Ok(Self { facts, json })
    }
}

fn presence(is_there: bool) -> String {
    if is_there { "there" } else { "none" }.to_owned()
}

/// The content type without its parameters.
fn content_type(value: Option<&str>) -> String {
    let Some(value) = value else {
        return "none".to_owned();
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let known = [
        "application/json",
        "application/problem+json",
        "text/html",
        "text/plain",
    ];
    let known = known.iter().find(|known| **known == essence);
    known.map_or_else(|| "another".to_owned(), |known| (*known).to_owned())
}

/// The methods of `Allow`, in alphabetical order.
fn methods(value: Option<&str>) -> String {
    let Some(value) = value else {
        return "none".to_owned();
    };
    let known = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    let named: Vec<String> = value
        .split(',')
        .map(|it| it.trim().to_ascii_uppercase())
        .collect();
    let told = known
        .iter()
        .filter(|it| named.iter().any(|named| named == *it));
    let told: Vec<&str> = told.copied().collect();
    told.join(", ")
}

/// The codes of refusals that are documented; another is not told, as nobody knows what it says.
const CODES: &[&str] = &[
    "ENDPOINT_NOT_FOUND",
    "RESOURCE_NOT_FOUND",
    "RATE_LIMIT_EXCEEDED",
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unsupported_grant_type",
    "unauthorized_client",
    "invalid_scope",
];

fn known_code(code: &str) -> String {
    let known = CODES.iter().find(|known| **known == code);
    known.map_or_else(|| "another".to_owned(), |known| (*known).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, method: &str, body: &[u8]) -> Result<Sighting, Unreadable> {
        let heard = Heard::new(status, |_| None, body);
        Sighting::of(
            &heard,
            AskedFor {
                method,
                url: "http://h/me",
            },
        )
    }

    #[test]
    fn what_is_no_answer_of_an_api_cannot_be_compared() {
        let deep = [vec![b'['; 200], vec![b']'; 200]].concat();
        let many = [b"[".to_vec(), b"1,".repeat(MOST_VALUES), b"1]".to_vec()].concat();
        for (status, body) in [
            (200, &b"<!DOCTYPE html>"[..]),
            (200, b"{\"data\":\"\xff\"}"),
            (201, b"{\"data\":"),
            (200, &deep),
            (200, &many),
            (404, &many),
            (500, b"{}"),
            (503, b""),
            (429, b"{}"),
        ] {
            let why = seen(status, "GET", body).unwrap_err();
            assert!(why.starts_with(&format!("with {status}")), "{why}");
        }
    }

    #[test]
    fn a_refusal_may_have_any_body_and_a_head_none() {
        let body = |seen: Sighting| seen.facts["body"].clone();
        assert_eq!(body(seen(404, "GET", b"<html>").unwrap()), "HTML or XML");
        assert_eq!(body(seen(404, "GET", b"Not found").unwrap()), "no JSON");
        assert_eq!(body(seen(204, "DELETE", b"").unwrap()), "nothing");
        assert_eq!(body(seen(200, "HEAD", b"{\"data\":1}").unwrap()), "nothing");
        assert_eq!(body(seen(200, "GET", b" {} ").unwrap()), "JSON");
    }

    #[test]
    fn words_that_may_be_anybodys_are_not_told() {
        let header = |name: &str| match name {
            "content-type" => Some("Text/HTML; charset=utf-8"),
            "allow" => Some("get, HEAD,X-SECRET"),
            _ => None,
        };
        let body = br#"{"code":"ADA_LOVELACE"}"#;
        let asked = AskedFor {
            method: "OPTIONS",
            url: "http://h/me",
        };
        let seen = Sighting::of(&Heard::new(405, header, body), asked).unwrap();
        let told: Vec<(&str, &str)> = seen
            .facts
            .iter()
            .map(|(what, word)| (*what, word.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("body", "JSON"),
                ("code", "another"),
                ("content type", "text/html"),
                ("header Allow", "GET, HEAD"),
                ("status", "405"),
            ]
        );
    }
}
