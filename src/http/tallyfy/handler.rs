//! Handlers: their signature shows the right that they need.

use std::sync::Arc;

use axum::body::{Body, Bytes};

use super::{
    call::Call,
    rights::{Admin, GroupManager, Member, SignedIn},
    weight::is_heavy,
};
use crate::{
    domain::{provenance::Right, validate::Fields},
    http::{
        capacity::{Capacity, NO_ROOM_FOR_ANSWER},
        envelope::{Answer, Reply},
        error::ApiError,
    },
};

/// A handler, by the right that it needs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    /// Is given the body of a request that needs no token.
    Anyone(fn(&Call<'_>, &Bytes) -> Reply),
    SignedIn(fn(&Call<'_>, SignedIn) -> Reply),
    Member(fn(&Call<'_>, Member) -> Result<Reply, ApiError>),
    Admin(fn(&Call<'_>, Admin) -> Result<Reply, ApiError>),
    GroupManager(fn(&Call<'_>, &GroupManager) -> Result<Reply, ApiError>),
    /// A handler that is given the fields of the body.
    GroupManagerWithBody(fn(&Call<'_>, &GroupManager, &Fields) -> Result<Reply, ApiError>),
}

impl Handler {
    /// The right that it needs.
    pub(super) fn right(self) -> Right {
        match self {
            Self::Anyone(_) => Right::Anyone,
            Self::SignedIn(_) => Right::SignedIn,
            Self::Member(_) => Right::Member,
            Self::Admin(_) => Right::Admin,
            Self::GroupManager(_) | Self::GroupManagerWithBody(_) => Right::ManageGroups,
        }
    }

    /// Answers a caller who has the right, and refuses any other. Long computations run in the pool.
    pub(super) async fn answer(
        self,
        mut call: Call<'_>,
        capacity: &Capacity,
    ) -> Result<Answer, ApiError> {
        let mut body = Bytes::new();
        if let Self::GroupManagerWithBody(_) = self {
            // Rights and ids are checked before the body has come.
            GroupManager::of(&call)?;
            call.check_id()?;
        }
        if let Self::GroupManagerWithBody(_) | Self::Anyone(_) = self {
            // Boxed because most requests have none, and inline it would enlarge the future of each.
            body = Box::pin(call.read_body(capacity)).await?;
        }
        let reply = if is_heavy(call.exchange, &body) {
            let (app, exchange) = (Arc::clone(call.app), Arc::clone(call.exchange));
            let compute = move || self.answer_now(&Call::new(&app, &exchange, Body::empty()), body);
            capacity.pool.run(compute).await
        } else {
            self.answer_now(&call, body)
        };
        let answer = reply?.answer(capacity).await;
        answer.map_err(|_| ApiError::Unavailable(NO_ROOM_FOR_ANSWER))
    }

    fn answer_now(self, call: &Call<'_>, body: Bytes) -> Result<Reply, ApiError> {
        match self {
            Self::Anyone(handler) => Ok(handler(call, &body)),
            Self::SignedIn(handler) => Ok(handler(call, SignedIn::of(call)?)),
            Self::Member(handler) => handler(call, Member::of(call)?),
            Self::Admin(handler) => handler(call, Admin::of(call)?),
            Self::GroupManager(handler) => handler(call, &GroupManager::of(call)?),
            Self::GroupManagerWithBody(handler) => {
                let manager = GroupManager::of(call)?;
                handler(call, &manager, &call.fields(body)?)
            }
        }
    }
}
