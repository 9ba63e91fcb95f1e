//! The table of routes.

use super::{directory, endpoint::Endpoint, groups, oauth};
use crate::{
    domain::contract::{Contract, Edition},
    openapi::Served,
};

/// The prefixes of all routes: go.tallyfy.com has `/api`, api.tallyfy.com none (evidence 1.2).
pub(in crate::http) const PREFIXES: [&str; 2] = ["/api", ""];

/// Everything that is served.
pub(in crate::http) fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    let beside = directory::ENDPOINTS.iter().chain(&oauth::ENDPOINTS);
    groups::ENDPOINTS.iter().chain(beside)
}

/// The endpoints of a path.
pub(in crate::http) fn endpoints_on(path: &str) -> impl Iterator<Item = &'static Endpoint> {
    endpoints().filter(move |endpoint| endpoint.path == path)
}

/// What is served under a contract, at an origin such as `http://127.0.0.1:8255`.
pub fn served(edition: Edition, contract: Contract, is_rate_limited: bool, origin: &str) -> Served {
    Served {
        edition,
        contract,
        is_rate_limited,
        routes: endpoints().map(Endpoint::route).collect(),
        servers: PREFIXES.map(|prefix| format!("{origin}{prefix}")).into(),
    }
}
