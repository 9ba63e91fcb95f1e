//! The `tallyfy-mock` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tallyfy_mock::cli::run(std::env::args_os())
}
