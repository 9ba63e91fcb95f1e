//! Output to stderr and stdout, and exit codes.

use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Exit code of a failure; usage errors have clap's 2.
pub(super) const FAILED: u8 = 1;
pub(super) const USAGE: u8 = 2;

/// Prints an error as clap does, and returns that exit code.
pub(super) fn fail(message: &str, code: u8) -> ExitCode {
    say(&format!("error: {message}"));
    ExitCode::from(code)
}

/// Prints a line for a person. A closed stderr is no failure.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints a document as it is.
pub(super) fn print_bytes(document: &[u8]) {
    let mut stdout = io::stdout();
    let _ = stdout.write_all(document).and_then(|()| stdout.flush());
}

/// Prints a line for a script.
pub(super) fn print(line: &str) {
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
