//! What clients call beside groups: who the caller is, and the organizations, users and guests there are.

use axum::http::{Method, StatusCode};

use super::{
    call::Call,
    endpoint::Endpoint,
    handler::Handler,
    rights::{Admin, Member, SignedIn},
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
    http::{
        envelope::{self, Answer},
        error::ApiError,
    },
    tenant::{Org, Refusal, Standing},
};

/// What the official clients call before or along with the group calls (evidence 8).
pub(super) static ENDPOINTS: [Endpoint; 10] = [
    Endpoint {
        operation: Operation::GetMe,
        method: Method::GET,
        path: "/me",
        handler: Handler::SignedIn(show_me),
    },
    Endpoint {
        operation: Operation::GetMyOrganizations,
        method: Method::GET,
        path: "/me/organizations",
        handler: Handler::SignedIn(list_my_organizations),
    },
    Endpoint {
        operation: Operation::GetOrganization,
        method: Method::GET,
        path: "/organizations/{org}",
        handler: Handler::Member(show_organization),
    },
    Endpoint {
        operation: Operation::GetMeInOrganization,
        method: Method::GET,
        path: "/organizations/{org}/me",
        handler: Handler::Member(show_me_in_organization),
    },
    Endpoint {
        operation: Operation::ListUsers,
        method: Method::GET,
        path: "/organizations/{org}/users",
        handler: Handler::Member(list_users),
    },
    Endpoint {
        operation: Operation::GetUser,
        method: Method::GET,
        path: "/organizations/{org}/users/{id}",
        handler: Handler::Admin(show_user),
    },
    Endpoint {
        operation: Operation::ListUserNames,
        method: Method::GET,
        path: "/organizations/{org}/users-list",
        handler: Handler::Member(list_user_names),
    },
    Endpoint {
        operation: Operation::ListGuests,
        method: Method::GET,
        path: "/organizations/{org}/guests",
        handler: Handler::Member(list_guests),
    },
    Endpoint {
        operation: Operation::GetGuest,
        method: Method::GET,
        path: "/organizations/{org}/guests/{email}",
        handler: Handler::Member(show_guest),
    },
    Endpoint {
        operation: Operation::ListGuestNames,
        method: Method::GET,
        path: "/organizations/{org}/guests-list",
        handler: Handler::Member(list_guest_names),
    },
];

/// The caller, as the first of the caller's organizations that declares them knows them.
fn show_me(_: &Call<'_>, caller: &SignedIn<'_>) -> Answer {
    let is_the_caller = |user: &&User| caller.user().is_none_or(|id| user.id == id);
    let declared = caller.home().into_iter().chain(caller.organizations());
    let declared = declared.filter_map(|id| {
        let look = |org: &Org, standing: &Standing| {
            let user = org.users().get(standing.user);
            user.filter(is_the_caller).cloned()
        };
        caller.read(&id, look).ok()?
    });
    let user = { declared }.next().unwrap_or_else(|| caller.undeclared());
    envelope::one(&user::myself(&user), StatusCode::OK)
}

fn list_my_organizations(call: &Call<'_>, caller: &SignedIn<'_>) -> Answer {
    let request = page_request(call.query(), call.contract().per_page_cap);
    let ids: Vec<_> = caller.organizations().collect();
    let view = |id| {
        let view = |org: &_, standing: &_| organization::view(org, standing, call.contract());
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
    envelope::page(page, |organization| organization, call.links())
}

fn show_organization(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let view = member.read(|org| Ok(organization::view(org, &member.standing, call.contract())))?;
    Ok(envelope::one(&view, StatusCode::OK))
}

fn show_me_in_organization(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    one_user(call, member, member.standing.user)
}

fn list_users(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let query = PeopleQuery::parse(call.query(), PeopleQuery::USERS_PER_PAGE);
    member.read(|org| {
        let users = org.users_with(&member.standing);
        let page = query.page_of(users.iter());
        let groups = Memberships::of(&page.items, org, query.with);
        let view = |one: &_| user::view(one, org, groups.as_ref(), query.with, call.contract());
        Ok(envelope::page(page, view, call.links()))
    })
}

fn show_user(call: &Call<'_>, Admin(member): &Admin<'_>) -> Result<Answer, ApiError> {
    one_user(call, member, call.user_id()?)
}

fn one_user(call: &Call<'_>, member: &Member<'_>, id: UserId) -> Result<Answer, ApiError> {
    let with = Includes::of(call.query());
    let view = member.read(|org| {
        let one = org.user_with(&member.standing, id);
        let one = one.ok_or(Refusal::NoUser)?;
        let groups = Memberships::of(&[&one], org, with);
        Ok(user::view(
            &one,
            org,
            groups.as_ref(),
            with,
            call.contract(),
        ))
    })?;
    Ok(envelope::one(&view, StatusCode::OK))
}

fn list_user_names(_: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let names: Vec<_> = member.read(|org| {
        let users = org.users_with(&member.standing);
        Ok(users.iter().map(user::name).collect())
    })?;
    Ok(envelope::one(&names, StatusCode::OK))
}

fn list_guests(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let query = PeopleQuery::parse(call.query(), PeopleQuery::GUESTS_PER_PAGE);
    member.read(|org| {
        let view = |one: &_| guest::view(one, org, query.with, call.contract());
        let page = query.page_of(org.guests());
        Ok(envelope::page(page, view, call.links()))
    })
}

fn show_guest(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let email = call.guest_email()?;
    let with = Includes::of(call.query());
    let view = member.read(|org| {
        let one = org.guest(&email).ok_or(Refusal::NoGuest)?;
        Ok(guest::view(one, org, with, call.contract()))
    })?;
    Ok(envelope::one(&view, StatusCode::OK))
}

fn list_guest_names(_: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let names: Vec<_> =
        member.read(|org| Ok(org.guests().map(|one| guest::name(one, org)).collect()))?;
    Ok(envelope::one(&names, StatusCode::OK))
}
