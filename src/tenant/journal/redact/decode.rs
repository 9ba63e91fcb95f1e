//! Decodes texts in which secrets may be escaped: `%41`, `\u0041`, `\/`.

use std::iter;

use memchr::memchr2;
use percent_encoding::percent_decode_str;

/// The most layers of escapes that are decoded. A text with more is taken to hide a secret.
const LAYERS: usize = 4;

/// Whether a text shows a secret after it is decoded.
pub(super) fn hides(text: &str, holds_secret: impl Fn(&str) -> bool) -> bool {
    iter::successors(decoded(text), |text| decoded(text))
        .enumerate()
        .any(|(layer, text)| layer == LAYERS || holds_secret(&text))
}

/// The text without one layer of escapes; `None` if it has none. Characters beyond ASCII may come out wrong, but no sign and
/// no token has them.
fn decoded(text: &str) -> Option<String> {
    memchr2(b'%', b'\\', text.as_bytes())?;
    let percent = text.replace("\\u00", "%").replace('\\', "");
    let decoded = percent_decode_str(&percent).decode_utf8_lossy();
    (decoded != text).then(|| decoded.into_owned())
}
