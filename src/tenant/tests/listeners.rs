//! What a listener is told.

use futures_util::FutureExt;

use super::*;
use crate::tenant::journal::JournalLimits;

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
