//! `state`, `seed` and `reset`: what is stored.

use axum::http::{HeaderName, StatusCode, header};

use super::{ask::Asked, problem::Problem};
use crate::{state::AppState, tenant::Scopes};

/// A fixture, and what says that it is JSON.
type Exported = ([(HeaderName, &'static str); 1], String);

/// All that is stored, or one organization, as a fixture.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Exported, Problem> {
    let org = asked.only_org()?;
    let json = app.export(org.as_ref())?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json))
}

/// Puts a fixture in its place.
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

/// Goes back to the fixtures that were loaded last.
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
