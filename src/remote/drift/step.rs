//! One request of a run, whether it reads or not, as both sides are sent it.

use super::{
    changes::{Body, Change, Keeps},
    places::{Needed, Places},
    probes::{Caller, Probe},
};
use crate::domain::operation::Operation;

/// One request of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Read(&'static Probe),
    Change(&'static Change),
}

/// A request with all places filled in; how a caller shows who it is, each side adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) caller: Caller,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: String,
}

/// The header that says which client asks.
pub(super) const CLIENT: (&str, &str) = ("X-Tallyfy-Client", "APIClient");

impl Filled {
    /// The headers, but for a token.
    pub(super) fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let mut headers = Vec::new();
        if self.caller != Caller::NoClient {
            headers.push(CLIENT);
        }
        if self.caller == Caller::Malformed {
            headers.push(("Authorization", "Token malformed"));
        }
        if let Some(content_type) = self.content_type {
            headers.push(("Content-Type", content_type));
        }
        headers
    }

    /// Whether the token goes with it.
    pub(super) fn has_token(&self) -> bool {
        matches!(self.caller, Caller::Token | Caller::NoClient)
    }
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read(probe) => probe.name,
            Self::Change(change) => change.name,
        }
    }

    pub(super) fn operation(self) -> Option<Operation> {
        match self {
            Self::Read(probe) => probe.operation,
            Self::Change(change) => Some(change.operation),
        }
    }

    pub(super) fn tells(self) -> &'static [&'static str] {
        match self {
            Self::Read(probe) => probe.tells,
            Self::Change(change) => change.tells,
        }
    }

    /// Whether its answer names a group that was made.
    pub(super) fn makes(self) -> bool {
        matches!(self, Self::Change(change) if change.keeps == Keeps::Made)
    }

    /// The method and the path, with no id in it.
    pub(super) fn shown(self) -> String {
        let (method, path) = match self {
            Self::Read(probe) => (probe.method.name(), probe.path),
            Self::Change(change) => (change.method, change.path),
        };
        format!("{method} {path}")
    }

    /// The request, or what there would have to be for it.
    pub(super) fn fill(self, places: &Places) -> Result<Filled, Needed> {
        let filled = |method, path, caller, body: Body| {
            Ok(Filled {
                method,
                path: places.fill(path)?,
                caller,
                content_type: body.content_type(),
                body: body.text().replace("$name", &places.name),
            })
        };
        match self {
            Self::Read(probe) => filled(probe.method.name(), probe.path, probe.caller, Body::None),
            Self::Change(change) => filled(change.method, change.path, Caller::Token, change.body),
        }
    }
}
