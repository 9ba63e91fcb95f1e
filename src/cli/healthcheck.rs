//! `tallyfy-mock healthcheck`: is a mock ready there?

use std::{
    io,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use super::{Address, FAILED, USAGE, client::Mock, duration, fail, print};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    address: Address,
    /// Keep asking until the mock is ready or the time is over
    #[arg(long)]
    wait: bool,
    /// How long to try, such as `500ms` or `10s`
    #[arg(long, default_value = "5s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
}

pub(super) fn run(args: &Args) -> ExitCode {
    let port = match args.address.port() {
        Ok(port) => port,
        Err(error) => return fail(&error, USAGE),
    };
    // A wait beyond the calendar is one of an hour; nobody waits longer.
    let deadline = Instant::now() + args.timeout.min(Duration::from_secs(3600));
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Err(error) = ask(&args.address.host, port, left) else {
            print("ready");
            return ExitCode::SUCCESS;
        };
        if !args.wait || Instant::now() >= deadline {
            let host = &args.address.host;
            return fail(
                &format!(
                    "no mock is ready on {host}:{port}: {error}; `--host` and `--port` say where to look"
                ),
                FAILED,
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Asks `/_mock/ready` and takes 200 for a yes.
fn ask(host: &str, port: u16, timeout: Duration) -> io::Result<()> {
    // Something may be there to answer even in the last moment.
    let timeout = timeout.max(Duration::from_millis(1));
    Mock::at(host, port)?.get("/_mock/ready", None, timeout)?;
    Ok(())
}
