//! `tallyfy-mock serve`: flags and variables to a running server.

use std::{convert::Infallible, io, net::SocketAddr, process::ExitCode, thread};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{
    address::Address,
    environment::Environment,
    flags::Flags,
    headings::SERVING,
    log::Log,
    say::{FAILED, print},
    signals::{on_hangup, stop_signals},
    start::{Begun, Starting, begin, message},
};
use crate::{
    config::Config,
    fixture::Fixture,
    request_log::{Format, RequestLog},
    server,
    state::StartError,
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  tallyfy-mock --fixtures fixtures --watch
          your own data, loaded again whenever a file of the folder changes
  tallyfy-mock --port 0 --seed 1 --clock 2026-01-01T00:00:00Z
          on a free port, with the same answers at every run

Other commands: `tallyfy-mock help` lists them. What a test can do while the mock runs: docs/README.md.";

/// Serve Tallyfy's groups API from fixtures.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "tallyfy-mock [serve] [OPTIONS]",
    after_help = "Other commands: `exec`, `env`, `ca`, `healthcheck`, `openapi`, `pull`, `drift`, `validate`; `tallyfy-mock help` lists them.",
    after_long_help = EXAMPLES
)]
pub(super) struct Args {
    #[command(flatten, next_help_heading = SERVING)]
    address: Address,
    #[command(flatten)]
    flags: Flags,
    /// Stop when standard input ends: for a test runner that may be killed
    ///
    /// A pipe from the runner then ends the mock, however the runner ends.
    #[arg(long, env = "TALLYFY_MOCK_EXIT_WITH_STDIN", help_heading = SERVING)]
    exit_with_stdin: bool,
}

pub(super) fn run(args: Args, environment: &Environment) -> ExitCode {
    let Begun { log, line, files } = match begin(&args.flags, environment) {
        Ok(begun) => begun,
        Err(code) => return code,
    };
    let _flushed = log.flushed();
    let banner = Banner::of(line);
    let request_log = line.map(|format| log.of_requests(format));
    let (workers, watch) = (args.flags.workers, args.flags.watch);
    let with_stdin = args.exit_with_stdin;
    let (host, port) = (args.address.host(), args.address.port());
    let config = args.flags.into_config(host, port, files);
    let served = serve(
        &config,
        workers,
        watch,
        with_stdin,
        banner,
        &log,
        request_log,
    );
    served.unwrap_or_else(|error| failed(&log, &message(&error, environment)))
}

/// As [`fail`](super::say::fail), through the log: nobody has to read it for the process to end.
fn failed(log: &Log, message: &str) -> ExitCode {
    log.say(&format!("error: {message}"));
    ExitCode::from(FAILED)
}

fn serve(
    config: &Config,
    workers: Option<usize>,
    watch: bool,
    with_stdin: bool,
    banner: Banner,
    log: &Log,
    request_log: Option<RequestLog>,
) -> Result<ExitCode, StartError> {
    // A log in JSON is for machines, and goes who knows where.
    let shows_token = config.guard.token.is_none() && matches!(banner, Banner::Text);
    let mut curl = String::new();
    let starting = Starting::prepare(
        config,
        workers,
        watch,
        request_log,
        None,
        |fixture, now, address| {
            curl = curl_line(fixture, now, address, shows_token);
        },
    )?;
    let Starting {
        runtime,
        listeners,
        address,
        app,
        tls,
        reloader,
        loaded,
        ..
    } = starting;
    let served = runtime.block_on(async {
        on_hangup(move || reloader.reload());
        let (signal, second) = (stop_signals(1), stop_signals(2));
        let ended = end_of_stdin(with_stdin);
        let first = async {
            tokio::select! {
                () = signal => {}
                () = ended => {}
            }
        };
        banner.show(log, address, &loaded, &curl);
        log.flush();
        print(&format!("tallyfy-mock is ready on http://{address}"));
        tokio::select! {
            served = server::serve(listeners, app, config.limits, tls, first) => served.map(|()| ExitCode::SUCCESS),
            () = second => Ok(failed(log, "stopped by a second signal while requests were under way")),
        }
    });
    // Requests that are still under way are not waited for any more.
    runtime.shutdown_background();
    served
}

/// Done when standard input ends, where it is looked at; else never. What comes there is thrown away.
fn end_of_stdin(is_looked_at: bool) -> impl Future<Output = ()> {
    let (ended, told) = oneshot::channel::<Infallible>();
    let mut kept = None;
    if is_looked_at {
        let look = move || {
            // One that cannot be read has ended too.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            drop(ended);
        };
        let watching = thread::Builder::new().name("stdin".into()).spawn(look);
        if let Err(error) = watching {
            tracing::warn!(%error, "standard input cannot be watched");
        }
    } else {
        kept = Some(ended);
    }
    async move {
        let _ = told.await;
        drop(kept);
    }
}

/// How the start is announced to a person.
#[derive(Debug, Clone, Copy)]
enum Banner {
    Text,
    Event,
    None,
}

impl Banner {
    /// The banner of a log whose requests have lines of that form; where they have none, there is no banner.
    fn of(line: Option<Format>) -> Self {
        match line {
            None => Self::None,
            Some(Format::Text { .. }) => Self::Text,
            Some(Format::Json) => Self::Event,
        }
    }

    fn show(self, log: &Log, address: SocketAddr, loaded: &str, curl: &str) {
        let base = format!("http://{address}/api");
        let inspector = format!("http://{address}/_mock/");
        match self {
            Self::None => {}
            Self::Event => tracing::info!(base, inspector, loaded, curl, "serving"),
            // The command has a line of its own, so that it can be pasted whole.
            Self::Text => log.say(&format!(
                "tallyfy-mock {}\n  base URL   {base}\n  inspector  {inspector}\n  loaded     {loaded}\n  try this:\n{curl}",
                env!("CARGO_PKG_VERSION")
            )),
        }
    }
}

/// A command that works as printed: a token that is good, and an organization that it is good for. Where the token
/// is not to be shown, the command asks the mock for it.
fn curl_line(
    fixture: &Fixture,
    now: DateTime<Utc>,
    address: SocketAddr,
    shows_token: bool,
) -> String {
    let is_good = |end: DateTime<Utc>| end > now;
    let is_sendable = |secret: &str| secret.bytes().all(|byte| byte.is_ascii_graphic());
    let token = fixture
        .tokens
        .iter()
        .filter(|seed| is_sendable(&seed.secret))
        .find(|seed| seed.token.expires_at.is_none_or(is_good));
    let of_token = token.and_then(|seed| seed.token.organizations.first());
    let org = of_token
        .or(fixture.organizations.first().map(|(id, _)| id))
        .map_or("acme", |id| id.as_str());
    let client = "-H 'X-Tallyfy-Client: APIClient'";
    let base = format!("http://{address}/api/organizations");
    match token {
        Some(_) if !shows_token => format!(
            "eval \"$(tallyfy-mock env --host {} --port {})\"; curl -H \"Authorization: Bearer $TALLYFY_API_TOKEN\" {client} \"{base}/$TALLYFY_ORG_ID/groups\"",
            address.ip(),
            address.port()
        ),
        _ => {
            let secret = token.map_or("any-token", |seed| &seed.secret);
            let secret = secret.replace('\'', r"'\''");
            format!("curl -H 'Authorization: Bearer {secret}' {client} {base}/{org}/groups")
        }
    }
}
