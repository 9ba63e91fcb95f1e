//! Estimates the work of a request.

use crate::{
    domain::operation::Operation,
    http::exchange::Exchange,
    tenant::{Org, Refusal},
};

/// Upper bound on steps of a request on a thread that polls sockets: well under a millisecond of work.
const LIGHT: usize = 10_000;
/// Upper bound on a body that is parsed there.
const SHORT_BODY: usize = 32 * 1024;

/// Whether a request may take long, or has to wait for a writer of the organization.
pub(super) fn is_heavy(exchange: &Exchange, body: &[u8]) -> bool {
    // A token request may search the users of all organizations.
    let is_of_all = exchange.matched.operation == Some(Operation::IssueToken);
    if is_of_all || body.len() > SHORT_BODY {
        return true;
    }
    let query = exchange.uri.query().unwrap_or_default();
    match exchange.held.try_org() {
        Some(Ok(org)) => steps(exchange, query, &org) > LIGHT,
        // It does not exist, which is answered at once.
        Some(Err(Refusal::NoOrg)) => false,
        Some(Err(_)) | None => true,
    }
}

/// The approximate number of rows, members and guests that are visited.
fn steps(exchange: &Exchange, query: &str, org: &Org) -> usize {
    let groups = org.groups();
    let people = org.users().len() + org.guests().len();
    // A parameter's name may be encoded.
    let asks_for = |name: &str| query.contains(name) || query.contains('%');
    let all = groups.len() + groups.people() + people;
    match exchange.matched.operation {
        Some(Operation::ListGroups) if asks_for("q=") || asks_for("with") => all,
        Some(Operation::ListGroups) => groups.longest().saturating_mul(100),
        Some(Operation::GetGroup) if asks_for("with") => groups.longest().saturating_mul(40),
        Some(Operation::GetGroup) => groups.longest(),
        Some(
            Operation::ListUsers
            | Operation::ListGuests
            | Operation::ListUserNames
            | Operation::ListGuestNames
            | Operation::GetUser
            | Operation::GetMeInOrganization,
        ) => all.saturating_mul(4),
        Some(_) | None => 0,
    }
}
