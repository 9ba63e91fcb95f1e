//! Why what is stored says no; speaks no HTTP.

use crate::domain::validate::ValidationErrors;

/// Why an organization, or the map of all of them, says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such organization, and none starts by being named.
    NoOrg,
    /// The organization is not one of the token's.
    ForeignOrg,
    /// The organization has no such group.
    NoGroup,
    /// The organization has no such user.
    NoUser,
    /// The organization has no such guest.
    NoGuest,
    /// Fields of the body fail.
    Invalid(ValidationErrors),
    /// There are as many organizations as `--max-organizations` allows.
    Full,
}

impl From<ValidationErrors> for Refusal {
    fn from(errors: ValidationErrors) -> Self {
        Self::Invalid(errors)
    }
}
