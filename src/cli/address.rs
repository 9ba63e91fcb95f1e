//! Host and port, where a mock listens or is looked for.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
};

use super::values::{host, port};
use crate::{config::Config, server::LOCALHOST};

#[derive(Debug, clap::Args)]
pub(super) struct Address {
    /// The host: an address, or a name that resolves to one; `localhost` is `127.0.0.1` and `::1`
    ///
    /// `0.0.0.0` lets containers and other machines in.
    #[arg(long, env = "TALLYFY_MOCK_HOST", default_value = LOCALHOST, value_parser = host)]
    host: String,
    /// The port; 0 takes a free one [default: 8255, or the variable PORT]
    ///
    /// The ready line on stdout has the real one, so that tests that run at once need not agree on any.
    #[arg(long, env = "TALLYFY_MOCK_PORT", value_parser = port)]
    port: Option<u16>,
}

impl Address {
    /// The host. An IPv6 address may stand in brackets, as it does in a URL.
    pub(super) fn host(&self) -> &str {
        if self.host.eq_ignore_ascii_case(LOCALHOST) {
            return LOCALHOST;
        }
        let inner = self.host.strip_prefix('[');
        inner
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(&self.host)
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(Config::default().port)
    }

    /// The addresses to dial, in this order.
    pub(super) fn dialled(&self) -> io::Result<Vec<SocketAddr>> {
        let (host, port) = (self.host(), self.port());
        if host == LOCALHOST {
            let loopbacks: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(loopbacks.map(|ip| SocketAddr::new(ip, port)).into());
        }
        Ok((host, port).to_socket_addrs()?.map(reachable).collect())
    }
}

/// In the form in which a person would dial it.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host() {
            LOCALHOST => f.write_str("127.0.0.1")?,
            ip if ip.contains(':') => write!(f, "[{ip}]")?,
            other => f.write_str(other)?,
        }
        write!(f, ":{}", self.port())
    }
}

/// Replaces an unspecified address, on which a mock listens but nobody can dial, by loopback.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
