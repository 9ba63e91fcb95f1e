//! `/_mock/coverage`: how well each thing that is served is known, and whether this run has asked it.

use serde_json::{Value, json};
use tallyfy_mock::{
    domain::{contract::Edition, evidence::Class, operation::Operation},
    http::served,
    openapi::{Counts, Coverage},
};

use crate::support::TestApp;

/// The row of an operation.
fn of(coverage: &Value, operation: &str) -> Value {
    let operations = coverage["operations"].as_array().unwrap();
    let row = operations.iter().find(|row| row["operation"] == operation);
    row.unwrap().clone()
}

/// The row of that name in a list of rows, or of that status.
fn row(rows: &Value, key: &str, value: impl Into<Value>) -> Value {
    let value = value.into();
    let mut rows = rows.as_array().unwrap().iter();
    rows.find(|row| row[key] == value).unwrap().clone()
}

#[test]
fn every_operation_has_its_row_and_each_row_its_evidence() {
    let coverage = TestApp::empty().look("/_mock/coverage").json();
    let named = coverage["operations"].as_array().unwrap().iter();
    let named: Vec<&str> = named
        .map(|row| row["operation"].as_str().unwrap())
        .collect();
    assert_eq!(named.len(), Operation::ALL.len());
    let list = of(&coverage, "groups.list");
    assert_eq!(
        row(&list["parameters"], "name", "page")["evidence"],
        json!({ "class": "documented", "source": "list-groups" })
    );
    let create = of(&coverage, "groups.create");
    assert_eq!(create["fields"].as_array().unwrap().len(), 4);
    assert_eq!(
        row(&create["answers"], "status", 503)["evidence"]["class"],
        "assumed"
    );
    for class in Class::ALL {
        let count = coverage["evidence"][class.name()].as_u64().unwrap();
        assert!(count > 0, "{}", class.name());
    }
}

#[test]
fn what_was_asked_answered_and_checked_is_counted_for_each_organization() {
    let app = TestApp::empty();
    let caller = app.as_manager();
    caller.list_groups("acme", "page=1&q=a&with[]=users&nobody=reads");
    caller.list_groups("acme", "page=2");
    caller.get_group("acme", "none");
    caller.create_group("acme", &json!({ "name": "A", "nobody": "reads" }));
    caller.list_groups("globex", "");
    app.anonymous().get("/organizations/acme/groups");

    let coverage = app.look("/_mock/coverage?org=acme").json();
    let list = of(&coverage, "groups.list");
    assert_eq!((&list["asked"], &list["checked"]), (&json!(3), &json!(0)));
    for (name, count) in [("page", 2), ("q", 1), ("with", 1), ("sort", 0)] {
        assert_eq!(
            row(&list["parameters"], "name", name)["asked"],
            count,
            "{name}"
        );
    }
    assert_eq!(row(&list["answers"], "status", 200)["seen"], 2);
    assert_eq!(row(&list["answers"], "status", 401)["seen"], 1);
    let get = of(&coverage, "groups.get");
    assert_eq!(row(&get["answers"], "name", "ResourceNotFound")["seen"], 1);
    let create = of(&coverage, "groups.create");
    assert_eq!(row(&create["fields"], "name", "name")["asked"], 1);
    assert_eq!(row(&create["fields"], "name", "guests")["asked"], 0);
    assert_eq!(row(&create["answers"], "status", 422)["seen"], 1);
    let all = app.look("/_mock/coverage").json();
    assert_eq!(of(&all, "groups.list")["asked"], 4);
}

#[test]
fn an_expectation_that_is_met_checks_its_operation_until_a_reset() {
    let app = TestApp::empty();
    app.as_manager().list_groups("acme", "");
    let verify = |org: &str, body: &Value| {
        let path = format!("/_mock/requests/verify?org={org}");
        app.control("POST", &path, Some(body)).status
    };
    assert_eq!(verify("acme", &json!({ "operation": "groups.list" })), 200);
    let path = "/api/organizations/acme/groups";
    assert_eq!(
        verify("acme", &json!({ "method": "GET", "path": path })),
        200
    );
    let none = json!({ "operation": "groups.delete", "times": { "exactly": 0 } });
    assert_eq!(verify("acme", &none), 200);
    assert_eq!(
        verify("acme", &json!({ "operation": "groups.create" })),
        409
    );
    let checked = |query: &str, operation: &str| {
        let coverage = app.look(&format!("/_mock/coverage{query}")).json();
        of(&coverage, operation)["checked"].clone()
    };
    for (query, operation, count) in [
        ("?org=acme", "groups.list", 2),
        ("", "groups.list", 2),
        ("?org=globex", "groups.list", 0),
        ("?org=acme", "groups.delete", 1),
        ("?org=acme", "groups.create", 0),
    ] {
        assert_eq!(checked(query, operation), count, "{query} {operation}");
    }
    app.control("POST", "/_mock/reset?org=acme&scope=requests", None);
    assert_eq!(checked("?org=acme", "groups.list"), 0);
}

/// What stands in `docs/fidelity.md` is made of the same tables. Columns that people fill in stay as they are.
#[test]
fn the_table_of_the_fidelity_page_is_what_the_mock_says() {
    let edition = Edition::default();
    let served = served(edition, edition.contract(), true, "");
    let table = Coverage::of(&served, &Counts::default()).table();
    let page = include_str!("../../docs/fidelity.md");
    let begin = table.lines().next().unwrap();
    let told = page.lines().skip_while(|line| *line != begin);
    let told: Vec<&str> = told.take_while(|line| line.starts_with('|')).collect();
    // What a real host said, and when, is not the mock's to say.
    let known = |row: &str| {
        let cells: Vec<&str> = row.split(" | ").collect();
        cells[..3.min(cells.len())].join(" | ")
    };
    let is_same = told.len() == table.lines().count()
        && (told.iter().zip(table.lines())).all(|(told, row)| known(told) == known(row));
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/fidelity-table.md");
    if !is_same {
        std::fs::write(path, &table).unwrap();
    }
    assert!(
        is_same,
        "docs/fidelity.md: put the table of {path} in the place of that there"
    );
}
