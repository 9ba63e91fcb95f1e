//! `/oauth/token`, which has a form for a body and refusals in the shape of RFC 6749.

use serde_json::{Map, Value, json};

use super::notation::{closed, component, shown};
use crate::domain::{
    contract::{Contract, OAuthBody},
    evidence::{client, documented, inferred},
    grant::GrantRefusal,
    operation::Operation,
};

/// The body: a form, and JSON where the contract takes it.
pub(super) fn body(contract: &Contract) -> Value {
    let properties: Map<String, Value> = Operation::IssueToken
        .fields()
        .map(|asked| {
            let schema = json!({
                "type": "string", "description": asked.means, "example": asked.example,
                "x-evidence": shown(asked.evidence),
            });
            (asked.name.to_owned(), schema)
        })
        .collect();
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": ["grant_type", "client_id"],
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

/// Its refusals beside those that other operations have too, by status.
pub(super) fn responses() -> [(&'static str, Value); 2] {
    let passport = inferred("league/oauth2-server, which Laravel Passport is built on; RFC 6749");
    let response = |description: &str, refusal: GrantRefusal, evidence| {
        json!({
            "description": description,
            "headers": { "X-Tallyfy-Mock-Reason": component("headers", "Reason") },
            "content": { "application/json": {
                "schema": component("schemas", name(refusal)),
                "example": told(refusal),
            } },
            "x-evidence": shown(evidence),
        })
    };
    [
        (
            "400",
            response(
                "The grant, a parameter, the name, the password, the refresh token or the code is not good.",
                GrantRefusal::InvalidCredentials(""),
                passport,
            ),
        ),
        (
            "401",
            response(
                "There is no such client, or its secret is another.",
                GrantRefusal::InvalidClient(""),
                documented("troubleshooting"),
            ),
        ),
    ]
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
