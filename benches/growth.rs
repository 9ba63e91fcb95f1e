//! The cost of a request against the number of stored rows.
//!
//! `cargo bench --bench growth` prints, for 1,000, 100,000 and 1,000,000 groups in an organization, what a
//! page of ten costs by each sort key, and a get, a create, a delete and a search; then a reset and the
//! export of one organization against the number of others. Each is the median of many requests through
//! the whole path but the socket; sizes are measured in turns, in one run, so that a noisy machine is
//! noisy to all. What matters are the multiples.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark stops at a surprise and prints its figures"
)]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
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
    tenant::Org,
};
use tokio::runtime::Runtime;
use tower::ServiceExt;

/// How many groups the organizations hold, and how often each thing is asked.
struct Scale {
    groups: [usize; 3],
    others: [usize; 3],
    rounds: usize,
    slow_rounds: usize,
}

const FULL: Scale = Scale {
    groups: [1_000, 100_000, 1_000_000],
    others: [10, 1_000, 9_000],
    rounds: 400,
    slow_rounds: 10,
};

/// Under `cargo test --benches` it only shows that it runs.
const TINY: Scale = Scale {
    groups: [1_000, 2_000, 10_000],
    others: [1, 10, 100],
    rounds: 3,
    slow_rounds: 1,
};

/// The slowest create by wall time and by CPU time; only the first includes time that other processes had.
#[derive(Clone, Copy, Default)]
struct Slowest {
    wall: Duration,
    processor: Duration,
}

/// A mock without a socket.
struct Mock {
    state: Arc<AppState>,
    app: App,
    runtime: Runtime,
}

fn main() {
    let scale = if std::env::args().any(|arg| arg == "--bench") {
        FULL
    } else {
        TINY
    };
    let mock = Mock::new();
    let started = Instant::now();
    let ids = scale.groups.map(|groups| mock.fill(&org(groups), groups));
    let slowest = |time: fn(&Slowest) -> Duration| {
        let times = ids.iter().map(|(slowest, _)| time(slowest));
        us(times.max().unwrap()) / 1000.0
    };
    println!(
        "filled in {:.1} s; the slowest create took {:.2} ms, the one that worked longest {:.2} ms of processor time\n",
        started.elapsed().as_secs_f64(),
        slowest(|slowest| slowest.wall),
        slowest(|slowest| slowest.processor)
    );
    pages(&mock, &scale);
    one_group(&mock, &scale, &ids.map(|(_, ids)| ids));
    searches(&mock, &scale);
    drop(mock);
    one_organization(&scale);
}

/// A page is flat. Beside the request, the time of the store alone.
fn pages(mock: &Mock, scale: &Scale) {
    println!("a page of 10");
    header(&scale.groups, "groups");
    for sort in ["created_at", "updated_at", "name"] {
        for (page, halves) in [("first", 0), ("middle", 1), ("last", 2)] {
            let query = |groups: usize| {
                let number = 1.max(groups / 10 * halves / 2);
                format!("sort_by={sort}&page={number}")
            };
            let request = in_turns(&scale.groups, scale.rounds, |groups, _| {
                let path = format!(
                    "/api/organizations/{}/groups?{}",
                    org(groups),
                    query(groups)
                );
                mock.ask("GET", &path, None, 200)
            });
            line(&format!("{sort}, {page}"), request);
            let store = in_turns(&scale.groups, scale.rounds, |groups, _| {
                mock.look(&org(groups), &query(groups))
            });
            line("  of it the store", store);
        }
    }
}

/// A get is flat; a create and a delete grow with the depth of the trees, the logarithm.
fn one_group(mock: &Mock, scale: &Scale, ids: &[Vec<String>; 3]) {
    println!("\none group");
    header(&scale.groups, "groups");
    let path = |groups: usize, id: &str| format!("/api/organizations/{}/groups{id}", org(groups));
    let of = |groups: usize, turn: usize| {
        let size = scale.groups.iter().position(|size| *size == groups);
        let ids = &ids[size.unwrap()];
        path(groups, &format!("/{}", ids[turn * 7_919 % ids.len()]))
    };
    let get = in_turns(&scale.groups, scale.rounds, |groups, turn| {
        mock.ask("GET", &of(groups, turn), None, 200)
    });
    line("get", get);
    let create = in_turns(&scale.groups, scale.rounds, |groups, turn| {
        let place = turn * 7_919 % groups;
        let body = json!({ "name": format!("Group {place:07} {turn}"), "description": "one more", "members": [1, 2] });
        mock.ask("POST", &path(groups, ""), Some(&body.to_string()), 201)
    });
    line("create", create);
    let rounds = scale.rounds.min(scale.groups[0]);
    let delete = in_turns(&scale.groups, rounds, |groups, turn| {
        mock.ask("DELETE", &of(groups, turn), None, 204)
    });
    line("delete", delete);
}

/// A search is linear, as it visits each group.
fn searches(mock: &Mock, scale: &Scale) {
    println!("\na search");
    header(&scale.groups, "groups");
    for (what, q) in [
        ("all match", "group"),
        ("one matches", "0000500"),
        ("none matches", "zzz"),
    ] {
        let search = in_turns(&scale.groups, scale.slow_rounds, |groups, _| {
            let path = format!("/api/organizations/{}/groups?q={q}", org(groups));
            // Unmeasured: what the search of a million before it left to be cleaned up.
            mock.ask("GET", &path, None, 200);
            mock.ask("GET", &path, None, 200)
        });
        line(what, search);
        let a_row = us(search[2]) * 1000.0 / scale.groups[2] as f64;
        println!("  {a_row:.0} ns a group at the most groups");
    }
}

/// One organization of 1,000 groups is flat, however many others there are.
fn one_organization(scale: &Scale) {
    println!(
        "\none organization of {} groups beside others",
        scale.groups[0]
    );
    header(&scale.others, "others");
    let mocks = scale.others.map(|others| {
        let mock = Mock::new();
        for other in 0..others {
            mock.fill(&format!("other{other}"), 1);
        }
        mock
    });
    let of = |others: usize| &mocks[scale.others.iter().position(|n| *n == others).unwrap()];
    let groups = scale.groups[0];
    let mut state = [vec![], vec![], vec![]];
    let reset = in_turns(&scale.others, scale.slow_rounds * 5, |others, _| {
        let mock = of(others);
        mock.fill("one", groups);
        let exported = mock.ask("GET", "/_mock/state?org=one", None, 200);
        state[scale.others.iter().position(|n| *n == others).unwrap()].push(exported);
        mock.ask("POST", "/_mock/reset?org=one", None, 204)
    });
    line("reset", reset);
    line("GET state", state.map(median));
}

impl Mock {
    fn new() -> Self {
        let config = Config::default();
        let state = AppState::new(&config, Fixture::default(), "mock:1".into()).unwrap();
        let state = Arc::new(state);
        Self {
            app: App::new(Arc::clone(&state)),
            state,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// Creates the groups one by one, as requests would; tells the slowest, and the ids.
    fn fill(&self, org: &str, groups: usize) -> (Slowest, Vec<String>) {
        let contract = Edition::March2026.contract();
        let (mut slowest, mut ids) = (Slowest::default(), Vec::with_capacity(groups));
        for i in 0..groups {
            let body = json!({ "name": format!("Group {:07}", i * 7_919 % groups), "description": "a group", "members": [1, 2], "guests": ["a@b.test"] });
            let fields: Map<_, _> = body.as_object().unwrap().clone();
            let new_id = |org: &OrgId, number| {
                GroupId::parse(&self.state.ids.id(org.as_str(), number)).unwrap()
            };
            let (started, worked) = (Instant::now(), processor_time());
            let tenants = &self.state.tenants;
            let held = tenants.find(Some(&OrgId::parse(org).unwrap()));
            let now = held.time().read().now;
            let create = |org: &mut Org| org.insert(&fields, &contract, now, new_id);
            let group = tenants.write(&held, create).unwrap();
            slowest.wall = slowest.wall.max(started.elapsed());
            slowest.processor = slowest
                .processor
                .max(processor_time().saturating_sub(worked));
            ids.push(group.id.to_string());
        }
        (slowest, ids)
    }

    /// How long a request takes, to the last byte of its answer.
    fn ask(&self, method: &str, path: &str, body: Option<&str>, status: u16) -> Duration {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "mock:1")
            .header("authorization", "Bearer t")
            .header("x-tallyfy-client", "bench")
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_owned())))
            .unwrap();
        let app = self.app.clone();
        self.runtime.block_on(async {
            let started = Instant::now();
            let response = app.oneshot(request).await.unwrap();
            assert_eq!(response.status(), status, "{method} {path}");
            black_box(response.into_body().collect().await.unwrap());
            started.elapsed()
        })
    }

    fn look(&self, org: &str, query: &str) -> Duration {
        let org = OrgId::parse(org).unwrap();
        let query = ListQuery::parse(query, PerPageCap::Hundred);
        let started = Instant::now();
        let held = self.state.tenants.find(Some(&org));
        let rows = held.org().map(|org| {
            let page = org.list(&query);
            page.items.iter().for_each(|row| {
                black_box(row.name.as_str().as_bytes().first());
            });
            page.items.len()
        });
        let elapsed = started.elapsed();
        assert_eq!(rows.unwrap(), 10);
        elapsed
    }
}

/// How long this thread has been on a core.
fn processor_time() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)
        .try_into()
        .unwrap()
}

/// The organization that holds so many groups.
fn org(groups: usize) -> String {
    format!("of{groups}")
}

/// The medians of what is measured at each size, so many times, in turns.
fn in_turns(
    sizes: &[usize; 3],
    rounds: usize,
    mut measure: impl FnMut(usize, usize) -> Duration,
) -> [Duration; 3] {
    let mut times = [vec![], vec![], vec![]];
    for round in 0..rounds {
        for (size, times) in sizes.iter().zip(&mut times) {
            times.push(measure(*size, round));
        }
    }
    times.map(median)
}

fn header(sizes: &[usize; 3], what: &str) {
    let [first, second, third] = sizes.map(|size| format!("{size} {what}"));
    println!("{:<22} {first:>20} {second:>20} {third:>20}", "");
}

fn line(what: &str, times: [Duration; 3]) {
    let [first, second, third] = times.map(us);
    let (twice, thrice) = (second / first, third / first);
    println!(
        "{what:<22} {first:>17.1} us {second:>11.1} us x{twice:<6.2} {third:>10.1} us x{thrice:<6.2}"
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
