//! Tenants without HTTP: who exists, who may, how many, and what a reset leaves of it.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde_json::json;

use super::{
    journal::{Filter, JournalLimits},
    rules::Rule,
    *,
};
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

/// Tenants whose rings keep so many requests.
fn remembering(entries: usize) -> Tenants {
    let journal = JournalLimits {
        entries,
        ..JournalLimits::default()
    };
    let start = Start {
        journal,
        ..Start::default()
    };
    Tenants::new(start, &Baseline::default())
}

/// What a listener is told next, each event with its number.
fn told(tenants: &Tenants, listener: &mut Listener) -> Vec<String> {
    let next = tenants.next(listener).now_or_never().unwrap_or_default();
    let in_words = |Numbered { id, event }| match event {
        Event::Asked(_) => format!("{id} asked"),
        Event::Request(_) => format!("{id} request"),
        Event::Changed(..) => format!("{id} change"),
        Event::Missed { requests, others } => format!("{id} missed {requests} {others}"),
        Event::Restarted => format!("{id} restarted"),
    };
    next.into_iter().map(in_words).collect()
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
    let clock = Scopes {
        clock: true,
        ..Scopes::default()
    };
    tenants.reset_all(clock, &Baseline::default()).unwrap();
    find(&tenants, "new");
    let wanted = "acme made-up-98 made-up-99 new six";
    assert_eq!(there(), wanted, "also after a reset of something else");
}

#[test]
fn of_an_organization_that_went_nobody_says_that_it_was_never_asked() {
    let tenants = open([], 2);
    let of = |id: &str| {
        let recorded = tenants.requests(&Filter {
            org: Some(org_id(id)),
            ..Filter::default()
        });
        (recorded.entries().count(), recorded.dropped())
    };
    for id in ["one", "one", "two", "three"] {
        request(&tenants, Some(id));
    }
    assert_eq!([of("one"), of("two"), of("new")], [(0, 2), (1, 0), (0, 0)]);
    assert_eq!(tenants.requests(&Filter::default()).dropped(), 2);
    request(&tenants, Some("one"));
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
    // Also whoever is less elsewhere.
    let known_as = KnownAs {
        home: org_id("home"),
        user: user(7, Role::Light),
    };
    let known = Token {
        known_as: Some(Arc::new(known_as)),
        ..Token::default()
    };
    let known = acme
        .users_with(&acme.standing(&known).unwrap())
        .into_owned();
    assert_eq!(known.get(user_id(7)).map(|it| it.role), Some(Role::Admin));
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
fn the_sums_over_groups_are_those_of_the_groups_that_are_there() {
    let with = |id: &str, members: u64, guests: usize| Group {
        members: (1..=members).map(user_id).collect(),
        guests: (0..guests).map(|i| email(&format!("{i}@x.org"))).collect(),
        ..group(id, id)
    };
    let mut groups = Groups::of(vec![with("1", 3, 2), with("2", 1, 0)]);
    let assert_sums = |groups: &Groups, people: usize| {
        let there = groups.in_order().into_iter();
        let bytes: usize = there.map(|group| group.bytes()).sum();
        assert_eq!((groups.people(), groups.bytes()), (people, bytes));
    };
    assert_sums(&groups, 6);
    assert_eq!(groups.longest(), 5);
    groups.insert(with("3", 4, 3));
    assert_sums(&groups, 13);
    groups.replace(with("3", 2, 2)).unwrap();
    assert_sums(&groups, 10);
    groups.remove(&GroupId::parse("1").unwrap()).unwrap();
    assert_sums(&groups, 5);
    assert_eq!(groups.longest(), 7, "as long as any ever was");
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

#[test]
fn a_change_of_several_starts_from_the_template_that_is_there_in_the_end() {
    let tenants = open([], 10);
    let template = |name: &str| Template {
        seed: OrgSeed {
            name: Some(name.into()),
            ..OrgSeed::default()
        },
        start: DateTime::UNIX_EPOCH,
    };
    let other = baseline([], Some(template("Other")));
    let tries = std::cell::Cell::new(0);
    let change = |drafts: &mut BTreeMap<OrgId, Draft>| {
        if tries.replace(tries.get() + 1) == 0 {
            tenants.reset_all(Scopes::STATE, &other)?;
        }
        let draft = drafts.values_mut().next().unwrap();
        draft.org.place(group("1", "Sales"));
        Ok::<_, Refusal>(())
    };
    let start = |_: &OrgId| unreachable!("the template starts it");
    let changed = tenants.change_together([org_id("acme")], start, change, |_| None);
    assert_eq!((changed, tries.get()), (Ok(()), 2));
    let acme = find(&tenants, "acme").org().unwrap();
    assert_eq!((&*acme.name, acme.groups().len()), ("Other", 1));
}

#[test]
fn an_organization_is_looked_at_without_waiting_unless_somebody_changes_it() {
    let tenants = open([org("acme")], 10);
    let held = find(&tenants, "acme");
    assert!(held.try_org().unwrap().is_ok());
    let write = tenants.write(&held, |_| {
        assert!(held.try_org().is_none());
        Ok(())
    });
    assert_eq!(write, Ok(()));
}

#[test]
fn an_organization_takes_no_more_room_when_another_takes_its_place() {
    let large = |id: &str| {
        let mut org = org(id);
        org.place(Group {
            description: Some("d".repeat(1000).into()),
            ..group("1", "Sales")
        });
        org
    };
    let start = Start {
        max_stored: large("acme").bytes() + 500,
        ..Start::default()
    };
    let tenants = Tenants::new(start, &baseline([large("acme")], None));
    assert_eq!(tenants.replace(large("acme")), Ok(()));
    assert_eq!(tenants.replace(large("other")), Err(Refusal::NoSpace));
    let start = |_: &OrgId| unreachable!("it is there");
    let change = |drafts: &mut BTreeMap<OrgId, Draft>| {
        for draft in drafts.values_mut() {
            draft.org.set_id_sequence(7);
        }
        Ok::<_, Refusal>(())
    };
    let changed = tenants.change_together([org_id("acme")], start, change, |_| None);
    assert_eq!(changed, Ok(()));
}

#[test]
fn a_single_change_that_is_too_large_leaves_the_organization_as_it_was() {
    let start = Start {
        max_stored: 8 * 1024 * 1024,
        ..Start::default()
    };
    let tenants = Tenants::new(start, &baseline([org("acme")], None));
    let large = Group {
        description: Some("d".repeat(9 * 1024 * 1024).into()),
        ..group("1", "Large")
    };
    assert_eq!(add(&tenants, "acme", large), Err(Refusal::NoSpace));
    assert_eq!(add(&tenants, "acme", group("2", "Sales")), Ok(()));
    assert_eq!(names(&tenants, "acme").unwrap(), ["Sales"]);
}

#[test]
fn an_overview_counts_what_each_organization_has_and_what_none_has() {
    let tenants = open([org("acme")], 10);
    let put = |id: &str, org: Option<&str>| {
        let steps = json!({ "steps": [{ "times": "always", "status": 503 }] });
        let rule = Rule::parse(id, org.map(org_id), &steps).unwrap();
        tenants.put_rule(rule, false).unwrap();
    };
    for id in ["a", "b"] {
        put(id, Some("acme"));
        put(id, None);
    }
    for id in [Some("acme"), Some("acme"), Some("globex"), None, None, None] {
        request(&tenants, id);
    }
    let counts: Vec<_> = tenants
        .overview()
        .into_iter()
        .map(|it| (it.id.to_string(), it.org.is_some(), it.rules, it.requests))
        .collect();
    let wanted = [("acme".into(), true, 2, 2), ("globex".into(), false, 0, 1)];
    assert_eq!(counts, wanted);
    assert_eq!(tenants.beside_organizations(), (2, 3));
}

#[test]
fn an_organizations_bytes_are_a_fixed_part_for_each_row_and_what_is_in_each() {
    let guest = |name: &str| {
        let profile = Profile {
            first_name: Some(name.into()),
            ..Profile::default()
        };
        Guest::from_email(email("ada@x.org"), None).with_profile(profile)
    };
    let named = |id, name: &str| User {
        first_name: Some(name.into()),
        ..user(id, Role::Light)
    };
    let mut acme = org("acme");
    assert_eq!(acme.bytes(), 4, "its name");
    acme.put_guest(guest("Ada"));
    acme.put_guest(guest("Augusta Ada"));
    for (id, name) in [(1, "Grace"), (2, "Charles"), (1, "G")] {
        acme.put_user(named(id, name));
    }
    for id in ["1", "2", "3", "4"] {
        acme.place(group(id, id));
    }
    let users = named(1, "G").bytes() + named(2, "Charles").bytes();
    assert_eq!(acme.users().bytes(), users);
    let texts = guest("Augusta Ada").bytes() + users + 4;
    assert_eq!(acme.bytes(), (7 * Limits::ROW_BYTES + texts + 4) as u64);
    acme.put_guest(guest("A"));
    assert_eq!(
        acme.bytes(),
        (7 * Limits::ROW_BYTES + texts - 10 + 4) as u64
    );
}

#[test]
fn a_user_who_is_put_again_counts_once() {
    let with = |id, active: bool| {
        let details = json!({ "active": active }).as_object().unwrap().clone();
        User {
            details: details.into(),
            ..user(id, Role::Light)
        }
    };
    let mut users = Users::default();
    let mut counts = |user| {
        users.put(user);
        (users.len(), users.active())
    };
    assert_eq!(counts(with(1, true)), (1, 1));
    assert_eq!(counts(with(2, true)), (2, 2));
    assert_eq!(counts(with(3, true)), (3, 3));
    assert_eq!(counts(with(3, false)), (3, 2));
    assert_eq!(counts(with(3, false)), (3, 2));
    assert_eq!(counts(with(3, true)), (3, 3));
}

#[test]
fn a_copy_of_an_organization_is_the_same_until_either_is_changed() {
    let acme = org("acme");
    assert!(acme.is_same(&acme.clone()));
    let changes: [&dyn Fn(&mut Org); 5] = [
        &|org| org.put_user(user(7, Role::Light)),
        &|org| org.put_guest(Guest::from_email(email("a@x.org"), None)),
        &|org| drop(org.place(group("1", "Sales"))),
        &|org| org.set_id_sequence(1),
        &|org| org.name = "Other".into(),
    ];
    for (i, change) in changes.iter().enumerate() {
        let mut copy = acme.clone();
        change(&mut copy);
        assert!(!acme.is_same(&copy), "change {i}");
    }
}

#[test]
fn a_template_knows_its_users_by_id_and_its_first_admin_without_one() {
    let seed = OrgSeed {
        users: vec![
            user(3, Role::Light),
            user(7, Role::Admin),
            user(5, Role::Admin),
        ],
        ..OrgSeed::default()
    };
    let found = |id: Option<u64>| {
        let user = seed.user_or_first_admin(id.map(user_id));
        user.map(|user| user.id.get())
    };
    let ids = [None, Some(3), Some(5), Some(9)].map(found);
    assert_eq!(ids, [Some(7), Some(3), Some(5), None]);
}

#[test]
fn whom_an_address_or_a_code_signs_in_has_a_home() {
    let with = |id: &str, users: &[u64]| {
        let mut org = org(id);
        for id in users {
            org.put_user(User {
                email: email("ada@x.org"),
                ..user(*id, Role::Light)
            });
        }
        org
    };
    let known_as = KnownAs {
        home: org_id("home"),
        user: user(9, Role::Light),
    };
    let any = Token {
        known_as: Some(Arc::new(known_as)),
        ..Token::default()
    };
    let code = Code {
        code: "c".into(),
        client: None,
        redirect_uri: None,
        token: Token {
            user: Some(user_id(5)),
            ..Token::default()
        },
        is_used: false,
    };
    let oauth = OAuthSeed {
        codes: BTreeMap::from([(Arc::clone(&code.code), code)]),
        ..OAuthSeed::default()
    };
    let orgs = [with("acme", &[3]), with("home", &[9]), with("zeta", &[5])];
    let tenants = Tenants::new(
        Start::default(),
        &Baseline {
            tokens: Arc::new(Tokens::default().or_any(any).with_oauth(&oauth)),
            ..baseline(orgs, None)
        },
    );
    let granted = |grant: &[(&str, &str)]| {
        let client = [("client_id", "3"), ("client_secret", "s")];
        let parameters: Parameters = grant.iter().copied().chain(client).collect();
        let request = GrantRequest::parse(&parameters).unwrap();
        let (now, ids) = (DateTime::UNIX_EPOCH, IdGen::seeded(7));
        let held = tenants.find(None);
        let granted = tenants.grant(&held, &request, now, &ids).unwrap();
        let bearer = tenants.tokens().get(&granted.access, None, || now);
        let Ok(Bearer::Issued(stands_for)) = bearer else {
            panic!("{bearer:?}")
        };
        let user = stands_for.token.user.map(UserId::get);
        let home = stands_for.home.map(|home| home.to_string());
        (user, home, granted.refresh.unwrap())
    };
    let password = [
        ("grant_type", "password"),
        ("username", "Ada@x.org"),
        ("password", "p"),
    ];
    let (user, home, refresh) = granted(&password);
    assert_eq!((user, home.as_deref()), (Some(9), Some("home")));
    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh),
    ];
    let (user, home, _) = granted(&refresh);
    assert_eq!((user, home.as_deref()), (Some(9), Some("home")));
    let code = [("grant_type", "authorization_code"), ("code", "c")];
    let (user, home, _) = granted(&code);
    assert_eq!((user, home.as_deref()), (Some(5), Some("zeta")));
}

#[test]
fn a_listener_is_told_in_their_order_what_is_lost_and_of_which_kind() {
    let tenants = remembering(1);
    let mut listener = tenants.listen(None, Some(0));
    for _ in 0..5 {
        tenants.note_seed(None);
    }
    for id in ["acme", "globex", "globex"] {
        request(&tenants, Some(id));
    }
    for _ in 0..JournalLimits::CHANGES {
        tenants.note_seed(None);
    }
    let told = told(&tenants, &mut listener);
    let wanted = [
        "5 missed 0 5",
        "6 request",
        "7 missed 1 0",
        "8 request",
        "9 change",
    ];
    assert_eq!(told[..5], wanted);
}

#[test]
fn a_listener_misses_no_change_that_it_has_heard_of() {
    let tenants = remembering(1);
    let change = |times| (0..times).for_each(|_| tenants.note_seed(None));
    let mut early = tenants.listen(None, Some(0));
    change(3);
    let mut late = tenants.listen(None, None);
    for _ in 0..10 {
        request(&tenants, Some("acme"));
    }
    change(17);
    let heard = told(&tenants, &mut early);
    assert_eq!(
        (heard.last().unwrap().as_str(), early.since()),
        ("17 change", 17)
    );
    change(JournalLimits::CHANGES);
    request(&tenants, Some("acme"));
    assert_eq!(told(&tenants, &mut early)[0], "30 missed 0 13");
    assert_eq!(told(&tenants, &mut late)[0], "30 missed 10 17");
}

#[test]
fn a_listener_of_one_organization_knows_its_requests_in_each_of_its_journals() {
    let tenants = remembering(2);
    let mut listener = tenants.listen(Some(org_id("acme")), Some(0));
    let ask = |id: &str, times| (0..times).for_each(|_| request(&tenants, Some(id)));
    let mut next = || told(&tenants, &mut listener);
    ask("acme", 3);
    assert_eq!(next(), ["1 missed 1 0", "2 request", "3 request"]);
    ask("globex", 5);
    ask("acme", 3);
    assert_eq!(next(), ["9 missed 1 0", "10 request", "11 request"]);
    let requests = Scopes {
        requests: true,
        ..Scopes::default()
    };
    tenants
        .reset(&org_id("acme"), requests, &Baseline::default())
        .unwrap();
    ask("acme", 3);
    let wanted = ["11 missed 1 0", "12 change", "14 request", "15 request"];
    assert_eq!(next(), wanted);
}

#[test]
fn what_gives_way_while_a_listener_reads_is_counted_as_missed() {
    const ASKED: u64 = 3000;
    let tenants = remembering(1);
    let mut listener = tenants.listen(Some(org_id("acme")), Some(0));
    let mut heard = 0;
    let mut listen = || {
        while let Some(told) = tenants.next(&mut listener).now_or_never() {
            for Numbered { event, .. } in told {
                heard += match event {
                    Event::Request(_) => 1,
                    Event::Missed { requests, .. } => requests,
                    other => panic!("{other:?}"),
                };
            }
        }
    };
    std::thread::scope(|scope| {
        let ask = || (0..ASKED).for_each(|_| request(&tenants, Some("acme")));
        let asking = scope.spawn(ask);
        while !asking.is_finished() {
            listen();
        }
    });
    listen();
    assert_eq!(heard, ASKED);
}
