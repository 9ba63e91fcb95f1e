//! The client that can read and nothing else.

use serde_json::Value;

use super::{
    target::host_in,
    token::Token,
    wire::{Answer, Request, Trouble, Wire},
};
use crate::domain::id::{GroupId, OrgId};

/// What can be read. There is no other way to make a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// Who the token stands for.
    Me,
    /// The organization.
    Organization,
    /// A page of its groups.
    Groups(u64),
    /// One of its groups.
    Group(GroupId),
    /// A page of its users.
    Users(u64),
    /// A page of its guests.
    Guests(u64),
}

/// How many rows a page is asked to have: the most that list-groups documents.
pub(crate) const PER_PAGE: u64 = 100;

impl Read {
    fn path(&self, org: &OrgId) -> String {
        let page = |list: &str, page: u64| {
            format!("/organizations/{org}/{list}?page={page}&per_page={PER_PAGE}")
        };
        match self {
            Self::Me => "/me".to_owned(),
            Self::Organization => format!("/organizations/{org}"),
            Self::Groups(number) => page("groups", *number),
            Self::Group(id) => format!("/organizations/{org}/groups/{id}"),
            Self::Users(number) => page("users", *number),
            Self::Guests(number) => page("guests", *number),
        }
    }

    /// What messages call it: without an id.
    pub(crate) fn name(&self) -> String {
        let page =
            |list: &str, page: u64| format!("GET /organizations/{{org}}/{list}, page {page}");
        match self {
            Self::Me => "GET /me".to_owned(),
            Self::Organization => "GET /organizations/{org}".to_owned(),
            Self::Groups(number) => page("groups", *number),
            Self::Group(_) => "GET /organizations/{org}/groups/{id}".to_owned(),
            Self::Users(number) => page("users", *number),
            Self::Guests(number) => page("guests", *number),
        }
    }
}

/// Reads one organization.
#[derive(Debug)]
pub struct Reader {
    wire: Wire,
    token: Token,
    org: OrgId,
}

impl Reader {
    /// Reads that organization with that token.
    pub fn new(wire: Wire, token: Token, org: OrgId) -> Self {
        Self { wire, token, org }
    }

    /// The JSON of an answer of 200; any other answer is a trouble that says what to do.
    pub fn get(&mut self, what: &Read) -> Result<Value, Trouble> {
        let (name, path) = (what.name(), what.path(&self.org));
        let request = Request {
            name: &name,
            method: "GET",
            path: &path,
            token: Some(&self.token),
            headers: &[("X-Tallyfy-Client", "APIClient")],
            body: None,
        };
        let answer = self.wire.send(&request)?;
        if answer.status != 200 {
            let refused = self.refused(&answer);
            return Err(Trouble::about(&name, self.token.kept_out_of(&refused)));
        }
        parsed(&answer).map_err(|what| Trouble::about(&name, what))
    }

    /// The organization that is read.
    pub fn org(&self) -> &OrgId {
        &self.org
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u32 {
        self.wire.requests()
    }

    /// Gives back what it was made of.
    pub fn into_parts(self) -> (Wire, Token, OrgId) {
        (self.wire, self.token, self.org)
    }

    fn refused(&self, answer: &Answer) -> String {
        let status = answer.status;
        let place = self.wire.target().place();
        match status {
            401 => format!(
                "{place} refused the token (401); {} has it",
                self.token.origin()
            ),
            403 => "403: the token may not read this; `--org` says whose it is".to_owned(),
            404 => format!(
                "404: there is no such organization at {place}; `--org` says which, `--base` where"
            ),
            429 => format!("429: {place} is asked too often by this token; try later"),
            300..=399 => {
                let to = answer.header("location").and_then(host_in);
                let to = to.unwrap_or_else(|| "another place".to_owned());
                format!(
                    "{status}: {place} sends on to {to}, which is not followed; `--base` says where to ask"
                )
            }
            500.. => format!("{status}: {place} has failed; try later"),
            _ => format!("answered {status}, where 200 is known; `--base` says where to ask"),
        }
    }
}

/// Upper bound on the memory that the values of one answer take.
const MOST_MEMORY: usize = 256 * 1024 * 1024;

/// About how many bytes the values of a text take at most, if it is JSON: an object is a node of a tree with room for eleven entries.
fn memory_of(text: &[u8]) -> usize {
    text.iter().fold(0_usize, |sum, byte| {
        sum + match byte {
            b'{' => 640,
            b',' => 112,
            b'[' => 32,
            _ => 0,
        }
    })
}

fn parsed(answer: &Answer) -> Result<Value, String> {
    let body = &answer.body;
    if std::str::from_utf8(body).is_err() {
        return Err("the answer is not UTF-8, so it is no JSON".to_owned());
    }
    let begins = body.trim_ascii_start();
    if begins.is_empty() {
        return Err("the answer is empty, where JSON was expected".to_owned());
    }
    if begins.starts_with(b"<") {
        return Err(
            "the answer is a page of HTML, where JSON was expected; `--base` says where to ask"
                .to_owned(),
        );
    }
    if memory_of(body) > MOST_MEMORY {
        return Err("the answer has more values than are kept".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.to_string().contains("recursion limit") {
            "the answer is nested deeper than 127 levels".to_owned()
        } else if error.is_eof() {
            "the answer ends before its JSON does".to_owned()
        } else {
            "the answer is not JSON".to_owned()
        }
    })
}
