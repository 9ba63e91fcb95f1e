//! `tallyfy-mock pull`: an organization of Tallyfy's as a fixture, redacted.

use std::{path::PathBuf, process::ExitCode};

use super::{
    asked::Asked,
    output::Output,
    progress::ProgressLine,
    say::{FAILED, fail, say},
};
use crate::{
    fixture::Fixture,
    remote::{
        Organization,
        pull::{KeepNames, redacted},
    },
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  TALLYFY_API_TOKEN=x tallyfy-mock pull --org globex --base http://127.0.0.1:8255/api -o org.json
          read a mock as the real Tallyfy is read, which takes no `--base`
  echo x | tallyfy-mock pull --org globex --base http://127.0.0.1:8255/api --token-stdin -o a.json
          the same with the token on standard input";

#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    asked: Asked,
    /// The fixture to write: a new file
    #[arg(long, short, value_name = "PATH")]
    out: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
    /// Leave the names of groups, people and the organization as they are; the file then says so
    ///
    /// Ids, addresses, descriptions, URLs and telephone numbers are replaced all the same.
    #[arg(long)]
    keep_names: bool,
}

pub(super) fn run(args: &Args) -> ExitCode {
    match pull(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message, FAILED),
    }
}

fn pull(args: &Args) -> Result<(), String> {
    // Before anything is asked, as that may take minutes.
    let output = Output::at(&args.out, args.force)?;
    let mut reader = args.asked.reader().map_err(|trouble| trouble.to_string())?;
    let mut progress = ProgressLine::new();
    let read = Organization::read(&mut reader, &mut |step| progress.show(&step));
    progress.clear();
    let read = read.map_err(|trouble| trouble.to_string())?;
    let keep = args.keep_names.then(KeepNames::because_they_are_mine);
    let text = redacted(&read, keep)?;
    // By the same code as `validate`; what it says is of the redacted text.
    Fixture::parse(&text).map_err(|error| {
        let problem = error
            .problems
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        format!("a mock could not load this organization: {problem}")
    })?;
    output.write(&text)?;
    for note in read.notes() {
        say(&format!("note: {note}"));
    }
    for line in read.news() {
        say(&format!("not known here: {line}"));
    }
    let [groups, users, guests] = read.counts();
    say(&format!(
        "wrote {}: groups {groups}, users {users}, guests {guests}; requests {}",
        args.out.display(),
        reader.requests()
    ));
    Ok(())
}
