//! The servers under test: started, asked once, looked at from outside, ended.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The requests that a server can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any: it answers constants.
    Bare,
    /// Any on groups that were seeded.
    Mock,
    /// A get of any group.
    Peer,
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Start {
    pub kind: Kind,
    /// Its name in the table.
    pub name: String,
    pub program: String,
    /// `{port}` stands for a free port; a server that is not told one says in its first line where it is.
    pub args: Vec<String>,
    /// The cores that it may run on, as `taskset` takes them; all where there are none.
    pub cores: Option<String>,
}

/// A process that serves, until this is dropped.
#[derive(Debug)]
pub struct Server {
    pub kind: Kind,
    pub name: String,
    pub address: SocketAddr,
    process: Process,
    /// How many lines it has written to stderr.
    lines: Arc<AtomicU64>,
}

/// A process that is killed on drop.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts it and waits until it serves.
    ///
    /// Its stderr is a pipe, as in a test suite or a container, and a thread of the client's reads it:
    /// the server pays for its log what it pays there, and whether a line was lost can be counted.
    pub fn start(start: &Start) -> Result<Self, String> {
        let failed = |error: io::Error| format!("{}: {error}", start.name);
        let is_told = start.args.iter().any(|arg| arg.contains("{port}"));
        let told = is_told.then(free_address).transpose().map_err(failed)?;
        let mut process = Process(command(start, told).spawn().map_err(failed)?);
        let mut stdout = BufReader::new(process.0.stdout.take().expect("stdout is piped"));
        let stderr = process.0.stderr.take().expect("stderr is piped");
        let lines = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lines);
        thread::spawn(move || drain(stderr, &counter));
        let address = match told {
            Some(address) => {
                wait_for(address).map_err(|error| format!("{}: {error}", start.name))?
            }
            None => ready_line(&mut stdout).map_err(failed)?,
        };
        thread::spawn(move || drain(stdout, &AtomicU64::new(0)));
        Ok(Self {
            kind: start.kind,
            name: start.name.clone(),
            address,
            process,
            lines,
        })
    }

    /// Its CPU time in microseconds.
    ///
    /// The sum of its threads' own accounts (`schedstat`, in nanoseconds): `stat` counts in steps of
    /// 10 ms. A thread that has ended is missing; those of the mock and of the bare server never do.
    pub fn cpu_us(&self) -> f64 {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.0.id()));
        let threads = tasks.into_iter().flatten().flatten();
        let times = threads.filter_map(|thread| {
            let schedstat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            schedstat.split(' ').next()?.parse::<u64>().ok()
        });
        times.sum::<u64>() as f64 / 1000.0
    }

    /// Its resident memory in bytes.
    pub fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.0.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u32>().ok());
        f64::from(kib.unwrap_or_default()) * 1024.0
    }

    /// How many lines it has logged until now.
    pub fn logged(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// Waits until what it does after its last answer, the log above all, is done.
    pub fn settle(&self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut before = self.cpu_us();
        while Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
            let now = self.cpu_us();
            if now - before < 100.0 {
                return;
            }
            before = now;
        }
    }

    /// Puts groups into an organization, by the mock's own control endpoint.
    pub fn seed(&self, org: &str, groups: &str) -> Result<(), String> {
        let request = format!(
            "POST /_mock/seed?org={org} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{groups}",
            self.address,
            groups.len()
        );
        let answer =
            ask_once(self.address, request.as_bytes()).map_err(|error| error.to_string())?;
        if answer.starts_with("HTTP/1.1 204") {
            Ok(())
        } else {
            Err(format!("{}: the seed was refused: {answer}", self.name))
        }
    }
}

fn command(start: &Start, told: Option<SocketAddr>) -> Command {
    let mut command = match &start.cores {
        Some(cores) => {
            let mut command = Command::new("taskset");
            command.args(["-c", cores, &start.program]);
            command
        }
        None => Command::new(&start.program),
    };
    let port = told.map_or_else(String::new, |address| address.port().to_string());
    command
        .args(start.args.iter().map(|arg| arg.replace("{port}", &port)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The first line on stdout has the address at its end.
fn ready_line(stdout: &mut impl BufRead) -> io::Result<SocketAddr> {
    let mut ready = String::new();
    stdout.read_line(&mut ready)?;
    let address = ready.trim_end().rsplit('/').next().unwrap_or_default();
    address
        .parse()
        .map_err(|_| io::Error::other(format!("not a ready line: {ready:?}")))
}

/// A port that is free just now.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Waits until a group is answered there.
fn wait_for(address: SocketAddr) -> Result<SocketAddr, String> {
    let deadline = Instant::now() + Duration::from_mins(1);
    let request = format!(
        "GET /api/organizations/bench/groups/1 HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer any-token\r\nx-tallyfy-client: APIClient\r\nconnection: close\r\n\r\n"
    );
    loop {
        let answer = ask_once(address, request.as_bytes());
        if answer
            .as_ref()
            .is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
        {
            return Ok(address);
        }
        if Instant::now() > deadline {
            return Err(format!("no group within a minute: {answer:?}"));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// One request over a connection of its own, which the server closes after it.
pub fn ask_once(address: SocketAddr, request: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(2)))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn drain(mut stderr: impl Read, lines: &AtomicU64) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        let count = memchr::memchr_iter(b'\n', &buffer[..read]).count();
        lines.fetch_add(count as u64, Ordering::Relaxed);
    }
}
