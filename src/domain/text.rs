//! How Tallyfy treats text: what it trims, and what it takes for the same letter.

/// The text in lower case, one character at a time and without an allocation.
///
/// Character by character, as the `lower` of PostgreSQL does it: no rule looks at the neighbours, so a
/// capital sigma is always `σ`. Evidence 3.1: `q` is a "case-insensitive partial match".
pub fn folded(text: &str) -> impl Iterator<Item = char> + Clone + '_ {
    text.chars().flat_map(char::to_lowercase)
}

/// The text without what Laravel's `TrimStrings` takes off both ends (evidence 4.3, inferred).
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\0' | '\u{feff}' | '\u{200b}' | '\u{200e}')
    })
}

/// A needle for case-insensitive search; looking for it allocates nothing.
#[derive(Debug, Clone)]
pub struct Needle {
    folded: String,
}

impl Needle {
    /// A needle that is found wherever `text` stands in any case.
    pub fn new(text: &str) -> Self {
        Self {
            folded: folded(text).collect(),
        }
    }

    /// Whether the needle stands anywhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() {
            return self.is_in_ascii(text.as_bytes());
        }
        let mut rest = folded(text);
        loop {
            let mut here = rest.clone();
            if self.folded.chars().all(|c| here.next() == Some(c)) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }

    // ASCII folds to ASCII, byte by byte, and nearly all text is ASCII.
    fn is_in_ascii(&self, text: &[u8]) -> bool {
        let needle = self.folded.as_bytes();
        let Some(first) = needle.first() else {
            return true;
        };
        text.windows(needle.len()).any(|window| {
            window[0].to_ascii_lowercase() == *first && window.eq_ignore_ascii_case(needle)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        fn a_needle_finds_what_a_search_in_the_folded_text_finds(needle in "[aAbBßÉé\u{212a}]{0,3}", text in "[aAbBkéÉß ]{0,12}") {
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
