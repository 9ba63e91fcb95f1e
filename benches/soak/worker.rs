//! One client: it changes its own groups, and compares each answer with what it knows.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{
    Counts,
    client::{Client, Got},
    model::{Org, Owned, Phase, check_change},
    random::Random,
};

/// Upper bound on a client's groups.
const MOST: usize = 40;

pub(crate) struct Worker<'a> {
    org: &'a Org,
    /// Which of the organization's clients it is.
    rival: usize,
    /// What the names of its groups begin with.
    prefix: String,
    made: u64,
    asked: u64,
    client: Client,
    random: Random,
    counts: Counts,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(org: &'a Org, number: usize, address: &str) -> Self {
        Self {
            org,
            rival: number / super::ORGANIZATIONS,
            prefix: format!("client-{number}-"),
            made: 0,
            asked: 0,
            client: Client::new(address),
            random: Random::new(number),
            counts: Counts::new(),
        }
    }

    /// What it did, and how long each exchange took.
    pub(crate) fn run(mut self, until: Instant) -> (Counts, Vec<Duration>) {
        while Instant::now() < until {
            self.step();
        }
        (self.counts, self.client.times)
    }

    fn step(&mut self) {
        let org = self.org;
        let phase = org.phase.read().unwrap();
        let mut owned = org.owned[self.rival].lock().unwrap();
        let ids: Vec<String> = owned.groups.keys().cloned().collect();
        let some = (!ids.is_empty()).then(|| self.random.pick(&ids).clone());
        match (self.random.below(100), some) {
            (0..30, _) if ids.len() < MOST => self.create(*phase, &mut owned),
            (0..60, Some(id)) => self.update(*phase, &mut owned, &id),
            (60..75, Some(id)) => self.delete(*phase, &mut owned, &id),
            (75..82, Some(id)) => self.get(&owned, &id),
            (82..88, Some(id)) => self.make_mistakes(&owned, &id),
            (88..91, Some(id)) => self.steer(&id),
            (91..94, _) => self.disturb(),
            _ => self.list(&owned),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Got {
        self.asked += 1;
        let number = format!("X-Soak: {}{}\r\n", self.prefix, self.asked);
        self.client.ask_with(method, path, &number, body)
    }

    /// Whether a rule, and nothing else, has made the last request fail.
    fn is_struck(&mut self, got: &Got) -> bool {
        let status = got.status();
        if status.is_some_and(|status| status != 429 && status < 500) {
            return false;
        }
        // All of it: the rival goes on asking while this waits for its turn among the control requests.
        let path = format!("/_mock/requests?org={}&limit=1000", self.org.id);
        let requests = self.client.ask("GET", &path, None).expect(200);
        let number = format!("{}{}", self.prefix, self.asked);
        let mut requests = requests["requests"].as_array().unwrap().iter();
        let last = requests.find(|request| request["headers"]["x-soak"] == *number);
        let last = last.unwrap_or_else(|| panic!("{number} is not in the journal: {got:?}"));
        assert!(
            last["fault"].is_string(),
            "{got:?}, but no rule struck {last}"
        );
        self.count(match status {
            Some(_) => "struck by a status",
            None => "struck by a broken connection",
        });
        true
    }

    /// Asks until no rule strikes; they all have an end.
    fn look(&mut self, path: &str) -> Got {
        loop {
            let got = self.ask("GET", path, None);
            if !self.is_struck(&got) {
                return got;
            }
        }
    }

    fn path(&self, id: &str) -> String {
        format!("{}/{id}", self.org.path())
    }

    /// Fields for a group, all of them or some.
    fn fields(&mut self, all: bool) -> Value {
        self.made += 1;
        let n = self.made;
        let mut fields = json!({});
        if all || self.random.one_in(2) {
            fields["name"] = json!(format!("{}{n}.", self.prefix));
        }
        if all || self.random.one_in(2) {
            fields["description"] = json!(format!("description {n}"));
        }
        if self.random.one_in(3) {
            fields["members"] = json!([n, n + 1]);
        }
        if self.random.one_in(3) {
            fields["guests"] = json!([format!(
                "guest-{}@{}.test",
                n % 50,
                self.prefix.trim_end_matches('-')
            )]);
        }
        fields
    }

    fn create(&mut self, phase: Phase, owned: &mut Owned) {
        let sent = self.fields(true);
        let got = self.ask("POST", &self.org.path(), Some(&sent));
        let group = if self.is_struck(&got) {
            let name = sent["name"].as_str().unwrap();
            let found = self
                .look(&format!("{}?q={name}", self.org.path()))
                .expect(200)["data"]
                .clone();
            let found = found.as_array().unwrap();
            assert_eq!(
                found.len(),
                usize::from(phase == Phase::After),
                "{sent} {found:?}"
            );
            found.first().cloned()
        } else {
            self.count("created");
            Some(got.expect(201)["data"].clone())
        };
        if let Some(group) = group {
            check_change(None, &sent, &group);
            assert!(
                !owned.groups.contains_key(group["id"].as_str().unwrap()),
                "an id twice"
            );
            owned.knows(&group);
        }
    }

    fn update(&mut self, phase: Phase, owned: &mut Owned, id: &str) {
        let sent = self.fields(false);
        let path = self.path(id);
        let got = self.ask("PUT", &path, Some(&sent));
        let group = if self.is_struck(&got) {
            let group = self.look(&path).expect(200)["data"].clone();
            if phase == Phase::Before {
                assert_eq!(
                    group, owned.groups[id],
                    "changed by a request that failed before"
                );
                return;
            }
            group
        } else {
            self.count("updated");
            got.expect(201)["data"].clone()
        };
        check_change(Some(&owned.groups[id]), &sent, &group);
        owned.knows(&group);
    }

    fn delete(&mut self, phase: Phase, owned: &mut Owned, id: &str) {
        let path = self.path(id);
        let got = self.ask("DELETE", &path, None);
        if self.is_struck(&got) {
            let status = self.look(&path).status();
            assert_eq!(status, Some(if phase == Phase::After { 404 } else { 200 }));
            if phase == Phase::Before {
                return;
            }
        } else {
            self.count("deleted");
            got.expect(204);
        }
        owned.groups.remove(id);
    }

    fn get(&mut self, owned: &Owned, id: &str) {
        let got = self.ask("GET", &self.path(id), None);
        if !self.is_struck(&got) {
            self.count("got");
            assert_eq!(got.expect(200)["data"], owned.groups[id]);
        }
    }

    fn list(&mut self, owned: &Owned) {
        let per_page = 1 + self.random.below(20);
        let path = format!("{}?q={}&per_page={per_page}", self.org.path(), self.prefix);
        let got = self.ask("GET", &path, None);
        if self.is_struck(&got) {
            return;
        }
        self.count("listed");
        let list = got.expect(200);
        let total = owned.groups.len();
        assert_eq!(list["meta"]["pagination"]["total"], total);
        for group in list["data"].as_array().unwrap() {
            assert_eq!(owned.groups.get(group["id"].as_str().unwrap()), Some(group));
        }
    }

    /// Requests that change nothing, however they end.
    fn make_mistakes(&mut self, owned: &Owned, id: &str) {
        let taken = json!({ "name": owned.groups[id]["name"], "description": "d" });
        let wrong = json!({ "name": "", "members": [0] });
        let mistakes = [
            ("POST", self.org.path(), Some(&taken), 422),
            ("PUT", self.path(id), Some(&wrong), 422),
            ("PUT", self.path("none"), Some(&taken), 404),
            ("DELETE", self.path("none"), None, 404),
            ("GET", self.path("none"), None, 404),
        ];
        let (method, path, body, status) = self.random.pick(&mistakes);
        let got = self.ask(method, path, *body);
        if !self.is_struck(&got) {
            self.count("refused");
            got.expect(*status);
        }
    }

    /// A request that asks to fail is not done, whatever rules say.
    fn steer(&mut self, id: &str) {
        let steering = "X-Mock-Response-Code: 418\r\n";
        self.client
            .ask_with("DELETE", &self.path(id), steering, None)
            .expect(418);
        self.count("steered");
    }

    /// An organization that is nobody's, and is reset at any moment: only shapes can be known of it.
    fn disturb(&mut self) {
        self.made += 1;
        let path = "/api/organizations/nobodys/groups";
        let fields = json!({ "name": format!("{}{}", self.prefix, self.made), "description": "d" });
        let created = self.ask("POST", path, Some(&fields)).expect(201);
        let path = format!("{path}/{}", created["data"]["id"].as_str().unwrap());
        for (method, done) in [("GET", 200), ("DELETE", 204)] {
            let status = self.ask(method, &path, None).status().unwrap();
            assert!(
                [done, 404].contains(&status),
                "{method} is answered {status}"
            );
        }
        self.count("used what is being reset");
    }
}
