//! The shapes of what the control endpoints take and answer. All of them are closed.

use serde_json::{Map, Value, json};

use crate::openapi::notation::{closed, component, list};
use crate::{
    domain::{evidence::Class, operation::Operation},
    tenant::rules::Fault,
};

/// A fixture's schema, as editors use it.
const FIXTURE: &str = include_str!("../../../fixtures/fixture.schema.json");

/// All schemas by name.
pub(super) fn all() -> Map<String, Value> {
    let mut schemas = fixture();
    let rest = [
        ("Problem", problem()),
        ("Health", health()),
        ("Ready", ready()),
        ("Routes", routes()),
        (
            "OpenApi",
            json!({ "type": "object", "required": ["openapi", "info", "paths"] }),
        ),
        ("Contract", contract()),
        ("Organizations", organizations()),
        ("Changes", changes()),
        ("Coverage", coverage()),
        ("Requests", requests()),
        ("Request", request()),
        ("Expectations", expectations()),
        ("Verified", required(&[("count", whole(0))])),
        (
            "Rules",
            required(&[("faults", list(component("schemas", "Rule")))]),
        ),
        ("Rule", rule()),
        ("NewRule", new_rule()),
        ("Clock", required(&[("now", time()), ("frozen", flag())])),
        ("ClockSet", clock_set()),
        (
            "ClockMove",
            required(&[("seconds", json!({ "type": "number" }))]),
        ),
    ];
    schemas.extend(rest.map(|(name, schema)| (name.to_owned(), schema)));
    schemas
}

fn fields(fields: &[(&str, Value)]) -> Map<String, Value> {
    let fields = fields.iter();
    fields
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect()
}

/// A closed object of which all fields are required.
fn required(all: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    closed(fields(all), &names)
}

/// A closed object with fields that may be missing.
fn with_optional(all: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut schema = required(all);
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.extend(fields(optional));
    }
    schema
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn whole(minimum: u64) -> Value {
    json!({ "type": "integer", "minimum": minimum })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn operation() -> Value {
    let names: Vec<&str> = Operation::ALL.iter().map(|it| it.name()).collect();
    json!({ "type": "string", "enum": names })
}

/// A fixture, and one organization of it without its id; what they are made of are schemas of their own.
fn fixture() -> Map<String, Value> {
    let name = |def: &str| {
        let mut letters = def.chars();
        let first = letters.next().map(|it| it.to_ascii_uppercase());
        format!("Fixture{}{}", first.unwrap_or_default(), letters.as_str())
    };
    let mut schema: Value = serde_json::from_str(FIXTURE).expect("a test reads it");
    rename_references(&mut schema, &name);
    let mut schemas = Map::new();
    if let Value::Object(fixture) = &mut schema {
        for key in ["$schema", "$id"] {
            fixture.remove(key);
        }
        if let Some(Value::Object(defs)) = fixture.remove("$defs") {
            schemas.extend(defs.into_iter().map(|(def, schema)| (name(&def), schema)));
        }
    }
    let either = [
        component("schemas", "Fixture"),
        component("schemas", "FixtureTemplate"),
    ];
    let state = json!({
        "description": "A fixture; with `?org=`, one organization without its id.",
        "anyOf": either,
    });
    schemas.extend([("Fixture".to_owned(), schema), ("State".to_owned(), state)]);
    schemas
}

fn rename_references(schema: &mut Value, name: &impl Fn(&str) -> String) {
    match schema {
        Value::Object(keywords) => {
            for (keyword, value) in keywords {
                match value {
                    Value::String(target) if keyword == "$ref" => {
                        if let Some(def) = target.strip_prefix("#/$defs/") {
                            *target = format!("#/components/schemas/{}", name(def));
                        }
                    }
                    other => rename_references(other, name),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                rename_references(item, name);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn problem() -> Value {
    let mistake = required(&[("path", text()), ("message", text())]);
    with_optional(
        &[
            ("type", json!({ "const": "about:blank" })),
            ("title", text()),
            (
                "status",
                json!({ "type": "integer", "minimum": 400, "maximum": 599 }),
            ),
            ("detail", text()),
        ],
        &[
            (
                "errors",
                json!({ "type": "array", "items": mistake, "minItems": 1, "description": "Each mistake, and where it is." }),
            ),
            (
                "known",
                json!({ "type": "array", "items": text(), "description": "The control endpoints that there are." }),
            ),
            (
                "organizations",
                json!({ "type": "array", "items": text(), "description": "Those that each have a rule of that id." }),
            ),
            (
                "count",
                json!({ "type": "integer", "minimum": 0, "description": "How many requests met what was expected." }),
            ),
            (
                "nearest",
                json!({ "type": "array", "items": component("schemas", "Request"), "description": "Those that come nearest." }),
            ),
        ],
    )
}

fn health() -> Value {
    required(&[
        ("status", json!({ "const": "ok" })),
        ("name", json!({ "const": env!("CARGO_PKG_NAME") })),
        ("version", text()),
        ("edition", text()),
        ("not_forwarded", whole(0)),
    ])
}

fn ready() -> Value {
    required(&[
        ("status", json!({ "const": "ready" })),
        ("organizations", whole(0)),
        ("groups", whole(0)),
    ])
}

fn routes() -> Value {
    let route = required(&[
        ("operation", operation()),
        ("method", text()),
        ("path", text()),
        ("right", text()),
    ]);
    required(&[("prefixes", list(text())), ("routes", list(route))])
}

fn contract() -> Value {
    let switch = required(&[
        ("key", text()),
        ("value", text()),
        ("of_edition", text()),
        ("differs", flag()),
    ]);
    let right = required(&[
        ("org", text()),
        ("role", text_or_null()),
        ("manages_groups", json!({ "type": ["boolean", "null"] })),
    ]);
    let token = required(&[
        ("token", text()),
        ("user", json!({ "type": ["integer", "null"] })),
        ("organizations", list(text())),
        ("rights", list(right)),
        (
            "expires_at",
            json!({ "type": ["string", "null"], "format": "date-time" }),
        ),
    ]);
    required(&[
        ("name", json!({ "const": env!("CARGO_PKG_NAME") })),
        ("version", text()),
        (
            "instance",
            json!({ "type": "string", "description": "Another for each mock that is started." }),
        ),
        ("edition", text()),
        ("strict", flag()),
        ("endpoints", list(text())),
        ("switches", list(switch)),
        ("tokens", list(token)),
    ])
}

fn organizations() -> Value {
    let clock = json!({ "anyOf": [component("schemas", "Clock"), { "type": "null" }] });
    let organization = required(&[
        ("id", text()),
        ("stored", flag()),
        ("changed", flag()),
        ("groups", whole(0)),
        ("users", whole(0)),
        ("guests", whole(0)),
        ("rules", whole(0)),
        ("requests", whole(0)),
        ("clock", clock),
    ]);
    let others = required(&[("rules", whole(0)), ("requests", whole(0))]);
    required(&[
        ("organizations", list(organization)),
        ("without_organization", others),
    ])
}

/// One organization's changes, or those of all.
fn changes() -> Value {
    let rows = |schema: &str| {
        let row = component("schemas", schema);
        let optional = [("before", row.clone()), ("after", row)];
        let change = json!({ "enum": ["added", "changed", "deleted"] });
        list(with_optional(
            &[("change", change), ("id", text())],
            &optional,
        ))
    };
    let lists = [
        ("groups", rows("FixtureGroup")),
        ("users", rows("FixtureUser")),
        ("guests", rows("FixtureGuest")),
    ];
    let mut of_one = vec![("id", text())];
    of_one.extend_from_slice(&lists);
    let all = required(&[("organizations", list(required(&of_one)))]);
    json!({ "anyOf": [required(&lists), all] })
}

fn coverage() -> Value {
    let class = json!({ "type": "string", "enum": Class::ALL.map(Class::name) });
    let evidence = required(&[("class", class), ("source", text())]);
    let named = required(&[
        ("name", text()),
        ("evidence", evidence.clone()),
        ("asked", whole(0)),
    ]);
    let answer = required(&[
        ("status", whole(100)),
        ("name", text()),
        ("evidence", evidence.clone()),
        ("seen", whole(0)),
    ]);
    let agreed = required(&[("at", time()), ("with", text())]);
    let of_operation = required(&[
        ("operation", operation()),
        ("method", text()),
        ("path", text()),
        ("evidence", evidence.clone()),
        ("asked", whole(0)),
        ("checked", whole(0)),
        ("agreed", json!({ "anyOf": [agreed, { "type": "null" }] })),
        ("parameters", list(named.clone())),
        ("fields", list(named)),
        ("answers", list(answer)),
    ]);
    let field = required(&[("name", text()), ("evidence", evidence)]);
    let entity = required(&[("name", text()), ("fields", list(field))]);
    let counts = Class::ALL.map(|class| (class.name(), whole(0)));
    required(&[
        ("edition", text()),
        ("evidence", required(&counts)),
        ("dropped", whole(0)),
        ("operations", list(of_operation)),
        ("entities", list(entity)),
    ])
}

fn requests() -> Value {
    let entries = list(component("schemas", "Request"));
    let dropped = json!({ "type": "integer", "minimum": 0, "description": "How many older ones the bounds have cost." });
    required(&[("requests", entries), ("dropped", dropped)])
}

fn request() -> Value {
    let names: Vec<Value> = Operation::ALL.iter().map(|it| it.name().into()).collect();
    let operation: Vec<Value> = names.into_iter().chain([Value::Null]).collect();
    with_optional(
        &[
            ("id", whole(0)),
            ("at", time()),
            ("operation", json!({ "enum": operation })),
            ("org", text_or_null()),
            ("method", text()),
            ("path", text()),
            ("query", text()),
            (
                "headers",
                json!({ "type": "object", "additionalProperties": text() }),
            ),
            (
                "body",
                json!({ "description": "JSON where it is JSON, else text; null where there is none." }),
            ),
            (
                "status",
                json!({ "type": ["integer", "null"], "minimum": 100, "maximum": 999 }),
            ),
            ("response", json!({ "description": "As the body." })),
            (
                "duration_us",
                json!({ "type": ["integer", "null"], "minimum": 0 }),
            ),
            (
                "fault",
                json!({ "type": ["string", "null"], "description": "The rule that struck it." }),
            ),
            (
                "unread",
                json!({ "type": "array", "items": text(), "description": "What of it the server did not read." }),
            ),
        ],
        &[
            (
                "did_you_mean",
                json!({ "type": "object", "additionalProperties": text(), "description": "Of what was not read, the name that was perhaps meant." }),
            ),
            (
                "reason",
                json!({ "type": "string", "description": "Why it was refused, as the log says it." }),
            ),
            (
                "cut",
                json!({ "type": "array", "items": { "enum": ["body", "response"] }, "description": "Of which only the beginning is kept." }),
            ),
            ("under_way", json!({ "const": true })),
            ("client_gone", json!({ "const": true })),
        ],
    )
}

fn expectations() -> Value {
    let expectation = |more: &[(&str, Value)]| {
        let mut optional = vec![
            ("operation", operation()),
            ("org", text()),
            ("method", text()),
            ("path", text()),
            ("status", json!({ "type": "integer" })),
            ("body", json!({})),
            (
                "headers",
                json!({ "type": "object", "additionalProperties": text() }),
            ),
        ];
        optional.extend_from_slice(more);
        with_optional(&[], &optional)
    };
    let times = with_optional(
        &[],
        &[
            ("exactly", whole(0)),
            ("at_least", whole(0)),
            ("at_most", whole(0)),
        ],
    );
    let several = json!({ "type": "array", "items": expectation(&[]), "minItems": 1 });
    let sequence = with_optional(&[("sequence", several)], &[("org", text())]);
    json!({ "anyOf": [expectation(&[("times", times)]), sequence] })
}

/// What a rule looks at.
fn only() -> Value {
    with_optional(
        &[],
        &[
            ("operation", operation()),
            ("method", text()),
            ("path", text()),
            ("org", text()),
            ("token", text()),
        ],
    )
}

fn step() -> [(&'static str, Value); 7] {
    const HOUR_MS: u64 = 3_600_000;
    let ms = json!({ "type": "integer", "minimum": 0, "maximum": HOUR_MS });
    let lognormal = required(&[
        ("median", ms.clone()),
        ("sigma", json!({ "type": "number" })),
    ]);
    let uniform = json!({ "type": "array", "items": ms, "minItems": 2, "maxItems": 2 });
    let delay = with_optional(
        &[],
        &[
            ("fixed_ms", ms.clone()),
            ("uniform_ms", uniform),
            ("lognormal_ms", lognormal),
        ],
    );
    [
        (
            "status",
            json!({ "type": "integer", "minimum": 200, "maximum": 599 }),
        ),
        ("body", json!({})),
        ("retry_after", whole(0)),
        ("fault", json!({ "type": "string", "enum": Fault::NAMES })),
        ("chunk_ms", ms),
        (
            "write",
            json!({ "type": "string", "enum": ["before", "after"] }),
        ),
        ("delay", delay),
    ]
}

fn times(minimum: u64) -> Value {
    json!({ "anyOf": [whole(minimum), { "const": "always" }] })
}

fn rule() -> Value {
    let step = with_optional(&[("times", times(1)), ("remaining", times(0))], &step());
    with_optional(
        &[
            ("id", text()),
            ("match", only()),
            ("skip", whole(0)),
            (
                "steps",
                json!({ "type": "array", "items": step, "minItems": 1 }),
            ),
            ("hits", whole(0)),
        ],
        &[("probability", probability())],
    )
}

fn new_rule() -> Value {
    let mut optional = vec![("times", times(1))];
    optional.extend(step());
    let step = with_optional(&[], &optional);
    with_optional(
        &[(
            "steps",
            json!({ "type": "array", "items": step, "minItems": 1 }),
        )],
        &[
            ("match", only()),
            ("skip", whole(0)),
            ("probability", probability()),
        ],
    )
}

fn probability() -> Value {
    json!({ "type": "number", "minimum": 0, "maximum": 1 })
}

fn clock_set() -> Value {
    let mut schema = with_optional(&[], &[("now", time()), ("frozen", flag())]);
    schema["minProperties"] = 1.into();
    schema
}
