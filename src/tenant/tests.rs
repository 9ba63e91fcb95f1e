//! Tenants without HTTP: who exists, who may, how many, and what a reset leaves of it.

mod groups;
mod listeners;
mod organizations;
mod people;

use std::collections::BTreeMap;

use serde_json::json;

use super::{journal::Filter, rules::Rule, *};
use crate::{
    config::Limits,
    domain::{
        contract::Edition,
        grant::{GrantRequest, Parameters},
        group::{Group, Name, Roster},
        guest::{Email, Guest, Profile},
        id::{GroupId, UserId},
        user::{Role, User},
    },
};

fn org_id(id: &str) -> OrgId {
    OrgId::parse(id).unwrap()
}

fn user_id(id: u64) -> UserId {
    UserId::new(id).unwrap()
}

fn email(address: &str) -> Email {
    Email::parse(address).unwrap()
}

fn org(id: &str) -> Org {
    Org::new(org_id(id), id, true, Undeclared::Open)
}

fn user(id: u64, role: Role) -> User {
    User {
        role,
        ..User::undeclared(user_id(id))
    }
}

fn group(id: &str, name: &str) -> Group {
    let then = "2026-03-01T09:00:00Z".parse().unwrap();
    Group {
        id: GroupId::parse(id).unwrap(),
        name: Name::parse(name).unwrap(),
        description: None,
        logo: None,
        members: Box::default(),
        guests: Box::default(),
        created_at: then,
        updated_at: then,
    }
}

/// Tenants of which these are stored, in a world where nobody is turned away.
fn open(orgs: impl IntoIterator<Item = Org>, max_organizations: usize) -> Tenants {
    let template = Template {
        seed: OrgSeed {
            name: Some("Started".into()),
            ..OrgSeed::default()
        },
        start: DateTime::UNIX_EPOCH,
    };
    let start = Start {
        max_organizations,
        ..Start::default()
    };
    Tenants::new(start, &baseline(orgs, Some(template)))
}

/// Tenants in a world where only what is declared exists.
fn closed(orgs: impl IntoIterator<Item = Org>) -> Tenants {
    Tenants::new(Start::default(), &baseline(orgs, None))
}

fn baseline(orgs: impl IntoIterator<Item = Org>, template: Option<Template>) -> Baseline {
    Baseline {
        orgs: orgs.into_iter().collect(),
        tokens: Arc::default(),
        template: template.map(Arc::new),
    }
}

fn find(tenants: &Tenants, id: &str) -> Held {
    tenants.find(Some(&org_id(id)))
}

fn add(tenants: &Tenants, id: &str, group: Group) -> Result<(), Refusal> {
    tenants.write(&find(tenants, id), |org| {
        org.place(group);
        Ok(())
    })
}

fn names(tenants: &Tenants, id: &str) -> Result<Vec<String>, Refusal> {
    find(tenants, id).org().map(|org| {
        let groups = org.groups().in_order();
        groups.iter().map(|it| it.name.as_str().into()).collect()
    })
}

fn ids(tenants: &Tenants) -> Vec<String> {
    tenants.org_ids().iter().map(OrgId::to_string).collect()
}

fn groups(tenants: &Tenants) -> usize {
    tenants.stored().iter().map(|org| org.groups().len()).sum()
}

/// Somebody asks an organization, or none.
fn request(tenants: &Tenants, id: Option<&str>) {
    let org = id.map(org_id);
    tenants.find(org.as_ref()).requests().record(journal::Seen {
        at: DateTime::UNIX_EPOCH,
        operation: None,
        org: org.as_ref(),
        method: "GET",
        path: "/",
        query: None,
        headers: &mut std::iter::empty(),
        body: None,
        body_was_read: false,
        status: Some(200),
        response: None,
        response_length: None,
        duration: std::time::Duration::ZERO,
        fault: None,
        reason: None,
        client_gone: false,
        redactor: &journal::Redactor::new(None),
    });
}

/// A rule of an organization's that strikes for ever.
fn rule(id: &str) -> Rule {
    let steps = json!({ "steps": [{ "times": "always", "status": 503 }] });
    Rule::parse("r", Some(org_id(id)), &steps).unwrap()
}
