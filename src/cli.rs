//! The command line: what is typed, turned into a [`Config`](crate::config::Config) and run.

mod address;
#[cfg(feature = "remote")]
mod asked;
#[cfg(feature = "tls")]
mod ca;
mod client;
#[cfg(feature = "remote")]
mod drift;
mod drift_report;
mod env;
mod environment;
#[cfg(feature = "tls")]
mod exec;
mod flags;
mod headings;
mod healthcheck;
#[cfg(feature = "remote")]
mod interrupt;
mod log;
mod openapi;
#[cfg(feature = "remote")]
mod output;
mod packaging;
#[cfg(feature = "remote")]
mod progress;
#[cfg(feature = "remote")]
mod pull;
mod refusal;
mod reload;
mod say;
mod serve;
mod signals;
mod start;
mod tls_flags;
#[cfg(feature = "tls")]
mod trust;
mod validate;
mod values;
#[cfg(feature = "tls")]
mod variables;
mod watch;

use std::{env::var_os, ffi::OsString, process::ExitCode};

use clap::{
    CommandFactory, FromArgMatches, Parser, Subcommand, builder::Resettable, error::ErrorKind,
};

use self::{
    environment::Environment,
    say::{USAGE, fail, say},
};

/// A local server that answers like the groups API of Tallyfy.
#[derive(Debug, Parser)]
#[command(name = "tallyfy-mock", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API (what happens without a command).
    Serve(Box<serve::Args>),
    /// Start a mock, run a command that finds it, stop the mock.
    #[cfg(feature = "tls")]
    Exec(Box<exec::Args>),
    /// Ask a running mock whether it is ready; exit 0 if it is.
    Healthcheck(healthcheck::Args),
    /// Print the variables by which clients find a running mock.
    Env(env::Args),
    /// Print the certificate by which clients trust a running mock.
    #[cfg(feature = "tls")]
    Ca(ca::Args),
    /// Check fixtures and print every problem, one a line.
    Validate(validate::Args),
    /// Read an organization of Tallyfy's and write it as a fixture, redacted.
    #[cfg(feature = "remote")]
    Pull(Box<pull::Args>),
    /// Print what is served under a contract, as OpenAPI.
    #[command(name = "openapi")]
    OpenApi(openapi::Args),
    /// Compare a host, such as the real Tallyfy, with the mock.
    #[cfg(feature = "remote")]
    Drift(Box<drift::Args>),
    /// Print the completion script of a shell.
    Completions(packaging::Completions),
    /// Print the man page.
    Man(packaging::ManPages),
}

impl Command {
    /// Whether it starts a mock, and with it a log that warnings go to.
    fn has_a_log(&self) -> bool {
        #[cfg(feature = "tls")]
        if matches!(self, Self::Exec(_)) {
            return true;
        }
        matches!(self, Self::Serve(_))
    }
}

/// Runs the command line that `arguments` (the program's name first) spell out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let (cli, environment) = match parsed(with_command(arguments.into_iter().collect())) {
        Ok(parsed) => parsed,
        Err(Refused::Argument(error)) if error.use_stderr() => {
            say(&refusal::line(&error, &Cli::command()));
            return ExitCode::from(USAGE);
        }
        // Help, or the version.
        Err(Refused::Argument(error)) => {
            // A closed stdout is no failure.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(Refused::Variable(message)) => return fail(&message, USAGE),
    };
    // The server's warnings go where its log goes.
    if !cli.command.has_a_log() {
        for warning in &environment.warnings {
            say(&format!("warning: {warning}"));
        }
    }
    match cli.command {
        Command::Serve(args) => serve::run(*args, &environment),
        #[cfg(feature = "tls")]
        Command::Exec(args) => exec::run(*args, &environment),
        #[cfg(feature = "tls")]
        Command::Ca(args) => ca::run(&args, &environment),
        Command::Healthcheck(args) => healthcheck::run(&args, &environment),
        Command::Env(args) => env::run(&args, &environment),
        Command::Validate(args) => validate::run(&args),
        #[cfg(feature = "remote")]
        Command::Pull(args) => pull::run(&args),
        Command::OpenApi(args) => openapi::run(&args),
        #[cfg(feature = "remote")]
        Command::Drift(args) => drift::run(&args),
        Command::Completions(args) => packaging::complete(&args, documented()),
        Command::Man(args) => packaging::man(&args, documented()),
    }
}

/// The command as completions and man pages have it: with the flags of `serve`, which may be left out.
fn documented() -> clap::Command {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").cloned();
    let flags = serve
        .iter()
        .flat_map(|serve| serve.get_arguments().cloned());
    command.args(flags.collect::<Vec<_>>())
}

/// Why nothing is run: clap's word on an argument, or ours on a variable.
enum Refused {
    Argument(clap::Error),
    Variable(String),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Argument(error)
    }
}

/// The command line, with what the environment adds to it.
///
/// Variables are read here and not by clap, which takes an empty one for a value and names the flag
/// where a variable is wrong.
fn parsed(mut arguments: Vec<OsString>) -> Result<(Cli, Environment), Refused> {
    let complete = Cli::command();
    let mut command = complete.clone().mut_subcommands(|subcommand| {
        subcommand.mut_args(|argument| argument.env(Resettable::Reset))
    });
    let given = match command.try_get_matches_from_mut(&arguments) {
        Ok(given) => given,
        // The long help tells which variables there are.
        Err(error) if error.kind() == ErrorKind::DisplayHelp && !is_short(&arguments) => {
            return Err(complete
                .try_get_matches_from(arguments)
                .err()
                .unwrap_or(error)
                .into());
        }
        Err(error) => return Err(error.into()),
    };
    let mut environment = Environment::default();
    if let Some((name, given)) = given.subcommand()
        && let Some(subcommand) = complete.find_subcommand(name)
    {
        environment = Environment::read(subcommand.get_arguments(), given, |name| var_os(name))
            .map_err(Refused::Variable)?;
    }
    // After the command's name, and before a `--` that would make them something else.
    let after_name = arguments.len().min(2);
    arguments.splice(
        after_name..after_name,
        environment.arguments.iter().cloned(),
    );
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    let cli =
        Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))?;
    Ok((cli, environment))
}

/// Whether help is asked for by `-h`, which is short.
fn is_short(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument == "-h")
}

/// `tallyfy-mock --port 0` is short for `tallyfy-mock serve --port 0`. Done here and not with clap's
/// flattening, which would offer the flags of `serve` to a `healthcheck` too.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    // A word is a command, if perhaps a misspelt one.
    let is_flag = |first: &OsString| first.as_encoded_bytes().starts_with(b"-");
    let is_version = |first: &OsString| first == "--version" || first == "-V";
    let first = arguments.get(1);
    if first.is_none_or(|first| is_flag(first) && !is_version(first)) {
        arguments.insert(1.min(arguments.len()), "serve".into());
    }
    arguments
}
