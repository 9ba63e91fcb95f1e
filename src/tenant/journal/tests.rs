//! The journal without HTTP: what is kept, for how long, and how it is shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::Ordering},
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{sample::Sample, *};
use crate::domain::{id::OrgId, operation::Operation};

fn journal(limits: JournalLimits) -> Arc<Journal> {
    Journal::new(limits)
}

fn org(id: &str) -> OrgId {
    OrgId::parse(id).unwrap()
}

fn ring(journal: &Arc<Journal>, id: &str) -> Arc<Ring> {
    Ring::new(journal, Some(org(id)), 0)
}

fn create(body: usize) -> Sample {
    Sample {
        method: "POST".into(),
        operation: Some(Operation::CreateGroup),
        ..Sample::list("acme")
    }
    .body(Bytes::from(vec![b'x'; body]))
}

/// What is recorded, and how much is lost.
struct Recorded {
    requests: Vec<Entry>,
    dropped: u64,
}

fn found(rings: &[&Arc<Ring>]) -> Found {
    let rings = rings.iter().map(|ring| Arc::clone(ring)).collect();
    Found::of(rings, &Filter::default(), 0)
}

fn all(rings: &[&Arc<Ring>]) -> Recorded {
    let found = found(rings);
    Recorded {
        requests: found.entries().collect(),
        dropped: found.dropped(),
    }
}

fn shown(entry: &Entry) -> Value {
    serde_json::to_value(entry).unwrap()
}

fn taken(journal: &Journal) -> usize {
    journal.bytes.load(Ordering::Relaxed)
}

#[test]
fn a_ring_has_so_many_entries_and_so_many_bytes() {
    let limits = JournalLimits {
        entries: 3,
        ring_bytes: 60_000,
        ..JournalLimits::default()
    };
    let journal = journal(limits);
    let ring = ring(&journal, "acme");
    for _ in 0..5 {
        create(10).record_in(&ring);
    }
    let ids =
        |recorded: &Recorded| -> Vec<u64> { recorded.requests.iter().map(Entry::id).collect() };
    let recorded = all(&[&ring]);
    assert_eq!((ids(&recorded), recorded.dropped), (vec![3, 4, 5], 2));
    for _ in 0..10 {
        // 16 KiB of each are kept, so three exceed the ring.
        create(20_000).response(vec![b'y'; 20_000]).record_in(&ring);
        assert!(taken(&journal) <= 60_000);
    }
    let recorded = all(&[&ring]);
    assert_eq!((ids(&recorded), recorded.dropped), (vec![15], 14));
    drop(ring);
    assert_eq!(taken(&journal), 0, "all of it is given back");
}

#[test]
fn where_all_bytes_are_used_up_the_ring_that_was_written_to_least_recently_gives_way() {
    let limits = JournalLimits {
        total_bytes: 100_000,
        ..JournalLimits::default()
    };
    let journal = journal(limits);
    let (first, second, third) = (
        ring(&journal, "first"),
        ring(&journal, "second"),
        ring(&journal, "third"),
    );
    for ring in [&first, &second] {
        for _ in 0..3 {
            create(10_000).record_in(ring);
        }
    }
    create(1).record_in(&first);
    let before = found(&[&second]);
    for _ in 0..4 {
        create(10_000).record_in(&third);
        assert!(taken(&journal) <= 100_000);
    }
    let count = |ring| {
        let recorded = all(&[ring]);
        (recorded.requests.len(), recorded.dropped)
    };
    assert_eq!(count(&second), (0, 3), "the first was written to since");
    assert_eq!((count(&first), count(&third)), ((4, 0), (4, 0)));
    create(1).record_in(&second);
    assert_eq!(count(&second), (1, 3), "it goes on");
    assert_eq!((before.entries().count(), before.dropped()), (0, 3));
    drop((first, second, third, before));
    assert_eq!(taken(&journal), 0);
}

#[test]
fn a_ring_that_is_written_to_right_now_is_not_the_least_recent_one() {
    let journal = journal(JournalLimits {
        total_bytes: 50_000,
        ..JournalLimits::default()
    });
    let (first, second) = (ring(&journal, "first"), ring(&journal, "second"));
    for ring in [&first, &first, &second, &first] {
        create(10_000).record_in(ring);
    }
    let count = |ring| {
        let recorded = all(&[ring]);
        (recorded.requests.len(), recorded.dropped)
    };
    assert_eq!((count(&first), count(&second)), ((3, 0), (0, 1)));
}

#[test]
fn a_ring_grows_in_few_steps() {
    let journal = journal(JournalLimits::default());
    let ring = ring(&journal, "acme");
    let sizes = (0..1000).map(|_| {
        create(100).record_in(&ring);
        taken(&journal)
    });
    let sizes: BTreeSet<usize> = sizes.collect();
    assert!(sizes.len() <= 8, "{sizes:?}");
}

#[test]
fn what_gives_way_while_it_is_read_is_counted() {
    let journal = journal(JournalLimits {
        entries: 2,
        ..JournalLimits::default()
    });
    let ring = ring(&journal, "acme");
    for _ in 0..2 {
        create(1).record_in(&ring);
    }
    let found = found(&[&ring]);
    create(1).record_in(&ring);
    let ids: Vec<u64> = found.entries().map(|entry| entry.id()).collect();
    assert_eq!((ids, found.dropped()), (vec![2], 1));
}

#[test]
fn a_ring_that_a_reset_has_replaced_records_nothing() {
    let journal = journal(JournalLimits::default());
    let ring = ring(&journal, "acme");
    ring.retire();
    create(1).record_in(&ring);
    assert!(all(&[&ring]).requests.is_empty());
    assert_eq!(journal.events.newest(), 0);
}

#[test]
fn of_each_record_it_is_known_how_many_requests_came_up_to_it() {
    let journal = journal(JournalLimits {
        entries: 3,
        ..JournalLimits::default()
    });
    let ring = ring(&journal, "acme");
    for _ in 0..2 {
        create(1).record_in(&ring);
    }
    let under_way = create(1).seen(|seen| ring.asked(seen)).unwrap();
    create(1).seen(|seen| ring.answered(&under_way, seen));
    create(1).record_in(&ring);
    let after = |event, until, most| {
        let places = ring.after_event(event, until, most).into_iter();
        let told = places.map(|it| (it.event, it.requests, it.is_request()));
        told.collect::<Vec<_>>()
    };
    let all = [(2, 2, true), (3, 3, true), (4, 3, false), (5, 4, true)];
    assert_eq!(after(0, 5, 9), all);
    assert_eq!(after(0, 5, 2), all[..2]);
    assert_eq!(after(3, 4, 9), all[2..3]);
    for (_, place) in ring.find(|_| true).0 {
        let same = (place.event, place.requests, place.is_request());
        assert!(all.contains(&same), "{same:?}");
    }
}

#[test]
fn what_is_lost_at_the_start_is_lost_up_to_that_event() {
    let journal = journal(JournalLimits::default());
    for _ in 0..2 {
        create(1).record_in(&ring(&journal, "other"));
    }
    let ring = Ring::new(&journal, Some(org("acme")), 3);
    assert_eq!(ring.lost_after(0, 0), (3, 3));
    assert_eq!(ring.lost_after(1, 1), (2, 3));
    assert_eq!(ring.lost_after(2, 0), (0, 3));
}

#[test]
fn a_ring_that_is_alone_drops_its_own_oldest() {
    let journal = journal(JournalLimits {
        total_bytes: 50_000,
        ..JournalLimits::default()
    });
    let ring = ring(&journal, "acme");
    for _ in 0..20 {
        create(10_000).record_in(&ring);
    }
    let recorded = all(&[&ring]);
    let kept = recorded.requests.len() as u64;
    assert!(
        (2..5).contains(&kept) && recorded.dropped == 20 - kept,
        "{kept}"
    );
    assert!(taken(&journal) <= 50_000);
}

#[test]
fn what_does_not_fit_at_all_is_counted() {
    let journal = journal(JournalLimits {
        ring_bytes: 4096,
        ..JournalLimits::default()
    });
    let ring = ring(&journal, "acme");
    create(10).record_in(&ring);
    create(10_000).record_in(&ring);
    let recorded = all(&[&ring]);
    assert_eq!((recorded.requests.len(), recorded.dropped), (0, 2));
}

#[test]
fn an_upper_bound_does_not_hold_where_requests_were_forgotten() {
    let journal = journal(JournalLimits {
        entries: 3,
        ..JournalLimits::default()
    });
    let ring = ring(&journal, "acme");
    let verify = |times| {
        let expectation = Expectation {
            operation: Some(Operation::CreateGroup),
            ..Expectation::default()
        };
        Expectations::one(Some(org("acme")), expectation, times).check(&found(&[&ring]))
    };
    for _ in 0..3 {
        create(1).record_in(&ring);
    }
    assert_eq!(verify(Times::exactly(3)).unwrap(), 3);
    create(1).record_in(&ring);
    let unmet = verify(Times::exactly(3)).unwrap_err();
    assert!(unmet.nearest.is_empty(), "none of those found is too many");
    assert_eq!(
        (unmet.count, unmet.detail.as_str()),
        (
            3,
            "expected exactly 3 requests for `groups.create`, found 3; but 1 older request is no longer in the journal, which may have been one more"
        )
    );
    let at_least = |at_least| Times {
        at_least,
        at_most: usize::MAX,
    };
    assert_eq!(verify(at_least(3)).unwrap(), 3, "more can only help");
    let unmet = verify(at_least(4)).unwrap_err();
    assert!(
        unmet
            .detail
            .contains("1 older request is no longer in the journal"),
        "{}",
        unmet.detail
    );
}

#[test]
fn a_request_under_way_is_shown_until_it_is_answered_and_then_in_its_place() {
    let journal = journal(JournalLimits::default());
    let ring = ring(&journal, "acme");
    let under_way = create(2).seen(|seen| ring.asked(seen)).unwrap();
    Sample::list("acme").record_in(&ring);
    let recorded = all(&[&ring]);
    let asked = shown(&recorded.requests[0]);
    assert_eq!(
        [&asked["under_way"], &asked["status"], &asked["body"]],
        [&json!(true), &json!(null), &json!(null)]
    );
    create(2).seen(|seen| ring.answered(&under_way, seen));
    let recorded = all(&[&ring]);
    let answered = shown(&recorded.requests[0]);
    assert_eq!(recorded.requests.len(), 2);
    assert_eq!(
        [
            &answered["id"],
            &answered["status"],
            &answered["body"],
            &answered["under_way"]
        ],
        [&json!(1), &json!(200), &json!("xx"), &json!(null)]
    );
}

#[test]
fn the_end_of_a_request_that_is_forgotten_is_not_kept() {
    let journal = journal(JournalLimits {
        entries: 2,
        ..JournalLimits::default()
    });
    let ring = ring(&journal, "acme");
    let [one, two] = [(); 2].map(|()| create(2).seen(|seen| ring.asked(seen)).unwrap());
    Sample::list("acme").record_in(&ring);
    create(2).seen(|seen| ring.answered(&one, seen));
    let recorded = all(&[&ring]);
    assert_eq!((recorded.requests.len(), recorded.dropped), (2, 1));
    let events = ring.after_event(0, u64::MAX, 9).into_iter();
    assert_eq!(events.map(|it| it.event).collect::<Vec<_>>(), [2, 3]);
    create(2).seen(|seen| ring.answered(&two, seen));
    for dropped in 2..4 {
        Sample::list("acme").record_in(&ring);
        let recorded = all(&[&ring]);
        assert_eq!((recorded.requests.len(), recorded.dropped), (2, dropped));
    }
}

#[test]
fn what_was_not_read_is_listed_and_counted_and_what_was_perhaps_meant_is_told() {
    let nothing: &[&str] = &[];
    for (query, body, was_read, unread, meant) in [
        ("", r#"{"name":"A"}"#, true, nothing, json!(null)),
        ("", r#"{"name":"A"}"#, false, &["body.name"], json!(null)),
        (
            "",
            r#"{"nam":"A"}"#,
            true,
            &["body.nam"],
            json!({ "body.nam": "name" }),
        ),
        ("", "[1]", true, nothing, json!(null)),
        ("", "[1]", false, &["body"], json!(null)),
        ("", "", false, nothing, json!(null)),
        (
            "a=1&b&a=2&__code=3",
            "",
            true,
            &["query.a", "query.b"],
            json!(null),
        ),
    ] {
        let ring = ring(&journal(JournalLimits::default()), "acme");
        let sample = Sample {
            query: Some(query.to_owned()),
            ..Sample::update("acme", &json!(null)).body(body)
        };
        sample.seen(|mut seen| {
            seen.body_was_read = was_read;
            ring.record(seen);
        });
        let entry = shown(&all(&[&ring]).requests[0]);
        assert_eq!(
            (&entry["unread"], &entry["did_you_mean"]),
            (&json!(unread), &meant)
        );
        let count = count_unread(Operation::UpdateGroup, query, Some(body.into()), was_read);
        assert_eq!(count, unread.len(), "{query} {body}");
    }
}

#[test]
fn a_request_under_way_counts_but_its_status_is_not_known() {
    let journal = journal(JournalLimits::default());
    let ring = ring(&journal, "acme");
    let under_way = create(2).seen(|seen| ring.asked(seen)).unwrap();
    let check = |status: Option<u16>, body: Option<Value>, times| {
        let expectation = Expectation {
            operation: Some(Operation::CreateGroup),
            status,
            body,
            ..Expectation::default()
        };
        let expected = Expectations::one(Some(org("acme")), expectation, times);
        expected
            .check(&found(&[&ring]))
            .map_err(|unmet| unmet.detail)
    };
    let at_least = |at_least| Times {
        at_least,
        at_most: usize::MAX,
    };
    let at_most = |at_most| Times {
        at_least: 0,
        at_most,
    };
    assert_eq!(check(None, None, Times::exactly(1)), Ok(1));
    assert_eq!(check(None, None, at_least(1)), Ok(1));
    assert_eq!(check(Some(200), None, at_least(0)), Ok(0));
    for (times, wanted) in [
        (Times::exactly(0), "exactly 0 requests"),
        (Times::exactly(1), "exactly 1 request"),
        (at_most(1), "at most 1 request"),
        (at_least(1), "at least 1 request"),
    ] {
        let detail = check(Some(200), None, times).unwrap_err();
        assert!(
            detail.starts_with(&format!("expected {wanted}")),
            "{detail}"
        );
        let told = "; but 1 request is still under way, which may become one more";
        assert!(detail.ends_with(told), "{detail}");
    }
    let body = Some(json!("xx"));
    check(None, body.clone(), Times::exactly(0)).unwrap_err();
    let other = Expectation {
        operation: Some(Operation::DeleteGroup),
        status: Some(200),
        ..Expectation::default()
    };
    let never = Expectations::one(Some(org("acme")), other, Times::exactly(0));
    assert_eq!(
        never.check(&found(&[&ring])).unwrap(),
        0,
        "it cannot become that"
    );
    create(2).seen(|seen| ring.answered(&under_way, seen));
    assert_eq!(check(Some(200), body, Times::exactly(1)), Ok(1));
    assert_eq!(check(Some(500), None, Times::exactly(0)), Ok(0));
}

#[test]
fn what_comes_nearest_is_for_the_same_path_whatever_else_differs() {
    let ring = ring(&journal(JournalLimits::default()), "acme");
    let (acme, other) = (Sample::list("acme"), Sample::list("other"));
    acme.clone().header("x-a", "2").record_in(&ring);
    other.header("x-a", "1").header("x-b", "1").record_in(&ring);
    let one = |name: &str| (name.to_owned(), "1".to_owned());
    let expectation = Expectation {
        path: Some("/organizations/acme/groups".into()),
        headers: BTreeMap::from([one("x-a"), one("x-b")]),
        ..Expectation::default()
    };
    let check = |at_least| {
        let times = Times {
            at_least,
            at_most: usize::MAX,
        };
        Expectations::one(None, expectation.clone(), times).check(&found(&[&ring]))
    };
    let detail = check(1).unwrap_err().detail;
    let nearest = "nearest is request 1, `GET /organizations/acme/groups`: header x-a is `2`, not `1`; header x-b is missing";
    assert!(detail.ends_with(nearest), "{detail}");
    acme.header("x-a", "1").header("x-b", "1").record_in(&ring);
    assert_eq!(check(1).unwrap(), 1);
}

#[test]
fn where_nothing_else_was_asked_it_is_said() {
    let ring = ring(&journal(JournalLimits::default()), "acme");
    let check = |expected: Value| {
        let expected = Expectations::parse(&expected, None).unwrap();
        expected
            .check(&found(&[&ring]))
            .map_err(|unmet| unmet.detail)
    };
    let twice = json!({ "method": "GET", "times": { "exactly": 2 } });
    let nothing = "expected exactly 2 requests for the method GET, found 0; nothing was asked";
    assert_eq!(check(twice.clone()).unwrap_err(), nothing);
    Sample::list("acme").record_in(&ring);
    let else_ = "expected exactly 2 requests for the method GET, found 1; nothing else was asked";
    assert_eq!(check(twice).unwrap_err(), else_);
    for (method, told) in [
        (
            "PUT",
            "expected, as number 1 of 2 in this order, the method PUT; it did not come; nearest",
        ),
        (
            "GET",
            "expected, as number 2 of 2 in this order, the method PUT; it did not come after those before it; nearest",
        ),
    ] {
        let detail =
            check(json!({ "sequence": [{ "method": method }, { "method": "PUT" }] })).unwrap_err();
        assert!(detail.starts_with(told), "{detail}");
    }
}

#[test]
fn what_expectations_must_not_say_is_told_with_its_path() {
    let acme = org("acme");
    let parse = |json: Value| Expectations::parse(&json, Some(acme.clone()));
    parse(json!({ "method": "GET", "org": "acme" })).unwrap();
    parse(json!({ "method": "GET", "times": { "at_most": 2 } })).unwrap();
    for (json, path, told) in [
        (
            json!({ "sequence": [] }),
            "sequence",
            "expected a list of at least one expectation",
        ),
        (
            json!({ "method": "GET", "org": "globex" }),
            "org",
            "is another organization than the one that is asked about",
        ),
        (
            json!({ "method": "GET", "times": {} }),
            "times",
            "expected `exactly`, or `at_least`, `at_most` or both",
        ),
    ] {
        let problems = parse(json.clone()).unwrap_err();
        let [(at, message)] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert!(
            at.ends_with(path) && message.starts_with(told),
            "{at}: {message}"
        );
    }
}
