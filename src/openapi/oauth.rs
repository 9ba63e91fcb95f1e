//! `/oauth/token`, which has a form for a body and refusals in the shape of RFC 6749.

use serde_json::{Map, Value, json};

use super::notation::{closed, component, shown};
use crate::domain::{
    contract::{Contract, OAuthBody},
    evidence::{Evidence, client, documented, inferred},
    grant::GrantRefusal,
    operation::Operation,
};

/// The body: a form, and JSON where the contract takes it.
pub(super) fn body(contract: &Contract) -> Value {
    let properties: Map<String, Value> = Operation::IssueToken
        .fields()
        .map(|asked| {
            let mut schema = json!({
                "type": "string", "description": asked.means, "examples": [asked.example],
                "x-evidence": shown(asked.evidence),
            });
            if asked.name == "client_id" {
                schema["pattern"] = "^[0-9]{1,18}$".into();
            }
            (asked.name.to_owned(), schema)
        })
        .collect();
    let grant = |name: &str, required: &[&str]| json!({ "properties": { "grant_type": { "const": name } }, "required": required });
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": ["grant_type", "client_id"],
        "anyOf": [
            grant("password", &["username", "password"]),
            grant("client_credentials", &["client_secret"]),
            grant("refresh_token", &["refresh_token"]),
            grant("authorization_code", &["code"]),
        ],
        "additionalProperties": true,
    });
    let example = json!({
        "grant_type": "password", "client_id": "3", "client_secret": "s3cret",
        "username": "ada.lovelace@northwind.example.com", "password": "any",
    });
    let mut content = json!({
        "application/x-www-form-urlencoded": { "schema": schema, "example": example },
    });
    let evidence = match contract.oauth_body {
        OAuthBody::Form => documented("how to integrate: JSON is 400"),
        OAuthBody::FormOrJson => {
            content["application/json"] = json!({ "schema": schema, "example": example });
            client("the PowerShell module and the migrator send JSON")
        }
    };
    json!({
        "description": "The client may also be in `Authorization: Basic`.",
        "required": true,
        "content": content,
        "x-evidence": shown(evidence),
    })
}

/// Its refusals beside those that other operations have too: status, name and who says so.
pub(super) fn refusals(operation: Operation) -> Vec<(u16, &'static str, Evidence)> {
    if operation != Operation::IssueToken {
        return Vec::new();
    }
    REFUSALS
        .iter()
        .map(|refusal| (status(*refusal), name(*refusal), evidence(*refusal)))
        .collect()
}

/// One of each shape.
const REFUSALS: [GrantRefusal; 2] = [
    GrantRefusal::InvalidCredentials(""),
    GrantRefusal::InvalidClient(""),
];

fn status(refusal: GrantRefusal) -> u16 {
    match refusal {
        GrantRefusal::InvalidClient(_) => 401,
        _ => 400,
    }
}

fn evidence(refusal: GrantRefusal) -> Evidence {
    match refusal {
        GrantRefusal::InvalidClient(_) => documented("troubleshooting"),
        _ => inferred("league/oauth2-server, which Laravel Passport is built on; RFC 6749"),
    }
}

/// The same as responses.
pub(super) fn responses() -> impl Iterator<Item = (String, Value)> {
    REFUSALS.into_iter().map(|refusal| {
        let description = match refusal {
            GrantRefusal::InvalidClient(_) => "There is no such client, or its secret is another.",
            _ => {
                "The grant, a parameter, the name, the password, the refresh token or the code is not good."
            }
        };
        let response = json!({
            "description": description,
            "headers": { "X-Tallyfy-Mock-Reason": component("headers", "Reason") },
            "content": { "application/json": {
                "schema": component("schemas", name(refusal)),
                "example": told(refusal),
            } },
            "x-evidence": shown(evidence(refusal)),
        });
        (status(refusal).to_string(), response)
    })
}

fn name(refusal: GrantRefusal) -> &'static str {
    match refusal {
        GrantRefusal::InvalidClient(_) => "InvalidClient",
        _ => "InvalidGrant",
    }
}

fn told(refusal: GrantRefusal) -> Value {
    json!({
        "error": refusal.error(),
        "error_description": refusal.description(),
        "message": refusal.description(),
    })
}

/// The shapes of its refusals, by name.
pub(super) fn schemas() -> Map<String, Value> {
    let text = json!({ "type": "string" });
    let shape = |errors: &[&str]| {
        let properties = Map::from_iter([
            (
                "error".to_owned(),
                json!({ "type": "string", "enum": errors }),
            ),
            ("error_description".to_owned(), text.clone()),
            ("hint".to_owned(), text.clone()),
            ("message".to_owned(), text.clone()),
        ]);
        closed(properties, &["error", "error_description", "message"])
    };
    let bad = [
        GrantRefusal::UnsupportedGrantType("").error(),
        GrantRefusal::Missing("").error(),
        GrantRefusal::InvalidGrant.error(),
    ];
    Map::from_iter([
        ("InvalidGrant".to_owned(), shape(&bad)),
        (
            "InvalidClient".to_owned(),
            shape(&[GrantRefusal::InvalidClient("").error()]),
        ),
    ])
}
