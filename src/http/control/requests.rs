//! `requests`: the journal, and verification against it.

use axum::{
    Json as Answer,
    body::Bytes,
    http::{HeaderName, StatusCode, header},
};
use serde_json::{Value, json};

use super::{ask::Asked, problem::Problem};
use crate::{
    domain::operation::Operation,
    json::{Out, Written},
    state::AppState,
    tenant::{
        Scopes,
        journal::{Entry, Expectations, Filter, Found},
    },
};

/// Entries to be written.
pub(super) struct Requests(Found);

impl Written for Requests {
    async fn write(&self, out: &mut Out) {
        out.raw("{\"requests\":[");
        out.items(self.0.entries()).await;
        out.raw("],\"dropped\":");
        out.json(&self.0.dropped());
        out.raw("}");
    }
}

/// Lists the entries that match a filter, the newest last.
pub(super) fn list(app: &AppState, mut asked: Asked) -> Result<Requests, Problem> {
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
    Ok(Requests(app.tenants.requests(&filter)))
}

/// Gets one entry.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Answer<Entry>, Problem> {
    found(app, &mut asked).map(Answer)
}

/// Bytes, and what they are.
type Bare = ([(HeaderName, &'static str); 2], Bytes);

/// The body of one entry, byte for byte as it is kept.
pub(super) fn body(app: &AppState, mut asked: Asked) -> Result<Bare, Problem> {
    let entry = found(app, &mut asked)?;
    let detail = "the journal has only the beginning of this body, or not yet any of it";
    let body = entry.whole_body();
    let body = body.ok_or_else(|| Problem::new(StatusCode::CONFLICT, detail))?;
    // It is whatever a client sent: nothing that a browser would show.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, body))
}

fn found(app: &AppState, asked: &mut Asked) -> Result<Entry, Problem> {
    let org = asked.only_org()?;
    let id = asked.id();
    let found = id.parse().ok().and_then(|id| app.tenants.request(id, org));
    let gone = || {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no request `{id}`, or no more"),
        )
    };
    found.ok_or_else(gone)
}

/// Clears the journal, or that of one organization.
pub(super) fn clear(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
    let requests = Scopes {
        requests: true,
        ..Scopes::default()
    };
    app.reset(org.as_ref(), requests)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Verifies expectations: 200 if they are met, otherwise 409 with the nearest requests.
pub(super) fn verify(app: &AppState, mut asked: Asked) -> Result<Answer<Value>, Problem> {
    let (org, body) = (asked.only_org()?, asked.json()?);
    let expected = Expectations::parse(&body, org).map_err(Problem::invalid)?;
    match app.tenants.verify(&expected) {
        Ok(count) => Ok(Answer(json!({ "count": count }))),
        Err(unmet) => Err(Problem::new(StatusCode::CONFLICT, unmet.detail)
            .with("count", unmet.count.into())
            .with(
                "nearest",
                serde_json::to_value(unmet.nearest).unwrap_or_default(),
            )),
    }
}
