//! Clients that mean harm: each has an organization of its own, and does there what takes memory, time or places.
//! The others are to notice nothing.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Counts,
    client::{Client, Got},
    random::Random,
};

/// So many members make a create of nearly 1 MiB.
const MEMBERS: u64 = 150_000;

pub(crate) struct Hostile {
    org: String,
    address: String,
    client: Client,
    random: Random,
    /// Connections that are held and not read.
    held: Vec<TcpStream>,
    counts: Counts,
}

impl Hostile {
    pub(crate) fn new(number: usize, address: &str) -> Self {
        Self {
            org: format!("hostile-{number}"),
            address: address.to_owned(),
            client: Client::new(address),
            random: Random::new(2000 + number),
            held: Vec::new(),
            counts: Counts::new(),
        }
    }

    pub(crate) fn run(mut self, until: Instant) -> Counts {
        while Instant::now() < until {
            match self.random.below(10) {
                0 => self.wide_group(),
                1 => self.many_people(),
                2 => self.wide_query(),
                3 => self.wide_heads(),
                4 => self.mistakes(),
                5 => self.gives_up(),
                6 | 7 => self.reads_nothing(),
                8 => self.made_up_organizations(),
                _ => self.rules(),
            }
        }
        self.counts
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn groups(&self) -> String {
        format!("/api/organizations/{}/groups", self.org)
    }

    /// It is refused or done, but there is an answer.
    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> u16 {
        match self.client.ask(method, path, body) {
            Got::Answer(status, _) => status,
            Got::Broken(error) => panic!("{method} {path} has no answer: {error}"),
        }
    }

    /// A group with as many members as fit into a body, then all of them as users, of which a part is read.
    fn wide_group(&mut self) {
        let begin = 1 + self.random.below(1000);
        let members: Vec<u64> = (begin..begin + MEMBERS).collect();
        let name = self.random.below(4);
        let body = json!({ "name": name.to_string(), "description": "d", "members": members });
        self.ask("POST", &self.groups(), Some(&body));
        let mut connection = self.begun(&format!("{}?with=users", self.groups()));
        let mut piece = vec![0; 64 * 1024];
        let pieces = self.random.below(200);
        for _ in 0..pieces {
            if !matches!(connection.read(&mut piece), Ok(1..)) {
                break;
            }
        }
        self.count("wide groups, with users");
    }

    fn many_people(&mut self) {
        let users = 200 + self.random.below(400);
        let members: Vec<u64> = (1..=users).collect();
        let user = |id: &u64| json!({ "id": id, "email": format!("u{id}@hostile.test") });
        let group = |i: u64| json!({ "name": format!("Group {i}"), "members": members });
        let organization = json!({
            "users": members.iter().map(user).collect::<Vec<_>>(),
            "groups": (0..50).map(group).collect::<Vec<_>>(),
        });
        let path = format!("/_mock/state?org={}", self.org);
        self.ask("PUT", &path, Some(&organization));
        let path = format!("/api/organizations/{}/users?with=groups", self.org);
        let mut connection = self.begun(&path);
        let mut piece = vec![0; 256 * 1024];
        for _ in 0..50 {
            if !matches!(connection.read(&mut piece), Ok(1..)) {
                break;
            }
        }
        self.count("many people, with groups");
    }

    fn wide_query(&mut self) {
        let names: Vec<String> = (0..8000).map(|i| format!("n{i}=")).collect();
        let path = format!("{}?{}", self.groups(), names.join("&"));
        self.ask("GET", &path, None);
        let path = format!("/_mock/requests?org={}", self.org);
        self.ask("GET", &path, None);
        self.count("wide queries, and the journal of them");
    }

    fn wide_heads(&mut self) {
        let token = "t".repeat(32 * 1024);
        let header = format!(
            "Authorization: Bearer {token}\r\n{}: {token}\r\n",
            "n".repeat(60_000)
        );
        let path = self.groups();
        let got = self.client.ask_with("GET", &path, &header, None);
        assert!(got.status().is_some(), "{got:?}");
        self.count("wide heads");
    }

    fn mistakes(&mut self) {
        let body = json!({ "name": "", "members": vec!["x"; 100_000], "guests": vec![0; 100_000] });
        assert_eq!(self.ask("POST", &self.groups(), Some(&body)), 422);
        let expectation = json!({ "operation": "x".repeat(1000), "headers": vec![1; 10_000] });
        self.ask("POST", "/_mock/requests/verify", Some(&expectation));
        self.count("lists of mistakes");
    }

    /// A delay of an hour, which its client does not wait for.
    fn gives_up(&mut self) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nPrefer: delay=3600000\r\n\r\n",
            self.groups()
        );
        let _ = connection.write_all(head.as_bytes());
        self.count("delays given up");
    }

    /// Up to 20 connections at a time ask for what is long and read none of it.
    fn reads_nothing(&mut self) {
        let connection = self.begun(&format!("{}?with=users", self.groups()));
        self.held.push(connection);
        if self.held.len() > 20 {
            self.held.clear();
        }
        self.count("answers not read");
    }

    /// After ten times there are as many as the mock keeps.
    fn made_up_organizations(&mut self) {
        for _ in 0..1000 {
            let path = format!(
                "/api/organizations/made-up-{}/groups",
                self.random.below(u64::MAX)
            );
            self.ask("GET", &path, None);
        }
        self.count("a thousand made-up organizations");
    }

    fn rules(&mut self) {
        let step = json!({ "status": 503, "body": "b".repeat(100_000), "times": 1 });
        let rule = json!({ "match": { "path": "/nowhere" }, "steps": vec![step; 2] });
        let path = format!("/_mock/faults/{}?org={}", self.random.below(20), self.org);
        self.ask("PUT", &path, Some(&rule));
        self.ask("GET", &format!("/_mock/faults?org={}", self.org), None);
        self.count("large rules");
    }

    /// A connection on which something was asked for.
    fn begun(&self, path: &str) -> TcpStream {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        let time = Some(Duration::from_secs(30));
        connection.set_read_timeout(time).unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: soak\r\n\r\n"
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection
    }
}
