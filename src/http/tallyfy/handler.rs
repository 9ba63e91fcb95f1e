//! What answers on an endpoint, and whom. A handler's signature shows the right that it needs.

use std::pin::Pin;

use super::{
    call::Call,
    rights::{Admin, GroupManager, Member, SignedIn},
};
use crate::http::{envelope::Answer, error::ApiError};

/// What answers on an endpoint, by whom it answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    SignedIn(fn(&Call<'_>, &SignedIn<'_>) -> Answer),
    Member(fn(&Call<'_>, &Member<'_>) -> Result<Answer, ApiError>),
    Admin(fn(&Call<'_>, &Admin<'_>) -> Result<Answer, ApiError>),
    GroupManager(fn(&Call<'_>, &GroupManager<'_>) -> Result<Answer, ApiError>),
    /// Waits for the body.
    GroupManagerWithBody(for<'a> fn(Call<'a>, GroupManager<'a>) -> Answering<'a>),
}

/// An answer that is still waiting for something.
pub(super) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send + 'a>>;

impl Handler {
    /// The right that it needs, by name.
    pub(super) fn right(self) -> &'static str {
        match self {
            Self::SignedIn(_) => "signed_in",
            Self::Member(_) => "member",
            Self::Admin(_) => "admin",
            Self::GroupManager(_) | Self::GroupManagerWithBody(_) => "manage_groups",
        }
    }

    /// Answers a caller who has that right; any other is told why not.
    pub(super) async fn answer(self, call: Call<'_>) -> Result<Answer, ApiError> {
        match self {
            Self::SignedIn(handler) => Ok(handler(&call, &SignedIn::of(&call)?)),
            Self::Member(handler) => handler(&call, &Member::of(&call)?),
            Self::Admin(handler) => handler(&call, &Admin::of(&call)?),
            Self::GroupManager(handler) => handler(&call, &GroupManager::of(&call)?),
            Self::GroupManagerWithBody(handler) => {
                let manager = GroupManager::of(&call)?;
                handler(call, manager).await
            }
        }
    }
}
