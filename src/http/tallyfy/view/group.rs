//! The wire shape of a group.

use std::borrow::Cow;

use serde_json::json;

use super::{Keys, NULL, guest, user, write_time, written};
use crate::{
    domain::{
        contract::{Contract, GuestsInclude, TimeKeys},
        group::Group,
        guest::{Email, Guest},
        id::UserId,
        query::Includes,
        user::User,
    },
    http::json::{View, write_json, write_list},
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
    /// By hand: a list has up to a hundred of them.
    fn write(&self, out: &mut Vec<u8>) {
        let Self {
            group, contract, ..
        } = self;
        out.extend_from_slice(b"{\"id\":");
        write_json(out, &group.id.as_str());
        out.extend_from_slice(b",\"name\":");
        write_json(out, &group.name.as_str());
        out.extend_from_slice(b",\"description\":");
        write_json(out, &group.description);
        out.extend_from_slice(b",\"logo\":");
        write_json(out, &group.logo);
        out.extend_from_slice(b",\"members\":");
        write_list(out, &group.members, |out, user| {
            write_json(out, &user.get());
        });
        if let (Some(guests), GuestsInclude::Replace) = (&self.guests, contract.guests_include) {
            include(out, "guests", guests);
        } else {
            out.extend_from_slice(b",\"guests\":");
            write_list(out, &group.guests, |out, email| {
                write_json(out, &email.as_str());
            });
        }
        out.extend_from_slice(b",\"created_at\":");
        write_time(out, group.created_at, contract);
        out.extend_from_slice(match contract.time_keys {
            TimeKeys::LastUpdated => b",\"last_updated\":",
            TimeKeys::UpdatedAt => b",\"updated_at\":",
        });
        write_time(out, group.updated_at, contract);
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

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::{collection::vec, option, prelude::*};
    use serde::Serialize;

    use super::*;
    use crate::{
        domain::{
            contract::{Edition, TimeFormat},
            group::Name,
            id::{GroupId, OrgId},
        },
        tenant::{Token, Undeclared},
    };

    /// The same as serde derives it.
    #[derive(Serialize)]
    struct Derived<'a> {
        id: &'a str,
        name: &'a str,
        description: Option<&'a str>,
        logo: Option<&'a str>,
        members: Vec<u64>,
        guests: Guests<'a>,
        created_at: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        last_updated: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        updated_at: Option<String>,
        /// What there is of it is always null.
        #[serde(skip_serializing_if = "Option::is_none")]
        deleted_at: Option<()>,
        #[serde(skip_serializing_if = "Option::is_none")]
        users: Option<Include<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        assets: Option<Include<'a>>,
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Guests<'a> {
        Addresses(Vec<&'a str>),
        Include(Include<'a>),
    }

    #[derive(Serialize)]
    struct Include<'a> {
        data: &'a [Keys],
    }

    impl<'a> Derived<'a> {
        fn of(view: &'a GroupView<'a>) -> Self {
            let GroupView {
                group, contract, ..
            } = view;
            let include = |views: &'a Option<Vec<Keys>>| {
                Some(Include {
                    data: views.as_ref()?,
                })
            };
            let is_old = contract.time_keys == TimeKeys::UpdatedAt;
            let updated_at = written(group.updated_at, contract);
            let guests = include(&view.guests)
                .filter(|_| contract.guests_include == GuestsInclude::Replace)
                .map_or_else(
                    || Guests::Addresses(group.guests.iter().map(Email::as_str).collect()),
                    Guests::Include,
                );
            Self {
                id: group.id.as_str(),
                name: group.name.as_str(),
                description: group.description.as_deref(),
                logo: group.logo.as_deref(),
                members: group.members.iter().map(|user| user.get()).collect(),
                guests,
                created_at: written(group.created_at, contract),
                last_updated: (!is_old).then(|| updated_at.clone()),
                updated_at: is_old.then_some(updated_at),
                deleted_at: is_old.then_some(()),
                users: include(&view.users),
                assets: include(&view.assets),
            }
        }
    }

    /// Anything that JSON escapes, and what it does not.
    const TEXT: &str = "[ -~é\u{0}-\u{1f}\u{7f}\u{2028}\u{10000}]{0,20}";

    prop_compose! {
        fn any_group()(
            id in "[0-9a-f]{32}|[A-Za-z0-9_-]{1,40}",
            name in TEXT.prop_filter_map("a name", |text| Name::parse(&text)),
            description in option::of(TEXT),
            logo in option::of(TEXT),
            members in vec((1..1_u64 << 53).prop_map(|id| UserId::new(id).unwrap()), 0..4),
            guests in vec("([a-z'+]{1,8}|\"[a-z ]{1,8}\")@[a-z]{1,8}\\.test".prop_map(|text| Email::parse(&text).unwrap()), 0..4),
            created_at in -70_000_000_000_000_000_i64..260_000_000_000_000_000,
            later in prop_oneof![Just(0), 0..100_000_000_000_i64],
        ) -> Group {
            let at = |micros| DateTime::from_timestamp_micros(micros).unwrap();
            Group {
                id: GroupId::parse(&id).unwrap(),
                name,
                description: description.map(Into::into),
                logo: logo.map(Into::into),
                members: members.into(),
                guests: guests.into(),
                created_at: at(created_at),
                updated_at: at(created_at + later),
            }
        }
    }

    prop_compose! {
        fn any_contract()(
            time_keys in prop_oneof![Just(TimeKeys::LastUpdated), Just(TimeKeys::UpdatedAt)],
            time_format in prop_oneof![Just(TimeFormat::Seconds), Just(TimeFormat::Millis), Just(TimeFormat::Micros)],
            guests_include in prop_oneof![Just(GuestsInclude::Replace), Just(GuestsInclude::Keep)],
        ) -> Contract {
            Contract { time_keys, time_format, guests_include, ..Edition::March2026.contract() }
        }
    }

    prop_compose! {
        fn any_includes()([assets, users, guests, stats] in any::<[bool; 4]>()) -> Includes {
            Includes { assets, users, guests, stats, groups: false }
        }
    }

    proptest! {
        #[test]
        fn a_group_is_written_as_serde_writes_it(group in any_group(), contract in any_contract(), with in any_includes()) {
            let org = Org::new(OrgId::parse("acme").unwrap(), "Acme", true, Undeclared::Open);
            let standing = org.standing(&Token::default()).unwrap();
            for view in [GroupView::plain(&group, &contract), GroupView::with(&group, &contract, with, &org, &standing)] {
                let mut out = Vec::new();
                view.write(&mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&Derived::of(&view)).unwrap());
            }
        }
    }
}
