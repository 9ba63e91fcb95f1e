//! The client: a fixed number of requests over keep-alive connections, each of which sends its next
//! request when it has the answer to the last (a closed loop).
//!
//! It writes HTTP/1.1 by hand, so that it costs less than what it measures: a request is one write
//! and, as a rule, one read. A latency is the time from before the write to the last byte of the answer.

use std::{
    io,
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::scenario::Script;

/// Upper bound on one run; a server that stops answering is reported as a failure.
const PATIENCE: Duration = Duration::from_mins(10);

/// Connections and threads.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub connections: usize,
    pub threads: usize,
}

/// The measurements of a run.
#[derive(Debug)]
pub struct Outcome {
    pub wall: Duration,
    /// In nanoseconds, the shortest first.
    latencies: Vec<u64>,
}

impl Outcome {
    pub fn requests(&self) -> f64 {
        self.latencies.len() as f64
    }

    pub fn per_second(&self) -> f64 {
        self.requests() / self.wall.as_secs_f64()
    }

    /// A quantile of the latencies, in thousandths, in microseconds.
    pub fn permille_us(&self, permille: usize) -> f64 {
        let last = self.latencies.len() - 1;
        self.latencies[last * permille / 1000] as f64 / 1000.0
    }
}

/// The state that a run's connections share.
struct Job {
    script: Script,
    next: AtomicU64,
    end: u64,
    barrier: Barrier,
}

/// Sends the requests of a range of numbers.
pub fn run(
    address: SocketAddr,
    shape: Shape,
    script: Script,
    numbers: Range<u64>,
) -> Result<Outcome, String> {
    let threads = shape.threads.min(shape.connections);
    let job = Arc::new(Job {
        script,
        next: AtomicU64::new(numbers.start),
        end: numbers.end,
        barrier: Barrier::new(threads + 1),
    });
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let connections = (thread..shape.connections).step_by(threads).count();
            let job = Arc::clone(&job);
            thread::spawn(move || work(address, connections, &job))
        })
        .collect();
    job.barrier.wait();
    let started = Instant::now();
    let mut latencies = Vec::new();
    for worker in workers {
        latencies.extend(worker.join().expect("a client thread does not panic")?);
    }
    let wall = started.elapsed();
    latencies.sort_unstable();
    Ok(Outcome { wall, latencies })
}

/// One thread's connections.
fn work(address: SocketAddr, connections: usize, job: &Arc<Job>) -> Result<Vec<u64>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let opened: io::Result<Vec<_>> = (0..connections).map(|_| open(address)).collect();
    // On any failure, nobody is left waiting.
    job.barrier.wait();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let opened = opened.map_err(|error| format!("cannot connect to {address}: {error}"))?;
    let all = async {
        let mut conversations = Vec::new();
        for stream in opened {
            let stream = TcpStream::from_std(stream).map_err(|error| error.to_string())?;
            conversations.push(tokio::spawn(converse(stream, Arc::clone(job))));
        }
        let mut latencies = Vec::new();
        for conversation in conversations {
            let result = conversation.await.map_err(|error| error.to_string())?;
            latencies.append(&mut result?);
        }
        Ok(latencies)
    };
    runtime.block_on(async {
        tokio::spawn(never_asleep());
        tokio::time::timeout(PATIENCE, all)
            .await
            .unwrap_or_else(|_| Err(format!("no end after {PATIENCE:?}")))
    })
}

/// Busy-polls for answers. If the thread slept, waking it would count as CPU time of the server that answers, and a slow server
/// would wake it more often.
async fn never_asleep() {
    loop {
        tokio::task::yield_now().await;
    }
}

fn open(address: SocketAddr) -> io::Result<std::net::TcpStream> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

async fn converse(mut stream: TcpStream, job: Arc<Job>) -> Result<Vec<u64>, String> {
    let mut latencies = Vec::new();
    let mut request = Vec::with_capacity(1024);
    let mut answer = vec![0; 64 * 1024];
    loop {
        let number = job.next.fetch_add(1, Ordering::Relaxed);
        if number >= job.end {
            return Ok(latencies);
        }
        request.clear();
        let expected = job.script.write(number, &mut request);
        let started = Instant::now();
        let status = ask(&mut stream, &request, &mut answer)
            .await
            .map_err(|error| format!("request {number}: {error}"))?;
        let elapsed = started.elapsed();
        if status != expected {
            let request = String::from_utf8_lossy(&request);
            let answer = String::from_utf8_lossy(&answer[..1000]);
            return Err(format!(
                "{status} where {expected} was expected:\n{request}\n{answer}"
            ));
        }
        latencies.push(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
    }
}

/// Sends a request and reads its answer to the end.
async fn ask(stream: &mut TcpStream, request: &[u8], answer: &mut Vec<u8>) -> io::Result<u16> {
    stream.write_all(request).await?;
    let mut filled = 0;
    loop {
        if filled == answer.len() {
            answer.resize(filled * 2, 0);
        }
        let read = stream.read(&mut answer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(status) = whole(&answer[..filled])? {
            return Ok(status);
        }
    }
}

/// The status of an answer, once it is there to the end.
fn whole(answer: &[u8]) -> io::Result<Option<u16>> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(answer).map_err(io::Error::other)?;
    let (httparse::Status::Complete(head), Some(status)) = (parsed, response.code) else {
        return Ok(None);
    };
    let value = |name: &str| {
        let header = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        header.map(|header| String::from_utf8_lossy(header.value))
    };
    let is_whole = if matches!(status, 204 | 304) {
        true
    } else if let Some(length) = value("content-length") {
        let length: usize = length.trim().parse().map_err(io::Error::other)?;
        answer.len() >= head + length
    } else if value("transfer-encoding").is_some() {
        // Nothing follows it: the next request is not sent yet.
        answer.ends_with(b"0\r\n\r\n")
    } else {
        return Err(io::Error::other("an answer without a length"));
    };
    Ok(is_whole.then_some(status))
}
