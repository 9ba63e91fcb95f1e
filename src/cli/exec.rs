//! `tallyfy-mock exec -- COMMAND`: a mock, a command that finds it, and the end of both.

mod child;
#[cfg_attr(not(target_os = "linux"), path = "exec/no_isolation.rs")]
mod isolate;
mod summary;

use std::{
    ffi::OsString,
    fs::File,
    io,
    net::SocketAddr,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::Arc,
};

use tempfile::TempDir;
use tokio::{runtime::Runtime, sync::oneshot, task::JoinHandle};

use self::summary::{Required, Summary};
use super::{
    env::for_clients,
    environment::Environment,
    flags::Flags,
    log::Log,
    say::FAILED,
    start::{Begun, Starting, begin, message},
    trust::TrustFiles,
    variables::Variables,
};
use crate::{
    config::Config,
    domain::hosts::Hosts,
    server::{self, LOCALHOST},
    state::{AppState, StartError, Totals},
    tenant::Time,
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  tallyfy-mock exec -- sh -c 'curl -sf $TALLYFY_BASE_URL/_mock/health'
          run a command, such as a test suite, that finds its mock by variables
  tallyfy-mock exec --fixtures fixtures --fail-on-unmatched -- env
          with your own data, and a failure where a request was for no route";

/// Start a mock on a free port, run a command that finds it, stop the mock, and end as the command ended.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = EXAMPLES,
    override_usage = "tallyfy-mock exec [OPTIONS] -- COMMAND...",
    mut_arg("log_level", |level| level.default_value("warn"))
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Args {
    /// The command, and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Run the command where there is no network but the mock's, which is go.tallyfy.com there (Linux); implies `--tls`
    #[arg(long)]
    isolate: bool,
    /// Exit with 3 where a rule by which requests fail is not used up
    #[arg(long)]
    require_faults_spent: bool,
    /// Exit with 3 where a field or a parameter was sent that the mock does not read
    #[arg(long)]
    fail_on_unread: bool,
    /// Exit with 3 where a request was for no route of the API's, or for another host
    #[arg(long)]
    fail_on_unmatched: bool,
    /// File that the totals and the journal are written to at the end, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(mut args: Args, environment: &Environment) -> ExitCode {
    if args.isolate {
        args.flags.tls.tls = true;
    }
    if args.isolate && !isolate::is_inside() {
        return isolate::enter();
    }
    let Begun { log, line, files } = match begin(&args.flags, environment) {
        Ok(begun) => begun,
        Err(code) => return code,
    };
    let _flushed = log.flushed();
    let request_log = line.map(|format| log.of_requests(format));
    let (workers, watch) = (args.flags.workers, args.flags.watch);
    let is_isolated = args.isolate;
    let required = Required {
        faults_spent: args.require_faults_spent,
        nothing_unread: args.fail_on_unread,
        nothing_unmatched: args.fail_on_unmatched,
    };
    let report = match args.report.as_ref().map(File::create).transpose() {
        Ok(report) => report,
        Err(error) => {
            let path = args.report.unwrap_or_default();
            let message = format!("cannot write `--report` {}: {error}", path.display());
            return failed(&log, &message);
        }
    };
    let config = args.flags.into_config(LOCALHOST, 0, files);
    if let Some(tls) = config.tls.as_ref().filter(|_| is_isolated)
        && let Err(message) = isolate::furnish(&Hosts::with(&tls.hosts))
    {
        return failed(&log, &format!("{message}; the command was not run"));
    }
    let totals = Arc::<Totals>::default();
    let counted = Some(Arc::clone(&totals));
    let starting = Starting::prepare(&config, workers, watch, request_log, counted, |_, _, _| {});
    let mock = starting.and_then(|starting| Running::start(starting, &config, totals, is_isolated));
    let mock = match mock {
        Ok(mock) => mock,
        Err(error) => return failed(&log, &message(&error, environment)),
    };
    let code = mock.run(&args.command, &config, is_isolated, &log);
    let summary = mock.stop(is_isolated);
    log.say(&summary.line());
    let reported = report.map(|report| summary.write(report)).transpose();
    if let Err(error) = reported {
        log.say(&format!("error: cannot write the report: {error}"));
        return ExitCode::from(if code == 0 { FAILED } else { code });
    }
    ExitCode::from(summary.code(code, required))
}

fn failed(log: &Log, message: &str) -> ExitCode {
    log.say(&format!("error: {message}"));
    ExitCode::from(FAILED)
}

/// A mock that serves while the command runs.
struct Running {
    runtime: Runtime,
    state: Arc<AppState>,
    address: SocketAddr,
    totals: Arc<Totals>,
    /// Sending stops the mock.
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), StartError>>,
    /// What clients need to trust the mock, where it speaks TLS. It goes with the mock.
    trust: Option<(TempDir, TrustFiles)>,
}

impl Running {
    fn start(
        starting: Starting,
        config: &Config,
        totals: Arc<Totals>,
        is_isolated: bool,
    ) -> Result<Self, StartError> {
        let Starting {
            runtime,
            mut listeners,
            address,
            state,
            app,
            tls,
            ..
        } = starting;
        if is_isolated {
            for port in isolate::PORTS {
                let config = Config {
                    port,
                    ..config.clone()
                };
                listeners.extend(server::listen(&config)?.0);
            }
        }
        let trust = state.ca_pem.as_deref().map(trust).transpose();
        let trust = trust.map_err(|error| {
            StartError::Tls(format!(
                "cannot write what clients need to trust the mock: {error}"
            ))
        })?;
        let (stop, stopped) = oneshot::channel();
        let limits = config.limits;
        let served = runtime.spawn(async move {
            let stopped = async {
                // Where nobody is left to tell, it is over as well.
                let _ = stopped.await;
            };
            server::serve(listeners, app, limits, tls, stopped).await
        });
        Ok(Self {
            runtime,
            state,
            address,
            totals,
            stop,
            served,
            trust,
        })
    }

    /// Runs the command; the code to end with.
    fn run(&self, words: &[OsString], config: &Config, is_isolated: bool, log: &Log) -> u8 {
        let trust = self.trust.as_ref().map(|(_, files)| files);
        let token = config.guard.token.as_deref();
        let base = format!("http://{}", self.address);
        let now = Time::starting(config.clock).read().now;
        let clients = match for_clients(&self.state.export().json(), now, base) {
            Ok(clients) => clients,
            Err(error) => {
                log.say(&format!("error: {error}"));
                return FAILED;
            }
        };
        let hosts = &self.state.hosts;
        let variables = Variables::of(clients, hosts, self.address, token, trust, is_isolated);
        if let Some(replaced) = variables.replaced() {
            log.say(&replaced);
        }
        let mut command = command(words, is_isolated);
        variables.give(&mut command);
        child::run(&mut command).unwrap_or_else(|error| {
            let name = words.first().map(|word| word.to_string_lossy());
            log.say(&format!(
                "error: cannot run `{}`: {error}",
                name.unwrap_or_default()
            ));
            child::not_started(&error)
        })
    }

    /// Stops the mock; what was asked of it while the command ran.
    fn stop(self, is_isolated: bool) -> Summary {
        // One that has stopped already need not be told.
        let _ = self.stop.send(());
        let _ = self.runtime.block_on(self.served);
        let summary = Summary::of(&self.state, &self.totals, is_isolated);
        self.runtime.shutdown_background();
        summary
    }
}

fn trust(ca_pem: &str) -> io::Result<(TempDir, TrustFiles)> {
    let dir = tempfile::Builder::new().prefix("tallyfy-mock-").tempdir()?;
    let files = TrustFiles::write(dir.path(), ca_pem)?;
    Ok((dir, files))
}

/// The command as it is started: isolated, as the user who called, who is another within the isolation.
fn command(words: &[OsString], is_isolated: bool) -> Command {
    if is_isolated {
        return isolate::command(words);
    }
    let (name, arguments) = words.split_first().expect("clap demands a command");
    let mut command = Command::new(name);
    command.args(arguments);
    command
}
