//! What a mock costs the test that starts it: the time of a start, and memory after a million requests.
//!
//! `cargo bench --bench embedding` prints the median of 200 starts, of their first answers and of
//! their ends, and the resident memory after every tenth of a million journalled requests.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark stops at a surprise and prints its figures"
)]

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::body::Body;
use http_body_util::BodyExt;
use tallyfy_mock::{TallyfyMock, config::Config, fixture::Fixture, http::App, state::AppState};
use tower::ServiceExt;

fn main() {
    // Without `--bench`, as in CI, it only shows that it runs.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (starts, requests) = if is_bench {
        (200, 1_000_000)
    } else {
        (3, 1_000)
    };
    starting(starts);
    memory(requests);
}

fn starting(starts: usize) {
    let (mut start, mut answer, mut end) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..starts {
        let begun = Instant::now();
        let mock = TallyfyMock::start();
        start.push(begun.elapsed());
        let mut stream = TcpStream::connect(mock.uri().strip_prefix("http://").unwrap()).unwrap();
        stream
            .write_all(b"GET /_mock/health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            .unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        answer.push(begun.elapsed());
        let begun = Instant::now();
        drop(mock);
        end.push(begun.elapsed());
    }
    let [start, answer, end] = [start, answer, end].map(median);
    println!("medians of {starts}: start {start:?}, first answer after {answer:?}, end {end:?}");
}

fn memory(requests: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let state = AppState::new(&Config::default(), Fixture::demo(), "mock:1".into()).unwrap();
    let app = App::new(Arc::new(state));
    let mut resident = Vec::new();
    println!("resident memory while {requests} requests are journalled:");
    for tenth in 1..=10 {
        runtime.block_on(async {
            for i in 0..requests / 10 {
                let request = axum::http::Request::get(format!(
                    "/api/organizations/org{}/groups?page={i}",
                    i % 64
                ))
                .header("authorization", "Bearer t")
                .header("x-tallyfy-client", "bench")
                .body(Body::empty())
                .unwrap();
                let response = app.clone().oneshot(request).await.unwrap();
                response.into_body().collect().await.unwrap();
            }
        });
        resident.push(resident_bytes());
        println!(
            "{:>10} requests {:>8.1} MiB",
            requests / 10 * tenth,
            resident[tenth - 1] / 1024.0 / 1024.0
        );
    }
    println!(
        "the last as a multiple of the second: {:.3}",
        resident[9] / resident[1]
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The resident memory of this process; 0 if the system does not tell.
fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u32 = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap_or_default();
    f64::from(pages) * 4096.0
}
