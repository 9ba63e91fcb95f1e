//! Tallyfy's rules as pure values: what a group is, what may be asked, what is refused and in which words.
//!
//! They are a room of their own because nothing here needs HTTP, locks, the clock or randomness. `evidence 4.3` in a comment
//! means that section of `docs/evidence.md`, which says where a rule comes from.

pub mod agreement;
pub mod answered;
pub mod asked;
pub mod contract;
pub mod details;
pub mod evidence;
pub mod grant;
pub mod group;
pub mod guest;
pub mod hosts;
pub mod id;
pub mod operation;
pub mod page;
pub mod people;
pub mod provenance;
pub mod query;
pub mod text;
pub mod user;
pub mod validate;
