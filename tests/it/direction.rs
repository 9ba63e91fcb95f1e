//! Imports point one way: a room imports only rooms below it, no files import each other in a cycle, and only some rooms import axum,
//! tower or tokio.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Each room of `src`, with the other rooms that it may import, the lowest first. `http` has rooms of its own.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("json", &[]),
    ("request_log", &[]),
    ("roots", &[]),
    ("socket", &[]),
    ("config", &["domain"]),
    ("tenant", &["config", "domain", "json"]),
    ("fixture", &["tenant", "domain", "json"]),
    (
        "state",
        &["fixture", "tenant", "config", "domain", "request_log"],
    ),
    ("http::pool", &[]),
    ("http::capacity", &["http::pool", "config"]),
    ("http::long", &["http::capacity", "http::pool", "json"]),
    ("http::body", &["http::capacity", "config", "socket"]),
    ("http::exchange", &["tenant", "domain", "socket"]),
    ("http::origin", &["http::exchange", "socket"]),
    (
        "http::error",
        &["http::envelope", "http::long", "tenant", "domain"],
    ),
    ("http::page", &[]),
    (
        "http::envelope",
        &[
            "http::exchange",
            "http::origin",
            "http::long",
            "http::capacity",
            "domain",
            "json",
        ],
    ),
    ("openapi", &["http::error", "tenant", "domain"]),
    (
        "http::tallyfy",
        &[
            "openapi",
            "http::capacity",
            "http::body",
            "http::exchange",
            "http::error",
            "http::envelope",
            "state",
            "tenant",
            "domain",
            "json",
        ],
    ),
    (
        "http::pipeline",
        &[
            "http::capacity",
            "http::long",
            "http::tallyfy",
            "http::body",
            "http::exchange",
            "http::error",
            "http::envelope",
            "state",
            "tenant",
            "domain",
            "socket",
            "request_log",
        ],
    ),
    (
        "http::control",
        &[
            "openapi",
            "http::capacity",
            "http::long",
            "http::page",
            "http::tallyfy",
            "http::body",
            "http::exchange",
            "http::origin",
            "socket",
            "state",
            "fixture",
            "tenant",
            "domain",
            "json",
        ],
    ),
    (
        "http::elsewhere",
        &[
            "http::control",
            "http::body",
            "state",
            "socket",
            "request_log",
        ],
    ),
    (
        "http",
        &[
            "http::elsewhere",
            "http::capacity",
            "http::page",
            "http::control",
            "http::pipeline",
            "http::tallyfy",
            "http::error",
            "http::body",
            "state",
        ],
    ),
    ("server", &["http", "state", "config", "domain", "socket"]),
    (
        "mock",
        &[
            "server", "http", "state", "fixture", "tenant", "config", "domain", "json",
        ],
    ),
    // The client that asks another server: `pull` and `drift` stand above it.
    ("remote::target", &[]),
    ("remote::token", &[]),
    (
        "remote::wire",
        &["remote::target", "remote::token", "roots"],
    ),
    (
        "remote",
        &[
            "remote::wire",
            "remote::target",
            "remote::token",
            "fixture",
            "domain",
            "json",
        ],
    ),
    ("remote::pull", &["remote", "domain", "json"]),
    (
        "remote::drift",
        &["remote", "http", "state", "fixture", "config", "domain"],
    ),
    (
        "cli",
        &[
            "remote::pull",
            "remote::drift",
            "remote",
            "remote::target",
            "remote::token",
            "remote::wire",
            "roots",
            "openapi",
            "server",
            "http",
            "state",
            "fixture",
            "tenant",
            "config",
            "domain",
            "request_log",
        ],
    ),
];

/// The only rooms that may import a crate.
const PLACES: &[(&str, &[&str])] = &[
    ("axum", &["http"]),
    ("tower", &["http", "server"]),
    ("tower_http", &["http"]),
    ("hyper", &["http", "server", "cli"]),
    ("hyper_util", &["server", "cli"]),
    (
        "tokio",
        &["http", "server", "mock", "cli", "tenant::journal::events"],
    ),
    ("ureq", &["remote::target", "remote::token", "remote::wire"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("dashmap", &["tenant::map", "tenant::control"]),
];

/// A source file: its module path, and its code without comments and tests.
struct Source {
    module: String,
    code: String,
}

fn sources() -> Vec<Source> {
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
            let module = path.strip_prefix(&src).unwrap().with_extension("");
            let module = module.to_str().unwrap().replace('/', "::");
            let module = module.trim_end_matches("::mod").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            let code: Vec<&str> = code
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .collect();
            let code = code.join("\n");
            sources.push(Source { module, code });
        }
    }
    let is_code = |source: &Source| {
        let name = source.module.rsplit("::").next().unwrap();
        !["main", "lib", "tests", "sample", "properties", "wide"].contains(&name)
    };
    sources.retain(is_code);
    assert!(sources.len() > 60, "the sources are found");
    sources
}

/// The paths in some code after `crate`, `super` or `self`, with lists expanded. A re-export (`pub use self::…`) is no import.
fn named(module: &str, code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (start, root) in [("crate::", ""), ("super::", "super"), ("self::", "self")] {
        for (at, _) in code.match_indices(start) {
            let line = code[..at].rsplit('\n').next().unwrap();
            let is_face = line.starts_with("pub") && line.ends_with(" use ");
            let is_path =
                code[..at].ends_with(|c: char| c.is_alphanumeric() || c == ':' || c == '_');
            let is_visibility = code[..at].ends_with("(in ");
            if is_path || is_visibility || (is_face && root == "self") {
                continue;
            }
            let rest = &code[at..];
            let supers = rest
                .split("super::")
                .take_while(|part| part.is_empty())
                .count();
            let rest = rest
                .trim_start_matches("super::")
                .trim_start_matches("self::")
                .trim_start_matches("crate::");
            let mut base: Vec<&str> = if root.is_empty() {
                Vec::new()
            } else {
                module.split("::").collect()
            };
            base.truncate(base.len() - supers.min(base.len()));
            let base: String = base.iter().flat_map(|part| [part, "::"]).collect();
            paths(rest, &base, &mut named);
        }
    }
    named
}

/// The paths of one `use` tree, each with its base.
fn paths(tree: &str, base: &str, named: &mut BTreeSet<String>) {
    let word: String = tree
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let rest = &tree[word.len()..];
    if let Some(inner) = rest.strip_prefix("::").filter(|_| !word.is_empty()) {
        return paths(inner, &format!("{base}{word}::"), named);
    }
    if !word.is_empty() {
        named.insert(format!("{base}{word}"));
        return;
    }
    let Some(list) = tree.strip_prefix('{') else {
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (i, c) in list.char_indices() {
        let is_end = c == '}' && depth == 0;
        if is_end || (c == ',' && depth == 0) {
            paths(list[start..i].trim(), base, named);
            start = i + 1;
        }
        if is_end {
            break;
        }
        depth += i32::from(c == '{') - i32::from(c == '}');
    }
}

/// The files that each file imports.
fn needs(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let modules: BTreeSet<&str> = sources
        .iter()
        .map(|source| source.module.as_str())
        .collect();
    let file_of = |path: &str| {
        let mut path = path;
        loop {
            if let Some(module) = modules.get(path) {
                return Some(*module);
            }
            path = path.rsplit_once("::")?.0;
        }
    };
    let of = |source: &Source| {
        let named = named(&source.module, &source.code);
        let needed = named.iter().filter_map(|path| file_of(path));
        needed.filter(|module| *module != source.module).collect()
    };
    sources
        .iter()
        .map(|source| (source.module.as_str(), of(source)))
        .collect()
}

/// The room that a file belongs to: the deepest of the table.
fn room(module: &str) -> &'static str {
    let is_in = |room: &str| {
        module == room
            || module
                .strip_prefix(room)
                .is_some_and(|rest| rest.starts_with("::"))
    };
    let rooms = ROOMS
        .iter()
        .map(|(room, _)| *room)
        .filter(|room| is_in(room));
    rooms
        .max_by_key(|room| room.len())
        .unwrap_or_else(|| panic!("{module} has no room in the table"))
}

#[test]
fn rooms_know_only_the_rooms_below_them() {
    for (i, (room, below)) in ROOMS.iter().enumerate() {
        for below in *below {
            let place = ROOMS.iter().position(|(known, _)| known == below);
            // An error is written in an envelope, and stands beside it.
            assert!(
                place.is_some_and(|place| place < i) || *below == "http::envelope",
                "{room}: {below}"
            );
        }
    }
    let sources = sources();
    for (module, needed) in needs(&sources) {
        let own = room(module);
        let (_, below) = ROOMS.iter().find(|(known, _)| *known == own).unwrap();
        for needed in needed {
            let other = room(needed);
            assert!(
                other == own || below.contains(&other),
                "{module} ({own}) may not name {needed} ({other})"
            );
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    let mut needs = needs(&sources);
    // Removes files without imports until none is left, or only cycles are.
    loop {
        let free: BTreeSet<&str> = needs
            .iter()
            .filter(|(_, needed)| needed.is_empty())
            .map(|(module, _)| *module)
            .collect();
        if free.is_empty() {
            break;
        }
        needs.retain(|module, _| !free.contains(module));
        for needed in needs.values_mut() {
            needed.retain(|module| !free.contains(module));
        }
    }
    assert!(needs.is_empty(), "circles: {needs:#?}");
}

#[test]
fn what_has_one_place_is_named_only_there() {
    for Source { module, code } in sources() {
        for (library, places) in PLACES {
            let uses = code
                .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
                .any(|token| {
                    token
                        .strip_prefix(library)
                        .is_some_and(|rest| rest.starts_with("::"))
                });
            let is_place =
                |place: &&str| module == **place || module.starts_with(&format!("{place}::"));
            assert!(
                !uses || places.iter().any(is_place),
                "{module} may not name `{library}`"
            );
        }
    }
}

#[test]
fn one_map_leads_from_an_organization_to_all_that_is_known_of_it() {
    let maps: Vec<String> = sources()
        .into_iter()
        .filter(|source| {
            ["DashMap<OrgId", "DashMap<Option<OrgId", "DashMap<Box<str"]
                .iter()
                .any(|map| source.code.contains(map))
        })
        .map(|source| source.module)
        .collect();
    assert!(
        maps.iter().all(|module| module.starts_with("tenant::")) && !maps.is_empty(),
        "{maps:?}"
    );
}

#[test]
fn the_reader_of_imports_sees_lists_and_relative_paths() {
    let code = "use crate::{\n    a::{b, c::{d}},\n    e,\n};\nuse super::f::G;\nuse self::h;\npub use self::{i, j};\nfn f() { crate::k::l(); }";
    let named: Vec<String> = named("m::n", code).into_iter().collect();
    assert_eq!(
        named,
        ["a::b", "a::c::d", "e", "k::l", "m::f::G", "m::n::h"]
    );
}
