//! Counts the requests that meet an expectation, and tells in a sentence what is missing or too many.

use std::{cmp::Reverse, fmt::Write as _};

use super::{Expectation, Times, Unmet};
use crate::tenant::journal::{entry::Entry, find::Found};

pub(super) fn one(expectation: &Expectation, times: Times, found: &Found) -> Result<usize, Unmet> {
    let seen = Seen::of(expectation, found);
    let (count, under_way) = (seen.meeting, seen.under_way);
    let could_be_more = times.at_most < usize::MAX && (found.dropped() > 0 || under_way > 0);
    if (times.at_least..=times.at_most).contains(&count) && !could_be_more {
        return Ok(count);
    }
    let wanted = match times {
        Times { at_least, at_most } if at_least == at_most => format!("exactly {}", many(at_least)),
        Times {
            at_least,
            at_most: usize::MAX,
        } => format!("at least {}", many(at_least)),
        Times {
            at_least: 0,
            at_most,
        } => format!("at most {}", many(at_most)),
        Times { at_least, at_most } => format!("{at_least} to {}", many(at_most)),
    };
    let mut detail = format!(
        "expected {wanted} for {}, found {count}",
        expectation.words()
    );
    if count < times.at_least {
        tell_nearest(&mut detail, expectation, &seen);
    }
    let nearest = if count > times.at_most {
        seen.nearest_of_all()
    } else {
        seen.differing
    };
    if count <= times.at_most {
        tell_under_way(&mut detail, under_way);
        tell_dropped(&mut detail, found.dropped());
    }
    Err(Unmet {
        count,
        detail,
        nearest,
    })
}

pub(super) fn sequence(steps: &[Expectation], found: &Found) -> Result<usize, Unmet> {
    let mut rest = found.entries();
    for (met, step) in steps.iter().enumerate() {
        if rest.any(|entry| step.differences(&entry).is_empty()) {
            continue;
        }
        let mut detail = format!(
            "expected, as number {} of {} in this order, {}; it did not come",
            met + 1,
            steps.len(),
            step.words()
        );
        if met > 0 {
            detail.push_str(" after those before it");
        }
        let seen = Seen::of(step, found);
        tell_nearest(&mut detail, step, &seen);
        tell_under_way(&mut detail, seen.under_way);
        tell_dropped(&mut detail, found.dropped());
        return Err(Unmet {
            count: met,
            detail,
            nearest: seen.differing,
        });
    }
    Ok(steps.len())
}

/// What was asked, seen with an expectation in mind.
struct Seen {
    /// How many requests meet it.
    meeting: usize,
    /// How many are under way that could still meet it, and do not meet it yet.
    under_way: usize,
    /// The requests that differ, the nearest first.
    differing: Vec<Entry>,
    /// The newest of those that do not, the newest first.
    newest_meeting: Vec<Entry>,
}

/// How many requests are shown that come nearest.
const SHOWN: usize = 3;

impl Seen {
    fn of(expectation: &Expectation, found: &Found) -> Self {
        let mut seen = Self {
            meeting: 0,
            under_way: 0,
            differing: Vec::new(),
            newest_meeting: Vec::new(),
        };
        let mut distances = Vec::new();
        for entry in found.entries() {
            let differences = expectation.differences(&entry).len();
            if differences == 0 {
                seen.meeting += 1;
                seen.newest_meeting.insert(0, entry);
                seen.newest_meeting.truncate(SHOWN);
                continue;
            }
            if entry.is_under_way() && expectation.may_be_met(&entry) {
                seen.under_way += 1;
            }
            // Another operation is further away than any difference in what was sent; among equals the newest
            // comes first.
            let distance = (
                !expectation.asks_for(&entry),
                differences,
                Reverse(entry.id()),
            );
            let place = distances.binary_search(&distance);
            let place = place.unwrap_or_else(|place| place);
            distances.insert(place, distance);
            distances.truncate(SHOWN);
            seen.differing.insert(place, entry);
            seen.differing.truncate(SHOWN);
        }
        seen
    }

    /// The nearest, those that do not differ at all included.
    fn nearest_of_all(mut self) -> Vec<Entry> {
        self.newest_meeting.append(&mut self.differing);
        self.newest_meeting.truncate(SHOWN);
        self.newest_meeting
    }
}

fn many(times: usize) -> String {
    if times == 1 {
        "1 request".to_owned()
    } else {
        format!("{times} requests")
    }
}

fn tell_nearest(detail: &mut String, expectation: &Expectation, seen: &Seen) {
    // Writing to a text does not fail.
    let _ = match seen.differing.first() {
        None if seen.meeting > 0 => write!(detail, "; nothing else was asked"),
        None => write!(detail, "; nothing was asked"),
        Some(entry) => {
            let differences = expectation.differences(entry).join("; ");
            write!(
                detail,
                "; nearest is request {}, `{} {}`: {differences}",
                entry.id(),
                entry.method(),
                entry.path()
            )
        }
    };
}

/// What is not answered yet may become what is missing, or one too many.
fn tell_under_way(detail: &mut String, under_way: usize) {
    let requests = match under_way {
        0 => return,
        1 => "1 request is".to_owned(),
        several => format!("{several} requests are"),
    };
    // Writing to a `String` cannot fail.
    let _ = write!(
        detail,
        "; but {requests} still under way, which may become one more"
    );
}

/// A note on evicted entries, among which may be what is missing, or one too many.
fn tell_dropped(detail: &mut String, dropped: u64) {
    let older = match dropped {
        0 => return,
        1 => "1 older request is".to_owned(),
        several => format!("{several} older requests are"),
    };
    // Writing to a `String` cannot fail.
    let _ = write!(
        detail,
        "; but {older} no longer in the journal, which may have been one more"
    );
}
