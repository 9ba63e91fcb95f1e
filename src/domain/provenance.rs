//! What each operation is for, and who says that there is one.

use super::{
    evidence::{Evidence, client, documented},
    operation::Operation,
};

/// The right that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// None.
    Anyone,
    /// A good token.
    SignedIn,
    /// A user of the organization in the path.
    Member,
    /// An admin of it.
    Admin,
    /// A user of it who has `manage_groups`.
    ManageGroups,
}

impl Right {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::SignedIn => "signed_in",
            Self::Member => "member",
            Self::Admin => "admin",
            Self::ManageGroups => "manage_groups",
        }
    }
}

/// Where an operation is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The operation.
    pub operation: Operation,
    /// Its method.
    pub method: &'static str,
    /// Its path after the prefix, such as `/organizations/{org}/groups`.
    pub path: &'static str,
    /// The right that it needs.
    pub right: Right,
}

impl Operation {
    /// What it is for, in a few words.
    pub fn summary(self) -> &'static str {
        match self {
            Self::ListGroups => "List the groups of an organization",
            Self::GetGroup => "Get a group",
            Self::CreateGroup => "Create a group",
            Self::UpdateGroup => "Update a group: what is left out stays, lists are replaced",
            Self::DeleteGroup => "Delete a group, for good",
            Self::GetMe => "Get the token's user",
            Self::GetMyOrganizations => "List the organizations that the token is good for",
            Self::GetOrganization => "Get an organization",
            Self::GetMeInOrganization => "Get the token's user as the organization knows them",
            Self::ListUsers => "List the users of an organization",
            Self::GetUser => "Get a user",
            Self::ListUserNames => "List the names of all users",
            Self::ListGuests => "List the guests of an organization",
            Self::GetGuest => "Get a guest",
            Self::ListGuestNames => "List the names of all guests",
            Self::IssueToken => "Get a token, or another in the place of one that expires",
        }
    }

    /// Who says that there is this operation, and what it does.
    pub fn evidence(self) -> Evidence {
        match self {
            Self::ListGroups => documented("list-groups"),
            Self::GetGroup => documented("get-group"),
            Self::CreateGroup => documented("create-group"),
            Self::UpdateGroup => documented("update-group"),
            Self::DeleteGroup => documented("delete-group"),
            Self::GetMe => client("Go command line; n8n node, as its test of a credential"),
            Self::GetMyOrganizations => client("Go command line, SDK 3.1.0"),
            Self::GetOrganization => client("SDK 3.1.0; n8n node"),
            Self::GetMeInOrganization => client("SDK 3.1.0"),
            Self::ListUsers => documented("list-members"),
            Self::GetUser => documented("get-member"),
            Self::ListGuests => documented("list-guests"),
            Self::GetGuest => documented("get-guest"),
            Self::IssueToken => documented("how to integrate; troubleshooting on `invalid_client`"),
            Self::ListUserNames | Self::ListGuestNames => client("SDK 3.1.0 asks for it"),
        }
    }
}
