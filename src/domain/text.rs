//! Text as Tallyfy treats it: trimming, case folding and search.

use std::cmp::Ordering;

/// The text in lower case, one character at a time and without an allocation.
///
/// Character by character, as the `lower` of PostgreSQL does it: no rule looks at the neighbours, so a
/// capital sigma is always `σ`. Evidence 3.1: `q` is a "case-insensitive partial match".
pub fn folded(text: &str) -> impl Iterator<Item = char> + Clone + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// Compares two texts in lower case.
pub fn compare_folded(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        // Saves 2 µs of a create among 2,000 groups, 10 % (2026-11-25).
        return lowercase_bytes(a).cmp(lowercase_bytes(b));
    }
    folded(a).cmp(folded(b))
}

/// ASCII in lower case: the same as [`folded`].
fn lowercase_bytes(ascii: &str) -> impl Iterator<Item = u8> {
    ascii.bytes().map(|byte| byte.to_ascii_lowercase())
}

/// The text without what Laravel's `TrimStrings` takes off both ends (evidence 4.3, inferred).
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\0' | '\u{feff}' | '\u{200b}' | '\u{200e}')
    })
}

/// A needle for case-insensitive search (Knuth-Morris-Pratt). A search allocates nothing and takes time linear in the text,
/// whatever the needle.
#[derive(Debug, Clone)]
pub struct Needle {
    folded: Vec<char>,
    /// The failure function: for each length of a matched prefix, the length that still matches if the next character differs.
    fall_back: Vec<usize>,
}

impl Needle {
    /// A needle that matches `text` in any case.
    pub fn new(text: &str) -> Self {
        let folded: Vec<char> = folded(text).collect();
        let mut fall_back = vec![0; folded.len()];
        let mut standing = 0;
        for i in 1..folded.len() {
            while standing > 0 && folded[i] != folded[standing] {
                standing = fall_back[standing - 1];
            }
            standing += usize::from(folded[i] == folded[standing]);
            fall_back[i] = standing;
        }
        Self { folded, fall_back }
    }

    /// Whether `text` contains the needle.
    pub fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() {
            // Saves a third of a search (2026-11-25).
            return self.is_among(lowercase_bytes(text).map(char::from));
        }
        self.is_among(folded(text))
    }

    fn is_among(&self, text: impl Iterator<Item = char>) -> bool {
        let mut standing = 0;
        for c in text {
            while standing > 0 && self.folded.get(standing) != Some(&c) {
                standing = self.fall_back[standing - 1];
            }
            standing += usize::from(self.folded.get(standing) == Some(&c));
            if standing == self.folded.len() {
                return true;
            }
        }
        self.folded.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_compare_as_their_lower_cases_do(same in "[aAöÖK\u{212a}]{0,12}", a in "[aAzöÖß\u{212a}k]{0,4}", b in "[aAzöÖß\u{212a}k]{0,4}") {
            let (a, b) = (format!("{same}{a}"), format!("{}{b}", same.to_ascii_uppercase()));
            prop_assert_eq!(compare_folded(&a, &b), folded(&a).cmp(folded(&b)));
        }
    }

    #[test]
    fn the_sign_for_kelvin_is_a_k() {
        assert_eq!(compare_folded("k", "\u{212a}"), Ordering::Equal);
        assert_eq!(compare_folded("\u{212a}", "k"), Ordering::Equal);
    }

    #[test]
    fn a_needle_is_found_in_any_case_and_any_script() {
        for (needle, text) in [
            ("sales", "EMEA Sales"),
            ("SALES", "sales"),
            ("größe", "Die GRÖSSE? Nein: GRÖßE"),
            ("σ", "ΟΔΟΣ"),
            ("k", "\u{212a}elvin"),
            ("", "anything"),
        ] {
            assert!(Needle::new(needle).is_in(text), "{needle:?} in {text:?}");
        }
        for (needle, text) in [("salez", "Sales"), ("a", ""), ("long needle", "short")] {
            assert!(!Needle::new(needle).is_in(text), "{needle:?} in {text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_needle_finds_what_a_search_in_the_folded_text_finds(needle in "[aAbBßÉé\u{212a}]{0,5}", text in "[aAbBkéÉß ]{0,40}") {
            let plain: String = folded(&text).collect();
            let wanted: String = folded(&needle).collect();
            prop_assert_eq!(Needle::new(&needle).is_in(&text), plain.contains(&wanted));
        }
    }

    #[test]
    fn blanks_and_invisible_marks_are_trimmed() {
        assert_eq!(
            trimmed("\u{feff} \t\u{200b}Sales team\u{a0}\0\n"),
            "Sales team"
        );
        assert_eq!(trimmed(" \u{200e} "), "");
    }
}
