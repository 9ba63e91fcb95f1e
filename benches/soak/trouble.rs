//! Disturbances beside the clients: rules come and go, organizations are reset and restored, state is exported.

use std::{collections::BTreeSet, time::Instant};

use serde_json::{Value, json};

use super::{
    Counts,
    client::Client,
    model::{Org, Owned, Phase, RIVALS},
    random::Random,
};

const CUTS: &[&str] = &[
    "connection_reset",
    "empty_response",
    "malformed_response",
    "random_data_then_close",
    "truncated_body",
];

/// An organization as it once was: what was exported, and what its clients owned.
type Saved = (Value, [Owned; RIVALS]);

pub(crate) struct Trouble<'a> {
    orgs: &'a [Org],
    client: Client,
    random: Random,
    saved: Vec<Option<Saved>>,
    counts: Counts,
}

impl<'a> Trouble<'a> {
    pub(crate) fn new(orgs: &'a [Org], number: usize, address: &str) -> Self {
        Self {
            orgs,
            client: Client::new(address),
            random: Random::new(1000 + number),
            saved: vec![None; orgs.len()],
            counts: Counts::new(),
        }
    }

    pub(crate) fn run(mut self, until: Instant) -> Counts {
        while Instant::now() < until {
            let orgs = self.orgs;
            let which = usize::try_from(self.random.below(orgs.len() as u64)).unwrap();
            match self.random.below(100) {
                0..50 => self.put_rule(&orgs[which]),
                50..70 => self.remove_rules(&orgs[which]),
                70..85 => self.export(&orgs[which]),
                85..90 => self.ask_journal(&orgs[which]),
                90..95 => self.reset_nobodys(),
                _ => self.with_all_quiet(which),
            }
        }
        self.counts
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn control(&mut self, method: &str, path: &str, body: Option<&Value>, status: u16) -> Value {
        self.client.ask(method, path, body).expect(status)
    }

    fn put_rule(&mut self, org: &Org) {
        // No other phase may begin before it is in force.
        let phase = org.phase.read().unwrap();
        let mut step = match self.random.below(4) {
            0 => json!({ "fault": *self.random.pick(CUTS) }),
            1 => json!({ "status": *self.random.pick(&[429, 500, 502, 503]) }),
            2 => json!({ "fault": "slow_body", "chunk_ms": 1 }),
            _ => json!({ "delay": { "uniform_ms": [0, 3] } }),
        };
        step["times"] = json!(1 + self.random.below(5));
        step["write"] = json!(phase.name());
        let mut rule = json!({ "steps": [step], "skip": self.random.below(3), "probability": 0.5 });
        if self.random.one_in(2) {
            let operations = [
                "groups.create",
                "groups.update",
                "groups.delete",
                "groups.list",
            ];
            rule["match"] = json!({ "operation": *self.random.pick(&operations) });
        }
        let path = format!("/_mock/faults/rule-{}?org={}", self.random.below(4), org.id);
        let shown = self.control("PUT", &path, Some(&rule), 200);
        assert_eq!(shown["match"]["org"], *org.id);
        self.count("rules put");
    }

    fn remove_rules(&mut self, org: &Org) {
        if self.random.one_in(3) {
            self.control(
                "DELETE",
                &format!("/_mock/faults?org={}", org.id),
                None,
                204,
            );
        } else {
            let path = format!("/_mock/faults/rule-{}?org={}", self.random.below(4), org.id);
            let status = self.client.ask("DELETE", &path, None).status();
            assert!([Some(204), Some(404)].contains(&status), "{status:?}");
        }
        self.count("rules removed");
    }

    /// In the midst of changes: no group is half there, or twice.
    fn export(&mut self, org: &Org) {
        let export = if self.random.one_in(10) {
            let all = self.control("GET", "/_mock/state", None, 200);
            let found = all["organizations"]
                .as_array()
                .unwrap()
                .iter()
                .find(|found| found["id"] == *org.id);
            found.unwrap().clone()
        } else {
            self.state(org)
        };
        let groups = export["groups"].as_array().unwrap();
        for key in ["id", "name"] {
            let distinct: BTreeSet<&str> = groups
                .iter()
                .map(|group| group[key].as_str().unwrap())
                .collect();
            assert_eq!(distinct.len(), groups.len(), "{key} twice in {export}");
        }
        self.count("exported under load");
    }

    fn ask_journal(&mut self, org: &Org) {
        let path = format!("/_mock/requests?org={}&limit=5", org.id);
        let requests = self.control("GET", &path, None, 200);
        for request in requests["requests"].as_array().unwrap() {
            assert_eq!(request["org"], *org.id);
        }
        self.count("journals asked");
    }

    fn reset_nobodys(&mut self) {
        self.control("POST", "/_mock/reset?org=nobodys", None, 204);
        self.count("resets under load");
    }

    fn state(&mut self, org: &Org) -> Value {
        self.control("GET", &format!("/_mock/state?org={}", org.id), None, 200)
    }

    /// While no client of the organization has a request under way.
    fn with_all_quiet(&mut self, which: usize) {
        let org = &self.orgs[which];
        let mut phase = org.phase.write().unwrap();
        let now = self.state(org);
        org.check(&now);
        self.count("organizations compared under load");
        match self.random.below(4) {
            0 => {
                self.control(
                    "POST",
                    &format!("/_mock/reset?org={}&scope=state,faults", org.id),
                    None,
                    204,
                );
                own(org, Default::default());
                self.count("resets");
            }
            1 => {
                let owned = org
                    .owned
                    .each_ref()
                    .map(|owned| owned.lock().unwrap().clone());
                self.saved[which] = Some((now, owned));
            }
            2 => {
                if let Some((state, owned)) = self.saved[which].take() {
                    self.control(
                        "PUT",
                        &format!("/_mock/state?org={}", org.id),
                        Some(&state),
                        204,
                    );
                    own(org, owned);
                    self.count("organizations set back");
                }
            }
            _ => {
                self.control(
                    "DELETE",
                    &format!("/_mock/faults?org={}", org.id),
                    None,
                    204,
                );
                *phase = Phase::other(*phase);
            }
        }
    }

    /// Each organization against its model, when everybody is done.
    pub(crate) fn check_all(mut self) {
        for org in self.orgs {
            let state = self.state(org);
            org.check(&state);
        }
    }
}

fn own(org: &Org, owned: [Owned; RIVALS]) {
    for (place, owned) in org.owned.iter().zip(owned) {
        *place.lock().unwrap() = owned;
    }
}
