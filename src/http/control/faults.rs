//! `faults`: the fault rules.

use axum::{Json as Answer, http::StatusCode};
use serde_json::json;

use super::{ask::Asked, problem::Problem};
use crate::{
    domain::id::OrgId,
    json::{Out, Written},
    state::{AppState, Refusal},
    tenant::{
        NotOne, Scopes,
        rules::{Rule, RuleView},
    },
};

/// Rules to be written.
pub(super) struct Rules(Vec<RuleView>);

impl Written for Rules {
    async fn write(&self, out: &mut Out) {
        out.raw("{\"faults\":[");
        out.items(self.0.iter()).await;
        out.raw("]}");
    }
}

/// Lists all rules, or those of one organization.
pub(super) fn list(app: &AppState, mut asked: Asked) -> Result<Rules, Problem> {
    let org = asked.only_org()?;
    Ok(Rules(app.tenants.rules(org.as_ref())))
}

/// Gets a rule, with its hits and what is left of its steps.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Answer<RuleView>, Problem> {
    let org = asked.only_org()?;
    let rule = app.tenants.rule(asked.id(), org.as_ref());
    rule.map(Answer)
        .map_err(|not_one| found(asked.id(), not_one))
}

/// Puts a rule in force. An equal rule is only re-armed by `?rearm=true`.
pub(super) fn put(app: &AppState, mut asked: Asked) -> Result<Answer<RuleView>, Problem> {
    let body = asked.json()?;
    let mut query = std::mem::take(&mut asked.query);
    let org = query.org.clone();
    let rearm = query
        .read("rearm", "true or false", |text| text.parse().ok())?
        .unwrap_or(false);
    query.done()?;
    let rule = Rule::parse(asked.id(), org, &body).map_err(Problem::invalid)?;
    let put = app.tenants.put_rule(rule, rearm);
    put.map(Answer)
        .map_err(|refusal| Refusal::from(refusal).into())
}

/// Removes a rule.
pub(super) fn remove(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
    let removed = app.tenants.remove_rule(asked.id(), org.as_ref());
    removed.map_err(|not_one| found(asked.id(), not_one))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes all rules, or those of one organization.
pub(super) fn clear(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
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
