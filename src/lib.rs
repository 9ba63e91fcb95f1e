#![doc = include_str!("../README.md")]

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod control;
#[doc(hidden)]
pub mod domain;
#[doc(hidden)]
pub mod faults;
#[doc(hidden)]
pub mod fixture;
#[doc(hidden)]
pub mod http;
#[doc(hidden)]
pub mod journal;
mod json;
mod mock;
#[doc(hidden)]
pub mod rate_limit;
pub mod request_log;
#[doc(hidden)]
pub mod server;
#[doc(hidden)]
pub mod socket;
#[doc(hidden)]
pub mod state;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod world;

pub use self::{
    domain::{contract::ContractError, operation::Operation},
    fixture::{FixtureError, Problem},
    mock::{Builder, FaultBuilder, Org, TallyfyMock, Verification},
    state::StartError,
};
