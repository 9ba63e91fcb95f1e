//! The wire shape of a guest (evidence 8.5).

use serde_json::Value;
use uuid::Uuid;

use super::{Keys, NULL, Part, since, written};
use crate::{
    domain::{contract::Contract, guest::Guest, query::Includes},
    tenant::{IdGen, Org},
};

/// Writes the whole guest.
pub(in crate::http) fn view(guest: &Guest, org: &Org, with: Includes, contract: &Contract) -> Keys {
    let code = code(guest, org);
    let created_at = guest.created_at.map_or_else(
        || since(contract),
        |created_at| written(created_at, contract).into(),
    );
    let keys = Keys(vec![
        ("id", number(&code).into()),
        ("email", guest.email.as_str().into()),
        ("last_accessed_at", NULL),
        ("last_known_ip", NULL),
        ("last_known_country", NULL),
        (
            "details",
            Part::Object(details(guest.details().get("details"))),
        ),
        ("first_name", guest.first_name().into()),
        ("last_name", guest.last_name().into()),
        ("created_at", created_at.into()),
        ("deleted_at", NULL),
        // The SDK takes the segment after `guest` for the guest's id. Nothing answers under `.test`
        // (RFC 6761), so that nobody who follows the link gets to the real service.
        (
            "link",
            format!("https://go.tallyfy.test/guest/{code}").into(),
        ),
    ]);
    let mut keys = keys.filled(guest.details());
    if let Some(stats) = guest.details().get("stats").filter(|_| with.stats) {
        keys.push("stats", stats.clone());
    }
    keys
}

/// The keys of an entry of `guests-list` (assumed: what a list to choose from needs, evidence 8.5).
pub(in crate::http) fn name(guest: &Guest, org: &Org) -> Keys {
    let keys = Keys(vec![
        ("id", number(&code(guest, org)).into()),
        ("email", guest.email.as_str().into()),
        ("first_name", guest.first_name().into()),
        ("last_name", guest.last_name().into()),
    ]);
    keys.filled(guest.details())
}

/// 32 hexadecimal digits that stand for a guest in links, the same at every run.
fn code(guest: &Guest, org: &Org) -> String {
    let given = guest.details().get("guest_code").and_then(Value::as_str);
    given.map_or_else(
        || IdGen::derived(org.id.as_str(), &guest.email.key()),
        str::to_owned,
    )
}

/// A number out of a guest's code, as the newer pages show ids of guests.
fn number(code: &str) -> u32 {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, code.as_bytes());
    let (number, ..) = id.as_fields();
    // Small enough for any client's integer, and never 0.
    number >> 8 | 1
}

fn details(given: Option<&Value>) -> Keys {
    let keys = Keys(vec![
        ("status", "active".into()),
        ("phone_1", NULL),
        ("phone_2", NULL),
        ("timezone", NULL),
        ("image_url", NULL),
        ("contact_url", NULL),
        ("company_url", NULL),
        ("opportunity_url", NULL),
        ("company_name", NULL),
        ("opportunity_name", NULL),
        ("external_sync_source", NULL),
        ("external_date_creation", NULL),
        ("cadence_days", NULL),
        ("associated_members", NULL),
        ("last_city", NULL),
        ("last_country", NULL),
        ("last_accessed_at", NULL),
        ("disabled_at", NULL),
        ("disabled_by", NULL),
        ("reactivated_at", NULL),
        ("reactivated_by", NULL),
    ]);
    match given {
        Some(Value::Object(given)) => keys.filled_by(|key| given.get(key)),
        Some(_) | None => keys,
    }
}
