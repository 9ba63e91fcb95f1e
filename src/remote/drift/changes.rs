//! The list of probes that could change something, a line each: requests made to be refused, and those that create, update and
//! delete a group in a sandbox. None is sent without [`Consent`].

use crate::domain::{
    id::OrgId,
    operation::{
        Operation,
        Operation::{CreateGroup, DeleteGroup, GetGroup, IssueToken, ListGroups, UpdateGroup},
    },
};

/// That somebody was told what will be sent, and said yes. Only whoever asked can make one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consent {
    /// To requests that are made to be refused.
    pub refusals: bool,
    /// To groups that are created, changed and deleted in that organization.
    pub sandbox: Option<OrgId>,
}

/// A body and its type. `$name` in it is a name that nothing else has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    None,
    Json(&'static str),
    Plain(&'static str),
    Form(&'static str),
}

impl Body {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Json(text) | Self::Plain(text) | Self::Form(text) => text,
        }
    }

    pub(super) fn content_type(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Json(_) => Some("application/json"),
            Self::Plain(_) => Some("text/plain"),
            Self::Form(_) => Some("application/x-www-form-urlencoded"),
        }
    }
}

/// What the answer to a change is kept for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    Nothing,
    /// The id of the group that was made: `{made}` in later paths.
    Made,
}

/// A request that could change something, and what its answer tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) name: &'static str,
    pub(super) operation: Operation,
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) body: Body,
    pub(super) keeps: Keeps,
    pub(super) tells: &'static [&'static str],
}

const fn change(
    operation: Operation,
    name: &'static str,
    (method, path): (&'static str, &'static str),
    body: Body,
    tells: &'static [&'static str],
) -> Change {
    Change {
        name,
        operation,
        method,
        path,
        body,
        keeps: Keeps::Nothing,
        tells,
    }
}

impl Change {
    const fn keeping(self, keeps: Keeps) -> Self {
        Self { keeps, ..self }
    }
}

const NOTHING: &[&str] = &[];
const REFUSED: &[&str] = &["validation_body", "description_on_create"];
const REFUSED_UPDATE: &[&str] = &["validation_body"];
const NO_JSON: &[&str] = &["malformed_json", "validation_body", "description_on_create"];
const NO_TYPE: &[&str] = &[
    "body_without_json_type",
    "validation_body",
    "description_on_create",
];
const CREATED: &[&str] = &["create_status", "time_keys", "time_format"];
const SHOWN: &[&str] = &["time_keys", "time_format"];
const FOUND: &[&str] = &["time_keys", "time_format", "empty_links"];
const UPDATED: &[&str] = &["update_status", "time_keys", "time_format"];
const SPARSE: &[&str] = &[
    "description_on_create",
    "create_status",
    "validation_body",
    "time_keys",
    "time_format",
];
const DELETED: &[&str] = &["delete_reply", "time_keys", "time_format"];

const GROUPS: &str = "/organizations/{org}/groups";
const NOBODY: &str = "/organizations/{org}/groups/{nobody}";
const TOKEN: &str = "/oauth/token";

/// Requests that a server has to refuse. Were one accepted, there would be a group without a name, or a token.
#[rustfmt::skip] // a line each
pub(super) const REFUSALS: &[Change] = &[
    change(CreateGroup, "create of nothing", ("POST", GROUPS), Body::Json("{}"), REFUSED),
    change(CreateGroup, "create of the wrong types", ("POST", GROUPS), Body::Json(r#"{"name":[],"description":7,"members":"x","guests":["x"]}"#), REFUSED_UPDATE),
    change(CreateGroup, "create by what is no JSON", ("POST", GROUPS), Body::Json("{"), NO_JSON),
    change(CreateGroup, "create by JSON that is called a text", ("POST", GROUPS), Body::Plain(r#"{"members":"x"}"#), NO_TYPE),
    change(UpdateGroup, "update of an unknown one", ("PUT", NOBODY), Body::Json("{}"), NOTHING),
    change(DeleteGroup, "delete of an unknown one", ("DELETE", NOBODY), Body::None, &["delete_missing"]),
    change(IssueToken, "token by JSON", ("POST", TOKEN), Body::Json(r#"{"grant_type":"password"}"#), &["oauth_body"]),
    change(IssueToken, "token by a form", ("POST", TOKEN), Body::Form("grant_type=password"), NOTHING),
];

const SANDBOX: &str = "/organizations/{sandbox}/groups";
const MADE: &str = "/organizations/{sandbox}/groups/{made}";

/// One group's life in the sandbox, and the refusals on its way.
#[rustfmt::skip] // a line each
pub(super) const WRITES: &[Change] = &[
    change(CreateGroup, "create", ("POST", SANDBOX), Body::Json(r#"{"name":"$name","description":"Made by tallyfy-mock drift, which deletes it"}"#), CREATED).keeping(Keeps::Made),
    change(GetGroup, "get the created one", ("GET", MADE), Body::None, SHOWN),
    change(ListGroups, "list, searched for the created one", ("GET", "/organizations/{sandbox}/groups?q={name}&per_page=100"), Body::None, FOUND),
    change(CreateGroup, "create of a name that is taken", ("POST", SANDBOX), Body::Json(r#"{"name":"$name","description":"Made by tallyfy-mock drift, which deletes it"}"#), REFUSED_UPDATE),
    change(UpdateGroup, "update", ("PUT", MADE), Body::Json(r#"{"description":"Changed by tallyfy-mock drift"}"#), UPDATED),
    change(UpdateGroup, "update with nothing", ("PUT", MADE), Body::Json("{}"), UPDATED),
    change(UpdateGroup, "update to no description", ("PUT", MADE), Body::Json(r#"{"description":null}"#), REFUSED_UPDATE),
    change(DeleteGroup, "delete", ("DELETE", MADE), Body::None, DELETED),
    change(DeleteGroup, "delete again", ("DELETE", MADE), Body::None, &["delete_missing"]),
    change(GetGroup, "get the deleted one", ("GET", MADE), Body::None, NOTHING),
    change(CreateGroup, "create without a description", ("POST", SANDBOX), Body::Json(r#"{"name":"$name"}"#), SPARSE).keeping(Keeps::Made),
];
