//! [`Tenants`]: the one map from an organization to all that a running mock knows of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use uuid::Uuid;

use super::{
    Common, Held, Template, Tenant,
    census::Census,
    clock::{Clock, Time},
    journal::{Journal, JournalLimits, Ring},
    org::Org,
    refusal::Refusal,
    rows::{Ledger, Rows},
    rules::Rules,
    tokens::Tokens,
    windows::Windows,
};
use crate::{
    config::{Limits, RateLimit},
    domain::id::OrgId,
};

/// The tenants of a running mock: a concurrent map from organization to tenant.
#[derive(Debug)]
pub struct Tenants {
    /// Replaced as a whole by a reset of all organizations.
    pub(super) now: ArcSwap<Generation>,
    census: Mutex<Census>,
    look_ups: AtomicU64,
    pub(super) start: Start,
    journal: Arc<Journal>,
}

/// All tenants between two resets of all.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) tenants: DashMap<OrgId, Arc<Tenant>>,
    /// The tenant of requests that name no organization.
    pub(super) nameless: Arc<Tenant>,
}

/// The initial state of everything but the rows, which a reset restores.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// How the base clock starts.
    pub clock: Time,
    /// The seed of the rules' random draws.
    pub seed: Uuid,
    /// The rate limit per token and organization.
    pub rate_limit: Option<RateLimit>,
    /// Upper bound on stored organizations.
    pub max_organizations: usize,
    /// Upper bound on the bytes that all rows take.
    pub max_stored: u64,
    /// The bounds of the journal.
    pub journal: JournalLimits,
}

/// The rows at the start, which a reset restores. They are shared with the tenants.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// The organizations, in the order in which they were declared.
    pub orgs: Vec<Org>,
    /// The tokens.
    pub tokens: Arc<Tokens>,
    /// What an organization that nobody declared starts as; nothing where such organizations do not exist.
    pub template: Option<Arc<Template>>,
}

/// An organization during a change.
#[derive(Debug)]
pub struct Draft {
    /// The working copy.
    pub org: Org,
    /// The time there.
    pub now: DateTime<Utc>,
}

/// Optimistic attempts of a change to several organizations before it takes their locks.
const CHANGE_TRIES: usize = 4;

impl Default for Start {
    fn default() -> Self {
        Self {
            clock: Time::starting(None),
            seed: Uuid::nil(),
            rate_limit: None,
            max_organizations: Limits::default().max_organizations,
            max_stored: Limits::default().max_stored,
            journal: JournalLimits::default(),
        }
    }
}

impl Tenants {
    /// Builds the tenants that a baseline describes.
    pub fn new(start: Start, baseline: &Baseline) -> Self {
        let journal = Journal::new(start.journal);
        let stored = Ledger::up_to(start.max_stored);
        let common = Common {
            tokens: Arc::new(ArcSwap::new(Arc::clone(&baseline.tokens))),
            template: baseline.template.clone(),
            clock: Arc::new(Clock::base(start.clock)),
            rules: Arc::new(Rules::new(start.seed, &stored)),
            windows: Arc::default(),
            requests: Ring::new(&journal, None, 0),
            rate_limit: start.rate_limit,
            stored,
        };
        let now = Generation::of(Arc::new(common));
        for org in &baseline.orgs {
            let mut tenant = now.bare(&org.id, &journal, 0);
            tenant.rows = Arc::new(Rows::new(&tenant.common.stored, Some(org.clone())));
            now.tenants.insert(org.id.clone(), Arc::new(tenant));
        }
        let census = Census {
            kept: now.tenants.len(),
            ..Census::default()
        };
        Self {
            now: ArcSwap::from_pointee(now),
            census: Mutex::new(census),
            look_ups: AtomicU64::new(0),
            start,
            journal,
        }
    }

    /// The tenant of an organization, or of requests that name none: a request's one look-up.
    ///
    /// `O(1)`. An organization that was never named gets a tenant without rows.
    pub fn find(&self, org: Option<&OrgId>) -> Held {
        let look_up = self.look_ups.fetch_add(1, Ordering::Relaxed) + 1;
        let tenant = match org {
            None => Arc::clone(&self.now.load().nameless),
            Some(org) => {
                let known = self.known(org);
                known.unwrap_or_else(|| self.admitted(&mut self.census(), org))
            }
        };
        tenant.last_used.store(look_up, Ordering::Relaxed);
        tenant.held()
    }

    /// A snapshot of an organization, for a reader: no tenant is created for it.
    pub fn look_at(&self, org: &OrgId) -> Held {
        let known = self.known(org);
        let tenant = known.unwrap_or_else(|| Arc::new(self.fresh(&self.now.load(), org, 0)));
        tenant.held()
    }

    /// The number of look-ups so far, which serves as the LRU clock.
    pub fn look_ups(&self) -> u64 {
        self.look_ups.load(Ordering::Relaxed)
    }

    /// Changes an organization atomically. The first successful change of an organization from the template makes it count as
    /// stored.
    pub fn write<T>(
        &self,
        held: &Held,
        change: impl FnOnce(&mut Org) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let tenant = &held.tenant;
        if let Some(org) = &mut *tenant.rows.write() {
            return tenant.rows.change(org, change);
        }
        // Lock order: the census, then rows.
        let mut census = self.census();
        let was_kept = tenant.is_kept();
        let mut rows = tenant.rows.write();
        if let Some(org) = &mut *rows {
            return tenant.rows.change(org, change);
        }
        let mut org = Org::clone(held.started()?);
        let changed = change(&mut org)?;
        if !tenant.common.stored.has_room(org.bytes(), 0) {
            return Err(Refusal::NoSpace);
        }
        let id = &org.id;
        // Rows that a reset has replaced are invisible and not counted.
        let is_current = self
            .known(id)
            .is_some_and(|current| Arc::ptr_eq(&current.rows, &tenant.rows));
        if is_current && !was_kept {
            self.keep(&mut census, id)?;
        }
        tenant.rows.put(&mut rows, org);
        Ok(changed)
    }

    /// Changes several organizations and the tokens atomically, all or nothing. An organization that is not stored starts from the
    /// template, or without one from `start`.
    ///
    /// Optimistic concurrency: the change is applied to copies without a lock, and again if another writer changed one of the
    /// originals meanwhile. The last attempt holds the locks, so that it terminates.
    pub fn change_together<E: From<Refusal>>(
        &self,
        ids: impl IntoIterator<Item = OrgId>,
        start: impl Fn(&OrgId) -> Org,
        change: impl Fn(&mut BTreeMap<OrgId, Draft>) -> Result<(), E>,
        tokens: impl FnOnce(&Tokens) -> Option<Tokens>,
    ) -> Result<(), E> {
        let ids: BTreeSet<OrgId> = ids.into_iter().collect();
        let draft = |held: &Held, stored: &Option<Arc<Org>>, id: &OrgId| {
            let org = stored.as_ref().or_else(|| held.started().ok());
            Draft {
                org: org.map_or_else(|| start(id), |org| Org::clone(org)),
                now: held.time().read().now,
            }
        };
        for tries_left in (0..CHANGE_TRIES).rev() {
            let looked_at: Vec<Held> = ids.iter().map(|id| self.look_at(id)).collect();
            let rows = looked_at.iter().map(|held| held.tenant.rows.read().clone());
            let before: Vec<Option<Arc<Org>>> = rows.collect();
            let of_all = ids.iter().zip(looked_at.iter().zip(&before));
            let mut drafts: BTreeMap<OrgId, Draft> = of_all
                .map(|(id, (held, stored))| (id.clone(), draft(held, stored, id)))
                .collect();
            change(&mut drafts)?;

            let mut census = self.census();
            let held: Vec<Held> = ids
                .iter()
                .map(|id| self.admitted(&mut census, id).held())
                .collect();
            let of_all = ids.iter().zip(&held);
            let new: Vec<&OrgId> = of_all
                .filter(|(_, held)| !held.tenant.is_kept())
                .map(|(id, _)| id)
                .collect();
            // In the order of their ids, so that two such changes cannot deadlock.
            let mut rows: Vec<_> = held.iter().map(|held| held.tenant.rows.write()).collect();
            let is_same =
                |(rows, before): (&Option<Arc<Org>>, &Option<Arc<Org>>)| match (rows, before) {
                    (Some(rows), Some(before)) => rows.is_same(before),
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
            // A reset may have brought another template.
            let is_reset = (looked_at.iter().zip(&held))
                .any(|(before, now)| !Arc::ptr_eq(&before.tenant.common, &now.tenant.common));
            let mut same = rows.iter().map(|rows| &**rows).zip(&before);
            if is_reset || !same.all(is_same) {
                if tries_left > 0 {
                    continue;
                }
                let of_all = ids.iter().zip(held.iter().zip(&rows));
                drafts = of_all
                    .map(|(id, (held, rows))| (id.clone(), draft(held, rows, id)))
                    .collect();
                change(&mut drafts)?;
            }
            if census.kept + new.len() > self.start.max_organizations {
                return Err(Refusal::Full.into());
            }
            let common = self.common();
            let bytes = drafts.values().map(|draft| draft.org.bytes()).sum();
            let before = held.iter().map(|held| held.tenant.rows.bytes()).sum();
            if !common.stored.has_room(bytes, before) {
                return Err(Refusal::NoSpace.into());
            }
            for id in new {
                self.keep(&mut census, id)?;
            }
            if let Some(tokens) = tokens(&common.tokens.load()) {
                common.tokens.store(Arc::new(tokens));
            }
            let places = held.iter().zip(&mut rows);
            for ((held, place), (_, draft)) in places.zip(drafts) {
                held.tenant.rows.put(place, draft.org);
            }
            break;
        }
        Ok(())
    }

    /// The ids of the stored organizations, sorted.
    pub fn org_ids(&self) -> Vec<OrgId> {
        self.stored().iter().map(|org| org.id.clone()).collect()
    }

    /// The stored organizations as they are now, in the order of their ids. Their rows are shared.
    pub fn stored(&self) -> Vec<Arc<Org>> {
        let tenants = self.by_id();
        let orgs = tenants
            .iter()
            .filter_map(|tenant| tenant.rows.read().clone());
        orgs.collect()
    }

    /// The tokens.
    pub fn tokens(&self) -> Arc<Tokens> {
        self.common().tokens.load_full()
    }

    /// What an undeclared organization starts as; `None` if there are no such organizations.
    pub fn template(&self) -> Option<Arc<Template>> {
        self.common().template.clone()
    }

    /// Whether a rate limit counts requests.
    pub fn is_rate_limited(&self) -> bool {
        self.start.rate_limit.is_some()
    }

    /// The part of the journal that all rings share.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The tenant of an organization, if it has one.
    pub(super) fn known(&self, org: &OrgId) -> Option<Arc<Tenant>> {
        let now = self.now.load();
        now.tenants.get(org).map(|tenant| Arc::clone(&tenant))
    }

    /// The tenants in the order of their organizations' ids.
    pub(super) fn by_id(&self) -> Vec<Arc<Tenant>> {
        let now = self.now.load_full();
        let mut tenants: Vec<Arc<Tenant>> = now.tenants.iter().map(|it| Arc::clone(&it)).collect();
        tenants.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        tenants
    }

    /// A fresh tenant, whose journal starts with a count of forgotten requests.
    pub(super) fn fresh(&self, now: &Generation, org: &OrgId, lost: u64) -> Tenant {
        now.bare(org, &self.journal, lost)
    }

    pub(super) fn common(&self) -> Arc<Common> {
        Arc::clone(&self.now.load().nameless.common)
    }

    pub(super) fn census(&self) -> MutexGuard<'_, Census> {
        self.census.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant of an organization, created on demand; the least recently used one that is not stored is evicted for it.
    pub(super) fn admitted(&self, census: &mut Census, org: &OrgId) -> Arc<Tenant> {
        if let Some(known) = self.known(org) {
            return known;
        }
        let now = self.now.load_full();
        let lost = census.evicted.take(org);
        let tenant = Arc::new(self.fresh(&now, org, lost));
        let look_up = self.look_ups();
        tenant.last_used.store(look_up, Ordering::Relaxed);
        now.tenants.insert(org.clone(), Arc::clone(&tenant));
        census.bare.insert(org.clone(), look_up);
        self.evict(census, &now);
        tenant
    }

    /// Evicts the least recently used tenants that are not stored, beyond the bound. A request that holds one keeps it alive.
    fn evict(&self, census: &mut Census, now: &Generation) {
        let mut held = 0;
        while census.bare.len() > self.start.max_organizations + held {
            let last_use = |org: &OrgId| now.tenants.get(org).map_or(0, |it| it.last_used());
            let Some(oldest) = census.bare.oldest(last_use) else {
                return;
            };
            let is_free = |_: &_, tenant: &Arc<Tenant>| Arc::strong_count(tenant) == 1;
            if let Some((org, tenant)) = now.tenants.remove_if(&oldest, is_free) {
                census.bare.remove(&org);
                census.evicted.add(&org, tenant.requests.counted());
            } else {
                held += 1;
                census.bare.insert(oldest, self.look_ups());
            }
        }
    }

    /// Counts a tenant as stored, if the bound allows it.
    pub(super) fn keep(&self, census: &mut Census, org: &OrgId) -> Result<(), Refusal> {
        if census.kept >= self.start.max_organizations {
            return Err(Refusal::Full);
        }
        census.kept += 1;
        census.bare.remove(org);
        Ok(())
    }

    /// Counts a tenant as no longer stored.
    pub(super) fn release(&self, census: &mut Census, org: &OrgId) {
        census.kept -= 1;
        census.bare.insert(org.clone(), self.look_ups());
    }
}

impl Generation {
    /// An empty generation.
    pub(super) fn of(common: Arc<Common>) -> Self {
        let nameless = Tenant {
            id: None,
            rows: Arc::new(Rows::new(&common.stored, None)),
            clock: Arc::new(Clock::following()),
            rules: Arc::new(common.rules.fresh(&common.stored)),
            windows: Arc::clone(&common.windows),
            requests: Arc::clone(&common.requests),
            last_used: AtomicU64::new(0),
            common,
        };
        Self {
            tenants: DashMap::new(),
            nameless: Arc::new(nameless),
        }
    }

    /// A fresh tenant, whose journal starts with a count of forgotten requests.
    fn bare(&self, org: &OrgId, journal: &Arc<Journal>, lost: u64) -> Tenant {
        Tenant {
            id: Some(org.clone()),
            common: Arc::clone(&self.nameless.common),
            rows: Arc::new(Rows::new(&self.nameless.common.stored, None)),
            clock: Arc::new(Clock::following()),
            rules: Arc::new(
                self.nameless
                    .common
                    .rules
                    .fresh(&self.nameless.common.stored),
            ),
            windows: Arc::new(Windows::default()),
            requests: Ring::new(journal, Some(org.clone()), lost),
            last_used: AtomicU64::new(0),
        }
    }
}
