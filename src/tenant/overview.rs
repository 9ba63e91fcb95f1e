//! How much there is of each tenant.

use std::sync::Arc;

use super::{Org, clock::Reading, map::Tenants};
use crate::domain::id::OrgId;

/// How much there is of one organization.
#[derive(Debug)]
pub struct Overview {
    /// Its id.
    pub id: OrgId,
    /// Its rows; nothing where it is not stored.
    pub org: Option<Arc<Org>>,
    /// How many rules it has.
    pub rules: usize,
    /// How many requests are in its journal.
    pub requests: usize,
    /// Its clock, where it has one of its own.
    pub clock: Option<Reading>,
}

impl Tenants {
    /// Every organization that is stored or was asked for, in the order of their ids.
    pub fn overview(&self) -> Vec<Overview> {
        let tenants = self.by_id().into_iter();
        let known = tenants.filter_map(|tenant| {
            Some(Overview {
                id: tenant.id.clone()?,
                org: tenant.rows.read().clone(),
                rules: tenant.rules.len(),
                requests: tenant.requests.len(),
                clock: tenant.clock.time().map(super::clock::Time::read),
            })
        });
        known.collect()
    }

    /// How many rules there are for all organizations, and how many requests in the journal that named none.
    pub fn beside_organizations(&self) -> (usize, usize) {
        let common = self.common();
        (common.rules.len(), common.requests.len())
    }
}
