//! `state`, `seed` and `reset`: what is stored.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    ask::{Query, Raw},
    problem::Problem,
};
use crate::{state::AppState, tenant::Scopes};

type App = State<Arc<AppState>>;

/// All that is stored, or one organization, as a fixture.
pub(super) async fn show(State(app): App, query: Query) -> Result<Response, Problem> {
    let org = query.only_org()?;
    let json = app.export(org.as_ref())?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

/// Puts a fixture in its place.
pub(super) async fn replace(
    State(app): App,
    query: Query,
    Raw(body): Raw,
) -> Result<StatusCode, Problem> {
    let org = query.only_org()?;
    app.replace(org.as_ref(), &body)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a fixture to it.
pub(super) async fn seed(
    State(app): App,
    query: Query,
    Raw(body): Raw,
) -> Result<StatusCode, Problem> {
    let org = query.only_org()?;
    app.seed(org.as_ref(), &body)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Goes back to the fixtures that were loaded last.
pub(super) async fn reset(
    State(app): App,
    mut query: Query,
    _: Raw,
) -> Result<StatusCode, Problem> {
    let org = query.org.clone();
    let form = format!("a comma list of {}", Scopes::NAMES.join(", "));
    let scopes = query
        .read("scope", &form, |list| Scopes::parse(list).ok())?
        .unwrap_or(Scopes::ALL);
    query.done()?;
    app.reset(org.as_ref(), scopes)?;
    Ok(StatusCode::NO_CONTENT)
}
