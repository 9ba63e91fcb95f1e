//! The contract as a document: what is served, and how it answers, as OpenAPI 3.1. Pure functions over the
//! tables that route and refuse, and over the contract; nothing here looks at what is stored.

mod answers;
mod control;
mod coverage;
mod examples;
mod notation;
mod oauth;
mod operations;
mod refusals;
mod schemas;
mod sent;
mod served;

use serde::Serialize;
use serde_json::{Map, Value, json};

use self::notation::told;
pub use self::{
    control::{ENDPOINTS as CONTROL_ENDPOINTS, Endpoint as ControlEndpoint},
    coverage::{Counts, Coverage},
    served::Served,
};

/// A document of `OpenAPI`; serialised, it is JSON.
#[derive(Debug, Clone, Serialize)]
pub struct Document {
    openapi: &'static str,
    info: Value,
    servers: Vec<Value>,
    security: Vec<Value>,
    tags: Vec<Value>,
    paths: Map<String, Value>,
    components: Value,
}

/// The version of `OpenAPI`.
const VERSION: &str = "3.1.0";

impl Document {
    /// What a process serves of Tallyfy's API.
    pub fn of(served: &Served) -> Self {
        let choices = served.contract.choices();
        let switches: Map<String, Value> = choices
            .iter()
            .map(|choice| (choice.key.to_owned(), choice.value.into()))
            .collect();
        let info = json!({
            "title": "Tallyfy's groups API, as tallyfy-mock answers it",
            "version": env!("CARGO_PKG_VERSION"),
            "description": description(served),
            "license": { "name": "MIT OR Apache-2.0" },
            "x-tallyfy-mock": { "edition": served.edition.name(), "switches": switches },
        });
        let servers = served.servers.iter();
        Self {
            openapi: VERSION,
            info,
            servers: servers.map(|url| json!({ "url": url })).collect(),
            security: vec![json!({ "token": [] })],
            tags: vec![
                json!({ "name": "groups", "description": "The groups of an organization." }),
                json!({ "name": "directory", "description": "What clients call beside groups, read-only." }),
                json!({ "name": "oauth", "description": "Tokens." }),
            ],
            paths: operations::paths(served),
            components: components(served),
        }
    }
}

fn description(served: &Served) -> String {
    let mut text = String::from(
        "This describes tallyfy-mock, a local server for tests. It is not Tallyfy's own \
         specification, of which none is public, and nobody at Tallyfy has seen it. It is made from the tables by which \
         this mock routes and refuses, under the contract that is in force.\n\n\
         `x-evidence` says of each operation, parameter, field and answer how well it is known: *documented*, *seen in a \
         client*, *inferred* from the frameworks, or *assumed*; and where from.\n\n\
         Answers are closed: they have the fields that stand here and no others. Requests are open: what is not known is \
         ignored. A field without a type is shown as a fixture gives it.\n\n\
         Not among the answers: those that a fault rule or steering (`Prefer: code=…`) asks for; 405 with `Allow` for \
         other methods; 400 for a request with no `Host` or with two, or whose body breaks off; 500 for a defect of the \
         mock's. `HEAD` answers as `GET` without a body.\n\n",
    );
    text.push_str("| switch | value | decides | because |\n|---|---|---|---|\n");
    for choice in served.contract.choices() {
        let (decides, source) = (choice.decides, told(choice.source));
        let (key, value) = (choice.key, choice.value);
        text.extend([
            "| `", key, "` | `", value, "` | ", decides, " | ", &source, " |\n",
        ]);
    }
    text
}

fn components(served: &Served) -> Value {
    let mut parameters = Map::new();
    for (name, parameter) in sent::shared_parameters(&served.contract) {
        parameters.insert(name.to_owned(), parameter);
    }
    json!({
        "schemas": schemas::all(served),
        "responses": refusals::responses(served),
        "parameters": parameters,
        "headers": answers::headers(),
        "securitySchemes": { "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer <token>`, exactly one space between the two. A mock without declared tokens takes any.",
        } },
    })
}
