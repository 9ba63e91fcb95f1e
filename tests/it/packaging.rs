//! Completions and man pages: what a package installs beside the binary.

use std::{fs, process::Command};

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
