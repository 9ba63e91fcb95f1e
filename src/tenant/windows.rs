//! The rate limit: fixed windows per token and organization.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::RateLimit;

/// The outcome of counting one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Requests allowed in a window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// For a request over the limit: whole seconds until the window ends, at least 1.
    pub retry_after: Option<u64>,
}

/// The windows of an organization's tokens, keyed by the hash of the token, as clients choose how long tokens are.
#[derive(Debug, Default)]
pub(super) struct Windows(Mutex<HashMap<u64, Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    began: DateTime<Utc>,
    count: u64,
}

/// Upper bound on windows per organization. Clients choose the tokens, so there must be one.
const KEPT: usize = 1000;

impl Windows {
    /// Counts a request.
    pub(super) fn count(&self, rule: RateLimit, token: &str, now: DateTime<Utc>) -> Verdict {
        let length = TimeDelta::from_std(rule.window).unwrap_or(TimeDelta::MAX);
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins a new window too.
        let is_over =
            |window: &Window| !(TimeDelta::zero()..length).contains(&(now - window.began));
        let token = hash(token);
        if windows.len() >= KEPT && !windows.contains_key(&token) {
            windows.retain(|_, window| !is_over(window));
            if windows.len() >= KEPT {
                windows.clear();
            }
        }
        let fresh = Window {
            began: now,
            count: 0,
        };
        let window = windows.entry(token).or_insert(fresh);
        if is_over(window) {
            *window = fresh;
        }
        let verdict = |remaining, retry_after| Verdict {
            limit: rule.requests,
            remaining,
            retry_after,
        };
        if window.count < rule.requests {
            window.count += 1;
            return verdict(rule.requests - window.count, None);
        }
        let left = (length - (now - window.began)).to_std().unwrap_or_default();
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        verdict(0, Some(seconds.max(1)))
    }
}

fn hash(token: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RULE: RateLimit = RateLimit {
        requests: 2,
        window: Duration::from_secs(60),
    };

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap()
    }

    #[test]
    fn a_window_begins_with_its_first_request_and_ends_with_its_time() {
        let windows = Windows::default();
        let ask = |millis| windows.count(RULE, "t", at(millis));
        let first = Verdict {
            limit: 2,
            remaining: 1,
            retry_after: None,
        };
        assert_eq!(ask(0), first);
        assert_eq!(ask(30_000).remaining, 0);
        assert_eq!(ask(30_000).retry_after, Some(30));
        assert_eq!(ask(30_001).retry_after, Some(30), "rounded up");
        assert_eq!(ask(59_999).retry_after, Some(1));
        assert_eq!(ask(60_000), first);
        assert_eq!(ask(0), first, "a clock set back begins another");
    }

    #[test]
    fn each_token_has_windows_of_its_own() {
        let windows = Windows::default();
        let is_over = |token| windows.count(RULE, token, at(0)).retry_after.is_some();
        assert_eq!([(); 3].map(|()| is_over("t")), [false, false, true]);
        assert!(!is_over("u"));
    }

    #[test]
    fn tokens_that_clients_make_up_do_not_fill_the_memory() {
        let windows = Windows::default();
        for i in 0..KEPT + 10 {
            windows.count(RULE, &format!("t{i}"), at(0));
        }
        assert!(windows.0.lock().unwrap().len() <= KEPT);
    }

    #[test]
    fn where_there_is_no_room_left_only_windows_that_are_over_give_way() {
        let windows = Windows::default();
        let remaining = |i: usize, millis| {
            let verdict = windows.count(RULE, &format!("t{i}"), at(millis));
            verdict.remaining
        };
        for i in 0..KEPT {
            remaining(i, if i % 2 == 0 { 0 } else { 30_000 });
        }
        assert_eq!(remaining(1, 30_001), 0, "it has its window already");
        assert_eq!(remaining(KEPT, 60_000), 1);
        assert_eq!(windows.0.lock().unwrap().len(), KEPT / 2 + 1);
        assert_eq!(remaining(3, 60_001), 0);
    }
}
