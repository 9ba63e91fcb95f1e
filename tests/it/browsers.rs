//! CORS: a page in a browser may call Tallyfy's routes with whatever its preflight asks for, and read every answer. It may not call
//! the control endpoints.

use serde_json::json;

use crate::support::{Answer, TestApp};

const PAGE: &str = "http://localhost:3000";

fn preflight(app: &TestApp, path: &str, asks: &[(&'static str, &str)]) -> Answer {
    let page = asks.iter().fold(
        app.anonymous().header("origin", PAGE),
        |page, (name, value)| page.header(name, value),
    );
    page.send("OPTIONS", path, "")
}

#[test]
fn a_preflight_is_answered_with_what_it_asks_for() {
    let app = TestApp::demo();
    let method = "access-control-request-method";
    let headers = "access-control-request-headers";
    for path in ["/organizations/acme/groups/1", "/me", "/no/such/path"] {
        for (asked, allowed) in [
            ("GET", "GET,HEAD,POST,PUT,DELETE"),
            ("PUT", "GET,HEAD,POST,PUT,DELETE"),
            ("PATCH", "GET,HEAD,POST,PUT,DELETE,PATCH"),
            ("no method", "GET,HEAD,POST,PUT,DELETE"),
        ] {
            let answer = preflight(&app, path, &[(method, asked)]);
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
            assert_eq!(answer.headers["access-control-allow-origin"], "*");
            assert_eq!(answer.headers["access-control-allow-methods"], allowed);
            assert_eq!(
                answer.headers["access-control-allow-headers"],
                "authorization,accept,content-type,x-tallyfy-client,prefer,x-mock-response-code"
            );
            assert_eq!(answer.headers["access-control-max-age"], "7200");
        }
        for asked in [
            "traceparent",
            "authorization, sentry-trace,baggage",
            "X-Requested-With",
        ] {
            let answer = preflight(&app, path, &[(method, "POST"), (headers, asked)]);
            assert_eq!(answer.headers["access-control-allow-headers"], asked);
        }
    }
}

#[test]
fn a_page_of_a_public_site_may_reach_a_mock_in_a_private_network() {
    let app = TestApp::demo();
    let method = ("access-control-request-method", "GET");
    let asks = "access-control-request-private-network";
    let allows = "access-control-allow-private-network";
    for asked in ["true", "TRUE"] {
        let granted = preflight(&app, "/me", &[method, (asks, asked)]);
        assert_eq!(granted.headers[allows], "true");
    }
    for asked in [&[method][..], &[method, (asks, "false")]] {
        let answer = preflight(&app, "/me", asked);
        assert!(!answer.headers.contains_key(allows));
    }
}

#[test]
fn every_answer_can_be_read_by_a_page_whatever_it_is() {
    let app = TestApp::start(&json!({ "version": 1 }), |config| {
        config.rate_limit = Some(tallyfy_mock::config::RateLimit {
            requests: 3,
            window: std::time::Duration::from_secs(60),
        });
        config.limits.max_body = 100;
    });
    let rule = |id: &str, body: &serde_json::Value| {
        let put = app.control("PUT", &format!("/_mock/faults/{id}?org=struck"), Some(body));
        assert_eq!(put.status, 200, "{put}");
    };
    rule(
        "down",
        &json!({ "match": { "operation": "groups.delete" }, "steps": [{ "times": "always", "status": 500 }] }),
    );
    rule(
        "odd",
        &json!({ "match": { "operation": "groups.list" }, "steps": [{ "times": "always", "fault": "slow_body", "chunk_ms": 1 }] }),
    );
    let page = |token: &str| app.as_token(token).header("origin", PAGE);
    let json = || page("json").header("content-type", "application/json");
    let groups = "/organizations/acme/groups";
    let long = "x".repeat(101);
    let limited = || {
        for _ in 0..3 {
            page("eager").list_groups("acme", "");
        }
        page("eager").list_groups("acme", "")
    };
    for (status, answer) in [
        (200, page("a").list_groups("acme", "")),
        (
            201,
            json().send("POST", groups, r#"{"name":"A","description":"d"}"#),
        ),
        (200, page("a").send("HEAD", groups, "")),
        (400, json().send("POST", groups, "{")),
        (401, app.anonymous().header("origin", PAGE).get(groups)),
        (404, page("b").get_group("acme", "nothing")),
        (404, page("b").get("/no/such/path")),
        (405, page("b").send("PATCH", groups, "")),
        (405, page("c").send("OPTIONS", groups, "")),
        (413, json().send("POST", groups, long)),
        (422, page("c").send("POST", groups, "{}")),
        (429, limited()),
        (500, page("d").delete_group("struck", "1")),
        (200, page("d").list_groups("struck", "")),
        (418, page("e").header("prefer", "code=418").get(groups)),
    ] {
        assert_eq!(answer.status, status, "{answer}");
        assert_eq!(
            answer.headers["access-control-allow-origin"], "*",
            "{answer}"
        );
        assert_eq!(
            answer.headers["access-control-expose-headers"],
            "retry-after,x-ratelimit-limit,x-ratelimit-remaining,allow,x-tallyfy-mock-reason"
        );
    }
}

#[test]
fn nothing_of_it_is_on_the_control_endpoints_or_on_answers_to_others() {
    let app = TestApp::demo();
    let is_closed = |answer: &Answer| {
        let mut names = answer.headers.keys();
        names.all(|name| !name.as_str().starts_with("access-control-"))
    };
    let here = || app.anonymous().at_root().header("host", "localhost");
    for origin in ["http://localhost", PAGE, "null"] {
        for path in ["/_mock/health", "/_mock/state", "/_mock/nothing"] {
            let page = here().header("origin", origin);
            assert!(is_closed(&page.get(path)), "{origin}: {path}");
            let page = page
                .header("access-control-request-method", "PUT")
                .header("access-control-request-headers", "content-type")
                .header("access-control-request-private-network", "true");
            let refused = page.send("OPTIONS", path, "");
            assert!(
                is_closed(&refused) && !refused.status.is_success(),
                "{refused}"
            );
        }
    }
    assert!(is_closed(&app.as_manager().list_groups("northwind", "")));
}
