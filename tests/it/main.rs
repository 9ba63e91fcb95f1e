//! The one test binary: what the product promises, in the product's words.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod access;
mod answers;
mod binary;
mod browsers;
mod commands;
mod control;
mod coverage;
mod direction;
mod directory;
mod docs;
mod document;
#[cfg(feature = "remote")]
mod drift;
mod editions;
mod elsewhere;
mod environment;
mod errors;
mod events;
#[cfg(feature = "tls")]
mod exec;
mod exports;
mod faults;
mod fixtures;
mod freezes;
mod fuzzed;
mod groups;
mod hostile;
mod journal;
mod laws;
mod library;
mod lists;
mod log;
mod naive;
mod oauth;
mod openapi;
mod packaging;
mod page;
mod people;
#[cfg(feature = "remote")]
mod remote;
mod repeat;
mod resets;
mod samples;
#[cfg(unix)]
mod signals;
mod slow;
mod sockets;
mod statuses;
mod stored;
mod support;
#[cfg(all(unix, feature = "tls"))]
mod terminal;
#[cfg(feature = "tls")]
mod tls;
mod twice;
mod under_way;
mod unread;
mod usage;
mod versions;
#[cfg(unix)]
mod watch;
mod wire;
mod words;
