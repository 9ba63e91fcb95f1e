//! The fuzz targets' own functions, on the stable toolchain: each seed of the corpus, and damaged copies of them.
//!
//! CI runs this in place of cargo-fuzz, which needs nightly and takes minutes to build. All cases take about ten seconds. `fuzz/run`
//! runs the real fuzzer.

use std::{fs, path::PathBuf};

use proptest::{prelude::*, sample::Index};

#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the crate of the fuzz targets exports them")]
mod targets;

/// The dictionary: words of the formats, and texts that break parsers.
const WORDS: &[&[u8]] = &[
    b"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e400",
    b"18446744073709551616",
    b"0.1234567890123456789",
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc3",
    "é\u{130}\u{200b}".as_bytes(),
    b" ",
    b"\n",
    b"/",
    b"//",
    b"..",
    b"%",
    b"%2F",
    b"%00",
    b"?",
    b"&",
    b"=",
    b"#",
    b"page=",
    b"per_page=",
    b"sort=",
    b"q=",
    b"with=",
    b"__code=",
    b"/_mock/",
    b"\"name\"",
    b"\"members\"",
    b"\"org\"",
    b"\"times\"",
    b"\"always\"",
    b"\"body\"",
];

/// A mutation of a seed.
#[derive(Debug, Clone)]
enum Damage {
    Byte(Index, u8),
    Cut(Index, Index),
    Put(Index, &'static [u8]),
    Repeat(Index, Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (place(), place()).prop_map(|(from, to)| Damage::Cut(from, to)),
        (place(), prop::sample::select(WORDS)).prop_map(|(at, word)| Damage::Put(at, word)),
        (place(), place()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

fn damaged(seed: &[u8], blows: &[Damage]) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for blow in blows {
        let place = |index: &Index| index.index(bytes.len() + 1);
        let range = |from, to| place(from).min(place(to))..place(from).max(place(to));
        match blow {
            Damage::Byte(at, byte) => {
                let at = place(at);
                bytes.splice(at..(at + 1).min(bytes.len()), [*byte]);
            }
            Damage::Cut(from, to) => drop(bytes.drain(range(from, to))),
            Damage::Put(at, word) => drop(bytes.splice(place(at)..place(at), word.iter().copied())),
            Damage::Repeat(from, to) => bytes.extend_from_within(range(from, to)),
        }
    }
    bytes
}

/// The seeds of a target, by their names.
fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[expect(
    clippy::print_stdout,
    reason = "the last one shown is the seed that failed"
)]
fn run(target: fn(&[u8]), name: &str, cases: u32) {
    let seeds = seeds(name);
    for (path, seed) in &seeds {
        println!("{}", path.display());
        target(seed);
    }
    let seeds: Vec<Vec<u8>> = seeds.into_iter().map(|(_, seed)| seed).collect();
    let config = ProptestConfig {
        cases,
        ..ProptestConfig::default()
    };
    proptest!(config, |(seed in prop::sample::select(seeds), blows in prop::collection::vec(damage(), 1..5))| {
        target(&damaged(&seed, &blows));
    });
}

#[test]
fn any_path_and_query_is_answered_in_shape() {
    run(targets::path_and_query, "path_and_query", 500);
}

#[test]
fn any_body_of_a_create_or_an_update_is_answered_and_kept_as_answered() {
    run(targets::create_and_update, "create_and_update", 500);
}

#[test]
fn any_fixture_is_refused_or_exported_and_read_again_the_same() {
    run(targets::fixture, "fixture", 500);
}

#[test]
fn any_fault_rule_is_refused_or_shown_and_put_again_the_same() {
    run(targets::fault_rule, "fault_rule", 500);
}

#[test]
fn any_verify_body_is_answered_and_changes_nothing() {
    run(targets::verify, "verify", 500);
}
