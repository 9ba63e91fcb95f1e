//! The line that the log has of each request.
//!
//! It is on the way of every request, so it is written by hand and not through `tracing`, which has all else.

use std::{
    borrow::Cow,
    cell::RefCell,
    fmt::{self, Write},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// Where the lines go.
#[derive(Clone)]
pub struct RequestLog {
    format: Format,
    write: Arc<Writer>,
}

type Writer = dyn Fn(&[u8]) + Send + Sync;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Words for a person.
    Text {
        /// Whether the person's terminal shows colours.
        colour: bool,
    },
    /// One JSON object a line.
    Json,
}

/// What a line says; never a header or a query.
#[derive(Debug, Clone, Copy)]
pub struct RequestLine<'a> {
    /// The method.
    pub method: &'a str,
    /// The name of the operation, where the request is one.
    pub route: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub duration: Duration,
    /// The organization that the path names.
    pub org: &'a str,
    /// The path.
    pub path: &'a str,
    /// What else there is to say, such as why a request was refused.
    pub remark: Option<&'a str>,
}

impl fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLog")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl RequestLog {
    /// A log that hands each line, with the newline at its end, to `write`.
    pub fn new(format: Format, write: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        let write = Arc::new(write);
        Self { format, write }
    }

    /// Writes a line, with the machine's time.
    pub fn line(&self, line: &RequestLine<'_>) {
        thread_local! {
            static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
        }
        let at = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        TEXT.with_borrow_mut(|text| {
            text.clear();
            match self.format {
                Format::Text { colour } => line.write_text(at, colour, text),
                Format::Json => line.write_json(at, text),
            }
            text.push('\n');
            (self.write)(text.as_bytes());
        });
    }
}

impl RequestLine<'_> {
    fn write_text(&self, at: Duration, colour: bool, text: &mut String) {
        let [dim, green, plain] = if colour {
            ["\x1b[2m", "\x1b[32m", "\x1b[0m"]
        } else {
            [""; 3]
        };
        text.push_str(dim);
        push_time(text, at);
        text.extend([plain, "  ", green, "INFO", plain, " method="]);
        push_quoted(text, self.method);
        text.push_str(" route=");
        push_quoted(text, self.route);
        text.push_str(" status=");
        push_number(text, u64::from(self.status), 3);
        text.push_str(" ms=");
        let micros = self.micros();
        push_number(text, micros / 1000, 1);
        text.push('.');
        push_number(text, micros % 1000, 3);
        text.push_str(" org=");
        push_quoted(text, self.org);
        text.push_str(" path=");
        push_quoted(text, self.path);
        if let Some(remark) = self.remark {
            text.push_str(" remark=");
            push_quoted(text, remark);
        }
    }

    fn write_json(&self, at: Duration, text: &mut String) {
        let line = Json { line: self, at };
        // Only strings are its keys: nothing can go wrong.
        let json = serde_json::to_string(&line).unwrap_or_default();
        text.push_str(&without_unseen(&json));
    }

    fn micros(&self) -> u64 {
        u64::try_from((self.duration.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)
    }
}

struct Json<'a> {
    line: &'a RequestLine<'a>,
    at: Duration,
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = self.line;
        let mut timestamp = String::new();
        push_time(&mut timestamp, self.at);
        let mut json = serializer.serialize_map(None)?;
        json.serialize_entry("timestamp", &timestamp)?;
        json.serialize_entry("level", "INFO")?;
        json.serialize_entry("method", line.method)?;
        json.serialize_entry("route", line.route)?;
        json.serialize_entry("status", &line.status)?;
        json.serialize_entry("ms", &((line.duration.as_secs_f64() * 1e6).round() / 1e3))?;
        json.serialize_entry("org", line.org)?;
        json.serialize_entry("path", line.path)?;
        if let Some(remark) = line.remark {
            json.serialize_entry("remark", remark)?;
        }
        json.end()
    }
}

/// A time to the microsecond, such as `2026-01-01T00:00:00.000000Z`; the calendar is asked once a second.
fn push_time(text: &mut String, at: Duration) {
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    SECOND.with_borrow_mut(|(second, written)| {
        if *second != at.as_secs() {
            *second = at.as_secs();
            written.clear();
            let time = DateTime::<Utc>::from(UNIX_EPOCH + Duration::from_secs(*second));
            // A string takes all that is written to it.
            let _ = write!(written, "{}", time.format("%Y-%m-%dT%H:%M:%S."));
        }
        text.push_str(written);
    });
    push_number(text, u64::from(at.subsec_micros()), 6);
    text.push('Z');
}

/// A number in decimal digits, with zeros before it where it has fewer than `least`.
fn push_number(text: &mut String, mut number: u64, least: usize) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    while number > 0 || digits.len() - first < least {
        first -= 1;
        digits[first] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    text.extend(digits[first..].iter().map(|digit| char::from(*digit)));
}

/// A text in quotes; what would break the line, or the quotes, is escaped.
fn push_quoted(text: &mut String, value: &str) {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte) && !matches!(byte, b'"' | b'\\');
    if value.as_bytes().iter().all(is_plain) {
        text.extend(["\"", value, "\""]);
    } else {
        // Only a map without strings for keys cannot be written.
        let quoted = serde_json::to_string(value).unwrap_or_default();
        text.push_str(&without_unseen(&quoted));
    }
}

/// A text in which characters that cannot be seen are escaped as in JSON. Some of them clear a terminal, or turn
/// round the order in which a line is read.
pub fn without_unseen(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unseen(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // A string takes all that is written to it.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// Delete and the C1 controls, marks of direction, separators of lines, and what has no width.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const LINE: RequestLine<'static> = RequestLine {
        method: "GET",
        route: "groups.get",
        status: 404,
        duration: Duration::from_nanos(1_070_900),
        org: "acme",
        path: "/api/organizations/acme/groups/\"x\"\u{1b}",
        remark: None,
    };

    const AT: Duration = Duration::from_micros(1_767_225_600_000_042);

    fn text(line: &RequestLine<'_>, colour: bool) -> String {
        let mut text = String::new();
        line.write_text(AT, colour, &mut text);
        text
    }

    #[test]
    fn a_line_is_words_for_a_person() {
        insta::assert_snapshot!(text(&LINE, false), @r#"2026-01-01T00:00:00.000042Z  INFO method="GET" route="groups.get" status=404 ms=1.071 org="acme" path="/api/organizations/acme/groups/\"x\"\u001b""#);
        let struck = RequestLine {
            remark: Some("struck by the rule `flaky`"),
            path: "/",
            ..LINE
        };
        insta::assert_snapshot!(text(&struck, false), @r#"2026-01-01T00:00:00.000042Z  INFO method="GET" route="groups.get" status=404 ms=1.071 org="acme" path="/" remark="struck by the rule `flaky`""#);
        assert!(text(&LINE, true).starts_with(
            "\u{1b}[2m2026-01-01T00:00:00.000042Z\u{1b}[0m  \u{1b}[32mINFO\u{1b}[0m method=\"GET\""
        ));
    }

    #[test]
    fn or_one_json_object() {
        let mut json = String::new();
        RequestLine {
            remark: Some("why"),
            ..LINE
        }
        .write_json(AT, &mut json);
        insta::assert_snapshot!(json, @r#"{"timestamp":"2026-01-01T00:00:00.000042Z","level":"INFO","method":"GET","route":"groups.get","status":404,"ms":1.071,"org":"acme","path":"/api/organizations/acme/groups/\"x\"\u001b","remark":"why"}"#);
    }

    #[test]
    fn what_cannot_be_seen_is_escaped_in_both_forms() {
        let path = "/a\u{85}\u{9b}2J\u{202e}b\u{2066}c\u{200f}\u{7f}\u{e0041}\u{e9}";
        let wanted = r"/a\u0085\u009b2J\u202eb\u2066c\u200f\u007f\udb40\udc41\u{e9}"
            .replace(r"\u{e9}", "\u{e9}");
        let line = RequestLine { path, ..LINE };
        let mut json = String::new();
        line.write_json(AT, &mut json);
        for written in [text(&line, false), json.clone()] {
            assert!(written.contains(&wanted), "{written}");
            assert!(!written.contains(is_unseen), "{written}");
        }
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["path"], path);
    }

    #[test]
    fn each_line_is_handed_over_whole_and_the_seconds_go_on() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&lines);
        let log = RequestLog::new(Format::Json, move |line| {
            taken
                .lock()
                .unwrap()
                .push(String::from_utf8(line.to_vec()).unwrap());
        });
        log.line(&LINE);
        log.line(&LINE);
        let lines = lines.lock().unwrap();
        assert_eq!(lines.len(), 2);
        assert!(
            lines
                .iter()
                .all(|line| line.ends_with("}\n") && line.lines().count() == 1)
        );
        let mut later = String::new();
        push_time(&mut later, AT + Duration::from_secs(61));
        assert_eq!(later, "2026-01-01T00:01:01.000042Z");
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for (number, least, wanted) in [
            (0, 1, "0"),
            (7, 3, "007"),
            (1234, 3, "1234"),
            (u64::MAX, 1, "18446744073709551615"),
        ] {
            let mut text = String::new();
            push_number(&mut text, number, least);
            assert_eq!(text, wanted);
        }
    }
}
