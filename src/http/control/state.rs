//! `state`, `seed` and `reset`: the stored rows.

use axum::http::StatusCode;

use super::{ask::Asked, problem::Problem};
use crate::{
    fixture::{Export, ExportedOrg},
    json::{Out, Written},
    state::AppState,
    tenant::Scopes,
};

/// A fixture to be written.
pub(super) enum Exported {
    All(Export),
    One(ExportedOrg),
}

impl Written for Exported {
    async fn write(&self, out: &mut Out) {
        match self {
            Self::All(all) => all.write(out).await,
            Self::One(one) => one.write(out).await,
        }
    }
}

/// Exports everything, or one organization, as a fixture.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Exported, Problem> {
    Ok(match asked.only_org()? {
        Some(org) => Exported::One(app.export_org(&org)?),
        None => Exported::All(app.export()),
    })
}

/// Replaces it by a fixture.
pub(super) fn replace(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
    app.replace(org.as_ref(), asked.body())?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a fixture to it.
pub(super) fn seed(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
    app.seed(org.as_ref(), asked.body())?;
    Ok(StatusCode::NO_CONTENT)
}

/// Resets to the fixtures that were loaded last.
pub(super) fn reset(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let mut query = std::mem::take(&mut asked.query);
    let org = query.org.clone();
    let form = format!("a comma list of {}", Scopes::NAMES.join(", "));
    let scopes = query
        .read("scope", &form, |list| Scopes::parse(list).ok())?
        .unwrap_or(Scopes::ALL);
    query.done()?;
    app.reset(org.as_ref(), scopes)?;
    Ok(StatusCode::NO_CONTENT)
}
