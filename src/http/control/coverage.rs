//! `coverage`: how well each thing that is served is known, and whether it was asked.

use axum::Json as Answer;

use super::{ask::Asked, problem::Problem};
use crate::{
    domain::id::OrgId,
    http::tallyfy::served,
    openapi::{Counts, Coverage},
    state::AppState,
    tenant::journal::{Entry, Filter},
};

/// Everything that is served under this process's contract, with what the journal has of it.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Answer<Coverage>, Problem> {
    let org = asked.only_org()?;
    let is_rate_limited = app.tenants.is_rate_limited();
    let served = served(app.edition, app.contract, is_rate_limited, "");
    let coverage = Coverage::of(&served, &counts(app, org));
    Ok(Answer(coverage.agreed(&app.agreed, app.contract)))
}

fn counts(app: &AppState, org: Option<OrgId>) -> Counts {
    let mut counts = Counts {
        checked: app.tenants.checked(org.as_ref()),
        ..Counts::default()
    };
    let filter = Filter {
        org,
        ..Filter::default()
    };
    let found = app.tenants.requests(&filter);
    for entry in found.entries() {
        note(&mut counts, &entry);
    }
    counts.dropped = found.dropped();
    counts
}

/// Counts what a request asked, and what it was answered, by a rule or by steering as well.
fn note(counts: &mut Counts, entry: &Entry) {
    let Some(operation) = entry.operation() else {
        return;
    };
    *counts.asked.entry(operation).or_default() += 1;
    let parameters = operation.query_parameters().iter().filter(|name| {
        let mut given = form_urlencoded::parse(entry.query().as_bytes());
        given.any(|(given, _)| given.split('[').next() == Some(**name))
    });
    let body = entry.body();
    let fields = operation.body_fields().iter();
    let fields = fields.filter(|name| body.get(**name).is_some());
    for name in parameters.chain(fields) {
        let named = counts.named.entry((operation, (*name).to_owned()));
        *named.or_default() += 1;
    }
    if let Some(status) = entry.status() {
        let response = entry.response();
        let code = response["code"].as_str().map(str::to_owned);
        *counts
            .answered
            .entry((operation, status, code))
            .or_default() += 1;
    }
}
