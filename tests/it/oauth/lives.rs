//! How long a token lives, by which clock, and what ends it.

use serde_json::json;
use tower::ServiceExt;

use super::{CLIENT, advance, declared, lists, of_ada, reason, refreshed, text, with};
use crate::support::{Answer, TestApp};

#[test]
fn an_expired_token_is_refreshed_and_the_request_tried_again() {
    let app = TestApp::with(declared());
    let first = of_ada(&app);
    let (access, refresh) = (text(&first, "access_token"), text(&first, "refresh_token"));
    assert_eq!(lists(&app, &access, "acme"), 200);
    advance(&app, "", 3599);
    assert_eq!(lists(&app, &access, "acme"), 200);
    advance(&app, "", 1);
    let refused = app.as_token(&access).list_groups("acme", "");
    insta::assert_snapshot!(refused, @r#"
    401 Unauthorized
    {"error":true,"message":"Unauthenticated."}
    "#);
    assert_eq!(reason(&refused), "the token has expired");
    let second = refreshed(&app, &refresh);
    assert_eq!(lists(&app, &text(&second, "access_token"), "acme"), 200);
}

#[test]
fn a_refresh_takes_the_place_of_what_was_before() {
    let app = TestApp::with(declared());
    let first = of_ada(&app);
    let (access, refresh) = (text(&first, "access_token"), text(&first, "refresh_token"));
    let second = refreshed(&app, &refresh);
    assert_eq!(lists(&app, &text(&second, "access_token"), "acme"), 200);
    assert_eq!(lists(&app, &access, "acme"), 401, "it was refreshed");
    insta::assert_snapshot!(refreshed(&app, &refresh), @r#"
    400 Bad Request
    {"error":"invalid_grant","error_description":"The refresh token is invalid.","hint":"Token has been revoked","message":"The refresh token is invalid."}
    "#);
    assert_eq!(refreshed(&app, &text(&second, "refresh_token")).status, 200);
    // A refresh token is no access token.
    let refused = app.as_token(&refresh).list_groups("acme", "");
    assert_eq!(refused.status, 401);
    assert!(
        reason(&refused).contains("refresh token"),
        "{}",
        reason(&refused)
    );
}

#[test]
fn tokens_live_as_long_as_the_fixture_says() {
    let mut fixture = declared();
    fixture["oauth"]["lifetimes"] =
        json!({ "access_token": 5, "client_credentials": 6, "refresh_token": 7 });
    let app = TestApp::with(fixture);
    let first = of_ada(&app);
    assert_eq!(first.json()["expires_in"], 5);
    let own = with(&[
        &[("grant_type", "client_credentials")],
        &[("client_id", "4"), ("client_secret", "other")],
    ]);
    let own = app.anonymous().token(&own);
    assert_eq!(own.json()["expires_in"], 6);
    let good = || {
        let status = |token: &Answer| lists(&app, &text(token, "access_token"), "acme");
        [status(&first), status(&own)]
    };
    assert_eq!(good(), [200, 200]);
    advance(&app, "", 5);
    assert_eq!(good(), [401, 200]);
    advance(&app, "", 1);
    assert_eq!(good(), [401, 401]);
    advance(&app, "", 1);
    let late = refreshed(&app, &text(&first, "refresh_token"));
    assert_eq!(
        (late.status.as_u16(), late.json()["hint"].clone()),
        (400, json!("Token has expired"))
    );
}

#[test]
fn a_token_lives_by_the_clock_of_each_organization_from_the_moment_of_issue() {
    for (at, by) in [
        ("2040-01-01T00:00:00Z", 3600),
        ("1999-01-01T00:00:00Z", 3600),
    ] {
        let app = TestApp::empty();
        let set = json!({ "now": at, "frozen": true });
        assert_eq!(
            app.control("PUT", "/_mock/clock?org=own", Some(&set))
                .status,
            200
        );
        let token = text(&of_ada(&app), "access_token");
        let status = |org: &str| lists(&app, &token, org);
        // It is not born expired, and does not live for ever.
        assert_eq!(
            [status("own"), status("other"), status("late")],
            [200, 200, 200]
        );
        advance(&app, "?org=own", by - 1);
        assert_eq!([status("own"), status("other")], [200, 200]);
        advance(&app, "?org=own", 1);
        assert_eq!([status("own"), status("other")], [401, 200], "{at}");
        // One that has its own clock only later took it from the base clock.
        advance(&app, "?org=late", by);
        assert_eq!([status("late"), status("other")], [401, 200]);
        assert_eq!(app.as_token(&token).get("/me").status, 200);
        advance(&app, "", by);
        assert_eq!(
            [
                status("other"),
                app.as_token(&token).get("/me").status.as_u16()
            ],
            [401, 401]
        );
    }
}

#[test]
fn what_a_clock_said_that_was_reset_is_forgotten() {
    for reset in [
        "/_mock/reset?org=own",
        "/_mock/reset?org=own&scope=clock",
        "/_mock/reset?scope=clock",
    ] {
        let app = TestApp::empty();
        let set = json!({ "now": "1999-01-01T00:00:00Z", "frozen": true });
        app.control("PUT", "/_mock/clock?org=own", Some(&set));
        let token = text(&of_ada(&app), "access_token");
        assert_eq!(app.control("POST", reset, None).status, 204);
        assert_eq!(lists(&app, &token, "own"), 200, "{reset}");
        advance(&app, "?org=own", 3600);
        assert_eq!(lists(&app, &token, "own"), 401, "{reset}");
    }
}

#[test]
fn an_open_world_stays_open_but_for_what_has_expired() {
    let app = TestApp::demo();
    let nobody = [
        ("grant_type", "password"),
        ("username", "nobody"),
        ("password", "x"),
    ];
    let token = text(
        &app.anonymous().token(&with(&[&nobody, &CLIENT])),
        "access_token",
    );
    assert_eq!(
        [
            lists(&app, &token, "northwind"),
            lists(&app, "any", "northwind")
        ],
        [200, 200]
    );
    // As any token's, its user is the first admin.
    assert_eq!(
        app.as_token(&token).get("/me").json(),
        app.as_token("any").get("/me").json()
    );
    advance(&app, "", 3600);
    assert_eq!(
        [
            lists(&app, &token, "northwind"),
            lists(&app, "any", "northwind")
        ],
        [401, 200]
    );
}

#[test]
fn a_run_of_a_seed_issues_the_same_tokens_and_none_twice() {
    let run = || {
        let app = TestApp::with(declared());
        (0..3).map(|_| of_ada(&app).body).collect::<Vec<_>>()
    };
    let (one, other) = (run(), run());
    assert_eq!(one, other);
    assert!(one[0] != one[1] && one[1] != one[2]);
    // After a reset of what is stored, too; a reset of one organization is none of it.
    let app = TestApp::with(declared());
    let before = text(&of_ada(&app), "access_token");
    assert_eq!(
        app.control("POST", "/_mock/reset?org=acme", None).status,
        204
    );
    assert_eq!(lists(&app, &before, "acme"), 200);
    assert_eq!(
        app.control(
            "POST",
            "/_mock/reset?scope=requests,faults,clock,limits",
            None
        )
        .status,
        204
    );
    assert_eq!(lists(&app, &before, "acme"), 200);
    assert_eq!(
        app.control("POST", "/_mock/reset?scope=state", None).status,
        204
    );
    assert_eq!(lists(&app, &before, "acme"), 401);
    assert_eq!(text(&of_ada(&app), "access_token"), before);
}

#[test]
fn a_token_under_way_when_everything_is_reset_is_nobodys() {
    let app = TestApp::empty();
    let token = app.block_on(async |service| {
        let body = "grant_type=client_credentials&client_id=3&client_secret=s";
        let request = |method: &str, path: &str, body: &'static str| {
            axum::http::Request::builder()
                .method(method)
                .uri(path)
                .header("host", "localhost")
                .header("prefer", "delay=1000")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(axum::body::Body::from(body))
                .unwrap()
        };
        let delayed = service
            .clone()
            .oneshot(request("POST", "/oauth/token", body));
        let reset = async {
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            service
                .clone()
                .oneshot(request("POST", "/_mock/reset", ""))
                .await
                .unwrap()
                .status()
        };
        let (delayed, reset) = tokio::join!(delayed, reset);
        assert_eq!(reset, 204);
        delayed.unwrap().status()
    });
    assert_eq!(token, 200);
    assert_eq!(app.look("/_mock/state").json().get("oauth"), None);
}
