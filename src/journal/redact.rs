//! Secrets are taken out before anything is stored.

use std::borrow::Cow;

use serde_json::Value;

const REDACTED: &str = "[redacted]";

/// Parts of the names under which secrets stand.
const NAMES: [&str; 8] = [
    "token",
    "secret",
    "password",
    "authorization",
    "cookie",
    "api_key",
    "api-key",
    "apikey",
];

/// Schemes of `Authorization` that are shown.
const SCHEMES: [&str; 4] = ["Bearer", "Basic", "Digest", "Negotiate"];

/// A caller's own token is looked for wherever it may stand, where it is too long to be a word.
const LONG_ENOUGH: usize = 8;

fn names_a_secret(name: &str) -> bool {
    NAMES.iter().any(|secret| contains(name.as_bytes(), secret))
}

/// Whether the text has the lower-case word in it, in any case.
fn contains(text: &[u8], word: &str) -> bool {
    let first = word.as_bytes()[0];
    text.windows(word.len()).any(|window| {
        window[0].to_ascii_lowercase() == first && window.eq_ignore_ascii_case(word.as_bytes())
    })
}

/// Whether a value gives itself away: a bearer token, or a JSON web token.
fn looks_like_a_token(value: &str) -> bool {
    let is_jwt = |part: &str| {
        part.starts_with("eyJ") && part.bytes().filter(|byte| *byte == b'.').count() == 2
    };
    value
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
        || value.split_whitespace().any(is_jwt)
}

/// A header's value as it may be kept.
pub(super) fn header<'a>(name: &str, value: &'a [u8], token: Option<&str>) -> Cow<'a, str> {
    let text = String::from_utf8_lossy(value);
    if name == "authorization" {
        // What is before the first space may be the secret itself.
        let scheme = text.split_once(' ').map(|(scheme, _)| scheme);
        let scheme = scheme.filter(|scheme| {
            SCHEMES
                .iter()
                .any(|known| known.eq_ignore_ascii_case(scheme))
        });
        return scheme.map_or(REDACTED.into(), |scheme| {
            format!("{scheme} {REDACTED}").into()
        });
    }
    if names_a_secret(name) || looks_like_a_token(&text) {
        return REDACTED.into();
    }
    match without(&text, token) {
        Cow::Owned(clean) => clean.into(),
        Cow::Borrowed(_) => text,
    }
}

/// A path as it may be kept, percent-encoded or not.
pub(super) fn path<'a>(path: &'a str, token: Option<&str>) -> Cow<'a, str> {
    let decoded = || {
        form_urlencoded::parse(path.as_bytes())
            .next()
            .map(|(path, _)| path)
    };
    if path.contains('%')
        && decoded().is_some_and(|path| matches!(without(&path, token), Cow::Owned(_)))
    {
        return REDACTED.into();
    }
    without(path, token)
}

/// The name of a header as it may be kept.
pub(super) fn header_name<'a>(name: &'a str, token: Option<&str>) -> Cow<'a, str> {
    // Names come in lower case.
    without(name, token.map(str::to_ascii_lowercase).as_deref())
        .into_owned()
        .into()
}

/// A text without the caller's token.
pub(super) fn without<'a>(text: &'a str, token: Option<&str>) -> Cow<'a, str> {
    match token.filter(|token| token.len() >= LONG_ENOUGH && text.contains(*token)) {
        Some(token) => text.replace(token, REDACTED).into(),
        None => text.into(),
    }
}

/// A query string as it may be kept.
pub(super) fn query<'a>(query: &'a str, token: Option<&str>) -> Cow<'a, str> {
    let is_suspect = may_hold_a_secret(query.as_bytes(), token) || query.contains('%');
    if !is_suspect {
        return query.into();
    }
    let parts = query.split('&').map(|part| {
        let Some((name, value)) = part.split_once('=') else {
            return Cow::from(part);
        };
        let decoded = form_urlencoded::parse(part.as_bytes()).next();
        let gives_away = decoded.is_some_and(|(name, value)| {
            names_a_secret(&name)
                || looks_like_a_token(&value)
                || token.is_some_and(|token| {
                    token.len() >= LONG_ENOUGH && (value.contains(token) || name.contains(token))
                })
        });
        if gives_away && !value.is_empty() {
            format!("{}={REDACTED}", without(name, token)).into()
        } else {
            part.into()
        }
    });
    parts.collect::<Vec<_>>().join("&").into()
}

/// Whether a slower look is worth it.
fn may_hold_a_secret(bytes: &[u8], token: Option<&str>) -> bool {
    NAMES.iter().any(|name| contains(bytes, name))
        || contains(bytes, "bearer")
        || contains(bytes, "eyj")
        // An escape can spell anything.
        || bytes.contains(&b'\\')
        || token.is_some_and(|token| {
            token.len() >= LONG_ENOUGH && bytes.windows(token.len()).any(|window| window == token.as_bytes())
        })
}

/// A body as it may be kept; nothing where it may be kept as it is.
pub(super) fn body(bytes: &[u8], token: Option<&str>) -> Option<Vec<u8>> {
    if !may_hold_a_secret(bytes, token) {
        return None;
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        // Where it cannot be told what is a value, none of it is kept.
        return Some(REDACTED.into());
    };
    redact_value(&mut value, token);
    // Written anew in any case: of a key that is there twice, only one was looked at.
    Some(value.to_string().into_bytes())
}

fn redact_value(value: &mut Value, token: Option<&str>) {
    match value {
        Value::String(text) if looks_like_a_token(text) => REDACTED.clone_into(text),
        Value::String(text) => {
            if let Cow::Owned(clean) = without(text, token) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact_value(item, token)),
        Value::Object(fields) => {
            let clean = std::mem::take(fields).into_iter().map(|(name, mut value)| {
                if names_a_secret(&name) && !value.is_null() {
                    value = REDACTED.into();
                } else {
                    redact_value(&mut value, token);
                }
                (without(&name, token).into_owned(), value)
            });
            *fields = clean.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_a_secret_or_looks_like_one_is_not_kept() {
        assert_eq!(
            header("authorization", b"Bearer abc", None),
            "Bearer [redacted]"
        );
        assert_eq!(header("authorization", b"abc", None), "[redacted]");
        assert_eq!(header("authorization", b"abc def", None), "[redacted]");
        assert_eq!(
            path("/groups/%6Cong-token-1", Some("long-token-1")),
            "[redacted]"
        );
        assert_eq!(
            path("/groups/long-token-1/x", Some("long-token-1")),
            "/groups/[redacted]/x"
        );
        assert_eq!(
            header_name("x-long-token-1", Some("Long-Token-1")),
            "x-[redacted]"
        );
        assert_eq!(header("x-api-key", b"abc", None), "[redacted]");
        assert_eq!(header("cookie", b"a=b", None), "[redacted]");
        assert_eq!(header("x-forwarded", b"eyJh.eyJz.sig", None), "[redacted]");
        assert_eq!(
            header("x-note", b"my long-token-1 here", Some("long-token-1")),
            "my [redacted] here"
        );
        assert_eq!(
            header("accept", b"application/json", Some("t")),
            "application/json"
        );
        assert_eq!(
            query("page=2&access_token=abc&q=x", None),
            "page=2&access_token=[redacted]&q=x"
        );
        assert_eq!(
            query("q=long-token-1&a%70i_key=1", Some("long-token-1")),
            "q=[redacted]&a%70i_key=[redacted]"
        );
        assert_eq!(
            query("q=%6Cong-token-1", Some("long-token-1")),
            "q=[redacted]"
        );
        let body = |text: &str| {
            body(text.as_bytes(), Some("long-token-1"))
                .map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(body(r#"{"name":"Sales"}"#), None);
        assert_eq!(
            body(r#"{"a":{"apiKey":"x","n":1}}"#).unwrap(),
            r#"{"a":{"apiKey":"[redacted]","n":1}}"#
        );
        assert_eq!(
            body(r#"["Bearer x","eyJh.eyJz.sig","long-token-1!"]"#).unwrap(),
            r#"["[redacted]","[redacted]","[redacted]!"]"#
        );
        assert_eq!(
            body(r#"{"n":"\u006cong-token-1"}"#).unwrap(),
            r#"{"n":"[redacted]"}"#
        );
        assert_eq!(body("password=hunter2").unwrap(), "[redacted]");
        let thanks = r#"{"name":"A token of thanks"}"#;
        assert_eq!(
            body(thanks).unwrap(),
            thanks,
            "a word in a value is no secret"
        );
        assert_eq!(body(r#"{"n":"long-token-1","n":1}"#).unwrap(), r#"{"n":1}"#);
    }
}
