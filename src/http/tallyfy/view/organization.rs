//! The wire shape of an organization: the keys of the official SDK's model that evidence 8.3 names.

use super::{Keys, NULL, since};
use crate::{
    domain::contract::Contract,
    tenant::{Org, Standing},
};

/// The organization as one of its users sees it.
pub(in crate::http) fn view(org: &Org, standing: &Standing, contract: &Contract) -> Keys {
    // Active members only (evidence 8.3).
    let users_count = org.users_with(standing).active();
    let given = |keys: [&str; 2]| keys.iter().find_map(|key| org.details.get(key).cloned());
    // The command line reads `created_at`, the SDK `created_on`.
    let created_at = given(["created_at", "created_on"]).unwrap_or_else(|| since(contract));
    let keys = Keys(vec![
        ("id", org.id.as_str().into()),
        ("name", org.name.as_ref().into()),
        ("industry", NULL),
        ("description", NULL),
        ("address1", NULL),
        ("address2", NULL),
        ("created_at", created_at.clone().into()),
        ("created_on", created_at.clone().into()),
        ("last_updated", created_at.into()),
        ("live_support_enabled", 0.into()),
        ("org_logo", NULL),
        ("country", NULL),
        ("state", NULL),
        ("city", NULL),
        ("zipcode", NULL),
        ("users_count", users_count.into()),
        ("in_trial", false.into()),
        ("allow_user_invite", true.into()),
        ("allow_manage_groups", org.allow_manage_groups.into()),
        ("maximum_group_assignment_limit", 0.into()),
        ("timezone", "UTC".into()),
        ("working_days", NULL),
        ("webhook_date_field_format", "yyyy-MM-ddTHH:mm:ssZ".into()),
        ("user_role", standing.role.name().into()),
    ]);
    keys.filled(&org.details)
}
