//! Refusals of the stored data, in terms that know no HTTP.

use crate::domain::validate::ValidationErrors;

/// Why an organization, or the map of all, refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such organization, and undeclared ones do not exist.
    NoOrg,
    /// The organization is not one of the token's.
    ForeignOrg,
    /// The organization has no such group.
    NoGroup,
    /// The organization has no such user.
    NoUser,
    /// The organization has no such guest.
    NoGuest,
    /// Fields of the body are invalid.
    Invalid(ValidationErrors),
    /// There are as many organizations as `--max-organizations` allows.
    Full,
    /// The rows take as much as `--max-stored` allows.
    NoSpace,
}

impl From<ValidationErrors> for Refusal {
    fn from(errors: ValidationErrors) -> Self {
        Self::Invalid(errors)
    }
}
