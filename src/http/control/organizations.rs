//! `organizations` and `changes`: what there is, and what of it is no longer as it was loaded.

use std::collections::BTreeMap;

use axum::Json as Answer;
use serde_json::{Value, json};

use super::{ask::Asked, clock, problem::Problem};
use crate::{
    domain::id::OrgId,
    fixture::Changes,
    json::{Out, Written},
    state::AppState,
};

/// Every organization that is stored or was asked for, with how much there is of it.
pub(super) fn list(app: &AppState, asked: Asked) -> Result<Answer<Value>, Problem> {
    asked.query.done()?;
    let organizations = app.overview().into_iter().map(|(it, is_changed)| {
        let org = it.org.as_ref();
        let clock: Option<clock::Shown> = it.clock.map(Into::into);
        json!({
            "id": it.id.as_str(),
            "stored": org.is_some(),
            "changed": is_changed,
            "groups": org.map_or(0, |org| org.groups().len()),
            "users": org.map_or(0, |org| org.users().len()),
            "guests": org.map_or(0, |org| org.guests().len()),
            "rules": it.rules,
            "requests": it.requests,
            "clock": clock,
        })
    });
    let organizations: Vec<Value> = organizations.collect();
    let (rules, requests) = app.tenants.beside_organizations();
    Ok(Answer(json!({
        "organizations": organizations,
        "without_organization": { "rules": rules, "requests": requests },
    })))
}

/// What became of one organization, or of all that were written to.
pub(super) enum Changed {
    One(Changes),
    All(BTreeMap<OrgId, Changes>),
}

impl Written for Changed {
    async fn write(&self, out: &mut Out) {
        let all = match self {
            Self::One(changes) => return changes.write(out).await,
            Self::All(all) => all,
        };
        out.raw(r#"{"organizations":["#);
        for (i, (id, changes)) in all.iter().enumerate() {
            out.comma(i > 0);
            out.raw("{");
            out.key("id");
            out.json(id.as_str());
            changes.write_lists(out).await;
            out.raw("}");
        }
        out.raw("]}");
    }
}

/// Which rows were added, changed or deleted since the fixtures were loaded.
pub(super) fn changes(app: &AppState, mut asked: Asked) -> Result<Changed, Problem> {
    Ok(match asked.only_org()? {
        Some(org) => Changed::One(app.changes(&org)?),
        None => Changed::All(app.all_changes()),
    })
}
