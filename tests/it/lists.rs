//! Lists: pages, links, search and order.

use serde_json::{Value, json};

use crate::support::TestApp;

fn acme(groups: &[(&str, &str, &str)]) -> TestApp {
    let groups: Vec<Value> = groups
        .iter()
        .map(|(name, description, created_at)| json!({ "name": name, "description": description, "created_at": created_at }))
        .collect();
    TestApp::with(json!({ "version": 1, "organizations": [{ "id": "acme", "groups": groups }] }))
}

#[test]
fn a_page_says_where_it_stands() {
    let app = TestApp::demo();
    let answer = app
        .as_manager()
        .header("host", "localhost:8255")
        .list_groups("northwind", "page=2&per_page=2&q=s&with=assets");
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()["meta"]).unwrap(), @r#"
    {
      "pagination": {
        "count": 2,
        "current_page": 2,
        "links": {
          "next": "http://localhost:8255/api/organizations/northwind/groups?per_page=2&q=s&with=assets&page=3",
          "previous": "http://localhost:8255/api/organizations/northwind/groups?per_page=2&q=s&with=assets&page=1"
        },
        "per_page": 2,
        "total": 26,
        "total_pages": 13
      }
    }
    "#);
    // Keys in league/fractal's order, and an empty list has one page.
    insta::assert_snapshot!(app.as_manager().list_groups("fresh", "").body, @r#"{"data":[],"meta":{"pagination":{"total":0,"count":0,"per_page":10,"current_page":1,"total_pages":1,"links":{}}}}"#);
}

#[test]
fn links_lead_through_every_page_on_the_prefix_that_was_asked() {
    let app = TestApp::demo();
    for (caller, prefix) in [(app.as_manager(), "/api"), (app.as_manager().at_root(), "")] {
        let caller = caller.header("host", "tallyfy.test");
        let mut names = Vec::new();
        let mut path = "/organizations/northwind/groups?per_page=4&sort_by=-name".to_owned();
        loop {
            let page = caller.get(&path);
            names.extend(page.names());
            let Some(next) = page.pagination()["links"]["next"]
                .as_str()
                .map(str::to_owned)
            else {
                break;
            };
            path = next
                .strip_prefix(&format!("http://tallyfy.test{prefix}"))
                .expect("an absolute link")
                .to_owned();
        }
        assert_eq!(names.len(), 27);
        assert_eq!(
            names,
            caller
                .list_groups("northwind", "per_page=100&sort_by=name&sort=desc")
                .names()
        );
    }
}

#[test]
fn a_request_without_a_host_gets_links_to_where_the_mock_listens() {
    let app = TestApp::demo();
    let links = app.as_manager().list_groups("northwind", "").pagination()["links"].clone();
    assert_eq!(
        links["next"],
        "http://mock.test:8255/api/organizations/northwind/groups?page=2"
    );
}

#[test]
fn a_page_past_the_end_is_empty_and_knows_the_one_before() {
    let app = TestApp::demo();
    let answer = app
        .as_manager()
        .header("host", "h")
        .list_groups("northwind", "page=9");
    assert_eq!(answer.json()["data"], json!([]));
    insta::assert_snapshot!(answer.pagination(), @r#"{"count":0,"current_page":9,"links":{"previous":"http://h/api/organizations/northwind/groups?page=8"},"per_page":10,"total":27,"total_pages":3}"#);
}

#[test]
fn the_default_page_has_ten_groups_and_the_longest_a_hundred() {
    let app = TestApp::empty();
    for i in 0..105 {
        app.as_manager()
            .group_named("acme", &format!("Group {i:03}"));
    }
    for (query, count, per_page) in [
        ("", 10, 10),
        ("per_page=0", 10, 10),
        ("per_page=x", 10, 10),
        ("per_page=7", 7, 7),
        ("per_page=101", 100, 100),
        ("limit=3", 10, 10),
        ("without_pagination=true", 10, 10),
    ] {
        let pagination = app.as_manager().list_groups("acme", query).pagination();
        assert_eq!(
            (
                &pagination["count"],
                &pagination["per_page"],
                &pagination["total"]
            ),
            (&json!(count), &json!(per_page), &json!(105)),
            "{query}"
        );
    }
}

#[test]
fn a_search_looks_into_names_and_descriptions_in_any_case() {
    let app = acme(&[
        ("Sales", "Sells", "2026-01-01T00:00:00Z"),
        ("Support", "Helps after SALES", "2026-01-02T00:00:00Z"),
        ("Größe", "Ünïcode", "2026-01-03T00:00:00Z"),
    ]);
    for (q, found) in [
        ("sales", vec!["Sales", "Support"]),
        ("GRÖSSE", vec![]),
        ("gröẞe", vec!["Größe"]),
        ("%C3%9CN%C3%8FC", vec!["Größe"]),
        ("after+sales", vec!["Support"]),
        ("nothing", vec![]),
    ] {
        let q = if q.is_ascii() {
            q.to_owned()
        } else {
            form_urlencoded::byte_serialize(q.as_bytes()).collect()
        };
        let answer = app.as_manager().list_groups("acme", &format!("q={q}"));
        assert_eq!(answer.names(), found, "{q}");
        assert_eq!(answer.pagination()["total"], found.len());
    }
}

#[test]
fn a_list_is_sorted_as_asked_and_ties_keep_the_order_of_creation() {
    let app = acme(&[
        ("beta", "1", "2026-01-03T00:00:00Z"),
        ("Beta", "2", "2026-01-01T00:00:00Z"),
        ("alpha", "3", "2026-01-01T00:00:00Z"),
        ("Zeta", "4", "2026-01-01T00:00:00Z"),
    ]);
    for (query, order) in [
        ("", ["Beta", "alpha", "Zeta", "beta"]),
        (
            "sort_by=created_at&sort=desc",
            ["beta", "Zeta", "alpha", "Beta"],
        ),
        ("sort_by=name", ["alpha", "Beta", "beta", "Zeta"]),
        ("sort_by=-name", ["Zeta", "beta", "Beta", "alpha"]),
        ("sort=name", ["alpha", "Beta", "beta", "Zeta"]),
        ("sort_by=nonsense", ["Beta", "alpha", "Zeta", "beta"]),
    ] {
        assert_eq!(
            app.as_manager().list_groups("acme", query).names(),
            order,
            "{query}"
        );
    }
    let beta = app.as_manager().list_groups("acme", "").json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.as_manager()
        .update_group("acme", &beta, &json!({ "description": "touched" }));
    assert_eq!(
        app.as_manager()
            .list_groups("acme", "sort_by=-updated_at")
            .names()[0],
        "Beta"
    );
}

#[test]
fn no_query_is_an_error() {
    let app = TestApp::demo();
    for query in [
        "%",
        "%ff=%fe",
        "page=%00",
        "=&==&&",
        "q=%F0%9F",
        "page=9223372036854775807&per_page=9223372036854775807",
        &"q=a&".repeat(2000),
    ] {
        assert_eq!(
            app.as_manager().list_groups("northwind", query).status,
            200,
            "{query}"
        );
    }
}
