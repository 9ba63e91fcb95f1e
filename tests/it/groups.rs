//! Create, get, update and delete, as Tallyfy answers them.

use serde_json::json;

use crate::support::TestApp;

#[test]
fn a_created_group_has_every_key_in_tallyfys_order() {
    let app = TestApp::empty();
    let created = app.as_manager().create_group(
        "acme",
        &json!({ "name": " Sales ", "description": "Handles sales", "members": ["1005", 1001], "guests": ["client@partner.test"] }),
    );
    insta::assert_snapshot!(created, @r#"
    201 Created
    {"data":{"id":"d214eb0354b455e094f06fc29576ec56","name":"Sales","description":"Handles sales","logo":null,"members":[1005,1001],"guests":["client@partner.test"],"created_at":"2026-03-01T09:00:00Z","last_updated":"2026-03-01T09:00:00Z"}}
    "#);
    let id = created.json()["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        app.as_manager().get_group("acme", &id).json(),
        created.json()
    );
}

#[test]
fn the_same_requests_give_the_same_ids_under_a_seed() {
    let ids = || {
        let app = TestApp::empty();
        ["A", "B"].map(|name| app.as_manager().group_named("acme", name))
    };
    assert_eq!(ids(), ids());
    assert_ne!(ids()[0], ids()[1]);
}

#[test]
fn both_prefixes_lead_to_the_same_groups() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    let found = app.as_manager().at_root().get_group("acme", &id);
    assert_eq!(found.json()["data"]["name"], "Sales");
    for path in [
        "//organizations/acme/groups/",
        "/organizations/acme/groups//",
    ] {
        assert_eq!(app.as_manager().get(path).names(), ["Sales"], "{path}");
        assert_eq!(
            app.as_manager().at_root().get(path).names(),
            ["Sales"],
            "{path}"
        );
    }
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [{
        "id": "sales", "name": "Sales", "description": "Sells", "logo": "https://cdn.test/logo.png",
        "members": [1, 2], "guests": ["a@b.test"], "created_at": "2026-01-01T00:00:00Z"
    }] }] }),
    );
    let manager = app.as_manager();
    insta::assert_snapshot!(manager.update_group("acme", "sales", &json!({ "description": "Sells more" })), @r#"
    201 Created
    {"data":{"id":"sales","name":"Sales","description":"Sells more","logo":"https://cdn.test/logo.png","members":[1,2],"guests":["a@b.test"],"created_at":"2026-01-01T00:00:00Z","last_updated":"2026-03-01T09:00:00Z"}}
    "#);
    insta::assert_snapshot!(manager.update_group("acme", "sales", &json!({ "name": "Sellers", "members": [3], "guests": [] })), @r#"
    201 Created
    {"data":{"id":"sales","name":"Sellers","description":"Sells more","logo":"https://cdn.test/logo.png","members":[3],"guests":[],"created_at":"2026-01-01T00:00:00Z","last_updated":"2026-03-01T09:00:00Z"}}
    "#);
}

#[test]
fn an_update_that_names_no_field_succeeds_and_moves_nothing() {
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [
        { "id": "sales", "name": "Sales", "created_at": "2026-01-01T00:00:00Z" }
    ] }] }),
    );
    let before = app.as_manager().get_group("acme", "sales").json();
    for body in [
        json!({}),
        json!({ "Name": "PascalCase as the C# sample sends it", "Members": [1] }),
    ] {
        let answer = app.as_manager().update_group("acme", "sales", &body);
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (201, before.clone()),
            "{body}"
        );
    }
    let answer = app
        .as_manager()
        .send("PUT", "/organizations/acme/groups/sales", "");
    assert_eq!((answer.status.as_u16(), answer.json()), (201, before));
}

#[test]
fn sending_a_field_as_it_is_moves_last_updated() {
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "groups": [
        { "id": "sales", "name": "Sales", "created_at": "2026-01-01T00:00:00Z" }
    ] }] }),
    );
    let answer = app
        .as_manager()
        .update_group("acme", "sales", &json!({ "name": "Sales" }));
    assert_eq!(
        answer.json()["data"]["last_updated"],
        "2026-03-01T09:00:00Z"
    );
    assert_eq!(answer.json()["data"]["created_at"], "2026-01-01T00:00:00Z");
}

#[test]
fn a_groups_own_name_is_no_conflict_but_anothers_is() {
    let app = TestApp::empty();
    let manager = app.as_manager();
    let sales = manager.group_named("acme", "Sales");
    manager.group_named("acme", "Support");
    assert_eq!(
        manager
            .update_group("acme", &sales, &json!({ "name": "Sales" }))
            .status,
        201
    );
    insta::assert_snapshot!(manager.update_group("acme", &sales, &json!({ "name": "Support" })), @r#"
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name has already been taken."]}}
    "#);
    insta::assert_snapshot!(manager.create_group("acme", &json!({ "name": "Sales", "description": "again" })), @r#"
    422 Unprocessable Entity
    {"error":true,"message":"The given data was invalid.","errors":{"name":["The name has already been taken."]}}
    "#);
    // Names are compared exactly, as PostgreSQL does.
    assert_eq!(
        manager
            .update_group("acme", &sales, &json!({ "name": "SUPPORT" }))
            .status,
        201
    );
}

#[test]
fn a_name_taken_in_another_organization_is_free_here() {
    let app = TestApp::empty();
    app.as_manager().group_named("acme", "Sales");
    app.as_manager().group_named("globex", "Sales");
}

#[test]
fn a_deleted_group_is_gone_and_its_name_is_free_at_once() {
    let app = TestApp::empty();
    let manager = app.as_manager();
    let id = manager.group_named("acme", "Sales");
    let deleted = manager.delete_group("acme", &id);
    insta::assert_snapshot!(deleted, @"204 No Content");
    assert!(deleted.headers.get("content-type").is_none());
    assert_eq!(manager.get_group("acme", &id).status, 404);
    assert_eq!(manager.delete_group("acme", &id).status, 404);
    assert_ne!(manager.group_named("acme", "Sales"), id);
}

#[test]
fn head_answers_as_get_without_a_body() {
    let app = TestApp::demo();
    for path in [
        "/organizations/northwind/groups",
        "/organizations/northwind/groups/53a4560dc877f9b4f709f97630efbb5a",
    ] {
        let (get, head) = (
            app.as_manager().get(path),
            app.as_manager().send("HEAD", path, ""),
        );
        assert_eq!(head.status, get.status);
        assert_eq!(head.headers, get.headers);
        assert_eq!(head.body, "");
    }
}

#[test]
fn a_guest_whom_a_group_names_stays_when_the_group_goes() {
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "guests": [
        { "email": "Client@Partner.test", "first_name": "Cleo" }
    ] }] }),
    );
    let manager = app.as_manager();
    let body = json!({ "name": "A", "description": "d", "guests": ["client@partner.test", "new@partner.test"] });
    let id = manager.create_group("acme", &body).json()["data"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let known = || {
        let guests = manager.get("/organizations/acme/guests").json();
        let guests = guests["data"].as_array().unwrap().clone();
        guests
            .iter()
            .map(|guest| (guest["email"].clone(), guest["first_name"].clone()))
            .collect::<Vec<_>>()
    };
    let both = [
        (json!("Client@Partner.test"), json!("Cleo")),
        (json!("new@partner.test"), json!(null)),
    ];
    assert_eq!(known(), both);
    let included = manager
        .get(&format!("/organizations/acme/groups/{id}?with=guests"))
        .json();
    let listed = manager.get("/organizations/acme/guests").json();
    assert_eq!(included["data"]["guests"]["data"], listed["data"]);
    assert_eq!(manager.delete_group("acme", &id).status, 204);
    assert_eq!(known(), both);
}

#[test]
fn includes_are_wrapped_and_what_is_unknown_is_ignored() {
    let app = TestApp::with(json!({ "version": 1, "organizations": [{ "id": "acme",
        "users": [{ "id": 1, "email": "ada@acme.test", "first_name": "Ada", "last_name": "Lovelace", "role": "Admin" }],
        "groups": [{ "id": "sales", "name": "Sales", "members": [1], "guests": ["a@b.test"], "created_at": "2026-01-01T00:00:00Z" }]
    }] }));
    let manager = app.as_manager();
    insta::assert_snapshot!(manager.get("/organizations/acme/groups/sales?with=users%2Cguests,assets,runs"), @r#"
    200 OK
    {"data":{"id":"sales","name":"Sales","description":null,"logo":null,"members":[1],"guests":{"data":[{"id":9943717,"email":"a@b.test","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"details":{"status":"active","phone_1":null,"phone_2":null,"timezone":null,"image_url":null,"contact_url":null,"company_url":null,"opportunity_url":null,"company_name":null,"opportunity_name":null,"external_sync_source":null,"external_date_creation":null,"cadence_days":null,"associated_members":null,"last_city":null,"last_country":null,"last_accessed_at":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null},"first_name":null,"last_name":null,"created_at":"2026-01-01T00:00:00Z","deleted_at":null,"link":"https://go.tallyfy.test/guest/d32b226735c95e5db683fecad8f150db"}]},"created_at":"2026-01-01T00:00:00Z","last_updated":"2026-01-01T00:00:00Z","users":{"data":[{"id":1,"email":"ada@acme.test","username":"ada@acme.test","first_name":"Ada","last_name":"Lovelace","full_name":"Ada Lovelace","profile_pic":null,"country_id":null,"is_active":true,"last_login_at":null,"activated_at":"2025-01-01T00:00:00Z","type":null,"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z","phone":null,"job_title":null,"timezone":"UTC","UTC_offset":"+00:00","role":"admin","status":"active","date_format":null,"is_default_admin":true,"active":true,"is_suspended":false,"last_updated":"2025-01-01T00:00:00Z","support_user":false,"job_description":null,"team":null,"approved_at":null,"invited_by":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null,"locale":"en","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"user_role":"admin"}]},"assets":{"data":[]}}}
    "#);
    let listed = manager
        .list_groups("acme", "with=users,guests,assets")
        .json();
    let got = manager
        .get("/organizations/acme/groups/sales?with=users,guests,assets")
        .json();
    assert_eq!(listed["data"][0], got["data"]);
}

#[test]
fn reading_an_organization_stores_nothing_and_a_refused_write_neither() {
    let app = TestApp::empty();
    let ready = |app: &TestApp| {
        serde_json::from_str::<serde_json::Value>(&app.look("/_mock/ready").body).unwrap()
    };
    app.as_manager().list_groups("acme", "");
    app.as_manager().create_group("acme", &json!({}));
    app.as_manager().delete_group("acme", "none");
    assert_eq!(ready(&app)["organizations"], 0);
    app.as_manager().group_named("acme", "Sales");
    assert_eq!(ready(&app)["organizations"], 1);
}

#[test]
fn a_full_mock_says_so() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.limits.max_organizations = 1;
    });
    app.as_manager().group_named("acme", "Sales");
    app.as_manager().group_named("acme", "Support");
    insta::assert_snapshot!(app.as_manager().create_group("globex", &json!({ "name": "A", "description": "d" })), @r#"
    503 Service Unavailable
    {"error":true,"message":"Service Unavailable"}
    "#);
    assert_eq!(app.as_manager().list_groups("globex", "").status, 200);
}
