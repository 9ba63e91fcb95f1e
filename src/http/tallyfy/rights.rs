//! Authentication and authorization: headers in, [`SignedIn`], [`Member`], [`Admin`] or [`GroupManager`] out. A handler is given the
//! one that it needs, and reads the organization through it.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};

use super::{
    call::Call,
    view::{
        group::GroupView,
        user::{self, Memberships},
    },
};
use crate::{
    domain::{
        contract::{Contract, MissingClientHeader},
        group::Group,
        id::{OrgId, UserId},
        query::Includes,
        user::{Role, User},
    },
    http::{
        envelope::Links,
        error::{ApiError, reason},
        exchange::Exchange,
    },
    json::Out,
    state::AppState,
    tenant::{Bearer, Org, Refusal, Standing, Token, TokenRefusal},
};

/// An authenticated caller, in no organization in particular.
#[derive(Debug)]
pub(super) struct SignedIn {
    app: Arc<AppState>,
    exchange: Arc<Exchange>,
    token: Arc<Token>,
}

impl SignedIn {
    /// The checks, of which the first that fails is answered: token, client header, organization.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, ApiError> {
        let token = token(call.exchange, call.app)?;
        check_client_header(&call.exchange.headers, call.app)?;
        Ok(Self {
            app: Arc::clone(call.app),
            exchange: Arc::clone(call.exchange),
            token,
        })
    }

    /// The organizations of the token, in the order in which it names them, or else of their ids.
    pub(super) fn organizations(&self) -> impl Iterator<Item = OrgId> {
        let tenants = &self.app.tenants;
        let ids = match self.token.organizations.as_slice() {
            [] => tenants.org_ids(),
            named => named.to_vec(),
        };
        let is_one = |id: &OrgId| tenants.look_at(id).standing(&self.token).is_ok();
        ids.into_iter().filter(is_one)
    }

    /// One of them, and who the token's user is there.
    pub(super) fn look_at(&self, id: &OrgId) -> Result<(Arc<Org>, Standing), Refusal> {
        self.app.tenants.look_at(id).standing(&self.token)
    }

    /// The token's user, if that is one person in all organizations.
    pub(super) fn user(&self) -> Option<UserId> {
        self.token.person()
    }

    /// The organization whose record of the user this is.
    pub(super) fn home(&self) -> Option<OrgId> {
        self.token.home().cloned()
    }

    /// The made-up user, if no organization declares the token's.
    pub(super) fn undeclared(&self) -> User {
        let user = self.token.record().cloned();
        user.unwrap_or_else(|| User::undeclared(self.user().unwrap_or(UserId::FIRST)))
    }

    /// The rules of the API, as they hold here.
    pub(super) fn contract(&self) -> &Contract {
        &self.app.contract
    }

    /// What the links to other pages are made of.
    pub(super) fn links(&self) -> Links<'_> {
        links(&self.app, &self.exchange)
    }
}

/// A user of the organization in the path, who may list and get.
#[derive(Debug)]
pub(super) struct Member {
    app: Arc<AppState>,
    exchange: Arc<Exchange>,
    /// The organization as it was when the request came to it.
    pub(super) org: Arc<Org>,
    /// The caller's standing there.
    pub(super) standing: Standing,
}

impl Member {
    /// Checks the caller; the error is the refusal.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, ApiError> {
        let SignedIn {
            app,
            exchange,
            token,
        } = SignedIn::of(call)?;
        if exchange.org.is_none() {
            exchange.notes.note_reason(
                "the id in the path is no organization's: 1 to 255 letters, digits, `-` or `_`",
            );
        }
        let standing = exchange.held.standing(&token);
        let (org, standing) = standing.map_err(|refusal| refused(refusal, &exchange, &app))?;
        Ok(Self {
            app,
            exchange,
            org,
            standing,
        })
    }

    /// What the organization says no to, as it is answered.
    pub(super) fn refused(&self, refusal: Refusal) -> ApiError {
        refused(refusal, &self.exchange, &self.app)
    }

    /// The rules of the API, as they hold here.
    pub(super) fn contract(&self) -> &Contract {
        &self.app.contract
    }

    /// A group as this caller sees it.
    pub(super) fn group<'a>(&'a self, group: &'a Group, with: Includes) -> GroupView<'a> {
        GroupView::with(group, self.contract(), with, &self.org, &self.standing)
    }

    /// Writes a user as this caller sees them.
    pub(super) async fn write_user(
        &self,
        user: &User,
        memberships: Option<&Memberships<'_>>,
        with: Includes,
        out: &mut Out,
    ) {
        let contract = self.contract();
        user::write(user, &self.org, memberships, with, contract, out).await;
    }

    /// What the links to other pages are made of.
    pub(super) fn links(&self) -> Links<'_> {
        links(&self.app, &self.exchange)
    }
}

/// An admin of the organization in the path, who may get single users (evidence 8.4).
#[derive(Debug)]
pub(super) struct Admin(pub(super) Member);

impl Admin {
    /// Checks the caller; the error is the refusal.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, ApiError> {
        let member = Member::of(call)?;
        if member.standing.role != Role::Admin {
            return Err(ApiError::Unauthorized(
                "the token's user is no admin in this organization",
            ));
        }
        Ok(Self(member))
    }
}

/// A user with `manage_groups` there, who may also create, update and delete (groups/index, evidence 7).
#[derive(Debug)]
pub(super) struct GroupManager {
    app: Arc<AppState>,
    exchange: Arc<Exchange>,
}

impl GroupManager {
    /// Checks the caller; the error is the refusal.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, ApiError> {
        // The organization is not held: it is about to change, and would be copied for it.
        let Member {
            app,
            exchange,
            standing,
            ..
        } = Member::of(call)?;
        if !standing.manages_groups {
            return Err(ApiError::Unauthorized(
                "the token's user may not manage groups in this organization",
            ));
        }
        Ok(Self { app, exchange })
    }

    /// Changes the organization, atomically.
    pub(super) fn write<T>(
        &self,
        change: impl FnOnce(&mut Org) -> Result<T, Refusal>,
    ) -> Result<T, ApiError> {
        let changed = self.app.tenants.write(&self.exchange.held, change);
        changed.map_err(|refusal| refused(refusal, &self.exchange, &self.app))
    }
}

fn links<'a>(app: &'a AppState, exchange: &'a Exchange) -> Links<'a> {
    Links {
        exchange,
        contract: &app.contract,
        authority: &app.authority,
        trust_proxy: app.trust_proxy,
    }
}

/// Turns a refusal into an error, as the contract has it, and notes the reason.
fn refused(refusal: Refusal, exchange: &Exchange, app: &AppState) -> ApiError {
    if let Some(why) = reason(&refusal) {
        exchange.notes.note_reason(why);
    }
    ApiError::of(refusal, &app.contract)
}

fn token(exchange: &Exchange, app: &AppState) -> Result<Arc<Token>, ApiError> {
    let secret = exchange.bearer().ok_or_else(|| {
        let is_there = exchange.headers.contains_key(header::AUTHORIZATION);
        ApiError::Unauthenticated(if is_there {
            "`Authorization` is not `Bearer`, one space and a token"
        } else {
            "there is no `Authorization` header"
        })
    })?;
    let tokens = exchange.held.tokens();
    let bearer = tokens.get(secret, exchange.org.as_ref(), || exchange.now());
    let bearer = bearer.map_err(|refusal| {
        ApiError::Unauthenticated(match refusal {
            TokenRefusal::Unknown => "the fixture does not declare this token",
            TokenRefusal::Expired => "the token has expired",
            TokenRefusal::Revoked => "the token was refreshed: the one that took its place is good",
            TokenRefusal::Refresh => {
                "this is a refresh token: `/oauth/token` gives an access token for it"
            }
            TokenRefusal::Application => {
                "the token is an application's, by `client_credentials`, and stands for no user: ask by `password`"
            }
        })
    })?;
    Ok(match bearer {
        Bearer::Declared(token) => token,
        Bearer::Issued(stands_for) => Arc::new(app.tenants.known_now(stands_for)),
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
