//! The wire shape of a user: the keys of the member pages of 2026, then those of 2025 and of the
//! official SDK's model; where they disagree on a key, both are there (evidence 8.4).

use std::collections::HashMap;

use serde_json::Value;

use super::{Keys, NULL, Part, since, written};
use crate::{
    domain::{
        contract::Contract, group::Group, guest::Email, id::UserId, query::Includes, user::User,
    },
    tenant::Org,
};

/// The groups that each of some users is in, as `with=groups` shows them (list-members, evidence 8.4).
pub(in crate::http) struct Memberships(HashMap<UserId, Vec<Keys>>);

impl Memberships {
    /// Those of these users, where the groups are asked for; looks at each group once.
    pub(in crate::http) fn of(users: &[&User], org: &Org, with: Includes) -> Option<Self> {
        if !with.groups {
            return None;
        }
        let mut groups: HashMap<UserId, Vec<Keys>> =
            users.iter().map(|user| (user.id, Vec::new())).collect();
        for group in org.groups().in_order() {
            for member in &group.members {
                if let Some(groups) = groups.get_mut(member) {
                    groups.push(embedded(group));
                }
            }
        }
        Some(Self(groups))
    }
}

/// A group as it stands in a user (evidence 4.1).
fn embedded(group: &Group) -> Keys {
    let members: Vec<u64> = group.members.iter().map(|user| user.get()).collect();
    let guests: Vec<&str> = group.guests.iter().map(Email::as_str).collect();
    Keys(vec![
        ("id", group.id.as_str().into()),
        ("name", group.name.as_str().into()),
        ("logo", group.logo.as_deref().into()),
        ("members", members.into()),
        ("guests", guests.into()),
    ])
}

/// The user, all of it.
pub(in crate::http) fn view(
    user: &User,
    org: &Org,
    memberships: Option<&Memberships>,
    with: Includes,
    contract: &Contract,
) -> Keys {
    let given = |key: &str| user.details.get(key).cloned();
    let [first_name, last_name, full_name] = names(user);
    let role = user.role.name();
    let is_active = user.is_active();
    let made_up_at = || {
        if user.is_made_up {
            written(org.started_at, contract).into()
        } else {
            since(contract)
        }
    };
    let created_at = given("created_at").unwrap_or_else(made_up_at);
    let updated_at = given("updated_at").or_else(|| given("last_updated"));
    let updated_at = updated_at.unwrap_or_else(|| created_at.clone());
    let activated_at = if is_active {
        created_at.clone()
    } else {
        Value::Null
    };
    // Where nobody is declared, whoever is there all the same is the caller, alone.
    let is_alone = org.users().is_empty() && !user.is_made_up;
    let is_default_admin = is_alone || org.default_user() == user.id;
    let keys = Keys(vec![
        ("id", user.id.get().into()),
        ("email", user.email.as_str().into()),
        ("username", user.email.as_str().into()),
        ("first_name", first_name.into()),
        ("last_name", last_name.into()),
        ("full_name", full_name.into()),
        ("profile_pic", NULL),
        ("country_id", NULL),
        ("is_active", is_active.into()),
        ("last_login_at", NULL),
        ("activated_at", activated_at.into()),
        ("type", NULL),
        ("created_at", created_at.into()),
        ("updated_at", updated_at.clone().into()),
        ("phone", NULL),
        ("job_title", NULL),
        ("timezone", "UTC".into()),
        ("UTC_offset", "+00:00".into()),
        ("role", role.into()),
        (
            "status",
            if is_active { "active" } else { "disabled" }.into(),
        ),
        ("date_format", NULL),
        ("is_default_admin", is_default_admin.into()),
        ("active", is_active.into()),
        ("is_suspended", false.into()),
        ("last_updated", updated_at.into()),
        ("support_user", false.into()),
        ("job_description", NULL),
        ("team", NULL),
        ("approved_at", NULL),
        ("invited_by", NULL),
        ("disabled_at", NULL),
        ("disabled_by", NULL),
        ("reactivated_at", NULL),
        ("reactivated_by", NULL),
        ("locale", "en".into()),
        ("last_accessed_at", NULL),
        ("last_known_ip", NULL),
        ("last_known_country", NULL),
        ("user_role", role.into()),
    ]);
    let mut keys = keys.filled(&user.details);
    if let Some(Memberships(groups)) = memberships {
        let data = groups.get(&user.id).cloned().unwrap_or_default();
        keys.0.push(("groups", Part::Include { data }));
    }
    if let Some(stats) = user.details.get("stats").filter(|_| with.stats) {
        keys.push("stats", stats.clone());
    }
    keys
}

/// The keys of `GET /me` (evidence 8.1).
pub(in crate::http) fn myself(user: &User) -> Keys {
    let [first_name, last_name, _] = names(user);
    let keys = Keys(vec![
        ("id", user.id.get().into()),
        ("email", user.email.as_str().into()),
        ("username", user.email.as_str().into()),
        ("first_name", first_name.into()),
        ("last_name", last_name.into()),
        ("timezone", "UTC".into()),
    ]);
    keys.filled(&user.details)
}

/// The keys of an entry of `users-list` (assumed: what a list to choose from needs, evidence 8.4).
pub(in crate::http) fn name(user: &User) -> Keys {
    let [first_name, last_name, full_name] = names(user);
    let keys = Keys(vec![
        ("id", user.id.get().into()),
        ("email", user.email.as_str().into()),
        ("username", user.email.as_str().into()),
        ("first_name", first_name.into()),
        ("last_name", last_name.into()),
        ("full_name", full_name.into()),
        ("profile_pic", NULL),
    ]);
    keys.filled(&user.details)
}

/// First, last and full name; where neither of the first two is given, `User` and the id.
fn names(user: &User) -> [String; 3] {
    let (first, last) = match (user.first_name.as_deref(), user.last_name.as_deref()) {
        (None, None) => ("User".into(), user.id.get().to_string()),
        (first, last) => (
            first.unwrap_or_default().to_owned(),
            last.unwrap_or_default().to_owned(),
        ),
    };
    let full = format!("{first} {last}").trim().to_owned();
    [first, last, full]
}
