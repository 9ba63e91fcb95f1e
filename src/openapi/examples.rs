//! Entities as examples of themselves.

use serde_json::{Value, json};

use crate::domain::{
    answered::{Entity, Field, Form, GROUP_ENTITY, LAST_UPDATED, UPDATED_AT},
    contract::{Contract, TimeFormat, TimeKeys},
    user::Role,
};

/// An entity as an example of it.
pub(super) fn example(entity: &Entity, contract: &Contract) -> Value {
    let mut fields = entity.fields.to_vec();
    if *entity == GROUP_ENTITY {
        let times: &[Field] = match contract.time_keys {
            TimeKeys::LastUpdated => &LAST_UPDATED,
            TimeKeys::UpdatedAt => &UPDATED_AT,
        };
        fields.extend(times);
    }
    let shown = fields
        .iter()
        .filter(|field| !field.is_optional())
        .map(|field| (field.name.to_owned(), example_of(field, contract)));
    Value::Object(shown.collect())
}

fn example_of(field: &Field, contract: &Contract) -> Value {
    match field.form {
        Form::Id => "53a4560dc877f9b4f709f97630efbb5a".into(),
        Form::UserId => 1001.into(),
        Form::Text | Form::TextOrNull | Form::TextAtTimes => match field.name {
            "first_name" => "Ada".into(),
            "last_name" => "Lovelace".into(),
            "filename" => "logo.png".into(),
            "logo" => Value::Null,
            "description" => "Turns leads into customers".into(),
            _ => "Sales".into(),
        },
        Form::Email => "ada@acme.example.com".into(),
        Form::UserIds => json!([1001, 1003]),
        Form::Emails => json!(["client@partner.example.com"]),
        Form::Time => match contract.time_format {
            TimeFormat::Seconds => "2026-03-01T09:00:00Z".into(),
            TimeFormat::Millis => "2026-03-01T09:00:00.000Z".into(),
            TimeFormat::Micros => "2026-03-01T09:00:00.000000Z".into(),
        },
        Form::Role => Role::Admin.name().into(),
        Form::Boolean => true.into(),
        Form::Count => 1.into(),
        Form::Null | Form::Include(_) | Form::GivenInclude => Value::Null,
        Form::Always(text) => text.into(),
        Form::Given(json) => serde_json::from_str(json).unwrap_or_default(),
        Form::Object(entity) => example(entity, contract),
    }
}
