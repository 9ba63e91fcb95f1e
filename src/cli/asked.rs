//! Which server a command asks, and with which token.

use std::{env::var_os, io, path::PathBuf, time::Duration};

use super::values::duration;
use crate::{
    domain::id::{ID_FORM, OrgId},
    remote::{Limits, Reader, RealTime, Target, Token, Trouble, Wire},
};

#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// The organization to read, by its id
    #[arg(long, value_name = "ID", value_parser = organization)]
    org: OrgId,
    /// The base URL of the API; http only where it is this machine
    #[arg(long, value_name = "URL", default_value = Target::TALLYFY)]
    base: String,
    /// The variable that has the token; without this flag `TALLYFY_ACCESS_TOKEN`, or else `TALLYFY_API_TOKEN`
    #[arg(long, value_name = "NAME", conflicts_with = "token_stdin")]
    token_env: Option<String>,
    /// Read the token from standard input
    ///
    /// A token is never an argument: the list of processes and the shell's history would have it.
    #[arg(long)]
    token_stdin: bool,
    /// A file of certificates in PEM to trust beside the system's, such as a mock's or a company proxy's
    #[arg(long, value_name = "PATH")]
    cacert: Option<PathBuf>,
    /// How long one request may take, such as `500ms` or `30s`
    #[arg(long, default_value = "30s", value_parser = duration, value_name = "DURATION")]
    timeout: Duration,
}

pub(super) fn organization(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).ok_or_else(|| format!("expected {ID_FORM}"))
}

impl Asked {
    /// A reader of the organization. Nothing is asked yet.
    pub(super) fn reader(&self) -> Result<Reader, Trouble> {
        // A URL may hold a password: it is not repeated.
        let target = Target::parse(&self.base);
        let target = target.map_err(|why| Trouble::from(format!("`--base`: {why}")))?;
        let token = if self.token_stdin {
            Token::from_stream(io::stdin().lock())
        } else {
            Token::from_variables(self.token_env.as_deref(), |name| var_os(name))
        };
        let token = token.map_err(Trouble::from)?;
        let limits = Limits {
            request_time: self.timeout,
            ..Limits::default()
        };
        let wire = Wire::new(target, self.cacert.as_deref(), limits, RealTime)?;
        Ok(Reader::new(wire, token, self.org.clone()))
    }
}
