//! The certificates that this system trusts.

use std::{env::var_os, fs, path::PathBuf};

/// Where systems keep them, in one file each: Debian and its like, Fedora, openSUSE, RHEL, macOS and the BSDs.
const SYSTEM_ROOTS: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The roots that the caller's programs trust, in PEM: those of `SSL_CERT_FILE`, or else of the system, if it has any.
pub(crate) fn trusted() -> Option<String> {
    let callers = var_os("SSL_CERT_FILE").map(PathBuf::from);
    let systems = SYSTEM_ROOTS.iter().map(PathBuf::from);
    callers
        .into_iter()
        .chain(systems)
        .find_map(|path| fs::read_to_string(path).ok())
}
