//! The wire shape of a group.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::json;

use super::{Keys, NULL, guest, user, written};
use crate::{
    clock::IdGen,
    domain::{
        contract::{Contract, GuestsInclude, TimeKeys},
        group::Group,
        guest::{Email, Guest},
        id::UserId,
        query::Includes,
        user::User,
    },
    http::envelope::Data,
    store::Org,
};

/// A group as it is answered: the keys of get-group, in its order (evidence 4.1), then the includes.
#[derive(Debug)]
pub(crate) struct GroupView {
    group: Arc<Group>,
    contract: Contract,
    users: Option<Data<Vec<Keys>>>,
    guests: Option<Data<Vec<Keys>>>,
    assets: Option<Data<Vec<Keys>>>,
}

impl GroupView {
    /// The group without includes.
    pub(crate) fn plain(group: Arc<Group>, contract: &Contract) -> Self {
        Self {
            group,
            contract: *contract,
            users: None,
            guests: None,
            assets: None,
        }
    }

    /// The group with what `with` names, wrapped in `data` as league/fractal does (evidence 3.4).
    ///
    /// A member or a guest whom nobody declares is there all the same, with made-up values.
    pub(crate) fn with(group: Arc<Group>, contract: &Contract, with: Includes, org: &Org) -> Self {
        let user = |id: &UserId| match org.user(*id) {
            Some(user) => user::view(user, org, None, with, contract),
            None => user::view(&User::undeclared(*id), org, None, with, contract),
        };
        let guest = |email: &Email| match org.guest(email) {
            Some(guest) => guest::view(guest, org, with, contract),
            None => guest::view(&Guest::from_email(email.clone()), org, with, contract),
        };
        let wrapped = |data| Data { data };
        Self {
            users: with
                .users
                .then(|| wrapped(group.members.iter().map(user).collect())),
            guests: with
                .guests
                .then(|| wrapped(group.guests.iter().map(guest).collect())),
            assets: with.assets.then(|| wrapped(assets(&group, contract))),
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

impl Serialize for GroupView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            group, contract, ..
        } = self;
        let time = |at| written(at, contract);
        let mut view = serializer.serialize_map(None)?;
        view.serialize_entry("id", group.id.as_str())?;
        view.serialize_entry("name", group.name.as_str())?;
        view.serialize_entry("description", &group.description)?;
        view.serialize_entry("logo", &group.logo)?;
        view.serialize_entry("members", &Numbers(&group.members))?;
        match (&self.guests, contract.guests_include) {
            (Some(guests), GuestsInclude::Replace) => view.serialize_entry("guests", guests)?,
            (Some(_) | None, _) => view.serialize_entry("guests", &Addresses(&group.guests))?,
        }
        view.serialize_entry("created_at", &time(group.created_at))?;
        match contract.time_keys {
            TimeKeys::LastUpdated => {
                view.serialize_entry("last_updated", &time(group.updated_at))?;
            }
            TimeKeys::UpdatedAt => {
                view.serialize_entry("updated_at", &time(group.updated_at))?;
                view.serialize_entry("deleted_at", &())?;
            }
        }
        if let Some(users) = &self.users {
            view.serialize_entry("users", users)?;
        }
        if let Some(assets) = &self.assets {
            view.serialize_entry("assets", assets)?;
        }
        view.end()
    }
}

/// The ids of users as numbers.
pub(super) struct Numbers<'a>(pub(super) &'a [UserId]);

impl Serialize for Numbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|user| user.get()))
    }
}

/// The addresses of guests.
pub(super) struct Addresses<'a>(pub(super) &'a [Email]);

impl Serialize for Addresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Email::as_str))
    }
}
