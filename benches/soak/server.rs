//! The binary as shipped, in a process of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// A running binary. Dropping it ends it.
pub(crate) struct Server {
    child: Child,
    address: String,
    _fixtures: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(fixture: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("soak.json");
        fs::write(&file, fixture.to_string()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_tallyfy-mock"))
            .args(["--port", "0", "--set", "time_format=micros", "--fixtures"])
            .arg(&file)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        let address = ready.trim_end().rsplit('/').next().unwrap().to_owned();
        Self {
            child,
            address,
            _fixtures: folder,
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// What the system says it has in memory; 0 where it does not say.
    pub(crate) fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().split(' ').next()?.parse().ok())
            .unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
