//! How secrets look: what names them, what comes before them, and how they may be written.

/// What stands in their place.
pub(super) const REDACTED: &str = "[redacted]";

/// A name that contains one of these names a secret; they are sought by their rarest letter, here at this place.
fn words_by(letter: u8) -> &'static [(&'static str, usize)] {
    match letter {
        b'k' | b'K' => &[
            ("token", 2),
            ("cookie", 3),
            ("api_key", 4),
            ("api-key", 4),
            ("apikey", 3),
        ],
        b'c' | b'C' => &[("secret", 2)],
        b'w' | b'W' => &[("password", 4)],
        b'z' | b'Z' => &[("authorization", 7)],
        _ => &[],
    }
}

pub(super) const BEARER: &str = "bearer ";
/// How a JSON Web Token begins: `{"` in base64.
pub(super) const JWT: &str = "eyJ";

/// The bytes at which it is worth to look closer.
pub(super) const SIGNS: [bool; 256] = {
    let mut signs = [false; 256];
    let bytes = b"kKcCwWzZbBJ\\%";
    let mut i = 0;
    while i < bytes.len() {
        signs[bytes[i] as usize] = true;
        i += 1;
    }
    signs
};

/// How many bytes [`is_harmless`] looks at together, with the two after each.
const WINDOW: usize = 16 + 2;

/// Whether the bytes hold nothing that [`SIGNS`] could stand for: of each word above, of `bearer` and of [`JWT`]
/// two or three letters are sought that paths and keys of Tallyfy's do not hold.
pub(super) fn is_harmless(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut found = false;
    while let Some(window) = rest.first_chunk() {
        found |= holds_sign(window);
        rest = &rest[WINDOW - 2..];
    }
    // The last of them once more, rather than those that are left each by itself.
    let mut short = [0; WINDOW];
    let last = bytes.last_chunk().unwrap_or_else(|| {
        short[..bytes.len()].copy_from_slice(bytes);
        &short
    });
    !(found | holds_sign(last))
}

/// Without a branch, so that the compiler compares sixteen bytes at a time.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
fn holds_sign(window: &[u8; WINDOW]) -> bool {
    let mut found = false;
    for at in 0..WINDOW - 2 {
        let [first, second, third] = [window[at], window[at + 1], window[at + 2]];
        // The bit that tells a small letter from a capital one.
        let (a, b, c) = (first | 0x20, second | 0x20, third | 0x20);
        // toKEn, api_KEy, cooKIe; SWord; AUthorization; sECRet; BEArer; eyJ; an escape
        found |= (a == b'k') & ((b == b'e') | (b == b'i'))
            | (a == b's') & (b == b'w')
            | (a == b'a') & (b == b'u')
            | (a == b'e') & (b == b'c') & (c == b'r')
            | (a == b'b') & (b == b'e') & (c == b'a')
            | (a == b'e') & (b == b'y') & (c == b'j')
            | (first == b'%')
            | (first == b'\\')
            | (third == b'\\');
    }
    found
}

pub(super) fn names_secret(name: &str) -> bool {
    holds_word(name.as_bytes())
}

/// Where a word that names a secret ends, if its rarest letter is at `at`.
pub(super) fn word_with(bytes: &[u8], at: usize) -> Option<usize> {
    words_by(bytes[at]).iter().find_map(|(word, rarest)| {
        let start = at.checked_sub(*rarest)?;
        begins_with(&bytes[start..], word).then_some(start + word.len())
    })
}

pub(super) fn holds_word(bytes: &[u8]) -> bool {
    (0..bytes.len())
        .filter(|&at| SIGNS[usize::from(bytes[at])])
        .any(|at| word_with(bytes, at).is_some())
}

pub(super) fn words(text: &str) -> usize {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .filter(|&at| word_with(bytes, at).is_some() || begins_with(&bytes[at..], BEARER))
        .count()
}

pub(super) fn begins_with(bytes: &[u8], word: &str) -> bool {
    bytes
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// What a secret follows, by where it ends.
enum Sign {
    Bearer(usize),
    Word(usize),
}

fn first_sign(bytes: &[u8]) -> Option<Sign> {
    let sign = |at: usize| {
        if begins_with(&bytes[at..], BEARER) {
            return Some(Sign::Bearer(at + BEARER.len()));
        }
        word_with(bytes, at).map(Sign::Word)
    };
    (0..bytes.len())
        .filter(|&at| SIGNS[usize::from(bytes[at])])
        .find_map(sign)
}

/// A text without the values of what names a secret; nothing where one cannot be told from the rest.
pub(super) fn without_values(text: &str) -> Option<String> {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(sign) = first_sign(rest.as_bytes()) {
        let (after, (from, to)) = match sign {
            Sign::Bearer(after) => (after, credentials(&rest[after..])),
            Sign::Word(after) => (after, assigned(&rest[after..])?),
        };
        clean.push_str(&rest[..after + from]);
        clean.push_str(REDACTED);
        rest = &rest[after + to..];
    }
    clean.push_str(rest);
    Some(clean)
}

/// What stands after `Bearer `.
fn credentials(after: &str) -> (usize, usize) {
    let from = after.len() - after.trim_start().len();
    let run = after[from..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    (from, run.map_or(after.len(), |run| from + run))
}

/// Where the value is that is given, by `:` or `=`, to the name that ends somewhere in `after`.
fn assigned(after: &str) -> Option<(usize, usize)> {
    let is_name = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '"' | '\'' | '\\' | ' ')
    };
    let sign = after.find(|c| !is_name(c))?;
    if !after[sign..].starts_with([':', '=']) {
        return None;
    }
    let value = after[sign + 1..].trim_start();
    let from = after.len() - value.len();
    let end = after.len();
    let goes_on_below = after[sign + 1..from].contains('\n');
    Some(match value.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let mut escaped = false;
            let close = value[1..].find(|c| {
                let found = c == quote && !escaped;
                escaped = c == '\\' && !escaped;
                found
            });
            (from + 1, close.map_or(end, |close| from + 1 + close))
        }
        Some('[' | '{' | '|' | '>' | '(' | '<') => (from, end),
        _ if goes_on_below => (from, end),
        _ => (
            from,
            value.find(['&', '\n', '\r']).map_or(end, |run| from + run),
        ),
    })
}

/// A text without anything of the form `eyJ….….…`; nothing where there was none.
pub(super) fn without_jwts(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut clean = None;
    let mut rest = text;
    while let Some(start) = rest.find(JWT) {
        let run = &rest[start..];
        let end = run.find(|c| !is_part(c) && c != '.').unwrap_or(run.len());
        let dots = run[..end].bytes().filter(|byte| *byte == b'.').count();
        let (shown, next) = if dots >= 2 {
            (REDACTED, end)
        } else {
            (&run[..end], end)
        };
        let clean = clean.get_or_insert_with(|| (String::with_capacity(text.len()), false));
        clean.0.push_str(&rest[..start]);
        clean.0.push_str(shown);
        clean.1 |= dots >= 2;
        rest = &run[next..];
    }
    let (mut clean, changed) = clean?;
    clean.push_str(rest);
    changed.then_some(clean)
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%'
            && let Some(byte) = hex_pair(&bytes[at + 1..])
        {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The text with each `\u0041` as the character, and every other backslash gone.
pub(super) fn unescaped(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escape = part.strip_prefix('u').and_then(|rest| {
            let code = u32::from_str_radix(rest.get(..4)?, 16).ok()?;
            Some((char::from_u32(code)?, &rest[4..]))
        });
        match escape {
            Some((character, rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            None => plain.push_str(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_harmless_holds_no_sign() {
        for sign in [
            "token",
            "Cookie",
            "api_KEY",
            "api-key",
            "apiKey",
            "SECRET",
            "passWord",
            "Authorization",
            "bearer",
            "eyJ",
            "%41",
            "\\u0041",
            "\\/",
        ] {
            for before in 0..40 {
                for after in [0, 1, 2, 40] {
                    let text = "x".repeat(before) + sign + &"x".repeat(after);
                    assert!(!is_harmless(text.as_bytes()), "{text}");
                }
            }
        }
        let dull = r#"GET /api/organizations/northwind/groups {"data":{"id":"1","members":[],"guests":[],"created_at":"2026","last_updated":null}}"#;
        assert!(is_harmless(dull.as_bytes()));
        assert!(is_harmless(b"") && is_harmless(b"k") && is_harmless(b"ab"));
    }

    proptest! {
        #[test]
        fn whatever_is_harmless_has_no_words_in_it(text in "[tokencie_apswrduhzb ]{0,40}") {
            prop_assert!(!is_harmless(text.as_bytes()) || words(&text) == 0, "{}", text);
        }
    }
}
