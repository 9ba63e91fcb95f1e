//! What asks another server, the real Tallyfy among them.
//!
//! `target` says whom, `token` is what it is asked with, `wire` makes one exchange at a time within bounds. `Reader` (`read`)
//! stands on them and can do nothing but `GET` a fixed list of paths; `organization` reads all of an organization through it, row by
//! row in the words of `fields`, and gives it as a fixture. `pull` replaces what was read and writes a file. Nothing here knows the
//! command line; only `wire` and `target` know the HTTP client.

pub mod drift;
mod fields;
mod organization;
mod pages;
pub mod pull;
mod read;
mod seen;
mod tables;
mod target;
mod token;
mod wire;

pub use self::{
    organization::Organization,
    pages::Step,
    read::{Read, Reader},
    target::Target,
    token::{Token, VARIABLES},
    wire::{Answer, Limits, RealTime, Request, Trouble, Waiting, Wire},
};
