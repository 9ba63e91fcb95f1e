//! In the place of `tls`, where the feature is not compiled: there is none.

use super::connection::{Connection, Entered};
use crate::{config::TlsOptions, domain::hosts::Hosts, state::StartError};

/// What speaks TLS in Tallyfy's place: nothing, without the feature `tls`.
#[derive(Debug, Clone)]
pub enum Tls {}

impl Tls {
    /// Refuses to start.
    pub fn start(_: &Hosts, _: &TlsOptions) -> Result<Self, StartError> {
        let message = "`--tls` needs a build with the feature `tls`";
        Err(StartError::Tls(message.into()))
    }

    /// The certificate that clients have to trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        match *self {}
    }

    /// Serves a connection, which cannot be.
    pub(super) async fn serve(&self, _: &Connection, _: Entered) {
        match *self {}
    }
}
