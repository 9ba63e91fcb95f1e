//! The wire shape of a user: the keys of the member pages of 2026, then those of 2025 and of the
//! official SDK's model; where they disagree on a key, both are there (evidence 8.4).

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use super::{Keys, NULL, since, written};
use crate::{
    domain::{contract::Contract, group::Group, id::UserId, query::Includes, user::User},
    json::Out,
    tenant::Org,
};

/// The groups that each of some users is in, as `with=groups` shows them (list-members, evidence 8.4).
pub(in crate::http) struct Memberships<'o> {
    groups: Vec<&'o Arc<Group>>,
    /// The places in `groups` of those that a user is in.
    of: HashMap<UserId, Vec<u32>>,
}

/// Upper bound on memberships in memory at a time, unless one user has more.
const MOST: usize = 2 * 1024 * 1024;

impl<'o> Memberships<'o> {
    /// The memberships of as many of the first users as fit into the bound, at least one, and their number. Visits each group twice.
    pub(in crate::http) fn of_first(users: &[&User], org: &'o Org) -> (Self, usize) {
        let groups = org.groups().in_order();
        let mut counts: HashMap<UserId, usize> = users.iter().map(|user| (user.id, 0)).collect();
        for member in groups.iter().flat_map(|group| group.members.iter()) {
            if let Some(count) = counts.get_mut(member) {
                *count += 1;
            }
        }
        let mut sum = 0;
        let fits = |user: &&&User| {
            sum += counts[&user.id];
            sum <= MOST
        };
        let first = users.iter().take_while(fits).count().max(1);
        let first = &users[..first.min(users.len())];
        let room = |user: &&User| (user.id, Vec::with_capacity(counts[&user.id]));
        let mut of: HashMap<UserId, Vec<u32>> = first.iter().map(room).collect();
        for (group, place) in groups.iter().zip(0..) {
            for member in &group.members {
                if let Some(places) = of.get_mut(member) {
                    places.push(place);
                }
            }
        }
        (Self { groups, of }, first.len())
    }

    fn of(&self, user: UserId) -> impl Iterator<Item = &'o Group> {
        let places = self.of.get(&user).into_iter().flatten();
        places.map(|place| &**self.groups[*place as usize])
    }
}

/// A group as it stands in a user (evidence 4.1).
async fn write_embedded(group: &Group, out: &mut Out) {
    out.raw("{\"id\":");
    out.json(group.id.as_str());
    out.raw(",\"name\":");
    out.json(group.name.as_str());
    out.raw(",\"logo\":");
    out.json(&group.logo);
    out.raw(",\"members\":");
    out.list(&group.members, |out, user| out.json(&user.get()))
        .await;
    out.raw(",\"guests\":");
    out.list(&group.guests, |out, email| out.json(email.as_str()))
        .await;
    out.raw("}");
}

/// Writes the user, with their groups if those are known.
pub(in crate::http) async fn write(
    user: &User,
    org: &Org,
    memberships: Option<&Memberships<'_>>,
    with: Includes,
    contract: &Contract,
    out: &mut Out,
) {
    let mut keys = view(user, org, with, contract);
    let Some(memberships) = memberships else {
        return out.json(&keys);
    };
    // They come between the keys and the stats.
    let stats = keys.take("stats");
    out.unclosed(&keys);
    out.raw(",\"groups\":{\"data\":[");
    for (i, group) in memberships.of(user.id).enumerate() {
        out.comma(i > 0);
        write_embedded(group, out).await;
        out.pause_when_full().await;
    }
    out.raw("]}");
    if let Some(stats) = stats {
        out.raw(",\"stats\":");
        out.json(&stats);
    }
    out.raw("}");
}

/// Writes the user without the groups.
pub(super) fn view(user: &User, org: &Org, with: Includes, contract: &Contract) -> Keys {
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
    // Without declared users, the caller is the only one.
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

/// First, last and full name; if neither of the first two is given, `User` and the id.
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
