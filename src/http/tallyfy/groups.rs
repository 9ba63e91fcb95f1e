//! The groups of an organization: list, create, get, update, delete.

use std::sync::Arc;

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
        group::Group,
        id::{GroupId, OrgId},
        operation::Operation,
        query::{Includes, ListQuery},
        validate::Fields,
    },
    http::{
        envelope::{self, One, Reply},
        error::ApiError,
    },
    json::{Out, Written},
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

#[expect(
    clippy::unnecessary_wraps,
    reason = "all who need the same right have the same signature"
)]
fn list(call: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let query = ListQuery::parse(call.query(), call.contract().per_page_cap);
    Ok(Reply::of(StatusCode::OK, GroupPage { member, query }))
}

/// One page of the groups.
struct GroupPage {
    member: Member,
    query: ListQuery,
}

impl Written for GroupPage {
    async fn write(&self, out: &mut Out) {
        let Self { member, query } = self;
        let page = member.org.list(query);
        envelope::begin_page(out);
        for (i, group) in page.items.iter().enumerate() {
            out.comma(i > 0);
            member.group(group, query.with).write(out).await;
        }
        envelope::end_page(out, &page, member.links());
    }
}

fn create(call: &Call<'_>, manager: &GroupManager, fields: &Fields) -> Result<Reply, ApiError> {
    let (contract, now) = (call.contract(), call.now());
    let new_id = |org: &OrgId, number| new_group_id(call.app, org, number);
    let group = manager.write(|org| org.insert(fields, contract, now, new_id))?;
    let status = match contract.create_status {
        CreateStatus::Created => StatusCode::CREATED,
        CreateStatus::Ok => StatusCode::OK,
    };
    Ok(one(call, group, status))
}

fn show(call: &Call<'_>, member: Member) -> Result<Reply, ApiError> {
    let id = call.group_id()?;
    let group = member.org.get(&id).cloned();
    let group = group.map_err(|refusal| member.refused(refusal))?;
    let with = Includes::of(call.query());
    let group = GroupWith {
        group,
        with,
        member,
    };
    Ok(Reply::of(StatusCode::OK, One(group)))
}

/// A group with what is asked for beside it.
struct GroupWith {
    group: Arc<Group>,
    with: Includes,
    member: Member,
}

impl Written for GroupWith {
    async fn write(&self, out: &mut Out) {
        self.member.group(&self.group, self.with).write(out).await;
    }
}

fn update(call: &Call<'_>, manager: &GroupManager, fields: &Fields) -> Result<Reply, ApiError> {
    let id = call.group_id()?;
    let (contract, now) = (call.contract(), call.now());
    let group = manager.write(|org| org.update(&id, fields, now))?;
    let status = match contract.update_status {
        UpdateStatus::Created => StatusCode::CREATED,
        UpdateStatus::Ok => StatusCode::OK,
    };
    Ok(one(call, group, status))
}

fn delete(call: &Call<'_>, manager: &GroupManager) -> Result<Reply, ApiError> {
    let id = call.group_id()?;
    let contract = call.contract();
    let missing_is_fine = contract.delete_missing == DeleteMissing::NoContent;
    let removed = manager.write(|org| match org.remove(&id) {
        Err(Refusal::NoGroup) if missing_is_fine => Ok(None),
        removed => removed.map(Some),
    })?;
    Ok(match (removed, contract.delete_reply) {
        (Some(group), DeleteReply::DeletedGroup) => one(call, group, StatusCode::OK),
        (Some(_) | None, _) => Reply::Ready(envelope::empty(StatusCode::NO_CONTENT)),
    })
}

fn one(call: &Call<'_>, group: Arc<Group>, status: StatusCode) -> Reply {
    let app = Arc::clone(call.app);
    Reply::of(status, One(GroupAlone { group, app }))
}

/// A group with nothing beside it.
struct GroupAlone {
    group: Arc<Group>,
    app: Arc<AppState>,
}

impl Written for GroupAlone {
    async fn write(&self, out: &mut Out) {
        let view = GroupView::plain(&self.group, &self.app.contract);
        view.write(out).await;
    }
}

fn new_group_id(app: &AppState, org: &OrgId, number: u64) -> GroupId {
    GroupId::parse(&app.ids.id(org.as_str(), number)).expect("32 hexadecimal digits are an id")
}
