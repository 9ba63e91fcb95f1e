//! The host that is compared with the mock: what may be sent to it, and what is left there.

mod tidy;

pub use self::tidy::Left;
use super::{
    changes::{Change, Consent},
    ordered::{Json, values_in},
    places::encoded,
    probes::Probe,
    sighting::{AskedFor, Heard, Sighting, Unreadable},
    step::{Filled, Step},
};
use crate::remote::{Answer, Request, Token, Trouble, Wire};

/// A client that can be given a [`Probe`] and nothing else, so that it changes nothing.
#[derive(Debug)]
pub(super) struct ReadOnly {
    wire: Wire,
    token: Token,
    /// How many values the answers had.
    values: usize,
}

/// The most values of all answers together.
const MOST_VALUES: usize = 3_000_000;

/// What a host answered: what is compared, or why it cannot be.
pub(super) type Looked = Result<Sighting, Unreadable>;

impl ReadOnly {
    pub(super) fn new(wire: Wire, token: Token) -> Self {
        Self {
            wire,
            token,
            values: 0,
        }
    }

    /// Sends a probe.
    pub(super) fn look(
        &mut self,
        probe: &'static Probe,
        filled: &Filled,
    ) -> Result<Looked, Trouble> {
        let answer = self.send(&Step::Read(probe).shown(), filled)?;
        Ok(self.seen(&answer, filled))
    }

    /// Host and port.
    pub(super) fn place(&self) -> &str {
        self.wire.target().place()
    }

    /// What stands before each path.
    pub(super) fn prefix(&self) -> &str {
        self.wire.target().prefix()
    }

    pub(super) fn requests(&self) -> u32 {
        self.wire.requests()
    }

    fn send(&mut self, name: &str, filled: &Filled) -> Result<Answer, Trouble> {
        let headers = filled.headers();
        let request = Request {
            name,
            method: filled.method,
            path: &filled.path,
            token: filled.has_token().then_some(&self.token),
            headers: &headers,
            body: filled.content_type.map(|_| filled.body.as_bytes()),
        };
        let answer = self.wire.send(&request)?;
        self.values += values_in(&answer.body);
        if self.values > MOST_VALUES {
            let what = "with this answer, all answers have more values than are kept";
            return Err(Trouble::about(name, what));
        }
        Ok(answer)
    }

    fn seen(&self, answer: &Answer, filled: &Filled) -> Looked {
        let asked = AskedFor {
            method: filled.method,
            url: &self.wire.target().url(&filled.path),
        };
        Sighting::of(
            &Heard::new(answer.status, |name| answer.header(name), &answer.body),
            asked,
        )
    }
}

/// A client that may change something as well, as somebody agreed to.
#[derive(Debug)]
pub(super) struct Changing {
    pub(super) reads: ReadOnly,
    /// The paths of the groups that it made and did not delete yet.
    made: Vec<String>,
    /// Whether it sent anything that makes a group, whatever was answered.
    may_have_made: bool,
}

impl Changing {
    /// Takes over a client, for what somebody agreed to.
    pub(super) fn new(reads: ReadOnly, _: &Consent) -> Self {
        Self {
            reads,
            made: Vec::new(),
            may_have_made: false,
        }
    }

    /// Sends a change, and keeps in mind what it made.
    pub(super) fn change(
        &mut self,
        change: &'static Change,
        filled: &Filled,
    ) -> Result<Looked, Trouble> {
        self.may_have_made |= filled.method == "POST";
        let answer = self.reads.send(&Step::Change(change).shown(), filled)?;
        let seen = self.reads.seen(&answer, filled);
        if (200..300).contains(&answer.status) {
            match filled.method {
                "POST" => {
                    let id = Json::parse(&answer.body).ok().as_ref().and_then(made_in);
                    self.made
                        .extend(id.map(|id| format!("{}/{}", filled.path, encoded(&id))));
                }
                "DELETE" => self.made.retain(|path| *path != filled.path),
                _ => {}
            }
        }
        Ok(seen)
    }
}

/// The id of the group that an answer shows.
pub(super) fn made(seen: &Sighting) -> Option<String> {
    made_in(seen.json.as_ref()?)
}

fn made_in(answer: &Json) -> Option<String> {
    answer.get("data")?.id()
}
