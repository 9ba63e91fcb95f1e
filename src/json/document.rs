//! A document as a whole: what [`serde_json`] reads, with the keys noted that are given more than once.

use std::{collections::BTreeMap, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map::Entry};

use super::{Path, Problems, note};

/// Reads a document as [`serde_json::from_slice`] does, and notes each key that an object has more
/// than once; its last value counts.
pub(crate) fn parse(text: &[u8], problems: &mut Problems) -> serde_json::Result<Value> {
    let mut repeated = Repeated::default();
    let mut document = serde_json::Deserializer::from_slice(text);
    let part = Part {
        at: &Path::Root,
        repeated: &mut repeated,
    };
    let value = part.deserialize(&mut document)?;
    document.end()?;
    problems.append(&mut repeated.noted);
    if repeated.others > 0 {
        let message = format!("and {} more keys are given twice", repeated.others);
        note(problems, &Path::Root, message);
    }
    Ok(value)
}

/// Keys that are given more than once. A short document can have very many, so only the first ones
/// are noted one by one.
#[derive(Default)]
struct Repeated {
    noted: Problems,
    others: usize,
}

impl Repeated {
    const NOTED: usize = 100;

    fn note(&mut self, at: &Path<'_>, times: usize) {
        if self.noted.len() == Self::NOTED {
            self.others += 1;
        } else if times == 2 {
            note(&mut self.noted, at, "is given twice");
        } else {
            note(&mut self.noted, at, format!("is given {times} times"));
        }
    }
}

/// A part of a document that is still to be read.
struct Part<'a> {
    at: &'a Path<'a>,
    repeated: &'a mut Repeated,
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, part: D) -> Result<Value, D::Error> {
        part.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(bool.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Part {
            at: &self.at.index(values.len()),
            repeated: self.repeated,
        })? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        let mut times = BTreeMap::new();
        while let Some(key) = object.next_key::<String>()? {
            if key == ARBITRARY_NUMBER {
                let number: String = object.next_value()?;
                let number = number.parse().map(Value::Number);
                return number.map_err(A::Error::custom);
            }
            let value = object.next_value_seed(Part {
                at: &self.at.key(&key),
                repeated: self.repeated,
            })?;
            match fields.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(mut place) => {
                    *times.entry(place.key().clone()).or_insert(1) += 1;
                    place.insert(value);
                }
            }
        }
        for (key, times) in times {
            self.repeated.note(&self.at.key(&key), times);
        }
        Ok(Value::Object(fields))
    }
}

/// How `serde_json` hands over a number where a program that embeds the mock has its feature
/// `arbitrary_precision` on.
const ARBITRARY_NUMBER: &str = "$serde_json::private::Number";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Value, Vec<String>) {
        let mut problems = Problems::new();
        let value = parse(text.as_bytes(), &mut problems).unwrap();
        let told = problems
            .into_iter()
            .map(|(at, what)| format!("{at}: {what}"));
        (value, told.collect())
    }

    #[test]
    fn a_key_given_twice_is_noted_where_it_is_and_its_last_value_counts() {
        let (value, told) = parsed(
            r#"{"a":1,"b":[{"c":1,"c":{"d":1,"d":2}},{"c":3}],"a":{"e":[[{"f":0,"f":0,"f":1}]]},"g":{},"g":{},"g":null}"#,
        );
        assert_eq!(
            told,
            [
                "b[0].c.d: is given twice",
                "b[0].c: is given twice",
                "a.e[0][0].f: is given 3 times",
                "a: is given twice",
                "g: is given 3 times",
            ]
        );
        let last = serde_json::json!({"a":{"e":[[{"f":1}]]},"b":[{"c":{"d":2}},{"c":3}],"g":null});
        assert_eq!(value, last);
        assert_eq!(parsed(r#"{"a":1,"\u0061":2}"#).1, ["a: is given twice"]);
        let apart = parsed(r#"{"a":{"b":1},"c":{"b":1},"A":[]}"#);
        assert!(apart.1.is_empty());
    }

    #[test]
    fn what_is_told_has_a_bound() {
        let many: Vec<String> = (0..1000)
            .map(|i| format!(r#"{{"{i}":0,"{i}":0}}"#))
            .collect();
        let (_, told) = parsed(&format!("[{}]", many.join(",")));
        assert_eq!(told.len(), 101);
        assert_eq!(told[99], "[99].99: is given twice");
        assert_eq!(told[100], ": and 900 more keys are given twice");

        // A long key above many others would be told with each of them.
        let inner: Vec<String> = (0..100).map(|i| format!(r#""{i}":0,"{i}":0"#)).collect();
        let long = "\u{e4}".repeat(1_000_000);
        let (_, told) = parsed(&format!(r#"{{"{long}":{{{}}}}}"#, inner.join(",")));
        assert_eq!(told.len(), 100);
        assert!(told.iter().all(|one| one.len() < 200), "{}", told[0]);
    }

    #[test]
    fn a_document_is_read_as_serde_json_reads_it() {
        for text in [
            r#"{"a":[null,true,false,0,-1,18446744073709551615,18446744073709551616,-9223372036854775808,1.5,1e300,-0.0,"x\n\ud83d\ude00"],"":{}}"#,
            "[]",
            " 1 ",
            "\"\"",
            "",
            " ",
            "[1,]",
            r#"{"a":1"#,
            r#"{"a":1}}"#,
            r#"{"a" 1}"#,
            "{1:2}",
            "nul",
            "1e999",
            "\"\u{0}\"",
            r#""\ud83d""#,
            &"[".repeat(200),
        ] {
            let ours =
                parse(text.as_bytes(), &mut Problems::new()).map_err(|error| error.to_string());
            let theirs = serde_json::from_str::<Value>(text).map_err(|error| error.to_string());
            assert_eq!(ours, theirs, "{text}");
        }
        let (number, _) = parsed(r#"{"$serde_json::private::Number":"12"}"#);
        assert_eq!(number, 12);
    }
}
