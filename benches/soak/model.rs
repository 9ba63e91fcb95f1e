//! The model: what each organization must hold, according to its clients' answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, RwLock},
};

use serde_json::{Map, Value, json};

/// How many clients share an organization.
pub(crate) const RIVALS: usize = 2;

/// An organization. Whoever changes its groups holds `phase` for reading until the model knows of it;
/// whoever resets it holds `phase` for writing.
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) phase: RwLock<Phase>,
    /// What each client owns. Only that client changes it, or whoever holds `phase` for writing.
    pub(crate) owned: [Mutex<Owned>; RIVALS],
}

/// When a rule that is in force fails a request: all rules of an organization agree at any time, so
/// that a client whose connection breaks knows whether what it asked for has been done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Before,
    After,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
        }
    }
}

/// The groups that a client has made and not deleted, by id, each as it was answered last; and the
/// guests that it has named, who stay.
#[derive(Clone, Default)]
pub(crate) struct Owned {
    pub(crate) groups: BTreeMap<String, Value>,
    pub(crate) guests: BTreeSet<String>,
}

impl Owned {
    /// The group has been answered, or found, to be this.
    pub(crate) fn knows(&mut self, group: &Value) {
        for guest in group["guests"].as_array().unwrap() {
            self.guests.insert(guest.as_str().unwrap().to_owned());
        }
        let id = group["id"].as_str().unwrap().to_owned();
        self.groups.insert(id, group.clone());
    }
}

impl Org {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            id: format!("soak-{number}"),
            phase: RwLock::new(Phase::Before),
            owned: Default::default(),
        }
    }

    pub(crate) fn path(&self) -> String {
        format!("/api/organizations/{}/groups", self.id)
    }

    /// Whether an export of it holds what the fixture declares and what the clients own: no more, no less.
    pub(crate) fn check(&self, export: &Value) {
        let mut groups: BTreeMap<String, Value> = BTreeMap::new();
        let mut guests = BTreeSet::new();
        for owned in &self.owned {
            let owned = owned.lock().unwrap().clone();
            groups.extend(owned.groups);
            guests.extend(owned.guests);
        }
        let list = |key: &str| export[key].as_array().map_or(&[][..], Vec::as_slice);
        for group in list("groups") {
            let id = group["id"].as_str().unwrap();
            if group["name"].as_str().unwrap().starts_with("Seeded") {
                continue;
            }
            let mut known = groups
                .remove(id)
                .unwrap_or_else(|| panic!("{id} is one too many: {group}"));
            // An export leaves out a logo that there is none of.
            known.as_object_mut().unwrap().remove("logo");
            assert_eq!(*group, known);
        }
        assert!(groups.is_empty(), "lost in {}: {groups:?}", self.id);
        let seeded = list("groups")
            .iter()
            .filter(|group| group["name"].as_str().unwrap().starts_with("Seeded"));
        assert_eq!(seeded.count(), SEEDED, "{}", self.id);
        let stored: Vec<&str> = list("guests")
            .iter()
            .map(|guest| guest["email"].as_str().unwrap())
            .collect();
        let distinct: BTreeSet<String> = stored.iter().map(|&guest| guest.to_owned()).collect();
        assert_eq!(
            stored.len(),
            distinct.len(),
            "a guest is doubled in {}",
            self.id
        );
        assert_eq!(distinct, guests, "{}", self.id);
    }
}

/// What a create or an update must have made of a group, but for what only the mock knows.
pub(crate) fn check_change(old: Option<&Value>, sent: &Value, group: &Value) {
    let mut wanted: Map<String, Value> = match old {
        Some(old) => old.as_object().unwrap().clone(),
        None => json!({ "logo": null, "members": [], "guests": [] })
            .as_object()
            .unwrap()
            .clone(),
    };
    wanted.extend(sent.as_object().unwrap().clone());
    for (key, value) in &wanted {
        if key != "last_updated" {
            assert_eq!(group[key], *value, "{key} of {group} after {sent}");
        }
    }
    let is_change = !sent.as_object().unwrap().is_empty();
    if let Some(old) = old {
        let (was, is) = (old["last_updated"].as_str(), group["last_updated"].as_str());
        assert!(
            if is_change { was <= is } else { was == is },
            "{old} became {group}"
        );
    }
    super::shape::check_group(group, "2026-03");
}

const SEEDED: usize = 3;

/// What the mock starts with, and resets to.
pub(crate) fn fixture(orgs: &[Org]) -> Value {
    let groups: Vec<Value> = (0..SEEDED)
        .map(|i| json!({ "name": format!("Seeded {i}") }))
        .collect();
    let orgs: Vec<Value> = orgs
        .iter()
        .map(|org| json!({ "id": org.id, "groups": groups }))
        .collect();
    json!({ "version": 1, "organizations": orgs, "template": {} })
}
