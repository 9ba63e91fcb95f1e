//! How many requests a token may send to an organization.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use dashmap::DashMap;

/// So many requests in a window of so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many requests a window takes; at least 1.
    pub requests: u64,
    /// How long a window is; it begins with its first request.
    pub window: Duration,
}

/// What the limiter says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How many requests a window takes.
    pub limit: u64,
    /// How many more this window takes.
    pub remaining: u64,
    /// For a request too many: in how many whole seconds the next window can begin, at least 1.
    pub retry_after: Option<u64>,
}

/// The windows of each organization's tokens, by the organization's clock.
#[derive(Debug)]
pub struct RateLimiter {
    rule: Option<RateLimit>,
    windows: DashMap<Box<str>, Arc<Mutex<OfTokens>>>,
}

type OfTokens = HashMap<Box<str>, Window>;

/// The windows of one organization's tokens.
#[derive(Debug)]
pub struct Windows {
    rule: RateLimit,
    of_tokens: Arc<Mutex<OfTokens>>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: DateTime<Utc>,
    count: u64,
}

/// How many tokens' windows are kept for an organization, and for how many organizations: clients may make up both.
const KEPT: usize = 10_000;

impl RateLimiter {
    /// A limiter that allows so much; without a rule, everything.
    pub fn new(rule: Option<RateLimit>) -> Self {
        Self {
            rule,
            windows: DashMap::new(),
        }
    }

    /// A limiter of the same rule that has seen nothing.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self::new(self.rule)
    }

    /// Forgets what an organization's tokens have used.
    pub fn reset(&self, org: &str) {
        self.windows.remove(org);
    }

    /// The windows of an organization's tokens, or with `""` of those that name none; nothing where no
    /// rule is set.
    pub fn windows(&self, org: &str) -> Option<Windows> {
        let rule = self.rule?;
        let known = self.windows.get(org).map(|tokens| Arc::clone(&tokens));
        let of_tokens = known.unwrap_or_else(|| {
            if self.windows.len() >= KEPT {
                self.windows.clear();
            }
            Arc::clone(&self.windows.entry(org.into()).or_default())
        });
        Some(Windows { rule, of_tokens })
    }
}

impl Windows {
    /// Counts a request.
    pub fn count(&self, token: &str, now: DateTime<Utc>) -> Verdict {
        let rule = self.rule;
        let length = TimeDelta::from_std(rule.window).unwrap_or(TimeDelta::MAX);
        let mut tokens = self
            .of_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back begins another window too.
        let is_over =
            |window: &Window| !(TimeDelta::zero()..length).contains(&(now - window.began));
        if tokens.len() >= KEPT && !tokens.contains_key(token) {
            tokens.retain(|_, window| !is_over(window));
            if tokens.len() >= KEPT {
                tokens.clear();
            }
        }
        let window = tokens.entry(token.into()).or_insert(Window {
            began: now,
            count: 0,
        });
        if is_over(window) {
            *window = Window {
                began: now,
                count: 0,
            };
        }
        if window.count < rule.requests {
            window.count += 1;
            return Verdict {
                limit: rule.requests,
                remaining: rule.requests - window.count,
                retry_after: None,
            };
        }
        let left = (length - (now - window.began)).to_std().unwrap_or_default();
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Verdict {
            limit: rule.requests,
            remaining: 0,
            retry_after: Some(seconds.max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> RateLimiter {
        RateLimiter::new(Some(RateLimit {
            requests: 2,
            window: Duration::from_secs(60),
        }))
    }

    fn count(limiter: &RateLimiter, org: &str, token: &str, now: DateTime<Utc>) -> Verdict {
        limiter.windows(org).unwrap().count(token, now)
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_000 + millis).unwrap()
    }

    #[test]
    fn a_window_begins_with_its_first_request_and_ends_with_its_time() {
        let limiter = limiter();
        let ask = |millis| count(&limiter, "acme", "t", at(millis));
        assert_eq!(
            ask(0),
            Verdict {
                limit: 2,
                remaining: 1,
                retry_after: None
            }
        );
        assert_eq!(ask(30_000).remaining, 0);
        assert_eq!(ask(30_000).retry_after, Some(30));
        assert_eq!(ask(30_001).retry_after, Some(30), "rounded up");
        assert_eq!(ask(59_999).retry_after, Some(1));
        assert_eq!(
            ask(60_000),
            Verdict {
                limit: 2,
                remaining: 1,
                retry_after: None
            }
        );
        assert_eq!(
            ask(0),
            Verdict {
                limit: 2,
                remaining: 1,
                retry_after: None
            },
            "a clock set back begins another"
        );
    }

    #[test]
    fn each_organization_and_token_has_windows_of_its_own() {
        let limiter = limiter();
        for _ in 0..3 {
            count(&limiter, "acme", "t", at(0));
        }
        assert!(count(&limiter, "acme", "t", at(0)).retry_after.is_some());
        assert!(count(&limiter, "acme", "u", at(0)).retry_after.is_none());
        assert!(count(&limiter, "globex", "t", at(0)).retry_after.is_none());
        limiter.reset("acme");
        assert!(count(&limiter, "acme", "t", at(0)).retry_after.is_none());
        assert!(RateLimiter::new(None).windows("acme").is_none());
    }

    #[test]
    fn tokens_that_clients_make_up_do_not_fill_the_memory() {
        let limiter = limiter();
        for i in 0..KEPT + 10 {
            count(&limiter, "acme", &format!("t{i}"), at(0));
            count(&limiter, &format!("org{i}"), "t", at(0));
        }
        assert!(limiter.windows.len() <= KEPT);
        assert!(
            limiter
                .windows
                .iter()
                .all(|tokens| tokens.lock().unwrap().len() <= KEPT)
        );
    }
}
