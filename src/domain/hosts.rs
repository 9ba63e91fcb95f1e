//! Whose place the mock takes: Tallyfy's hosts, and those that it is told to count among them.

/// The hosts of Tallyfy's API: the documentation's samples, the official SDK and command line, sign-in and staging
/// (evidence 1.2).
pub const TALLYFYS: [&str; 4] = [
    "go.tallyfy.com",
    "api.tallyfy.com",
    "account.tallyfy.com",
    "staging.go.tallyfy.com",
];

/// The hosts that the mock answers for, as if it were they.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Tallyfy's, and others.
    pub fn with(others: &[String]) -> Self {
        let mut hosts: Vec<String> = TALLYFYS.map(String::from).into();
        for host in others {
            let host = host.to_ascii_lowercase();
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        Self(hosts)
    }

    /// Whether that host is one of them. Case says nothing, nor does the dot of a name that is complete.
    pub fn contains(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// All of them, in lower case, Tallyfy's first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallyfys_hosts_and_the_others_are_known_however_they_are_written() {
        let hosts = Hosts::with(&["Mock.Example".into(), "GO.tallyfy.com".into()]);
        for host in [
            "go.tallyfy.com",
            "GO.Tallyfy.com",
            "api.tallyfy.com.",
            "staging.go.tallyfy.com",
            "mock.example",
        ] {
            assert!(hosts.contains(host), "{host}");
        }
        for host in [
            "",
            ".",
            "tallyfy.com",
            "x.go.tallyfy.com",
            "go.tallyfy.com..",
            "go.tallyfy.com.evil.test",
        ] {
            assert!(!hosts.contains(host), "{host}");
        }
        assert_eq!(hosts.iter().count(), 5);
    }
}
