//! An organization as it was read.

use std::collections::HashSet;

use chrono::{NaiveDateTime, SecondsFormat};
use serde_json::{Map, Value, json};

use super::{
    fields::{Kind, Known, News, Row, row},
    pages::{self, List, Object, Step},
    read::{Read, Reader},
    seen::Seen,
    tables::{GROUP, GUEST, ORGANIZATION, USER},
    wire::Trouble,
};
use crate::{
    domain::{guest::Email, id::UserId},
    json::{Path, instant},
};

/// All that was read of an organization: known fields only.
#[derive(Debug)]
pub struct Organization {
    pub(super) own: Row,
    pub(super) users: Vec<Row>,
    pub(super) guests: Vec<Row>,
    pub(super) groups: Vec<Row>,
    seen: Seen,
    news: News,
    notes: Vec<String>,
    /// Every text and number that was in an answer, known or not.
    scalars: HashSet<Box<str>>,
}

const GROUPS: List = List {
    name: "groups",
    page: Read::Groups,
    key: "id",
};
const USERS: List = List {
    name: "users",
    page: Read::Users,
    key: "id",
};
const GUESTS: List = List {
    name: "guests",
    page: Read::Guests,
    key: "email",
};

impl Organization {
    /// Reads all of it, page by page; `step` is told of each.
    pub fn read(reader: &mut Reader, step: &mut dyn FnMut(Step)) -> Result<Self, Trouble> {
        let mut scalars = HashSet::new();
        let (mut news, mut seen) = (News::default(), Seen::default());
        // Who asks comes first: it shows whether the token is good.
        let me = one(reader, &Read::Me, &mut scalars)?;
        row(&me, USER, &Path::Root.key("me"), &mut news);
        let organization = one(reader, &Read::Organization, &mut scalars)?;
        let mut own = row(
            &organization,
            ORGANIZATION,
            &Path::Root.key("organization"),
            &mut news,
        );
        own.0.retain(|(key, ..)| *key != "id");
        let id = Known::Text(reader.org().as_str().into());
        own.0.insert(0, ("id", Kind::Id, id));
        let mut list =
            |list: List| pages::all(reader, list, step, |answer| collect(answer, &mut scalars));
        let (users, _) = list(USERS)?;
        let (guests, _) = list(GUESTS)?;
        let (groups, paginations) = list(GROUPS)?;
        for group in &groups {
            seen.group(group);
        }
        for pagination in &paginations {
            seen.pagination(pagination);
        }
        let mut rows = |list: List, table, objects: &[Object]| -> Vec<Row> {
            let root = Path::Root.key(list.name);
            let objects = objects.iter().enumerate();
            let rows = objects.map(|(i, fields)| row(fields, table, &root.index(i), &mut news));
            rows.collect()
        };
        let (users, guests, groups) = (
            rows(USERS, USER, &users),
            rows(GUESTS, GUEST, &guests),
            rows(GROUPS, GROUP, &groups),
        );
        let mut read = Self {
            own,
            users,
            guests,
            groups,
            seen,
            news,
            notes: Vec::new(),
            scalars,
        };
        read.complete();
        Ok(read)
    }

    /// Where the answers had something that no table of this mock knows, and what it was, each a line. No value is in it.
    pub fn news(&self) -> impl Iterator<Item = String> {
        self.news.lines(|key| self.scalars.contains(key))
    }

    /// What a fixture cannot say as it was read, each a line.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Every text and number that was in an answer, known or not, each once.
    pub fn scalars(&self) -> impl Iterator<Item = &str> {
        self.scalars.iter().map(|scalar| &**scalar)
    }

    /// Every row, the organization's own the first.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        let lists = [&self.users, &self.guests, &self.groups];
        std::iter::once(&self.own).chain(lists.into_iter().flatten())
    }

    /// The switches of the contract that the answers tell of.
    pub(super) fn switches(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.seen.switches()
    }

    /// How many groups, users and guests there are.
    pub fn counts(&self) -> [usize; 3] {
        [self.groups.len(), self.users.len(), self.guests.len()]
    }

    /// A fixture with all that was read, unredacted: it belongs in memory only.
    pub fn fixture(&self) -> Value {
        let rows = |rows: &[Row]| rows.iter().map(Row::json).collect::<Vec<_>>();
        let mut organization = self.own.json();
        organization["users"] = rows(&self.users).into();
        organization["guests"] = rows(&self.guests).into();
        organization["groups"] = rows(&self.groups).into();
        let contract: Map<_, _> = self
            .seen
            .switches()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        json!({ "version": 1, "contract": contract, "organizations": [organization] })
    }

    /// Makes it what a fixture may say: references that lead somewhere, times and addresses that are some.
    fn complete(&mut self) {
        for (key, _, value) in &mut self.own.0 {
            if let ("allow_manage_groups", Known::Number(number)) = (*key, &*value) {
                *value = Known::Flag(number.as_u64() != Some(0));
            }
        }
        for group in &mut self.groups {
            for (_, kind, value) in &mut group.0 {
                match (kind, &mut *value) {
                    (Kind::List(_), Known::Null) => *value = Known::List(Vec::new()),
                    (Kind::Time, Known::Text(text)) => {
                        let at = time(text).map(|at| Known::Text(at.into()));
                        *value = at.unwrap_or(Known::Null);
                    }
                    _ => {}
                }
            }
        }
        self.leave_out_bad_addresses();
        self.leave_out_bad_ids();
        self.add_missing_users();
    }

    /// An address that is none, or that differs from an earlier guest's only in case, is not one a mock can store.
    fn leave_out_bad_addresses(&mut self) {
        let email = |known: &Known| match known {
            Known::Text(text) => Email::parse(text),
            _ => None,
        };
        let (before, mut keys) = (self.guests.len(), HashSet::new());
        self.guests.retain(|guest| {
            guest
                .get("email")
                .and_then(email)
                .is_some_and(|email| keys.insert(email.key()))
        });
        let left_out = before - self.guests.len();
        if left_out > 0 {
            self.notes.push(format!(
                "guests whose address is none, or another's in other case, are left out: {left_out}"
            ));
        }
        let mut dropped = 0;
        for group in &mut self.groups {
            for (_, kind, value) in &mut group.0 {
                if let (Kind::List(Kind::Email), Known::List(guests)) = (kind, value) {
                    let before = guests.len();
                    guests.retain(|guest| email(guest).is_some());
                    dropped += before - guests.len();
                }
            }
        }
        if dropped > 0 {
            self.notes.push(format!(
                "guests of groups whose address is none are left out: {dropped}"
            ));
        }
        for user in &mut self.users {
            user.0
                .retain(|(key, _, value)| *key != "email" || email(value).is_some());
        }
    }

    /// A user without an id, or a member that is none, is not one a mock can store.
    fn leave_out_bad_ids(&mut self) {
        let is_id = |known: &Known| user_id(known).is_some();
        let before = self.users.len();
        self.users.retain(|user| user.get("id").is_some_and(is_id));
        let left_out = before - self.users.len();
        if left_out > 0 {
            self.notes
                .push(format!("users whose id is none are left out: {left_out}"));
        }
        let mut dropped = 0;
        for members in self.members() {
            let before = members.len();
            members.retain(is_id);
            dropped += before - members.len();
        }
        if dropped > 0 {
            self.notes.push(format!(
                "members of groups that are no user's id are left out: {dropped}"
            ));
        }
    }

    /// A group may have members whom the list of users does not have. A fixture that declares users declares all of them.
    fn add_missing_users(&mut self) {
        let ids = self
            .users
            .iter()
            .filter_map(|user| user_id(user.get("id")?));
        let mut known: HashSet<UserId> = ids.collect();
        if known.is_empty() {
            return;
        }
        let mut added = Vec::new();
        for members in self.members() {
            let is_missing = |member: &&Known| user_id(member).is_some_and(|id| known.insert(id));
            added.extend(members.iter().filter(is_missing).cloned());
        }
        if !added.is_empty() {
            let count = added.len();
            self.notes.push(format!("members of groups who are not among the users are added to them, with their id only: {count}"));
        }
        let user = |member| Row(vec![("id", Kind::User, member)]);
        self.users.extend(added.into_iter().map(user));
    }

    /// The members of each group.
    fn members(&mut self) -> impl Iterator<Item = &mut Vec<Known>> {
        let fields = self.groups.iter_mut().flat_map(|group| &mut group.0);
        fields.filter_map(|(_, kind, value)| match (kind, value) {
            (Kind::List(Kind::User), Known::List(members)) => Some(members),
            _ => None,
        })
    }
}

fn user_id(known: &Known) -> Option<UserId> {
    UserId::from_json(&known.json())
}

/// The object in the `data` of an answer.
fn one(
    reader: &mut Reader,
    read: &Read,
    scalars: &mut HashSet<Box<str>>,
) -> Result<Map<String, Value>, Trouble> {
    let mut answer = reader.get(read)?;
    collect(&answer, scalars);
    match answer.get_mut("data").map(Value::take) {
        Some(Value::Object(data)) => Ok(data),
        _ => Err(Trouble::about(
            &read.name(),
            "the answer has no object in `data`",
        )),
    }
}

/// A time in the form of fixtures, out of each form that Tallyfy's documentation shows (evidence 6).
fn time(text: &str) -> Option<String> {
    let plain = || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    let at = instant(text).or_else(|| Some(plain()?.and_utc()))?;
    Some(at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// Every text and number of a value, with those of fields that are not known.
fn collect(value: &Value, scalars: &mut HashSet<Box<str>>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => {
            scalars.insert(number.to_string().into());
        }
        Value::String(text) => {
            if !scalars.contains(text.as_str()) {
                scalars.insert(text.as_str().into());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, scalars)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, scalars)),
    }
}
