//! Tallyfy's rules as pure values: what a group is, what may be asked, what is refused and in which words.
//!
//! Nothing here knows HTTP, locks, the clock or chance.

pub mod contract;
pub mod details;
pub mod group;
pub mod guest;
pub mod hosts;
pub mod id;
pub mod operation;
pub mod page;
pub mod people;
pub mod query;
pub mod text;
pub mod user;
pub mod validate;
