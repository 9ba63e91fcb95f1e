//! The mock that a host is compared with: in this process, and with the rows that were just read.

use serde_json::{Value, json};

use super::{
    host::{Looked, made},
    places::Places,
    sighting::{AskedFor, Heard, Sighting},
    step::{Filled, Step},
};
use crate::{
    config::Config,
    domain::contract::{Contract, ContractChoice, Edition, Switch},
    fixture::Fixture,
    http::{Inside, Question},
    state::AppState,
};

/// The token of the mock's caller.
const TOKEN: &str = "drift";
/// The host that it is asked by.
const AUTHORITY: &str = "mock.test";

/// What a mock that was asked answers; `None` where it has nothing to be asked for, as it made no group.
pub(super) type Answered = Option<Sighting>;

/// What mocks are made of, one for each contract.
#[derive(Debug)]
pub(super) struct Mocked {
    fixture: Fixture,
    /// `/api`, or nothing.
    prefix: &'static str,
}

impl Mocked {
    /// Mocks with the rows of that fixture, whose caller is that user. The error names the rows that a mock cannot store, by
    /// their paths.
    pub(super) fn new(
        mut fixture: Value,
        me: &Value,
        sandbox: Option<&str>,
        prefix: &str,
    ) -> Result<Self, String> {
        if let Some(fields) = fixture.as_object_mut() {
            fields.remove("contract");
        }
        let mut named = Vec::new();
        if let Some(organizations) = fixture["organizations"].as_array_mut() {
            for organization in organizations.iter_mut() {
                named.push(organization["id"].clone());
                add_caller(organization, me);
            }
            if let Some(id) = sandbox.filter(|id| named.iter().all(|named| named != id)) {
                named.push(id.into());
                organizations.push(json!({ "id": id, "users": [caller(me)] }));
            }
        }
        fixture["tokens"] = json!([{ "token": TOKEN, "user": me["id"], "organizations": named }]);
        let fixture = Fixture::parse(fixture.to_string().as_bytes()).map_err(|error| {
            let paths: Vec<&str> = error
                .problems
                .iter()
                .map(|it| it.path.as_str())
                .take(3)
                .collect();
            format!(
                "the mock cannot store what was read ({} rows), such as {}",
                error.problems.len(),
                paths.join(", ")
            )
        })?;
        let prefix = if prefix.ends_with("/api") { "/api" } else { "" };
        Ok(Self { fixture, prefix })
    }

    /// A mock under that contract.
    fn under(&self, contract: Contract) -> Result<Inside, String> {
        let switches = contract
            .values()
            .map(|(key, value)| Switch::new(key, value));
        let switches: Result<Vec<Switch>, _> = switches.collect();
        let config = Config {
            contract: ContractChoice {
                edition: Some(Edition::default()),
                switches: switches.map_err(|error| error.to_string())?,
            },
            journal_entries: 0,
            steering: false,
            reasons: false,
            ..Config::default()
        };
        let state = AppState::new(&config, self.fixture.clone(), AUTHORITY.to_owned());
        let state = state.map_err(|error| error.to_string())?;
        Inside::new(state).map_err(|error| error.to_string())
    }

    /// What a mock under that contract answers to the steps that are asked, `None` to the others. Steps that change something
    /// follow on each other, so they are asked all or none.
    pub(super) fn answers(
        &self,
        contract: Contract,
        steps: &[Step],
        places: &Places,
        is_asked: impl Fn(Step) -> bool,
    ) -> Result<Vec<Option<Answered>>, String> {
        let mock = self.under(contract)?;
        let mut places = places.clone();
        let changes = steps.iter().filter(|step| matches!(step, Step::Change(_)));
        let are_changes_asked = { changes }.any(|step| is_asked(*step));
        let mut answers = Vec::with_capacity(steps.len());
        for step in steps {
            let is_asked = match step {
                Step::Read(_) => is_asked(*step),
                Step::Change(_) => are_changes_asked,
            };
            if !is_asked {
                answers.push(None);
                continue;
            }
            let answer = match step.fill(&places) {
                Ok(filled) => self.ask(&mock, &filled)?.ok(),
                Err(_) => None,
            };
            if step.makes() {
                places.made = answer.as_ref().and_then(made).or(places.made);
            }
            answers.push(Some(answer));
        }
        Ok(answers)
    }

    fn ask(&self, mock: &Inside, filled: &Filled) -> Result<Looked, String> {
        let target = format!("{}{}", self.prefix, filled.path);
        let bearer = format!("Bearer {TOKEN}");
        let mut headers = filled.headers();
        headers.push(("Host", AUTHORITY));
        let mut headers: Vec<(&str, &str)> = headers;
        if filled.has_token() {
            headers.push(("Authorization", &bearer));
        }
        let answer = mock.ask(Question {
            method: filled.method,
            target: &target,
            headers: &headers,
            body: filled.body.as_bytes(),
        })?;
        let asked = AskedFor {
            method: filled.method,
            url: &format!("http://{AUTHORITY}{target}"),
        };
        let heard = Heard::new(answer.status, |name| answer.header(name), &answer.body);
        Ok(Sighting::of(&heard, asked))
    }
}

/// The caller, as a user who may do all that is asked.
fn caller(me: &Value) -> Value {
    json!({ "id": me["id"], "role": "admin" })
}

/// An organization that declares its users declares the caller too.
fn add_caller(organization: &mut Value, me: &Value) {
    let Some(users) = organization["users"].as_array_mut() else {
        return;
    };
    if !users.is_empty() && users.iter().all(|user| user["id"] != me["id"]) {
        users.push(caller(me));
    }
}
