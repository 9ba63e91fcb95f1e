//! The token that another server is asked with.

use std::{ffi::OsString, fmt, io::Read};

use ureq::http::HeaderValue;

/// Where a token is looked for when nothing is said: the variables of Tallyfy's command line and of its documentation.
pub const VARIABLES: [&str; 2] = ["TALLYFY_ACCESS_TOKEN", "TALLYFY_API_TOKEN"];

/// Longer is no token: servers refuse such a header.
const LONGEST: usize = 16 * 1024;

/// A secret. It has no `Display`, and its `Debug` does not show it.
#[derive(Clone)]
pub struct Token {
    value: Box<str>,
    /// The variable that it came from, or standard input.
    origin: Box<str>,
}

impl Token {
    /// Takes the token from a variable: that one, or else the first of [`VARIABLES`] that is not empty.
    pub fn from_variables(
        named: Option<&str>,
        value_of: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, String> {
        let variables = named.as_slice();
        let variables = if variables.is_empty() {
            &VARIABLES[..]
        } else {
            variables
        };
        for variable in variables {
            let Some(value) = value_of(variable) else {
                continue;
            };
            let text = value.to_string_lossy();
            if !text.trim().is_empty() {
                return Self::new(&text, format!("the variable {variable}"));
            }
        }
        let told = variables.join(" or ");
        Err(format!(
            "there is no token; set the variable {told}, or give it to standard input with `--token-stdin`"
        ))
    }

    /// Reads the token from a stream, to its end.
    pub fn from_stream(stream: impl Read) -> Result<Self, String> {
        let mut text = Vec::new();
        // One more than may be, so that a longer one is seen.
        let read = stream.take(LONGEST as u64 + 3).read_to_end(&mut text);
        read.map_err(|error| format!("the token cannot be read from standard input: {error}"))?;
        Self::new(&String::from_utf8_lossy(&text), "standard input".to_owned())
    }

    fn new(text: &str, origin: String) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("there is no token in {origin}"));
        }
        let is_one = text.bytes().all(|byte| byte.is_ascii_graphic()) && text.len() <= LONGEST;
        if !is_one {
            return Err(format!(
                "what {origin} has is no token: expected one word of ASCII, of at most 16 KiB"
            ));
        }
        Ok(Self {
            value: text.into(),
            origin: origin.into(),
        })
    }

    /// Where it came from, for messages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The value of the header `Authorization`.
    pub(super) fn bearer(&self) -> HeaderValue {
        let value = HeaderValue::try_from(format!("Bearer {}", self.value));
        let mut value = value.expect("a token is ASCII");
        value.set_sensitive(true);
        value
    }

    /// The text, without the token where it has it.
    pub fn kept_out_of(&self, text: &str) -> String {
        text.replace(&*self.value, "…")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a token from {}", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)], named: Option<&str>) -> Result<Token, String> {
        Token::from_variables(named, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).into())
        })
    }

    #[test]
    fn the_first_variable_that_holds_something_counts() {
        let both = [
            ("TALLYFY_API_TOKEN", "b"),
            ("TALLYFY_ACCESS_TOKEN", "a"),
            ("MINE", "m"),
        ];
        assert_eq!(from(&both, None).unwrap().bearer(), "Bearer a");
        assert_eq!(from(&both[..1], None).unwrap().bearer(), "Bearer b");
        assert_eq!(from(&both, Some("MINE")).unwrap().bearer(), "Bearer m");
        let empty = [("TALLYFY_API_TOKEN", " b\n"), ("TALLYFY_ACCESS_TOKEN", " ")];
        assert_eq!(from(&empty, None).unwrap().bearer(), "Bearer b");
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_shown() {
        for (variables, named) in [
            (&[][..], None),
            (&[("MINE", "")], Some("MINE")),
            (&[("OTHER", "x")], Some("MINE")),
        ] {
            let said = from(variables, named).unwrap_err();
            assert!(
                said.contains(named.unwrap_or("TALLYFY_ACCESS_TOKEN or TALLYFY_API_TOKEN")),
                "{said}"
            );
        }
        for bad in [
            "two words",
            "line\nbreak",
            "ünicode",
            "nul\0",
            &"x".repeat(LONGEST + 1),
        ] {
            let said = from(&[("MINE", bad)], Some("MINE")).unwrap_err();
            assert!(
                said.starts_with("what the variable MINE has is no token"),
                "{said}"
            );
            assert!(!said.contains(bad), "{said}");
            let said = Token::from_stream(bad.as_bytes()).unwrap_err();
            assert!(
                said.starts_with("what standard input has is no token"),
                "{said}"
            );
        }
        assert_eq!(
            Token::from_stream(&b" a \n"[..]).unwrap().bearer(),
            "Bearer a"
        );
        assert_eq!(
            Token::from_stream(&b"\n"[..]).unwrap_err(),
            "there is no token in standard input"
        );
    }

    #[test]
    fn a_token_is_shown_nowhere() {
        let token = Token::from_stream(&b"eyJ-secret"[..]).unwrap();
        assert_eq!(
            format!("{token:?} {:?}", token.bearer()),
            "a token from standard input Sensitive"
        );
        assert_eq!(
            token.kept_out_of("it is at eyJ-secret.test"),
            "it is at ….test"
        );
    }
}
