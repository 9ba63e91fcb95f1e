//! `contract`: how this mock answers, and whom it knows.

use axum::Json as Answer;
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{ask::Asked, problem::Problem};
use crate::{
    domain::id::{OrgId, UserId},
    state::AppState,
    tenant::{Org, Token},
};

/// The edition, every switch with its value, and the tokens without their secrets.
pub(super) fn show(app: &AppState, asked: Asked) -> Result<Answer<Value>, Problem> {
    asked.query.done()?;
    let of_edition = app.edition.contract();
    let switches = app.contract.values().zip(of_edition.values());
    let switches = switches.map(|((key, value), (_, of_edition))| {
        json!({ "key": key, "value": value, "of_edition": of_edition, "differs": value != of_edition })
    });
    let switches: Vec<Value> = switches.collect();
    let tokens = app.tenants.tokens();
    let tokens = tokens.declared().into_iter().zip(1..);
    let tokens: Vec<Value> = tokens
        .map(|((_, token), number)| declared(app, token, number))
        .collect();
    Ok(Answer(json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "instance": app.instance.simple().to_string(),
        "edition": app.edition.name(),
        "strict": app.is_strict(),
        "endpoints": super::known(),
        "switches": switches,
        "tokens": tokens,
    })))
}

/// A token that is declared: its number among them, its user, and what that user may do where it is good.
fn declared(app: &AppState, token: &Token, number: usize) -> Value {
    let right = |id: &OrgId| {
        let role = |org: &Org| {
            let user = token.user.unwrap_or_else(|| org.default_user());
            let role = org.role(user)?;
            Some((role.name(), role.manages_groups(org.allow_manage_groups)))
        };
        let found = app
            .tenants
            .look_at(id)
            .org()
            .ok()
            .and_then(|org| role(&org));
        let (role, manages_groups) = found.unzip();
        json!({ "org": id.as_str(), "role": role, "manages_groups": manages_groups })
    };
    let rights: Vec<Value> = token.organizations.iter().map(right).collect();
    let expires_at = token.expires_at;
    json!({
        "token": format!("token {number}"),
        "user": token.user.map(UserId::get),
        "organizations": token.organizations.iter().map(OrgId::as_str).collect::<Vec<_>>(),
        "rights": rights,
        "expires_at": expires_at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
    })
}
