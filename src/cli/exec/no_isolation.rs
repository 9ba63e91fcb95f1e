//! In the place of `isolate` where there are no namespaces: `--isolate` is refused, so nothing is ever isolated.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
};

use crate::{
    cli::say::{FAILED, fail},
    domain::hosts::Hosts,
};

/// No further ports.
pub(super) const PORTS: [u16; 0] = [];

/// Never.
pub(super) fn is_inside() -> bool {
    false
}

/// Refuses.
pub(super) fn enter() -> ExitCode {
    fail("`--isolate` needs Linux", FAILED)
}

/// Nothing is to be prepared.
///
/// # Errors
///
/// None.
pub(super) fn furnish(_hosts: &Hosts) -> Result<(), String> {
    Ok(())
}

/// The command as it is.
pub(super) fn command(words: &[OsString]) -> Command {
    let (name, arguments) = words.split_first().expect("clap demands a command");
    let mut command = Command::new(name);
    command.args(arguments);
    command
}
