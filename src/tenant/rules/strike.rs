//! What rules look at, and what they do to a request.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use crate::domain::{id::OrgId, operation::Operation};

/// The parts of a request at which rules look.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The operation, if the request matched one.
    pub operation: Option<Operation>,
    /// The method.
    pub method: &'a str,
    /// The path after the prefix `/api`.
    pub path: &'a str,
    /// The organization that the path names.
    pub org: Option<&'a OrgId>,
    /// The bearer token.
    pub token: Option<&'a str>,
}

/// What a rule does to a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Strike {
    /// The id of the rule.
    pub rule: Arc<str>,
    /// The delay before it.
    pub delay: Option<Duration>,
    /// What happens instead of the answer; `None` only delays it.
    pub effect: Option<Effect>,
    /// Whether it happens before or after the write.
    pub write: Write,
    /// Whether nothing is left of the rule now.
    pub is_last: bool,
}

/// Whether a fault happens before or after the request is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Write {
    /// The request is not carried out.
    #[default]
    Before,
    /// It is carried out, but the client does not hear of it.
    After,
}

/// What happens instead of the answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Another answer instead.
    Status {
        /// Its status, from 200 to 599.
        status: u16,
        /// Its body; by default Tallyfy's for that status.
        body: Option<Value>,
        /// Its `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// No proper answer.
    Fault(Fault),
}

/// The ways to break an answer, under `WireMock`'s names as far as it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is reset.
    ConnectionReset,
    /// The connection is closed without a byte.
    EmptyResponse,
    /// A good status, then garbage.
    MalformedResponse,
    /// Garbage from the first byte on.
    RandomDataThenClose,
    /// The connection is closed in the middle of the body.
    TruncatedBody,
    /// The body comes in small pieces.
    SlowBody {
        /// The pause between two pieces.
        chunk_ms: u64,
    },
}

impl Fault {
    /// The faults' names.
    pub const NAMES: &'static [&'static str] = &[
        "connection_reset",
        "empty_response",
        "malformed_response",
        "random_data_then_close",
        "truncated_body",
        "slow_body",
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let place = match self {
            Self::ConnectionReset => 0,
            Self::EmptyResponse => 1,
            Self::MalformedResponse => 2,
            Self::RandomDataThenClose => 3,
            Self::TruncatedBody => 4,
            Self::SlowBody { .. } => 5,
        };
        Self::NAMES[place]
    }
}
