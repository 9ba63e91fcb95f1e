//! A whole JSON document, as [`serde_json`] parses it; duplicate keys are noted.
//!
//! The long lists of a fixture stay text and are parsed row by row: the values of all rows at once would take several times the
//! memory of the rows.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    fmt,
};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, map::Entry, value::RawValue};

use super::{Path, Problems, expected, note, object};

/// Parses a document as [`serde_json::from_slice`] does, and notes duplicate keys; the last value counts.
pub(crate) fn parse(text: &[u8], problems: &mut Problems) -> serde_json::Result<Value> {
    let document = Document::parse(text, &[])?;
    let Document {
        value, repeated, ..
    } = document;
    repeated.into_inner().tell(problems);
    Ok(value)
}

/// A document whose lists under certain keys are still text.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    /// Everything but those lists, which are empty here.
    pub(crate) value: Value,
    /// The lists, by their paths.
    lists: HashMap<String, &'t RawValue>,
    repeated: RefCell<Repeated>,
    /// How many rows of its lists may still be parsed.
    rows_left: Cell<usize>,
}

/// Upper bound on the values of a document, or of one row of its lists: they are in memory together, and take many
/// times as much there as in the text.
const MOST_VALUES: usize = 4_000_000;

impl<'t> Document<'t> {
    /// Parses a document; the lists under the keys `long` are left to [`Document::each`].
    pub(crate) fn parse(text: &'t [u8], long: &'t [&'t str]) -> serde_json::Result<Self> {
        let (mut lists, repeated) = (HashMap::new(), RefCell::default());
        let values_left = Cell::new(MOST_VALUES);
        let mut document = serde_json::Deserializer::from_slice(text);
        let part = Part {
            at: &Path::Root,
            repeated: &repeated,
            values_left: &values_left,
            long: Some(Long {
                keys: long,
                lists: &mut lists,
            }),
        };
        let value = part.deserialize(&mut document)?;
        document.end()?;
        Ok(Self {
            value,
            lists,
            repeated,
            rows_left: Cell::new(usize::MAX),
        })
    }

    /// Has no more than so many rows of its lists parsed; more are a mistake.
    pub(crate) fn with_most_rows(self, most: usize) -> Self {
        self.rows_left.set(most);
        self
    }

    /// Parses each row of a list, or of a captured answer: `{"data":[…],"meta":…}`. Absent and null are an empty list.
    pub(crate) fn each(
        &self,
        fields: &Map<String, Value>,
        key: &str,
        at: &Path<'_>,
        problems: &mut Problems,
        read: impl FnMut(&Value, &Path<'_>, &mut Problems) -> Option<()>,
    ) {
        let at = at.key(key);
        match fields.get(key) {
            None | Some(Value::Null) => {}
            Some(captured @ Value::Object(inner)) if inner.contains_key("data") => {
                object(captured, &at, &["data", "meta", "count"], problems);
                self.rows(&inner["data"], &at.key("data"), problems, read);
            }
            Some(list) => self.rows(list, &at, problems, read),
        }
    }

    fn rows(
        &self,
        list: &Value,
        at: &Path<'_>,
        problems: &mut Problems,
        mut read: impl FnMut(&Value, &Path<'_>, &mut Problems) -> Option<()>,
    ) {
        if let Some(text) = self.lists.get(&at.to_string()) {
            let rows = Rows {
                at,
                repeated: &self.repeated,
                left: &self.rows_left,
                read: |value: &Value, at: &Path<'_>| {
                    read(value, at, problems);
                },
            };
            let rows = rows.deserialize(&mut serde_json::Deserializer::from_str(text.get()));
            match rows {
                Ok(true) => {}
                Ok(false) => note(
                    problems,
                    at,
                    "has more rows than `--max-stored` has room for",
                ),
                Err(error) => note(problems, at, format!("is not JSON: {error}")),
            }
            return;
        }
        match list {
            Value::Null => {}
            Value::Array(rows) => {
                for (i, value) in rows.iter().enumerate() {
                    read(value, &at.index(i), problems);
                }
            }
            other => expected(problems, at, "a list", other),
        }
    }

    /// Reports the duplicate keys found so far.
    pub(crate) fn tell_repeated(&self, problems: &mut Problems) {
        self.repeated.take().tell(problems);
    }
}

/// The rows of a list, each parsed and dropped in turn.
struct Rows<'a, R> {
    at: &'a Path<'a>,
    repeated: &'a RefCell<Repeated>,
    left: &'a Cell<usize>,
    read: R,
}

impl<'de, R: FnMut(&Value, &Path<'_>)> DeserializeSeed<'de> for Rows<'_, R> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, list: D) -> Result<bool, D::Error> {
        list.deserialize_seq(self)
    }
}

impl<'de, R: FnMut(&Value, &Path<'_>)> Visitor<'de> for Rows<'_, R> {
    /// Whether these are all of them.
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<bool, A::Error> {
        for i in 0.. {
            let at = self.at.index(i);
            let values_left = Cell::new(MOST_VALUES);
            let row = Part {
                at: &at,
                repeated: self.repeated,
                values_left: &values_left,
                long: None,
            };
            let Some(value) = list.next_element_seed(row)? else {
                break;
            };
            let Some(left) = self.left.get().checked_sub(1) else {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(false);
            };
            self.left.set(left);
            (self.read)(&value, &at);
        }
        Ok(true)
    }
}

/// Duplicate keys. A short document can have very many, so only the first ones are noted one by one.
#[derive(Debug, Default)]
struct Repeated {
    noted: Problems,
    others: usize,
}

impl Repeated {
    const NOTED: usize = 100;

    /// Reports them before all other mistakes.
    fn tell(mut self, problems: &mut Problems) {
        if self.others > 0 {
            let message = format!("and {} more keys are given twice", self.others);
            note(&mut self.noted, &Path::Root, message);
        }
        problems.splice(0..0, self.noted);
    }

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

/// A part of a document that is still to be parsed.
struct Part<'a, 'de> {
    at: &'a Path<'a>,
    repeated: &'a RefCell<Repeated>,
    values_left: &'a Cell<usize>,
    /// `None` once everything is parsed.
    long: Option<Long<'a, 'de>>,
}

/// Which lists stay text, and the ones found so far.
struct Long<'a, 'de> {
    keys: &'a [&'a str],
    lists: &'a mut HashMap<String, &'de RawValue>,
}

impl<'a, 'de> Part<'a, 'de> {
    /// The part at a path below it.
    fn below<'b>(&'b mut self, at: &'b Path<'b>) -> Part<'b, 'de>
    where
        'a: 'b,
    {
        Part {
            at,
            repeated: self.repeated,
            values_left: self.values_left,
            long: self.long.as_mut().map(|long| Long {
                keys: long.keys,
                lists: long.lists,
            }),
        }
    }

    /// Counts one more value.
    fn count<E: Error>(&self) -> Result<(), E> {
        let left = self.values_left.get().checked_sub(1);
        let many = || E::custom(format!("it has more than {MOST_VALUES} values"));
        self.values_left.set(left.ok_or_else(many)?);
        Ok(())
    }

    /// Whether a list under a key of this part stays text.
    fn leaves(&self, key: &str) -> bool {
        let is_captured = |keys: &[&str]| {
            key == "data" && matches!(self.at, Path::Key(_, above) if keys.contains(above))
        };
        let long = self.long.as_ref();
        long.is_some_and(|long| long.keys.contains(&key) || is_captured(long.keys))
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_, 'de> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, part: D) -> Result<Value, D::Error> {
        part.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_, 'de> {
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

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        let above = self.at;
        while let Some(value) = list.next_element_seed(self.below(&above.index(values.len())))? {
            self.count()?;
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        let mut times = BTreeMap::new();
        while let Some(key) = object.next_key::<String>()? {
            if key == ARBITRARY_NUMBER {
                let number: String = object.next_value()?;
                let number = number.parse().map(Value::Number);
                return number.map_err(A::Error::custom);
            }
            self.count()?;
            let above = self.at;
            let at = above.key(&key);
            let value = if self.leaves(&key) {
                let text: &RawValue = object.next_value()?;
                let is_list = text.get().starts_with('[');
                if let Some(long) = self.long.as_mut().filter(|_| is_list) {
                    long.lists.insert(at.to_string(), text);
                    Value::Array(Vec::new())
                } else {
                    let mut text = serde_json::Deserializer::from_str(text.get());
                    let value = self.below(&at).deserialize(&mut text);
                    value.map_err(A::Error::custom)?
                }
            } else {
                object.next_value_seed(self.below(&at))?
            };
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
            self.repeated.borrow_mut().note(&self.at.key(&key), times);
        }
        Ok(Value::Object(fields))
    }
}

/// How `serde_json` represents a number if a program that embeds the mock enables its feature `arbitrary_precision`.
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

        // A long key above many others would be repeated with each of them.
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
