//! Finds signs. A sign announces a secret: a word in its name, or `bearer `.

use std::ops::Range;

/// The bytes of a block, which are compared at once.
const BLOCK: usize = 16;
/// The most bytes of a sign before the part that is looked for: `api_k` before `ey`.
const BEFORE: usize = 5;

/// Whether the bytes hold no sign, no JSON Web Token, and no escape that could hide either.
///
/// This is asked of every request and every answer, and for most nothing else is.
pub(super) fn is_harmless(bytes: &[u8]) -> bool {
    !suspects(bytes).any(|at| match bytes[at..] {
        [b'%', ..] | [b'e', b'y', b'J', ..] | [b'\\', b'u' | b'/', ..] => true,
        ref rest => sign_at_start(rest).is_some(),
    })
}

/// The positions of the signs, in order. A position may come twice.
pub(super) fn signs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    suspects(bytes).filter_map(|at| Some(at..at + sign_at_start(&bytes[at..])?.len()))
}

/// The positions near a part of a sign, in order. A position may come twice.
///
/// To look for parts sixteen bytes at a time saves 10 to 14 % of a list (2026-11-25).
fn suspects(bytes: &[u8]) -> impl Iterator<Item = usize> {
    (0..bytes.len())
        .step_by(BLOCK)
        .filter(|&block| block_holds_part(&bytes[block..]))
        .flat_map(|block| block.saturating_sub(BEFORE)..bytes.len().min(block + BLOCK))
}

/// The sign that the bytes start with. In a query, `+` stands for a space.
fn sign_at_start(bytes: &[u8]) -> Option<&'static str> {
    let signs: &[&str] = match bytes[0].to_ascii_lowercase() {
        b'a' => &["authorization", "api_key", "api-key", "apikey"],
        b'b' => &["bearer ", "bearer+"],
        b'c' => &["cookie"],
        b'p' => &["password"],
        b's' => &["secret"],
        b't' => &["token"],
        _ => &[],
    };
    let is_here = |sign: &&str| {
        let start = bytes.get(..sign.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(sign.as_bytes()))
    };
    signs.iter().copied().find(is_here)
}

/// Whether the first block has an escape, or the start of a part of a sign: two or three letters that few other words have.
/// The loop has no branch, so that the compiler vectorises it.
#[expect(clippy::needless_bitwise_bool, reason = "a lazy operator is a branch")]
fn block_holds_part(bytes: &[u8]) -> bool {
    let mut padded = [0; BLOCK + 2];
    let window: &[u8; BLOCK + 2] = bytes.first_chunk().unwrap_or_else(|| {
        padded[..bytes.len()].copy_from_slice(bytes);
        &padded
    });
    (0..BLOCK).fold(false, |found, at| {
        // In ASCII, this bit tells small letters from capital ones.
        let [a, b, c] = [at, at + 1, at + 2].map(|at| window[at] | 0x20);
        // tOKen, coOKie; api_kEY, EYj; pasSWord; AUthorization; sECRet; BEArer; an escape
        found
            | (a == b'o') & (b == b'k')
            | (a == b'e') & (b == b'y')
            | (a == b's') & (b == b'w')
            | (a == b'a') & (b == b'u')
            | (a == b'e') & (b == b'c') & (c == b'r')
            | (a == b'b') & (b == b'e') & (c == b'a')
            | (window[at] == b'\\') & ((b == b'u') | (b == b'/'))
            | (window[at] == b'%')
    })
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
            "bearer ",
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
        assert_eq!(suspects(dull.as_bytes()).next(), None, "at one glance");
        assert!(is_harmless(b"") && is_harmless(b"k") && is_harmless(b"ab"));
        let words = "Answers the monkeys' questions, because they look as costs decrease";
        assert!(is_harmless(words.as_bytes()));
    }

    /// The positions of the signs, without the prefilter.
    fn at_every_byte(text: &str) -> Vec<Range<usize>> {
        let at = |at| Some(at..at + sign_at_start(&text.as_bytes()[at..])?.len());
        (0..text.len()).filter_map(at).collect()
    }

    proptest! {
        #[test]
        fn whatever_is_harmless_has_no_words_in_it(text in "[tokencie_apswrduhzb ]{0,40}") {
            prop_assert!(!is_harmless(text.as_bytes()) || at_every_byte(&text).is_empty(), "{}", text);
        }

        #[test]
        fn the_prefilter_hides_no_sign(
            words in prop::collection::vec("token|Cookie|SECRET|passWord|Authorization|api[-_]?key|bearer[ +]|[ -~é]{0,7}", 0..12),
        ) {
            let text = words.concat();
            let mut found: Vec<_> = signs(&text).collect();
            found.sort_by_key(|sign| sign.start);
            found.dedup();
            prop_assert_eq!(found, at_every_byte(&text));
        }
    }
}
