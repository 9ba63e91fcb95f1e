//! Takes credentials out of what the journal keeps.
//!
//! `[redacted]` replaces, wherever it stands,
//! 1. the request's own token,
//! 2. a JSON Web Token,
//! 3. what follows `bearer `, and
//! 4. the value of a name that contains `token`, `secret`, `password`, `cookie`, `authorization` or `api_key`.
//!
//! A name is that of a JSON field, of a header or of a parameter, or stands in any text before `:` or `=`.
//! Where such a text shows a secret only after it is decoded, `[redacted]` replaces the text.
//! Where a body that is not JSON has such a name without a value, `[redacted]` replaces the body: the value may be
//! anywhere in it.

mod decode;
#[cfg(test)]
mod properties;
mod secrets;
mod signs;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wide;

use std::{borrow::Cow, sync::OnceLock};

use memchr::{memchr, memchr2, memchr3, memmem::Finder};
use serde_json::Value;

pub use self::secrets::REDACTED;
use super::shared::JournalLimits;

/// Redacts one request and its answer. Takes time linear in their length, whatever they hold.
#[derive(Debug, Clone)]
pub struct Redactor<'a> {
    /// The request's own token; empty if there is none.
    token: &'a str,
    /// Finds the end of the token. Most texts do not have that either.
    ///
    /// To prepare the search takes time linear in what is sought: with all of a token of 900 bytes, the size of real ones, a get
    /// took 2.5 times as many instructions (2026-11-26).
    end: Option<Finder<'a>>,
    /// Finds the token. It is prepared when it is needed.
    whole: OnceLock<Finder<'static>>,
    /// Whether the token has characters that JSON escapes or that look like an escape.
    is_escaped: bool,
}

impl<'a> Redactor<'a> {
    /// A shorter token is too likely to be a word like any other.
    pub const SHORTEST_TOKEN: usize = 8;
    /// The bytes of a token's end that are sought first.
    const END: usize = 32;

    /// `token` is the request's own.
    pub fn new(token: Option<&'a str>) -> Self {
        let token = token.filter(|token| token.len() >= Self::SHORTEST_TOKEN);
        let end = |token: &'a str| &token.as_bytes()[token.len().saturating_sub(Self::END)..];
        let is_escaped = |token: &str| memchr3(b'"', b'\\', b'%', token.as_bytes()).is_some();
        Self {
            token: token.unwrap_or_default(),
            end: token.map(|token| Finder::new(end(token))),
            whole: OnceLock::new(),
            is_escaped: token.is_some_and(is_escaped),
        }
    }

    /// The redactor for what an organization keeps of itself: its id is no secret there, even where it is the token.
    pub(super) fn within(&self, org: Option<&str>) -> Cow<'_, Self> {
        if !self.token.is_empty() && org.is_some_and(|org| org.contains(self.token)) {
            Cow::Owned(Self::new(None))
        } else {
            Cow::Borrowed(self)
        }
    }

    /// A path, or any other text.
    pub fn plain<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.text(text, false)
    }

    /// A query. Where a parameter shows a secret after it is decoded, the other parameters stay.
    pub(super) fn query<'t>(&self, query: &'t str) -> Cow<'t, str> {
        // As if unparsed, since a parameter's name may go on with any character: `token(1)=a`. Most queries end here.
        if self.text(query, true) == query {
            return query.into();
        }
        let parameter = |text: &str| match text.split_once('=') {
            Some((name, value)) => format!(
                "{}={}",
                self.plain(name),
                self.value(name, value.as_bytes())
            ),
            None => self.plain(text).into_owned(),
        };
        let parameters: Vec<_> = query.split('&').map(parameter).collect();
        // The token may have `&` or `=` in it: no parameter holds all of such a token.
        self.plain(&parameters.join("&")).into_owned().into()
    }

    /// Appends method, path, query and headers, and returns where in this the first three end. A header is `name`,
    /// NUL, `value` and newline; no header has NUL or newline in it.
    pub(super) fn head(
        &self,
        [method, path, query]: [&str; 3],
        headers: &mut dyn Iterator<Item = (&str, &[u8])>,
        out: &mut Vec<u8>,
    ) -> [usize; 3] {
        let start = out.len();
        let ends = [self.plain(method), self.plain(path), self.query(query)].map(|part| {
            out.extend_from_slice(part.as_bytes());
            out.len() - start
        });
        for (name, value) in headers {
            let (shown, value) = (self.header_name(name), self.value(name, value));
            for part in [shown, "\0", &value, "\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        ends
    }

    /// The token is sought in lower case, which is how names of headers arrive here.
    fn header_name<'n>(&self, name: &'n str) -> &'n str {
        let may_hold = (1..=name.len()).contains(&self.token.len());
        if may_hold && name.contains(&*self.token.to_ascii_lowercase()) {
            REDACTED
        } else {
            name
        }
    }

    /// The value of a header or of a parameter. Of credentials, the scheme is shown.
    fn value<'t>(&self, name: &str, value: &'t [u8]) -> Cow<'t, str> {
        if secrets::names_secret(name) {
            let scheme = memchr(b' ', value).and_then(|end| str::from_utf8(&value[..end]).ok());
            return match scheme.filter(|word| is_scheme(word)) {
                Some(scheme) => [scheme, " ", REDACTED].concat().into(),
                None => REDACTED.into(),
            };
        }
        match str::from_utf8(value) {
            Ok(text) => self.plain(text),
            Err(_) => self
                .plain(&String::from_utf8_lossy(value))
                .into_owned()
                .into(),
        }
    }

    /// A body. Of a long one, only the part that the journal keeps is sure to be clean.
    pub(super) fn body<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        // A token that begins in this part may end after it.
        let kept = JournalLimits::BODY_BYTES + self.token.len();
        if signs::is_harmless(&body[..body.len().min(kept)]) {
            self.clean_body(body)
        } else {
            self.rewritten(body)
        }
    }

    /// A body that [`signs::is_harmless`] has been asked about: only the request's own token is sought.
    pub(super) fn clean_body<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        if self.may_hold_token(body) {
            self.rewritten(body)
        } else {
            body.into()
        }
    }

    fn rewritten<'b>(&self, body: &'b [u8]) -> Cow<'b, [u8]> {
        let text = String::from_utf8_lossy(body);
        let shown = self.text(&text, true);
        if shown == text {
            return body.into();
        }
        // JSON is written anew even where its fields need no change: of a repeated name, only the last one is kept.
        let json = serde_json::from_slice(body).map(|json| self.json("", json).to_string());
        let shown = json.unwrap_or_else(|_| shown.into_owned());
        shown.into_bytes().into()
    }

    /// A JSON value. `name` is that of its field, or empty.
    fn json(&self, name: &str, value: Value) -> Value {
        let field = |(name, value): (String, Value)| {
            (self.plain(&name).into_owned(), self.json(&name, value))
        };
        match value {
            Value::Null => value,
            _ if secrets::names_secret(name) => REDACTED.into(),
            Value::Number(it) if self.may_hold_token(it.to_string().as_bytes()) => REDACTED.into(),
            Value::Bool(_) | Value::Number(_) => value,
            Value::String(text) => self.plain(&text).into(),
            Value::Array(items) => items.into_iter().map(|it| self.json("", it)).collect(),
            Value::Object(fields) => fields.into_iter().map(field).collect(),
        }
    }

    /// Any text. `is_unparsed`: a name without a value stands for a value that may be anywhere.
    fn text<'t>(&self, text: &'t str, is_unparsed: bool) -> Cow<'t, str> {
        if self.is_clean(text.as_bytes()) {
            return text.into();
        }
        let shown = self.as_written(text, is_unparsed);
        if self.may_hold_token(shown.as_bytes())
            || decode::hides(&shown, |text| self.as_written(text, is_unparsed) != text)
        {
            REDACTED.into()
        } else {
            shown.into()
        }
    }

    /// The text without the secrets that it shows as it is written. What was redacted stays as it is.
    fn as_written(&self, text: &str, is_unparsed: bool) -> String {
        let mut secrets: Vec<_> = secrets::jwts(text)
            .chain(secrets::values(text, is_unparsed))
            .collect();
        if !self.token.is_empty() {
            let tokens = self.whole().find_iter(text.as_bytes());
            secrets.extend(tokens.map(|at| at..at + self.token.len()));
        }
        secrets.sort_by_key(|secret| secret.start);
        let mut shown = String::with_capacity(text.len());
        let mut end = 0;
        for secret in secrets {
            // They may overlap: a JSON Web Token may follow `bearer `.
            if secret.start >= end {
                shown.extend([&text[end..secret.start], REDACTED]);
            }
            end = end.max(secret.end);
        }
        shown + &text[end..]
    }

    /// Most texts are, and cost no more than this.
    fn is_clean(&self, bytes: &[u8]) -> bool {
        !self.may_hold_token(bytes) && signs::is_harmless(bytes)
    }

    /// Whether the token is in the bytes, or could be in them in an escaped form that decoding would break.
    fn may_hold_token(&self, bytes: &[u8]) -> bool {
        let end = self.end.as_ref();
        end.is_some_and(|end| end.find(bytes).is_some() && self.whole().find(bytes).is_some())
            || self.is_escaped && memchr2(b'%', b'\\', bytes).is_some()
    }

    fn whole(&self) -> &Finder<'static> {
        self.whole
            .get_or_init(|| Finder::new(self.token).into_owned())
    }
}

/// Whether this is a scheme of `Authorization`. Any other first word may be the secret itself.
fn is_scheme(word: &str) -> bool {
    let known = ["bearer", "basic", "digest", "token", "apikey", "negotiate"];
    known.iter().any(|known| known.eq_ignore_ascii_case(word))
}
