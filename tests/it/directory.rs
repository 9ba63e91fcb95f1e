//! The directory: the caller, organizations, users and guests.

use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const EDITIONS: [&str; 2] = ["2026-03", "2025-08"];

/// Two organizations, one of which has users, guests and a group; a token for an admin and one for a light user.
fn acme(edition: &str) -> TestApp {
    TestApp::with(json!({ "version": 1, "contract": { "edition": edition },
        "tokens": [
            { "token": "admin", "user": 1001, "organizations": ["acme", "globex"] },
            { "token": "light", "user": 1002, "organizations": ["acme"] }
        ],
        "organizations": [
            { "id": "acme", "name": "Acme", "allow_manage_groups": false, "industry": "Rockets", "created_at": "2024-05-01T00:00:00Z",
              "users": [
                { "id": 1001, "email": "ada@acme.test", "first_name": "Ada", "last_name": "Lovelace", "role": "admin" },
                { "id": 1002, "email": "grace@acme.test", "first_name": "Grace", "role": "light", "is_active": false, "updated_at": "2025-02-03T04:05:06Z" }
              ],
              "guests": [{ "email": "Cleo@Partner.test", "first_name": "Cleo", "last_name": "Client", "details": { "phone_1": "555" } }],
              "groups": [{ "id": "sales", "name": "Sales", "members": [1001], "guests": ["cleo@partner.test"], "logo": "https://logos.test/sales.png", "created_at": "2026-01-01T00:00:00Z" }] },
            { "id": "globex" },
            { "id": "initech" }
        ] }))
}

/// The answers to an admin, which have to be the same in both editions and under both prefixes.
fn answer(path: &str) -> Answer {
    let [march, august] = EDITIONS.map(|edition| {
        let app = acme(edition);
        let at_root = app.as_token("admin").at_root().get(path);
        let answer = app.as_token("admin").get(path);
        assert_eq!(
            at_root.body,
            answer.body.replace("/api/organizations", "/organizations"),
            "{edition}: {path}"
        );
        answer
    });
    assert_eq!(march.to_string(), august.to_string(), "{path}");
    march
}

#[test]
fn whoever_has_a_token_is_told_who_that_is() {
    insta::assert_snapshot!(answer("/me"), @r#"
    200 OK
    {"data":{"id":1001,"email":"ada@acme.test","username":"ada@acme.test","first_name":"Ada","last_name":"Lovelace","timezone":"UTC"}}
    "#);
    insta::assert_snapshot!(answer("/organizations/acme/me"), @r#"
    200 OK
    {"data":{"id":1001,"email":"ada@acme.test","username":"ada@acme.test","first_name":"Ada","last_name":"Lovelace","full_name":"Ada Lovelace","profile_pic":null,"country_id":null,"is_active":true,"last_login_at":null,"activated_at":"2025-01-01T00:00:00Z","type":null,"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z","phone":null,"job_title":null,"timezone":"UTC","UTC_offset":"+00:00","role":"admin","status":"active","date_format":null,"is_default_admin":true,"active":true,"is_suspended":false,"last_updated":"2025-01-01T00:00:00Z","support_user":false,"job_description":null,"team":null,"approved_at":null,"invited_by":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null,"locale":"en","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"user_role":"admin"}}
    "#);
}

#[test]
fn the_organizations_of_a_token_are_listed_and_shown() {
    insta::assert_snapshot!(answer("/me/organizations"), @r#"
    200 OK
    {"data":[{"id":"acme","name":"Acme","industry":"Rockets","description":null,"address1":null,"address2":null,"created_at":"2024-05-01T00:00:00Z","created_on":"2024-05-01T00:00:00Z","last_updated":"2024-05-01T00:00:00Z","live_support_enabled":0,"org_logo":null,"country":null,"state":null,"city":null,"zipcode":null,"users_count":1,"in_trial":false,"allow_user_invite":true,"allow_manage_groups":false,"maximum_group_assignment_limit":0,"timezone":"UTC","working_days":null,"webhook_date_field_format":"yyyy-MM-ddTHH:mm:ssZ","user_role":"admin"},{"id":"globex","name":"globex","industry":null,"description":null,"address1":null,"address2":null,"created_at":"2025-01-01T00:00:00Z","created_on":"2025-01-01T00:00:00Z","last_updated":"2025-01-01T00:00:00Z","live_support_enabled":0,"org_logo":null,"country":null,"state":null,"city":null,"zipcode":null,"users_count":1,"in_trial":false,"allow_user_invite":true,"allow_manage_groups":true,"maximum_group_assignment_limit":0,"timezone":"UTC","working_days":null,"webhook_date_field_format":"yyyy-MM-ddTHH:mm:ssZ","user_role":"admin"}],"meta":{"pagination":{"total":2,"count":2,"per_page":10,"current_page":1,"total_pages":1,"links":{}}}}
    "#);
    insta::assert_snapshot!(answer("/organizations/acme"), @r#"
    200 OK
    {"data":{"id":"acme","name":"Acme","industry":"Rockets","description":null,"address1":null,"address2":null,"created_at":"2024-05-01T00:00:00Z","created_on":"2024-05-01T00:00:00Z","last_updated":"2024-05-01T00:00:00Z","live_support_enabled":0,"org_logo":null,"country":null,"state":null,"city":null,"zipcode":null,"users_count":1,"in_trial":false,"allow_user_invite":true,"allow_manage_groups":false,"maximum_group_assignment_limit":0,"timezone":"UTC","working_days":null,"webhook_date_field_format":"yyyy-MM-ddTHH:mm:ssZ","user_role":"admin"}}
    "#);
    let light = acme("2026-03");
    let own = light.as_token("light").get("/me/organizations").json();
    assert_eq!(
        (&own["data"][0]["id"], &own["data"][0]["user_role"]),
        (&json!("acme"), &json!("light"))
    );
    assert_eq!(own["meta"]["pagination"]["total"], 1);
    let second = light
        .as_token("admin")
        .get("/me/organizations?per_page=1&page=2");
    assert_eq!(second.json()["data"][0]["id"], "globex");
    assert_eq!(second.pagination()["total_pages"], 2);
}

#[test]
fn users_are_listed_with_their_groups_and_by_name() {
    insta::assert_snapshot!(answer("/organizations/acme/users?with=groups"), @r#"
    200 OK
    {"data":[{"id":1001,"email":"ada@acme.test","username":"ada@acme.test","first_name":"Ada","last_name":"Lovelace","full_name":"Ada Lovelace","profile_pic":null,"country_id":null,"is_active":true,"last_login_at":null,"activated_at":"2025-01-01T00:00:00Z","type":null,"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-01-01T00:00:00Z","phone":null,"job_title":null,"timezone":"UTC","UTC_offset":"+00:00","role":"admin","status":"active","date_format":null,"is_default_admin":true,"active":true,"is_suspended":false,"last_updated":"2025-01-01T00:00:00Z","support_user":false,"job_description":null,"team":null,"approved_at":null,"invited_by":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null,"locale":"en","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"user_role":"admin","groups":{"data":[{"id":"sales","name":"Sales","logo":"https://logos.test/sales.png","members":[1001],"guests":["cleo@partner.test"]}]}},{"id":1002,"email":"grace@acme.test","username":"grace@acme.test","first_name":"Grace","last_name":"","full_name":"Grace","profile_pic":null,"country_id":null,"is_active":false,"last_login_at":null,"activated_at":null,"type":null,"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-02-03T04:05:06Z","phone":null,"job_title":null,"timezone":"UTC","UTC_offset":"+00:00","role":"light","status":"disabled","date_format":null,"is_default_admin":false,"active":false,"is_suspended":false,"last_updated":"2025-02-03T04:05:06Z","support_user":false,"job_description":null,"team":null,"approved_at":null,"invited_by":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null,"locale":"en","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"user_role":"light","groups":{"data":[]}}],"meta":{"pagination":{"total":2,"count":2,"per_page":9999,"current_page":1,"total_pages":1,"links":{}}}}
    "#);
    insta::assert_snapshot!(answer("/organizations/acme/users/1002"), @r#"
    200 OK
    {"data":{"id":1002,"email":"grace@acme.test","username":"grace@acme.test","first_name":"Grace","last_name":"","full_name":"Grace","profile_pic":null,"country_id":null,"is_active":false,"last_login_at":null,"activated_at":null,"type":null,"created_at":"2025-01-01T00:00:00Z","updated_at":"2025-02-03T04:05:06Z","phone":null,"job_title":null,"timezone":"UTC","UTC_offset":"+00:00","role":"light","status":"disabled","date_format":null,"is_default_admin":false,"active":false,"is_suspended":false,"last_updated":"2025-02-03T04:05:06Z","support_user":false,"job_description":null,"team":null,"approved_at":null,"invited_by":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null,"locale":"en","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"user_role":"light"}}
    "#);
    insta::assert_snapshot!(answer("/organizations/acme/users-list"), @r#"
    200 OK
    {"data":[{"id":1001,"email":"ada@acme.test","username":"ada@acme.test","first_name":"Ada","last_name":"Lovelace","full_name":"Ada Lovelace","profile_pic":null},{"id":1002,"email":"grace@acme.test","username":"grace@acme.test","first_name":"Grace","last_name":"","full_name":"Grace","profile_pic":null}]}
    "#);
}

#[test]
fn guests_are_listed_and_found_by_their_address() {
    insta::assert_snapshot!(answer("/organizations/acme/guests"), @r#"
    200 OK
    {"data":[{"id":428087,"email":"Cleo@Partner.test","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"details":{"status":"active","phone_1":"555","phone_2":null,"timezone":null,"image_url":null,"contact_url":null,"company_url":null,"opportunity_url":null,"company_name":null,"opportunity_name":null,"external_sync_source":null,"external_date_creation":null,"cadence_days":null,"associated_members":null,"last_city":null,"last_country":null,"last_accessed_at":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null},"first_name":"Cleo","last_name":"Client","created_at":"2025-01-01T00:00:00Z","deleted_at":null,"link":"https://go.tallyfy.test/guest/152fbf08d1c95097ae0b6ba3a389c40d"}],"meta":{"pagination":{"total":1,"count":1,"per_page":999,"current_page":1,"total_pages":1,"links":{}}}}
    "#);
    insta::assert_snapshot!(answer("/organizations/acme/guests/cleo%40partner.test"), @r#"
    200 OK
    {"data":{"id":428087,"email":"Cleo@Partner.test","last_accessed_at":null,"last_known_ip":null,"last_known_country":null,"details":{"status":"active","phone_1":"555","phone_2":null,"timezone":null,"image_url":null,"contact_url":null,"company_url":null,"opportunity_url":null,"company_name":null,"opportunity_name":null,"external_sync_source":null,"external_date_creation":null,"cadence_days":null,"associated_members":null,"last_city":null,"last_country":null,"last_accessed_at":null,"disabled_at":null,"disabled_by":null,"reactivated_at":null,"reactivated_by":null},"first_name":"Cleo","last_name":"Client","created_at":"2025-01-01T00:00:00Z","deleted_at":null,"link":"https://go.tallyfy.test/guest/152fbf08d1c95097ae0b6ba3a389c40d"}}
    "#);
    insta::assert_snapshot!(answer("/organizations/acme/guests-list"), @r#"
    200 OK
    {"data":[{"id":428087,"email":"Cleo@Partner.test","first_name":"Cleo","last_name":"Client"}]}
    "#);
}

#[test]
fn includes_of_a_group_are_the_users_and_guests_themselves() {
    let included = |path: &str| {
        let group = acme("2026-03").as_token("admin").get(path).json();
        group["data"].clone()
    };
    let group = included("/organizations/acme/groups/sales?with=users,guests,assets");
    let of = |path: &str| acme("2026-03").as_token("admin").get(path).json()["data"].clone();
    assert_eq!(
        group["users"]["data"][0],
        of("/organizations/acme/users/1001")
    );
    assert_eq!(
        group["guests"]["data"][0],
        of("/organizations/acme/guests/cleo@partner.test")
    );
    insta::assert_snapshot!(group["assets"], @r#"{"data":[{"filename":"sales.png","id":"823811f32fdc59a49adee77f9957ed22","source":"local","step_id":null,"subject":{"id":"sales","type":"Group"},"system":null,"uploaded_at":"2026-01-01T00:00:00Z","uploaded_from":"group","uploaded_to_s3":true,"version":1}]}"#);
}

#[test]
fn lists_of_people_are_searched_sorted_and_paged() {
    let app = acme("2026-03");
    let list = |what: &str, query: &str| {
        let answer = app
            .as_token("admin")
            .get(&format!("/organizations/acme/{what}?{query}"));
        let people = answer.json()["data"].as_array().unwrap().clone();
        let names = people
            .iter()
            .map(|one| one["first_name"].as_str().unwrap().to_owned());
        (
            names.collect::<Vec<_>>(),
            answer.pagination()["total"].clone(),
        )
    };
    let found = |names: &[&str], total: u64| {
        (
            names.iter().map(|name| (*name).to_owned()).collect(),
            json!(total),
        )
    };
    assert_eq!(list("users", "q=LOVE"), found(&["Ada"], 1));
    assert_eq!(
        list("users", "sort=-first_name"),
        found(&["Grace", "Ada"], 2)
    );
    assert_eq!(list("users", "per_page=1&page=2"), found(&["Grace"], 2));
    assert_eq!(list("users", "page=9"), found(&[], 2));
    assert_eq!(list("guests", "q=partner"), found(&["Cleo"], 1));
    assert_eq!(list("guests", "q=nobody"), found(&[], 0));
    for (what, per_page) in [("users", 9999), ("guests", 999)] {
        let answer = app
            .as_token("admin")
            .get(&format!("/organizations/acme/{what}"));
        assert_eq!(answer.pagination()["per_page"], per_page);
    }
}

#[test]
fn in_an_open_world_the_tokens_user_exists_and_is_an_admin() {
    let app = TestApp::empty();
    let get = |path: &str| app.as_manager().get(path).json()["data"].clone();
    let me = get("/me");
    assert_eq!(
        (&me["id"], &me["email"]),
        (&json!(1), &json!("user-1@tallyfy-mock.example.com"))
    );
    let here = get("/organizations/fresh/me");
    assert_eq!(
        (&here["id"], &here["role"], &here["is_default_admin"]),
        (&json!(1), &json!("admin"), &json!(true))
    );
    assert_eq!(get("/organizations/fresh/users"), json!([here]));
    assert_eq!(get("/organizations/fresh/users/1"), here);
    assert_eq!(get("/organizations/fresh")["users_count"], 1);
    assert_eq!(get("/organizations/fresh/guests"), json!([]));
    // An undeclared id becomes a minimal object.
    let body =
        json!({ "name": "A", "description": "d", "members": [77], "guests": ["new@partner.test"] });
    let group = app.as_manager().create_group("fresh", &body).json()["data"].clone();
    let id = group["id"].as_str().unwrap();
    let group = get(&format!(
        "/organizations/fresh/groups/{id}?with=users,guests"
    ));
    assert_eq!(
        (
            &group["users"]["data"][0]["id"],
            &group["users"]["data"][0]["email"]
        ),
        (&json!(77), &json!("user-77@tallyfy-mock.example.com"))
    );
    assert_eq!(group["guests"]["data"], get("/organizations/fresh/guests"));
}

#[test]
fn what_is_not_there_or_not_the_tokens_is_refused_in_tallyfys_shape() {
    let app = acme("2026-03");
    let ask = |token: &str, path: &str| {
        let answer = app.as_token(token).get(path);
        (answer.status.as_u16(), answer.body)
    };
    let missing = r#"{"error":true,"message":"Resource not found","code":"RESOURCE_NOT_FOUND"}"#;
    for path in [
        "/organizations/acme/users/abc",
        "/organizations/acme/users/0",
        "/organizations/acme/users/-1",
        "/organizations/acme/users/9999",
        "/organizations/acme/users/99999999999999999999999999",
        "/organizations/acme/users/1001%00",
        "/organizations/acme/guests/nobody%40partner.test",
        "/organizations/acme/guests/%",
        "/organizations/acme/guests/%ff",
        "/organizations/acme/guests/a%20b",
        "/organizations/acme/guests/%F0%9F%A6%80",
        "/organizations/acme/guests/+",
        "/organizations/globex/users/1002",
    ] {
        assert_eq!(ask("admin", path), (404, missing.to_owned()), "{path}");
    }
    let forbidden = r#"{"error":true,"message":"This action is unauthorized."}"#;
    for (token, path) in [
        ("light", "/organizations/acme/users/1001"),
        ("light", "/organizations/globex"),
        ("light", "/organizations/globex/users"),
        ("light", "/organizations/nowhere/guests"),
        ("admin", "/organizations/initech/me"),
    ] {
        assert_eq!(ask(token, path), (403, forbidden.to_owned()), "{path}");
    }
    let unknown = r#"{"error":true,"message":"Unauthenticated."}"#;
    for path in ["/me", "/me/organizations", "/organizations/acme/users-list"] {
        assert_eq!(ask("nobodys", path), (401, unknown.to_owned()), "{path}");
        let nameless = app.as_token("admin").without("x-tallyfy-client").get(path);
        assert_eq!(nameless.status, 401, "{path}");
    }
    for path in ["/me", "/organizations/acme", "/organizations/acme/guests"] {
        let posted = app.as_token("admin").send("POST", path, "{}");
        assert_eq!(
            (posted.status.as_u16(), &posted.headers["allow"]),
            (405, &"GET, HEAD".parse().unwrap()),
            "{path}"
        );
        let head = app.as_token("admin").send("HEAD", path, "");
        assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    }
}

#[test]
fn an_odd_address_is_found_where_it_exists() {
    let odd = [
        "a+b@x.test",
        "ü@exämple.test",
        "o'neil@x.test",
        "a%b@x.test",
    ];
    let guests: Vec<Value> = odd.iter().map(|email| json!({ "email": email })).collect();
    let app = TestApp::with(
        json!({ "version": 1, "organizations": [{ "id": "acme", "guests": guests }] }),
    );
    for (path, email) in [
        ("a+b@x.test", odd[0]),
        ("a%2Bb%40x.test", odd[0]),
        ("A%2BB%40X.TEST", odd[0]),
        ("%C3%BC%40ex%C3%A4mple.test", odd[1]),
        ("o'neil@x.test", odd[2]),
        ("a%25b%40x.test", odd[3]),
    ] {
        let answer = app
            .as_manager()
            .get(&format!("/organizations/acme/guests/{path}"));
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["data"]["email"], email);
    }
}

#[test]
fn a_fixture_whose_groups_name_users_it_does_not_declare_is_refused_where_it_declares_users() {
    let org =
        |users: Value| json!({ "users": users, "groups": [{ "name": "A", "members": [1, 2] }] });
    let app = TestApp::empty();
    let put = |body: &Value| app.control("PUT", "/_mock/state?org=acme", Some(body));
    assert_eq!(put(&org(json!([]))).status, 204);
    let refused = put(&org(json!([{ "id": 1 }])));
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused
            .body
            .matches("The selected members.1 is invalid.")
            .count(),
        2,
        "{refused}"
    );
}

#[test]
fn companion_operations_have_names_for_the_journal_and_for_faults() {
    let app = TestApp::empty();
    let step = json!({ "match": { "operation": "users.list" }, "steps": [{ "status": 503 }] });
    let put = app.control("PUT", "/_mock/faults/down?org=acme", Some(&step));
    assert_eq!(put.status, 200, "{put}");
    for path in [
        "/me",
        "/me/organizations",
        "/organizations/acme",
        "/organizations/acme/me?with=groups",
        "/organizations/acme/users?with=groups&limit=3",
        "/organizations/acme/users/1",
        "/organizations/acme/users-list",
        "/organizations/acme/guests",
        "/organizations/acme/guests/a@b.test",
        "/organizations/acme/guests-list",
    ] {
        app.as_manager().get(path);
    }
    let journal = app.look("/_mock/requests").json();
    let entries = journal["requests"].as_array().unwrap().iter().map(|entry| {
        format!(
            "{} {} {} {}\n",
            entry["operation"], entry["org"], entry["status"], entry["unread"]
        )
    });
    insta::assert_snapshot!(entries.collect::<String>(), @r#"
    "me.get" null 200 []
    "me.organizations" null 200 []
    "organizations.get" "acme" 200 []
    "organizations.me" "acme" 200 []
    "users.list" "acme" 503 ["query.limit"]
    "users.get" "acme" 200 []
    "users.names" "acme" 200 []
    "guests.list" "acme" 200 []
    "guests.get" "acme" 404 []
    "guests.names" "acme" 200 []
    "#);
}
