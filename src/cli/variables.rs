//! What programs are given so that they find the mock, and trust it: by `exec`, and by `env --trust`.

use std::{
    collections::BTreeMap,
    env::{var_os, vars_os},
    net::SocketAddr,
    process::Command,
};

use crate::{cli::trust::TrustFiles, domain::hosts::Hosts};

/// What a client takes for its proxy. Programs read either case.
const PROXIES: [&str; 8] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "FTP_PROXY",
    "ftp_proxy",
];

/// What no proxy is for: this machine.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Variables for the command: a value, or nothing for one that it does not get.
#[derive(Debug)]
pub(super) struct Variables(BTreeMap<String, Option<String>>);

impl Variables {
    /// Those by which the command finds the mock at that address, and trusts it where it speaks TLS.
    pub(super) fn of(
        clients: impl IntoIterator<Item = (&'static str, String)>,
        hosts: &Hosts,
        address: SocketAddr,
        control_token: Option<&str>,
        trust: Option<&TrustFiles>,
        is_isolated: bool,
    ) -> Self {
        let base = format!("http://{address}");
        let clients: Vec<_> = clients.into_iter().collect();
        let token = clients
            .iter()
            .find_map(|(name, token)| (*name == "TALLYFY_API_TOKEN").then(|| token.clone()))
            .unwrap_or_default();
        let mut all = BTreeMap::new();
        // Whatever else the caller's secrets for Tallyfy are called: the command gets none of them.
        for (name, _) in vars_os() {
            if let Some(name) = name.to_str().filter(|name| is_secret(name)) {
                all.insert(name.to_owned(), Some(token.clone()));
            }
        }
        let mut set = |name: &str, value: String| all.insert(name.to_owned(), Some(value));
        for (name, value) in clients {
            set(name, value);
        }
        set("TALLYFY_MOCK_URL", base.clone());
        set("TALLYFY_MOCK_HOST", address.ip().to_string());
        set("TALLYFY_MOCK_PORT", address.port().to_string());
        if let Some(token) = control_token {
            set("TALLYFY_MOCK_CONTROL_TOKEN", token.to_owned());
        }
        let mut all = Self(all);
        if let Some(trust) = trust {
            all.trust(trust, address, is_isolated);
        }
        if is_isolated {
            all.without_proxies();
        } else if trust.is_some() {
            all.with_proxy(&base, hosts);
        }
        all
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), Some(value.into()));
    }

    /// What makes clients trust the mock.
    fn trust(&mut self, trust: &TrustFiles, address: SocketAddr, is_isolated: bool) {
        for (name, value) in trust.variables() {
            self.set(name, value);
        }
        let mut java = var_os("JAVA_TOOL_OPTIONS")
            .map(|options| options.to_string_lossy().into_owned())
            .into_iter()
            .collect::<Vec<_>>();
        java.push(trust.java_options());
        let (host, port) = (address.ip(), address.port());
        java.push(if is_isolated {
            "-Dhttp.proxyHost= -Dhttps.proxyHost= -DsocksProxyHost=".to_owned()
        } else {
            format!(
                "-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} -Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Dhttp.nonProxyHosts=localhost|127.*|[::1]"
            )
        });
        self.set("JAVA_TOOL_OPTIONS", java.join(" "));
    }

    /// The mock as the proxy of all, but for this machine and the caller's own exceptions.
    fn with_proxy(&mut self, base: &str, hosts: &Hosts) {
        for name in PROXIES {
            if name.to_ascii_uppercase().starts_with("HTTP") {
                self.set(name, base);
            } else if var_os(name).is_some() {
                self.0.insert(name.to_owned(), None);
            }
        }
        let callers = ["NO_PROXY", "no_proxy"].map(|name| {
            let list = var_os(name).unwrap_or_default();
            list.to_string_lossy().into_owned()
        });
        let exceptions = no_proxy(&callers, hosts);
        self.set("NO_PROXY", exceptions.clone());
        self.set("no_proxy", exceptions);
        // Node looks at those from 22.21 on, and only where it is told to.
        self.set("NODE_USE_ENV_PROXY", "1");
    }

    fn without_proxies(&mut self) {
        for name in PROXIES.into_iter().chain(["NO_PROXY", "no_proxy"]) {
            if var_os(name).is_some() {
                self.0.insert(name.to_owned(), None);
            }
        }
    }

    /// One line that says which of the caller's variables the command gets another value of, or none.
    pub(super) fn replaced(&self) -> Option<String> {
        let is_replaced = |(name, value): &(&String, &Option<String>)| {
            var_os(name)
                .is_some_and(|callers| !callers.is_empty() && callers.to_str() != value.as_deref())
        };
        let replaced = self.0.iter().filter(is_replaced);
        let names: Vec<&str> = replaced.map(|(name, _)| name.as_str()).collect();
        (!names.is_empty()).then(|| {
            format!(
                "tallyfy-mock: the command has the mock's values for {}",
                names.join(", ")
            )
        })
    }

    /// Those that have a value, with it.
    pub(super) fn into_set(self) -> impl Iterator<Item = (String, String)> {
        let all = self.0.into_iter();
        all.filter_map(|(name, value)| Some((name, value?)))
    }

    /// Gives them to a command.
    pub(super) fn give(&self, command: &mut Command) {
        for (name, value) in &self.0 {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

/// Whether a variable holds what lets somebody into Tallyfy.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words = [
        "TOKEN",
        "KEY",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "BEARER",
        "AUTH",
        "CREDENTIAL",
    ];
    name.contains("TALLYFY")
        && !name.starts_with("TALLYFY_MOCK_")
        && words.iter().any(|word| name.contains(word))
}

/// The caller's exceptions but for those that take in a host of Tallyfy's, and this machine.
fn no_proxy(callers: &[String], hosts: &Hosts) -> String {
    let takes_in_tallyfy = |entry: &str| {
        let name = entry.split(':').next().unwrap_or_default();
        let name = name.trim_start_matches(['*', '.']).to_ascii_lowercase();
        name.is_empty()
            || hosts
                .iter()
                .any(|host| host == name || host.ends_with(&format!(".{name}")))
    };
    let mut all: Vec<&str> = Vec::new();
    let callers = callers.iter().flat_map(|list| list.split([',', ' ']));
    let callers = callers.filter(|entry| {
        // An IPv6 address begins with a colon at times, and takes in no host.
        !entry.is_empty() && (entry.starts_with(':') || !takes_in_tallyfy(entry))
    });
    for entry in callers.chain(LOCAL) {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    all.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_exceptions_stay_but_for_tallyfys() {
        let no_proxy = |list: &str| no_proxy(&[list.to_owned()], &Hosts::with(&[]));
        assert_eq!(no_proxy(""), "localhost,127.0.0.1,::1");
        assert_eq!(
            no_proxy("db.internal,10.0.0.0/8 .corp.test,::1"),
            "db.internal,10.0.0.0/8,.corp.test,::1,localhost,127.0.0.1"
        );
        for tallyfys in [
            "*",
            ".com",
            "com",
            "tallyfy.com",
            ".tallyfy.com",
            "*.tallyfy.com",
            "go.tallyfy.com:443",
            "GO.tallyfy.com",
            ".",
        ] {
            assert_eq!(no_proxy(tallyfys), "localhost,127.0.0.1,::1", "{tallyfys}");
        }
        assert_eq!(no_proxy("fy.com"), "fy.com,localhost,127.0.0.1,::1");
    }

    #[test]
    fn secrets_for_tallyfy_are_known_by_their_names() {
        for name in [
            "TALLYFY_API_TOKEN",
            "TALLYFY_API_KEY",
            "MY_TALLYFY_TOKEN",
            "tallyfy_password",
            "TALLYFY_CLIENT_SECRET",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "TALLYFY_ORG_ID",
            "TALLYFY_MOCK_CONTROL_TOKEN",
            "GITHUB_TOKEN",
            "TALLYFY_BASE_URL",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
