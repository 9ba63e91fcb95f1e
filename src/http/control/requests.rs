//! `requests`: what was asked, and whether it was what was expected.

use std::sync::Arc;

use axum::{Json as Answer, http::StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::{ask::Asked, problem::Problem};
use crate::{
    domain::operation::Operation,
    state::AppState,
    tenant::{
        Scopes,
        journal::{Entry, Expectations, Filter},
    },
};

#[derive(Serialize)]
pub(super) struct Requests {
    requests: Vec<Shown>,
    dropped: u64,
}

/// An entry, shared with the journal.
pub(super) struct Shown(Arc<Entry>);

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The entries that a filter lets through, the newest last.
pub(super) fn list(app: &AppState, mut asked: Asked) -> Result<Answer<Requests>, Problem> {
    let mut query = std::mem::take(&mut asked.query);
    let filter = Filter {
        org: query.org.clone(),
        operation: query.read("operation", "an operation such as `groups.list`", |name| {
            Operation::parse(name).ok()
        })?,
        method: query.take("method"),
        status: query.read("status", "a status", |text| text.parse().ok())?,
        since: query.read("since", "the id of an entry", |text| text.parse().ok())?,
        limit: query.read("limit", "a whole number", |text| text.parse().ok())?,
        unmatched: query
            .read("unmatched", "true or false", |text| text.parse().ok())?
            .unwrap_or(false),
    };
    query.done()?;
    let found = app.tenants.requests(&filter);
    Ok(Answer(Requests {
        requests: found.requests.into_iter().map(Shown).collect(),
        dropped: found.dropped,
    }))
}

/// One entry.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Answer<Shown>, Problem> {
    let org = asked.only_org()?;
    let id = asked.id();
    let found = id.parse().ok().and_then(|id| app.tenants.request(id, org));
    let gone = || {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no request `{id}`, or no more"),
        )
    };
    found.map(Shown).map(Answer).ok_or_else(gone)
}

/// Forgets all entries, or those of one organization.
pub(super) fn clear(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
    let requests = Scopes {
        requests: true,
        ..Scopes::default()
    };
    app.reset(org.as_ref(), requests)?;
    Ok(StatusCode::NO_CONTENT)
}

/// 200 where what was expected was asked; 409 with what comes nearest where it was not.
pub(super) fn verify(app: &AppState, mut asked: Asked) -> Result<Answer<Value>, Problem> {
    let (org, body) = (asked.only_org()?, asked.json()?);
    let expected = Expectations::parse(&body, org).map_err(Problem::invalid)?;
    match app.tenants.verify(&expected) {
        Ok(count) => Ok(Answer(json!({ "count": count }))),
        Err(unmet) => {
            let nearest: Vec<Shown> = unmet.nearest.into_iter().map(Shown).collect();
            Err(Problem::new(StatusCode::CONFLICT, unmet.detail)
                .with("count", unmet.count.into())
                .with("nearest", serde_json::to_value(nearest).unwrap_or_default()))
        }
    }
}
