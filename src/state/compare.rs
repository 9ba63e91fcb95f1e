//! What a running mock holds, organization by organization, and what of it is no longer as it was loaded.

use std::{collections::BTreeMap, sync::Arc};

use super::{AppState, Refusal};
use crate::{
    domain::id::OrgId,
    fixture::Changes,
    tenant::{Org, Overview, Undeclared},
};

impl AppState {
    /// Which rows of an organization are not what was loaded.
    pub fn changes(&self, id: &OrgId) -> Result<Changes, Refusal> {
        let now = self.tenants.look_at(id).org();
        let before = self.as_loaded(id);
        match (now, before) {
            (Ok(now), before) => {
                let before = before.unwrap_or_else(|| nothing(id));
                Ok(Changes::between(before, now))
            }
            (Err(_), Some(before)) => Ok(Changes::between(before, nothing(id))),
            (Err(_), None) => Err(Refusal::NoOrg(id.clone())),
        }
    }

    /// The same of every organization in which there is anything of the kind.
    pub fn all_changes(&self) -> BTreeMap<OrgId, Changes> {
        let loaded = self.loaded.load();
        let loaded = loaded.orgs.iter().map(|org| org.id.clone());
        let ids = loaded.chain(self.tenants.org_ids());
        let changes = ids.filter_map(|id| {
            let changes = self.changes(&id).ok()?;
            (!changes.is_empty()).then_some((id, changes))
        });
        changes.collect()
    }

    /// Every organization that is stored or was asked for, in the order of their ids, and whether any of its
    /// rows are not what was loaded.
    pub fn overview(&self) -> Vec<(Overview, bool)> {
        let loaded = self.loaded.load();
        let loaded: BTreeMap<&OrgId, &Org> = loaded.orgs.iter().map(|org| (&org.id, org)).collect();
        let all = self.tenants.overview().into_iter().map(|it| {
            let is_changed = match (loaded.get(&it.id), &it.org) {
                (Some(before), Some(now)) => !now.is_same(before),
                (None, None) => false,
                (Some(_), None) | (None, Some(_)) => true,
            };
            (it, is_changed)
        });
        all.collect()
    }

    /// An organization as a reset makes it.
    fn as_loaded(&self, id: &OrgId) -> Option<Arc<Org>> {
        let loaded = self.loaded.load();
        let declared = loaded.orgs.iter().find(|org| org.id == *id).cloned();
        let started = || {
            let template = loaded.template.as_ref()?;
            Some(template.seed.build(id, template.start, Undeclared::Open))
        };
        declared.or_else(started).map(Arc::new)
    }
}

fn nothing(id: &OrgId) -> Arc<Org> {
    Arc::new(Org::new(id.clone(), id.as_str(), true, Undeclared::Open))
}
