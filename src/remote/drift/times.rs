//! How times are written, without the times.

/// Whether a key names a time, so that its text is looked at as one. A name or a description that happens to look
/// like a date is a text.
pub(super) fn is_named_by(key: &str) -> bool {
    let words = ["at", "on", "date", "time", "updated", "created"];
    key.split('_').any(|word| words.contains(&word))
}

/// The form of a time, such as `YYYY-MM-DDThh:mm:ssZ`; `None` if the text is no time in any form that is known.
pub(super) fn form(text: &str) -> Option<&'static str> {
    let (date, rest) = text.split_at_checked(10)?;
    if !is_like(date, "0000-00-00") {
        return None;
    }
    if rest.is_empty() {
        return Some("YYYY-MM-DD");
    }
    let (time, rest) = rest.split_at_checked(9)?;
    let has_t = is_like(time, "T00:00:00");
    if !has_t && !is_like(time, " 00:00:00") {
        return None;
    }
    let digits = rest.strip_prefix('.').map(|fraction| {
        let end = fraction.find(|c: char| !c.is_ascii_digit());
        end.unwrap_or(fraction.len())
    });
    let zone = &rest[digits.map_or(0, |digits| digits + 1)..];
    let has_offset = is_like(&zone.replace('-', "+"), "+00:00");
    let forms = if has_t {
        FORMS_WITH_T
    } else {
        FORMS_WITH_BLANK
    };
    let zone = match zone {
        "Z" => 0,
        "" => 2,
        _ if has_offset => 1,
        _ => return None,
    };
    let digits = match digits {
        None => 0,
        Some(3) => 1,
        Some(6) => 2,
        Some(_) => 3,
    };
    Some(forms[zone][digits])
}

/// By zone (`Z`, an offset, none), then by digits of the second's fraction (none, three, six, another number).
const FORMS_WITH_T: [[&str; 4]; 3] = [
    [
        "YYYY-MM-DDThh:mm:ssZ",
        "YYYY-MM-DDThh:mm:ss.sssZ",
        "YYYY-MM-DDThh:mm:ss.ssssssZ",
        "YYYY-MM-DDThh:mm:ss.…Z",
    ],
    [
        "YYYY-MM-DDThh:mm:ss±hh:mm",
        "YYYY-MM-DDThh:mm:ss.sss±hh:mm",
        "YYYY-MM-DDThh:mm:ss.ssssss±hh:mm",
        "YYYY-MM-DDThh:mm:ss.…±hh:mm",
    ],
    [
        "YYYY-MM-DDThh:mm:ss",
        "YYYY-MM-DDThh:mm:ss.sss",
        "YYYY-MM-DDThh:mm:ss.ssssss",
        "YYYY-MM-DDThh:mm:ss.…",
    ],
];

/// The same with a blank in the place of the `T`.
const FORMS_WITH_BLANK: [[&str; 4]; 3] = [
    [
        "YYYY-MM-DD hh:mm:ssZ",
        "YYYY-MM-DD hh:mm:ss.sssZ",
        "YYYY-MM-DD hh:mm:ss.ssssssZ",
        "YYYY-MM-DD hh:mm:ss.…Z",
    ],
    [
        "YYYY-MM-DD hh:mm:ss±hh:mm",
        "YYYY-MM-DD hh:mm:ss.sss±hh:mm",
        "YYYY-MM-DD hh:mm:ss.ssssss±hh:mm",
        "YYYY-MM-DD hh:mm:ss.…±hh:mm",
    ],
    [
        "YYYY-MM-DD hh:mm:ss",
        "YYYY-MM-DD hh:mm:ss.sss",
        "YYYY-MM-DD hh:mm:ss.ssssss",
        "YYYY-MM-DD hh:mm:ss.…",
    ],
];

/// Whether a text is the pattern's, in which `0` stands for any digit.
fn is_like(text: &str, pattern: &str) -> bool {
    let is_digit = |byte: u8, at: u8| {
        if at == b'0' {
            byte.is_ascii_digit()
        } else {
            byte == at
        }
    };
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(b, at)| is_digit(b, at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_has_its_form_and_no_text_has_one() {
        for (text, expected) in [
            ("2026-03-01T09:00:00Z", Some("YYYY-MM-DDThh:mm:ssZ")),
            ("2026-03-01T09:00:00.000Z", Some("YYYY-MM-DDThh:mm:ss.sssZ")),
            (
                "2026-03-01T09:00:00.123456Z",
                Some("YYYY-MM-DDThh:mm:ss.ssssssZ"),
            ),
            ("2026-03-01 09:00:00", Some("YYYY-MM-DD hh:mm:ss")),
            (
                "2026-03-01T09:00:00-05:00",
                Some("YYYY-MM-DDThh:mm:ss±hh:mm"),
            ),
            ("2026-03-01", Some("YYYY-MM-DD")),
            ("2026-03-01T09:00:00.1Z", Some("YYYY-MM-DDThh:mm:ss.…Z")),
            ("2026-03-01T09:00", None),
            ("2026-03-01T09:00:00 UTC", None),
            ("yyyy-MM-ddTHH:mm:ssZ", None),
            ("", None),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_name_times_by_a_word_of_theirs() {
        for key in [
            "created_at",
            "last_updated",
            "external_date_creation",
            "created_on",
        ] {
            assert!(is_named_by(key), "{key}");
        }
        for key in ["name", "timezone", "description", "format", "station"] {
            assert!(!is_named_by(key), "{key}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_form_or_none(text in "\\PC{0,40}|[0-9TZ:. -]{0,40}") {
            let _ = form(&text);
        }
    }
}
