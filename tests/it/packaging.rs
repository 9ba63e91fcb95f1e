//! Completions and man pages: what a package installs beside the binary.

use std::{fs, path::Path, process::Command};

use serde_json::Value;

use crate::binary::output;

/// What the command prints.
fn printed(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The long flags of a command, as its help lists them.
fn flags(command: &str) -> Vec<String> {
    let help = printed(&[command, "--help"]);
    let words = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    let flags = words.map(|word| {
        word.trim_end_matches(|c: char| !c.is_alphanumeric())
            .to_owned()
    });
    let mut flags: Vec<_> = flags.collect();
    flags.sort_unstable();
    flags.dedup();
    flags
}

const COMMANDS: [&str; 6] = [
    "serve",
    "healthcheck",
    "env",
    "validate",
    "completions",
    "man",
];

#[test]
fn every_shell_is_told_every_command_and_flag() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell}: {command}");
            for flag in flags(command) {
                // fish has them without dashes.
                assert!(
                    script.contains(flag.trim_start_matches('-')),
                    "{shell}: {command} {flag}"
                );
            }
        }
    }
    let refused = output(&["completions", "tcsh"]);
    assert_eq!(refused.status.code(), Some(2));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("powershell"), "{told}");
}

#[test]
fn bash_completes_what_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("tallyfy-mock.bash");
    fs::write(&script, printed(&["completions", "bash"])).unwrap();
    for (typed, wanted) in [
        (&["val"][..], "validate"),
        (&["healthcheck", "--wa"], "--wait"),
        // `serve` may be left out.
        (&["--fix"], "--fixtures"),
        (&["serve", "--log-format", "j"], "json"),
        (&["completions", "fi"], "fish"),
    ] {
        let words = ["tallyfy-mock"]
            .iter()
            .chain(typed)
            .copied()
            .collect::<Vec<_>>();
        let complete = r#"source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); word=${COMP_WORDS[COMP_CWORD]}
            function=$(complete -p tallyfy-mock | sed "s/.*-F \([^ ]*\) .*/\1/"); "$function" tallyfy-mock "$word" "${COMP_WORDS[COMP_CWORD-1]}"; printf '%s\n' "${COMPREPLY[@]}""#;
        let bash = Command::new("bash")
            .args(["-c", complete])
            .arg(&script)
            .args(&words)
            .output()
            .unwrap();
        let replies = String::from_utf8(bash.stdout).unwrap();
        assert!(
            replies.lines().any(|reply| reply == wanted),
            "{typed:?}: {replies}{}",
            String::from_utf8_lossy(&bash.stderr)
        );
    }
}

#[test]
fn man_has_a_page_for_each_command() {
    let main = printed(&["man"]);
    assert!(main.contains(".TH tallyfy-mock 1"), "{main}");
    // `serve` may be left out, so its flags are on the main page.
    for flag in flags("serve") {
        let escaped = flag.replace('-', "\\-");
        assert!(main.contains(&escaped), "{flag}");
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    assert_eq!(printed(&["man", "--dir", dir]), "");
    for command in COMMANDS {
        let page = folder.path().join(format!("tallyfy-mock-{command}.1"));
        let page = fs::read_to_string(page).unwrap();
        for flag in flags(command) {
            assert!(page.contains(&flag.replace('-', "\\-")), "{command} {flag}");
        }
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("tallyfy-mock.1")).unwrap(),
        main
    );
    let refused = output(&["man", "--dir", "/nowhere/at/all"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        told.starts_with("error: cannot write man pages into /nowhere/at/all: "),
        "{told}"
    );
}

/// What Cargo makes of `Cargo.toml`.
fn manifest() -> Value {
    let metadata = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    metadata["packages"][0].clone()
}

#[test]
fn cargo_binstall_asks_for_the_archives_of_a_release() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let release = fs::read_to_string(root.join(".github/workflows/release.yml")).unwrap();
    // The wheels have targets of their own.
    let (archives, _) = release.split_once("\n  wheels:\n").unwrap();
    let targets = archives
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- target: "));
    let targets: Vec<&str> = targets.collect();
    assert_eq!(targets.len(), 5, "{targets:?}");
    // What .ci/archive makes: a folder of the archive's own name, which holds the binary.
    let pack = fs::read_to_string(root.join(".ci/archive")).unwrap();
    assert!(pack.contains("\nname=tallyfy-mock-$target\n"), "{pack}");

    let binstall = &manifest()["metadata"]["binstall"];
    let on_glibc = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    for target in targets.iter().chain(&on_glibc) {
        let own = &binstall["overrides"][target];
        let set = |key: &str| own.get(key).unwrap_or(&binstall[key]).as_str().unwrap();
        let released = target.replace("-gnu", "-musl");
        let (suffix, binary) = match set("pkg-fmt") {
            "zip" => (".zip", "tallyfy-mock.exe"),
            format => {
                assert_eq!(format, "tgz");
                (".tar.gz", "tallyfy-mock")
            }
        };
        assert_eq!(suffix == ".zip", target.contains("windows"), "{target}");
        assert!(targets.contains(&released.as_str()), "{target}");
        let filled = |text: &str| {
            text.replace("{ repo }", "https://example.com/tallyfy-mock")
                .replace("{ version }", "1.2.3")
                .replace("{ name }", "tallyfy-mock")
                .replace("{ target }", target)
                .replace("{ archive-suffix }", suffix)
                .replace("{ bin }{ binary-ext }", binary)
        };
        assert_eq!(
            filled(set("pkg-url")),
            format!(
                "https://example.com/tallyfy-mock/releases/download/v1.2.3/tallyfy-mock-{released}{suffix}"
            )
        );
        assert_eq!(
            filled(set("bin-dir")),
            format!("tallyfy-mock-{released}/{binary}")
        );
    }
}
