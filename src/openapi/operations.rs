//! The paths of a document and what each operation there says.

use serde_json::{Map, Value, json};

use super::{answers, notation::shown, oauth, refusals, sent, served::Served};
use crate::domain::{
    operation::Operation,
    provenance::{Right, Route},
};

/// Every path with its operations.
pub(super) fn paths(served: &Served) -> Map<String, Value> {
    let mut paths = Map::new();
    for route in &served.routes {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.to_ascii_lowercase()] = operation(route, served);
    }
    paths
}

fn operation(route: &Route, served: &Served) -> Value {
    let name = route.operation.name();
    let tag = match name.split_once('.') {
        Some(("groups", _)) => "groups",
        Some(("oauth", _)) => "oauth",
        _ => "directory",
    };
    let mut responses = answers::responses_of(route.operation, served);
    responses.extend(refusals::responses_of(route, served));
    let mut operation = json!({
        "operationId": name,
        "summary": route.operation.summary(),
        "tags": [tag],
        "parameters": sent::parameters(route, served),
        "responses": responses,
        "x-right": route.right.name(),
        "x-evidence": shown(route.operation.evidence()),
    });
    if route.right == Right::Anyone {
        operation["security"] = json!([]);
    }
    if route.operation == Operation::IssueToken {
        for (status, refused) in oauth::responses() {
            operation["responses"][status] = refused;
        }
        operation["requestBody"] = oauth::body(&served.contract);
    }
    if let Some(body) = sent::body(route.operation, &served.contract) {
        operation["requestBody"] = body;
    }
    operation
}
