//! The groups of an organization.

use super::*;

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
