//! `tallyfy-mock validate`: every problem of a fixture, one a line.

use std::{path::PathBuf, process::ExitCode};

use super::say::{FAILED, fail, print, say};
use crate::fixture::{self, Fixture};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  tallyfy-mock validate fixtures
          check a folder as `--fixtures` would load it
  tallyfy-mock validate fixtures/demo.json
          check one file";

#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Files, and folders of `*.json`; several are read as one fixture
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match fixture::load(&args.paths) {
        Ok(fixture) => {
            print(&format!("ok: {}", summary(&fixture)));
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(&error.to_string());
            match error.problems.len() {
                1 => fail("the fixture has 1 problem", FAILED),
                count => fail(&format!("the fixture has {count} problems"), FAILED),
            }
        }
    }
}

/// What a fixture declares, in words.
pub(super) fn summary(fixture: &Fixture) -> String {
    let count = |number: usize, noun: &str| {
        format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
    };
    let groups = fixture
        .organizations
        .iter()
        .map(|(_, seed)| seed.groups.len())
        .sum();
    let tokens = match fixture.tokens.len() {
        0 => "any token".to_owned(),
        declared => count(declared, "token"),
    };
    let others = if fixture.is_open() {
        ", other organizations on demand"
    } else {
        ""
    };
    format!(
        "{}, {}, {tokens}{others}",
        count(fixture.organizations.len(), "organization"),
        count(groups, "group")
    )
}
