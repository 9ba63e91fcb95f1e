//! The store without HTTP: who exists, who may, and how many.

use serde_json::json;

use super::*;
use crate::domain::{
    contract::Edition,
    group::{Group, Name, Roster},
    guest::{Email, Guest},
    id::GroupId,
    user::User,
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

/// A store in which nobody is turned away.
fn open(orgs: impl IntoIterator<Item = Org>, max_organizations: usize) -> Store {
    let template: StartOrg = Box::new(|id| Org::new(id.clone(), "Started", true, Undeclared::Open));
    Store::new(orgs, Some(template), Tokens::new([]), max_organizations)
}

/// A store in which only what is declared exists.
fn closed(orgs: impl IntoIterator<Item = Org>) -> Store {
    Store::new(orgs, None, Tokens::new([]), 10)
}

fn add(store: &Store, id: &str, group: Group) -> Result<(), StoreError> {
    store.write(&store.find(&org_id(id)), |org| {
        org.place(group);
        Ok(())
    })
}

/// The names of an organization's groups, in the order in which they came.
fn names(store: &Store, id: &str) -> Result<Vec<String>, StoreError> {
    store.read(&store.find(&org_id(id)), |org| {
        let groups = org.groups().in_order();
        groups.iter().map(|it| it.name.as_str().into()).collect()
    })
}

fn ids(store: &Store) -> Vec<String> {
    store.org_ids().iter().map(OrgId::to_string).collect()
}

#[test]
fn an_organization_that_nobody_declared_is_looked_at_and_stored_only_once_written_to() {
    let store = open([org("acme")], 10);
    assert!(store.is_open());
    assert_eq!(names(&store, "globex"), Ok(vec![]));
    assert_eq!(&*store.started(&org_id("globex")).unwrap().name, "Started");
    let refused = store.write(&store.find(&org_id("globex")), |_| {
        Err::<(), _>(StoreError::NoGroup)
    });
    assert_eq!(refused, Err(StoreError::NoGroup));
    assert_eq!((store.org_count(), ids(&store)), (1, vec!["acme".into()]));
    add(&store, "globex", group("1", "Sales")).unwrap();
    add(&store, "globex", group("2", "Billing")).unwrap();
    assert_eq!(names(&store, "globex").unwrap(), ["Sales", "Billing"]);
    assert_eq!((store.org_count(), store.group_count()), (2, 2));
    add(&store, "acme", group("1", "Sales")).unwrap();
    assert_eq!((store.org_count(), store.group_count()), (2, 3));
    assert_eq!(ids(&store), ["acme", "globex"]);
    let mut seen = Vec::new();
    store.each(|org| seen.push((org.id.to_string(), org.groups().len())));
    assert_eq!(seen, [("acme".into(), 1), ("globex".into(), 2)]);
}

#[test]
fn where_the_world_is_closed_what_is_not_declared_does_not_exist() {
    let store = closed([org("acme")]);
    assert!(!store.is_open() && store.started(&org_id("globex")).is_none());
    assert_eq!(names(&store, "acme"), Ok(vec![]));
    assert_eq!(names(&store, "globex"), Err(StoreError::NoOrg));
    let added = add(&store, "globex", group("1", "Sales"));
    assert_eq!(added, Err(StoreError::NoOrg));
}

#[test]
fn there_are_as_many_organizations_as_are_allowed() {
    let store = open([], 2);
    for id in ["one", "two"] {
        add(&store, id, group("1", "Sales")).unwrap();
    }
    assert_eq!(
        add(&store, "three", group("1", "Sales")),
        Err(StoreError::Full)
    );
    assert_eq!(store.replace(org("three")), Err(StoreError::Full));
    assert_eq!(
        names(&store, "three"),
        Ok(vec![]),
        "it can still be looked at"
    );
    store.replace(org("two")).unwrap();
    assert_eq!(names(&store, "two"), Ok(vec![]), "it is another one now");
    store.remove(&org_id("one"));
    store.remove(&org_id("one"));
    assert_eq!((store.org_count(), ids(&store)), (1, vec!["two".into()]));
    store.replace(org("three")).unwrap();
    assert_eq!(store.org_count(), 2);
}

#[test]
fn several_organizations_change_together_or_not_at_all() {
    let store = open([org("acme")], 2);
    let together = |ids: &[&str], fails: bool| {
        store.change_together(
            ids.iter().map(|id| org_id(id)),
            |id| Org::new(id.clone(), "Begun", true, Undeclared::Open),
            |orgs| {
                for (i, org) in orgs.values_mut().enumerate() {
                    org.place(group(&format!("{i}-{}", org.groups().len()), "Sales"));
                }
                if fails {
                    return Err(StoreError::NoUser);
                }
                Ok(())
            },
        )
    };
    assert_eq!(together(&["acme", "globex"], true), Err(StoreError::NoUser));
    assert_eq!((store.org_count(), store.group_count()), (1, 0));
    let too_many = ["acme", "globex", "initech"];
    assert_eq!(together(&too_many, false), Err(StoreError::Full));
    assert_eq!((store.org_count(), store.group_count()), (1, 0));
    assert_eq!(together(&["globex", "acme"], false), Ok(()));
    assert_eq!((store.org_count(), store.group_count()), (2, 2));
    let found = store.find(&org_id("globex"));
    let name = store.read(&found, |org| org.name.to_string());
    assert_eq!(name.as_deref(), Ok("Begun"));
}

#[test]
fn new_organizations_are_stored_all_or_none() {
    let store = open([org("acme")], 10);
    let all = store.insert_all(vec![org("one"), org("acme"), org("two")]);
    assert_eq!(
        (all, store.org_count()),
        (Ok(false), 1),
        "one is there already"
    );
    let all = store.insert_all(vec![org("one"), org("two")]);
    assert_eq!((all, store.org_count()), (Ok(true), 3));
    assert_eq!(ids(&store), ["acme", "one", "two"]);
}

#[test]
fn what_was_found_before_a_reset_does_not_reach_what_came_after() {
    let store = open([org("acme")], 10);
    let before = store.find(&org_id("acme"));
    store.replace(org("acme")).unwrap();
    store
        .write(&before, |org| {
            org.place(group("1", "Sales"));
            Ok(())
        })
        .unwrap();
    assert_eq!(names(&store, "acme"), Ok(vec![]));
}

#[test]
fn a_token_is_good_for_its_organizations_its_user_and_its_time() {
    let declared = |secret: &str, token| (Box::from(secret), token);
    let end = "2026-03-01T09:00:00Z".parse().unwrap();
    let tokens = Tokens::new([
        declared(
            "one",
            Token {
                user: Some(user_id(7)),
                organizations: vec![org_id("acme")],
                expires_at: None,
            },
        ),
        declared(
            "ends",
            Token {
                expires_at: Some(end),
                ..Token::default()
            },
        ),
    ]);
    let secrets: Vec<_> = tokens.declared().into_iter().map(|(it, _)| it).collect();
    assert_eq!(secrets, ["ends", "one"]);
    let second = chrono::TimeDelta::seconds(1);
    assert_eq!(tokens.get("one", || end).unwrap().user, Some(user_id(7)));
    assert_eq!(tokens.get("ends", || end - second).unwrap().user, None);
    for now in [end, end + second] {
        assert_eq!(tokens.get("ends", || now), Err(TokenRefusal::Expired));
    }
    assert_eq!(tokens.get("two", || end), Err(TokenRefusal::Unknown));
    let one = tokens.get("one", || end).unwrap();
    assert!(one.is_for(&org_id("acme")) && !one.is_for(&org_id("globex")));

    let store = closed([]);
    assert!(store.tokens().get("anything", || end).is_ok());
    store.set_tokens(tokens);
    assert_eq!(
        store.tokens().get("anything", || end),
        Err(TokenRefusal::Unknown)
    );
}

#[test]
fn a_tokens_user_stands_where_the_organization_puts_him() {
    let mut acme = Org::new(org_id("acme"), "Acme", false, Undeclared::Open);
    acme.put_user(user(7, Role::Standard));
    acme.put_user(user(8, Role::Admin));
    let store = closed([acme, org("open")]);
    let standing = |id: &str, user: Option<u64>, organizations: &[&str]| {
        let token = Token {
            user: user.map(user_id),
            organizations: organizations.iter().map(|id| org_id(id)).collect(),
            expires_at: None,
        };
        let standing = store.standing(&store.find(&org_id(id)), &token)?;
        Ok((standing.user.get(), standing.role, standing.manages_groups))
    };
    assert_eq!(
        standing("acme", Some(7), &["acme"]),
        Ok((7, Role::Standard, false))
    );
    assert_eq!(standing("acme", Some(8), &[]), Ok((8, Role::Admin, true)));
    assert_eq!(standing("acme", None, &[]), Ok((8, Role::Admin, true)));
    assert_eq!(standing("open", None, &[]), Ok((1, Role::Admin, true)));
    assert_eq!(standing("open", Some(9), &[]), Ok((9, Role::Admin, true)));
    assert_eq!(standing("acme", Some(9), &[]), Err(StoreError::ForeignOrg));
    assert_eq!(
        standing("acme", Some(8), &["open"]),
        Err(StoreError::ForeignOrg)
    );
    assert_eq!(standing("nowhere", None, &[]), Err(StoreError::NoOrg));
}

#[test]
fn where_no_user_is_declared_whoever_asks_is_there_alone() {
    let mut acme = org("acme");
    let ids = |users: &[User]| users.iter().map(|user| user.id.get()).collect::<Vec<_>>();
    assert_eq!(ids(&acme.users_with(user_id(7))), [7]);
    let found = |acme: &Org, id| {
        acme.user_with(user_id(7), user_id(id))
            .map(|it| it.id.get())
    };
    assert_eq!((found(&acme, 7), found(&acme, 8)), (Some(7), None));
    acme.put_user(user(8, Role::Light));
    assert_eq!((found(&acme, 7), found(&acme, 8)), (None, Some(8)));
    assert_eq!(ids(&acme.users_with(user_id(7))), [8]);
    assert_eq!(ids(acme.users()), [8]);
    assert_eq!(acme.user(user_id(8)).unwrap().role, Role::Light);
}

#[test]
fn the_first_admin_is_whom_a_nameless_token_stands_for_also_after_a_change() {
    let mut acme = org("acme");
    assert_eq!(acme.default_user(), UserId::FIRST);
    acme.put_user(user(5, Role::Standard));
    assert_eq!(acme.default_user(), UserId::FIRST, "there is no admin");
    acme.put_user(user(6, Role::Admin));
    acme.put_user(user(7, Role::Admin));
    assert_eq!(acme.default_user().get(), 6);
    acme.put_user(user(6, Role::Light));
    assert_eq!(acme.default_user().get(), 7);
    acme.put_user(user(5, Role::Admin));
    assert_eq!(acme.default_user().get(), 5, "the first as declared");
    let order: Vec<_> = acme.users().iter().map(|user| user.id.get()).collect();
    assert_eq!(order, [5, 6, 7]);
}

#[test]
fn any_member_is_known_only_where_nobody_is_declared_and_the_world_is_open() {
    let knows = |undeclared, declared: bool, id| {
        let mut acme = Org::new(org_id("acme"), "Acme", true, undeclared);
        if declared {
            acme.put_user(user(7, Role::Admin));
        }
        acme.knows_user(user_id(id))
    };
    assert!(knows(Undeclared::Open, false, 9));
    assert!(!knows(Undeclared::Closed, false, 9));
    for undeclared in [Undeclared::Open, Undeclared::Closed] {
        assert!(knows(undeclared, true, 7) && !knows(undeclared, true, 9));
    }
}

#[test]
fn whom_a_group_names_becomes_a_guest_and_whom_a_fixture_declares_stays_as_declared() {
    let mut acme = org("acme");
    acme.put_guest(Guest {
        first_name: Some("Cleo".into()),
        ..Guest::from_email(email("cleo@partner.test"))
    });
    let guests = Box::from([email("CLEO@partner.test"), email("new@partner.test")]);
    acme.put_group(Group {
        guests,
        ..group("1", "Sales")
    });
    let known: Vec<_> = acme.guests().map(|guest| guest.email.as_str()).collect();
    assert_eq!(known, ["cleo@partner.test", "new@partner.test"]);
    let cleo = acme.guest(&email("Cleo@Partner.test")).unwrap();
    assert_eq!(cleo.first_name.as_deref(), Some("Cleo"));
}

#[test]
fn a_group_that_is_put_takes_the_place_of_the_one_with_its_id() {
    let mut acme = org("acme");
    assert!(acme.groups().is_empty());
    acme.put_group(group("1", "Sales"));
    acme.put_group(group("2", "Billing"));
    acme.put_group(group("1", "Support"));
    assert!(!acme.groups().is_empty());
    let names: Vec<_> = acme
        .groups()
        .in_order()
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["Support", "Billing"]);
    assert!(!acme.name_taken(&Name::parse("Sales").unwrap()));
}

#[test]
fn an_update_keeps_its_own_name_and_takes_members_whom_the_organization_knows() {
    let mut acme = org("acme");
    acme.put_user(user(7, Role::Admin));
    acme.place(group("1", "Sales"));
    acme.place(group("2", "Billing"));
    let now = "2026-03-02T09:00:00Z".parse().unwrap();
    let mut update = |body: serde_json::Value| {
        let id = GroupId::parse("1").unwrap();
        acme.update(&id, body.as_object().unwrap(), now)
    };
    let updated = update(json!({ "name": "Sales", "members": [7] })).unwrap();
    assert_eq!(*updated.members, [user_id(7)]);
    for refused in [json!({ "members": [9] }), json!({ "name": "Billing" })] {
        let answer = update(refused.clone());
        assert!(matches!(answer, Err(StoreError::Invalid(_))), "{refused}");
    }
}

#[test]
fn ids_go_on_from_where_they_were_and_one_that_is_taken_is_passed_over() {
    let mut acme = org("acme");
    acme.set_id_sequence(5);
    acme.put_group(group("6", "Taken"));
    let contract = Edition::August2025.contract();
    let then = "2026-03-01T09:00:00Z".parse().unwrap();
    let mut create = |name: &str| {
        let fields = json!({ "name": name }).as_object().unwrap().clone();
        let new_id = |_: &OrgId, number: u64| GroupId::parse(&number.to_string()).unwrap();
        let group = acme.insert(&fields, &contract, then, new_id).unwrap();
        (group.id.to_string(), acme.id_sequence())
    };
    assert_eq!(create("Sales"), ("5".into(), 6));
    assert_eq!(create("Billing"), ("7".into(), 8));
    acme.set_id_sequence(0);
    assert_eq!(acme.id_sequence(), 0);
}
