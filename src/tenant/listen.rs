//! Listening to events: in order, from any event on, with the number of lost ones.

use std::sync::Arc;

use super::{
    journal::{Change, Entry, Other, Place, Ring, StateChange, Subscription},
    map::Tenants,
};
use crate::domain::id::OrgId;

/// The size of a batch of events, of which a slow listener holds copies.
const BATCH: usize = 8;

/// What a listener receives.
#[derive(Debug)]
pub enum Event {
    /// A request is under way, as it has to wait.
    Asked(Entry),
    /// A request has ended.
    Request(Entry),
    /// Something else changed: all, or one organization.
    Changed(Option<OrgId>, Change),
    /// Events are lost, as they are not remembered any more.
    Missed {
        /// Lost requests.
        requests: u64,
        /// Other lost events: answers to requests that had to wait, and changes.
        others: u64,
    },
    /// The listener knows an event that has not happened yet: the mock was restarted.
    Restarted,
}

/// An event with its number.
#[derive(Debug)]
pub struct Numbered {
    /// The newest event that a listener knows after this one.
    pub id: u64,
    /// The event.
    pub event: Event,
}

/// A listener to the events after a certain one, of all organizations or of one.
#[derive(Debug)]
pub struct Listener {
    org: Option<OrgId>,
    since: u64,
    /// The organization's ring, and the number of its requests up to that event.
    known: (u64, u64),
    /// The number of events beside requests up to that event; 0 if it has come back.
    known_others: u64,
    subscription: Subscription,
}

impl Listener {
    /// The newest event that it knows.
    pub fn since(&self) -> u64 {
        self.since
    }

    /// Whether it listens to an organization.
    fn hears(&self, org: Option<&OrgId>) -> bool {
        self.org.is_none() || org.is_none() || self.org.as_ref() == org
    }
}

/// What a listener has missed and was not told of yet.
struct Lost {
    /// Requests, if it listens to one organization.
    requests: u64,
    /// Events beside requests; where it listens to one organization, some of them may be another's.
    others: u64,
}

/// The next event: a record in a ring, or a change.
enum Next<'a> {
    Record(&'a Ring, Place),
    Change(Option<OrgId>, Change),
}

impl Tenants {
    /// A new listener to the events after a certain one, or from now on.
    pub fn listen(&self, org: Option<OrgId>, since: Option<u64>) -> Listener {
        let events = &self.journal().events;
        Listener {
            org,
            subscription: events.subscribe(),
            since: since.unwrap_or_else(|| events.newest()),
            known: (0, 0),
            known_others: match since {
                Some(_) => 0,
                None => events.count_of_others(),
            },
        }
    }

    /// Notes that a fixture was added to what is stored, or to one organization.
    pub fn note_seed(&self, org: Option<&OrgId>) {
        let told = Change::State(StateChange::Seeded);
        self.journal().events.note(org.cloned(), told);
    }

    /// Waits for a listener's next events.
    pub async fn next(&self, listener: &mut Listener) -> Vec<Numbered> {
        loop {
            listener.subscription.listen();
            let told = self.told(listener);
            if !told.is_empty() {
                return told;
            }
            listener.subscription.woken().await;
        }
    }

    /// The next events for a listener, as far as they have happened.
    fn told(&self, listener: &mut Listener) -> Vec<Numbered> {
        let events = &self.journal().events;
        let newest = events.newest();
        let mut told = Vec::new();
        if listener.since > newest {
            listener.since = 0;
            let event = Event::Restarted;
            told.push(Numbered { id: 0, event });
        }
        let since = listener.since;
        let rings = self.rings(listener.org.as_ref());
        let (others, forgotten) = events.others_after(since, newest);
        let mut next: Vec<(u64, Next<'_>)> = Vec::new();
        for ring in &rings {
            let places = ring.after_event(since, newest, BATCH).into_iter();
            next.extend(places.map(|place| (place.event, Next::Record(ring, place))));
        }
        let changes = others.iter().filter(|it| listener.hears(it.org.as_ref()));
        let changes = changes.filter_map(|it| {
            let change = it.change.clone()?;
            Some((it.id, Next::Change(it.org.clone(), change)))
        });
        next.extend(changes.take(BATCH));
        next.sort_unstable_by_key(|(id, _)| *id);
        let until = next.get(BATCH - 1).map_or(newest, |(id, _)| *id);
        next.truncate(BATCH);

        let most = next.iter().find_map(|(id, next)| match next {
            Next::Record(..) => Some(*id - 1),
            Next::Change(..) => None,
        });
        let most = most.unwrap_or(newest).saturating_sub(since);
        let mut lost = Lost {
            requests: listener.lost(&rings, most),
            others: forgotten.after(since, listener.known_others),
        };
        for (id, next) in next {
            let event = match next {
                Next::Change(org, change) => Event::Changed(org, change),
                Next::Record(ring, place) => {
                    listener.known.1 = listener.known.1.max(place.requests);
                    let Some(entry) = ring.told(place) else {
                        lost.requests += u64::from(place.is_request());
                        continue;
                    };
                    if entry.is_under_way() {
                        Event::Asked(entry)
                    } else {
                        Event::Request(entry)
                    }
                }
            };
            told.extend(listener.missed(&others, id - 1, &mut lost));
            told.push(Numbered { id, event });
            listener.since = id;
        }
        told.extend(listener.missed(&others, until, &mut lost));
        listener.since = until;
        let heard = others.iter().rev().find(|other| other.id <= until);
        let heard = heard.map_or(0, |other| other.nth);
        listener.known_others = listener.known_others.max(heard);
        told
    }

    /// The rings of a listener's requests.
    fn rings(&self, org: Option<&OrgId>) -> Vec<Arc<Ring>> {
        let now = self.now.load_full();
        if let Some(org) = org {
            let ring = now.tenants.get(org).map(|it| Arc::clone(&it.requests));
            return ring.into_iter().collect();
        }
        let rings = now.tenants.iter().map(|it| Arc::clone(&it.requests));
        rings.chain([Arc::clone(&now.nameless.requests)]).collect()
    }
}

impl Listener {
    /// The number of its organization's requests that it has missed, up to `most`; an upper bound if it has reconnected.
    fn lost(&mut self, rings: &[Arc<Ring>], most: u64) -> u64 {
        let (Some(_), [ring]) = (&self.org, rings) else {
            return 0;
        };
        let (number, known) = self.known;
        let known = if number == ring.number() { known } else { 0 };
        let (lost, dropped) = ring.lost_after(self.since, known);
        let told = lost.min(most);
        // The others came while the rings were read: they are told with what comes next.
        self.known = (ring.number(), known.max(dropped) - (lost - told));
        told
    }

    /// The lost events between the newest one that it knows and another, inclusive. Numbers have no gaps, so missing ones can be counted;
    /// only a ring can tell which of them were requests of one organization.
    fn missed(&self, others: &[Other], until: u64, lost: &mut Lost) -> Option<Numbered> {
        let (mut of_all, mut heard) = (0, 0);
        let is_between = |id: u64| self.since < id && id <= until;
        for other in others.iter().filter(|other| is_between(other.id)) {
            of_all += 1;
            heard += u64::from(self.hears(other.org.as_ref()));
        }
        let gap = until.saturating_sub(self.since).saturating_sub(of_all);
        let forgotten = lost.others.min(gap);
        lost.others -= forgotten;
        heard += forgotten;
        let requests = match self.org {
            Some(_) => std::mem::take(&mut lost.requests),
            None => gap - forgotten,
        };
        let event = Event::Missed {
            requests,
            others: heard,
        };
        (requests + heard > 0).then_some(Numbered { id: until, event })
    }
}
