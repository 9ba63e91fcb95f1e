//! What clap refuses, said in one line: the flag, what was found, what is accepted.

use clap::{
    Command,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::environment::accepted_by;

/// The line for an error that clap found in the arguments of `command`.
pub(super) fn line(error: &clap::Error, command: &Command) -> String {
    let rendered = error.render().to_string();
    // Clap's paragraphs: what is wrong, tips, the usage, where there is help. The last two are longer than a line.
    let paragraphs = rendered.split("\n\n").map(joined);
    let said: Vec<_> = paragraphs
        .filter(|text| !text.is_empty() && !text.starts_with("Usage:"))
        .filter(|text| !text.starts_with("For more information"))
        .collect();
    let mut line = said.join("; ");
    if let Some(more) = more(error, command) {
        line.push_str(&more);
    }
    line
}

/// Whether clap lists the values that a flag takes.
fn said_what_is_valid(error: &clap::Error) -> bool {
    matches!(error.get(ContextKind::ValidValue), Some(ContextValue::Strings(values)) if !values.is_empty())
}

/// A paragraph in one line, whatever characters an argument has.
fn joined(paragraph: &str) -> String {
    let is_blank = |c: char| c.is_control() || c == ' ';
    let words = paragraph.split(is_blank).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// What would be accepted, where clap does not say it.
fn more(error: &clap::Error, command: &Command) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand if error.get(ContextKind::SuggestedSubcommand).is_none() => {
            let names = command.get_subcommands().map(Command::get_name);
            let names: Vec<_> = names.collect();
            Some(format!("; the commands are `{}`", names.join("`, `")))
        }
        ErrorKind::UnknownArgument if error.get(ContextKind::SuggestedArg).is_none() => {
            Some("; `--help` lists what there is".to_owned())
        }
        // `--port` with nothing after it.
        ErrorKind::InvalidValue
            if text(ContextKind::InvalidValue).is_none_or(str::is_empty)
                && !said_what_is_valid(error) =>
        {
            let flag = text(ContextKind::InvalidArg)?.split(' ').next()?;
            let long = flag.strip_prefix("--")?;
            let flags = command.get_subcommands().flat_map(Command::get_arguments);
            let flag = flags
                .into_iter()
                .find(|flag| flag.get_long() == Some(long))?;
            Some(format!(": {}", accepted_by(flag)?))
        }
        _ => None,
    }
}
