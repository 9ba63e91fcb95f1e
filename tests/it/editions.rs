//! Both editions and every switch of the contract.

use serde_json::json;

use crate::support::TestApp;

#[test]
fn the_edition_of_august_2025_answers_as_its_pages_say() {
    let app = TestApp::set(&["edition=2025-08"]);
    let manager = app.as_manager();
    let created = manager.create_group("acme", &json!({ "name": "Sales" }));
    insta::assert_snapshot!(created, @r#"
    201 Created
    {"data":{"id":"d214eb0354b455e094f06fc29576ec56","name":"Sales","description":null,"logo":null,"members":[],"guests":[],"created_at":"2026-03-01T09:00:00Z","updated_at":"2026-03-01T09:00:00Z","deleted_at":null}}
    "#);
    let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(manager.update_group("acme", &id, &json!({ "description": "Sells" })), @r#"
    200 OK
    {"data":{"id":"d214eb0354b455e094f06fc29576ec56","name":"Sales","description":"Sells","logo":null,"members":[],"guests":[],"created_at":"2026-03-01T09:00:00Z","updated_at":"2026-03-01T09:00:00Z","deleted_at":null}}
    "#);
    insta::assert_snapshot!(manager.delete_group("acme", &id), @r#"
    200 OK
    {"data":{"id":"d214eb0354b455e094f06fc29576ec56","name":"Sales","description":"Sells","logo":null,"members":[],"guests":[],"created_at":"2026-03-01T09:00:00Z","updated_at":"2026-03-01T09:00:00Z","deleted_at":null}}
    "#);
    insta::assert_snapshot!(manager.delete_group("acme", &id), @r#"
    404 Not Found
    {"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}
    "#);
}

#[test]
fn statuses_are_switches() {
    let app = TestApp::set(&[
        "create_status=200",
        "update_status=200",
        "delete_reply=deleted_group",
        "delete_missing=204",
    ]);
    let manager = app.as_manager();
    assert_eq!(
        manager
            .create_group("acme", &json!({ "name": "A", "description": "d" }))
            .status,
        200
    );
    let id = manager.list_groups("acme", "").json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(manager.update_group("acme", &id, &json!({})).status, 200);
    let deleted = manager.delete_group("acme", &id);
    assert_eq!(
        (deleted.status.as_u16(), &deleted.json()["data"]["name"]),
        (200, &json!("A"))
    );
    let missing = manager.delete_group("acme", &id);
    assert_eq!((missing.status.as_u16(), missing.body.as_str()), (204, ""));
    assert_eq!(manager.get_group("acme", &id).status, 404);
}

#[test]
fn times_are_written_as_the_contract_says() {
    for (format, written) in [
        ("seconds", "2026-03-01T09:00:00Z"),
        ("millis", "2026-03-01T09:00:00.000Z"),
        ("micros", "2026-03-01T09:00:00.000000Z"),
    ] {
        let app = TestApp::set(&[&format!("time_format={format}"), "time_keys=updated_at"]);
        let group = app
            .as_manager()
            .create_group("acme", &json!({ "name": "A", "description": "d" }))
            .json()["data"]
            .clone();
        assert_eq!(
            (
                &group["created_at"],
                &group["updated_at"],
                &group["deleted_at"]
            ),
            (&json!(written), &json!(written), &json!(null))
        );
        assert!(group.get("last_updated").is_none() && group.get("deleted_at").is_some());
    }
}

#[test]
fn the_client_header_may_be_asked_for_otherwise() {
    let ask = |value: &str| {
        TestApp::set(&[&format!("missing_client_header={value}")])
            .as_manager()
            .without("x-tallyfy-client")
            .list_groups("acme", "")
    };
    assert_eq!(
        [ask("401").status, ask("404").status, ask("ignore").status],
        [401, 404, 200]
    );
    insta::assert_snapshot!(ask("404").body, @r#"{"error":true,"message":"API endpoint not found","code":"ENDPOINT_NOT_FOUND"}"#);
}

#[test]
fn a_page_may_be_as_long_as_asked() {
    let app = TestApp::set(&["per_page_cap=none"]);
    for i in 0..120 {
        app.as_manager().group_named("acme", &format!("Group {i}"));
    }
    assert_eq!(
        app.as_manager()
            .list_groups("acme", "per_page=999")
            .names()
            .len(),
        120
    );
    assert_eq!(
        app.as_manager()
            .list_groups("acme", "per_page=9223372036854775807&page=2")
            .names()
            .len(),
        0
    );
}

#[test]
fn links_are_switches() {
    let empty = |value: &str| {
        TestApp::set(&[&format!("empty_links={value}")])
            .as_manager()
            .list_groups("acme", "")
            .pagination()["links"]
            .clone()
    };
    assert_eq!((empty("object"), empty("array")), (json!({}), json!([])));
    let app = TestApp::set(&["next_link=page_only", "empty_links=array"]);
    app.as_manager().group_named("acme", "A");
    app.as_manager().group_named("acme", "B");
    let caller = app.as_manager().header("host", "h");
    assert_eq!(
        caller.list_groups("acme", "per_page=1&q=").pagination()["links"],
        json!({ "next": "http://h/api/organizations/acme/groups?page=2" })
    );
}

#[test]
fn a_422_has_three_shapes() {
    let refuse = |value: &str| {
        TestApp::set(&[&format!("validation_body={value}")])
            .as_manager()
            .create_group("acme", &json!({}))
            .body
    };
    insta::assert_snapshot!(refuse("full"), @r#"{"error":true,"message":"The given data was invalid.","errors":{"name":["The name field is required."],"description":["The description field is required."]}}"#);
    insta::assert_snapshot!(refuse("errors_only"), @r#"{"error":true,"errors":{"name":["The name field is required."],"description":["The description field is required."]}}"#);
    insta::assert_snapshot!(refuse("laravel"), @r#"{"message":"The name field is required. (and 1 more error)","errors":{"name":["The name field is required."],"description":["The description field is required."]}}"#);
}

#[test]
fn bodies_may_be_read_as_laravel_reads_them() {
    let body = json!({ "name": "A", "description": "d" }).to_string();
    let app = TestApp::set(&["body_without_json_type=read_anyway"]);
    assert_eq!(
        app.as_manager()
            .send("POST", "/organizations/acme/groups", body)
            .status,
        201
    );

    let app = TestApp::set(&["malformed_json=no_fields"]);
    let json_type = app.as_manager().header("content-type", "application/json");
    assert_eq!(
        json_type
            .send("POST", "/organizations/acme/groups", "{")
            .status,
        422
    );
    let id = app.as_manager().group_named("acme", "Sales");
    assert_eq!(
        json_type
            .send("PUT", &format!("/organizations/acme/groups/{id}"), "[1]")
            .status,
        201
    );
}

#[test]
fn the_guests_include_may_leave_the_addresses() {
    let guests = |value: &str| {
        let app = TestApp::set(&[&format!("guests_include={value}")]);
        app.as_manager().create_group(
            "acme",
            &json!({ "name": "A", "description": "d", "guests": ["a@b.test"] }),
        );
        app.as_manager().list_groups("acme", "with=guests").json()["data"][0]["guests"].clone()
    };
    assert_eq!(guests("keep"), json!(["a@b.test"]));
    assert_eq!(guests("replace")["data"][0]["email"], "a@b.test");
}

#[test]
fn a_fixture_may_choose_the_contract_and_flags_win_over_it() {
    let fixture =
        json!({ "version": 1, "contract": { "edition": "2025-08", "create_status": 200 } });
    let create = |app: &TestApp| {
        app.as_manager()
            .create_group("acme", &json!({ "name": "A" }))
            .status
            .as_u16()
    };
    assert_eq!(create(&TestApp::with(fixture.clone())), 200);
    let app = TestApp::start(&fixture, |config| {
        config.contract.edition = Some("2026-03".parse().unwrap());
    });
    assert_eq!(create(&app), 422, "a description is required in 2026-03");
    let app = TestApp::start(&fixture, |config| {
        config
            .contract
            .switches
            .push("create_status=201".parse().unwrap());
    });
    assert_eq!(create(&app), 201);
    let health = app.look("/_mock/health").json();
    assert_eq!(health["edition"], "2025-08");
}
