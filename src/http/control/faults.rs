//! `faults`: the rules by which requests are made to fail.

use std::sync::Arc;

use axum::{Json as Answer, extract::State, http::StatusCode};
use serde::Serialize;
use serde_json::json;

use super::{
    ask::{Id, Json, Query, Raw},
    problem::Problem,
};
use crate::{
    domain::id::OrgId,
    state::{AppState, Refusal},
    tenant::{
        NotOne, Scopes,
        rules::{Rule, RuleView},
    },
};

type App = State<Arc<AppState>>;

#[derive(Serialize)]
pub(super) struct Rules {
    faults: Vec<RuleView>,
}

/// All rules, or those of one organization.
pub(super) async fn list(State(app): App, query: Query) -> Result<Answer<Rules>, Problem> {
    let org = query.only_org()?;
    Ok(Answer(Rules {
        faults: app.tenants.rules(org.as_ref()),
    }))
}

/// One rule, with what it has struck and what is left of it.
pub(super) async fn show(
    State(app): App,
    Id(id): Id,
    query: Query,
) -> Result<Answer<RuleView>, Problem> {
    let org = query.only_org()?;
    let rule = app.tenants.rule(&id, org.as_ref());
    rule.map(Answer).map_err(|not_one| found(&id, not_one))
}

/// Puts a rule in force; the same rule again does not re-arm what is spent, `?rearm=true` does.
pub(super) async fn put(
    State(app): App,
    Id(id): Id,
    mut query: Query,
    Json(body): Json,
) -> Result<Answer<RuleView>, Problem> {
    let org = query.org.clone();
    let rearm = query
        .read("rearm", "true or false", |text| text.parse().ok())?
        .unwrap_or(false);
    query.done()?;
    let rule = Rule::parse(&id, org, &body).map_err(Problem::invalid)?;
    let put = app.tenants.put_rule(rule, rearm);
    put.map(Answer)
        .map_err(|refusal| Refusal::from(refusal).into())
}

/// Takes one rule out of force.
pub(super) async fn remove(
    State(app): App,
    Id(id): Id,
    query: Query,
    _: Raw,
) -> Result<StatusCode, Problem> {
    let org = query.only_org()?;
    let removed = app.tenants.remove_rule(&id, org.as_ref());
    removed.map_err(|not_one| found(&id, not_one))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes all rules out of force, or those of one organization.
pub(super) async fn clear(State(app): App, query: Query, _: Raw) -> Result<StatusCode, Problem> {
    let org = query.only_org()?;
    let faults = Scopes {
        faults: true,
        ..Scopes::default()
    };
    app.reset(org.as_ref(), faults)?;
    Ok(StatusCode::NO_CONTENT)
}

fn found(id: &str, not_one: NotOne) -> Problem {
    match not_one {
        NotOne::None => Problem::new(StatusCode::NOT_FOUND, format!("there is no rule `{id}`")),
        NotOne::Several(orgs) => {
            let orgs: Vec<&str> = orgs.iter().map(OrgId::as_str).collect();
            let detail =
                format!("several organizations have a rule `{id}`: say which with `?org=`");
            Problem::new(StatusCode::CONFLICT, detail).with("organizations", json!(orgs))
        }
    }
}
