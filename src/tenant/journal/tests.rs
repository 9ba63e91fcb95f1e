//! The journal without HTTP: what is kept, for how long, and how it is shown.

use std::sync::{Arc, atomic::Ordering};

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
    drop((first, second, third));
    assert_eq!(taken(&journal), 0);
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
    create(2).seen(|seen| ring.answered(&two, seen));
    for dropped in 2..4 {
        Sample::list("acme").record_in(&ring);
        let recorded = all(&[&ring]);
        assert_eq!((recorded.requests.len(), recorded.dropped), (2, dropped));
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
