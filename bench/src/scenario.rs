//! The scenarios: their requests are the same for every server, byte for byte.

use std::{fmt::Write as _, io::Write as _, net::SocketAddr, ops::Range, sync::LazyLock};

/// Groups of the organization that is read and updated.
pub const GROUPS: u64 = 10_000;
/// Groups with which each organization of `mixed` starts.
const MIXED_GROUPS: u64 = 1_000;

/// Has the form of a JSON Web Token, and the length of one that is signed with RS256 by a key of 4096 bits.
static JWT: LazyLock<String> = LazyLock::new(|| {
    let part = |numbers: Range<u64>| {
        let pieces = numbers.map(|number| format!("{:016x}", scatter(number)));
        pieces.collect::<Vec<_>>().concat()
    };
    format!("eyJ{}.eyJ{}.{}", part(0..2), part(2..13), part(13..56))
});

/// A scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// One group of 10,000, another each time.
    Get,
    /// The same, with a token of 900 bytes: Tallyfy's are JSON Web Tokens.
    GetJwt,
    /// Ten of 10,000 groups, another page in the middle each time.
    List,
    /// A group with a new name, two members and one guest; each round in a new organization.
    Create,
    /// Name, description and members of one of 10,000 groups.
    Update,
    /// Each round, groups that were put there for it.
    Delete,
    /// Of ten requests seven get, one lists, one creates and one updates, spread over so many organizations.
    Mixed(u64),
    /// Pages of ten, spread over so many organizations. Not of the comparison: nothing stored grows by it.
    Reads(u64),
}

impl Scenario {
    pub const ALL: [Self; 9] = [
        Self::Get,
        Self::GetJwt,
        Self::List,
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Mixed(1),
        Self::Mixed(8),
        Self::Mixed(64),
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetJwt => "get-jwt",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Mixed(1) => "mixed-1",
            Self::Mixed(8) => "mixed-8",
            Self::Mixed(_) => "mixed-64",
            Self::Reads(_) => "reads",
        }
    }

    /// The seed before the first round: organizations, each with its number of groups.
    pub fn once(self) -> Vec<(String, u64)> {
        match self {
            Self::Get | Self::GetJwt | Self::List | Self::Update => {
                vec![("bench".into(), GROUPS)]
            }
            Self::Create | Self::Delete => Vec::new(),
            Self::Mixed(organizations) | Self::Reads(organizations) => (0..organizations)
                .map(|number| (format!("mixed-{number}"), MIXED_GROUPS))
                .collect(),
        }
    }

    /// The seed before each round of that many requests.
    pub fn each_round(self, round: &str, requests: u64) -> Option<(String, u64)> {
        (self == Self::Delete).then(|| (format!("delete-{round}"), requests))
    }
}

/// The requests of one round, by number.
#[derive(Debug)]
pub struct Script {
    scenario: Scenario,
    /// A number that makes this round's names and ids of organizations unique.
    round: String,
    host: SocketAddr,
}

impl Script {
    pub fn new(scenario: Scenario, round: &str, host: SocketAddr) -> Self {
        Self {
            scenario,
            round: round.to_owned(),
            host,
        }
    }

    /// Writes the request of that number; returns the expected status.
    pub fn write(&self, number: u64, out: &mut Vec<u8>) -> u16 {
        let any = scatter(number);
        match self.scenario {
            Scenario::Get | Scenario::GetJwt => self.get(out, "bench", any % GROUPS),
            Scenario::List => self.list(out, "bench", 100 + any % 800),
            Scenario::Create => self.create(out, &format!("create-{}", self.round), number),
            Scenario::Update => self.update(out, "bench", any % GROUPS, number),
            Scenario::Delete => {
                let target = format!("delete-{}/groups/{}", self.round, group_id(number));
                self.send(out, "DELETE", &target, None);
                204
            }
            Scenario::Reads(organizations) => {
                let org = format!("mixed-{}", any % organizations);
                self.list(out, &org, 1 + any / organizations % 90)
            }
            Scenario::Mixed(organizations) => {
                let org = format!("mixed-{}", any % organizations);
                let any = any / organizations;
                match any % 10 {
                    0 => self.create(out, &org, number),
                    1 => self.update(out, &org, any / 10 % MIXED_GROUPS, number),
                    2 => self.list(out, &org, 1 + any / 10 % 90),
                    _ => self.get(out, &org, any / 10 % MIXED_GROUPS),
                }
            }
        }
    }

    fn get(&self, out: &mut Vec<u8>, org: &str, group: u64) -> u16 {
        self.send(
            out,
            "GET",
            &format!("{org}/groups/{}", group_id(group)),
            None,
        );
        200
    }

    fn list(&self, out: &mut Vec<u8>, org: &str, page: u64) -> u16 {
        let target = format!("{org}/groups?page={page}&per_page=10");
        self.send(out, "GET", &target, None);
        200
    }

    fn create(&self, out: &mut Vec<u8>, org: &str, number: u64) -> u16 {
        let body = format!(
            r#"{{"name":"New {} {number:08}","description":"Made for the bench","members":[1001,1002],"guests":["client@partner.test"]}}"#,
            self.round
        );
        self.send(out, "POST", &format!("{org}/groups"), Some(&body));
        201
    }

    fn update(&self, out: &mut Vec<u8>, org: &str, group: u64, number: u64) -> u16 {
        let body = format!(
            r#"{{"name":"{}","description":"Changed {number:08}","members":[1001,1003]}}"#,
            group_name(group)
        );
        let target = format!("{org}/groups/{}", group_id(group));
        self.send(out, "PUT", &target, Some(&body));
        201
    }

    fn send(&self, out: &mut Vec<u8>, method: &str, target: &str, body: Option<&str>) {
        let host = self.host;
        let token = match self.scenario {
            Scenario::GetJwt => JWT.as_str(),
            _ => "any-token",
        };
        let written = write!(
            out,
            "{method} /api/organizations/{target} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\nx-tallyfy-client: APIClient\r\naccept: application/json\r\n"
        )
        .and_then(|()| match body {
            Some(body) => write!(
                out,
                "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ),
            None => write!(out, "\r\n"),
        });
        written.expect("a vector takes all that is written to it");
    }
}

/// The body that `POST /_mock/seed?org=` takes for so many groups, with the ids that the scripts ask for.
pub fn seed(groups: u64) -> String {
    let mut json = String::from("{");
    push_groups(&mut json, groups);
    json + "}"
}

/// A fixture of one organization with so many groups.
pub fn fixture(groups: u64) -> String {
    let mut json = String::from(r#"{"version":1,"organizations":[{"id":"bench","#);
    push_groups(&mut json, groups);
    json + "}]}"
}

fn push_groups(json: &mut String, groups: u64) {
    json.push_str(r#""groups":["#);
    for group in 0..groups {
        let comma = if group == 0 { "" } else { "," };
        let (id, name) = (group_id(group), group_name(group));
        write!(
            json,
            r#"{comma}{{"id":"{id}","name":"{name}","description":"Made for the bench","members":[1001,1002],"guests":["client@partner.test"]}}"#
        )
        .expect("a string takes all that is written to it");
    }
    json.push(']');
}

fn group_id(number: u64) -> String {
    format!("{number:032x}")
}

fn group_name(number: u64) -> String {
    format!("Group {number:08}")
}

/// A pseudo-random permutation, the same at every run.
fn scatter(number: u64) -> u64 {
    // SplitMix64.
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
