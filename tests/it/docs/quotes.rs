//! Code that a page quotes: it stands word for word in a file of a suite that `.ci/run` runs.

use std::{fs, path::Path};

use super::pages::{Block, Page, for_users};

/// Folders with suites, or files, and the step of `.ci/run` that runs each.
const RUN: &[(&str, &str)] = &[
    // Linted, as only GitHub runs them.
    ("examples/ci", ".ci/workflows"),
    ("examples/containers/compose.yaml", ".ci/container"),
    ("examples/containers/groups_test.py", ".ci/container"),
    ("examples/containers/groups.test.ts", ".ci/container"),
    ("examples/containers/sidecar.yaml", ".ci/container"),
    ("examples/junit5", "examples/junit5/run"),
    ("examples/languages", "examples/languages/run"),
];

/// Whether the block is a part of such a file: whole lines of it.
pub(super) fn is_quote(block: &Block<'_>) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let quoted = format!("\n{}\n", block.text);
    RUN.iter().any(|(path, _)| is_in(&root.join(path), &quoted))
}

fn is_in(path: &Path, quoted: &str) -> bool {
    if path.is_file() {
        // A file that is no text is quoted nowhere.
        return fs::read_to_string(path).is_ok_and(|text| format!("\n{text}\n").contains(quoted));
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.any(|path| is_in(&path, quoted))
}

#[test]
fn a_quote_is_whole_lines_of_a_file() {
    let block = |text| Block {
        language: "java",
        text,
        at: 0,
    };
    assert!(is_quote(&block(
        "@ExtendWith(TallyfyMockExtension.class)\nclass GroupsTest {"
    )));
    assert!(!is_quote(&block(
        "@ExtendWith(TallyfyMockExtension.class)\nclass Groups"
    )));
    assert!(!is_quote(&block("class GroupsTest {\n}")));
}

#[test]
fn what_is_quoted_is_run_by_ci() {
    let ci = Page::read(".ci/run").text;
    for (folder, step) in RUN {
        assert!(ci.contains(step), "{folder}: .ci/run does not run {step}");
    }
    let blocks: usize = for_users()
        .iter()
        .map(|page| page.blocks().iter().filter(|block| is_quote(block)).count())
        .sum();
    assert!(blocks > 0, "the quotes are found");
}
