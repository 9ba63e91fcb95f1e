//! Pins server and client to cores.
//!
//! If the scheduler decides, both share all cores, and the client's cost is part of every server's figure, which draws all ratios
//! towards 1. So the first half of the cores is the server's and the second half the client's, which is the cheaper of the two. On
//! a machine with two cores the server has one, sees one (tokio asks for what it may use), and runs one worker: bare axum and the
//! mock alike. The mock's log thread shares that core, which is hard on the mock, and fair. `--no-pin` leaves it to the scheduler.

use std::{fs, process::Command};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cores {
    /// As `taskset` takes them; `None` if the scheduler decides.
    pub server: Option<String>,
    /// How many the client has.
    pub client: usize,
}

impl Cores {
    /// The cores that this process may use, divided; the client's half is taken at once.
    pub fn divide(pin: bool) -> Self {
        let all = allowed();
        let shared = Self {
            server: None,
            client: 1,
        };
        if !pin || all.len() < 2 {
            return shared;
        }
        let (server, client) = all.split_at(all.len() / 2);
        let pid = std::process::id().to_string();
        let taken = Command::new("taskset")
            .args(["-a", "-c", "-p", &list(client), &pid])
            .output();
        if taken.is_ok_and(|output| output.status.success()) {
            return Self {
                server: Some(list(server)),
                client: client.len(),
            };
        }
        eprintln!("no `taskset`: client and server share all cores");
        shared
    }
}

fn list(cores: &[usize]) -> String {
    let cores: Vec<String> = cores.iter().map(usize::to_string).collect();
    cores.join(",")
}

/// What `/proc/self/status` says in the form `0-3,8`.
fn allowed() -> Vec<usize> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
        .unwrap_or_default();
    line.trim()
        .split(',')
        .filter_map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            Some(first.parse::<usize>().ok()?..=last.parse().ok()?)
        })
        .flatten()
        .collect()
}
