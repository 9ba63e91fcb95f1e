//! What is known of everything that is served, how well, and how much of it was asked: the same tables as a
//! document's, as rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{answers, oauth, refusals, served::Served};
use crate::domain::{
    agreement::Agreement,
    answered::{ENTITIES, Entity, GROUP_ENTITY, GROUP_INCLUDES, LAST_UPDATED, UPDATED_AT},
    contract::{Contract, TimeKeys},
    evidence::{Class, Evidence},
    operation::Operation,
    provenance::Route,
};

/// How often something of an operation was asked, answered or checked.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Requests by operation.
    pub asked: BTreeMap<Operation, u64>,
    /// Expectations that were met, by operation.
    pub checked: BTreeMap<Operation, u64>,
    /// Requests that had a parameter or a field of that name.
    pub named: BTreeMap<(Operation, String), u64>,
    /// Answers by status, and by `code` where the body has one.
    pub answered: BTreeMap<(Operation, u16, Option<String>), u64>,
    /// Requests that the journal has lost.
    pub dropped: u64,
}

/// What is known of what is served, and how much of it was asked.
#[derive(Debug, Serialize)]
pub struct Coverage {
    edition: &'static str,
    /// How many rows there are of each class.
    evidence: BTreeMap<&'static str, usize>,
    /// Requests that the journal has lost: counts are too low by them.
    dropped: u64,
    operations: Vec<OfOperation>,
    entities: Vec<OfEntity>,
}

#[derive(Debug, Serialize)]
struct OfOperation {
    operation: &'static str,
    method: &'static str,
    path: &'static str,
    evidence: Shown,
    asked: u64,
    checked: u64,
    /// The newest report of drift that found no difference under this contract.
    agreed: Option<Agreed>,
    parameters: Vec<Named>,
    fields: Vec<Named>,
    answers: Vec<Answered>,
}

#[derive(Debug, Serialize)]
struct Agreed {
    at: String,
    with: String,
}

#[derive(Debug, Serialize)]
struct Named {
    name: &'static str,
    evidence: Shown,
    asked: u64,
}

#[derive(Debug, Serialize)]
struct Answered {
    status: u16,
    name: &'static str,
    evidence: Shown,
    seen: u64,
}

#[derive(Debug, Serialize)]
struct OfEntity {
    name: &'static str,
    fields: Vec<OfField>,
}

#[derive(Debug, Serialize)]
struct OfField {
    name: &'static str,
    evidence: Shown,
}

#[derive(Debug, Clone, Serialize)]
struct Shown {
    class: &'static str,
    source: String,
}

impl From<Evidence> for Shown {
    fn from(evidence: Evidence) -> Self {
        Self {
            class: evidence.class.name(),
            source: evidence.source.to_owned(),
        }
    }
}

impl Coverage {
    /// The rows of what is served, with what was counted.
    pub fn of(served: &Served, counts: &Counts) -> Self {
        let routes = served.routes.iter();
        let operations: Vec<OfOperation> = routes
            .map(|route| of_operation(route, served, counts))
            .collect();
        let contract = &served.contract;
        let entities = ENTITIES.iter().map(|entity| of_entity(entity, contract));
        let mut coverage = Self {
            edition: served.edition.name(),
            evidence: Class::ALL.map(|class| (class.name(), 0)).into(),
            dropped: counts.dropped,
            operations,
            entities: entities.collect(),
        };
        let mut evidence = coverage.evidence.clone();
        for (_, shown) in coverage.rows() {
            *evidence.entry(shown.class).or_default() += 1;
        }
        coverage.evidence = evidence;
        coverage
    }

    /// The same, with what hosts were found to agree on.
    #[must_use]
    pub fn agreed(mut self, all: &[Agreement], contract: Contract) -> Self {
        for row in &mut self.operations {
            let operation = Operation::parse(row.operation).ok();
            let newest = operation.and_then(|it| Agreement::newest(all, it, contract));
            row.agreed = newest.map(|it| Agreed {
                at: it.at.clone(),
                with: it.host.clone(),
            });
        }
        self
    }

    /// What each row is of, in Markdown, and what is known of it.
    fn rows(&self) -> Vec<(String, &Shown)> {
        let mut rows = Vec::new();
        for it in &self.operations {
            let OfOperation { method, path, .. } = it;
            let path = path.replace("/organizations/{org}", "…");
            let at = format!("`{method} {path}`");
            rows.push((at.clone(), &it.evidence));
            let parameters = it.parameters.iter();
            rows.extend(
                parameters.map(|row| (format!("{at}: `query.{}`", row.name), &row.evidence)),
            );
            let fields = it.fields.iter();
            rows.extend(fields.map(|row| (format!("{at}: `body.{}`", row.name), &row.evidence)));
            let done = it.answers.iter().filter(|row| row.name == DONE);
            rows.extend(done.map(|row| (format!("{at}: {}", row.status), &row.evidence)));
        }
        let mut refusals = BTreeMap::new();
        let answers = self.operations.iter().flat_map(|it| &it.answers);
        for row in answers.filter(|row| row.name != DONE) {
            refusals.insert((row.status, row.name), &row.evidence);
        }
        let refusals = refusals.into_iter();
        rows.extend(refusals.map(|((status, name), it)| (format!("{status} {name}"), it)));
        for entity in &self.entities {
            let fields = entity.fields.iter();
            let name = entity.name;
            rows.extend(fields.map(|row| (format!("{name}: `{}`", row.name), &row.evidence)));
        }
        rows
    }

    /// The table of a page: rows of one source together, with room for what a real host said.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| what | how well it is known | where from | agreed with a real host on |\n|---|---|---|---|\n",
        );
        let rows = self.rows();
        let mut rows = rows.iter().peekable();
        while let Some((what, shown)) = rows.next() {
            let subject = what.split_once(": ").map_or(what.as_str(), |(it, _)| it);
            let mut whats = what.clone();
            while let Some((next, same)) = rows.peek() {
                let rest = next.split_once(": ");
                let Some((_, rest)) = rest.filter(|(it, _)| *it == subject) else {
                    break;
                };
                if (same.class, &same.source) != (shown.class, &shown.source) {
                    break;
                }
                whats.push_str(", ");
                whats.push_str(rest);
                rows.next();
            }
            let Shown { class, source } = shown;
            table.extend(["| ", &whats, " | ", class, " | ", source, " | |\n"]);
        }
        table
    }
}

/// What an answer is called that is no refusal.
const DONE: &str = "Done";

fn of_operation(route: &Route, served: &Served, counts: &Counts) -> OfOperation {
    let operation = route.operation;
    let named = |name: &'static str, evidence: Evidence| Named {
        name,
        evidence: evidence.into(),
        asked: count(&counts.named, &(operation, name.to_owned())),
    };
    OfOperation {
        operation: operation.name(),
        method: route.method,
        path: route.path,
        evidence: operation.evidence().into(),
        asked: count(&counts.asked, &operation),
        checked: count(&counts.checked, &operation),
        agreed: None,
        parameters: operation
            .parameters()
            .map(|it| named(it.name, it.evidence))
            .collect(),
        fields: operation
            .fields()
            .map(|it| named(it.name, it.evidence))
            .collect(),
        answers: answered(route, served, counts),
    }
}

fn answered(route: &Route, served: &Served, counts: &Counts) -> Vec<Answered> {
    let operation = route.operation;
    let done = answers::statuses(operation, &served.contract).into_iter();
    let done = done.map(|(status, class, source)| Answered {
        status,
        name: DONE,
        evidence: Shown {
            class: class.name(),
            source,
        },
        seen: count(&counts.answered, &(operation, status, None)),
    });
    let refused = refusals::of(route, served).into_iter().map(|refusal| {
        let status = refusal.status().as_u16();
        let body = refusal.shown();
        let code = body["code"].as_str().map(str::to_owned);
        Answered {
            status,
            name: refusals::name(&refusal),
            evidence: refusals::evidence(&refusal).into(),
            seen: count(&counts.answered, &(operation, status, code)),
        }
    });
    let of_tokens = oauth::refusals(operation).into_iter();
    let of_tokens = of_tokens.map(|(status, name, evidence)| Answered {
        status,
        name,
        evidence: evidence.into(),
        seen: count(&counts.answered, &(operation, status, None)),
    });
    done.chain(refused).chain(of_tokens).collect()
}

fn of_entity(entity: &Entity, contract: &Contract) -> OfEntity {
    let mut fields = entity.fields.to_vec();
    if *entity == GROUP_ENTITY {
        fields.extend(match contract.time_keys {
            TimeKeys::LastUpdated => LAST_UPDATED.as_slice(),
            TimeKeys::UpdatedAt => UPDATED_AT.as_slice(),
        });
        fields.extend(GROUP_INCLUDES);
    }
    let fields = fields.into_iter().map(|field| OfField {
        name: field.name,
        evidence: field.evidence.into(),
    });
    OfEntity {
        name: entity.name,
        fields: fields.collect(),
    }
}

fn count<K: Ord>(counts: &BTreeMap<K, u64>, key: &K) -> u64 {
    counts.get(key).copied().unwrap_or_default()
}
