//! The wire shape of a group.

use std::{borrow::Cow, hint::black_box};

use serde_json::json;

use super::{
    Keys, NULL, View, guest, user, write_json, write_list, write_text, write_time, written,
};
use crate::{
    domain::{
        contract::{Contract, GuestsInclude, TimeKeys},
        group::Group,
        guest::{Email, Guest},
        id::UserId,
        query::Includes,
        user::User,
    },
    tenant::{IdGen, Org, Standing},
};

/// A group as it is answered: the keys of get-group, in its order (evidence 4.1), then the includes.
#[derive(Debug)]
pub(crate) struct GroupView<'a> {
    group: &'a Group,
    contract: &'a Contract,
    users: Option<Vec<Keys>>,
    guests: Option<Vec<Keys>>,
    assets: Option<Vec<Keys>>,
}

impl<'a> GroupView<'a> {
    /// The group without includes.
    pub(crate) fn plain(group: &'a Group, contract: &'a Contract) -> Self {
        Self {
            group,
            contract,
            users: None,
            guests: None,
            assets: None,
        }
    }

    /// The group with what `with` names, wrapped in `data` as league/fractal does (evidence 3.4).
    ///
    /// A member or a guest whom nobody declares is there all the same, with made-up values.
    pub(crate) fn with(
        group: &'a Group,
        contract: &'a Contract,
        with: Includes,
        org: &Org,
        standing: &Standing,
    ) -> Self {
        let user = |id: &UserId| {
            let made_up = || Cow::Owned(User::undeclared(*id));
            let user = org.user_with(standing, *id).unwrap_or_else(made_up);
            user::view(&user, org, None, with, contract)
        };
        let guest = |email: &Email| match org.guest(email) {
            Some(guest) => guest::view(guest, org, with, contract),
            None => guest::view(&Guest::from_email(email.clone(), None), org, with, contract),
        };
        Self {
            users: with.users.then(|| group.members.iter().map(user).collect()),
            guests: with
                .guests
                .then(|| group.guests.iter().map(guest).collect()),
            assets: with.assets.then(|| assets(group, contract)),
            ..Self::plain(group, contract)
        }
    }
}

/// The logo's file, where a fixture gives a logo: the keys of get-file-metadata (evidence 3.4).
fn assets(group: &Group, contract: &Contract) -> Vec<Keys> {
    let asset = |logo: &str| {
        Keys(vec![
            ("id", IdGen::derived(group.id.as_str(), logo).into()),
            ("filename", logo.rsplit('/').next().into()),
            ("version", 1.into()),
            ("uploaded_from", "group".into()),
            ("uploaded_at", written(group.created_at, contract).into()),
            ("step_id", NULL),
            ("source", "local".into()),
            ("system", NULL),
            ("uploaded_to_s3", true.into()),
            (
                "subject",
                json!({ "id": group.id.as_str(), "type": "Group" }).into(),
            ),
        ])
    };
    group.logo.as_deref().map(asset).into_iter().collect()
}

impl View for GroupView<'_> {
    fn length(&self) -> usize {
        let length = |text: &str| {
            black_box(text.bytes().next());
            text.len()
        };
        let group = self.group;
        black_box(group.members.first());
        // The keys and both times; then what differs from group to group.
        176 + group.id.as_bytes().len()
            + length(group.name.as_str())
            + group.description.as_deref().map_or(0, length)
            + group.members.len() * 8
            + group
                .guests
                .iter()
                .map(|email| 3 + length(email.as_str()))
                .sum::<usize>()
    }

    /// By hand: a list has up to a hundred of them.
    fn write(&self, out: &mut Vec<u8>) {
        let Self {
            group, contract, ..
        } = self;
        // An id needs no escapes.
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(group.id.as_bytes());
        out.extend_from_slice(b"\",\"name\":");
        write_text(out, group.name.as_str());
        out.extend_from_slice(b",\"description\":");
        write_optional(out, group.description.as_deref());
        out.extend_from_slice(b",\"logo\":");
        write_optional(out, group.logo.as_deref());
        out.extend_from_slice(b",\"members\":");
        write_list(out, &group.members, |out, user| {
            write_json(out, &user.get());
        });
        if let (Some(guests), GuestsInclude::Replace) = (&self.guests, contract.guests_include) {
            include(out, "guests", guests);
        } else {
            out.extend_from_slice(b",\"guests\":");
            write_list(out, &group.guests, |out, email| {
                write_text(out, email.as_str());
            });
        }
        out.extend_from_slice(b",\"created_at\":");
        let created_at = out.len();
        write_time(out, group.created_at, contract);
        let created_at = created_at..out.len();
        out.extend_from_slice(match contract.time_keys {
            TimeKeys::LastUpdated => b",\"last_updated\":",
            TimeKeys::UpdatedAt => b",\"updated_at\":",
        });
        if group.updated_at == group.created_at {
            out.extend_from_within(created_at);
        } else {
            write_time(out, group.updated_at, contract);
        }
        if contract.time_keys == TimeKeys::UpdatedAt {
            out.extend_from_slice(b",\"deleted_at\":null");
        }
        for (name, views) in [("users", &self.users), ("assets", &self.assets)] {
            if let Some(views) = views {
                include(out, name, views);
            }
        }
        out.push(b'}');
    }
}

/// What was asked for by name, wrapped as league/fractal does (evidence 3.4).
fn include(out: &mut Vec<u8>, name: &str, views: &Vec<Keys>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":{\"data\":");
    views.write(out);
    out.push(b'}');
}

fn write_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => write_text(out, text),
        None => out.extend_from_slice(b"null"),
    }
}
