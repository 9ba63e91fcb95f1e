//! What stands for each value that was read.

use std::collections::{HashMap, HashSet};

use super::{
    forms,
    letters::{DIGITS, HEX, LATIN, SCRIPTS, Script},
    order::{Place, pseudonyms},
    sorted::Sorted,
    stream::Stream,
    synthetic::{Drawn, KeepNames, Number, Synthetic},
    times::Timeline,
    words::{self, ReadBefore, has_read},
};
use crate::remote::{
    fields::{Kind, Known, Row},
    organization::Organization,
};

/// Time zones.
const ZONES: &[&str] = &[
    "Africa/Cairo",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Lima",
    "Asia/Dhaka",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Seoul",
    "Asia/Tokyo",
    "Australia/Perth",
    "Australia/Sydney",
    "Europe/Athens",
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Madrid",
    "Europe/Oslo",
    "Europe/Prague",
    "Europe/Vienna",
    "Pacific/Auckland",
    "Pacific/Fiji",
];
/// Differences of time zones.
const OFFSETS: &[&str] = &[
    "-08:00", "-07:00", "-06:00", "-05:00", "-04:00", "-03:00", "+01:00", "+02:00", "+03:00",
    "+05:30", "+07:00", "+08:00", "+09:00", "+10:00",
];

/// A longest name of Tallyfy's (`required|max:200`, evidence 4.3).
const LONGEST_NAME: usize = 200;
/// The longest local part of an address (RFC 5321).
const LONGEST_LOCAL: usize = 64;

/// Replaces values, each by one of its own, equal by equal.
pub(super) struct Replacing<'r> {
    stream: Stream,
    read: &'r ReadBefore<'r>,
    keep: Option<KeepNames>,
    group_names: HashMap<Box<str>, Drawn>,
    first_names: HashMap<Box<str>, Drawn>,
    last_names: HashMap<Box<str>, Drawn>,
    emails: HashMap<Box<str>, Drawn>,
    timeline: Timeline,
    ids: HashMap<Box<str>, Drawn>,
    numbers: HashMap<u64, Number>,
    /// The ids and numbers that are given.
    taken: HashSet<String>,
    /// Everything else, by what it is and its text.
    others: HashMap<(Other, Box<str>), Drawn>,
    chosen: HashMap<Box<str>, &'static str>,
}

/// What is replaced without an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Other {
    Text,
    Host,
    Segment,
    Phone,
    Ip,
    Time,
}

impl<'r> Replacing<'r> {
    /// Prepares to replace all that this organization has.
    pub(super) fn new(
        organization: &Organization,
        read: &'r ReadBefore<'r>,
        keep: Option<KeepNames>,
        mut stream: Stream,
    ) -> Self {
        let mut sorted = Sorted::default();
        organization.rows().for_each(|row| sorted.row(row));
        let is_free = |year: &str| !read.contains(year);
        let timeline = Timeline::of(sorted.times, is_free, &mut stream);
        let any = |script| script;
        let name = |place: &Place, like: &str, stream: &mut Stream| {
            words::text(like, LONGEST_NAME, Some(place), read, stream)
        };
        let group_names = pseudonyms(sorted.group_names, any, &mut stream, name);
        let first_names = pseudonyms(sorted.first_names, any, &mut stream, name);
        let last_names = pseudonyms(sorted.last_names, any, &mut stream, name);
        let mut domains: HashMap<String, Drawn> = HashMap::new();
        let address = |place: &Place, like: &str, stream: &mut Stream| {
            let (local, domain) = like.rsplit_once('@').unwrap_or((like, ""));
            let mut drawn = words::token(local, LONGEST_LOCAL, place, read, stream);
            let domain = domains.entry(domain.to_lowercase());
            drawn.push("@");
            drawn.append(domain.or_insert_with(|| forms::domain(read, stream)));
            drawn
        };
        let emails = pseudonyms(sorted.emails, in_addresses, &mut stream, address);
        Self {
            stream,
            read,
            keep,
            group_names,
            first_names,
            last_names,
            emails,
            timeline,
            ids: HashMap::new(),
            numbers: HashMap::new(),
            taken: HashSet::new(),
            others: HashMap::new(),
            chosen: HashMap::new(),
        }
    }

    /// What stands for a row.
    pub(super) fn row(&mut self, row: &Row) -> Synthetic {
        let fields = row.0.iter().map(|(key, kind, value)| match (kind, value) {
            (Kind::FullName, Known::Text(text)) => (*key, self.full_name(row, text)),
            _ => (*key, self.value(*kind, value)),
        });
        Synthetic::fields(fields.collect::<Vec<_>>())
    }

    fn value(&mut self, kind: Kind, value: &Known) -> Synthetic {
        match (kind, value) {
            (Kind::Derived, _) | (_, Known::Null) => Synthetic::null(),
            (_, Known::Flag(flag)) => Synthetic::flag(*flag),
            (_, Known::Row(row)) => self.row(row),
            (Kind::List(of), Known::List(items)) => {
                let items: Vec<_> = items.iter().map(|item| self.value(*of, item)).collect();
                Synthetic::list(items)
            }
            (_, Known::List(_)) => Synthetic::null(),
            (kind, Known::Number(number)) => match number.as_u64() {
                Some(count) if count < 1000 && matches!(kind, Kind::Count | Kind::Flag) => {
                    Synthetic::small(count)
                }
                Some(number) => Synthetic::number(self.number(number)),
                None => Synthetic::null(),
            },
            (_, Known::Text(text)) if text.is_empty() => Synthetic::word(""),
            (kind, Known::Text(text)) => self.text(kind, text),
        }
    }

    fn text(&mut self, kind: Kind, text: &str) -> Synthetic {
        let is_name = matches!(
            kind,
            Kind::GroupName | Kind::Name | Kind::FirstName | Kind::LastName
        ) || (kind == Kind::Username && !text.contains('@'));
        if let Some(keep) = self.keep.filter(|_| is_name) {
            return Synthetic::kept(text, keep);
        }
        let drawn = match kind {
            Kind::Word(words) => {
                let word = words.iter().find(|word| **word == text);
                return Synthetic::word(word.copied().unwrap_or_default());
            }
            // The usual one tells of no place.
            Kind::Zone if text == "UTC" => return Synthetic::word("UTC"),
            Kind::Offset if text == "+00:00" => return Synthetic::word("+00:00"),
            Kind::Zone => return Synthetic::word(self.choice(ZONES, text, "UTC")),
            Kind::Offset => return Synthetic::word(self.choice(OFFSETS, text, "+00:00")),
            Kind::Id | Kind::Code => self.id(text),
            Kind::GroupName => self.group_names.get(text).cloned().unwrap_or_default(),
            Kind::FirstName => self.first_names.get(text).cloned().unwrap_or_default(),
            Kind::LastName => self.last_names.get(text).cloned().unwrap_or_default(),
            Kind::Email => self.emails.get(text).cloned().unwrap_or_default(),
            Kind::Username if text.contains('@') => {
                self.emails.get(text).cloned().unwrap_or_default()
            }
            Kind::Url => self.url(text),
            Kind::Phone => self.other(Other::Phone, text, |stream| forms::phone(text, stream)),
            Kind::Ip => self.other(Other::Ip, text, |stream| forms::ip(text, stream)),
            Kind::Time => self.time(text),
            Kind::Name
            | Kind::FullName
            | Kind::Username
            | Kind::Prose
            | Kind::User
            | Kind::Flag
            | Kind::Count
            | Kind::List(_)
            | Kind::Fields(_)
            | Kind::Derived => self.prose(text),
        };
        Synthetic::text(&drawn)
    }

    /// First and last name, if that is what it is.
    fn full_name(&mut self, row: &Row, text: &str) -> Synthetic {
        if let Some(keep) = self.keep {
            return Synthetic::kept(text, keep);
        }
        let part = |key: &str| match row.get(key) {
            Some(Known::Text(part)) => &**part,
            _ => "",
        };
        let (first, last) = (part("first_name"), part("last_name"));
        if text.is_empty() || format!("{first} {last}").trim() != text {
            let drawn = self.prose(text);
            return Synthetic::text(&drawn);
        }
        let mut drawn = self.first_names.get(first).cloned().unwrap_or_default();
        if !first.is_empty() && !last.is_empty() {
            drawn.push(" ");
        }
        if let Some(last) = self.last_names.get(last) {
            drawn.append(last);
        }
        Synthetic::text(&drawn)
    }

    fn prose(&mut self, text: &str) -> Drawn {
        let read = self.read;
        self.other(Other::Text, text, |stream| {
            words::text(text, usize::MAX >> 1, None, read, stream)
        })
    }

    fn time(&mut self, text: &str) -> Drawn {
        let key = (Other::Time, text.into());
        if let Some(drawn) = self.others.get(&key) {
            return drawn.clone();
        }
        let Some(drawn) = self.timeline.drawn(text, &mut self.stream) else {
            return self.prose(text);
        };
        self.others.insert(key, drawn.clone());
        drawn
    }

    /// Draws what stands for a text, once; again where it has something in it that was read.
    pub(super) fn other(
        &mut self,
        what: Other,
        text: &str,
        draw: impl Fn(&mut Stream) -> Drawn,
    ) -> Drawn {
        let key = (what, text.into());
        if let Some(drawn) = self.others.get(&key) {
            return drawn.clone();
        }
        let mut drawn = draw(&mut self.stream);
        for _ in 0..50 {
            if !has_read(drawn.as_str(), self.read) {
                break;
            }
            drawn = draw(&mut self.stream);
        }
        self.others.insert(key, drawn.clone());
        drawn
    }

    /// One of a list that has nothing in it that was read.
    fn choice(
        &mut self,
        list: &'static [&'static str],
        text: &str,
        otherwise: &'static str,
    ) -> &'static str {
        if let Some(chosen) = self.chosen.get(text) {
            return chosen;
        }
        let fit: Vec<_> = list
            .iter()
            .filter(|item| !has_read(item, self.read))
            .collect();
        let chosen = fit
            .get(self.stream.below(fit.len()))
            .map_or(otherwise, |item| **item);
        self.chosen.insert(text.into(), chosen);
        chosen
    }

    /// A number with as many digits that stands for no other.
    fn number(&mut self, number: u64) -> Number {
        if let Some(drawn) = self.numbers.get(&number) {
            return *drawn;
        }
        let mut digits = number.to_string().len();
        let mut tries = 0;
        let drawn = loop {
            let drawn = Number::random(digits, &mut self.stream);
            let text = drawn.text();
            if !self.read.contains(text.as_str()) && !self.taken.contains(&text) {
                break drawn;
            }
            tries += 1;
            digits += usize::from(tries % 50 == 0);
        };
        self.taken.insert(drawn.text());
        self.numbers.insert(number, drawn);
        drawn
    }

    /// Whether something stands for that id.
    pub(super) fn knows_id(&self, text: &str) -> bool {
        self.ids.contains_key(text)
    }

    /// What was read.
    pub(super) fn read(&self) -> &'r ReadBefore<'r> {
        self.read
    }

    /// An id of the same form that stands for no other.
    pub(super) fn id(&mut self, text: &str) -> Drawn {
        if let Some(drawn) = self.ids.get(text) {
            return drawn.clone();
        }
        let is_hex =
            text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_number = text.bytes().all(|b| b.is_ascii_digit());
        let alphabet = if is_hex {
            HEX
        } else if is_number {
            DIGITS
        } else {
            LATIN
        };
        let mut length = text.chars().count().clamp(1, 255);
        let mut tries = 0;
        let drawn = loop {
            let mut drawn = Drawn::default();
            for _ in 0..length {
                drawn.random_letter(alphabet, &mut self.stream);
            }
            if !self.read.contains(drawn.as_str()) && !self.taken.contains(drawn.as_str()) {
                break drawn;
            }
            tries += 1;
            length += usize::from(tries % 50 == 0);
        };
        self.taken.insert(drawn.as_str().to_owned());
        self.ids.insert(text.into(), drawn.clone());
        drawn
    }
}

/// The script in which an address begins: signs begin none.
fn in_addresses(script: &'static Script) -> &'static Script {
    match script.from {
        '\0' | ':' | '[' => &SCRIPTS[1],
        '{' | '\u{80}' => &SCRIPTS[4],
        _ => script,
    }
}
