//! The log: a thread of its own writes it to stderr, so that serving never waits for whoever reads it.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

use crate::request_log::{self, RequestLog};

/// Upper bound on bytes that wait to be written. Lines over it are dropped, and their number is logged.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// How long the writer batches lines after a write.
///
/// Each wake-up by a timer costs about 0.5 ms of the serving core, at least in a virtual machine, where a near timer makes the halts
/// between requests more expensive. Another process that only sleeps has the same effect. Over one connection, batches of 5 ms
/// leave 0.82 of the bare server's requests a second (even if nothing is written), 20 ms 0.85, 50 ms 0.90 and 200 ms 0.88
/// (2026-11-25).
const COLLECT: Duration = Duration::from_millis(50);
/// Bytes that end a batch early: a pipe takes so many at once, so that the writer need not wait for the reader in the middle of
/// a batch.
///
/// Over 32 connections, one worker fills this in 2 ms. Batches of 50 ms there put the p99 of a get at 1.9 of the bare server's
/// instead of 1.6; over one connection, nothing differs (2026-11-26).
const ENOUGH_BYTES: usize = 16 * 1024;
/// Upper bound on the time of a flush, as nobody may be reading.
const PATIENCE: Duration = Duration::from_millis(500);

/// A handle on the log.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Wakes the writer.
    due: Condvar,
    /// Wakes whoever waits for a flush.
    done: Condvar,
}

#[derive(Debug)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    writer: Writer,
    /// Set while somebody waits for a flush.
    is_urgent: bool,
}

/// The state of the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    /// Waits for a line.
    Idle,
    /// Batches: only [`ENOUGH_BYTES`] or a flush wake it.
    Collecting,
    Writing,
}

impl Log {
    /// Starts the thread that writes the log to stderr.
    pub(super) fn start() -> io::Result<Self> {
        Self::start_to(io::stderr(), COLLECT)
    }

    fn start_to(mut out: impl Write + Send + 'static, collect: Duration) -> io::Result<Self> {
        let log = Self(Arc::new(Shared {
            waiting: Mutex::new(Waiting {
                lines: Vec::new(),
                dropped: 0,
                writer: Writer::Idle,
                is_urgent: false,
            }),
            due: Condvar::new(),
            done: Condvar::new(),
        }));
        let writer = log.clone();
        thread::Builder::new()
            .name("log".into())
            .spawn(move || writer.write_for_ever(&mut out, collect))?;
        Ok(log)
    }

    /// Logs a line whatever the level.
    pub(super) fn say(&self, line: &str) {
        self.push_shown(format!("{line}\n").as_bytes());
    }

    /// The log of requests, which writes to this log.
    pub(super) fn of_requests(&self, format: request_log::Format) -> RequestLog {
        let log = self.clone();
        RequestLog::new(format, move |line| log.push(line))
    }

    /// Waits until everything is written, up to [`PATIENCE`].
    pub(super) fn flush(&self) {
        let mut waiting = self.waiting();
        waiting.is_urgent = true;
        self.0.due.notify_one();
        let is_busy =
            |waiting: &mut Waiting| waiting.writer != Writer::Idle || !waiting.lines.is_empty();
        // The outcome does not matter: after the time, the caller goes on.
        drop(self.0.done.wait_timeout_while(waiting, PATIENCE, is_busy));
    }

    /// A guard that flushes when it is dropped, so that a panic loses no line either.
    pub(super) fn flushed(&self) -> Flushed {
        Flushed(self.clone())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        let waiting = self.0.waiting.lock();
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    /// Logs a line from elsewhere than the log of requests, which escapes its own lines.
    fn push_shown(&self, line: &[u8]) {
        if line.is_ascii() {
            return self.push(line);
        }
        let text = String::from_utf8_lossy(line);
        self.push(request_log::without_unseen(&text).as_bytes());
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.lines.len() + line.len() > WAITING_BYTES {
            waiting.dropped += 1;
            return;
        }
        waiting.lines.extend_from_slice(line);
        let is_due = match waiting.writer {
            Writer::Idle => true,
            Writer::Collecting => waiting.lines.len() >= ENOUGH_BYTES,
            Writer::Writing => false,
        };
        if is_due {
            // The state changes here, so that the next line need not wake the writer again.
            waiting.writer = Writer::Writing;
            drop(waiting);
            self.0.due.notify_one();
        }
    }

    fn write_for_ever(&self, out: &mut impl Write, collect: Duration) {
        let mut lines = Vec::new();
        loop {
            let dropped = self.take(&mut lines);
            // A closed stderr is no failure.
            let _ = out.write_all(&lines);
            if dropped > 0 {
                let _ = writeln!(
                    out,
                    "{dropped} log lines were dropped: nobody read them in time"
                );
            }
            self.collect(collect);
        }
    }

    /// Waits for lines and takes all of them; returns the number dropped since the last call.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut waiting = self.waiting();
        if waiting.lines.is_empty() {
            waiting.writer = Writer::Idle;
            waiting.is_urgent = false;
            self.0.done.notify_all();
            let is_empty = |waiting: &mut Waiting| waiting.lines.is_empty();
            let woken = self.0.due.wait_while(waiting, is_empty);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.writer = Writer::Writing;
        lines.clear();
        mem::swap(lines, &mut waiting.lines);
        mem::take(&mut waiting.dropped)
    }

    /// Waits for a batch to fill.
    fn collect(&self, time: Duration) {
        let mut waiting = self.waiting();
        waiting.writer = Writer::Collecting;
        let goes_on =
            |waiting: &mut Waiting| waiting.lines.len() < ENOUGH_BYTES && !waiting.is_urgent;
        drop(self.0.due.wait_timeout_while(waiting, time, goes_on));
    }
}

/// See [`Log::flushed`].
#[derive(Debug)]
pub(super) struct Flushed(Log);

impl Drop for Flushed {
    fn drop(&mut self) {
        self.0.flush();
    }
}

impl Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push_shown(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = &'a Log;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic,
        sync::mpsc::{Receiver, SyncSender, sync_channel},
    };

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A stderr that takes a write when the test does.
    struct Pipe(SyncSender<String>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Longer than any test.
    const EVER: Duration = Duration::from_secs(3600);

    /// A log, and what is written of it; so many writes need no reader.
    fn log(collect: Duration, writes: usize) -> (Log, Receiver<String>) {
        let (sender, written) = sync_channel(writes);
        (Log::start_to(Pipe(sender), collect).unwrap(), written)
    }

    #[test]
    fn a_line_is_written_without_another() {
        let (log, written) = log(COLLECT, 0);
        for line in ["first", "second", "third"] {
            log.say(line);
            assert_eq!(written.recv_timeout(SOON).unwrap(), format!("{line}\n"));
        }
    }

    #[test]
    fn a_full_pipe_blocks_nobody_and_what_is_dropped_is_told() {
        let (log, written) = log(EVER, 0);
        let line = "x".repeat(1023);
        log.say("in the writer's hands");
        while log.waiting().writer != Writer::Writing || !log.waiting().lines.is_empty() {
            thread::yield_now();
        }
        for _ in 0..WAITING_BYTES / 1024 + 3 {
            log.say(&line);
        }
        log.flush();
        assert_eq!(
            written.recv_timeout(SOON).unwrap(),
            "in the writer's hands\n"
        );
        assert_eq!(written.recv_timeout(SOON).unwrap().len(), WAITING_BYTES);
        let mut told = String::new();
        while !told.ends_with('\n') {
            told += &written.recv_timeout(SOON).unwrap();
        }
        assert_eq!(told, "3 log lines were dropped: nobody read them in time\n");
    }

    #[test]
    fn much_is_written_before_its_time() {
        let (log, written) = log(EVER, 0);
        log.say("first");
        written.recv_timeout(SOON).unwrap();
        log.push(&vec![b'x'; ENOUGH_BYTES - 1]);
        assert!(written.recv_timeout(COLLECT).is_err());
        log.push(b"x");
        assert_eq!(written.recv_timeout(SOON).unwrap().len(), ENOUGH_BYTES);
    }

    #[test]
    fn the_end_loses_no_line_be_it_a_panic() {
        let (log, written) = log(EVER, 100);
        let ended = panic::catch_unwind(|| {
            let _flushed = log.flushed();
            for _ in 0..10 {
                log.say("line");
            }
            panic::resume_unwind(Box::new("the end"));
        });
        assert!(ended.is_err());
        let lines: String = written.try_iter().collect();
        assert_eq!(lines, "line\n".repeat(10));
    }
}
