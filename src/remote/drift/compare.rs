//! Two answers to the same request, side by side: what is the same, what differs, and what cannot be told.

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    meta,
    names::{MOST_UNKNOWN, Names, UNTOLD},
    ordered::Json,
    shape::{Kind, Presence, Shape},
    sighting::Sighting,
};

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Both do the same.
    Same,
    /// They differ.
    Different,
    /// It was seen only through null or an empty list, or not on both sides.
    Unknown,
}

/// One thing that was compared, with a description of each side; no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) what: String,
    pub(super) verdict: Verdict,
    pub(super) host: String,
    pub(super) mock: String,
}

/// All that was compared of a pair of answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) checks: Vec<Check>,
    /// Objects whose keys stand in another order.
    pub(super) other_order: Vec<String>,
}

impl Compared {
    pub(super) fn different(&self) -> usize {
        let checks = self.checks.iter();
        checks.filter(|it| it.verdict == Verdict::Different).count()
    }
}

/// Compares the host's answer with the mock's.
pub(super) fn compare(host: &Sighting, mock: &Sighting, names: &Names) -> Compared {
    let mut comparing = Comparing {
        names,
        is_strict: true,
        found: Compared::default(),
    };
    let is_success = |it: &Sighting| it.facts["status"].starts_with('2');
    let is_comparable = is_success(host) == is_success(mock);
    comparing.facts(host, mock, is_comparable);
    if let (Some(host), Some(mock)) = (&host.json, &mock.json)
        && is_comparable
    {
        let rows = common_rows(host, mock);
        comparing.is_strict = !matches!(rows, Rows::Others);
        let rows = match &rows {
            Rows::Common(keys) => Some(keys),
            Rows::All | Rows::Others => None,
        };
        let (host, mock) = (Shape::of(host, rows), Shape::of(mock, rows));
        comparing.shapes("", &host, &mock);
    }
    comparing.found
}

/// Which rows of two lists are compared.
enum Rows {
    /// There is no list, or both are empty.
    All,
    /// Those that both have.
    Common(HashSet<String>),
    /// They have none in common, so that what is null in one tells nothing of the other.
    Others,
}

fn common_rows(host: &Json, mock: &Json) -> Rows {
    let keys = |json: &Json| match json.get("data") {
        Some(Json::List(rows)) => {
            let keys: HashSet<String> = rows.iter().filter_map(Json::row_key).collect();
            Some((keys, rows.len()))
        }
        _ => None,
    };
    let (Some((host, hosts)), Some((mock, mocks))) = (keys(host), keys(mock)) else {
        return Rows::All;
    };
    if hosts == 0 && mocks == 0 {
        return Rows::All;
    }
    let common: HashSet<String> = host.intersection(&mock).cloned().collect();
    if common.is_empty() {
        Rows::Others
    } else {
        Rows::Common(common)
    }
}

/// The path of a thing that is compared by its arithmetic.
fn is_compared_elsewhere(path: &str) -> bool {
    path == meta::LINKS.join(".")
}

struct Comparing<'n> {
    names: &'n Names,
    /// Whether both sides show the same rows, so that null has to be null on both.
    is_strict: bool,
    found: Compared,
}

impl Comparing<'_> {
    fn note(&mut self, what: &str, verdict: Verdict, host: &str, mock: &str) {
        self.found.checks.push(Check {
            what: what.to_owned(),
            verdict,
            host: host.to_owned(),
            mock: mock.to_owned(),
        });
    }

    fn facts(&mut self, host: &Sighting, mock: &Sighting, is_comparable: bool) {
        const UNTOLD_HERE: &str = "not to be told here";
        let all: BTreeSet<&str> = host
            .facts
            .keys()
            .chain(mock.facts.keys())
            .copied()
            .collect();
        for what in all {
            if !is_comparable && what != "status" {
                continue;
            }
            match (host.facts.get(what), mock.facts.get(what)) {
                (Some(host), Some(mock)) if host == mock => {
                    self.note(what, Verdict::Same, host, mock);
                }
                (Some(host), Some(mock)) => self.note(what, Verdict::Different, host, mock),
                (host, mock) => {
                    let word =
                        |it: Option<&String>| it.map_or(UNTOLD_HERE, String::as_str).to_owned();
                    self.note(what, Verdict::Unknown, &word(host), &word(mock));
                }
            }
        }
    }

    fn shapes(&mut self, path: &str, host: &Shape, mock: &Shape) {
        if is_compared_elsewhere(path) {
            return;
        }
        let (is_null, are_kinds) = (
            host.is_nullable == mock.is_nullable,
            host.kinds == mock.kinds,
        );
        let is_only_null = |shape: &Shape| shape.kinds.is_empty();
        let verdict = match (is_only_null(host), is_only_null(mock)) {
            (true, false) | (false, true) if self.is_strict => Verdict::Different,
            (true, _) | (_, true) => Verdict::Unknown,
            (false, false) if are_kinds && (is_null || !self.is_strict) => Verdict::Same,
            (false, false) => Verdict::Different,
        };
        let name = if path.is_empty() { "body" } else { path };
        self.note(name, verdict, &host.described(), &mock.described());
        if !host.fields.is_empty() && !mock.fields.is_empty() {
            self.note_order(name, host, mock);
        }
        if host.kinds.contains(&Kind::Object) && mock.kinds.contains(&Kind::Object) {
            self.fields(path, host, mock);
        }
        if host.kinds.contains(&Kind::List) && mock.kinds.contains(&Kind::List) {
            let path = format!("{path}[]");
            match (&host.items, &mock.items) {
                (Some(host), Some(mock)) => self.shapes(&path, host, mock),
                (host, mock) => {
                    let word = |items: &Option<Box<Shape>>| {
                        let none = || "an empty list".to_owned();
                        items.as_ref().map_or_else(none, |it| it.described())
                    };
                    self.note(&path, Verdict::Unknown, &word(host), &word(mock));
                }
            }
        }
    }

    fn fields(&mut self, path: &str, host: &Shape, mock: &Shape) {
        let all: BTreeSet<&String> = host.fields.keys().chain(mock.fields.keys()).collect();
        let unknown = all.iter().filter(|key| !self.names.is_known(key)).count();
        for key in all {
            let is_map = unknown > MOST_UNKNOWN && !self.names.is_known(key);
            let told = if is_map { UNTOLD } else { self.names.told(key) };
            let path = if path.is_empty() {
                told.to_owned()
            } else {
                format!("{path}.{told}")
            };
            if is_compared_elsewhere(&path) {
                continue;
            }
            let words = |shape: &Shape, presence| match presence {
                Presence::Never => "no such key".to_owned(),
                Presence::Sometimes => format!("at times {}", shape.fields[key].shape.described()),
                Presence::Always => shape.fields[key].shape.described(),
            };
            let (of_host, of_mock) = (host.presence(key), mock.presence(key));
            let never = [of_host, of_mock].contains(&Presence::Never);
            if of_host != of_mock && (self.is_strict || never) {
                let verdict = if self.is_strict || [of_host, of_mock].contains(&Presence::Always) {
                    Verdict::Different
                } else {
                    Verdict::Unknown
                };
                self.note(&path, verdict, &words(host, of_host), &words(mock, of_mock));
            }
            if let (Some(host), Some(mock)) = (host.fields.get(key), mock.fields.get(key)) {
                self.shapes(&path, &host.shape, &mock.shape);
            }
        }
    }

    fn note_order(&mut self, name: &str, host: &Shape, mock: &Shape) {
        let common = |one: &Shape, other: &Shape| -> Vec<String> {
            let order = one.order.iter();
            order
                .filter(|key| other.order.contains(key))
                .cloned()
                .collect()
        };
        if common(host, mock) != common(mock, host) {
            self.found.other_order.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(status: u16, body: &str) -> Sighting {
        Sighting {
            facts: [("status", status.to_string())].into(),
            json: Some(Json::parse(body.as_bytes()).unwrap()),
        }
    }

    /// What is compared of two bodies, a line each; what is the same is left out.
    fn told(host: &str, mock: &str) -> Vec<String> {
        let compared = compare(&sighting(200, host), &sighting(200, mock), &Names::new());
        let checks = compared.checks.into_iter();
        let told = checks.filter(|it| it.verdict != Verdict::Same);
        let mut lines: Vec<String> = told
            .map(|it| format!("{:?} {}: {} | {}", it.verdict, it.what, it.host, it.mock))
            .collect();
        lines.extend(compared.other_order.iter().map(|it| format!("order {it}")));
        lines
    }

    #[test]
    fn equal_shapes_are_the_same_whatever_the_values() {
        let host = r#"{"data":{"id":"a","name":"Sales","members":[1],"logo":"x"}}"#;
        let mock = r#"{"data":{"id":"b","name":"Other","members":[7,8],"logo":"y"}}"#;
        assert_eq!(told(host, mock), [""; 0]);
    }

    #[test]
    fn types_keys_and_nulls_that_differ_are_told_by_path() {
        let host = r#"{"data":[{"id":1,"name":7,"logo":null,"brand_new":1}]}"#;
        let mock = r#"{"data":[{"id":1,"name":"x","logo":"y","description":null}]}"#;
        assert_eq!(
            told(host, mock),
            [
                "Different data[].brand_new: a whole number | no such key",
                "Different data[].description: no such key | null",
                "Different data[].logo: null | a text",
                "Different data[].name: a whole number | a text",
            ]
        );
    }

    #[test]
    fn what_was_seen_only_through_null_or_an_empty_list_is_unknown() {
        let both = r#"{"data":{"logo":null,"members":[]}}"#;
        assert_eq!(
            told(both, both),
            [
                "Unknown data.logo: null | null",
                "Unknown data.members[]: an empty list | an empty list",
            ]
        );
        let mock = r#"{"data":{"logo":null,"members":[1]}}"#;
        assert_eq!(
            told(both, mock)[1],
            "Unknown data.members[]: an empty list | a whole number"
        );
    }

    #[test]
    fn rows_are_compared_with_themselves_in_whatever_order_they_come() {
        let host = r#"{"data":[{"id":1,"logo":null},{"id":2,"logo":"x"}]}"#;
        let mock = r#"{"data":[{"id":2,"logo":"x"},{"id":3,"logo":null}]}"#;
        assert_eq!(told(host, mock), [""; 0]);
        let others = r#"{"data":[{"id":3,"logo":"x"},{"id":4,"logo":"x"}]}"#;
        assert_eq!(told(host, others), [""; 0]);
        let all_null = r#"{"data":[{"id":3,"logo":null}]}"#;
        let one = r#"{"data":[{"id":4,"logo":"x"}]}"#;
        assert_eq!(told(all_null, one), ["Unknown data[].logo: null | a text"]);
    }

    #[test]
    fn a_success_beside_a_refusal_is_one_difference() {
        let (host, mock) = (
            sighting(200, r#"{"data":[]}"#),
            sighting(404, r#"{"error":true}"#),
        );
        let compared = compare(&host, &mock, &Names::new());
        assert_eq!((compared.different(), compared.checks.len()), (1, 1));
    }

    #[test]
    fn the_order_of_keys_is_a_note() {
        assert_eq!(
            told(r#"{"id":1,"name":"x"}"#, r#"{"name":"x","id":1}"#),
            ["order body"]
        );
    }

    #[test]
    fn a_map_of_data_tells_none_of_its_keys() {
        let keys: Vec<String> = (b'a'..=b'z')
            .map(|c| format!("\"{}person\":1", c as char))
            .collect();
        let host = format!(r#"{{"data":{{{}}}}}"#, keys.join(","));
        let told = told(&host, r#"{"data":{}}"#);
        assert!(
            told.iter().all(|line| line.contains("data.{…}")),
            "{told:?}"
        );
    }
}
