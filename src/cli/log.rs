//! Where log lines go: to stderr, by a thread of its own, so that nobody who serves ever waits for whoever reads them.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

use crate::request_log::{self, RequestLog};

/// How much waits to be written; what comes on top of it is dropped, and the drop is told.
const WAITING_BYTES: usize = 4 * 1024 * 1024;
/// How long lines are collected once some have been written. Waking the writer for each line costs those
/// who serve more than all else that the log does.
const COLLECT: Duration = Duration::from_millis(5);

/// Lines on their way to stderr.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    dropped: u64,
    /// Whether the writer is waiting to be woken.
    is_idle: bool,
}

impl Log {
    /// A log, and the thread that writes it.
    pub(super) fn start() -> io::Result<Self> {
        let log = Self(Arc::default());
        let writer = log.clone();
        thread::Builder::new()
            .name("log".into())
            .spawn(move || writer.write_for_ever(&mut io::stderr()))?;
        Ok(log)
    }

    /// Waits until everything is written, or nobody has taken any of it for so long.
    pub(super) fn finish(&self, patience: Duration) {
        let waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_busy = |waiting: &mut Waiting| !waiting.is_idle || !waiting.lines.is_empty();
        // Whether it was in time or not, the process is about to end.
        drop(
            self.0
                .changed
                .wait_timeout_while(waiting, patience, is_busy),
        );
    }

    /// The line that each request has, in this log.
    pub(super) fn of_requests(&self, format: request_log::Format) -> RequestLog {
        let log = self.clone();
        RequestLog::new(format, move |line| log.push(line))
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.lines.len() + line.len() > WAITING_BYTES {
            waiting.dropped += 1;
            return;
        }
        waiting.lines.extend_from_slice(line);
        let wakes = mem::take(&mut waiting.is_idle);
        drop(waiting);
        if wakes {
            self.0.changed.notify_all();
        }
    }

    fn write_for_ever(&self, out: &mut impl Write) {
        let mut lines = Vec::new();
        loop {
            let mut waiting = self
                .0
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            while waiting.lines.is_empty() {
                waiting.is_idle = true;
                // Whoever waits for the end hears of it.
                self.0.changed.notify_all();
                waiting = self
                    .0
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            waiting.is_idle = false;
            lines.clear();
            mem::swap(&mut lines, &mut waiting.lines);
            let dropped = mem::take(&mut waiting.dropped);
            drop(waiting);
            // Where nobody reads any more, there is nobody to tell.
            let _ = out.write_all(&lines);
            if dropped > 0 {
                let _ = writeln!(
                    out,
                    "{dropped} log lines were dropped: nobody read them in time"
                );
            }
            thread::sleep(COLLECT);
        }
    }
}

impl Write for &Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
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
