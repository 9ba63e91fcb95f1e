//! Times: others in the same order, written in the same way.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::{letters::DIGITS, stream::Stream, synthetic::Drawn};

/// A time as it is written, by its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    at: NaiveDateTime,
    /// What stands between date and time; nothing where there is only a date.
    between: Option<&'static str>,
    /// The digits of the fraction.
    fraction: usize,
    /// What stands after it.
    zone: &'static str,
}

impl Written {
    fn parse(text: &str) -> Option<Self> {
        let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if let Some(at) = date(text).filter(|_| text.len() == 10) {
            let at = at.and_time(chrono::NaiveTime::MIN);
            return Some(Self {
                at,
                between: None,
                fraction: 0,
                zone: "",
            });
        }
        let between = match text.as_bytes().get(10)? {
            b'T' | b't' => "T",
            b' ' => " ",
            _ => return None,
        };
        let fraction = text.get(19..)?.strip_prefix('.').unwrap_or_default();
        let fraction = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let after = text.get(19 + if fraction > 0 { fraction + 1 } else { 0 }..)?;
        let zone = match after {
            "" => "",
            "Z" | "z" => "Z",
            _ => "+00:00",
        };
        let at = if zone.is_empty() {
            NaiveDateTime::parse_from_str(
                &text.replacen([' ', 't'], "T", 1),
                "%Y-%m-%dT%H:%M:%S%.f",
            )
            .ok()?
        } else {
            DateTime::parse_from_rfc3339(text).ok()?.naive_utc()
        };
        Some(Self {
            at,
            between: Some(between),
            fraction: fraction.min(9),
            zone,
        })
    }
}

/// For each time that was read another one.
#[derive(Debug, Default)]
pub(super) struct Timeline(HashMap<NaiveDateTime, NaiveDateTime>);

impl Timeline {
    /// Times in the order of those, all in one year. `is_free` says whether a year may be shown.
    pub(super) fn of<'t>(
        texts: impl IntoIterator<Item = &'t str>,
        is_free: impl Fn(&str) -> bool,
        stream: &mut Stream,
    ) -> Self {
        let read: BTreeSet<NaiveDateTime> = texts
            .into_iter()
            .filter_map(|text| Some(Written::parse(text)?.at))
            .collect();
        // In the past, as what was read is.
        let years: Vec<i32> = (2001..=2024)
            .chain(1971..=2000)
            .filter(|year| is_free(&year.to_string()))
            .collect();
        let recent = years.iter().filter(|year| **year > 2000).count();
        let among = if recent > 0 { &years[..recent] } else { &years };
        let year = among
            .get(stream.below(among.len()))
            .copied()
            .unwrap_or(2024);
        let start = NaiveDate::from_ymd_opt(year, 1, 1)
            .unwrap_or_default()
            .and_time(chrono::NaiveTime::MIN);
        let mut seconds = stream.below(30 * 24 * 3600);
        // Between two of them at least a second, and all within 300 days.
        let widest = (2 * 300 * 24 * 3600 / read.len().max(1)).max(2) - 1;
        let times = read.into_iter().map(|at| {
            let other = start + TimeDelta::seconds(i64::try_from(seconds).unwrap_or_default());
            seconds += stream.between(1, widest.min(9 * 24 * 3600));
            (at, other)
        });
        Self(times.collect())
    }

    /// The other time, written as this one is; none if it is no time that was read.
    pub(super) fn drawn(&self, text: &str, stream: &mut Stream) -> Option<Drawn> {
        let written = Written::parse(text)?;
        let at = self.0.get(&written.at)?;
        let mut drawn = Drawn::default();
        let digits = |drawn: &mut Drawn, number: u32, width: u32| {
            for place in (0..width).rev() {
                drawn.letter(DIGITS, (number / 10_u32.pow(place) % 10) as usize);
            }
        };
        digits(&mut drawn, at.year().unsigned_abs(), 4);
        for part in [at.month(), at.day()] {
            drawn.push("-");
            digits(&mut drawn, part, 2);
        }
        let Some(between) = written.between else {
            return Some(drawn);
        };
        for (before, part) in [(between, at.hour()), (":", at.minute()), (":", at.second())] {
            drawn.push(before);
            digits(&mut drawn, part, 2);
        }
        if written.fraction > 0 {
            drawn.push(".");
            // A fraction that is nothing stays nothing; any other is random, and the same for the same time.
            for _ in 0..written.fraction {
                match written.at.nanosecond() {
                    0 => drawn.push("0"),
                    _ => drawn.random_letter(DIGITS, stream),
                }
            }
        }
        drawn.push(written.zone);
        Some(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(texts: &[&str]) -> Vec<String> {
        let mut stream = Stream::known(5);
        let timeline = Timeline::of(texts.iter().copied(), |_| true, &mut stream);
        let drawn = texts
            .iter()
            .map(|text| timeline.drawn(text, &mut stream).unwrap());
        drawn.map(|drawn| drawn.as_str().to_owned()).collect()
    }

    #[test]
    fn order_and_form_stay() {
        let texts = [
            "2019-02-03T04:05:06Z",
            "2019-02-03T04:05:07Z",
            "2020-02-03T04:05:06Z",
            "2026-12-31T23:59:59Z",
        ];
        let drawn = drawn(&texts);
        assert!(drawn.is_sorted_by(|a, b| a < b), "{drawn:?}");
        assert!(
            drawn
                .iter()
                .all(|drawn| drawn.len() == texts[0].len() && drawn.ends_with('Z')),
            "{drawn:?}"
        );
    }

    #[test]
    fn each_form_is_kept() {
        let form = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "9");
        for text in [
            "2019-02-03T04:05:06Z",
            "2019-02-03T04:05:06.000Z",
            "2019-02-03T04:05:06.123456Z",
            "2019-02-03T04:05:06+00:00",
            "2019-02-03 04:05:06",
            "2019-02-03 04:05:06.5",
            "2019-02-03",
        ] {
            let drawn = drawn(&[text]);
            assert_eq!(form(&drawn[0]), form(text));
            assert_ne!(drawn[0], text);
            assert_eq!(
                drawn[0].contains(".000"),
                text.contains(".000"),
                "{drawn:?}"
            );
        }
        assert!(
            Timeline::default()
                .drawn("soon", &mut Stream::known(1))
                .is_none()
        );
        for none in [
            "",
            "20190203",
            "2019-02-03T04:05",
            "2019-02-03X04:05:06Z",
            "2019-02-30",
            "9-2-3",
            "ÄÄÄÄÄÄÄÄÄÄ",
        ] {
            assert_eq!(Written::parse(none), None, "{none}");
        }
    }
}
