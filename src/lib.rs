//! A local server that answers like the *groups* API of Tallyfy, inside a Rust test.
//!
//! [`TallyfyMock`] runs on a thread of its own and on a free port, and stops when it is dropped. A test takes an [`Org`]
//! of it, one organization, and has every lever there: data ([`Org::seed`]), what goes wrong ([`Org::fault`]), the clock
//! ([`Org::advance_clock`]), and the record of what was asked ([`Org::verify`], [`Org::requests`]).
//!
//! ```
//! use serde_json::json;
//! use tallyfy_mock::{Operation, TallyfyMock};
//!
//! let tallyfy = TallyfyMock::start();
//! let acme = tallyfy.org("acme");
//! acme.seed(json!({ "groups": [{ "id": "sales", "name": "Sales" }] }));
//! acme.fault("flaky").on(Operation::DeleteGroup).status(503).after_write().times(2);
//!
//! let url = format!("{}/api/organizations/acme/groups/sales", tallyfy.uri());
//! let client = reqwest::blocking::Client::new();
//! let delete = client.delete(url).bearer_auth("any-token").header("X-Tallyfy-Client", "APIClient");
//! assert_eq!(delete.send()?.status(), 503); // but it is deleted
//!
//! acme.verify(Operation::DeleteGroup).times(1);
//! # Ok::<(), reqwest::Error>(())
//! ```
//!
//! Tests that run at once share a mock by taking one organization each, or start one each. A method that cannot do what
//! it is asked panics with the reason, as an assertion does; `try_start` returns it instead.
//!
//! In `Cargo.toml`, `default-features = false` leaves out the command line and what only that needs.

/// The examples of the documents, run as tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/rust.md")]
    struct Rust;
}

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod domain;
#[doc(hidden)]
pub mod fixture;
#[doc(hidden)]
pub mod http;
mod json;
mod mock;
#[doc(hidden)]
pub mod openapi;
#[cfg(feature = "remote")]
#[doc(hidden)]
pub mod remote;
#[doc(hidden)]
pub mod request_log;
#[cfg(all(feature = "cli", feature = "tls"))]
mod roots;
#[doc(hidden)]
pub mod server;
#[doc(hidden)]
pub mod socket;
#[doc(hidden)]
pub mod state;
#[doc(hidden)]
pub mod tenant;

pub use self::{
    domain::{contract::ContractError, operation::Operation},
    fixture::{FixtureError, Problem},
    mock::{Builder, FaultBuilder, Org, TallyfyMock, Verification},
    state::StartError,
};
