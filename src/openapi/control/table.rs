//! The table of control endpoints: what each is asked and answers. `http/control` has their handlers.

use serde_json::{Value, json};

use crate::domain::{id::ID_FORM, operation::Operation};

/// A control endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name, which is unique.
    pub name: &'static str,
    /// Its method.
    pub method: &'static str,
    /// Its path; `{id}` stands for any segment.
    pub path: &'static str,
    pub(super) summary: &'static str,
    /// The parameters of its query.
    pub(super) query: &'static [&'static str],
    /// The schema of the body that it takes.
    pub(super) body: Option<&'static str>,
    /// What it answers, by status, beside what is the same everywhere.
    pub(super) answers: &'static [(u16, Body)],
}

/// What an answer holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    None,
    /// What a schema describes.
    Json(&'static str),
    Events,
    /// A certificate.
    Pem,
    /// Whatever was sent.
    Bytes,
}

const PROBLEM: Body = Body::Json("Problem");

const fn get(
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    answers: &'static [(u16, Body)],
) -> Endpoint {
    Endpoint {
        name,
        method: "GET",
        path,
        summary,
        query,
        body: None,
        answers,
    }
}

const fn send(
    method: &'static str,
    name: &'static str,
    path: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    body: Option<&'static str>,
    answers: &'static [(u16, Body)],
) -> Endpoint {
    Endpoint {
        name,
        method,
        path,
        summary,
        query,
        body,
        answers,
    }
}

/// All of them.
#[rustfmt::skip]
pub static ENDPOINTS: &[Endpoint] = &[
    get("health", "/_mock/health", "That the process answers, and what it is", &[], &[(200, Body::Json("Health"))]),
    get("ready", "/_mock/ready", "That the fixtures are in", &[], &[(200, Body::Json("Ready"))]),
    get("routes", "/_mock/routes", "What is served", &[], &[(200, Body::Json("Routes"))]),
    get("openapi", "/_mock/openapi.json", "What is served, as OpenAPI", &["of"], &[(200, Body::Json("OpenApi")), (400, PROBLEM)]),
    get("ca", "/_mock/ca.pem", "The certificate that clients have to trust, where TLS is spoken", &[], &[(200, Body::Pem), (404, PROBLEM)]),
    get("contract", "/_mock/contract", "How this mock answers, and whom it knows", &[], &[(200, Body::Json("Contract")), (400, PROBLEM)]),
    get("organizations", "/_mock/organizations", "How much there is of each organization", &[], &[(200, Body::Json("Organizations")), (400, PROBLEM)]),
    get("changes", "/_mock/changes", "The rows that are not what was loaded", &["org"],
        &[(200, Body::Json("Changes")), (400, PROBLEM), (404, PROBLEM)]),
    get("coverage", "/_mock/coverage", "How well each thing that is served is known, and whether it was asked", &["org"],
        &[(200, Body::Json("Coverage")), (400, PROBLEM)]),
    get("state.get", "/_mock/state", "All that is stored, or one organization, as a fixture", &["org"],
        &[(200, Body::Json("State")), (400, PROBLEM), (404, PROBLEM)]),
    send("PUT", "state.replace", "/_mock/state", "Put a fixture in the place of what is stored", &["org"], Some("State"),
        &[(204, Body::None), (400, PROBLEM), (507, PROBLEM)]),
    send("POST", "seed", "/_mock/seed", "Add a fixture to what is stored", &["org"], Some("State"),
        &[(204, Body::None), (400, PROBLEM), (507, PROBLEM)]),
    send("POST", "reset", "/_mock/reset", "Go back to the fixtures that were loaded", &["org", "scope"], None,
        &[(204, Body::None), (400, PROBLEM), (507, PROBLEM)]),
    get("requests.list", "/_mock/requests", "The journal, the newest last",
        &["org", "operation", "method", "status", "since", "limit", "unmatched"],
        &[(200, Body::Json("Requests")), (400, PROBLEM)]),
    send("DELETE", "requests.clear", "/_mock/requests", "Empty the journal", &["org"], None, &[(204, Body::None), (400, PROBLEM)]),
    get("requests.get", "/_mock/requests/{id}", "One request", &["org"],
        &[(200, Body::Json("Request")), (400, PROBLEM), (404, PROBLEM)]),
    get("requests.body", "/_mock/requests/{id}/body", "The body of one request, byte for byte", &["org"],
        &[(200, Body::Bytes), (400, PROBLEM), (404, PROBLEM), (409, PROBLEM)]),
    send("POST", "requests.verify", "/_mock/requests/verify", "Whether what was expected was asked", &["org"], Some("Expectations"),
        &[(200, Body::Json("Verified")), (400, PROBLEM), (409, PROBLEM)]),
    get("events", "/_mock/events", "What happens, live; with `Last-Event-ID` or `since`, from where a listener left off", &["org", "since"], &[(200, Body::Events), (400, PROBLEM), (503, PROBLEM)]),
    get("faults.list", "/_mock/faults", "The rules by which requests fail", &["org"], &[(200, Body::Json("Rules")), (400, PROBLEM)]),
    send("DELETE", "faults.clear", "/_mock/faults", "Take all rules away", &["org"], None, &[(204, Body::None), (400, PROBLEM)]),
    get("faults.get", "/_mock/faults/{id}", "One rule", &["org"],
        &[(200, Body::Json("Rule")), (400, PROBLEM), (404, PROBLEM), (409, PROBLEM)]),
    send("PUT", "faults.put", "/_mock/faults/{id}", "Put a rule in force", &["org", "rearm"], Some("NewRule"),
        &[(200, Body::Json("Rule")), (400, PROBLEM), (507, PROBLEM)]),
    send("DELETE", "faults.remove", "/_mock/faults/{id}", "Take a rule away", &["org"], None,
        &[(204, Body::None), (400, PROBLEM), (404, PROBLEM), (409, PROBLEM)]),
    get("clock.get", "/_mock/clock", "What time it is for the mock", &["org"], &[(200, Body::Json("Clock")), (400, PROBLEM)]),
    send("PUT", "clock.set", "/_mock/clock", "Set the clock, freeze it, let it run", &["org"], Some("ClockSet"),
        &[(200, Body::Json("Clock")), (400, PROBLEM), (507, PROBLEM)]),
    send("POST", "clock.advance", "/_mock/clock/advance", "Move the clock", &["org"], Some("ClockMove"),
        &[(200, Body::Json("Clock")), (400, PROBLEM), (507, PROBLEM)]),
];

/// A parameter of a query, by name.
pub(super) fn parameter(name: &str) -> Value {
    let names: Vec<&str> = Operation::ALL.iter().map(|it| it.name()).collect();
    let number = json!({ "type": "integer", "minimum": 0 });
    let flag = json!({ "type": "boolean" });
    let (schema, description) = match name {
        "org" => (
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$" }),
            format!("This organization alone: {ID_FORM}."),
        ),
        "of" => (
            json!({ "type": "string", "enum": ["tallyfy", "control"] }),
            "Tallyfy's API (default), or the control endpoints.".into(),
        ),
        "scope" => (
            json!({ "type": "string" }),
            "A comma list of state, requests, faults, clock and limits; without it, all of them."
                .into(),
        ),
        "operation" => (
            json!({ "type": "string", "enum": names }),
            "Only this operation.".into(),
        ),
        "method" => (json!({ "type": "string" }), "Only this method.".into()),
        "status" => (number, "Only those answered so.".into()),
        "since" => (number, "Only those after the one of this id.".into()),
        "limit" => (number, "Only the newest so many.".into()),
        "unmatched" => (flag, "Only those that matched no route.".into()),
        "rearm" => (
            flag,
            "Whether what is spent of a rule that is there already is made whole.".into(),
        ),
        _ => (json!({ "type": "string" }), String::new()),
    };
    json!({ "name": name, "in": "query", "required": false, "schema": schema, "description": description })
}
