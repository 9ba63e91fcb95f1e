//! What a list of ten groups costs out of a million, as a multiple of what it costs out of a thousand.
//!
//! `cargo bench --bench growth` prints a ratio for each sort key and for the first, a middle and the
//! last page, of the whole request path and of the store alone; both sizes are measured in turns, in
//! one run, so that a noisy machine is noisy to both.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at a surprise and prints its figures"
)]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Body;
use serde_json::{Map, json};
use tallyfy_mock::{
    config::Config,
    domain::{
        contract::{Edition, PerPageCap},
        id::{GroupId, OrgId},
        query::ListQuery,
    },
    fixture::Fixture,
    http::App,
    state::AppState,
    store::Org,
};
use tower::ServiceExt;

const SMALL: usize = 1_000;
const LARGE: usize = 1_000_000;
const ROUNDS: usize = 400;

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let (large, rounds) = if std::env::args().any(|arg| arg == "--bench") {
        (LARGE, ROUNDS)
    } else {
        (10_000, 3)
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let state =
        Arc::new(AppState::new(&Config::default(), Fixture::default(), "mock:1".into()).unwrap());
    let started = Instant::now();
    let slowest = fill(&state, "small", SMALL).max(fill(&state, "large", large));
    println!(
        "filled in {:.1} s, the slowest create took {:.2} ms",
        started.elapsed().as_secs_f64(),
        ms(slowest)
    );
    let app = App::new(Arc::clone(&state));

    println!(
        "a page of 10 out of {large} groups, as a multiple of one out of {SMALL} (medians of {rounds})\n"
    );
    println!(
        "{:<12} {:<7} {:>8} {:>8} {:>12} {:>12}",
        "sort_by", "page", "request", "store", "1000: µs", "µs"
    );
    for sort in ["created_at", "updated_at", "name"] {
        for (page, halves) in [("first", 0), ("middle", 1), ("last", 2)] {
            let mut request = [vec![], vec![]];
            let mut store = [vec![], vec![]];
            for _ in 0..rounds {
                for (i, (org, groups)) in
                    [("small", SMALL), ("large", large)].into_iter().enumerate()
                {
                    let number = 1.max(groups / 10 * halves / 2);
                    let query = format!("sort_by={sort}&page={number}");
                    request[i].push(runtime.block_on(ask(&app, org, &query)));
                    store[i].push(look(&state, org, &query));
                }
            }
            let [small, large] = request.map(median);
            let [small_store, large_store] = store.map(median);
            println!(
                "{sort:<12} {page:<7} {:>8.2} {:>8.2} {:>12.1} {:>12.1}",
                ratio(large, small),
                ratio(large_store, small_store),
                ms(small) * 1000.0,
                ms(large) * 1000.0
            );
        }
    }
}

/// Creates the groups one by one, as requests would, and tells the slowest.
fn fill(state: &AppState, org: &str, groups: usize) -> Duration {
    let contract = Edition::March2026.contract();
    let mut slowest = Duration::ZERO;
    for i in 0..groups {
        let body = json!({ "name": format!("Group {:07}", i * 7_919 % groups), "description": "a group", "members": [1, 2], "guests": ["a@b.test"] });
        let fields: Map<_, _> = body.as_object().unwrap().clone();
        let new_id =
            |org: &OrgId, number| GroupId::parse(&state.ids.id(org.as_str(), number)).unwrap();
        let started = Instant::now();
        let world = state.world();
        let found = world.store.find(&OrgId::parse(org).unwrap());
        let now = world.clock.now(None);
        let create = |org: &mut Org| org.insert(&fields, &contract, now, new_id);
        world.store.write(&found, create).unwrap();
        slowest = slowest.max(started.elapsed());
    }
    slowest
}

async fn ask(app: &App, org: &str, query: &str) -> Duration {
    let request = axum::http::Request::get(format!("/api/organizations/{org}/groups?{query}"))
        .header("authorization", "Bearer t")
        .header("x-tallyfy-client", "bench")
        .header("host", "mock:1")
        .body(Body::empty())
        .unwrap();
    let app = app.clone();
    let started = Instant::now();
    let response = app.oneshot(request).await.unwrap();
    let elapsed = started.elapsed();
    assert_eq!(response.status(), 200);
    elapsed
}

fn look(state: &AppState, org: &str, query: &str) -> Duration {
    let org = OrgId::parse(org).unwrap();
    let query = ListQuery::parse(query, PerPageCap::Hundred);
    let started = Instant::now();
    let world = state.world();
    let found = world.store.find(&org);
    let page = black_box(world.store.read(&found, |org| org.list(&query)).unwrap());
    let elapsed = started.elapsed();
    assert_eq!(page.items.len(), 10);
    elapsed
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn ratio(large: Duration, small: Duration) -> f64 {
    large.as_secs_f64() / small.as_secs_f64()
}
