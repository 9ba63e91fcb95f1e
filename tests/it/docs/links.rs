//! A link on any page leads to a file that is there, and to a heading that it has.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use super::pages::{Page, all};

/// The targets of links and pictures on a page: `[text](target)`.
fn targets(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let code_free = without_code(&prose);
    let mut targets = Vec::new();
    let mut rest = code_free.as_str();
    while let Some((_, after)) = rest.split_once("](") {
        let (target, after) = after.split_once(')').expect("a link that begins ends");
        targets.push(target.to_owned());
        rest = after;
    }
    targets
}

/// The text without what stands between backticks, where brackets are no links.
fn without_code(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let outside = line.split('`').step_by(2);
        outside.collect::<Vec<_>>().join("`")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The anchors that GitHub gives to a page's headings.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let prose = page.prose();
    let headings = prose.lines().filter_map(|line| {
        let text = line.trim_start_matches('#');
        (text.len() < line.len()).then(|| text.strip_prefix(' '))?
    });
    let anchors = headings.map(|heading| {
        let anchor = anchor(heading);
        let count = seen.entry(anchor.clone()).or_default();
        *count += 1;
        match *count {
            1 => anchor,
            again => format!("{anchor}-{}", again - 1),
        }
    });
    anchors.collect()
}

/// In lower case, letters and digits and `-` and `_` kept, blanks as `-`, the rest left out.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        '-' | '_' => Some(c),
        c if c.is_alphanumeric() => Some(c),
        _ => None,
    });
    kept.collect::<String>().to_lowercase()
}

/// Where a relative target leads from a page, from the root of the repository.
fn resolved(page: &Page, target: &str) -> PathBuf {
    let folder = Path::new(&page.path).parent().unwrap();
    let mut path = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{}: {target} leaves", page.path),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[test]
fn every_link_leads_somewhere() {
    let pages = all();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = 0;
    for page in &pages {
        for target in targets(page) {
            found += 1;
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = match target.split_once('#') {
                Some((file, anchor)) => (file, Some(anchor)),
                None => (target.as_str(), None),
            };
            let path = match file {
                "" => PathBuf::from(&page.path),
                _ => resolved(page, file),
            };
            assert!(root.join(&path).exists(), "{}: {target}", page.path);
            let Some(anchor) = anchor else { continue };
            let there = pages.iter().find(|page| Path::new(&page.path) == path);
            let there = there.unwrap_or_else(|| panic!("{}: {target}", page.path));
            assert!(anchors(there).contains(anchor), "{}: {target}", page.path);
        }
    }
    assert!(found > 50, "the links are found: {found}");
}

#[test]
fn an_anchor_is_the_one_that_github_gives() {
    let page = Page {
        path: "page.md".into(),
        text: "# What's `it`?\n\n## A b\n\n```sh\n# no heading\n```\n\n## A b\n\n### v1.2-x_y\n"
            .into(),
    };
    let wanted = ["whats-it", "a-b", "a-b-1", "v12-x_y"];
    assert_eq!(anchors(&page), wanted.map(String::from).into());
}

#[test]
fn the_map_has_every_page() {
    let map = Page::read("docs/README.md");
    let linked: BTreeSet<_> = targets(&map).into_iter().collect();
    let pages = all();
    let pages = pages
        .iter()
        .filter_map(|page| page.path.strip_prefix("docs/"));
    for page in pages.filter(|page| *page != "README.md") {
        assert!(linked.contains(page), "docs/README.md does not name {page}");
    }
}

/// A path in backticks, such as `tests/it/main.rs`, is there; `ARCHITECTURE.md` leaves `src/` out.
#[test]
fn every_file_that_a_page_names_is_there() {
    const FOLDERS: [&str; 14] = [
        "src/",
        "tests/",
        "bench/",
        "benches/",
        "docs/",
        "fixtures/",
        "examples/",
        "conformance/",
        "fuzz/",
        "tenant/",
        "http/",
        "domain/",
        "server/",
        ".ci/",
    ];
    const MADE_BY_A_RUN: [&str; 1] = ["bench/results.json"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = 0;
    // A log of the past, and a page that names files of others.
    let others = ["CHANGELOG.md", "docs/evidence.md"];
    for page in all()
        .iter()
        .filter(|page| !others.contains(&page.path.as_str()))
    {
        let prose = page.prose();
        let code = prose
            .lines()
            .flat_map(|line| line.split('`').skip(1).step_by(2));
        for name in code.filter_map(|code| code.split(' ').next()) {
            let is_ours = FOLDERS.iter().any(|folder| name.starts_with(folder));
            if !is_ours || MADE_BY_A_RUN.contains(&name) || name.contains('*') {
                continue;
            }
            found += 1;
            let is_there = root.join(name).exists() || root.join("src").join(name).exists();
            assert!(is_there, "{}: `{name}` is not there", page.path);
        }
    }
    assert!(found > 30, "the names are found: {found}");
}

/// `evidence 4.3` in a comment or a sample means that section of `docs/evidence.md`.
#[test]
fn every_rule_that_names_its_evidence_finds_it() {
    let evidence = Page::read("docs/evidence.md");
    let headings = evidence.text.lines().filter_map(|line| {
        let heading = line.trim_start_matches('#').strip_prefix(' ')?;
        let number = heading.split(' ').next()?;
        Some(number.trim_end_matches('.'))
    });
    let sections: BTreeSet<_> = headings.collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src"), root.join("tests")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // A list of sections goes on after a comma.
            let text = fs::read_to_string(&path).unwrap();
            let cited = text.split("evidence ").skip(1);
            let cited = cited
                .filter_map(|rest| rest.split([')', ':', ';', '`']).next())
                .flat_map(|list| list.split(", "));
            let is_number = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
            for section in cited
                .filter(is_number)
                .map(|word| word.trim_end_matches('.'))
            {
                let section = section
                    .split(|c: char| c != '.' && !c.is_ascii_digit())
                    .next();
                let section = section.unwrap_or_default().trim_end_matches('.');
                assert!(sections.contains(section), "{}: {section}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 100, "the citations are found: {found}");
}
