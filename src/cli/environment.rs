//! Environment variables, turned into arguments. The environment belongs to the platform: an empty variable counts as unset, and
//! one that is meant for another program is ignored with a warning.

use std::ffi::{OsStr, OsString};

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ContextValue},
    parser::ValueSource,
};

/// Variables that stand in for a flag when its own is not set. Hosting services set `PORT`.
const STAND_INS: [(&str, &str); 1] = [("port", "PORT")];

/// The environment's values for flags that were not given.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Its values as arguments, such as `--port=8255`.
    pub(super) arguments: Vec<OsString>,
    /// Pairs of a flag and the variable that its value came from.
    pub(super) origins: Vec<(String, String)>,
    /// A sentence for each value that was ignored.
    pub(super) warnings: Vec<String>,
}

impl Environment {
    /// Reads the variables of a command's flags. The error names the variable, what was found and what is accepted.
    pub(super) fn read<'a>(
        flags: impl IntoIterator<Item = &'a Arg>,
        given: &ArgMatches,
        look_up: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, String> {
        let mut environment = Self::default();
        for flag in flags {
            let is_given = given.value_source(flag.get_id().as_str());
            if is_given != Some(ValueSource::CommandLine) {
                environment.add(flag, &look_up)?;
            }
        }
        Ok(environment)
    }

    /// Takes the first variable of a flag that is set and meant for it.
    fn add(
        &mut self,
        flag: &Arg,
        look_up: &impl Fn(&str) -> Option<OsString>,
    ) -> Result<(), String> {
        let Some(long) = flag.get_long() else {
            return Ok(());
        };
        let own = flag.get_env().and_then(OsStr::to_str);
        let stand_ins = STAND_INS.iter().filter(|(of, _)| *of == long);
        for name in own.into_iter().chain(stand_ins.map(|(_, name)| *name)) {
            let Some(value) = look_up(name).filter(|value| !is_blank(value)) else {
                continue;
            };
            match arguments(flag, long, &value) {
                Ok(arguments) => {
                    self.arguments.extend(arguments);
                    self.origins.push((format!("--{long}"), name.to_owned()));
                    return Ok(());
                }
                Err(accepted) if is_address(&value) => self.warnings.push(format!(
                    "the variable {name} is left alone: '{}' looks like another program's (Kubernetes and container links set such); {accepted}",
                    shown(flag, &value)
                )),
                Err(accepted) => {
                    return Err(format!(
                        "invalid value '{}' for the variable {name}: {accepted}",
                        shown(flag, &value)
                    ));
                }
            }
        }
        Ok(())
    }

    /// A message in which flags are replaced by the variables that were set instead.
    pub(super) fn in_its_words(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for (flag, variable) in &self.origins {
            message = message.replace(&format!("`{flag}`"), &format!("`{variable}`"));
        }
        message
    }

    /// The variable that a flag's value came from.
    pub(super) fn origin(&self, flag: &str) -> Option<&str> {
        let mut origins = self.origins.iter();
        origins
            .find(|(of, _)| of == flag)
            .map(|(_, variable)| variable.as_str())
    }
}

/// Turns a variable's value into arguments; the error says what would be accepted.
fn arguments(flag: &Arg, long: &str, value: &OsStr) -> Result<Vec<OsString>, String> {
    match flag.get_action() {
        ArgAction::SetTrue => {
            let is_on = switched(&value.to_string_lossy());
            let is_on = is_on.ok_or(
                "expected one of `1`, `0`, `true`, `false`, `yes`, `no`, `on`, `off`, in any case",
            )?;
            Ok(is_on
                .then(|| format!("--{long}").into())
                .into_iter()
                .collect())
        }
        ArgAction::Append => items(value)
            .iter()
            .map(|item| argument(flag, long, item))
            .collect(),
        _ => Ok(vec![argument(flag, long, &trimmed(value))?]),
    }
}

/// Turns one value into an argument; the error says what would be accepted.
fn argument(flag: &Arg, long: &str, value: &OsStr) -> Result<OsString, String> {
    let mut argument = OsString::from(format!("--{long}="));
    argument.push(value);
    let alone = Command::new("variable").no_binary_name(true);
    match alone.arg(flag).try_get_matches_from([&argument]) {
        Ok(_) => Ok(argument),
        Err(error) => Err(accepted(&error)),
    }
}

/// What a flag accepts, in the words of its parser's error for an empty value; `None` if the parser has none.
pub(super) fn accepted_by(flag: &Arg) -> Option<String> {
    let empty = format!("--{}=", flag.get_long()?);
    let alone = Command::new("flag").no_binary_name(true);
    let error = alone.arg(flag).try_get_matches_from([empty]).err()?;
    Some(std::error::Error::source(&error)?.to_string())
}

/// The part of clap's error that says what would be accepted.
fn accepted(error: &clap::Error) -> String {
    match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => {
            format!("expected one of `{}`, in any case", values.join("`, `"))
        }
        _ => match std::error::Error::source(error) {
            Some(source) => source.to_string(),
            None => "expected UTF-8".to_owned(),
        },
    }
}

fn switched(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Some(true),
        "0" | "false" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Splits at commas; `\,` is a comma within an item. Empty items are dropped.
fn items(list: &OsStr) -> Vec<OsString> {
    let mut items = vec![Vec::new()];
    let mut bytes = list.as_encoded_bytes().iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        let item = items.last_mut().expect("there is one from the start");
        match byte {
            b'\\' if bytes.next_if_eq(&b',').is_some() => item.push(b','),
            b',' => items.push(Vec::new()),
            byte => item.push(byte),
        }
    }
    items.retain(|item| !item.trim_ascii().is_empty());
    items.into_iter().map(os_string).collect()
}

fn is_blank(value: &OsStr) -> bool {
    value.as_encoded_bytes().trim_ascii().is_empty()
}

/// Trims white space, in which a line of a file often ends.
fn trimmed(value: &OsStr) -> OsString {
    os_string(value.as_encoded_bytes().trim_ascii().to_vec())
}

/// Whether it is an address with a scheme, such as `tcp://10.0.0.1:8255`.
fn is_address(value: &OsStr) -> bool {
    let text = value.to_string_lossy();
    text.trim().split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// A value for a message: on one line, with a bound, and hidden if it is a secret.
fn shown(flag: &Arg, value: &OsStr) -> String {
    const LONGEST: usize = 60;
    if flag.is_hide_env_values_set() {
        return "[hidden]".to_owned();
    }
    let text = value.to_string_lossy();
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(unix)]
fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<OsString> {
        items(OsStr::new(text))
    }

    #[test]
    fn a_list_is_split_at_commas_that_are_not_escaped() {
        assert_eq!(list("a,b"), ["a", "b"]);
        assert_eq!(list(r"a\,b,c"), ["a,b", "c"]);
        assert_eq!(list(r"\,"), [","]);
        assert_eq!(list(r"C:\a\b,\\,"), [r"C:\a\b", r"\,"]);
        assert_eq!(list(",a,, ,b,"), ["a", "b"]);
        assert!(list("").is_empty() && list(" , ").is_empty());
    }

    #[test]
    fn an_address_has_a_scheme() {
        for address in [
            "tcp://10.0.0.1:8255",
            "UDP://[fd00::1]:53",
            " tcp://h:1\n",
            "a+b-c.1://",
        ] {
            assert!(is_address(OsStr::new(address)), "{address}");
        }
        for other in [
            "8255",
            "10.0.0.1:8255",
            "http",
            "://x",
            "1x://y",
            "a b://c",
            "",
        ] {
            assert!(!is_address(OsStr::new(other)), "{other}");
        }
    }
}
