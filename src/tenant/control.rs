//! What the control endpoints do to tenants: resets, rules, clocks, and reading the journal.
//!
//! **The law of a reset.** Nothing that began before a reset shows after it: no row, no journal entry, no
//! count of a limit, no hit of a rule, no clock. It holds for one organization and for all, for each scope
//! that is named, and for requests that are delayed, slow, half-sent or being answered at that moment. A
//! request of Tallyfy's begins with its look-up, when its head is complete; a control request, when it is
//! applied. The parts that the scopes name are fresh afterwards, the others are shared.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

use arc_swap::ArcSwap;

use super::{
    Common, Tenant,
    census::Evicted,
    clock::{Clock, ClockChange, Reading},
    journal::{Change, Entry, Expectations, Filter, Found, Ring, RuleChange, StateChange, Unmet},
    map::{Baseline, Generation, Tenants},
    org::Org,
    refusal::Refusal,
    rows::Rows,
    rules::{Rule, RuleView, Rules, RulesLeft},
    scopes::Scopes,
};
use crate::domain::{id::OrgId, operation::Operation};

/// One part of a tenant after a reset: fresh if its scope was named, else shared with the old tenant.
fn part<T>(is_named: bool, fresh: impl FnOnce() -> Arc<T>, old: &Arc<T>) -> Arc<T> {
    if is_named { fresh() } else { Arc::clone(old) }
}

/// Drops issued tokens' expiry times by clocks that are reset.
fn forget_clock(common: &Common, org: Option<&OrgId>) {
    let changed = common.tokens.load().without_clock(org);
    if let Some(changed) = changed {
        common.tokens.store(Arc::new(changed));
    }
}

/// Why an id does not name exactly one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOne {
    /// No rule has that id.
    None,
    /// Several organizations have a rule of that id: these.
    Several(Vec<OrgId>),
}

/// Why a clock cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockRefusal {
    /// The time would leave the years 0000 to 9999.
    OutOfRange,
    /// There are as many organizations as `--max-organizations` allows.
    Full,
}

impl Tenants {
    /// Restores the named scopes of one organization from a baseline.
    pub fn reset(&self, org: &OrgId, scopes: Scopes, baseline: &Baseline) -> Result<(), Refusal> {
        let rows = baseline.orgs.iter().find(|declared| declared.id == *org);
        self.renew(org, scopes, rows.cloned(), Change::Reset(scopes))
    }

    /// Replaces an organization's rows; its clock, rules and journal stay.
    pub fn replace(&self, org: Org) -> Result<(), Refusal> {
        let told = Change::State(StateChange::Replaced);
        let before = self.known(&org.id).map_or(0, |it| it.rows.bytes());
        if !self.common().stored.has_room(org.bytes(), before) {
            return Err(Refusal::NoSpace);
        }
        self.renew(&org.id.clone(), Scopes::STATE, Some(org), told)
    }

    /// Restores the named scopes of all organizations from a baseline.
    pub fn reset_all(&self, scopes: Scopes, baseline: &Baseline) -> Result<(), Refusal> {
        self.renew_all(scopes, baseline, Change::Reset(scopes))
    }

    /// Puts what a baseline describes in the place of all that is stored; clocks, rules and journal stay.
    pub fn replace_all(&self, baseline: &Baseline, told: StateChange) -> Result<(), Refusal> {
        self.renew_all(Scopes::STATE, baseline, Change::State(told))
    }

    fn renew_all(&self, scopes: Scopes, baseline: &Baseline, told: Change) -> Result<(), Refusal> {
        let mut census = self.census();
        let old = self.now.load_full();
        let common = Arc::new(self.renewed_common(&old.nameless.common, scopes, baseline));
        let now = Generation::of(common);
        for tenant in &old.tenants {
            let renewed = self.renewed(&tenant, &now, scopes, None);
            now.tenants.insert(tenant.key().clone(), Arc::new(renewed));
        }
        for org in baseline.orgs.iter().filter(|_| scopes.state) {
            let rows = Arc::new(Rows::new(&now.nameless.common.stored, Some(org.clone())));
            let mut tenant = match now.tenants.remove(&org.id) {
                Some((_, tenant)) => Arc::into_inner(tenant).expect("nobody has seen it yet"),
                None => self.fresh(&now, &org.id, 0),
            };
            tenant.rows = rows;
            now.tenants.insert(org.id.clone(), Arc::new(tenant));
        }
        let is_kept = |tenant: &Tenant| tenant.is_kept();
        let kept = now.tenants.iter().filter(|it| is_kept(it)).count();
        if kept > self.start.max_organizations {
            return Err(Refusal::Full);
        }
        if scopes == Scopes::ALL {
            now.tenants.retain(|_, tenant| is_kept(tenant));
        }
        census.kept = kept;
        census.bare = super::recency::Recency::default();
        for tenant in now.tenants.iter().filter(|it| !is_kept(it)) {
            census.bare.insert(tenant.key().clone(), tenant.last_used());
        }
        // With `state`, the fixture's own issued tokens are restored.
        if scopes.clock && !scopes.state {
            forget_clock(&now.nameless.common, None);
        }
        if scopes.requests {
            census.evicted = Evicted::default();
            old.nameless.requests.retire();
            old.tenants
                .iter()
                .for_each(|tenant| tenant.requests.retire());
        }
        // Between the last request before it and the first after it.
        self.journal().events.note(None, told);
        self.now.store(Arc::new(now));
        Ok(())
    }

    /// Replaces an organization's tenant by a fresh one.
    fn renew(
        &self,
        org: &OrgId,
        scopes: Scopes,
        rows: Option<Org>,
        told: Change,
    ) -> Result<(), Refusal> {
        let mut census = self.census();
        let now = self.now.load_full();
        let old = self.admitted(&mut census, org);
        let renewed = self.renewed(&old, &now, scopes, rows);
        match (old.is_kept(), renewed.is_kept()) {
            (false, true) => self.keep(&mut census, org)?,
            (true, false) => self.release(&mut census, org),
            (true, true) | (false, false) => {}
        }
        if scopes.clock {
            forget_clock(&now.nameless.common, Some(org));
        }
        if scopes.requests {
            census.evicted.take(org);
            old.requests.retire();
        }
        self.journal().events.note(Some(org.clone()), told);
        now.tenants.insert(org.clone(), Arc::new(renewed));
        Ok(())
    }

    /// A tenant that has fresh parts for the named scopes and shares the other parts with the old one.
    fn renewed(&self, old: &Tenant, now: &Generation, scopes: Scopes, rows: Option<Org>) -> Tenant {
        let id = old.id.as_ref().expect("an organization has an id");
        let fresh = self.fresh(now, id, 0);
        Tenant {
            rows: part(
                scopes.state,
                || Arc::new(Rows::new(&now.nameless.common.stored, rows)),
                &old.rows,
            ),
            clock: part(scopes.clock, || fresh.clock, &old.clock),
            rules: part(scopes.faults, || fresh.rules, &old.rules),
            windows: part(scopes.limits, || fresh.windows, &old.windows),
            requests: part(scopes.requests, || fresh.requests, &old.requests),
            last_used: AtomicU64::new(old.last_used()),
            id: fresh.id,
            common: fresh.common,
        }
    }

    fn renewed_common(&self, old: &Common, scopes: Scopes, baseline: &Baseline) -> Common {
        let tokens = || Arc::new(ArcSwap::new(Arc::clone(&baseline.tokens)));
        let template = if scopes.state {
            &baseline.template
        } else {
            &old.template
        };
        Common {
            tokens: part(scopes.state, tokens, &old.tokens),
            template: template.clone(),
            clock: part(
                scopes.clock,
                || Arc::new(Clock::base(self.start.clock)),
                &old.clock,
            ),
            rules: part(
                scopes.faults,
                || Arc::new(old.rules.fresh(&old.stored)),
                &old.rules,
            ),
            windows: part(scopes.limits, Arc::default, &old.windows),
            requests: part(
                scopes.requests,
                || Ring::new(self.journal(), None, 0),
                &old.requests,
            ),
            rate_limit: old.rate_limit,
            stored: Arc::clone(&old.stored),
        }
    }

    /// Reads an organization's clock, or the base clock.
    pub fn clock(&self, org: Option<&OrgId>) -> Reading {
        let tenant = org.and_then(|org| self.known(org));
        let tenant = tenant.unwrap_or_else(|| Arc::clone(&self.now.load().nameless));
        tenant.time().read()
    }

    /// Changes a clock. An organization's own clock starts from the base clock's time, and makes its organization count as
    /// stored.
    pub fn change_clock(
        &self,
        org: Option<&OrgId>,
        change: ClockChange,
    ) -> Result<Reading, ClockRefusal> {
        let mut census = self.census();
        let tenant = match org {
            Some(org) => self.admitted(&mut census, org),
            None => Arc::clone(&self.now.load().nameless),
        };
        let changed = tenant.time().changed(change);
        let changed = changed.ok_or(ClockRefusal::OutOfRange)?;
        if let Some(org) = org {
            if !tenant.is_kept() {
                let kept = self.keep(&mut census, org);
                kept.map_err(|_| ClockRefusal::Full)?;
            }
            tenant.clock.set(changed);
        } else {
            tenant.common.clock.set(changed);
        }
        let told = Change::Clock(changed.read());
        self.journal().events.note(org.cloned(), told);
        Ok(changed.read())
    }

    /// Puts a rule in force; it replaces the one with its id and organization. An equal rule keeps its counts, unless it is to
    /// be re-armed. A rule makes its organization count as stored.
    pub fn put_rule(&self, rule: Rule, rearm: bool) -> Result<RuleView, Refusal> {
        let mut census = self.census();
        let org = rule.org().cloned();
        let told = Change::Rule(Arc::clone(&rule.id), RuleChange::Put);
        let put = if let Some(org) = &org {
            let tenant = self.admitted(&mut census, org);
            let is_new = !tenant.is_kept();
            if is_new && census.kept >= self.start.max_organizations {
                return Err(Refusal::Full);
            }
            let put = tenant.rules.put(rule, rearm)?;
            if is_new {
                self.keep(&mut census, org)?;
            }
            put
        } else {
            self.common().rules.put(rule, rearm)?
        };
        self.journal().events.note(org, told);
        Ok(put)
    }

    /// Looks up a rule by its id: in the given organization, or without one among the rules for all and then in every
    /// organization, where the id has to be unique.
    pub fn rule(&self, id: &str, org: Option<&OrgId>) -> Result<RuleView, NotOne> {
        self.scope_with(id, org)?.1.get(id).ok_or(NotOne::None)
    }

    /// Removes a rule; it is looked up as by [`Tenants::rule`].
    pub fn remove_rule(&self, id: &str, org: Option<&OrgId>) -> Result<(), NotOne> {
        let mut census = self.census();
        let (tenant, rules) = self.scope_with(id, org)?;
        if !rules.remove(id) {
            return Err(NotOne::None);
        }
        let org = tenant.as_ref().and_then(|tenant| tenant.id.clone());
        if let (Some(tenant), Some(org)) = (tenant, &org)
            && !tenant.is_kept()
        {
            self.release(&mut census, org);
        }
        let told = Change::Rule(id.into(), RuleChange::Removed);
        self.journal().events.note(org, told);
        Ok(())
    }

    /// The rules of one organization, or all of them: first those for all organizations, then by organization, each in the order of insertion.
    pub fn rules(&self, org: Option<&OrgId>) -> Vec<RuleView> {
        if let Some(org) = org {
            return self.known(org).map_or_else(Vec::new, |it| it.rules.list());
        }
        let of_orgs = self.by_id().into_iter().flat_map(|it| it.rules.list());
        self.common()
            .rules
            .list()
            .into_iter()
            .chain(of_orgs)
            .collect()
    }

    /// Finds which organization's rule an id names.
    fn scope_with(
        &self,
        id: &str,
        org: Option<&OrgId>,
    ) -> Result<(Option<Arc<Tenant>>, Arc<Rules>), NotOne> {
        let of = |tenant: Arc<Tenant>| {
            let rules = Arc::clone(&tenant.rules);
            (Some(tenant), rules)
        };
        if let Some(org) = org {
            return self.known(org).map(of).ok_or(NotOne::None);
        }
        // A rule for all is named by giving no organization.
        let for_all = Arc::clone(&self.common().rules);
        if for_all.get(id).is_some() {
            return Ok((None, for_all));
        }
        let mut having = self.by_id();
        having.retain(|tenant| tenant.rules.get(id).is_some());
        match having.len() {
            0 => Err(NotOne::None),
            1 => Ok(of(having.remove(0))),
            _ => Err(NotOne::Several(
                having
                    .iter()
                    .filter_map(|tenant| tenant.id.clone())
                    .collect(),
            )),
        }
    }

    /// How many rules were put since the start, and which were not used up, whatever was reset or removed since.
    pub fn rules_left(&self) -> RulesLeft {
        self.now.load().nameless.common.rules.left()
    }

    /// The entries of the journal that a filter lets through, the newest last.
    pub fn requests(&self, filter: &Filter) -> Found {
        let (rings, lost) = {
            let census = self.census();
            if let Some(org) = &filter.org {
                let ring = self.known(org).map(|it| Arc::clone(&it.requests));
                let lost = ring.is_none().then(|| census.evicted.of(org));
                (Vec::from_iter(ring), lost.unwrap_or_default())
            } else {
                let now = self.now.load_full();
                let rings = now.tenants.iter().map(|it| Arc::clone(&it.requests));
                let nameless = Arc::clone(&now.nameless.requests);
                (rings.chain([nameless]).collect(), census.evicted.all())
            }
        };
        Found::of(rings, filter, lost)
    }

    /// The entry of that id.
    pub fn request(&self, id: u64, org: Option<OrgId>) -> Option<Entry> {
        let filter = Filter {
            org,
            ..Filter::default()
        };
        self.requests(&filter).entry(id)
    }

    /// How many expectations about each operation were met: of one organization, or all in all.
    pub fn checked(&self, org: Option<&OrgId>) -> BTreeMap<Operation, u64> {
        if org.is_some() {
            return self.ring(org).map_or_else(BTreeMap::new, |it| it.checked());
        }
        let now = self.now.load_full();
        let mut checked = now.nameless.requests.checked();
        for tenant in &now.tenants {
            for (operation, count) in tenant.requests.checked() {
                *checked.entry(operation).or_default() += count;
            }
        }
        checked
    }

    /// The ring of an organization, or of the requests that name none.
    fn ring(&self, org: Option<&OrgId>) -> Option<Arc<Ring>> {
        match org {
            Some(org) => self.known(org).map(|it| Arc::clone(&it.requests)),
            None => Some(Arc::clone(&self.now.load().nameless.requests)),
        }
    }

    /// Checks expectations against the journal; the error has the nearest requests. Never waits.
    pub fn verify(&self, expected: &Expectations) -> Result<usize, Unmet> {
        let all = self.requests(&Filter {
            org: expected.org().cloned(),
            ..Filter::default()
        });
        let count = expected.check(&all)?;
        if let Some(ring) = self.ring(expected.org()) {
            for operation in expected.operations(&all) {
                ring.note_checked(operation);
            }
        }
        Ok(count)
    }
}
