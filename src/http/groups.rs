//! The groups of an organization: list, create, get, update, delete.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
    routing,
};

use super::{
    Endpoint, Right,
    auth::{GroupManager, Member},
    envelope::{self, Asked},
    error::ApiError,
    extract::{GroupPath, Sent},
    view::group::GroupView,
};
use crate::{
    domain::{
        contract::{CreateStatus, DeleteMissing, DeleteReply, UpdateStatus},
        id::{GroupId, OrgId},
        operation::Operation,
        query::{Includes, ListQuery},
    },
    state::AppState,
    store::StoreError,
};

const GROUPS: &str = "/organizations/{org}/groups";
const GROUP: &str = "/organizations/{org}/groups/{id}";

/// The complete set that is documented or that a client asks for (evidence 1.1).
pub(super) static ENDPOINTS: [Endpoint; 5] = [
    Endpoint {
        operation: Operation::ListGroups,
        method: Method::GET,
        path: GROUPS,
        right: Right::Member,
        handler: || routing::get(list),
    },
    Endpoint {
        operation: Operation::CreateGroup,
        method: Method::POST,
        path: GROUPS,
        right: Right::ManageGroups,
        handler: || routing::post(create),
    },
    Endpoint {
        operation: Operation::GetGroup,
        method: Method::GET,
        path: GROUP,
        right: Right::Member,
        handler: || routing::get(show),
    },
    Endpoint {
        operation: Operation::UpdateGroup,
        method: Method::PUT,
        path: GROUP,
        right: Right::ManageGroups,
        handler: || routing::put(update),
    },
    Endpoint {
        operation: Operation::DeleteGroup,
        method: Method::DELETE,
        path: GROUP,
        right: Right::ManageGroups,
        handler: || routing::delete(delete),
    },
];

type App = State<Arc<AppState>>;

async fn list(State(app): App, member: Member, asked: Asked) -> Result<Response, ApiError> {
    let query = ListQuery::parse(asked.query(), app.contract.per_page_cap);
    member.read(|org| {
        let view = |group| GroupView::with(group, &app.contract, query.with, org);
        Ok(envelope::page(org.list(&query), view, &asked, &app))
    })
}

async fn create(
    State(app): App,
    manager: GroupManager,
    Sent(fields): Sent,
) -> Result<Response, ApiError> {
    let now = manager.now();
    let new_id = |org: &OrgId, number| new_group_id(&app, org, number);
    let group = manager.write(|org| org.insert(&fields, &app.contract, now, new_id))?;
    let status = match app.contract.create_status {
        CreateStatus::Created => StatusCode::CREATED,
        CreateStatus::Ok => StatusCode::OK,
    };
    Ok(envelope::one(
        &GroupView::plain(group, &app.contract),
        status,
    ))
}

async fn show(
    State(app): App,
    member: Member,
    GroupPath(id): GroupPath,
    asked: Asked,
) -> Result<Response, ApiError> {
    let with = Includes::of(asked.query());
    let view = member.read(|org| Ok(GroupView::with(org.get(&id)?, &app.contract, with, org)))?;
    Ok(envelope::one(&view, StatusCode::OK))
}

async fn update(
    State(app): App,
    manager: GroupManager,
    GroupPath(id): GroupPath,
    Sent(fields): Sent,
) -> Result<Response, ApiError> {
    let now = manager.now();
    let group = manager.write(|org| org.update(&id, &fields, now))?;
    let status = match app.contract.update_status {
        UpdateStatus::Created => StatusCode::CREATED,
        UpdateStatus::Ok => StatusCode::OK,
    };
    Ok(envelope::one(
        &GroupView::plain(group, &app.contract),
        status,
    ))
}

async fn delete(
    State(app): App,
    manager: GroupManager,
    GroupPath(id): GroupPath,
) -> Result<Response, ApiError> {
    let missing_is_fine = app.contract.delete_missing == DeleteMissing::NoContent;
    let removed = manager.write(|org| match org.remove(&id) {
        Err(StoreError::NoGroup) if missing_is_fine => Ok(None),
        removed => removed.map(Some),
    })?;
    Ok(match (removed, app.contract.delete_reply) {
        (Some(group), DeleteReply::DeletedGroup) => {
            envelope::one(&GroupView::plain(group, &app.contract), StatusCode::OK)
        }
        (Some(_) | None, _) => StatusCode::NO_CONTENT.into_response(),
    })
}

fn new_group_id(app: &AppState, org: &OrgId, number: u64) -> GroupId {
    GroupId::parse(&app.ids.id(org.as_str(), number)).expect("32 hexadecimal digits are an id")
}
