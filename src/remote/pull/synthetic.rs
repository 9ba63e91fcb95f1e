//! Values that hold nothing of what was read: there is no way to make one from a text that was.

use serde::{Serialize, Serializer};

use super::stream::Stream;

/// Text that was drawn: random letters out of alphabets, random digits, and words that stand in this program.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Drawn(String);

impl Drawn {
    /// Adds a text that stands in this program.
    pub(super) fn push(&mut self, literal: &'static str) {
        self.0.push_str(literal);
    }

    /// Adds the letter at that place of an alphabet.
    pub(super) fn letter(&mut self, alphabet: &'static [char], place: usize) {
        self.0.push(alphabet[place % alphabet.len()]);
    }

    /// Adds a random letter of an alphabet.
    pub(super) fn random_letter(&mut self, alphabet: &'static [char], stream: &mut Stream) {
        self.letter(alphabet, stream.below(alphabet.len()));
    }

    /// Adds a random number below a bound, with that many digits.
    pub(super) fn number(&mut self, below: usize, digits: usize, stream: &mut Stream) {
        let number = stream.below(below).to_string();
        let zeros = digits.saturating_sub(number.len());
        self.0.extend(std::iter::repeat_n('0', zeros));
        self.0.push_str(&number);
    }

    /// Adds another one.
    pub(super) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// The same with those of its letters in upper case whose bit is set, the first letter having the lowest bit.
    pub(super) fn with_capitals(&self, bits: u64) -> Self {
        let mut at = 0;
        let mut capital = |c: char| {
            let mut upper = c.to_uppercase();
            let (Some(one), None) = (upper.next(), upper.next()) else {
                return c;
            };
            if one == c {
                return c;
            }
            at += 1;
            if at <= 64 && bits >> (at - 1) & 1 == 1 {
                one
            } else {
                c
            }
        };
        Self(self.0.chars().map(&mut capital).collect())
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// How many characters it has.
    pub(super) fn length(&self) -> usize {
        self.0.chars().count()
    }
}

/// A number that was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Number(u64);

impl Number {
    /// A number with that many digits, at most 15, and no zero before them.
    pub(super) fn random(digits: usize, stream: &mut Stream) -> Self {
        Self(stream.number(digits))
    }

    /// Its digits.
    pub(super) fn text(self) -> String {
        self.0.to_string()
    }
}

/// That somebody owns the data and wants names to stay: the flag `--keep-names`.
#[derive(Debug, Clone, Copy)]
pub struct KeepNames(());

impl KeepNames {
    /// Names stay as they were read.
    pub fn because_they_are_mine() -> Self {
        Self(())
    }
}

/// A value of the fixture.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(super) struct Synthetic(Form);

#[derive(Debug, Clone)]
enum Form {
    Null,
    Flag(bool),
    Number(u64),
    Text(String),
    List(Vec<Synthetic>),
    Fields(Vec<(&'static str, Synthetic)>),
}

impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Fields(fields) => {
                serializer.collect_map(fields.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}

impl Synthetic {
    pub(super) fn null() -> Self {
        Self(Form::Null)
    }

    /// True or false tells nobody's name.
    pub(super) fn flag(flag: bool) -> Self {
        Self(Form::Flag(flag))
    }

    /// A count below a thousand, as it was.
    pub(super) fn small(count: u64) -> Self {
        Self(Form::Number(count % 1000))
    }

    /// A number that was drawn.
    pub(super) fn number(number: Number) -> Self {
        Self(Form::Number(number.0))
    }

    /// A word that stands in this program.
    pub(super) fn word(word: &'static str) -> Self {
        Self(Form::Text(word.to_owned()))
    }

    pub(super) fn text(text: &Drawn) -> Self {
        Self(Form::Text(text.0.clone()))
    }

    pub(super) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self(Form::List(items.into_iter().collect()))
    }

    pub(super) fn fields(fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        Self(Form::Fields(fields.into_iter().collect()))
    }

    /// A name as it was read, where its owner wants that.
    pub(super) fn kept(name: &str, _: KeepNames) -> Self {
        Self(Form::Text(name.to_owned()))
    }
}
