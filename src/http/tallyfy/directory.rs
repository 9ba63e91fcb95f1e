//! The directory, which clients call beside groups: the caller, organizations, users and guests.

#![expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "all who need the same right have the same signature"
)]

use std::borrow::Cow;

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
        guest::Guest,
        id::{OrgId, UserId},
        operation::Operation,
        page::Page,
        people::PeopleQuery,
        query::{Includes, page_request},
        user::User,
    },
    http::{
        envelope::{self, One, Reply},
        error::ApiError,
    },
    json::{Out, Written},
    tenant::Refusal,
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

/// The caller's record in the first of the caller's organizations that has one.
fn show_me(_: &Call<'_>, caller: SignedIn) -> Reply {
    let is_the_caller = |user: &&User| caller.user().is_none_or(|id| user.id == id);
    let declared = caller.home().into_iter().chain(caller.organizations());
    let declared = declared.filter_map(|id| {
        let (org, standing) = caller.look_at(&id).ok()?;
        let user = org.users().get(standing.user);
        user.filter(is_the_caller).cloned()
    });
    let user = { declared }.next().unwrap_or_else(|| caller.undeclared());
    Reply::of(StatusCode::OK, One(user::myself(&user)))
}

fn list_my_organizations(call: &Call<'_>, caller: SignedIn) -> Reply {
    let request = page_request(call.query(), call.contract().per_page_cap);
    let ids: Vec<_> = caller.organizations().collect();
    let page = Page {
        items: ids[request.ranks(ids.len())].to_vec(),
        total: ids.len(),
        request,
    };
    Reply::of(StatusCode::OK, Organizations { caller, page })
}

/// One page of the caller's organizations.
struct Organizations {
    caller: SignedIn,
    page: Page<OrgId>,
}

impl Written for Organizations {
    async fn write(&self, out: &mut Out) {
        let Self { caller, page } = self;
        envelope::begin_page(out);
        let known = page.items.iter().filter_map(|id| caller.look_at(id).ok());
        let contract = caller.contract();
        let views = known.map(|(org, standing)| organization::view(&org, &standing, contract));
        out.items(views).await;
        envelope::end_page(out, page, caller.links());
    }
}

fn show_organization(_: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let view = organization::view(&member.org, &member.standing, member.contract());
    Ok(Reply::of(StatusCode::OK, One(view)))
}

fn show_me_in_organization(call: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let me = member.standing.user;
    one_user(call, member, me)
}

fn list_users(call: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let query = PeopleQuery::parse(call.query(), PeopleQuery::USERS_PER_PAGE);
    Ok(Reply::of(StatusCode::OK, UserPage { member, query }))
}

/// One page of the users.
struct UserPage {
    member: Member,
    query: PeopleQuery,
}

impl Written for UserPage {
    async fn write(&self, out: &mut Out) {
        let Self { member, query } = self;
        let users = member.org.users_with(&member.standing);
        let page = query.page_of(users.iter());
        envelope::begin_page(out);
        let mut is_first = true;
        let mut rest = &*page.items;
        while !rest.is_empty() {
            let known = query.with.groups;
            let known = known.then(|| Memberships::of_first(rest, &member.org));
            let (memberships, first) = match &known {
                Some((memberships, first)) => (Some(memberships), *first),
                None => (None, rest.len()),
            };
            let (users, after) = rest.split_at(first);
            for one in users {
                out.comma(!is_first);
                is_first = false;
                member.write_user(one, memberships, query.with, out).await;
                out.pause_when_full().await;
            }
            rest = after;
        }
        envelope::end_page(out, &page, member.links());
    }
}

fn show_user(call: &Call<'_>, Admin(member): Admin) -> Result<Reply, ApiError> {
    one_user(call, member, call.user_id()?)
}

fn one_user(call: &Call<'_>, member: Member, id: UserId) -> Result<Reply, ApiError> {
    let user = member.org.user_with(&member.standing, id);
    let user = user.map(Cow::into_owned).ok_or(Refusal::NoUser);
    let user = user.map_err(|refusal| member.refused(refusal))?;
    let with = Includes::of(call.query());
    let user = UserWith { user, with, member };
    Ok(Reply::of(StatusCode::OK, One(user)))
}

/// A user with what is asked for beside them.
struct UserWith {
    user: User,
    with: Includes,
    member: Member,
}

impl Written for UserWith {
    async fn write(&self, out: &mut Out) {
        let Self { user, with, member } = self;
        let known = with.groups;
        let known = known.then(|| Memberships::of_first(&[user], &member.org));
        let memberships = known.as_ref().map(|(memberships, _)| memberships);
        member.write_user(user, memberships, *with, out).await;
    }
}

fn list_user_names(_: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    Ok(Reply::of(StatusCode::OK, One(UserNames(member))))
}

/// All users, each with few keys.
struct UserNames(Member);

impl Written for UserNames {
    async fn write(&self, out: &mut Out) {
        let Self(member) = self;
        out.raw("[");
        let users = member.org.users_with(&member.standing);
        out.items(users.iter().map(user::name)).await;
        out.raw("]");
    }
}

fn list_guests(call: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let query = PeopleQuery::parse(call.query(), PeopleQuery::GUESTS_PER_PAGE);
    Ok(Reply::of(StatusCode::OK, GuestPage { member, query }))
}

/// One page of the guests.
struct GuestPage {
    member: Member,
    query: PeopleQuery,
}

impl Written for GuestPage {
    async fn write(&self, out: &mut Out) {
        let Self { member, query } = self;
        let page = query.page_of(member.org.guests());
        envelope::begin_page(out);
        let view = |one: &&Guest| guest::view(one, &member.org, query.with, member.contract());
        out.items(page.items.iter().map(view)).await;
        envelope::end_page(out, &page, member.links());
    }
}

fn show_guest(call: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let email = call.guest_email()?;
    let with = Includes::of(call.query());
    let guest = member.org.guest(&email).ok_or(Refusal::NoGuest);
    let guest = guest.map_err(|refusal| member.refused(refusal))?;
    let view = guest::view(guest, &member.org, with, member.contract());
    Ok(Reply::of(StatusCode::OK, One(view)))
}

fn list_guest_names(_: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    Ok(Reply::of(StatusCode::OK, One(GuestNames(member))))
}

/// All guests, each with few keys.
struct GuestNames(Member);

impl Written for GuestNames {
    async fn write(&self, out: &mut Out) {
        let org = &self.0.org;
        out.raw("[");
        out.items(org.guests().map(|one| guest::name(one, org)))
            .await;
        out.raw("]");
    }
}
