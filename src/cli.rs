//! The command line: what is typed, turned into a [`Config`] and run.

mod client;
mod env;
mod healthcheck;
mod log;
mod reload;
mod serve;
mod signals;
mod validate;

use std::{
    ffi::OsString,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::{Parser, Subcommand};

use crate::config::Config;

/// How the process ends when it could not do what was asked; usage errors are clap's 2.
const FAILED: u8 = 1;
const USAGE: u8 = 2;

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
    /// Ask a running mock whether it is ready; exit 0 if it is.
    Healthcheck(healthcheck::Args),
    /// Print the variables by which clients find a running mock.
    Env(env::Args),
    /// Check fixtures and print every problem, one a line.
    Validate(validate::Args),
}

/// Runs the command line that `arguments` (the program's name first) spell out.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(with_command(arguments.into_iter().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            // Where nobody reads, nothing can be said.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    match cli.command {
        Command::Serve(args) => serve::run(*args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Env(args) => env::run(&args),
        Command::Validate(args) => validate::run(&args),
    }
}

/// `tallyfy-mock --port 0` is short for `tallyfy-mock serve --port 0`. Done here and not with clap's
/// flattening, which would check the variables of `serve` before a `healthcheck` too.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    const COMMANDS: [&str; 7] = [
        "serve",
        "healthcheck",
        "env",
        "validate",
        "help",
        "--version",
        "-V",
    ];
    let named = arguments
        .get(1)
        .is_some_and(|first| COMMANDS.iter().any(|command| first == command));
    if !named {
        arguments.insert(1.min(arguments.len()), "serve".into());
    }
    arguments
}

fn port(text: &str) -> Result<u16, &'static str> {
    text.parse()
        .map_err(|_| "expected a number from 0 to 65535")
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = humantime::parse_duration(text)
        .ok()
        .filter(|duration| !duration.is_zero());
    duration.ok_or("expected a duration such as `500ms`, `30s` or `2m`")
}

/// Where a mock listens, or is looked for.
#[derive(Debug, clap::Args)]
struct Address {
    /// The host: an address, or a name that resolves to one
    #[arg(long, env = "TALLYFY_MOCK_HOST", default_value = "127.0.0.1")]
    host: String,
    /// The port; 0 takes a free one [default: 8255, or the variable PORT]
    #[arg(long, env = "TALLYFY_MOCK_PORT", value_parser = port)]
    port: Option<u16>,
}

impl Address {
    /// The port: flag, then `TALLYFY_MOCK_PORT`, then `PORT` (what hosting services set), then 8255.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where configuration enters"
    )]
    fn port(&self) -> Result<u16, String> {
        match (self.port, std::env::var("PORT")) {
            (Some(port), _) => Ok(port),
            (None, Ok(text)) if !text.is_empty() => {
                text.parse().map_err(|_| format!("invalid value '{text}' for the variable PORT: expected a number from 0 to 65535"))
            }
            (None, _) => Ok(Config::default().port),
        }
    }
}

/// A mock that listens on every address is dialled on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Says what went wrong, as clap does, and ends with that code.
fn fail(message: &str, code: u8) -> ExitCode {
    say(&format!("error: {message}"));
    ExitCode::from(code)
}

/// A line for a person. Where nobody reads, nothing is lost.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A line for a script.
fn print(line: &str) {
    let mut stdout = io::stdout();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
