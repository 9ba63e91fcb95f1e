//! `tallyfy-mock env`: the variables by which clients find a running mock.

#[cfg(feature = "tls")]
use std::{fs, path::PathBuf};
use std::{io, process::ExitCode, time::Duration};

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    address::Address,
    client::Mock,
    environment::Environment,
    say::{FAILED, fail, print},
    values::duration,
};
#[cfg(feature = "tls")]
use super::{say::say, trust::TrustFiles, variables as clients};
#[cfg(feature = "tls")]
use crate::domain::hosts::Hosts;

/// What `--help` ends with.
const EXAMPLES: &str = "\
Examples:
  eval \"$(tallyfy-mock env)\"
          point clients that are started from this shell at the mock
  tallyfy-mock env --org acme --shell dotenv >.env
          the same for one organization, as a file";

#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    address: Address,
    /// The shell, or the form, that the variables are written for
    ///
    /// `dotenv` is for files that many frameworks read, `json` for programs.
    #[arg(long, value_name = "SHELL", default_value = "sh", ignore_case = true)]
    shell: Shell,
    /// The token to give to clients [default: one that the mock takes, an admin's if it can be]
    #[arg(long)]
    token: Option<String>,
    /// The organization to give to clients [default: the first one that the token is good for]
    #[arg(long)]
    org: Option<String>,
    /// Token that the mock's control endpoints demand
    #[arg(long, env = "TALLYFY_MOCK_CONTROL_TOKEN", hide_env_values = true)]
    control_token: Option<String>,
    /// Also the variables by which clients have the mock for their proxy and trust it, and what these name: files, written
    /// into that folder; for a mock with `--tls`
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "DIR")]
    trust: Option<PathBuf>,
    /// How long to try, such as `500ms` or `10s`
    #[arg(long, default_value = "5s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Sh,
    Fish,
    Powershell,
    Dotenv,
    Json,
}

pub(super) fn run(args: &Args, environment: &Environment) -> ExitCode {
    match variables(args) {
        Ok(variables) => {
            #[cfg(feature = "tls")]
            if args.trust.is_none() && speaks_tls(args) {
                say(
                    "the mock speaks TLS: `--trust DIR` prints what clients need for that too, and writes the files into DIR",
                );
            }
            print(&args.shell.written(&variables));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let message = format!(
                "no mock to be found on {} (asked for /_mock/state and /_mock/clock): {error}; `--host` and `--port` say where to look",
                args.address
            );
            fail(&environment.in_its_words(&message), FAILED)
        }
    }
}

/// Whether the mock has a certificate that clients have to trust.
#[cfg(feature = "tls")]
fn speaks_tls(args: &Args) -> bool {
    let mock = Mock::find(&args.address, args.timeout);
    let token = args.control_token.as_deref();
    mock.is_ok_and(|mock| mock.get("/_mock/ca.pem", token, args.timeout).is_ok())
}

/// The variables for clients of a running mock.
fn variables(args: &Args) -> io::Result<Vec<(String, String)>> {
    let mock = Mock::find(&args.address, args.timeout)?;
    let control_token = args.control_token.as_deref();
    let state: State = read(&mock.get("/_mock/state", control_token, args.timeout)?)?;
    let clock: Clock = read(&mock.get("/_mock/clock", control_token, args.timeout)?)?;
    let base = format!("http://{}", mock.address);
    let variables = state.variables(clock.now, base, args.token.as_ref(), args.org.as_ref());
    #[cfg(feature = "tls")]
    if let Some(dir) = &args.trust {
        let ca = mock.get("/_mock/ca.pem", control_token, args.timeout);
        let ca = ca.map_err(|error| io::Error::other(format!("it speaks no TLS ({error})")))?;
        fs::create_dir_all(dir)?;
        // What the variables name is to be found from any folder.
        let files = TrustFiles::write(&dir.canonicalize()?, &String::from_utf8_lossy(&ca))?;
        let hosts = Hosts::with(&[]);
        let all =
            clients::Variables::of(variables, &hosts, mock.address, None, Some(&files), false);
        return Ok(all.into_set().collect());
    }
    let variables = variables.into_iter();
    Ok(variables
        .map(|(name, value)| (name.to_owned(), value))
        .collect())
}

/// Names and values.
pub(super) type Variables = [(&'static str, String); 5];

/// The variables for clients of a mock in this process, whose base URL this is.
#[cfg(feature = "tls")]
pub(super) fn for_clients(state: &str, now: DateTime<Utc>, base: String) -> io::Result<Variables> {
    let state: State = read(state.as_bytes())?;
    Ok(state.variables(now, base, None, None))
}

fn read<T: DeserializeOwned>(json: &[u8]) -> io::Result<T> {
    serde_json::from_slice(json)
        .map_err(|error| io::Error::other(format!("what answered is no mock: {error}")))
}

#[derive(Debug, Deserialize)]
struct Clock {
    now: DateTime<Utc>,
}

/// The parts of a state from which a token and an organization are chosen.
#[derive(Debug, Deserialize)]
struct State {
    #[serde(default)]
    tokens: Vec<Token>,
    organizations: Vec<Organization>,
}

#[derive(Debug, Deserialize)]
struct Token {
    #[serde(rename = "token")]
    secret: String,
    user: Option<u64>,
    #[serde(default)]
    organizations: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
struct Organization {
    id: String,
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: u64,
    role: String,
}

impl State {
    /// The variables that clients read (evidence 1.3): the documented samples `TALLYFY_ACCESS_TOKEN` and `TALLYFY_ORG_ID`, the official
    /// command line `TALLYFY_BASE_URL` and `TALLYFY_API_TOKEN`, the MCP server `TALLYFY_API_BASE_URL` and `TALLYFY_ORG_ID`.
    fn variables(
        &self,
        now: DateTime<Utc>,
        base: String,
        token: Option<&String>,
        org: Option<&String>,
    ) -> Variables {
        let chosen = match token {
            Some(token) => self.tokens.iter().find(|known| known.secret == *token),
            None => self.token_at(now),
        };
        let of_token = chosen.and_then(|token| token.organizations.first());
        let first = self.organizations.first().map(|org| &org.id);
        let org = org.or(of_token).or(first);
        let token = token.or(chosen.map(|token| &token.secret));
        // A mock that declares no tokens accepts any.
        let token = token.map_or("any-token", String::as_str).to_owned();
        let org = org.map_or("acme", String::as_str).to_owned();
        [
            ("TALLYFY_BASE_URL", base.clone()),
            ("TALLYFY_API_BASE_URL", base),
            ("TALLYFY_API_TOKEN", token.clone()),
            ("TALLYFY_ACCESS_TOKEN", token),
            ("TALLYFY_ORG_ID", org),
        ]
    }

    /// A valid token at that time: an admin's, or else any.
    fn token_at(&self, now: DateTime<Utc>) -> Option<&Token> {
        let is_good = |token: &&Token| token.expires_at.is_none_or(|end| end > now);
        let good = || self.tokens.iter().filter(is_good);
        good()
            .find(|token| self.is_admins(token))
            .or_else(|| good().next())
    }

    /// Whether a token's user is an admin in the first of its organizations.
    fn is_admins(&self, token: &Token) -> bool {
        let Some(user) = token.user else { return true };
        let of_token = |org: &&Organization| match token.organizations.first() {
            Some(first) => org.id == *first,
            None => true,
        };
        let org = self.organizations.iter().find(of_token);
        org.is_none_or(|org| {
            org.users.is_empty()
                || org
                    .users
                    .iter()
                    .any(|one| one.id == user && one.role == "admin")
        })
    }
}

impl Shell {
    fn written(self, variables: &[(String, String)]) -> String {
        if self == Self::Json {
            let object: Map<_, _> = variables
                .iter()
                .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
                .collect();
            return Value::Object(object).to_string();
        }
        let line = |(name, value): &(String, String)| match self {
            Self::Sh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            Self::Fish => {
                let value = value.replace('\\', r"\\").replace('\'', r"\'");
                format!("set -gx {name} '{value}'")
            }
            Self::Powershell => format!("$Env:{name} = '{}'", value.replace('\'', "''")),
            Self::Dotenv | Self::Json => format!("{name}={}", dotenv(value)),
        };
        let lines: Vec<String> = variables.iter().map(line).collect();
        lines.join("\n")
    }
}

/// Quoted only if need be, as some readers of such files take quotes for a part of the value.
fn dotenv(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    let escaped = value
        .replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('$', r"\$");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_reads_back_what_was_meant() {
        let written = |shell: Shell, value: &str| shell.written(&[("NAME".into(), value.into())]);
        for (shell, plain, odd) in [
            (Shell::Sh, "export NAME='a-b'", r"export NAME='it'\''s $1\'"),
            (
                Shell::Fish,
                "set -gx NAME 'a-b'",
                r"set -gx NAME 'it\'s $1\\'",
            ),
            (
                Shell::Powershell,
                "$Env:NAME = 'a-b'",
                r"$Env:NAME = 'it''s $1\'",
            ),
            (Shell::Dotenv, "NAME=a-b", r#"NAME="it's \$1\\""#),
            (Shell::Json, r#"{"NAME":"a-b"}"#, r#"{"NAME":"it's $1\\"}"#),
        ] {
            assert_eq!(written(shell, "a-b"), plain);
            assert_eq!(written(shell, r"it's $1\"), odd);
        }
    }

    #[test]
    fn a_token_is_chosen_that_is_good_and_an_admins_if_it_can_be() {
        let state: State = serde_json::from_str(
            r#"{ "tokens": [
                { "token": "a-expired", "user": 1, "organizations": ["acme"], "expires_at": "2026-01-01T00:00:00Z" },
                { "token": "b-light", "user": 2, "organizations": ["acme"] },
                { "token": "c-admin", "user": 1, "organizations": ["acme"], "expires_at": "2027-01-01T00:00:00Z" } ],
              "organizations": [ { "id": "acme", "users": [ { "id": 1, "role": "admin" }, { "id": 2, "role": "light" } ] } ] }"#,
        )
        .unwrap();
        let at = |now: &str| {
            state
                .token_at(now.parse().unwrap())
                .unwrap()
                .secret
                .as_str()
        };
        assert_eq!(at("2025-12-31T00:00:00Z"), "a-expired", "not yet");
        assert_eq!(at("2026-06-01T00:00:00Z"), "c-admin");
        assert_eq!(at("2028-01-01T00:00:00Z"), "b-light");
    }
}
