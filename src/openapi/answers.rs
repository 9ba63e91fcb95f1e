//! What an operation answers that does what it was asked.

use serde_json::{Map, Value, json};

use super::{
    examples::example,
    notation::{closed, component, list, only, shown, told},
    schemas::{CAPPED_META, GROUP_WITH_INCLUDES, META},
    served::Served,
};
use crate::domain::{
    answered::{
        Entity, GROUP_ENTITY, GUEST, GUEST_NAME, MYSELF, ORGANIZATION, TOKEN, USER, USER_NAME,
    },
    contract::{Contract, CreateStatus, DeleteMissing, DeleteReply, UpdateStatus},
    evidence::{Class, Evidence, documented, inferred},
    operation::Operation,
};

/// What stands in `data`.
enum Data {
    /// One of them.
    One(&'static Entity, &'static str),
    /// It stands in no `data`.
    Bare(&'static Entity),
    /// All of them.
    All(&'static Entity),
    /// A page of them, and what is told of the pages.
    Page(&'static Entity, &'static str, &'static str),
}

/// One way to answer.
struct Answer {
    status: u16,
    /// Nothing where there is no body.
    data: Option<Data>,
    known: Known,
}

/// Who says that it is answered so: the page of the operation, or of the value of a switch.
struct Known {
    class: Class,
    source: String,
    switch: Option<&'static str>,
}

impl Known {
    fn shown(&self) -> Value {
        let mut shown = json!({ "class": self.class.name(), "source": self.source });
        if let Some(switch) = self.switch {
            shown["switch"] = switch.into();
        }
        shown
    }
}

impl From<Evidence> for Known {
    fn from(evidence: Evidence) -> Self {
        Self {
            class: evidence.class,
            source: evidence.source.to_owned(),
            switch: None,
        }
    }
}

/// The statuses of what is done, each with what is known of it.
pub(super) fn statuses(operation: Operation, contract: &Contract) -> Vec<(u16, Class, String)> {
    let answers = answers(operation, contract).into_iter();
    answers
        .map(|answer| (answer.status, answer.known.class, answer.known.source))
        .collect()
}

/// The responses by status.
pub(super) fn responses_of(operation: Operation, served: &Served) -> Map<String, Value> {
    let answers = answers(operation, &served.contract).into_iter();
    answers
        .map(|answer| {
            (
                answer.status.to_string(),
                response(operation, &answer, served),
            )
        })
        .collect()
}

fn answers(operation: Operation, contract: &Contract) -> Vec<Answer> {
    let ok = |data| Answer {
        status: 200,
        data: Some(data),
        known: operation.evidence().into(),
    };
    let group = || Some(Data::One(&GROUP_ENTITY, GROUP_ENTITY.name));
    let page = |entity: &'static Entity, meta| vec![ok(Data::Page(entity, entity.name, meta))];
    let one = |entity: &'static Entity| vec![ok(Data::One(entity, entity.name))];
    let chosen = |status, data, key| Answer {
        status,
        data,
        known: chosen(contract, key),
    };
    match operation {
        Operation::ListGroups => {
            let data = Data::Page(&GROUP_ENTITY, GROUP_WITH_INCLUDES, CAPPED_META);
            vec![ok(data)]
        }
        Operation::GetGroup => vec![ok(Data::One(&GROUP_ENTITY, GROUP_WITH_INCLUDES))],
        Operation::CreateGroup => {
            let status = match contract.create_status {
                CreateStatus::Created => 201,
                CreateStatus::Ok => 200,
            };
            vec![chosen(status, group(), "create_status")]
        }
        Operation::UpdateGroup => {
            let status = match contract.update_status {
                UpdateStatus::Created => 201,
                UpdateStatus::Ok => 200,
            };
            vec![chosen(status, group(), "update_status")]
        }
        Operation::DeleteGroup => {
            let missing_is_fine = contract.delete_missing == DeleteMissing::NoContent;
            let missing = missing_is_fine.then(|| chosen(204, None, "delete_missing"));
            let deleted = match contract.delete_reply {
                DeleteReply::NoContent if missing_is_fine => None,
                DeleteReply::NoContent => Some(chosen(204, None, "delete_reply")),
                DeleteReply::DeletedGroup => Some(chosen(200, group(), "delete_reply")),
            };
            deleted.into_iter().chain(missing).collect()
        }
        Operation::IssueToken => vec![ok(Data::Bare(&TOKEN))],
        Operation::GetMe => one(&MYSELF),
        Operation::GetMyOrganizations => page(&ORGANIZATION, CAPPED_META),
        Operation::GetOrganization => one(&ORGANIZATION),
        Operation::GetMeInOrganization | Operation::GetUser => one(&USER),
        Operation::ListUsers => page(&USER, META),
        Operation::ListUserNames => vec![ok(Data::All(&USER_NAME))],
        Operation::ListGuests => page(&GUEST, META),
        Operation::GetGuest => one(&GUEST),
        Operation::ListGuestNames => vec![ok(Data::All(&GUEST_NAME))],
    }
}

/// Where the value of a switch comes from.
fn chosen(contract: &Contract, key: &'static str) -> Known {
    let choice = contract.choices().into_iter().find(|it| it.key == key);
    Known {
        class: Class::Documented,
        source: choice.map_or_else(String::new, |choice| told(choice.source)),
        switch: Some(key),
    }
}

fn response(operation: Operation, answer: &Answer, served: &Served) -> Value {
    let mut headers = Map::new();
    if served.is_rate_limited {
        headers.insert("X-RateLimit-Limit".into(), component("headers", "Limit"));
        headers.insert(
            "X-RateLimit-Remaining".into(),
            component("headers", "Remaining"),
        );
    }
    let description = match (&answer.data, served.contract.delete_missing) {
        (Some(_), _) => "It is done.",
        (None, DeleteMissing::NotFound) => "It is done; there is no body.",
        (None, DeleteMissing::NoContent) => {
            "It is done, or there was no such group; there is no body."
        }
    };
    let mut response = json!({
        "description": description,
        "x-evidence": answer.known.shown(),
    });
    if !headers.is_empty() {
        response["headers"] = headers.into();
    }
    if let Some(data) = &answer.data {
        let (schema, example) = body(data, &served.contract);
        response["content"] =
            json!({ "application/json": { "schema": schema, "example": example } });
    }
    if operation == Operation::CreateGroup {
        response["links"] = links();
    }
    response
}

/// The schema of a body and an example of it.
fn body(data: &Data, contract: &Contract) -> (Value, Value) {
    match data {
        Data::One(entity, schema) => (
            only("data", component("schemas", schema)),
            json!({ "data": example(entity, contract) }),
        ),
        Data::Bare(entity) => (component("schemas", entity.name), example(entity, contract)),
        Data::All(entity) => (
            only("data", list(component("schemas", entity.name))),
            json!({ "data": [example(entity, contract)] }),
        ),
        Data::Page(entity, schema, meta) => {
            let properties = Map::from_iter([
                ("data".to_owned(), list(component("schemas", schema))),
                ("meta".to_owned(), component("schemas", meta)),
            ]);
            let pagination = json!({
                "total": 11, "count": 1, "per_page": 10, "current_page": 2, "total_pages": 2,
                "links": { "previous": "http://127.0.0.1:8255/api/organizations/acme/groups?page=1" },
            });
            let example = json!({ "data": [example(entity, contract)], "meta": { "pagination": pagination } });
            (closed(properties, &["data", "meta"]), example)
        }
    }
}

/// What can be done with a group that was created.
fn links() -> Value {
    let to = |operation: Operation| {
        json!({
            "operationId": operation.name(),
            "parameters": { "org": "$request.path.org", "id": "$response.body#/data/id" },
        })
    };
    json!({
        "get": to(Operation::GetGroup),
        "update": to(Operation::UpdateGroup),
        "delete": to(Operation::DeleteGroup),
    })
}

/// The headers that responses refer to.
pub(super) fn headers() -> Value {
    let number = |description: &str, evidence: Evidence| {
        json!({
            "description": description,
            "schema": { "type": "integer", "minimum": 0 },
            "x-evidence": shown(evidence),
        })
    };
    let troubleshooting = documented("troubleshooting");
    json!({
        "Reason": {
            "description": "The mock's own: why it refused, for a person. `--no-reasons` leaves it out.",
            "schema": { "type": "string", "maxLength": 512 },
        },
        "Allow": {
            "description": "The methods that are served on the path.",
            "schema": { "type": "string" },
            "x-evidence": shown(inferred("RFC 9110; Laravel's own")),
        },
        "RetryAfter": number("In how many seconds to try again.", troubleshooting),
        "Limit": number("How many requests a window takes.", inferred("Laravel's throttle")),
        "Remaining": number("How many of them are left.", troubleshooting),
    })
}
