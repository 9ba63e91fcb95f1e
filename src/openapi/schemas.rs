//! The shapes of what is answered. Every object is closed: an answer has these fields and no others.

use serde_json::{Map, Value, json};

use super::{
    notation::{closed, component, list, only, shown},
    oauth, refusals, sent,
    served::Served,
};
use crate::domain::{
    answered::{
        ASSET, EMBEDDED_GROUP, Entity, Field, Form, GROUP_ENTITY, GROUP_INCLUDES, GUEST,
        GUEST_NAME, LAST_UPDATED, MYSELF, ORGANIZATION, TOKEN, UPDATED_AT, USER, USER_NAME,
    },
    contract::{Contract, EmptyLinks, GuestsInclude, NextLink, PerPageCap, TimeFormat, TimeKeys},
    evidence::{documented, inferred},
    user::Role,
};

/// The name of the schema of a group that may have includes.
pub(super) const GROUP_WITH_INCLUDES: &str = "GroupWithIncludes";
/// The names of the schemas of `meta`: with the cap on a page's length, and without.
pub(super) const CAPPED_META: &str = "CappedMeta";
pub(super) const META: &str = "Meta";

/// All schemas by name.
pub(super) fn all(served: &Served) -> Map<String, Value> {
    let contract = &served.contract;
    let mut schemas = Map::new();
    for entity in [
        &ASSET,
        &EMBEDDED_GROUP,
        &USER,
        &MYSELF,
        &USER_NAME,
        &GUEST,
        &GUEST_NAME,
        &ORGANIZATION,
        &TOKEN,
    ] {
        schemas.insert(entity.name.to_owned(), of(entity, contract));
    }
    schemas.insert(GROUP_ENTITY.name.to_owned(), group(contract, &[]));
    schemas.insert(
        GROUP_WITH_INCLUDES.to_owned(),
        group(contract, &GROUP_INCLUDES),
    );
    let cap = (contract.per_page_cap == PerPageCap::Hundred).then_some(100);
    schemas.insert(CAPPED_META.to_owned(), meta(contract, cap));
    schemas.insert(META.to_owned(), meta(contract, None));
    schemas.extend(sent::schemas(served));
    schemas.extend(oauth::schemas());
    schemas.extend(refusals::schemas(served));
    schemas
}

fn of(entity: &Entity, contract: &Contract) -> Value {
    object(entity.fields, contract)
}

fn object(fields: &[Field], contract: &Contract) -> Value {
    let required: Vec<&str> = fields
        .iter()
        .filter(|field| !field.is_optional())
        .map(|field| field.name)
        .collect();
    let properties = fields.iter().map(|field| {
        let mut schema = form(field.form, contract);
        schema["x-evidence"] = shown(field.evidence);
        (field.name.to_owned(), schema)
    });
    closed(properties.collect(), &required)
}

/// A group; an include of its guests may stand where their addresses are.
fn group(contract: &Contract, includes: &[Field]) -> Value {
    let times: &[Field] = match contract.time_keys {
        TimeKeys::LastUpdated => &LAST_UPDATED,
        TimeKeys::UpdatedAt => &UPDATED_AT,
    };
    let own: Vec<Field> = GROUP_ENTITY.fields.iter().chain(times).copied().collect();
    let (guests, others): (Vec<Field>, Vec<Field>) =
        includes.iter().partition(|it| it.name == "guests");
    let fields: Vec<Field> = own.into_iter().chain(others).collect();
    let mut schema = object(&fields, contract);
    for include in guests {
        if contract.guests_include == GuestsInclude::Replace {
            let addresses = schema["properties"]["guests"].take();
            schema["properties"]["guests"] = json!({
                "anyOf": [addresses, form(include.form, contract)],
                "description": "With `with=guests` the guests themselves, in the place of their addresses.",
                "x-evidence": shown(include.evidence),
            });
        }
    }
    schema
}

fn form(form: Form, contract: &Contract) -> Value {
    match form {
        Form::Id => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$" }),
        Form::UserId => user_id(),
        Form::Text | Form::TextAtTimes => json!({ "type": "string" }),
        Form::TextOrNull => json!({ "type": ["string", "null"] }),
        Form::Email => email(),
        Form::UserIds => list(user_id()),
        Form::Emails => list(email()),
        Form::Time => time(contract),
        Form::Role => json!({ "type": "string", "enum": Role::NAMES }),
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Count => json!({ "type": "integer", "minimum": 0 }),
        Form::Null => json!({ "type": "null" }),
        Form::Always(text) => json!({ "type": "string", "const": text }),
        Form::Given(_) => json!({ "description": "Shown as a fixture gives it." }),
        Form::GivenInclude => {
            json!({ "description": "With `with`, where a fixture gives it; shown as it gives it." })
        }
        Form::Object(entity) => of(entity, contract),
        Form::Include(entity) => {
            let mut schema = only("data", list(component("schemas", entity.name)));
            schema["description"] = "With `with`.".into();
            schema
        }
    }
}

fn user_id() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": (1_u64 << 53) - 1 })
}

fn email() -> Value {
    json!({ "type": "string", "format": "idn-email" })
}

fn time(contract: &Contract) -> Value {
    let fraction = match contract.time_format {
        TimeFormat::Seconds => "",
        TimeFormat::Millis => r"\.[0-9]{3}",
        TimeFormat::Micros => r"\.[0-9]{6}",
    };
    let pattern =
        format!("^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}{fraction}Z$");
    json!({ "type": "string", "format": "date-time", "pattern": pattern })
}

fn meta(contract: &Contract, cap: Option<u64>) -> Value {
    let fractal = inferred("league/fractal's paginator; every example of the documentation");
    let count = |minimum: u64| json!({ "type": "integer", "minimum": minimum, "x-evidence": shown(fractal) });
    let mut per_page = count(1);
    if let Some(cap) = cap {
        per_page["maximum"] = cap.into();
        per_page["x-evidence"] = shown(documented("list-groups: max 100"));
    }
    let mut links = links(contract);
    links["x-evidence"] = shown(fractal);
    let properties = Map::from_iter([
        ("total".to_owned(), count(0)),
        ("count".to_owned(), count(0)),
        ("per_page".to_owned(), per_page),
        ("current_page".to_owned(), count(1)),
        ("total_pages".to_owned(), count(1)),
        ("links".to_owned(), links),
    ]);
    let required = [
        "total",
        "count",
        "per_page",
        "current_page",
        "total_pages",
        "links",
    ];
    only("pagination", closed(properties, &required))
}

/// The links to the pages beside this one.
fn links(contract: &Contract) -> Value {
    let (pattern, description) = match contract.next_link {
        NextLink::FullQuery => (
            r"^https?://[^?]+\?(.*&)?page=[0-9]+$",
            "The parameters of the request, then `page`.",
        ),
        NextLink::PageOnly => (r"^https?://[^?]+\?page=[0-9]+$", "Only `page`."),
    };
    let link = json!({ "type": "string", "pattern": pattern, "description": description });
    let properties = Map::from_iter([
        ("previous".to_owned(), link.clone()),
        ("next".to_owned(), link),
    ]);
    let mut object = closed(properties, &[]);
    match contract.empty_links {
        EmptyLinks::Object => object,
        EmptyLinks::Array => {
            object["minProperties"] = 1.into();
            json!({ "anyOf": [object, { "type": "array", "maxItems": 0 }] })
        }
    }
}
