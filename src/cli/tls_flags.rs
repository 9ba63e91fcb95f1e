//! The flags of TLS, and what they may be.

use std::path::PathBuf;

use super::headings::TLS;
use super::values::host_name;
use crate::config::TlsOptions;

/// How TLS is spoken in Tallyfy's place.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct TlsFlags {
    /// Speak TLS too, in the place of go.tallyfy.com and its sisters: to clients that take the mock for their proxy, or for that host
    #[arg(long, env = "TALLYFY_MOCK_TLS", help_heading = TLS)]
    pub(super) tls: bool,
    /// Host whose place the mock takes, beside Tallyfy's own; repeatable; with `--tls`
    #[arg(long, env = "TALLYFY_MOCK_TLS_HOST", help_heading = TLS, value_name = "HOST", value_delimiter = ',', value_parser = host_name)]
    tls_host: Vec<String>,
    /// Folder where certificate and key outlive the mock, for those who can trust them once only; with `--tls`
    #[arg(long, env = "TALLYFY_MOCK_TLS_DIR", help_heading = TLS, value_name = "DIR")]
    tls_dir: Option<PathBuf>,
    /// File that the certificate is written to which clients have to trust; with `--tls`
    #[arg(long, env = "TALLYFY_MOCK_CA_FILE", help_heading = TLS, value_name = "PATH")]
    ca_file: Option<PathBuf>,
}

impl TlsFlags {
    /// The flag that says nothing without `--tls`, where one was given without it.
    pub(super) fn in_vain(&self) -> Option<&'static str> {
        if self.tls {
            return None;
        }
        let given = [
            (!self.tls_host.is_empty(), "--tls-host"),
            (self.tls_dir.is_some(), "--tls-dir"),
            (self.ca_file.is_some(), "--ca-file"),
        ];
        given
            .into_iter()
            .find_map(|(is_given, flag)| is_given.then_some(flag))
    }

    pub(super) fn into_options(self) -> Option<TlsOptions> {
        self.tls.then_some(TlsOptions {
            hosts: self.tls_host,
            dir: self.tls_dir,
            ca_file: self.ca_file,
        })
    }
}
