//! Who asks: headers in, [`Member`] or [`GroupManager`] out. A handler's signature shows the right it needs.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, header, request::Parts},
};

use super::error::ApiError;
use crate::{
    domain::{contract::MissingClientHeader, id::OrgId},
    state::AppState,
    store::{Standing, Token, TokenRefusal},
};

/// A user of the organization in the path: may list and get.
#[derive(Debug)]
pub(super) struct Member {
    /// The organization.
    pub(super) org: OrgId,
    standing: Standing,
}

/// A user who has `manage_groups` there: may create, update and delete as well (groups/index, evidence 7).
#[derive(Debug)]
pub(super) struct GroupManager {
    /// The organization.
    pub(super) org: OrgId,
}

impl FromRequestParts<Arc<AppState>> for Member {
    type Rejection = ApiError;

    /// One request gets one answer, the first that fails: token, client header, organization.
    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let token = token(&parts.headers, app)?;
        check_client_header(&parts.headers, app)?;
        let org = path_id(parts, app, "org", OrgId::parse).await?;
        let standing = app
            .store
            .standing(&org, &token)
            .map_err(|error| ApiError::from_store(error, &app.contract))?;
        Ok(Self { org, standing })
    }
}

impl FromRequestParts<Arc<AppState>> for GroupManager {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let member = Member::from_request_parts(parts, app).await?;
        if !member.standing.manages_groups {
            return Err(ApiError::Unauthorized(
                "the token's user may not manage groups in this organization",
            ));
        }
        Ok(Self { org: member.org })
    }
}

/// `Authorization: Bearer <token>`: exactly one space, the scheme in any case (Postman troubleshooting, evidence 2).
fn token(headers: &HeaderMap, app: &AppState) -> Result<Arc<Token>, ApiError> {
    let header = headers.get(header::AUTHORIZATION);
    let header = header.ok_or(ApiError::Unauthenticated(
        "there is no `Authorization` header",
    ))?;
    let secret = header.to_str().ok().and_then(bearer);
    let secret = secret.ok_or(ApiError::Unauthenticated(
        "`Authorization` is not `Bearer`, one space and a token",
    ))?;
    app.store
        .tokens()
        .get(secret, app.clock.now())
        .map_err(|refusal| match refusal {
            TokenRefusal::Unknown => {
                ApiError::Unauthenticated("the fixture does not declare this token")
            }
            TokenRefusal::Expired => ApiError::Unauthenticated("the token has expired"),
        })
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let well_formed =
        scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains([' ', '\t']);
    well_formed.then_some(token)
}

/// `X-Tallyfy-Client`: any value that is not empty; official clients send `APIClient`, `TallyfySDK` and `n8n` (evidence 2).
fn check_client_header(headers: &HeaderMap, app: &AppState) -> Result<(), ApiError> {
    const MISSING: &str = "there is no `X-Tallyfy-Client` header";
    if headers
        .get("x-tallyfy-client")
        .is_some_and(|value| !value.is_empty())
    {
        return Ok(());
    }
    match app.contract.missing_client_header {
        MissingClientHeader::Unauthenticated => Err(ApiError::Unauthenticated(MISSING)),
        MissingClientHeader::NotFound => Err(ApiError::EndpointNotFound(MISSING.into())),
        MissingClientHeader::Ignore => Ok(()),
    }
}

/// An id in the path, percent-decoded; what cannot be one names nothing.
pub(super) async fn path_id<T>(
    parts: &mut Parts,
    app: &Arc<AppState>,
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, ApiError> {
    let params = RawPathParams::from_request_parts(parts, app)
        .await
        .map_err(|_| ApiError::ResourceNotFound)?;
    let text = params
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value);
    text.and_then(parse).ok_or(ApiError::ResourceNotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_has_exactly_one_space_before_it() {
        for good in ["Bearer t", "bearer t", "BEARER eyJ0.eyJz-_.x+/="] {
            assert!(bearer(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "t",
            "Bearer",
            "Bearer ",
            "Bearert",
            "Bearer  t",
            "Bearer t ",
            "Bearer\tt",
            "Bearer a b",
            "Basic t",
            " Bearer t",
        ] {
            assert!(bearer(bad).is_none(), "{bad:?}");
        }
    }
}
