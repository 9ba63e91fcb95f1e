//! The table of all routes.

use super::{directory, endpoint::Endpoint, groups, oauth};

/// What the routes are served under: go.tallyfy.com has `/api`, api.tallyfy.com has nothing (evidence 1.2).
pub(in crate::http) const PREFIXES: [&str; 2] = ["/api", ""];

/// Everything that is served, in one table.
pub(in crate::http) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    let beside = directory::ENDPOINTS.iter().chain(&oauth::ENDPOINTS);
    groups::ENDPOINTS.iter().chain(beside)
}

/// What is served on a path of the table.
pub(in crate::http) fn endpoints_on(path: &str) -> impl Iterator<Item = &'static Endpoint> {
    endpoints().filter(move |endpoint| endpoint.path == path)
}
