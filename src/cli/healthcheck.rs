//! `tallyfy-mock healthcheck`: is a mock ready there?

use std::{
    io,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    address::Address,
    client::Mock,
    environment::Environment,
    say::{FAILED, fail, print},
    values::duration,
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  tallyfy-mock healthcheck --wait --timeout 10s
          wait for a mock that was just started
  tallyfy-mock healthcheck --host localhost
          ask once, as a container's health check does";

#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    address: Address,
    /// Keep asking until the mock is ready or the time is over
    ///
    /// For a script that has just started one.
    #[arg(long)]
    wait: bool,
    /// How long to try, such as `500ms` or `10s`
    #[arg(long, default_value = "5s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
}

pub(super) fn run(args: &Args, environment: &Environment) -> ExitCode {
    // At most an hour, as a longer time could overflow the clock.
    let deadline = Instant::now() + args.timeout.min(Duration::from_secs(3600));
    let mut last = None;
    loop {
        let Err(error) = ask(&args.address, deadline) else {
            print("ready");
            return ExitCode::SUCCESS;
        };
        // The last attempt has hardly any time, so the error of an earlier one tells more.
        let error = match last {
            Some(before) if error.kind() == io::ErrorKind::TimedOut => before,
            Some(_) | None => error,
        };
        if !args.wait || Instant::now() >= deadline {
            let message = format!(
                "no mock is ready on {}: {error}; `--host` and `--port` say where to look",
                args.address
            );
            return fail(&environment.in_its_words(&message), FAILED);
        }
        last = Some(error);
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a mock is there and says that it is ready.
fn ask(address: &Address, deadline: Instant) -> io::Result<()> {
    // Never zero, so that even the last attempt can succeed.
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        left.max(Duration::from_millis(1))
    };
    let mock = Mock::find(address, left())?;
    let ready = mock.get("/_mock/ready", None, left())?;
    let ready: Value = serde_json::from_slice(&ready).unwrap_or_default();
    if ready["status"] == "ready" {
        return Ok(());
    }
    Err(io::Error::other("it says that it is not ready"))
}
