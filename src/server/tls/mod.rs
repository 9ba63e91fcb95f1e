//! TLS in Tallyfy's place: one certificate, from an authority that no longer has its key.
//!
//! `authority` mints, `folder` keeps what is to outlive the process, `serve` is the way of a connection.

mod authority;
mod folder;
mod handshake;
mod serve;

use std::{fs, io, path::Path, sync::Arc, time::SystemTime};

use tokio_rustls::rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::CertificateDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use self::authority::{Minted, Names};
use crate::{config::TlsOptions, domain::hosts::Hosts, state::StartError};

/// What speaks TLS in Tallyfy's place. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Tls(Arc<Identity>);

#[derive(Debug)]
struct Identity {
    config: Arc<ServerConfig>,
    names: Names,
    ca_pem: String,
}

impl Tls {
    /// A certificate for those hosts and this machine: from the folder that the options name, where a good one is kept
    /// there, or minted now. Its authority's certificate is written where the options say.
    pub fn start(hosts: &Hosts, options: &TlsOptions) -> Result<Self, StartError> {
        let names = Names::of(hosts);
        let now = SystemTime::now();
        let minted = match &options.dir {
            Some(dir) => folder::load_or_mint(dir, &names, now),
            None => authority::mint(&names, now),
        };
        let minted = minted.map_err(StartError::Tls)?;
        if let Some(path) = &options.ca_file {
            write_ca(path, &minted.ca_pem).map_err(StartError::Tls)?;
        }
        let config = config(&minted).map_err(StartError::Tls)?;
        Ok(Self(Arc::new(Identity {
            config: Arc::new(config),
            names,
            ca_pem: minted.ca_pem,
        })))
    }

    /// The certificate that clients have to trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.0.ca_pem
    }
}

fn write_ca(path: &Path, pem: &str) -> Result<(), String> {
    fs::write(path, pem).map_err(|error: io::Error| {
        format!(
            "cannot write `--ca-file` {}: {error}; name a file in a folder that can be written to",
            path.display()
        )
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn config(minted: &Minted) -> Result<ServerConfig, String> {
    let provider = provider();
    let certified = |leaf: &CertificateDer<'static>| {
        CertifiedKey::from_der(vec![leaf.clone()], minted.key.clone_key(), &provider)
            .map(Arc::new)
            .map_err(|error| format!("the certificate and its key do not fit: {error}"))
    };
    let shown = Shown {
        by_name: certified(&minted.by_name)?,
        by_address: certified(&minted.by_address)?,
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let mut config = builder
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![b"http/1.1".into()];
    Ok(config)
}

/// The certificates; a client that asks for a name which they do not cover has been refused before.
#[derive(Debug)]
struct Shown {
    by_name: Arc<CertifiedKey>,
    by_address: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = match hello.server_name() {
            Some(_) => &self.by_name,
            None => &self.by_address,
        };
        Some(Arc::clone(shown))
    }
}
