//! `tallyfy-mock ca`: the certificate that clients of a running mock have to trust.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, SystemTime},
};

use super::{
    address::Address,
    client::Mock,
    environment::Environment,
    say::{FAILED, fail},
    trust::{bundle, java_keystore},
    values::duration,
};

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  tallyfy-mock ca --out ca.pem
          for a client that takes a file of authorities
  tallyfy-mock ca --bundle >bundle.pem
          for a variable that replaces the system's, such as SSL_CERT_FILE";

#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    address: Address,
    /// The system's roots as well, for variables that replace them, such as `SSL_CERT_FILE`
    #[arg(long)]
    bundle: bool,
    /// As a Java keystore, which Java takes without a password
    #[arg(long)]
    jks: bool,
    /// Write it to a file [default: to standard output]
    #[arg(long, short, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Token that the mock's control endpoints demand
    #[arg(long, env = "TALLYFY_MOCK_CONTROL_TOKEN", hide_env_values = true)]
    control_token: Option<String>,
    /// How long to try, such as `500ms` or `10s`
    #[arg(long, default_value = "5s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
}

pub(super) fn run(args: &Args, environment: &Environment) -> ExitCode {
    let pem = match certificate(&args.address, args.control_token.as_deref(), args.timeout) {
        Ok(pem) => pem,
        Err(message) => return fail(&environment.in_its_words(&message), FAILED),
    };
    let pem = if args.bundle { bundle(&pem) } else { pem };
    let bytes = if args.jks {
        java_keystore(&pem, SystemTime::now())
    } else {
        pem.into_bytes()
    };
    let (written, place) = match &args.out {
        Some(path) => (fs::write(path, bytes), path.display().to_string()),
        None => (written(&bytes), "standard output".to_owned()),
    };
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot write to {place}: {error}"), FAILED),
    }
}

fn written(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// The certificate of the mock that runs there, or what is wrong and what to do.
pub(super) fn certificate(
    address: &Address,
    control_token: Option<&str>,
    timeout: Duration,
) -> Result<String, String> {
    let nobody = |error: io::Error| {
        format!(
            "no mock to be found on {address}: {error}; `--host` and `--port` say where to look"
        )
    };
    let mock = Mock::find(address, timeout).map_err(nobody)?;
    let pem = mock
        .get("/_mock/ca.pem", control_token, timeout)
        .map_err(|error| {
            format!(
                "the mock on {address} has no certificate ({error}); `--tls` makes it speak TLS"
            )
        })?;
    String::from_utf8(pem.to_vec()).map_err(|_| format!("what is on {address} is no mock"))
}
