//! How an operation may say no: which refusals it has under the contract, and what each looks like.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    notation::{closed, component, shown},
    served::Served,
};
use crate::{
    domain::{
        contract::{ForeignOrg, MalformedJson, MissingClientHeader},
        evidence::{Evidence, assumed, client, documented, inferred},
        operation::Operation,
        provenance::{Right, Route},
        validate::ValidationErrors,
    },
    http::error::ApiError,
};

/// The refusals of an operation, by status.
pub(super) fn by_status(route: &Route, served: &Served) -> BTreeMap<u16, Vec<ApiError>> {
    let mut by_status: BTreeMap<u16, Vec<ApiError>> = BTreeMap::new();
    for refusal in of(route, served) {
        let same = by_status.entry(refusal.status().as_u16()).or_default();
        if !same.contains(&refusal) {
            same.push(refusal);
        }
    }
    by_status
}

/// The refusals of an operation, in the order in which they are looked for.
pub(super) fn of(route: &Route, served: &Served) -> Vec<ApiError> {
    let contract = &served.contract;
    let mut refusals = Vec::new();
    if served.is_rate_limited {
        refusals.push(ApiError::TooManyRequests { retry_after: 42 });
    }
    if has_limits(route) {
        refusals.push(ApiError::Unavailable(""));
    }
    if !route.operation.body_fields().is_empty() {
        refusals.extend([ApiError::RequestTimeout, ApiError::PayloadTooLarge]);
    }
    if route.right == Right::Anyone {
        return refusals;
    }
    refusals.push(ApiError::Unauthenticated(""));
    if contract.missing_client_header == MissingClientHeader::NotFound {
        refusals.push(ApiError::EndpointNotFound(String::new()));
    }
    let needs_more = match route.right {
        Right::Anyone | Right::SignedIn => return refusals,
        Right::Member => false,
        Right::Admin | Right::ManageGroups => true,
    };
    if needs_more || contract.foreign_org == ForeignOrg::Forbidden {
        refusals.push(ApiError::Unauthorized(""));
    }
    refusals.push(ApiError::ResourceNotFound);
    if !route.operation.body_fields().is_empty() {
        if contract.malformed_json == MalformedJson::BadRequest {
            refusals.push(ApiError::MalformedJson(String::new()));
        }
        refusals.push(ApiError::Invalid(
            failing(route.operation),
            contract.validation_body,
        ));
    }
    refusals
}

/// Whether there may be no room for what it writes, or for a long answer.
fn has_limits(route: &Route) -> bool {
    match route.operation {
        Operation::GetMe | Operation::GetOrganization | Operation::GetGuest => false,
        Operation::ListGroups
        | Operation::GetGroup
        | Operation::CreateGroup
        | Operation::UpdateGroup
        | Operation::DeleteGroup
        | Operation::GetMyOrganizations
        | Operation::GetMeInOrganization
        | Operation::ListUsers
        | Operation::GetUser
        | Operation::ListUserNames
        | Operation::ListGuests
        | Operation::ListGuestNames
        | Operation::IssueToken => true,
    }
}

/// An example of what may be wrong with a body.
fn failing(operation: Operation) -> ValidationErrors {
    let mut errors = ValidationErrors::default();
    if operation == Operation::CreateGroup {
        errors.add("name", "The name has already been taken.");
    }
    errors.add("members.0", "The selected members.0 is invalid.");
    errors
}

/// What a refusal is called.
pub(super) fn name(refusal: &ApiError) -> &'static str {
    match refusal {
        ApiError::MalformedJson(_) => "MalformedJson",
        ApiError::Unauthenticated(_) => "Unauthenticated",
        ApiError::Unauthorized(_) => "Unauthorized",
        ApiError::EndpointNotFound(_) => "EndpointNotFound",
        ApiError::ResourceNotFound => "ResourceNotFound",
        ApiError::MethodNotAllowed { .. } => "MethodNotAllowed",
        ApiError::RequestTimeout => "RequestTimeout",
        ApiError::PayloadTooLarge => "PayloadTooLarge",
        ApiError::Invalid(..) => "Invalid",
        ApiError::TooManyRequests { .. } => "TooManyRequests",
        ApiError::ServerError => "ServerError",
        ApiError::Other(_) => "Other",
        ApiError::Unavailable(_) => "Unavailable",
    }
}

/// When it is answered.
fn means(refusal: &ApiError) -> &'static str {
    match refusal {
        ApiError::MalformedJson(_) => "The body is no JSON object.",
        ApiError::Unauthenticated(_) => {
            "There is no good token, or no `X-Tallyfy-Client` where the contract asks for one."
        }
        ApiError::Unauthorized(_) => "The token's user may not do this in this organization.",
        ApiError::EndpointNotFound(_) => "There is no such path, or no `X-Tallyfy-Client`.",
        ApiError::ResourceNotFound => "There is no such organization, group, user or guest.",
        ApiError::MethodNotAllowed { .. } => "The method is not served on this path.",
        ApiError::RequestTimeout => "The body did not come within `--body-timeout`.",
        ApiError::PayloadTooLarge => "The body is longer than `--max-body`.",
        ApiError::Invalid(..) => "Fields of the body fail; all of them are told.",
        ApiError::TooManyRequests { .. } => {
            "The token has used up its requests to this organization."
        }
        ApiError::ServerError => "A defect of the mock's.",
        ApiError::Other(_) => "Asked for by a rule or by the request itself.",
        ApiError::Unavailable(_) => {
            "A limit of the mock's is reached; `X-Tallyfy-Mock-Reason` says which."
        }
    }
}

/// Who says that it looks so.
pub(super) fn evidence(refusal: &ApiError) -> Evidence {
    match refusal {
        ApiError::MalformedJson(_) => assumed("update-group lists 400 and shows no body"),
        ApiError::Unauthenticated(_) => client("the tests of the Go command line"),
        ApiError::EndpointNotFound(_)
        | ApiError::ResourceNotFound
        | ApiError::TooManyRequests { .. } => documented("troubleshooting"),
        ApiError::Invalid(..) => {
            inferred("Laravel's sentences; troubleshooting and the MCP server on the keys")
        }
        ApiError::Unauthorized(_)
        | ApiError::MethodNotAllowed { .. }
        | ApiError::PayloadTooLarge
        | ApiError::ServerError
        | ApiError::Other(_) => inferred("Laravel's own words"),
        ApiError::RequestTimeout | ApiError::Unavailable(_) => assumed("a bound of the mock's own"),
    }
}

/// What the responses to an operation say of its refusals, by status.
pub(super) fn responses_of(route: &Route, served: &Served) -> Map<String, Value> {
    let by_status = by_status(route, served).into_iter();
    by_status
        .map(|(status, refusals)| {
            (
                status.to_string(),
                component("responses", &joined(&refusals)),
            )
        })
        .collect()
}

/// What several refusals of one status are called together.
fn joined(refusals: &[ApiError]) -> String {
    let mut names: Vec<&str> = refusals.iter().map(name).collect();
    names.sort_unstable();
    names.join("Or")
}

/// How it is refused what is no operation: another path, or another method.
pub(super) fn of_none() -> [ApiError; 2] {
    [
        ApiError::EndpointNotFound(String::new()),
        ApiError::of_a_patch(),
    ]
}

/// The responses that operations refer to, and those to what is no operation.
pub(super) fn responses(served: &Served) -> Map<String, Value> {
    let each = served.routes.iter().map(|route| by_status(route, served));
    let sets = each.flat_map(BTreeMap::into_values);
    let sets = sets.chain(of_none().map(|refusal| vec![refusal]));
    sets.map(|refusals| (joined(&refusals), response(&refusals)))
        .collect()
}

fn response(refusals: &[ApiError]) -> Value {
    let means: Vec<&str> = refusals.iter().map(means).collect();
    let examples: Map<String, Value> = refusals
        .iter()
        .map(|it| (name(it).to_owned(), json!({ "value": it.shown() })))
        .collect();
    let evidence: Map<String, Value> = refusals
        .iter()
        .map(|it| (name(it).to_owned(), shown(evidence(it))))
        .collect();
    let schema = match refusals {
        [one] => component("schemas", name(one)),
        several => {
            json!({ "oneOf": several.iter().map(|it| component("schemas", name(it))).collect::<Vec<_>>() })
        }
    };
    let evidence = match refusals {
        [one] => evidence[name(one)].clone(),
        _ => evidence.into(),
    };
    let mut headers = Map::from_iter([(
        "X-Tallyfy-Mock-Reason".to_owned(),
        component("headers", "Reason"),
    )]);
    let is_any = |is: fn(&ApiError) -> bool| refusals.iter().any(is);
    if is_any(|it| matches!(it, ApiError::MethodNotAllowed { .. })) {
        headers.insert("Allow".into(), component("headers", "Allow"));
    }
    if is_any(|it| matches!(it, ApiError::TooManyRequests { .. })) {
        headers.insert("Retry-After".into(), component("headers", "RetryAfter"));
        headers.insert("X-RateLimit-Limit".into(), component("headers", "Limit"));
        headers.insert(
            "X-RateLimit-Remaining".into(),
            component("headers", "Remaining"),
        );
    }
    json!({
        "description": means.join(" "),
        "headers": headers,
        "content": { "application/json": { "schema": schema, "examples": examples } },
        "x-evidence": evidence,
    })
}

/// The shape of each refusal that there is under the contract.
pub(super) fn schemas(served: &Served) -> Map<String, Value> {
    let all = served.routes.iter().flat_map(|route| of(route, served));
    all.chain(of_none())
        .map(|refusal| (name(&refusal).to_owned(), schema(&refusal)))
        .collect()
}

/// The keys of the body, each with the only value that it has; but those of failing fields.
fn schema(refusal: &ApiError) -> Value {
    let body = refusal.shown();
    let fields = body.as_object().into_iter().flatten();
    let properties: Map<String, Value> = fields
        .map(|(key, value)| {
            let schema = match refusal {
                ApiError::Invalid(..) if key == "errors" => errors(),
                // Laravel's message is made of the sentences.
                ApiError::Invalid(..) if key == "message" && body.get("error").is_none() => {
                    json!({ "type": "string" })
                }
                ApiError::MethodNotAllowed { .. } if key == "message" => json!({
                    "type": "string",
                    "pattern": r"^The \S+ method is not supported for route .*\. Supported methods: [A-Z, ]+\.$",
                }),
                _ => json!({ "const": value }),
            };
            (key.clone(), schema)
        })
        .collect();
    let required: Vec<String> = properties.keys().cloned().collect();
    let required: Vec<&str> = required.iter().map(String::as_str).collect();
    closed(properties, &required)
}

/// The failing fields of a group, each with its sentences.
fn errors() -> Value {
    let sentence = json!({ "type": "string" });
    let sentences = json!({ "type": "array", "items": sentence, "minItems": 1 });
    json!({
        "type": "object",
        "description": "Each failing field, items of lists as `members.0`, with its sentences; 1,000 fields at most.",
        "patternProperties": { r"^(name|description|(members|guests)(\.[0-9]+)?)$": sentences },
        "additionalProperties": false,
        "minProperties": 1,
        "maxProperties": ValidationErrors::LISTED,
    })
}
