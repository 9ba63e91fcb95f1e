//! What clients call beside groups: who the caller is, and the organizations, users and guests there are.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{Method, StatusCode},
    response::Response,
    routing,
};

use super::{
    Endpoint, Right,
    auth::{Admin, Member, SignedIn},
    envelope::{self, Asked},
    error::ApiError,
    extract::{GuestPath, UserPath},
    view::{
        guest, organization,
        user::{self, Memberships},
    },
};
use crate::{
    domain::{
        id::UserId,
        operation::Operation,
        page::Page,
        people::PeopleQuery,
        query::{Includes, page_request},
        user::User,
    },
    state::AppState,
    store::StoreError,
};

/// What the official clients call before or along with the group calls (evidence 8).
pub(super) static ENDPOINTS: [Endpoint; 10] = [
    Endpoint {
        operation: Operation::GetMe,
        method: Method::GET,
        path: "/me",
        right: Right::SignedIn,
        handler: || routing::get(show_me),
    },
    Endpoint {
        operation: Operation::GetMyOrganizations,
        method: Method::GET,
        path: "/me/organizations",
        right: Right::SignedIn,
        handler: || routing::get(list_my_organizations),
    },
    Endpoint {
        operation: Operation::GetOrganization,
        method: Method::GET,
        path: "/organizations/{org}",
        right: Right::Member,
        handler: || routing::get(show_organization),
    },
    Endpoint {
        operation: Operation::GetMeInOrganization,
        method: Method::GET,
        path: "/organizations/{org}/me",
        right: Right::Member,
        handler: || routing::get(show_me_in_organization),
    },
    Endpoint {
        operation: Operation::ListUsers,
        method: Method::GET,
        path: "/organizations/{org}/users",
        right: Right::Member,
        handler: || routing::get(list_users),
    },
    Endpoint {
        operation: Operation::GetUser,
        method: Method::GET,
        path: "/organizations/{org}/users/{id}",
        right: Right::Admin,
        handler: || routing::get(show_user),
    },
    Endpoint {
        operation: Operation::ListUserNames,
        method: Method::GET,
        path: "/organizations/{org}/users-list",
        right: Right::Member,
        handler: || routing::get(list_user_names),
    },
    Endpoint {
        operation: Operation::ListGuests,
        method: Method::GET,
        path: "/organizations/{org}/guests",
        right: Right::Member,
        handler: || routing::get(list_guests),
    },
    Endpoint {
        operation: Operation::GetGuest,
        method: Method::GET,
        path: "/organizations/{org}/guests/{email}",
        right: Right::Member,
        handler: || routing::get(show_guest),
    },
    Endpoint {
        operation: Operation::ListGuestNames,
        method: Method::GET,
        path: "/organizations/{org}/guests-list",
        right: Right::Member,
        handler: || routing::get(list_guest_names),
    },
];

type App = State<Arc<AppState>>;

/// The caller, as the first of the caller's organizations that declares them knows them.
async fn show_me(caller: SignedIn) -> Response {
    let declared = caller.organizations().find_map(|id| {
        let user = caller.read(&id, |org, standing| org.user(standing.user).cloned());
        user.ok().flatten()
    });
    let user = declared.unwrap_or_else(|| User::undeclared(caller.user()));
    envelope::one(&user::myself(&user), StatusCode::OK)
}

async fn list_my_organizations(State(app): App, caller: SignedIn, asked: Asked) -> Response {
    let request = page_request(asked.query(), app.contract.per_page_cap);
    let ids: Vec<_> = caller.organizations().collect();
    let view = |id| {
        let view = |org: &_, standing| organization::view(org, standing, &app.contract);
        caller.read(id, view).ok()
    };
    let page = Page {
        items: ids[request.ranks(ids.len())]
            .iter()
            .filter_map(view)
            .collect(),
        total: ids.len(),
        request,
    };
    envelope::page(page, |organization| organization, &asked, &app)
}

async fn show_organization(State(app): App, member: Member) -> Result<Response, ApiError> {
    let view = member.read(|org| Ok(organization::view(org, member.standing, &app.contract)))?;
    Ok(envelope::one(&view, StatusCode::OK))
}

async fn show_me_in_organization(
    State(app): App,
    member: Member,
    asked: Asked,
) -> Result<Response, ApiError> {
    one_user(&app, &member, member.standing.user, &asked)
}

async fn list_users(State(app): App, member: Member, asked: Asked) -> Result<Response, ApiError> {
    let query = PeopleQuery::parse(asked.query(), PeopleQuery::USERS_PER_PAGE);
    member.read(|org| {
        let users = org.users_with(member.standing.user);
        let page = query.page_of(users.iter());
        let groups = Memberships::of(&page.items, org, query.with);
        let view = |one: &_| user::view(one, org, groups.as_ref(), query.with, &app.contract);
        Ok(envelope::page(page, view, &asked, &app))
    })
}

async fn show_user(
    State(app): App,
    Admin(member): Admin,
    UserPath(id): UserPath,
    asked: Asked,
) -> Result<Response, ApiError> {
    one_user(&app, &member, id, &asked)
}

fn one_user(
    app: &AppState,
    member: &Member,
    id: UserId,
    asked: &Asked,
) -> Result<Response, ApiError> {
    let with = Includes::of(asked.query());
    let view = member.read(|org| {
        let one = org.user_with(member.standing.user, id);
        let one = one.ok_or(StoreError::NoUser)?;
        let groups = Memberships::of(&[&one], org, with);
        Ok(user::view(&one, org, groups.as_ref(), with, &app.contract))
    })?;
    Ok(envelope::one(&view, StatusCode::OK))
}

async fn list_user_names(member: Member) -> Result<Response, ApiError> {
    let names: Vec<_> = member.read(|org| {
        let users = org.users_with(member.standing.user);
        Ok(users.iter().map(user::name).collect())
    })?;
    Ok(envelope::one(&names, StatusCode::OK))
}

async fn list_guests(State(app): App, member: Member, asked: Asked) -> Result<Response, ApiError> {
    let query = PeopleQuery::parse(asked.query(), PeopleQuery::GUESTS_PER_PAGE);
    member.read(|org| {
        let view = |one: &_| guest::view(one, org, query.with, &app.contract);
        let page = query.page_of(org.guests());
        Ok(envelope::page(page, view, &asked, &app))
    })
}

async fn show_guest(
    State(app): App,
    member: Member,
    GuestPath(email): GuestPath,
    asked: Asked,
) -> Result<Response, ApiError> {
    let with = Includes::of(asked.query());
    let view = member.read(|org| {
        let one = org.guest(&email).ok_or(StoreError::NoGuest)?;
        Ok(guest::view(one, org, with, &app.contract))
    })?;
    Ok(envelope::one(&view, StatusCode::OK))
}

async fn list_guest_names(member: Member) -> Result<Response, ApiError> {
    let names: Vec<_> =
        member.read(|org| Ok(org.guests().map(|one| guest::name(one, org)).collect()))?;
    Ok(envelope::one(&names, StatusCode::OK))
}
