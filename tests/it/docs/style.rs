//! What keeps the documents readable: README is short, and nothing is told twice.

use std::collections::BTreeMap;

use super::pages::{Page, all};

#[test]
fn readme_is_read_in_ten_minutes() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= 200, "README has {lines} lines");
}

/// The sentences of a page that are long enough to be more than a phrase of the field.
fn sentences(page: &Page) -> Vec<String> {
    const WORDS: usize = 8;
    let prose = page.prose();
    // A list's items, a table's rows and headings end where their line does.
    let lines = prose.lines().map(|line| {
        let is_own = line.is_empty() || line.starts_with(['|', '-', '#', '!']);
        if is_own {
            format!("\0{line}\0")
        } else {
            format!("{line} ")
        }
    });
    let joined: String = lines.collect();
    let sentences = joined
        .split(['\0', '|', ';', ':'])
        .flat_map(|part| part.split(". "));
    let words = sentences.map(|sentence| sentence.split_whitespace().collect::<Vec<_>>());
    words
        .filter(|words| words.len() >= WORDS)
        .map(|words| words.join(" ").trim_end_matches('.').to_lowercase())
        .collect()
}

#[test]
fn no_sentence_stands_in_two_places() {
    let pages = all();
    let mut places = BTreeMap::<String, &str>::new();
    for page in pages.iter().filter(|page| page.path != "CHANGELOG.md") {
        for sentence in sentences(page) {
            let before = places.insert(sentence.clone(), &page.path);
            assert_eq!(before, None, "{}: {sentence}", page.path);
        }
    }
    assert!(places.len() > 200, "the sentences are found");
}

/// The ten things of the troubleshooting page have one form, so that a reader finds the line that helps.
#[test]
fn troubleshooting_has_ten_things_each_with_what_to_do() {
    let page = Page::read("docs/troubleshooting.md");
    let things: Vec<&str> = page.text.split("\n## ").skip(1).collect();
    assert_eq!(things.len(), 10);
    for (i, thing) in things.iter().enumerate() {
        assert!(thing.starts_with(&format!("{} ", i + 1)), "{thing}");
        for part in ["*Symptom:*", "*The mock:*", "*Do:*", "```console\n$ "] {
            assert!(thing.contains(part), "{part}: {thing}");
        }
    }
}
