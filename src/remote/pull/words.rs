//! Random text like another: in its scripts, of its class of length.

use std::collections::HashSet;

use super::{
    letters::{LATIN, Script, scripts_in},
    order::Place,
    stream::Stream,
    synthetic::Drawn,
};

/// What was read: texts and numbers from four characters on, none of which may be drawn by chance.
pub(super) type ReadBefore<'r> = HashSet<&'r str>;

/// A length of the same class, which is a power of two: 1, 2 to 3, 4 to 7, 8 to 15 and so on. Nothing stays nothing.
pub(super) fn length_like(length: usize, longest: usize, stream: &mut Stream) -> usize {
    let Some(class) = length.min(longest).checked_ilog2() else {
        return 0;
    };
    stream.between(1 << class, ((2 << class) - 1).min(longest))
}

/// Text in the scripts of another, with the letters of its place at the beginning where it has one.
pub(super) fn text(
    like: &str,
    longest: usize,
    place: Option<&Place>,
    read: &ReadBefore<'_>,
    stream: &mut Stream,
) -> Drawn {
    let nothing = Drawn::default();
    let beginning = place.map_or(&nothing, |place| &place.letters);
    let length = length_like(like.chars().count(), longest, stream).max(beginning.length());
    let mut scripts = scripts_in(like);
    if let Some(place) = place {
        scripts.retain(|script| *script != place.script);
        scripts.insert(0, place.script);
    }
    let mut drawn = Drawn::default();
    let mut left = length;
    for script in scripts.iter().cycle() {
        let space = usize::from(left < length);
        let (shortest, longest) = script.word();
        if left == 0 || (space == 1 && left <= shortest) {
            break;
        }
        left -= space;
        let mut size = stream.between(shortest, longest).min(left);
        // What would be too short for a word of its own belongs to this one.
        if shortest > 1 && left - size <= shortest {
            size = left;
        }
        if space == 1 {
            drawn.push(" ");
            drawn.append(&word(script, size, &nothing, read, stream));
        } else {
            size = size.max(beginning.length());
            drawn.append(&word(script, size, beginning, read, stream));
        }
        left = left.saturating_sub(size);
    }
    // What is left is too short for a word.
    for script in scripts.iter().cycle().take(left) {
        drawn.random_letter(script.letters, stream);
    }
    drawn
}

/// A word without blanks, for addresses.
pub(super) fn token(
    like: &str,
    longest: usize,
    place: &Place,
    read: &ReadBefore<'_>,
    stream: &mut Stream,
) -> Drawn {
    let size = length_like(like.chars().count(), longest, stream).max(place.letters.length());
    let mut drawn = word(
        place.script,
        size.min(place.letters.length() + 3),
        &place.letters,
        read,
        stream,
    );
    for _ in drawn.length()..size {
        drawn.random_letter(LATIN, stream);
    }
    drawn
}

/// A word of that many letters.
pub(super) fn word(
    script: &Script,
    size: usize,
    beginning: &Drawn,
    read: &ReadBefore<'_>,
    stream: &mut Stream,
) -> Drawn {
    let mut size = size;
    loop {
        for _ in 0..50 {
            let mut word = beginning.clone();
            for _ in word.length()..size {
                word.random_letter(script.letters, stream);
            }
            let is_read = |word: &Drawn| read.contains(word.as_str());
            if !is_read(&word) && !is_read(&word.with_capitals(1)) {
                return word;
            }
        }
        size += 1;
    }
}

/// Whether a text has something that was read in it: as a whole, or as a word.
pub(super) fn has_read(text: &str, read: &ReadBefore<'_>) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric());
    read.contains(text) || words.into_iter().any(|word| read.contains(word))
}

#[cfg(test)]
mod tests {
    use super::{super::letters::scripts_in, *};

    #[test]
    fn a_text_is_of_the_class_of_length_and_in_the_scripts_of_another() {
        let mut stream = Stream::known(11);
        let long = "Каждый раз ".repeat(500);
        for like in [
            "",
            "a",
            "Sales",
            "Sales 42",
            "営業部",
            "🚀 Launch",
            "Москва Sales",
            "--",
            &long,
        ] {
            for _ in 0..50 {
                let drawn = text(like, usize::MAX >> 1, None, &ReadBefore::new(), &mut stream);
                let class = |text: &str| text.chars().count().checked_ilog2();
                assert_eq!(
                    class(like),
                    class(drawn.as_str()),
                    "{like:.20} became {:.20}",
                    drawn.as_str()
                );
                let foreign = scripts_in(drawn.as_str())
                    .into_iter()
                    .find(|script| !scripts_in(like).contains(script));
                assert!(
                    like.is_empty() || foreign.is_none(),
                    "{like:.20} became {:.20}",
                    drawn.as_str()
                );
            }
        }
        for _ in 0..100 {
            let drawn = text(&"x".repeat(200), 200, None, &ReadBefore::new(), &mut stream);
            assert!(
                (128..=200).contains(&drawn.length()),
                "a name is no longer than names may be"
            );
        }
    }

    #[test]
    fn no_word_is_one_that_was_read() {
        let mut stream = Stream::known(1);
        let all: Vec<String> = (0..10_000).map(|number| format!("{number:04}")).collect();
        let read: ReadBefore<'_> = all.iter().map(String::as_str).collect();
        for _ in 0..100 {
            let drawn = text("4711 4711", 200, None, &read, &mut stream);
            assert!(!has_read(drawn.as_str(), &read), "{}", drawn.as_str());
        }
    }
}
