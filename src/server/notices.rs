//! What the log says once a client, however often it happens.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// How a TLS connection begins: a handshake record of any version (RFC 8446, 5.1).
pub(super) const HELLO: [u8; 2] = [0x16, 0x03];

/// Clients that are remembered. Further ones are not told of: made-up addresses must not fill memory.
const REMEMBERED: usize = 256;

/// What a client is told of once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Notice {
    /// It speaks TLS where plain HTTP is spoken.
    TlsOnPlain,
    /// It ended TLS without asking for anything.
    #[cfg(feature = "tls")]
    TlsUnused,
}

/// Which clients have been told of what.
#[derive(Debug, Default)]
pub(super) struct Notices(Mutex<HashSet<(Notice, IpAddr)>>);

impl Notices {
    /// Tells of a client, in words, unless it has been told of already.
    pub(super) fn once(&self, notice: Notice, client: IpAddr, tell: impl FnOnce()) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = told.len() < REMEMBERED && told.insert((notice, client));
        drop(told);
        if is_new {
            tell();
        }
    }
}
