//! Which organizations there are, how many, and what a reset leaves of them.

use super::*;

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
