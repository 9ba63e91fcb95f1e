//! `drift`, a mock against a mock.

mod command;
mod pulled;
mod switches;
mod trouble;
mod values;
mod writes;

use serde_json::{Value, json};
use tallyfy_mock::{
    Builder, TallyfyMock,
    domain::{contract::ContractChoice, id::OrgId},
    remote::{
        Limits, Target, Token, Wire,
        drift::{Consent, Plan, Ran, Report},
    },
};

use crate::remote::NoTime;

/// The token of the host's caller.
const TOKEN: &str = "secret-of-this-test";

/// An organization with some of each, and a token that is for it only.
fn acme() -> Value {
    json!({ "version": 1,
        "tokens": [{ "token": TOKEN, "user": 1001, "organizations": ["acme"] }],
        "organizations": [{
            "id": "acme", "name": "Acme",
            "users": [{ "id": 1001, "email": "ada@acme.test", "first_name": "Ada", "role": "admin" }, { "id": 1002 }],
            "guests": [{ "email": "cleo@partner.test", "created_at": "2026-01-15T09:00:00Z" }],
            "groups": [
                { "id": "sales", "name": "Sales", "description": "Sells", "members": [1001], "guests": ["cleo@partner.test"], "created_at": "2026-01-15T09:00:00Z" },
                { "id": "support", "name": "Support", "logo": "https://files.test/logo.png", "created_at": "2026-01-16T09:00:00Z" },
            ],
        }]
    })
}

fn host() -> Builder {
    TallyfyMock::builder().fixture(acme())
}

fn plan() -> Plan {
    Plan {
        org: OrgId::parse("acme").unwrap(),
        foreign: None,
        consent: Consent::default(),
        asked_under: ContractChoice::default(),
        nobody: "0123456789abcdef0123456789abcdef".to_owned(),
        at: "2026-03-01T09:00:00Z".to_owned(),
    }
}

/// Everything that can be asked for.
fn whole_plan() -> Plan {
    Plan {
        foreign: OrgId::parse("globex"),
        consent: Consent {
            refusals: true,
            sandbox: OrgId::parse("acme"),
        },
        ..plan()
    }
}

fn wire(mock: &TallyfyMock) -> (Wire, NoTime) {
    let target = Target::parse(&format!("{}/api", mock.uri())).unwrap();
    let time = NoTime::new();
    (
        Wire::new(target, None, Limits::default(), time.clone()).unwrap(),
        time,
    )
}

fn token() -> Token {
    Token::from_stream(TOKEN.as_bytes()).unwrap()
}

fn run(plan: &Plan, mock: &TallyfyMock) -> Ran {
    plan.run(wire(mock).0, token(), &mut |_| {}, &|| false)
}

fn report(plan: &Plan, mock: &TallyfyMock) -> Report {
    let Ran { report, left } = run(plan, mock);
    assert_eq!(left, []);
    report.unwrap()
}
