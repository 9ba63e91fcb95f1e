//! What was asked while the command ran: a line for a person, a report for a program, and the code to end with.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

use serde_json::json;

use crate::{
    state::{AppState, Counted, Totals},
    tenant::{
        journal::{Filter, Found},
        rules::RulesLeft,
    },
};

/// How the process ends where the command succeeded and something that was demanded is not so.
const NOT_AS_REQUIRED: u8 = 3;

/// What is to be so at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Required {
    pub(super) faults_spent: bool,
    pub(super) nothing_unread: bool,
    pub(super) nothing_unmatched: bool,
}

/// The totals of the whole run; nothing that the command does to the mock makes them less.
#[derive(Debug)]
pub(super) struct Summary {
    counted: Counted,
    not_forwarded: u64,
    rules: RulesLeft,
    recorded: Found,
    is_isolated: bool,
}

impl Summary {
    pub(super) fn of(state: &AppState, totals: &Totals, is_isolated: bool) -> Self {
        Self {
            counted: totals.read(),
            not_forwarded: state.not_forwarded(),
            rules: state.tenants.rules_left(),
            recorded: state.tenants.requests(&Filter::default()),
            is_isolated,
        }
    }

    /// One line.
    pub(super) fn line(&self) -> String {
        let Counted {
            requests,
            refused,
            unmatched,
            unread,
        } = self.counted;
        let other_hosts = self.not_forwarded;
        let RulesLeft { put, left, ids } = &self.rules;
        let which = if ids.is_empty() {
            String::new()
        } else {
            format!(" ({})", ids.join(", "))
        };
        let (requested, fields) = (plural(requests, "request"), plural(unread, "field"));
        let line = format!(
            "tallyfy-mock: {requested}, {refused} refused, {unmatched} for no route, {other_hosts} for other hosts, {fields} not read, {left} of {put} rules not used up{which}"
        );
        if requests + other_hosts > 0 {
            return line;
        }
        let hint = if self.is_isolated {
            "nothing reached the mock"
        } else {
            "nothing reached the mock: a client that honours no proxy needs `--isolate`"
        };
        format!("{line}; {hint}")
    }

    /// The code to end with, where the command ended with that.
    pub(super) fn code(&self, command: u8, required: Required) -> u8 {
        let unmatched = self.counted.unmatched + self.not_forwarded;
        let is_not_so = (required.faults_spent && self.rules.left > 0)
            || (required.nothing_unread && self.counted.unread > 0)
            || (required.nothing_unmatched && unmatched > 0);
        if command == 0 && is_not_so {
            NOT_AS_REQUIRED
        } else {
            command
        }
    }

    /// Totals and journal, as JSON.
    pub(super) fn write(&self, to: File) -> io::Result<()> {
        let mut to = BufWriter::new(to);
        let Counted {
            requests,
            refused,
            unmatched,
            unread,
        } = self.counted;
        let totals = json!({
            "requests": requests,
            "refused": refused,
            "unmatched": unmatched,
            "not_forwarded": self.not_forwarded,
            "unread": unread,
            "rules": { "put": self.rules.put, "not_used_up": self.rules.left },
        });
        write!(to, "{{\"totals\":{totals},\"requests\":[")?;
        for (at, entry) in self.recorded.entries().enumerate() {
            if at > 0 {
                to.write_all(b",")?;
            }
            serde_json::to_writer(&mut to, &entry)?;
        }
        writeln!(to, "],\"dropped\":{}}}", self.recorded.dropped())?;
        to.flush()
    }
}

fn plural(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
