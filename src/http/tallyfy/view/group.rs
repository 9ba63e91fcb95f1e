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
    json::Out,
    tenant::{IdGen, Org, Standing},
};

/// The view of a group: the keys of get-group in its order (evidence 4.1), then the includes.
#[derive(Debug)]
pub(crate) struct GroupView<'a> {
    group: &'a Group,
    contract: &'a Contract,
    with: Includes,
    /// The organization and the caller, if there are includes.
    seen: Option<(&'a Org, &'a Standing)>,
}

impl<'a> GroupView<'a> {
    /// The group without includes.
    pub(crate) fn plain(group: &'a Group, contract: &'a Contract) -> Self {
        Self {
            group,
            contract,
            with: Includes::default(),
            seen: None,
        }
    }

    /// The group with what `with` names, wrapped in `data` as league/fractal does (evidence 3.4).
    pub(crate) fn with(
        group: &'a Group,
        contract: &'a Contract,
        with: Includes,
        org: &'a Org,
        standing: &'a Standing,
    ) -> Self {
        Self {
            with,
            seen: Some((org, standing)),
            ..Self::plain(group, contract)
        }
    }

    /// Writes it by hand: serde's derive costs a list of ten 1 µs more, 5 to 7 % (2026-11-25).
    pub(in crate::http) async fn write(&self, out: &mut Out) {
        let Self {
            group,
            contract,
            with,
            seen,
        } = *self;
        out.raw("{\"id\":");
        out.json(group.id.as_str());
        out.raw(",\"name\":");
        out.json(group.name.as_str());
        out.raw(",\"description\":");
        match &group.description {
            Some(description) => out.text(description).await,
            None => out.raw("null"),
        }
        out.raw(",\"logo\":");
        out.json(&group.logo);
        out.raw(",\"members\":");
        out.list(&group.members, |out, user| out.json(&user.get()))
            .await;
        match seen {
            Some((org, _)) if with.guests && contract.guests_include == GuestsInclude::Replace => {
                self.include_guests(out, org).await;
            }
            _ => {
                out.raw(",\"guests\":");
                out.list(&group.guests, |out, email| out.json(email.as_str()))
                    .await;
            }
        }
        out.raw(",\"created_at\":");
        write_time(out, group.created_at, contract);
        out.raw(match contract.time_keys {
            TimeKeys::LastUpdated => ",\"last_updated\":",
            TimeKeys::UpdatedAt => ",\"updated_at\":",
        });
        write_time(out, group.updated_at, contract);
        if contract.time_keys == TimeKeys::UpdatedAt {
            out.raw(",\"deleted_at\":null");
        }
        if let Some((org, standing)) = seen.filter(|_| with.users) {
            self.include_users(out, org, standing).await;
        }
        if with.assets {
            out.raw(",\"assets\":{\"data\":");
            out.json(&assets(group, contract));
            out.raw("}");
        }
        out.raw("}");
    }

    /// The members as users. An undeclared one has made-up values.
    async fn include_users(&self, out: &mut Out, org: &Org, standing: &Standing) {
        let view = |id: &UserId| {
            let made_up = || Cow::Owned(User::undeclared(*id));
            let user = org.user_with(standing, *id).unwrap_or_else(made_up);
            user::view(&user, org, self.with, self.contract)
        };
        out.raw(",\"users\":{\"data\":[");
        out.items(self.group.members.iter().map(view)).await;
        out.raw("]}");
    }

    /// The guests. An undeclared one has made-up values.
    async fn include_guests(&self, out: &mut Out, org: &Org) {
        let view = |email: &Email| {
            let made_up = || Cow::Owned(Guest::from_email(email.clone(), None));
            let guest = org.guest(email).map_or_else(made_up, Cow::Borrowed);
            guest::view(&guest, org, self.with, self.contract)
        };
        out.raw(",\"guests\":{\"data\":[");
        out.items(self.group.guests.iter().map(view)).await;
        out.raw("]}");
    }
}

/// The logo's file, if a fixture gives a logo: the keys of get-file-metadata (evidence 3.4).
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
            guest::Email,
            id::{GroupId, OrgId, UserId},
        },
        tenant::{Token, Undeclared},
    };

    /// The same view, as serde derives it.
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
        /// A member that is always null.
        #[serde(skip_serializing_if = "Option::is_none")]
        deleted_at: Option<()>,
        #[serde(skip_serializing_if = "Option::is_none")]
        users: Option<Include>,
        #[serde(skip_serializing_if = "Option::is_none")]
        assets: Option<Include>,
    }

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Guests<'a> {
        Addresses(Vec<&'a str>),
        Include(Include),
    }

    #[derive(Serialize)]
    struct Include {
        data: Vec<Keys>,
    }

    impl<'a> Derived<'a> {
        fn of(view: &'a GroupView<'a>) -> Self {
            let GroupView {
                group,
                contract,
                with,
                seen,
            } = *view;
            // No user is declared here, so all are made up.
            let users = seen.filter(|_| with.users).map(|(org, _)| Include {
                data: (group.members.iter())
                    .map(|id| user::view(&User::undeclared(*id), org, with, contract))
                    .collect(),
            });
            let guests = seen.filter(|_| with.guests).map(|(org, _)| Include {
                data: (group.guests.iter())
                    .map(|email| Guest::from_email(email.clone(), None))
                    .map(|guest| guest::view(&guest, org, with, contract))
                    .collect(),
            });
            let is_old = contract.time_keys == TimeKeys::UpdatedAt;
            let updated_at = written(group.updated_at, contract);
            let guests = guests
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
                users,
                assets: with.assets.then(|| Include {
                    data: assets(group, contract),
                }),
            }
        }
    }

    /// Characters that JSON escapes, and others.
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
                let out = Out::all(async |out: &mut Out| view.write(out).await);
                prop_assert_eq!(out, serde_json::to_string(&Derived::of(&view)).unwrap());
            }
        }
    }
}
