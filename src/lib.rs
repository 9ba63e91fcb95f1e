//! x
pub mod clock;
pub mod domain;
pub mod fixture;
pub mod store;
