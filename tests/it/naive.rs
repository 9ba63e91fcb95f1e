//! Pitfalls of a naive emulator: a test for each item of evidence 9.6.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};
use tallyfy_mock::TallyfyMock;

use crate::support::TestApp;

#[test]
fn no_1_a_get_or_delete_with_a_json_content_type_and_no_body_is_fine() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    for client in ["TallyfySDK", "n8n"] {
        let caller = app
            .as_manager()
            .header("content-type", "application/json")
            .header("x-tallyfy-client", client);
        assert_eq!(caller.get("/me").status, 200);
        assert_eq!(caller.get_group("acme", &id).status, 200);
    }
    let sdk = app.as_manager().header("content-type", "application/json");
    assert_eq!(sdk.delete_group("acme", &id).status, 204);
}

#[test]
fn no_2_group_ids_are_strings_numbers_of_pages_are_numbers_and_links_are_never_null() {
    let app = TestApp::empty();
    app.as_manager().group_named("acme", "Sales");
    for query in ["", "q=nobody", "per_page=1&page=9"] {
        let list = app.as_manager().list_groups("acme", query).json();
        for group in list["data"].as_array().unwrap() {
            assert!(group["id"].is_string(), "{list}");
        }
        let Value::Object(mut pagination) = list["meta"]["pagination"].clone() else {
            panic!("{list}")
        };
        let links = pagination.remove("links").unwrap();
        assert!(links.is_object(), "{list}");
        assert_eq!(pagination.len(), 5, "{list}");
        assert!(pagination.values().all(Value::is_u64), "{list}");
    }
}

#[test]
fn no_3_a_groups_own_name_is_no_conflict() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    let whole = json!({ "name": "Sales", "description": "d", "members": [], "guests": [] });
    let updated = app.as_manager().update_group("acme", &id, &whole);
    assert_eq!(updated.status, 201, "{updated}");
}

#[test]
fn no_4_any_client_name_is_good() {
    let app = TestApp::empty();
    for name in ["APIClient", "TallyfySDK", "n8n", "somebody else"] {
        let caller = app.as_manager().header("x-tallyfy-client", name);
        assert_eq!(caller.list_groups("acme", "").status, 200, "{name}");
    }
}

#[test]
fn no_5_member_ids_may_be_strings_and_are_answered_as_numbers() {
    let app = TestApp::empty();
    let body = json!({ "name": "A", "description": "d", "members": ["1001", "1005"] });
    let created = app.as_manager().create_group("acme", &body);
    assert_eq!(created.json()["data"]["members"], json!([1001, 1005]));
}

#[test]
fn no_6_parameters_that_are_not_known_are_ignored() {
    let app = TestApp::empty();
    app.as_manager().group_named("acme", "Sales");
    let plain = app.as_manager().list_groups("acme", "").json();
    for query in [
        "limit=50",
        "sort=nonsense",
        "without_pagination=true",
        "shoe_size=44",
        "with=runs",
    ] {
        let list = app.as_manager().list_groups("acme", query);
        assert_eq!(list.status, 200, "{query}");
        assert_eq!(list.json(), plain, "{query}");
    }
}

#[test]
fn no_7_a_204_has_no_body_and_is_not_chunked() {
    let mock = TallyfyMock::start();
    let acme = mock.org("acme");
    acme.seed(json!({ "groups": [{ "id": "sales", "name": "Sales" }] }));
    let mut stream = TcpStream::connect(mock.uri().strip_prefix("http://").unwrap()).unwrap();
    stream
        .write_all(b"DELETE /api/organizations/acme/groups/sales HTTP/1.1\r\nHost: mock\r\nConnection: close\r\nAuthorization: Bearer t\r\nX-Tallyfy-Client: x\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 204 No Content\r\n"), "{head}");
    assert_eq!(body, "");
    let head = head.to_lowercase();
    for header in ["transfer-encoding", "content-length", "content-type"] {
        assert!(!head.contains(header), "{head}");
    }
}

#[test]
fn no_8_every_answer_with_a_body_says_that_it_is_json() {
    let app = TestApp::empty();
    let manager = app.as_manager();
    let id = manager.group_named("acme", "Sales");
    for answer in [
        manager.list_groups("acme", ""),
        manager.get_group("acme", &id),
        manager.get_group("acme", "none"),
        manager.create_group("acme", &json!({})),
        manager.get("/nowhere"),
        manager.send("PATCH", "/organizations/acme/groups", "{}"),
        app.anonymous().get("/me"),
        manager.get("/me?__code=503"),
    ] {
        assert_eq!(
            answer.headers["content-type"], "application/json",
            "{answer}"
        );
        answer.json();
    }
}

#[test]
fn no_9_an_update_is_201_and_a_delete_204() {
    let app = TestApp::empty();
    let id = app.as_manager().group_named("acme", "Sales");
    let updated = app
        .as_manager()
        .update_group("acme", &id, &json!({ "description": "new" }));
    assert_eq!(updated.status, 201);
    let deleted = app.as_manager().delete_group("acme", &id);
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
}

#[test]
fn no_10_me_is_there_under_both_prefixes() {
    let app = TestApp::empty();
    for caller in [app.as_manager(), app.as_manager().at_root()] {
        let me = caller.get("/me");
        assert_eq!(me.status, 200, "{me}");
        // The command line wants an address, n8n's own tests an id.
        assert!(me.json()["data"]["email"].is_string(), "{me}");
        assert!(me.json()["data"]["id"].is_u64(), "{me}");
    }
}
