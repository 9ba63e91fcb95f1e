//! The reason of a refusal, for people: in the log, and in a header for the client.

use std::borrow::Cow;

use axum::http::{HeaderName, HeaderValue};

use crate::{
    http::{envelope::Answer, error::Remark, exchange::Exchange},
    tenant::journal::{REDACTED, Redactor},
};

static REASON: HeaderName = HeaderName::from_static("x-tallyfy-mock-reason");

/// Upper bound on the header's value.
const MAX_BYTES: usize = 512;

/// The end of a cut value.
const CUT: &str = "...";

/// What there is to say of a request and its answer beside the status; the request's own token is redacted.
pub(super) fn remark(exchange: &Exchange, answer: &Answer) -> Option<String> {
    if exchange.notes.is_client_gone() {
        return Some("the client closed its connection while its answer was held back".into());
    }
    let token = exchange.bearer().unwrap_or_default();
    let struck = exchange.notes.struck_by();
    let struck = struck.map(|rule| {
        let rule = if rule == token { REDACTED } else { rule };
        Cow::Owned(format!("struck by the rule `{rule}`"))
    });
    let refused = answer.extensions().get::<Remark>();
    let refused = refused.map(|remark| Cow::Borrowed(&*remark.0));
    let unread = exchange.notes.body_unread().map(Cow::Borrowed);
    let ignored = exchange.notes.steering_ignored().map(Cow::Borrowed);
    let mut all = [struck, refused, ignored, unread].into_iter().flatten();
    let mut remark = all.next()?.into_owned();
    for more in all {
        // Tallyfy's own words end in a full stop.
        remark.truncate(remark.trim_end_matches('.').len());
        remark.push_str("; ");
        remark.push_str(&more);
    }
    Some(if token.len() >= Redactor::SHORTEST_TOKEN {
        remark.replace(token, REDACTED)
    } else {
        remark
    })
}

/// Adds the header to a refusal, whose body stays in Tallyfy's words.
pub(super) fn tell(answer: &mut Answer, remark: &str) {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return;
    }
    let value = HeaderValue::from_str(&encoded(remark));
    let value = value.expect("visible ASCII fits into a header");
    answer.headers_mut().insert(REASON.clone(), value);
}

/// Adds the header to an answer that bypassed the observation, as after a panic.
pub(super) fn tell_untold(answer: &mut Answer) {
    let remark = answer.extensions_mut().remove::<Remark>();
    if let Some(Remark(remark)) = remark.filter(|_| !answer.headers().contains_key(&REASON)) {
        tell(answer, &remark);
    }
}

/// Visible ASCII and spaces as they are, `%` and the rest percent-encoded; a long text is cut between two characters.
fn encoded(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut cut = 0;
    for c in text.chars() {
        match c {
            ' '..='~' if c != '%' => value.push(c),
            _ => {
                let bytes = c.encode_utf8(&mut [0; 4]).to_owned();
                value.extend(percent_encoding::percent_encode(
                    bytes.as_bytes(),
                    percent_encoding::NON_ALPHANUMERIC,
                ));
            }
        }
        if value.len() > MAX_BYTES {
            value.truncate(cut);
            value.push_str(CUT);
            break;
        }
        if value.len() <= MAX_BYTES - CUT.len() {
            cut = value.len();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_visible_ascii_is_percent_encoded() {
        for (text, value) in [
            ("there is no `X` header", "there is no `X` header"),
            ("Größe\n50 %", "Gr%C3%B6%C3%9Fe%0A50 %25"),
            ("\u{7f}\0~", "%7F%00~"),
        ] {
            assert_eq!(encoded(text), value);
        }
    }

    proptest! {
        #[test]
        fn a_value_fits_and_decodes_to_the_beginning_of_the_text(text in "[ -~é\u{1f600}\u{0}-\u{1f}]{0,600}") {
            let value = encoded(&text);
            prop_assert!(value.len() <= MAX_BYTES && value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            let decoded = percent_decode_str(&value).decode_utf8().unwrap().into_owned();
            let whole = value.len() < MAX_BYTES - 12 || decoded == text;
            let start = decoded.strip_suffix(CUT).unwrap_or(&decoded);
            let fits = if whole { decoded == text } else { text.starts_with(start) };
            prop_assert!(fits);
        }
    }
}
