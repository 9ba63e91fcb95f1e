//! The parameters of a token request: its body, and `Authorization: Basic`.

use axum::{
    body::Bytes,
    http::{HeaderMap, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::{
    domain::grant::Parameters,
    http::body::{content_type, encoded},
    tenant::journal::REDACTED,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// The parameters of a request. The client may also be in `Authorization: Basic` (RFC 6749, 2.3.1); the body takes
/// precedence.
pub(super) fn parameters(
    headers: &HeaderMap,
    body: &[u8],
    reads_json: bool,
) -> Result<Parameters, String> {
    let mut parameters = in_body(headers, body, reads_json)?;
    if let Some((id, secret)) = basic(headers) {
        parameters.set_missing("client_id", id);
        parameters.set_missing("client_secret", secret);
    }
    Ok(parameters)
}

fn in_body(headers: &HeaderMap, body: &[u8], reads_json: bool) -> Result<Parameters, String> {
    if let Some(what) = encoded(headers) {
        return Err(format!("the body {what}; send it as it is"));
    }
    match content_type(headers).as_deref() {
        Some(FORM) => Ok(form_urlencoded::parse(body).collect()),
        Some("application/json") if reads_json => match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(fields.into_iter().filter_map(parameter).collect()),
            Ok(_) => Err("the body is JSON, but not an object".into()),
            Err(error) => Err(format!("the body is not JSON: {error}")),
        },
        Some("application/json") => Err(format!(
            "the body was not read, as documented: send `Content-Type: {FORM}`; `oauth_body=form_or_json` reads JSON too"
        )),
        Some(_) | None => Err(format!(
            "the body was not read: send `Content-Type: {FORM}`"
        )),
    }
}

/// A string field, or a number such as a client's id.
fn parameter((name, value): (String, Value)) -> Option<(String, String)> {
    match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, credentials) = value.split_at_checked("basic ".len())?;
    let credentials = scheme
        .eq_ignore_ascii_case(b"basic ")
        .then_some(credentials)?;
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// A body as the journal keeps it: its parameters as a JSON object, so that an expectation can match them. The journal
/// redacts passwords and tokens by their names; `code` is redacted here. A body without parameters may hold a secret
/// anywhere, so it is redacted as a whole.
pub(in super::super) fn recorded(headers: &HeaderMap, body: &Bytes) -> Bytes {
    if body.is_empty() {
        return Bytes::new();
    }
    let fields = if content_type(headers).as_deref() == Some(FORM) && encoded(headers).is_none() {
        let parameters = form_urlencoded::parse(body);
        Some(
            parameters
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    } else {
        serde_json::from_slice::<Map<String, Value>>(body).ok()
    };
    let Some(mut fields) = fields else {
        return Bytes::from_static(REDACTED.as_bytes());
    };
    if let Some(code) = fields.get_mut("code") {
        *code = REDACTED.into();
    }
    Value::Object(fields).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(named: &[(header::HeaderName, &str)]) -> HeaderMap {
        let named = named.iter();
        named
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_client_may_be_in_a_header_and_the_body_counts_first() {
        let form = (
            header::CONTENT_TYPE,
            "application/x-www-form-urlencoded; charset=UTF-8",
        );
        for (value, expected) in [
            ("Basic Mzpz", Some(("3", "s"))),
            ("bASIC MzpzOnQ=", Some(("3", "s:t"))),
            ("Basic", None),
            ("Basic Mw==", None),
            ("Basic !!!", None),
            ("Basic /w==", None),
            ("Bearer Mzpz", None),
        ] {
            let headers = headers(&[form.clone(), (header::AUTHORIZATION, value)]);
            let read = parameters(&headers, b"a=b", false).unwrap();
            let client = read.get("client_id").zip(read.get("client_secret"));
            assert_eq!(client, expected, "{value}");
        }
        let headers = headers(&[form, (header::AUTHORIZATION, "Basic Mzpz")]);
        let read = parameters(&headers, b"client_id=4&client_id=5&client_secret=", false).unwrap();
        assert_eq!(
            (read.get("client_id"), read.get("client_secret")),
            (Some("5"), Some("s"))
        );
    }
}
