//! The groups of an organization: list, create, get, update, delete.

use axum::http::{Method, StatusCode};

use super::{
    call::Call,
    endpoint::Endpoint,
    handler::Handler,
    rights::{GroupManager, Member},
    view::group::GroupView,
};
use crate::{
    domain::{
        contract::{CreateStatus, DeleteMissing, DeleteReply, UpdateStatus},
        id::{GroupId, OrgId},
        operation::Operation,
        query::{Includes, ListQuery},
        validate::Fields,
    },
    http::{
        envelope::{self, Answer},
        error::ApiError,
    },
    state::AppState,
    tenant::Refusal,
};

const GROUPS: &str = "/organizations/{org}/groups";
const GROUP: &str = "/organizations/{org}/groups/{id}";

/// The complete set that is documented or that a client asks for (evidence 1.1).
pub(super) static ENDPOINTS: [Endpoint; 5] = [
    Endpoint {
        operation: Operation::ListGroups,
        method: Method::GET,
        path: GROUPS,
        handler: Handler::Member(list),
    },
    Endpoint {
        operation: Operation::CreateGroup,
        method: Method::POST,
        path: GROUPS,
        handler: Handler::GroupManagerWithBody(create),
    },
    Endpoint {
        operation: Operation::GetGroup,
        method: Method::GET,
        path: GROUP,
        handler: Handler::Member(show),
    },
    Endpoint {
        operation: Operation::UpdateGroup,
        method: Method::PUT,
        path: GROUP,
        handler: Handler::GroupManagerWithBody(update),
    },
    Endpoint {
        operation: Operation::DeleteGroup,
        method: Method::DELETE,
        path: GROUP,
        handler: Handler::GroupManager(delete),
    },
];

fn list(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let query = ListQuery::parse(call.query(), call.contract().per_page_cap);
    member.read(|org| {
        let standing = &member.standing;
        let view = |group| GroupView::with(group, call.contract(), query.with, org, standing);
        Ok(envelope::page(org.list(&query), view, call.links()))
    })
}

fn create(
    call: &Call<'_>,
    manager: &GroupManager<'_>,
    fields: &Fields,
) -> Result<Answer, ApiError> {
    let (contract, now) = (call.contract(), call.now());
    let new_id = |org: &OrgId, number| new_group_id(call.app, org, number);
    let group = manager.write(|org| org.insert(fields, contract, now, new_id))?;
    let status = match contract.create_status {
        CreateStatus::Created => StatusCode::CREATED,
        CreateStatus::Ok => StatusCode::OK,
    };
    Ok(envelope::one(&GroupView::plain(&group, contract), status))
}

fn show(call: &Call<'_>, member: &Member<'_>) -> Result<Answer, ApiError> {
    let id = call.group_id()?;
    let with = Includes::of(call.query());
    member.read(|org| {
        let group = org.get(&id)?;
        let view = GroupView::with(group, call.contract(), with, org, &member.standing);
        Ok(envelope::one(&view, StatusCode::OK))
    })
}

fn update(
    call: &Call<'_>,
    manager: &GroupManager<'_>,
    fields: &Fields,
) -> Result<Answer, ApiError> {
    let id = call.group_id()?;
    let (contract, now) = (call.contract(), call.now());
    let group = manager.write(|org| org.update(&id, fields, now))?;
    let status = match contract.update_status {
        UpdateStatus::Created => StatusCode::CREATED,
        UpdateStatus::Ok => StatusCode::OK,
    };
    Ok(envelope::one(&GroupView::plain(&group, contract), status))
}

fn delete(call: &Call<'_>, manager: &GroupManager<'_>) -> Result<Answer, ApiError> {
    let id = call.group_id()?;
    let contract = call.contract();
    let missing_is_fine = contract.delete_missing == DeleteMissing::NoContent;
    let removed = manager.write(|org| match org.remove(&id) {
        Err(Refusal::NoGroup) if missing_is_fine => Ok(None),
        removed => removed.map(Some),
    })?;
    Ok(match (removed, contract.delete_reply) {
        (Some(group), DeleteReply::DeletedGroup) => {
            envelope::one(&GroupView::plain(&group, contract), StatusCode::OK)
        }
        (Some(_) | None, _) => envelope::empty(StatusCode::NO_CONTENT),
    })
}

fn new_group_id(app: &AppState, org: &OrgId, number: u64) -> GroupId {
    GroupId::parse(&app.ids.id(org.as_str(), number)).expect("32 hexadecimal digits are an id")
}
