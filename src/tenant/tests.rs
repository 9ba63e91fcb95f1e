//! Tenants without HTTP: who exists, who may, how many, and what a reset leaves of it.

use std::collections::BTreeMap;

use serde_json::json;

use super::{journal::Filter, rules::Rule, *};
use crate::domain::{
    contract::Edition,
    group::{Group, Name, Roster},
    guest::{Email, Guest, Profile},
    id::{GroupId, UserId},
    user::{Role, User},
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

/// A rule of an organization's that strikes for ever.
fn rule(id: &str) -> Rule {
    let steps = json!({ "steps": [{ "times": "always", "status": 503 }] });
    Rule::parse("r", Some(org_id(id)), &steps).unwrap()
}

#[test]
fn an_organization_that_nobody_declared_is_looked_at_and_stored_only_once_written_to() {
    let tenants = open([org("acme")], 10);
    assert_eq!(names(&tenants, "globex"), Ok(vec![]));
    let started = find(&tenants, "globex")
        .org()
        .map(|org| org.name.to_string());
    assert_eq!(started.as_deref(), Ok("Started"));
    let refused = tenants.write(&find(&tenants, "globex"), |_| {
        Err::<(), _>(Refusal::NoGroup)
    });
    assert_eq!(refused, Err(Refusal::NoGroup));
    assert_eq!(ids(&tenants), ["acme"]);
    add(&tenants, "globex", group("1", "Sales")).unwrap();
    add(&tenants, "globex", group("2", "Billing")).unwrap();
    assert_eq!(names(&tenants, "globex").unwrap(), ["Sales", "Billing"]);
    assert_eq!(groups(&tenants), 2);
    add(&tenants, "acme", group("1", "Sales")).unwrap();
    assert_eq!(groups(&tenants), 3);
    assert_eq!(ids(&tenants), ["acme", "globex"]);
}

#[test]
fn where_the_world_is_closed_what_is_not_declared_does_not_exist() {
    let tenants = closed([org("acme")]);
    assert!(tenants.template().is_none());
    assert_eq!(names(&tenants, "acme"), Ok(vec![]));
    assert_eq!(names(&tenants, "globex"), Err(Refusal::NoOrg));
    let added = add(&tenants, "globex", group("1", "Sales"));
    assert_eq!(added, Err(Refusal::NoOrg));
    assert_eq!(tenants.find(None).org().map(|_| ()), Err(Refusal::NoOrg));
}

#[test]
fn there_are_as_many_organizations_as_are_allowed() {
    let tenants = open([], 2);
    for id in ["one", "two"] {
        add(&tenants, id, group("1", "Sales")).unwrap();
    }
    let third = || add(&tenants, "three", group("1", "Sales"));
    assert_eq!(third(), Err(Refusal::Full));
    assert_eq!(tenants.replace(org("three")), Err(Refusal::Full));
    let there = names(&tenants, "three");
    assert_eq!(there, Ok(vec![]), "it can still be looked at");
    tenants.replace(org("two")).unwrap();
    assert_eq!(names(&tenants, "two"), Ok(vec![]), "it is another one now");
    for _ in 0..2 {
        tenants
            .reset(&org_id("one"), Scopes::STATE, &Baseline::default())
            .unwrap();
    }
    assert_eq!(ids(&tenants), ["two"]);
    tenants.replace(org("three")).unwrap();
    assert_eq!(ids(&tenants), ["three", "two"]);
}

#[test]
fn an_organization_with_rules_or_a_clock_counts_as_stored() {
    let tenants = open([], 2);
    tenants.put_rule(rule("ruled"), false).unwrap();
    let freeze = ClockChange::Set {
        now: None,
        frozen: Some(true),
    };
    tenants
        .change_clock(Some(&org_id("timed")), freeze)
        .unwrap();
    assert_eq!(tenants.put_rule(rule("other"), false), Err(Refusal::Full));
    let timed = tenants.change_clock(Some(&org_id("other")), freeze);
    assert_eq!(timed, Err(ClockRefusal::Full));
    assert_eq!(
        add(&tenants, "other", group("1", "Sales")),
        Err(Refusal::Full)
    );
    // What is there counts once, whatever is in it.
    add(&tenants, "ruled", group("1", "Sales")).unwrap();
    tenants.put_rule(rule("timed"), false).unwrap();
    assert!(ids(&tenants) == ["ruled"], "only rows are stored rows");
    tenants.remove_rule("r", Some(&org_id("ruled"))).unwrap();
    assert_eq!(tenants.put_rule(rule("other"), false), Err(Refusal::Full));
    let scopes = Scopes {
        clock: true,
        faults: true,
        ..Scopes::default()
    };
    tenants
        .reset(&org_id("timed"), scopes, &Baseline::default())
        .unwrap();
    tenants.put_rule(rule("other"), false).unwrap();
    tenants.remove_rule("r", Some(&org_id("other"))).unwrap();
    add(&tenants, "last", group("1", "Sales")).unwrap();
    tenants
        .reset_all(Scopes::ALL, &Baseline::default())
        .unwrap();
    assert_eq!(tenants.census().kept, 0);
}

#[test]
fn of_the_organizations_that_are_only_named_the_most_recently_used_are_kept() {
    let tenants = open([org("acme")], 3);
    let there = || {
        let mut ids: Vec<String> = tenants
            .now
            .load()
            .tenants
            .iter()
            .map(|it| it.key().to_string())
            .collect();
        ids.sort();
        ids.join(" ")
    };
    for id in ["one", "two", "three", "one", "four"] {
        find(&tenants, id);
    }
    assert_eq!(there(), "acme four one three");
    let held = find(&tenants, "three");
    for id in ["five", "six", "seven"] {
        find(&tenants, id);
    }
    assert_eq!(
        there(),
        "acme five seven six three",
        "whoever is held stays"
    );
    drop(held);
    tenants.put_rule(rule("six"), false).unwrap();
    for i in 0..100 {
        find(&tenants, &format!("made-up-{i}"));
    }
    assert_eq!(there(), "acme made-up-97 made-up-98 made-up-99 six");
    assert_eq!(tenants.census().bare.len(), 3);
}

#[test]
fn of_an_organization_that_went_nobody_says_that_it_was_never_asked() {
    let tenants = open([], 2);
    let record = |id: &str| {
        let held = find(&tenants, id);
        held.requests().record(journal::Seen {
            at: DateTime::UNIX_EPOCH,
            operation: None,
            org: Some(&org_id(id)),
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
    };
    let of = |id: &str| {
        let recorded = tenants.requests(&Filter {
            org: Some(org_id(id)),
            ..Filter::default()
        });
        (recorded.entries().count(), recorded.dropped())
    };
    for id in ["one", "one", "two", "three"] {
        record(id);
    }
    assert_eq!([of("one"), of("two"), of("new")], [(0, 2), (1, 0), (0, 0)]);
    assert_eq!(tenants.requests(&Filter::default()).dropped(), 2);
    record("one");
    assert_eq!(of("one"), (1, 2));
    tenants
        .reset(&org_id("two"), Scopes::ALL, &Baseline::default())
        .unwrap();
    assert_eq!(of("two"), (0, 0), "a reset draws a line");
    tenants
        .reset_all(Scopes::ALL, &Baseline::default())
        .unwrap();
    assert_eq!([of("one"), of("three")], [(0, 0), (0, 0)]);
}

#[test]
fn several_organizations_change_together_or_not_at_all() {
    let tenants = open([org("acme")], 2);
    let together = |ids: &[&str], fails: bool| {
        let start = |_: &OrgId| unreachable!("the template starts them");
        let change = |drafts: &mut BTreeMap<OrgId, Draft>| {
            for (i, draft) in drafts.values_mut().enumerate() {
                let id = format!("{i}-{}", draft.org.groups().len());
                draft.org.place(group(&id, "Sales"));
            }
            if fails { Err(Refusal::NoUser) } else { Ok(()) }
        };
        let ids = ids.iter().map(|id| org_id(id));
        tenants.change_together(ids, start, change, |_| None)
    };
    let count = || (ids(&tenants).len(), groups(&tenants));
    assert_eq!(together(&["acme", "globex"], true), Err(Refusal::NoUser));
    assert_eq!(count(), (1, 0));
    let too_many = ["acme", "globex", "initech"];
    assert_eq!(together(&too_many, false), Err(Refusal::Full));
    assert_eq!(count(), (1, 0));
    assert_eq!(together(&["globex", "acme"], false), Ok(()));
    assert_eq!(count(), (2, 2));
    let name = find(&tenants, "globex")
        .org()
        .map(|org| org.name.to_string());
    assert_eq!(name.as_deref(), Ok("Started"));
}

#[test]
fn a_change_of_several_loses_no_write_of_somebody_elses() {
    let tenants = open([org("acme")], 10);
    let tries = std::cell::Cell::new(0);
    // Somebody else writes while the copies are changed, as long as that is without a lock.
    let change = |drafts: &mut BTreeMap<OrgId, Draft>| {
        tries.set(tries.get() + 1);
        if tries.get() < 5 {
            let id = format!("other-{}", tries.get());
            add(&tenants, "acme", group(&id, &id)).unwrap();
        }
        let acme = drafts.get_mut(&org_id("acme")).unwrap();
        acme.org.place(group("seeded", "Seeded"));
        Ok::<_, Refusal>(())
    };
    let start = |_: &OrgId| unreachable!("it is there");
    let changed = tenants.change_together([org_id("acme")], start, change, |_| None);
    assert_eq!((changed, tries.get()), (Ok(()), 5));
    let wanted = ["other-1", "other-2", "other-3", "other-4", "Seeded"];
    assert_eq!(names(&tenants, "acme").unwrap(), wanted);
}

#[test]
fn a_request_makes_one_look_up_and_keeps_what_it_found() {
    let tenants = open([org("acme")], 10);
    let before = find(&tenants, "acme");
    assert_eq!(tenants.look_ups(), 1);
    tenants.replace(org("acme")).unwrap();
    let written = tenants.write(&before, |org| {
        org.place(group("1", "Sales"));
        Ok(())
    });
    written.unwrap();
    assert_eq!(before.org().map(|org| org.groups().len()), Ok(1));
    assert_eq!(tenants.look_ups(), 1);
    assert_eq!(names(&tenants, "acme"), Ok(vec![]), "nobody else sees it");
}

#[test]
fn what_is_written_to_a_replaced_organization_counts_for_nothing() {
    let tenants = open([], 1);
    let before = find(&tenants, "acme");
    tenants
        .reset(&org_id("acme"), Scopes::STATE, &Baseline::default())
        .unwrap();
    let place = |org: &mut Org| {
        org.place(group("1", "Sales"));
        Ok(())
    };
    tenants.write(&before, place).unwrap();
    assert_eq!((ids(&tenants).len(), tenants.census().kept), (0, 0));
    // What the reset did not name is shared, and still counts.
    let before = find(&tenants, "acme");
    let clock = Scopes {
        clock: true,
        ..Scopes::default()
    };
    tenants
        .reset(&org_id("acme"), clock, &Baseline::default())
        .unwrap();
    tenants.write(&before, place).unwrap();
    assert_eq!(
        (
            names(&tenants, "acme").unwrap().len(),
            tenants.census().kept
        ),
        (1, 1)
    );
}

#[test]
fn a_reset_shares_its_rows_with_what_was_loaded() {
    let mut acme = org("acme");
    acme.fill(
        (0..10)
            .map(|i| group(&i.to_string(), &format!("Group {i}")))
            .collect(),
    );
    let loaded = baseline([acme], None);
    let tenants = Tenants::new(Start::default(), &loaded);
    let first = |org: &Org| Arc::clone(org.groups().in_order()[0]);
    let shared = || first(&find(&tenants, "acme").org().unwrap());
    let row = first(&loaded.orgs[0]);
    assert!(Arc::ptr_eq(&row, &shared()));
    add(&tenants, "acme", group("new", "New")).unwrap();
    assert_eq!(loaded.orgs[0].groups().len(), 10);
    for org in [None, Some(org_id("acme"))] {
        match &org {
            Some(org) => tenants.reset(org, Scopes::STATE, &loaded).unwrap(),
            None => tenants.reset_all(Scopes::STATE, &loaded).unwrap(),
        }
        assert!(Arc::ptr_eq(&row, &shared()));
        assert_eq!(names(&tenants, "acme").unwrap().len(), 10);
    }
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
                ..Token::default()
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
    let get = |tokens: &Tokens, secret: &str, now| match tokens.get(secret, None, || now)? {
        Bearer::Declared(token) => Ok(token),
        Bearer::Issued(_) => panic!("none was issued"),
    };
    assert_eq!(get(&tokens, "one", end).unwrap().user, Some(user_id(7)));
    assert_eq!(get(&tokens, "ends", end - second).unwrap().user, None);
    for now in [end, end + second] {
        assert_eq!(get(&tokens, "ends", now), Err(TokenRefusal::Expired));
    }
    assert_eq!(get(&tokens, "two", end), Err(TokenRefusal::Unknown));
    let one = get(&tokens, "one", end).unwrap();
    assert!(one.is_for(&org_id("acme")) && !one.is_for(&org_id("globex")));

    let any = Tokens::default();
    assert!(get(&any, "anything", end).is_ok());
    let added = any.with([declared("one", Token::default())]);
    assert!(get(&added, "one", end).is_ok());
    assert_eq!(get(&added, "anything", end), Err(TokenRefusal::Unknown));
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
            ..Token::default()
        };
        let (_, standing) = find(&store, id).standing(&token)?;
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
    assert_eq!(standing("acme", Some(9), &[]), Err(Refusal::ForeignOrg));
    assert_eq!(
        standing("acme", Some(8), &["open"]),
        Err(Refusal::ForeignOrg)
    );
    assert_eq!(standing("nowhere", None, &[]), Err(Refusal::NoOrg));
}

#[test]
fn where_no_user_is_declared_whoever_asks_is_there_alone() {
    let mut acme = org("acme");
    let seven = Token {
        user: Some(user_id(7)),
        ..Token::default()
    };
    let seven = acme.standing(&seven).unwrap();
    let ids = |users: &Users| users.iter().map(|user| user.id.get()).collect::<Vec<_>>();
    assert_eq!(ids(&acme.users_with(&seven)), [7]);
    let found = |acme: &Org, id| acme.user_with(&seven, user_id(id)).map(|it| it.id.get());
    assert_eq!((found(&acme, 7), found(&acme, 8)), (Some(7), None));
    acme.put_user(user(8, Role::Light));
    assert_eq!((found(&acme, 7), found(&acme, 8)), (None, Some(8)));
    assert_eq!(ids(&acme.users_with(&seven)), [8]);
    assert_eq!(ids(acme.users()), [8]);
    assert_eq!(acme.users().active(), 1);
    assert_eq!(acme.users().get(user_id(8)).unwrap().role, Role::Light);
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
    let profile = Profile {
        first_name: Some("Cleo".into()),
        ..Profile::default()
    };
    let cleo = Guest::from_email(email("cleo@partner.test"), None);
    acme.put_guest(cleo.with_profile(profile));
    let guests = Box::from([email("CLEO@partner.test"), email("new@partner.test")]);
    acme.put_group(Group {
        guests,
        ..group("1", "Sales")
    });
    let known: Vec<_> = acme.guests().map(|guest| guest.email.as_str()).collect();
    assert_eq!(known, ["cleo@partner.test", "new@partner.test"]);
    let cleo = acme.guest(&email("Cleo@Partner.test")).unwrap();
    assert_eq!((cleo.first_name(), cleo.created_at), (Some("Cleo"), None));
    let new = acme.guest(&email("new@partner.test")).unwrap();
    assert_eq!(new.created_at, Some(group("1", "Sales").created_at));
    assert!(
        size_of::<Guest>() <= 40,
        "there is one for each group of a large organization"
    );
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
        assert!(matches!(answer, Err(Refusal::Invalid(_))), "{refused}");
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
