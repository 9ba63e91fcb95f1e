//! What a request may hold. Bodies are open, and what Tallyfy takes without complaint is no error here.

use serde_json::{Map, Value, json};

use super::{
    examples::example,
    notation::{component, shown},
    served::Served,
};
use crate::domain::{
    answered::GROUP_ENTITY,
    asked::Asked,
    contract::{
        BodyWithoutJsonType, Contract, DescriptionOnCreate, MalformedJson, MissingClientHeader,
    },
    evidence::{client, documented},
    group::Name,
    operation::Operation,
    provenance::{Right, Route},
};

/// The parameters that several operations have, by name.
pub(super) fn shared_parameters(contract: &Contract) -> Vec<(&'static str, Value)> {
    let id = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$" });
    let mut parameters = vec![
        (
            "org",
            json!({
                "name": "org", "in": "path", "required": true, "schema": id, "example": "northwind",
                "description": "The organization's id.",
                "x-evidence": shown(documented("every page of the groups; `validate_id` of SDK 3.1.0 on its form")),
            }),
        ),
        (
            "group",
            json!({
                "name": "id", "in": "path", "required": true, "schema": id, "example": "53a4560dc877f9b4f709f97630efbb5a",
                "description": "The group's id.",
                "x-evidence": shown(documented("get-group; `validate_id` of SDK 3.1.0 on its form")),
            }),
        ),
        (
            "user",
            json!({
                "name": "id", "in": "path", "required": true, "example": 1001,
                "schema": { "type": "integer", "minimum": 1, "maximum": (1_u64 << 53) - 1 },
                "description": "The user's id.",
                "x-evidence": shown(documented("get-member")),
            }),
        ),
        (
            "guest",
            json!({
                "name": "email", "in": "path", "required": true, "example": "client@partner.example.com",
                "schema": { "type": "string", "minLength": 1 },
                "description": "The guest's email address, percent-encoded, in any case.",
                "x-evidence": shown(documented("get-guest")),
            }),
        ),
    ];
    if contract.missing_client_header != MissingClientHeader::Ignore {
        parameters.push((
            "client",
            json!({
                "name": "X-Tallyfy-Client", "in": "header", "required": true, "example": "APIClient",
                "schema": { "type": "string", "pattern": "[!-~]" },
                "description": "The name of the client; any that is not empty.",
                "x-evidence": shown(documented("the introduction to the API: \"mandatory\"; clients send `APIClient`, `TallyfySDK`, `n8n`")),
            }),
        ));
    }
    parameters
}

/// The parameters of an operation: of its path, its headers and its query.
pub(super) fn parameters(route: &Route, served: &Served) -> Vec<Value> {
    let mut parameters = Vec::new();
    for segment in route.path.split('/') {
        let name = match segment {
            "{org}" => "org",
            "{email}" => "guest",
            "{id}" if route.operation == Operation::GetUser => "user",
            "{id}" => "group",
            _ => continue,
        };
        parameters.push(component("parameters", name));
    }
    let asks_for_client = served.contract.missing_client_header != MissingClientHeader::Ignore;
    if asks_for_client && route.right != Right::Anyone {
        parameters.push(component("parameters", "client"));
    }
    parameters.extend(route.operation.parameters().map(|asked| in_query(&asked)));
    parameters
}

fn in_query(asked: &Asked) -> Value {
    // A number where one makes sense; anything else is taken too, and counts as absent.
    let is_number = ["page", "per_page"].contains(&asked.name);
    let (schema, example) = if is_number {
        let number: u64 = asked.example.parse().unwrap_or_default();
        (json!({ "type": ["integer", "string"] }), number.into())
    } else {
        (json!({ "type": "string" }), Value::from(asked.example))
    };
    json!({
        "name": asked.name, "in": "query", "required": false,
        "description": asked.means, "schema": schema, "example": example,
        "x-evidence": shown(asked.evidence),
    })
}

/// The shapes of bodies, by name.
pub(super) fn schemas(served: &Served) -> Map<String, Value> {
    let operations = served.routes.iter().map(|route| route.operation);
    let named = operations.filter_map(|operation| Some((name(operation)?, operation)));
    named
        .map(|(name, operation)| (name.to_owned(), fields(operation, &served.contract)))
        .collect()
}

/// What the body of an operation is called, where it has one.
fn name(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::CreateGroup => Some("NewGroup"),
        Operation::UpdateGroup => Some("GroupPatch"),
        _ => None,
    }
}

fn fields(operation: Operation, contract: &Contract) -> Value {
    let creates = operation == Operation::CreateGroup;
    let mut properties = Map::new();
    for asked in operation.fields() {
        let mut schema = field(operation, &asked, contract);
        schema["description"] = asked.means.into();
        schema["x-evidence"] = shown(asked.evidence);
        properties.insert(asked.name.to_owned(), schema);
    }
    let mut required = Vec::new();
    if creates {
        required.push("name");
        if contract.description_on_create == DescriptionOnCreate::Required {
            required.push("description");
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": true,
    })
}

/// The body of an operation, where it has one.
pub(super) fn body(operation: Operation, contract: &Contract) -> Option<Value> {
    let creates = operation == Operation::CreateGroup;
    let fields = component("schemas", name(operation)?);
    let (schema, of_no_object) = match contract.malformed_json {
        _ if creates => (fields, ""),
        // An empty list is PHP's empty map.
        MalformedJson::BadRequest => (
            json!({ "anyOf": [fields, { "type": "array", "items": {}, "maxItems": 0 }] }),
            "",
        ),
        MalformedJson::NoFields => (
            json!({ "anyOf": [fields, { "not": { "type": "object" } }] }),
            " A body that is no JSON object has no fields.",
        ),
    };
    let of_other_types = match contract.body_without_json_type {
        BodyWithoutJsonType::NoFields => {
            "A body whose `Content-Type` does not say JSON has no fields."
        }
        BodyWithoutJsonType::ReadAnyway => {
            "A body is read as JSON whatever its `Content-Type` says."
        }
    };
    let mut example = example(&GROUP_ENTITY, contract);
    if let Value::Object(fields) = &mut example {
        fields.retain(|name, _| operation.body_fields().contains(&name.as_str()));
    }
    Some(json!({
        "description": format!("Fields that are not known are ignored. {of_other_types}{of_no_object}"),
        "required": creates,
        "content": { "application/json": { "schema": schema, "example": example } },
        "x-evidence": shown(client("the Go command line, SDK 3.1.0 and the n8n node send JSON")),
    }))
}

/// What is neither a blank at an end nor anything else that is trimmed away.
const SOLID: &str = r"[^\u0000\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200b\u200e\u2028\u2029\u202f\u205f\u3000\ufeff]";

fn field(operation: Operation, asked: &Asked, contract: &Contract) -> Value {
    let text = format!("^[^\\u0000]*{SOLID}[^\\u0000]*$");
    match asked.name {
        "name" => json!({ "type": "string", "maxLength": Name::MAX_CHARS, "pattern": text }),
        "description"
            if operation == Operation::CreateGroup
                && contract.description_on_create == DescriptionOnCreate::Optional =>
        {
            json!({ "type": ["string", "null"], "pattern": r"^[^\u0000]*$" })
        }
        "description" => json!({ "type": "string", "pattern": text }),
        "members" => json!({ "type": "array", "items": {
            "type": ["integer", "string"], "minimum": 1, "maximum": (1_u64 << 53) - 1, "pattern": "^[1-9][0-9]{0,14}$",
        } }),
        "guests" => {
            json!({ "type": "array", "items": { "type": "string", "format": "idn-email" } })
        }
        _ => json!({}),
    }
}
