//! `tallyfy-mock healthcheck`: is a mock ready there?

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use super::{Address, FAILED, USAGE, duration, fail, print, reachable};

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
    // The system refuses a timeout of nothing.
    let timeout = timeout.max(Duration::from_millis(1));
    let address = (host, port).to_socket_addrs()?.next().map(reachable);
    let address = address.ok_or_else(|| io::Error::other("the host has no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    write!(
        stream,
        "GET /_mock/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if &answer == b"HTTP/1.1 200" {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "it answered `{}`",
        String::from_utf8_lossy(&answer)
    )))
}
