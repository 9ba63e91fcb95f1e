//! How far a command is: one line on a terminal, which is taken away at the end.

use std::{
    fmt,
    io::{self, IsTerminal, Write as _},
};

/// Moves to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[K";

/// The line on standard error; nothing where that is no terminal.
#[derive(Debug)]
pub(super) struct ProgressLine {
    is_terminal: bool,
    is_written: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
            is_written: false,
        }
    }

    /// Puts this in the place of what the line says.
    pub(super) fn show(&mut self, what: &impl fmt::Display) {
        if self.is_terminal {
            self.is_written = true;
            // A closed stderr is no failure.
            let _ = write!(io::stderr(), "{CLEAR}{what}");
        }
    }

    pub(super) fn clear(&self) {
        if self.is_written {
            let _ = write!(io::stderr(), "{CLEAR}");
        }
    }
}
