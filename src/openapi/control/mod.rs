//! The control endpoints as a document: the mock's own interface, under `/_mock`.

mod schemas;
mod table;

use serde_json::{Map, Value, json};

use self::table::{Body, parameter};
pub use self::table::{ENDPOINTS, Endpoint};
use super::{Document, VERSION, notation::component};

impl Document {
    /// What a mock serves under `/_mock`, at an origin such as `http://127.0.0.1:8255`.
    pub fn of_control(origin: &str) -> Self {
        let info = json!({
            "title": "The control endpoints of tallyfy-mock",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "State, seeds, resets, faults, the journal and the clock of a running mock. They are the mock's own, \
                and nothing of Tallyfy's. With `?org=ID` each means that organization alone. Every refusal is problem JSON (RFC 9457).",
            "license": { "name": "MIT OR Apache-2.0" },
        });
        Self {
            openapi: VERSION,
            info,
            servers: vec![json!({ "url": origin })],
            // Only a mock with a control token asks for it.
            security: vec![json!({}), json!({ "token": [] })],
            tags: Vec::new(),
            paths: paths(),
            components: json!({
                "schemas": schemas::all(),
                "securitySchemes": { "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The control token, where the mock was started with `--control-token`.",
                } },
            }),
        }
    }
}

fn paths() -> Map<String, Value> {
    let mut paths = Map::new();
    for endpoint in ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.to_ascii_lowercase()] = operation(endpoint);
    }
    paths
}

fn operation(endpoint: &Endpoint) -> Value {
    let mut parameters: Vec<Value> = endpoint.query.iter().map(|name| parameter(name)).collect();
    if endpoint.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 },
        }));
    }
    let mut responses: Map<String, Value> = endpoint
        .answers
        .iter()
        .map(|(status, body)| (status.to_string(), response(*body)))
        .collect();
    // What the guard in front says, and what a body may be refused for.
    responses.insert("default".into(), response(Body::Json("Problem")));
    let mut operation = json!({
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(schema) = endpoint.body {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": component("schemas", schema) } },
        });
    }
    operation
}

fn response(body: Body) -> Value {
    match body {
        Body::None => json!({ "description": "It is done; there is no body." }),
        Body::Json("Problem") => json!({
            "description": "Refused, and why.",
            "content": { "application/problem+json": { "schema": component("schemas", "Problem") } },
        }),
        Body::Json(schema) => json!({
            "description": "What was asked for.",
            "content": { "application/json": { "schema": component("schemas", schema) } },
        }),
        Body::Bytes => json!({
            "description": "What was sent.",
            "content": { "application/octet-stream": {} },
        }),
        Body::Events => json!({
            "description": "Server-sent events, as they happen.",
            "content": { "text/event-stream": { "schema": { "type": "string" } } },
        }),
        Body::Pem => json!({
            "description": "A certificate, as PEM.",
            "content": { "application/x-pem-file": { "schema": { "type": "string" } } },
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_endpoints_have_a_name_or_a_place_in_common() {
        let names: BTreeSet<&str> = ENDPOINTS.iter().map(|it| it.name).collect();
        let places: BTreeSet<_> = ENDPOINTS.iter().map(|it| (it.method, it.path)).collect();
        assert_eq!(names.len(), ENDPOINTS.len());
        assert_eq!(places.len(), ENDPOINTS.len());
    }

    #[test]
    fn every_schema_that_is_named_is_there() {
        let schemas = schemas::all();
        for endpoint in ENDPOINTS {
            let answered = endpoint.answers.iter().filter_map(|(_, body)| match body {
                Body::Json(schema) => Some(*schema),
                Body::None | Body::Events | Body::Pem | Body::Bytes => None,
            });
            for schema in answered.chain(endpoint.body) {
                assert!(schemas.contains_key(schema), "{schema}");
            }
        }
    }
}
