//! The command as a process: it has the caller's terminal, gets the signals that we get, and tells how we end.

use std::{
    io::{self, ErrorKind},
    process::ExitStatus,
};

/// What a shell ends with where it cannot find a command, or cannot run it.
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// A command that could not be started, as a shell tells it.
pub(super) fn not_started(error: &io::Error) -> u8 {
    match error.kind() {
        ErrorKind::NotFound => NOT_FOUND,
        _ => NOT_RUN,
    }
}

/// The code that a process ended with; of one that a signal ended, 128 and the signal, as in a shell.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    u8::try_from(status.code().unwrap_or(1)).unwrap_or(u8::MAX)
}

#[cfg(unix)]
pub(super) use self::unix::run;

#[cfg(not(unix))]
pub(super) fn run(command: &mut std::process::Command) -> io::Result<u8> {
    Ok(code(command.status()?))
}

#[cfg(unix)]
mod unix {
    use std::{
        io,
        process::Command,
        sync::{Arc, Mutex, PoisonError},
        thread,
    };

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::{SignalsInfo, exfiltrator::WithOrigin},
        low_level::siginfo::Cause,
    };

    use super::code;

    /// What a shell ends with after Ctrl-C.
    const INTERRUPTED: u8 = 130;

    /// A process that may be sent signals: nobody else has its id while it is not waited for.
    #[derive(Debug, Default)]
    struct Target {
        pid: Option<Pid>,
        interrupts: u32,
    }

    /// Runs a command to its end; the code to end with. Signals go to it, and a second SIGINT ends it at once.
    pub(in crate::cli::exec) fn run(command: &mut Command) -> io::Result<u8> {
        // From here on no signal ends us before it: those that come now are passed on once it runs.
        let mut signals = SignalsInfo::<WithOrigin>::new([SIGHUP, SIGINT, SIGTERM])?;
        let mut child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let target = Arc::new(Mutex::new(Target { pid, interrupts: 0 }));
        let watched = Arc::clone(&target);
        let handle = signals.handle();
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for origin in signals.forever() {
                    let mut target = watched.lock().unwrap_or_else(PoisonError::into_inner);
                    // A terminal sends its signals to all who have it, the command too.
                    let is_terminals = matches!(origin.cause, Cause::Kernel);
                    target.pass_on(origin.signal, is_terminals);
                }
            })?;
        if let Some(pid) = pid {
            let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), exited) {}
        }
        let interrupts = {
            let mut target = target.lock().unwrap_or_else(PoisonError::into_inner);
            target.pid = None;
            target.interrupts
        };
        let status = child.wait()?;
        handle.close();
        Ok(if interrupts > 1 {
            INTERRUPTED
        } else {
            code(status)
        })
    }

    impl Target {
        fn pass_on(&mut self, signal: i32, is_terminals: bool) {
            let Some(pid) = self.pid else { return };
            if signal == SIGINT {
                self.interrupts += 1;
            }
            // It may have ended meanwhile: then there is nobody to be told.
            if self.interrupts > 1 {
                let _ = kill_process(pid, Signal::KILL);
            } else if !is_terminals && let Some(signal) = Signal::from_named_raw(signal) {
                let _ = kill_process(pid, signal);
            }
        }
    }
}
