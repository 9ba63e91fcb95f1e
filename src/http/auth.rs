//! Who asks: headers in, [`SignedIn`], [`Member`], [`Admin`] or [`GroupManager`] out. A handler is given the one
//! that it needs, and looks at the store through it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};

use super::{call::Call, error::ApiError, exchange::Exchange};
use crate::{
    domain::{
        contract::{Contract, MissingClientHeader},
        id::{OrgId, UserId},
        user::Role,
    },
    state::AppState,
    store::{FoundOrg, Org, Standing, StoreError, Token, TokenRefusal},
};

/// Whoever a token stands for, in no organization in particular.
#[derive(Debug)]
pub(super) struct SignedIn<'a> {
    exchange: &'a Exchange,
    token: Arc<Token>,
}

impl<'a> SignedIn<'a> {
    /// One request gets one answer, the first that fails: token, client header, organization.
    pub(super) fn of(call: &Call<'a>) -> Result<Self, ApiError> {
        let token = token(call.exchange)?;
        check_client_header(&call.exchange.headers, call.app)?;
        Ok(Self {
            exchange: call.exchange,
            token,
        })
    }

    /// The organizations that the token is good for, in the order in which it names them, or else of
    /// their ids.
    pub(super) fn organizations(&self) -> impl Iterator<Item = OrgId> {
        let store = &self.exchange.world.store;
        let ids = match self.token.organizations.as_slice() {
            [] => store.org_ids(),
            named => named.to_vec(),
        };
        let is_one = |id: &OrgId| store.standing(&store.find(id), &self.token).is_ok();
        ids.into_iter().filter(is_one)
    }

    /// Looks at one of them, and at who the token's user is there.
    pub(super) fn read<T>(
        &self,
        id: &OrgId,
        look: impl FnOnce(&Org, Standing) -> T,
    ) -> Result<T, StoreError> {
        let store = &self.exchange.world.store;
        let found = store.find(id);
        let standing = store.standing(&found, &self.token)?;
        store.read(&found, |org| look(org, standing))
    }

    /// The user whom the token names, or the first one that there can be.
    pub(super) fn user(&self) -> UserId {
        self.token.user.unwrap_or(UserId::FIRST)
    }
}

/// A user of the organization in the path: may list and get.
#[derive(Debug)]
pub(super) struct Member<'a> {
    exchange: &'a Exchange,
    contract: &'a Contract,
    /// Who the token's user is there.
    pub(super) standing: Standing,
}

impl<'a> Member<'a> {
    /// A caller who is one, or else why not.
    pub(super) fn of(call: &Call<'a>) -> Result<Self, ApiError> {
        let SignedIn { exchange, token } = SignedIn::of(call)?;
        let standing = organization(exchange)
            .and_then(|found| exchange.world.store.standing(found, &token))
            .map_err(|error| ApiError::from_store(error, call.contract()))?;
        Ok(Self {
            exchange,
            contract: call.contract(),
            standing,
        })
    }

    /// Looks at the organization.
    pub(super) fn read<T>(
        &self,
        look: impl FnOnce(&Org) -> Result<T, StoreError>,
    ) -> Result<T, ApiError> {
        let store = &self.exchange.world.store;
        organization(self.exchange)
            .and_then(|found| store.read(found, look)?)
            .map_err(|error| ApiError::from_store(error, self.contract))
    }
}

/// A user of the organization in the path who is an admin there: may look at single users (evidence 8.4).
#[derive(Debug)]
pub(super) struct Admin<'a>(pub(super) Member<'a>);

impl<'a> Admin<'a> {
    /// A caller who is one, or else why not.
    pub(super) fn of(call: &Call<'a>) -> Result<Self, ApiError> {
        let member = Member::of(call)?;
        if member.standing.role != Role::Admin {
            return Err(ApiError::Unauthorized(
                "the token's user is no admin in this organization",
            ));
        }
        Ok(Self(member))
    }
}

/// A user who has `manage_groups` there: may create, update and delete as well (groups/index, evidence 7).
#[derive(Debug)]
pub(super) struct GroupManager<'a>(Member<'a>);

impl<'a> GroupManager<'a> {
    /// A caller who is one, or else why not.
    pub(super) fn of(call: &Call<'a>) -> Result<Self, ApiError> {
        let member = Member::of(call)?;
        if !member.standing.manages_groups {
            return Err(ApiError::Unauthorized(
                "the token's user may not manage groups in this organization",
            ));
        }
        Ok(Self(member))
    }

    /// Changes the organization.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&mut Org) -> Result<T, StoreError>,
    ) -> Result<T, ApiError> {
        let Member {
            exchange, contract, ..
        } = self.0;
        organization(exchange)
            .and_then(|found| exchange.world.store.write(found, change))
            .map_err(|error| ApiError::from_store(error, contract))
    }
}

/// What is stored of the organization in the path; what cannot be an id names none.
fn organization(exchange: &Exchange) -> Result<&FoundOrg, StoreError> {
    exchange.tenant.found.as_ref().ok_or(StoreError::NoOrg)
}

fn token(exchange: &Exchange) -> Result<Arc<Token>, ApiError> {
    let secret = exchange.bearer().ok_or_else(|| {
        let is_there = exchange.headers.contains_key(header::AUTHORIZATION);
        ApiError::Unauthenticated(if is_there {
            "`Authorization` is not `Bearer`, one space and a token"
        } else {
            "there is no `Authorization` header"
        })
    })?;
    let tokens = exchange.world.store.tokens();
    tokens
        .get(secret, || exchange.now())
        .map_err(|refusal| match refusal {
            TokenRefusal::Unknown => {
                ApiError::Unauthenticated("the fixture does not declare this token")
            }
            TokenRefusal::Expired => ApiError::Unauthenticated("the token has expired"),
        })
}

static CLIENT: HeaderName = HeaderName::from_static("x-tallyfy-client");

/// `X-Tallyfy-Client`: any value that is not empty; official clients send `APIClient`, `TallyfySDK` and `n8n` (evidence 2).
fn check_client_header(headers: &HeaderMap, app: &AppState) -> Result<(), ApiError> {
    const MISSING: &str = "there is no `X-Tallyfy-Client` header";
    if headers.get(&CLIENT).is_some_and(|value| !value.is_empty()) {
        return Ok(());
    }
    match app.contract.missing_client_header {
        MissingClientHeader::Unauthenticated => Err(ApiError::Unauthenticated(MISSING)),
        MissingClientHeader::NotFound => Err(ApiError::EndpointNotFound(MISSING.into())),
        MissingClientHeader::Ignore => Ok(()),
    }
}
