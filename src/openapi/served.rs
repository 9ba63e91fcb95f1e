//! What a document is made of.

use crate::domain::{
    contract::{Contract, Edition},
    provenance::Route,
};

/// What one process serves of Tallyfy's API.
#[derive(Debug, Clone)]
pub struct Served {
    /// The edition that was chosen.
    pub edition: Edition,
    /// What is answered where the documentation disagrees with itself.
    pub contract: Contract,
    /// Whether a rate limit counts requests.
    pub is_rate_limited: bool,
    /// Every operation and where it is served.
    pub routes: Vec<Route>,
    /// What stands before the paths: a URL for each prefix.
    pub servers: Vec<String>,
}
