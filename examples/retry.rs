//! A client that retries, tested against a mock: `cargo run --example retry`.
//!
//! The delete is applied although its answer says 503; a client that takes the 404 of its second try
//! for a failure is wrong, and this is how to find out.

use serde_json::json;
use tallyfy_mock::{Operation, TallyfyMock};

/// Deletes a group, and tries again where the server could not answer. Gone is gone, whoever did it.
fn delete(base: &str, org: &str, id: &str) -> Result<(), String> {
    let client = reqwest::blocking::Client::new();
    for _ in 0..3 {
        let answer = client
            .delete(format!("{base}/api/organizations/{org}/groups/{id}"))
            .bearer_auth("any-token")
            .header("X-Tallyfy-Client", "APIClient")
            .send()
            .map_err(|error| error.to_string())?;
        match answer.status().as_u16() {
            204 | 404 => return Ok(()),
            503 => {}
            other => return Err(format!("unexpected status {other}")),
        }
    }
    Err("given up".to_owned())
}

fn main() -> Result<(), String> {
    let tallyfy = TallyfyMock::start();
    let acme = tallyfy.org("acme");
    acme.seed(json!({ "groups": [{ "id": "sales", "name": "Sales", "description": "Sells" }] }));
    acme.fault("flaky")
        .on(Operation::DeleteGroup)
        .status(503)
        .after_write()
        .times(1);
    delete(&tallyfy.uri(), "acme", "sales")?;
    acme.verify(Operation::DeleteGroup).times(2);
    Ok(())
}
