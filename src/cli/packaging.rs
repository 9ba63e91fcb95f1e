//! `tallyfy-mock completions` and `tallyfy-mock man`: what a package installs beside the binary.

use std::{path::PathBuf, process::ExitCode};

use clap::Command;
use clap_complete::{Shell, generate};
use clap_mangen::{Man, generate_to};

use super::say::{FAILED, fail, print_bytes};

/// What `completions --help` ends with.
const COMPLETIONS: &str = "\
Examples:
  tallyfy-mock completions bash >tallyfy-mock.bash
          for a shell that is told to source it
  tallyfy-mock completions zsh >_tallyfy-mock
          for a folder of zsh's functions";

/// What `man --help` ends with.
const MAN: &str = "\
Examples:
  tallyfy-mock man >tallyfy-mock.1
          the page of the command itself
  tallyfy-mock man --dir .
          a page for each command";

#[derive(Debug, clap::Args)]
#[command(after_long_help = COMPLETIONS)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

#[derive(Debug, clap::Args)]
#[command(after_long_help = MAN)]
pub(super) struct ManPages {
    /// Write the pages of all commands into this folder, instead of printing the main page
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the completion script of a command.
pub(super) fn complete(args: &Completions, mut command: Command) -> ExitCode {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    generate(args.shell, &mut command, name, &mut script);
    print_bytes(&script);
    ExitCode::SUCCESS
}

/// Prints the man page of a command, or writes it and those of its subcommands.
pub(super) fn man(args: &ManPages, command: Command) -> ExitCode {
    let mut page = Vec::new();
    let written = match &args.dir {
        Some(dir) => generate_to(command, dir)
            .map_err(|error| format!("cannot write man pages into {}: {error}", dir.display())),
        None => Man::new(command.disable_help_subcommand(true))
            .render(&mut page)
            .map_err(|error| format!("cannot write the man page: {error}")),
    };
    print_bytes(&page);
    written.map_or_else(|message| fail(&message, FAILED), |()| ExitCode::SUCCESS)
}
