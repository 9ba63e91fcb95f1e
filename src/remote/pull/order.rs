//! Pseudonyms for texts that Tallyfy sorts by: in the order of what they stand for, and equal without case where those are.

use std::collections::{BTreeMap, HashMap};

use super::{
    letters::{Script, script_of},
    stream::Stream,
    synthetic::Drawn,
};
use crate::domain::text::folded;

/// The beginning of each pseudonym: letters of one script that put it in its place.
pub(super) struct Place {
    /// The script that it begins in.
    pub(super) script: &'static Script,
    /// These letters.
    pub(super) letters: Drawn,
}

/// For each text the pseudonym of it, made by `rest` out of its place and the text.
///
/// Compared as Tallyfy compares, without case and then exactly, pseudonyms are in the order of their texts. `narrowed`
/// gives the script for a character that may stand at the beginning.
pub(super) fn pseudonyms<'t>(
    texts: impl IntoIterator<Item = &'t str>,
    narrowed: impl Fn(&'static Script) -> &'static Script,
    stream: &mut Stream,
    mut rest: impl FnMut(&Place, &str, &mut Stream) -> Drawn,
) -> HashMap<Box<str>, Drawn> {
    // By the text without case; each with its spellings, in their order.
    let mut keys: BTreeMap<Vec<char>, Vec<&str>> = BTreeMap::new();
    for text in texts {
        let spellings = keys.entry(folded(text).collect()).or_default();
        if let Err(place) = spellings.binary_search(&text) {
            spellings.insert(place, text);
        }
    }
    let script = |key: &[char]| {
        narrowed(
            key.first()
                .map_or_else(|| script_of('a'), |c| script_of(*c)),
        )
    };
    let mut counts: HashMap<char, usize> = HashMap::new();
    for key in keys.keys() {
        *counts.entry(script(key).from).or_default() += 1;
    }
    let mut ranks: HashMap<char, usize> = HashMap::new();
    let mut made = HashMap::new();
    for (key, spellings) in keys {
        let script = script(&key);
        let rank = ranks.entry(script.from).or_default();
        let letters = place(script, *rank, counts[&script.from], stream);
        *rank += 1;
        let drawn = rest(&Place { script, letters }, spellings[0], stream);
        made.extend(spelt(&drawn, &spellings));
    }
    made
}

/// Letters that stand for the rank among so many: as few as there is room in, with room between any two.
fn place(script: &'static Script, rank: usize, of: usize, stream: &mut Stream) -> Drawn {
    let base = script.letters.len();
    let (mut room, mut width) = (base, 1_u32);
    while room < of.saturating_mul(4) {
        room = room.saturating_mul(base);
        width += 1;
    }
    let step = room / of;
    let mut number = rank * step + stream.below(step);
    let mut digits = Vec::new();
    for _ in 0..width {
        digits.push(number % base);
        number /= base;
    }
    let mut letters = Drawn::default();
    for digit in digits.into_iter().rev() {
        letters.letter(script.letters, digit);
    }
    letters
}

/// A pseudonym in as many spellings as its text has, which differ in case alone, in their order.
fn spelt(drawn: &Drawn, spellings: &[&str]) -> Vec<(Box<str>, Drawn)> {
    if let [only] = spellings {
        let begins_tall = only
            .chars()
            .find(|c| c.is_alphabetic())
            .is_some_and(char::is_uppercase);
        return vec![((*only).into(), drawn.with_capitals(u64::from(begins_tall)))];
    }
    let mut spelt: Vec<Drawn> = (0..spellings.len() as u64)
        .map(|bits| drawn.with_capitals(bits))
        .collect();
    spelt.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    spelt.dedup();
    // A text without enough letters that have a case: what is too much is told apart at its end.
    for more in spelt.len()..spellings.len() {
        let mut longer = drawn.clone();
        for _ in spelt.len()..=more {
            longer.push("z");
        }
        spelt.push(longer);
    }
    let spelt = spellings.iter().zip(spelt);
    spelt.map(|(text, drawn)| ((*text).into(), drawn)).collect()
}

#[cfg(test)]
mod tests {
    use std::{cmp::Ordering, collections::HashSet};

    use proptest::{collection::vec, prelude::*};

    use super::{super::words, *};
    use crate::domain::text::compare_folded;

    fn compared(a: &str, b: &str) -> Ordering {
        compare_folded(a, b).then_with(|| a.cmp(b))
    }

    /// A text of any characters, with many that differ only in case.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[aAbB]{1,4}",
            "[éÉßſKKαΑσςΣ]{1,3}",
            "\\PC{1,12}",
            "[!-~]{1,8}"
        ]
    }

    proptest! {
        #[test]
        fn pseudonyms_are_in_the_order_of_their_texts(texts in vec(text(), 1..40), seed: u64) {
            let read = HashSet::new();
            let mut stream = Stream::known(seed);
            let made = pseudonyms(texts.iter().map(String::as_str), |script| script, &mut stream, |place, text, stream| {
                words::text(text, 200, Some(place), &read, stream)
            });
            for a in &texts {
                for b in &texts {
                    let (drawn_a, drawn_b) = (made[a.as_str()].as_str(), made[b.as_str()].as_str());
                    prop_assert_eq!(compared(a, b), compared(drawn_a, drawn_b), "{} {} became {} {}", a, b, drawn_a, drawn_b);
                }
                let script = |text: &str| script_of(text.chars().next().unwrap_or('a')).from;
                prop_assert_eq!(script(a), script(made[a.as_str()].as_str()), "{}", a);
            }
        }
    }

    #[test]
    fn what_differs_in_case_alone_still_does() {
        let mut stream = Stream::known(3);
        let read = HashSet::new();
        let made = pseudonyms(
            ["sales", "Sales", "SALES", "Support"],
            |script| script,
            &mut stream,
            |place, text, stream| words::text(text, 200, Some(place), &read, stream),
        );
        let lower = |text: &str| made[text].as_str().to_lowercase();
        assert!(lower("sales") == lower("Sales") && lower("sales") == lower("SALES"));
        assert_ne!(lower("sales"), lower("Support"));
        assert!(made["Support"].as_str().starts_with(char::is_uppercase));
    }
}
