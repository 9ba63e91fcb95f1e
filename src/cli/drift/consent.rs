//! Before anything is sent that does not only read, it is said and agreed to.

use std::io::{self, BufRead, IsTerminal, Write as _};

use super::{Ended, say};
use crate::remote::drift::{Consent, Plan};

/// Says what will be sent, and asks; nothing where all of it only reads.
pub(super) fn ask(plan: &Plan, is_agreed: bool, place: &str) -> Result<(), Ended> {
    if plan.consent == Consent::default() {
        return Ok(());
    }
    say(&format!(
        "beside requests that read, this sends to {place}:"
    ));
    for line in plan.announced() {
        say(&format!("  {line}"));
    }
    say(&format!(
        "Groups that it creates are named `{}`. Only they are changed, and all are deleted at the end.",
        plan.name()
    ));
    if is_agreed {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Ended::Misused(
            "there is no terminal to ask at; `--yes` agrees to what is sent".to_owned(),
        ));
    }
    let _ = write!(io::stderr(), "Send it? [y/N] ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Ended::Failed("not agreed to; nothing was sent".to_owned()))
}
