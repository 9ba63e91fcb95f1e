//! One version everywhere: whatever names it names that of `Cargo.toml`.

use std::{fs, path::Path};

use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Files that name the version, each with what stands right before it.
const PLACES: &[(&str, &str)] = &[
    ("clients/python/pyproject.toml", "\nversion = \""),
    (
        "examples/junit5/TallyfyMockExtension.java",
        "String VERSION = \"",
    ),
    ("examples/ci/one-step.yml", "tallyfy-mock@v"),
    ("examples/ci/one-step.yml", "          version: "),
    ("examples/ci/many-steps.yml", "tallyfy-mock@v"),
    ("examples/ci/many-steps.yml", "          version: "),
    ("examples/ci/service.yml", "owner/tallyfy-mock:"),
    ("openapi/2026-03.json", "\n    \"version\": \""),
    ("openapi/2025-08.json", "\n    \"version\": \""),
    ("openapi/control.json", "\n    \"version\": \""),
];

fn read(path: &str) -> String {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_place_names_the_version_of_the_package() {
    for (path, before) in PLACES {
        let text = read(path);
        let named: Vec<&str> = text.split(before).skip(1).collect();
        assert!(!named.is_empty(), "{path} has no `{before}`");
        for after in named {
            let version = after.split(['"', '\n']).next().unwrap_or_default();
            assert_eq!(version, VERSION, "{path}: after `{before}`");
        }
    }
}

/// The manifests of the npm packages: the main one, and one for each platform.
fn manifests() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/js");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.ends_with("package.json") {
                let relative = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                found.push(relative.to_str().unwrap().to_owned());
            }
        }
    }
    assert!(!root.exists() || found.len() > 1, "{found:?}");
    found
}

#[test]
fn the_npm_packages_have_it_too_and_ask_for_each_other_by_it() {
    for path in manifests() {
        let manifest: Value = serde_json::from_str(&read(&path)).unwrap();
        let name = manifest["name"].as_str().unwrap_or_default();
        if !name.contains("tallyfy-mock") || manifest["private"] == true {
            continue; // a project of the tests
        }
        assert_eq!(manifest["version"], VERSION, "{path}");
        for kind in ["dependencies", "optionalDependencies"] {
            let others = manifest[kind].as_object().into_iter().flatten();
            for (other, version) in others.filter(|(name, _)| name.contains("tallyfy-mock")) {
                assert_eq!(version, VERSION, "{path}: {other}");
            }
        }
    }
}

#[test]
fn the_changelog_opens_with_what_is_not_released_or_with_it() {
    let changelog = read("CHANGELOG.md");
    let heading = changelog.lines().find_map(|line| line.strip_prefix("## "));
    let heading = heading.unwrap_or_default();
    let is_it = heading == "Unreleased" || heading.split(' ').next() == Some(VERSION);
    assert!(is_it, "`## {heading}`, but Cargo.toml has {VERSION}");
}

#[test]
fn the_action_takes_no_version_silently() {
    let action = read("action.yml");
    let (_, version) = action.split_once("\n  version:\n").unwrap();
    let (version, _) = version.split_once("\n  checksum:\n").unwrap();
    assert!(version.ends_with("    default: \"\""), "{version}");
}
