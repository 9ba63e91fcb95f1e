//! One organization of a running mock is one value, a [`Tenant`]; [`Tenants`] is the one map to them.
//!
//! A request makes one look-up, keeps its tenant to its end, and reaches everything through it. A reset
//! puts fresh tenants in the place of the old ones, in one step: whoever holds an old one works on for
//! itself and is seen by nobody. So nothing that began before a reset shows after it.

mod census;
mod clock;
mod control;
mod groups;
mod ids;
pub mod journal;
mod listen;
mod map;
mod oauth;
mod org;
mod overview;
mod ranked;
mod recency;
mod refusal;
mod rows;
pub mod rules;
mod scopes;
mod seed;
mod tokens;
mod users;
mod windows;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};

pub use self::{
    clock::{Clock, ClockChange, Reading, Time},
    control::{ClockRefusal, NotOne},
    groups::Groups,
    ids::IdGen,
    listen::{Event, Listener, Numbered},
    map::{Baseline, Draft, Start, Tenants},
    org::{Org, Standing, Undeclared},
    overview::Overview,
    refusal::Refusal,
    scopes::Scopes,
    seed::{GroupSeed, OrgSeed},
    tokens::{
        Bearer, Client, Code, Granted, Issued, KnownAs, LifetimesSeed, OAuthSeed, SignIn,
        StandsFor, Token, TokenRefusal, Tokens,
    },
    users::Users,
    windows::Verdict,
};
use self::{
    journal::{Change, Ring, RuleChange},
    rows::{Ledger, Rows},
    rules::{Asked, Rules, Strike},
    windows::Windows,
};
use crate::{config::RateLimit, domain::id::OrgId};

/// One organization of a running mock, or whatever belongs to no organization: its rows, and what a test set.
///
/// Each part can be shared with the tenant that replaces this one in a reset.
#[derive(Debug)]
pub struct Tenant {
    /// The organization; `None` for requests that name none.
    id: Option<OrgId>,
    common: Arc<Common>,
    rows: Arc<Rows>,
    clock: Arc<Clock>,
    rules: Arc<Rules>,
    windows: Arc<Windows>,
    requests: Arc<Ring>,
    /// The number of the look-up that found it last, for the LRU eviction.
    last_used: AtomicU64,
}

/// What belongs to no organization.
#[derive(Debug)]
struct Common {
    tokens: Arc<ArcSwap<Tokens>>,
    /// What an undeclared organization starts as; `None` if there are no such organizations.
    template: Option<Arc<Template>>,
    clock: Arc<Clock>,
    /// The rules for all organizations.
    rules: Arc<Rules>,
    /// The windows and the journal of requests that name no organization.
    windows: Arc<Windows>,
    requests: Arc<Ring>,
    rate_limit: Option<RateLimit>,
    /// What the rows of all organizations take.
    stored: Arc<Ledger>,
}

/// What an undeclared organization starts as.
#[derive(Debug)]
pub struct Template {
    /// Its content.
    pub seed: OrgSeed,
    /// The creation time of whatever in it has none.
    pub start: DateTime<Utc>,
}

/// A tenant for the time of one request.
#[derive(Debug)]
pub struct Held {
    tenant: Arc<Tenant>,
    /// The organization as its template starts it, built when it is first looked at.
    started: OnceLock<Arc<Org>>,
}

impl Held {
    /// The organization as it is now; whoever holds it sees no later change. One that only could exist is
    /// as it would start, and not stored.
    pub fn org(&self) -> Result<Arc<Org>, Refusal> {
        let stored = self.tenant.rows.read().clone();
        stored.map_or_else(|| self.started().cloned(), Ok)
    }

    /// As [`Held::org`]; nothing where somebody changes the organization at this moment.
    pub fn try_org(&self) -> Option<Result<Arc<Org>, Refusal>> {
        let stored = self.tenant.rows.try_read()?.clone();
        Some(stored.map_or_else(|| self.started().cloned(), Ok))
    }

    /// The organization, and who a token's user is there.
    pub fn standing(&self, token: &Token) -> Result<(Arc<Org>, Standing), Refusal> {
        let id = self.tenant.id.as_ref().ok_or(Refusal::NoOrg)?;
        if !token.is_for(id) {
            return Err(Refusal::ForeignOrg);
        }
        let org = self.org()?;
        let standing = org.standing(token)?;
        Ok((org, standing))
    }

    fn started(&self) -> Result<&Arc<Org>, Refusal> {
        let Tenant { id, common, .. } = &*self.tenant;
        let (Some(id), Some(template)) = (id, &common.template) else {
            return Err(Refusal::NoOrg);
        };
        let build = || Arc::new(template.seed.build(id, template.start, Undeclared::Open));
        Ok(self.started.get_or_init(build))
    }

    /// How the organization's clock computes its time now.
    pub fn time(&self) -> Time {
        self.tenant.time()
    }

    /// What the first matching rule does to a request: the organization's rules first, then those for all.
    pub fn strike(&self, asked: &Asked<'_>) -> Option<Strike> {
        let own = self.tenant.rules.strike(asked);
        let is_own = own.is_some();
        let strike = own.or_else(|| self.tenant.common.rules.strike(asked))?;
        if strike.is_last {
            let org = self.tenant.id.clone().filter(|_| is_own);
            let told = Change::Rule(Arc::clone(&strike.rule), RuleChange::Spent);
            self.tenant.requests.journal().events.note(org, told);
        }
        Some(strike)
    }

    /// Counts a token's request against the rate limit; `None` if there is no limit.
    pub fn count(&self, token: &str, now: impl FnOnce() -> DateTime<Utc>) -> Option<Verdict> {
        let limit = self.tenant.common.rate_limit?;
        Some(self.tenant.windows.count(limit, token, now()))
    }

    /// The organization's journal.
    pub fn requests(&self) -> &Arc<Ring> {
        &self.tenant.requests
    }

    /// The journal of requests that name no organization.
    pub fn requests_without_org(&self) -> &Arc<Ring> {
        &self.tenant.common.requests
    }

    /// The tokens.
    pub fn tokens(&self) -> Arc<Tokens> {
        self.tenant.common.tokens.load_full()
    }
}

impl Tenant {
    fn held(self: Arc<Self>) -> Held {
        Held {
            tenant: self,
            started: OnceLock::new(),
        }
    }

    fn time(&self) -> Time {
        let base = || self.common.clock.time();
        let time = self.clock.time().or_else(base);
        time.expect("the base clock tells a time")
    }

    /// Whether it counts as stored: it has rows, rules or a clock of its own.
    fn is_kept(&self) -> bool {
        !self.rules.is_empty() || self.clock.time().is_some() || self.rows.read().is_some()
    }

    fn last_used(&self) -> u64 {
        self.last_used.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
