//! The wire shape of each entity. Editions and includes are applied here and nowhere else.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use super::envelope::Data;
use crate::{
    domain::{
        contract::{Contract, GuestsInclude, TimeFormat, TimeKeys},
        group::Group,
        guest::{Email, Guest},
        id::UserId,
        query::Includes,
        user::User,
    },
    store::Org,
};

/// A group as it is answered: the keys of get-group, in its order (evidence 4.1), then the includes.
#[derive(Debug)]
pub(super) struct GroupView {
    group: Arc<Group>,
    contract: Contract,
    users: Option<Data<Vec<UserView>>>,
    guests: Option<Data<Vec<GuestView>>>,
    assets: Option<Data<[(); 0]>>,
}

impl GroupView {
    /// The group without includes.
    pub(super) fn plain(group: Arc<Group>, contract: Contract) -> Self {
        Self {
            group,
            contract,
            users: None,
            guests: None,
            assets: None,
        }
    }

    /// The group with what `with` names, wrapped in `data` as league/fractal does (evidence 3.4).
    pub(super) fn with(group: Arc<Group>, contract: Contract, with: Includes, org: &Org) -> Self {
        let users = with.users.then(|| {
            group
                .members
                .iter()
                .map(|id| UserView::of(*id, org.user(*id)))
                .collect()
        });
        let guests = with.guests.then(|| {
            let guest = |email| {
                org.guest(email)
                    .cloned()
                    .unwrap_or_else(|| Guest::from_email(email.clone()))
            };
            group
                .guests
                .iter()
                .map(|email| GuestView::of(&guest(email)))
                .collect()
        });
        Self {
            users: users.map(|data| Data { data }),
            guests: guests.map(|data| Data { data }),
            assets: with.assets.then_some(Data { data: [] }),
            ..Self::plain(group, contract)
        }
    }
}

impl Serialize for GroupView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            group, contract, ..
        } = self;
        let time = |at| written(at, contract.time_format);
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

struct Numbers<'a>(&'a [UserId]);

impl Serialize for Numbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|user| user.get()))
    }
}

struct Addresses<'a>(&'a [Email]);

impl Serialize for Addresses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Email::as_str))
    }
}

/// A time as the contract writes it (evidence 6).
fn written(at: DateTime<Utc>, format: TimeFormat) -> String {
    let format = match format {
        TimeFormat::Seconds => SecondsFormat::Secs,
        TimeFormat::Millis => SecondsFormat::Millis,
        TimeFormat::Micros => SecondsFormat::Micros,
    };
    at.to_rfc3339_opts(format, true)
}

/// A user as `with=users` shows it (evidence 8.4); an id that nobody declares is an id and no more.
#[derive(Debug, Serialize)]
pub(super) struct UserView {
    id: u64,
    email: Option<String>,
    first_name: Option<Box<str>>,
    last_name: Option<Box<str>>,
    full_name: Option<String>,
    role: Option<&'static str>,
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl UserView {
    fn of(id: UserId, user: Option<&User>) -> Self {
        let mut details = user.map(|user| user.details.clone()).unwrap_or_default();
        let given = details
            .remove("full_name")
            .and_then(|name| name.as_str().map(str::to_owned));
        Self {
            id: id.get(),
            email: user.map(|user| user.email.as_str().to_owned()),
            first_name: user.and_then(|user| user.first_name.clone()),
            last_name: user.and_then(|user| user.last_name.clone()),
            full_name: given.or_else(|| {
                user.map(|user| full_name(user.first_name.as_deref(), user.last_name.as_deref()))
            }),
            role: user.map(|user| user.role.name()),
            details,
        }
    }
}

fn full_name(first: Option<&str>, last: Option<&str>) -> String {
    first.into_iter().chain(last).collect::<Vec<_>>().join(" ")
}

/// A guest as `with=guests` shows it (evidence 8.5).
#[derive(Debug, Serialize)]
pub(super) struct GuestView {
    email: String,
    first_name: Option<Box<str>>,
    last_name: Option<Box<str>>,
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl GuestView {
    fn of(guest: &Guest) -> Self {
        Self {
            email: guest.email.as_str().to_owned(),
            first_name: guest.first_name.clone(),
            last_name: guest.last_name.clone(),
            details: guest.details.clone(),
        }
    }
}
