//! The documents as they lie on the disk, and what stands in them.

use std::{fs, path::Path};

/// A Markdown file of the repository.
pub(super) struct Page {
    /// Its path from the root, such as `docs/limits.md`.
    pub(super) path: String,
    pub(super) text: String,
}

/// A fenced block of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) language: &'a str,
    pub(super) text: &'a str,
    /// Where in the page it begins.
    pub(super) at: usize,
}

impl Page {
    pub(super) fn read(path: &str) -> Self {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        Self {
            path: path.to_owned(),
            text: text.unwrap_or_else(|error| panic!("{path}: {error}")),
        }
    }

    /// Its fenced blocks, in order.
    pub(super) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut rest = self.text.as_str();
        while let Some((_, after)) = rest.split_once("\n```") {
            let at = self.text.len() - after.len();
            let (language, after) = after.split_once('\n').unwrap();
            let end = after.find("```\n").expect("a block that begins ends");
            blocks.push(Block {
                language,
                text: after[..end].trim_end_matches('\n'),
                at,
            });
            // The end's line break begins what comes next.
            rest = &after[end + 3..];
        }
        blocks
    }

    /// The cells of the table that opens with this header, without the backticks around them.
    pub(super) fn table(&self, header: &str) -> Vec<Vec<String>> {
        let (_, after) = self.text.split_once(header).expect("the table is there");
        let rows = after.lines().skip(2);
        rows.take_while(|line| line.starts_with('|'))
            .map(|row| {
                let cells = row.trim_matches('|').split('|');
                let bare = |cell: &str| cell.trim().trim_matches('`').to_owned();
                cells.map(bare).collect()
            })
            .collect()
    }

    /// What it says outside its blocks.
    pub(super) fn prose(&self) -> String {
        let mut prose = String::new();
        let mut is_block = false;
        for line in self.text.lines() {
            if line.starts_with("```") {
                is_block = !is_block;
            } else if !is_block {
                prose.push_str(line);
                prose.push('\n');
            }
        }
        prose
    }
}

/// README and every page of `docs/`: what a user reads.
pub(super) fn for_users() -> Vec<Page> {
    let mut pages = vec![Page::read("README.md")];
    pages.extend(in_folder("docs"));
    pages
}

/// Every Markdown file of the repository.
pub(super) fn all() -> Vec<Page> {
    let mut pages = in_folder("");
    for folder in [
        "docs",
        "conformance",
        "bench",
        "e2e",
        "fuzz",
        "examples",
        "clients",
    ] {
        pages.extend(in_folder(folder));
    }
    pages
}

/// The Markdown files of a folder, in the order of their names; none where there is no such folder.
fn in_folder(folder: &str) -> Vec<Page> {
    let Ok(files) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) else {
        return Vec::new();
    };
    let files = files.map(|file| file.unwrap().path());
    let pages = files.filter(|file| file.extension().is_some_and(|ending| ending == "md"));
    let mut names: Vec<_> = pages
        .map(|page| page.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    let path = |name: &String| match folder {
        "" => name.clone(),
        _ => format!("{folder}/{name}"),
    };
    names.iter().map(|name| Page::read(&path(name))).collect()
}
