//! Imports point one way, and only some folders know axum, tower or tokio.

use std::{fs, path::Path};

/// Each part of `src` and what of ours it may name.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &["domain"]),
    ("clock", &[]),
    ("config", &["domain", "rate_limit"]),
    ("json", &[]),
    ("journal", &["journal", "domain", "json"]),
    ("faults", &["faults", "domain", "json"]),
    ("rate_limit", &[]),
    ("request_log", &[]),
    ("socket", &[]),
    ("store", &["store", "domain"]),
    ("fixture", &["fixture", "store", "domain", "clock", "json"]),
    (
        "world",
        &[
            "fixture",
            "store",
            "domain",
            "clock",
            "rate_limit",
            "faults",
        ],
    ),
    (
        "state",
        &[
            "world",
            "fixture",
            "store",
            "domain",
            "clock",
            "config",
            "rate_limit",
            "faults",
            "journal",
            "request_log",
        ],
    ),
    ("control", &["state", "world", "fixture", "store", "domain"]),
    (
        "http",
        &[
            "http",
            "control",
            "state",
            "world",
            "faults",
            "socket",
            "journal",
            "fixture",
            "store",
            "domain",
            "clock",
            "json",
            "request_log",
            "rate_limit",
        ],
    ),
    ("server", &["server", "http", "state", "config", "socket"]),
    (
        "mock",
        &[
            "server", "http", "state", "fixture", "domain", "config", "control", "faults",
            "journal",
        ],
    ),
    (
        "cli",
        &[
            "cli",
            "server",
            "http",
            "state",
            "fixture",
            "domain",
            "config",
            "rate_limit",
            "request_log",
            "control",
        ],
    ),
];

/// Where the transport may be named.
const TRANSPORT: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    ("tower", &["http", "server"]),
    ("tower_http", &["http"]),
    ("hyper", &["http", "server", "cli"]),
    ("hyper_util", &["server", "cli"]),
    ("tokio", &["http", "server", "mock", "cli", "journal"]),
    ("clap", &["cli"]),
    (
        "dashmap",
        &["store", "clock", "journal", "faults", "rate_limit"],
    ),
];

/// The code of each source file, without comments and without its tests, under its part's name.
fn sources() -> Vec<(String, String, String)> {
    let mut sources = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![src.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let relative = path.strip_prefix(&src).unwrap().display().to_string();
            let part = relative.split(['/', '.']).next().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            sources.push((part, relative, code.join("\n")));
        }
    }
    sources.retain(|(part, ..)| part != "main" && part != "lib");
    assert!(sources.len() > 20, "the sources are found");
    sources
}

/// The parts of ours that some code names: `crate::part…` and `crate::{part…, part…}`.
fn named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for after in code.split("crate::").skip(1) {
        let Some(list) = after.strip_prefix('{') else {
            named.push(word(after));
            continue;
        };
        let mut depth = 0;
        let mut expects = true;
        for (i, c) in list.char_indices() {
            match c {
                '}' if depth == 0 => break,
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => expects = true,
                c if c.is_alphabetic() && expects => {
                    named.push(word(&list[i..]));
                    expects = false;
                }
                _ => {}
            }
        }
    }
    named
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn imports_point_one_way() {
    for (part, file, code) in sources() {
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(known, _)| *known == part)
            .expect("every part is in the table");
        for import in named(&code) {
            assert!(
                allowed.contains(&import.as_str()),
                "{file} may not name `crate::{import}`"
            );
        }
    }
}

#[test]
fn only_the_transport_knows_the_transport() {
    for (part, file, code) in sources() {
        for (library, allowed) in TRANSPORT {
            let uses = code
                .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                .any(|token| {
                    token
                        .strip_prefix(library)
                        .is_some_and(|rest| rest.starts_with("::"))
                });
            assert!(
                !uses || allowed.contains(&part.as_str()),
                "{file} may not name `{library}`"
            );
        }
    }
}

#[test]
fn the_reader_of_imports_sees_nested_lists() {
    let code = "use crate::{\n    a::{b, c::{d}},\n    e,\n};\nfn f() { crate::g::h(); }";
    assert_eq!(named(code), ["a", "e", "g"]);
}
