//! A soak test: under load with faults, whether the mock's state is what its answers said.
//!
//! `cargo bench --bench soak -- --seconds 60` starts the binary and lets 32 clients change, get and
//! list groups of 16 organizations while faults are put and removed, organizations reset and set back,
//! and state exported. Each client keeps a model of its own groups; it is compared with every answer
//! and, at the end, with all that is stored. Beside them two hostile clients do what takes memory, time and
//! places; memory stays within the bounds, and how long the others wait is told. Without `--bench`, as in CI, it takes 3 seconds.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it stops at a surprise and prints what it did"
)]

mod client;
mod hostile;
mod model;
mod random;
mod server;
#[path = "../../fuzz/src/shape.rs"]
mod shape;
mod trouble;
mod worker;

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use self::{
    hostile::Hostile,
    model::{Org, RIVALS},
    server::Server,
    trouble::Trouble,
    worker::Worker,
};

const ORGANIZATIONS: usize = 16;
/// How many threads put faults, reset and export.
const TROUBLES: usize = 4;
/// How many threads mean harm.
const HOSTILE: usize = 2;
/// How many kilobytes are resident at most, whatever hostile clients do: what all answers and all bodies take
/// together, and what is stored here.
const MOST_KB: u64 = 900 * 1024;
/// How many times the resident memory is looked at.
const LOOKS: u32 = 20;
/// Shorter runs have not filled what is bounded by the time their second half begins: that takes some 300 s (2026-11-26).
const LONG_RUN: Duration = Duration::from_secs(600);

/// Counts of what was done.
type Counts = BTreeMap<&'static str, u64>;

fn main() {
    let time = asked_time();
    let orgs: Vec<Org> = (0..ORGANIZATIONS).map(Org::new).collect();
    let server = Server::start(&model::fixture(&orgs));
    let until = Instant::now() + time;
    let (counts, mut times, resident) = thread::scope(|scope| {
        let mut threads = Vec::new();
        let mut workers = Vec::new();
        for number in 0..ORGANIZATIONS * RIVALS {
            let (org, address) = (&orgs[number % ORGANIZATIONS], server.address());
            workers.push(scope.spawn(move || Worker::new(org, number, address).run(until)));
        }
        for number in 0..HOSTILE {
            let address = server.address();
            threads.push(scope.spawn(move || Hostile::new(number, address).run(until)));
        }
        for number in 0..TROUBLES {
            let (orgs, address) = (&orgs[..], server.address());
            threads.push(scope.spawn(move || Trouble::new(orgs, number, address).run(until)));
        }
        let resident = watch(&server, time);
        let (mut counts, mut times) = (Counts::new(), Vec::new());
        let mut add = |done: Counts| {
            for (what, times) in done {
                *counts.entry(what).or_default() += times;
            }
        };
        for worker in workers {
            let (done, its_times) = worker.join().unwrap();
            add(done);
            times.extend(its_times);
        }
        for thread in threads {
            add(thread.join().unwrap());
        }
        (counts, times, resident)
    });
    Trouble::new(&orgs, 0, server.address()).check_all();
    times.sort_unstable();
    report(&counts, &times, &resident, time);
}

fn asked_time() -> Duration {
    let arguments: Vec<String> = std::env::args().collect();
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let asked = arguments
        .iter()
        .position(|argument| argument == "--seconds")
        .map(|at| arguments[at + 1].parse().unwrap());
    Duration::from_secs(asked.unwrap_or(if is_bench { 60 } else { 3 }))
}

/// The resident memory, in kilobytes, at even intervals; the first look is after the first of them.
fn watch(server: &Server, time: Duration) -> Vec<u64> {
    let look = |_| {
        thread::sleep(time / LOOKS);
        server.resident_kb()
    };
    (0..LOOKS).map(look).collect()
}

fn report(counts: &Counts, times: &[Duration], resident: &[u64], time: Duration) {
    println!("in {time:?}, and every answer and all that is stored as the model has it:");
    for (what, times) in counts {
        println!("{times:>10} {what}");
    }
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    println!(
        "{} exchanges of the clients that are not hostile: half within {:?}, 99 of 100 within {:?}, the longest {:?}",
        times.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    println!("resident, kB: {resident:?}");
    let (first, second) = resident.split_at(resident.len() / 2);
    let (before, most) = (first.iter().max().unwrap(), second.iter().max().unwrap());
    println!("most in the first half: {before}, in the second: {most}");
    assert!(*most <= MOST_KB, "memory has no bound");
    if time >= LONG_RUN {
        assert!(most * 10 <= before * 11, "memory goes on growing");
    }
}
