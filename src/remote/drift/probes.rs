//! The list of probes that read: a line each. Adding one is adding a line; none of them can change anything.

use crate::domain::operation::{
    Operation,
    Operation::{
        GetGroup, GetGuest, GetMe, GetMeInOrganization, GetMyOrganizations, GetOrganization,
        GetUser, ListGroups, ListGuestNames, ListGuests, ListUserNames, ListUsers,
    },
};

/// A method that changes nothing, whatever it is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadMethod {
    Get,
    Head,
    Options,
}

impl ReadMethod {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
        }
    }
}

/// As whom a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// With the token, and the header that says which client this is.
    Token,
    /// Without `Authorization`.
    Nobody,
    /// With an `Authorization` that is no `Bearer`.
    Malformed,
    /// With the token, without the header that says which client this is.
    NoClient,
}

/// A request that reads, and what its answer tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Probe {
    /// What it is called in a report.
    pub(super) name: &'static str,
    /// The operation that it is about, if it is about one.
    pub(super) operation: Option<Operation>,
    pub(super) method: ReadMethod,
    /// The path after the base, and the query; [`Places`](super::places::Places) fills in what stands in braces.
    pub(super) path: &'static str,
    pub(super) caller: Caller,
    /// The switches of the contract that show in its answer.
    pub(super) tells: &'static [&'static str],
}

impl Probe {
    const fn by(self, method: ReadMethod) -> Self {
        Self { method, ..self }
    }

    const fn as_caller(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }

    const fn of_nothing(self) -> Self {
        Self {
            operation: None,
            ..self
        }
    }
}

const fn get(
    operation: Operation,
    name: &'static str,
    path: &'static str,
    tells: &'static [&'static str],
) -> Probe {
    Probe {
        name,
        operation: Some(operation),
        method: ReadMethod::Get,
        path,
        caller: Caller::Token,
        tells,
    }
}

/// What the rows of a list of groups tell.
const ROWS: &[&str] = &["time_keys", "time_format", "empty_links"];
/// The same where links to other pages have other parameters to keep.
const ROWS_AND_LINKS: &[&str] = &["time_keys", "time_format", "empty_links", "next_link"];
const CAPPED: &[&str] = &[
    "time_keys",
    "time_format",
    "empty_links",
    "next_link",
    "per_page_cap",
];
const ROWS_WITH_GUESTS: &[&str] = &[
    "time_keys",
    "time_format",
    "empty_links",
    "next_link",
    "guests_include",
];
const GROUP: &[&str] = &["time_keys", "time_format"];
const GROUP_WITH_GUESTS: &[&str] = &["time_keys", "time_format", "guests_include"];
const PAGED_ROWS: &[&str] = &["time_keys", "time_format", "next_link"];
const CLIENT_AND_ROWS: &[&str] = &[
    "missing_client_header",
    "time_keys",
    "time_format",
    "empty_links",
];
const EMPTY: &[&str] = &["empty_links"];
const NEXT: &[&str] = &["next_link"];
const CAPPED_LINKS: &[&str] = &["time_format", "empty_links", "per_page_cap"];
const PEOPLE: &[&str] = &["time_format", "empty_links", "next_link"];
const TIMES: &[&str] = &["time_format"];
const NOTHING: &[&str] = &[];
const CLIENT: &[&str] = &["missing_client_header"];
const FOREIGN: &[&str] = &["foreign_org"];

/// All of them. `{org}` is the organization, `{group}`, `{user}` and `{guest}` are what was read of it, `{nobody}` is an id
/// that nothing has, `{foreign}` an organization that is not the token's.
#[rustfmt::skip] // a line each
pub(super) const PROBES: &[Probe] = &[
    get(ListGroups, "list", "/organizations/{org}/groups", ROWS),
    get(ListGroups, "list, one a page", "/organizations/{org}/groups?per_page=1", ROWS_AND_LINKS),
    get(ListGroups, "list, second page", "/organizations/{org}/groups?page=2&per_page=1", PAGED_ROWS),
    get(ListGroups, "list, 100 a page", "/organizations/{org}/groups?per_page=100", ROWS_AND_LINKS),
    get(ListGroups, "list, 101 a page", "/organizations/{org}/groups?per_page=101", CAPPED),
    get(ListGroups, "list, past the end", "/organizations/{org}/groups?per_page=10&page=100000", NEXT),
    get(ListGroups, "list by name", "/organizations/{org}/groups?sort_by=name", ROWS_AND_LINKS),
    get(ListGroups, "list by name, backwards", "/organizations/{org}/groups?sort_by=-name", ROWS_AND_LINKS),
    get(ListGroups, "list by creation", "/organizations/{org}/groups?sort_by=created_at", ROWS_AND_LINKS),
    get(ListGroups, "list by creation, backwards", "/organizations/{org}/groups?sort_by=-created_at", ROWS_AND_LINKS),
    get(ListGroups, "list by update", "/organizations/{org}/groups?sort_by=updated_at", ROWS_AND_LINKS),
    get(ListGroups, "list by update, backwards", "/organizations/{org}/groups?sort_by=-updated_at", ROWS_AND_LINKS),
    get(ListGroups, "list, sort=name", "/organizations/{org}/groups?sort=name", ROWS_AND_LINKS),
    get(ListGroups, "list by name, sort=desc", "/organizations/{org}/groups?sort_by=name&sort=desc", ROWS_AND_LINKS),
    get(ListGroups, "list by nothing known", "/organizations/{org}/groups?sort_by=nothing_known", ROWS_AND_LINKS),
    get(ListGroups, "list, searched", "/organizations/{org}/groups?q=e", ROWS_AND_LINKS),
    get(ListGroups, "list, searched in vain", "/organizations/{org}/groups?q={nobody}", EMPTY),
    get(ListGroups, "list, empty search", "/organizations/{org}/groups?q=", ROWS_AND_LINKS),
    get(ListGroups, "list with users", "/organizations/{org}/groups?with=users", ROWS_AND_LINKS),
    get(ListGroups, "list with guests", "/organizations/{org}/groups?with=guests", ROWS_WITH_GUESTS),
    get(ListGroups, "list with assets", "/organizations/{org}/groups?with=assets", ROWS_AND_LINKS),
    get(ListGroups, "list with all includes", "/organizations/{org}/groups?with=users,guests,assets", ROWS_WITH_GUESTS),
    get(ListGroups, "list, with[]=users", "/organizations/{org}/groups?with[]=users", ROWS_AND_LINKS),
    get(ListGroups, "list with nothing known", "/organizations/{org}/groups?with=nothing_known", ROWS_AND_LINKS),
    get(ListGroups, "list, page=0", "/organizations/{org}/groups?page=0", ROWS),
    get(ListGroups, "list, page=-1", "/organizations/{org}/groups?page=-1", ROWS),
    get(ListGroups, "list, page=x", "/organizations/{org}/groups?page=x", ROWS),
    get(ListGroups, "list, page[]=1", "/organizations/{org}/groups?page[]=1", ROWS_AND_LINKS),
    get(ListGroups, "list, per_page=0", "/organizations/{org}/groups?per_page=0", ROWS_AND_LINKS),
    get(ListGroups, "list, per_page=x", "/organizations/{org}/groups?per_page=x", ROWS_AND_LINKS),
    get(ListGroups, "list, limit=1", "/organizations/{org}/groups?limit=1", ROWS_AND_LINKS),
    get(ListGroups, "list, without_pagination", "/organizations/{org}/groups?without_pagination=true", ROWS_AND_LINKS),
    get(ListGroups, "list by HEAD", "/organizations/{org}/groups", NOTHING).by(ReadMethod::Head),
    get(ListGroups, "list by OPTIONS", "/organizations/{org}/groups", NOTHING).by(ReadMethod::Options),
    get(ListGroups, "list without a token", "/organizations/{org}/groups", NOTHING).as_caller(Caller::Nobody),
    get(ListGroups, "list with a malformed token", "/organizations/{org}/groups", NOTHING).as_caller(Caller::Malformed),
    get(ListGroups, "list without the client's header", "/organizations/{org}/groups", CLIENT_AND_ROWS).as_caller(Caller::NoClient),
    get(ListGroups, "list of another organization", "/organizations/{foreign}/groups", FOREIGN),

    get(GetGroup, "get", "/organizations/{org}/groups/{group}", GROUP),
    get(GetGroup, "get with users", "/organizations/{org}/groups/{group}?with=users", GROUP),
    get(GetGroup, "get with guests", "/organizations/{org}/groups/{group}?with=guests", GROUP_WITH_GUESTS),
    get(GetGroup, "get with all includes", "/organizations/{org}/groups/{group}?with=users,guests,assets", GROUP_WITH_GUESTS),
    get(GetGroup, "get by HEAD", "/organizations/{org}/groups/{group}", NOTHING).by(ReadMethod::Head),
    get(GetGroup, "get by OPTIONS", "/organizations/{org}/groups/{group}", NOTHING).by(ReadMethod::Options),
    get(GetGroup, "get an unknown one", "/organizations/{org}/groups/{nobody}", NOTHING),
    get(GetGroup, "get what is no id", "/organizations/{org}/groups/no%20id", NOTHING),
    get(GetGroup, "get without a token", "/organizations/{org}/groups/{nobody}", NOTHING).as_caller(Caller::Nobody),
    get(GetGroup, "get one of another organization", "/organizations/{foreign}/groups/{nobody}", FOREIGN),

    get(GetMe, "me", "/me", NOTHING),
    get(GetMe, "me without a token", "/me", NOTHING).as_caller(Caller::Nobody),
    get(GetMe, "me without the client's header", "/me", CLIENT).as_caller(Caller::NoClient),
    get(GetMyOrganizations, "my organizations", "/me/organizations", &["time_format", "empty_links"]),
    get(GetMyOrganizations, "my organizations, 101 a page", "/me/organizations?per_page=101", CAPPED_LINKS),
    get(GetMyOrganizations, "my organizations, past the end", "/me/organizations?per_page=10&page=1000", NEXT),
    get(GetOrganization, "organization", "/organizations/{org}", TIMES),
    get(GetOrganization, "another organization", "/organizations/{foreign}", FOREIGN),
    get(GetMeInOrganization, "me in the organization", "/organizations/{org}/me", TIMES),

    get(ListUsers, "users", "/organizations/{org}/users?per_page=100", PEOPLE),
    get(ListUsers, "users, one a page", "/organizations/{org}/users?per_page=1", PEOPLE),
    get(ListUsers, "users, past the end", "/organizations/{org}/users?page=1000", NOTHING),
    get(ListUsers, "users, searched in vain", "/organizations/{org}/users?per_page=100&q={nobody}", EMPTY),
    get(ListUsers, "users with groups", "/organizations/{org}/users?per_page=1&with=groups", PEOPLE),
    get(ListUserNames, "names of users", "/organizations/{org}/users-list", NOTHING),
    get(GetUser, "user", "/organizations/{org}/users/{user}", TIMES),
    get(GetUser, "user with groups", "/organizations/{org}/users/{user}?with=groups", TIMES),
    get(GetUser, "unknown user", "/organizations/{org}/users/9007199254740991", NOTHING),

    get(ListGuests, "guests", "/organizations/{org}/guests?per_page=100", PEOPLE),
    get(ListGuests, "guests, one a page", "/organizations/{org}/guests?per_page=1", PEOPLE),
    get(ListGuests, "guests, past the end", "/organizations/{org}/guests?page=1000", NOTHING),
    get(ListGuests, "guests, searched in vain", "/organizations/{org}/guests?per_page=100&q={nobody}", EMPTY),
    get(ListGuestNames, "names of guests", "/organizations/{org}/guests-list", NOTHING),
    get(GetGuest, "guest", "/organizations/{org}/guests/{guest}", TIMES),
    get(GetGuest, "unknown guest", "/organizations/{org}/guests/{nobody}@example.com", NOTHING),

    get(ListGroups, "unknown route", "/organizations/{org}/groupz", NOTHING).of_nothing(),
    get(ListGroups, "unknown route without a token", "/nothing_known", NOTHING).as_caller(Caller::Nobody).of_nothing(),
    get(ListGroups, "unknown route by HEAD", "/nothing_known", NOTHING).by(ReadMethod::Head).of_nothing(),
];
