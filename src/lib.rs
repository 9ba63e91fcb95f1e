#![doc = include_str!("../README.md")]

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
pub mod request_log;
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
