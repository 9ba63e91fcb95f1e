//! What is said to a person or a script, and how the process ends.

use std::{
    io::{self, Write},
    process::ExitCode,
};

/// How the process ends when it could not do what was asked; usage errors are clap's 2.
pub(super) const FAILED: u8 = 1;
pub(super) const USAGE: u8 = 2;

/// Says what went wrong, as clap does, and ends with that code.
pub(super) fn fail(message: &str, code: u8) -> ExitCode {
    say(&format!("error: {message}"));
    ExitCode::from(code)
}

/// A line for a person. Where nobody reads, nothing is lost.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A line for a script.
pub(super) fn print(line: &str) {
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
