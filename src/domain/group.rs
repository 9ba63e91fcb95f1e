//! The group: as it is stored, and as a create or an update may ask for it.

use std::{cmp::Ordering, collections::HashSet, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    contract::DescriptionOnCreate,
    guest::Email,
    id::{GroupId, UserId},
    text::{compare_folded, trimmed},
    validate::{Field, Fields, ValidationErrors},
};

/// A group's name: 1 to 200 characters, in the order in which Tallyfy sorts names: by the
/// lower-cased form, then exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Arc<str>);

impl Name {
    /// The longest name, in characters (`max:200`, evidence 4.3).
    pub const MAX_CHARS: usize = 200;

    /// Parses a name, trimmed; `None` if it is empty, too long, or contains a NUL.
    pub fn parse(text: &str) -> Option<Self> {
        let text = trimmed(text);
        let has_length = (1..=Self::MAX_CHARS).contains(&text.chars().count());
        (has_length && !text.contains('\0')).then(|| Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_folded(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A group as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id, unique in the organization.
    pub id: GroupId,
    /// Its name, unique in the organization.
    pub name: Name,
    /// What it is for; groups created under the edition `2025-08` may have none.
    pub description: Option<Box<str>>,
    /// The URL of its logo; only a fixture gives one.
    pub logo: Option<Box<str>>,
    /// Its members, in the order given, each once.
    pub members: Box<[UserId]>,
    /// Its guests, in the order given, each once.
    pub guests: Box<[Email]>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When an update last sent one of its fields.
    pub updated_at: DateTime<Utc>,
}

impl Group {
    /// About how many bytes its texts and lists take in memory.
    pub fn bytes(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        let guest = |guest: &Email| size_of::<Email>() + guest.as_str().len();
        self.name.as_str().len()
            + text(&self.description)
            + text(&self.logo)
            + self.members.len() * size_of::<UserId>()
            + self.guests.iter().map(guest).sum::<usize>()
    }
}

/// What the validation of a group asks its organization.
pub trait Roster {
    /// Whether another group of the organization has exactly this name.
    fn name_taken(&self, name: &Name) -> bool;
    /// Whether the user may be a member of a group.
    fn knows_user(&self, user: UserId) -> bool;
}

/// The valid fields of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// The name.
    pub name: Name,
    /// The description.
    pub description: Option<Box<str>>,
    /// The members.
    pub members: Box<[UserId]>,
    /// The guests.
    pub guests: Box<[Email]>,
}

impl NewGroup {
    /// Parses the body of a create; unknown keys are ignored.
    ///
    /// The rules are those of the server's `CreateGroupRequest` as the official MCP server quotes it:
    /// name `required|max:200|string` and unique, description `required|string` (evidence 4.3).
    pub fn parse(
        fields: &Fields,
        description: DescriptionOnCreate,
        roster: &impl Roster,
    ) -> Result<Self, ValidationErrors> {
        let mut errors = ValidationErrors::default();
        let name = match Field::of(fields, "name") {
            Field::Absent => required("name", &mut errors),
            sent => name(&sent, roster, &mut errors),
        };
        let description = match (Field::of(fields, "description"), description) {
            (Field::Absent | Field::Null, DescriptionOnCreate::Optional) => None,
            (Field::Absent, DescriptionOnCreate::Required) => required("description", &mut errors),
            (sent, _) => text("description", &sent, &mut errors).map(Box::from),
        };
        let members =
            members(&Field::of(fields, "members"), roster, &mut errors).unwrap_or_default();
        let guests = guests(&Field::of(fields, "guests"), &mut errors).unwrap_or_default();
        match name {
            Some(name) => errors.or(Self {
                name,
                description,
                members,
                guests,
            }),
            None => Err(errors),
        }
    }
}

/// The valid fields of an update; `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupPatch {
    /// The new name.
    pub name: Option<Name>,
    /// The new description.
    pub description: Option<Box<str>>,
    /// The members, which replace all there are.
    pub members: Option<Box<[UserId]>>,
    /// The guests, which replace all there are.
    pub guests: Option<Box<[Email]>>,
}

impl GroupPatch {
    /// Parses the body of an update: absent fields stay, present ones obey the rules of a create.
    ///
    /// Description is `sometimes|required|string` (evidence 4.4); a name is optional because the
    /// official n8n node updates without one; lists replace (update-group).
    pub fn parse(fields: &Fields, roster: &impl Roster) -> Result<Self, ValidationErrors> {
        let mut errors = ValidationErrors::default();
        let name = match Field::of(fields, "name") {
            Field::Absent => None,
            sent => name(&sent, roster, &mut errors),
        };
        let description = match Field::of(fields, "description") {
            Field::Absent => None,
            sent => text("description", &sent, &mut errors).map(Box::from),
        };
        let members = members(&Field::of(fields, "members"), roster, &mut errors);
        let guests = guests(&Field::of(fields, "guests"), &mut errors);
        errors.or(Self {
            name,
            description,
            members,
            guests,
        })
    }

    /// Whether no field was sent.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The group with the sent fields, updated at `now`; the same group if none was sent.
    pub fn applied_to(self, group: &Group, now: DateTime<Utc>) -> Group {
        let updated_at = if self.is_empty() {
            group.updated_at
        } else {
            now
        };
        Group {
            id: group.id.clone(),
            name: self.name.unwrap_or_else(|| group.name.clone()),
            description: self.description.or_else(|| group.description.clone()),
            logo: group.logo.clone(),
            members: self.members.unwrap_or_else(|| group.members.clone()),
            guests: self.guests.unwrap_or_else(|| group.guests.clone()),
            created_at: group.created_at,
            updated_at,
        }
    }
}

fn required<T>(field: &'static str, errors: &mut ValidationErrors) -> Option<T> {
    errors.add(field, format!("The {field} field is required."));
    None
}

/// Laravel's `required|string`.
fn text<'a>(
    field: &'static str,
    sent: &Field<'a>,
    errors: &mut ValidationErrors,
) -> Option<&'a str> {
    match sent {
        // PostgreSQL stores no NUL, and Laravel's `regex` has these words (assumed).
        Field::Text(text) if text.contains('\0') => {
            errors.add(field, format!("The {field} field format is invalid."));
            None
        }
        Field::Text(text) => Some(text),
        Field::Absent | Field::Null | Field::List([]) => required(field, errors),
        Field::Other(Value::Object(object)) if object.is_empty() => required(field, errors),
        Field::List(_) | Field::Other(_) => {
            errors.add(field, format!("The {field} field must be a string."));
            None
        }
    }
}

fn name(sent: &Field<'_>, roster: &impl Roster, errors: &mut ValidationErrors) -> Option<Name> {
    let text = text("name", sent, errors)?;
    let Some(name) = Name::parse(text) else {
        errors.add(
            "name",
            "The name field must not be greater than 200 characters.",
        );
        return None;
    };
    if roster.name_taken(&name) {
        errors.add("name", "The name has already been taken.");
        return None;
    }
    Some(name)
}

fn list<'a>(
    field: &'static str,
    sent: &Field<'a>,
    errors: &mut ValidationErrors,
) -> Option<&'a [Value]> {
    match sent {
        Field::Absent => None,
        Field::List(items) => Some(items),
        Field::Null | Field::Text(_) | Field::Other(_) => {
            errors.add(field, format!("The {field} field must be an array."));
            None
        }
    }
}

/// Ids of users of the organization, each once; strings of digits count (evidence 4.5).
fn members(
    sent: &Field<'_>,
    roster: &impl Roster,
    errors: &mut ValidationErrors,
) -> Option<Box<[UserId]>> {
    let items = list("members", sent, errors)?;
    let mut seen = HashSet::with_capacity(items.len());
    let mut members = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        match UserId::from_json(item).filter(|user| roster.knows_user(*user)) {
            Some(user) if seen.insert(user) => members.push(user),
            Some(_) => {}
            None => errors.add(
                format!("members.{i}"),
                format!("The selected members.{i} is invalid."),
            ),
        }
    }
    Some(members.into())
}

/// Addresses, each once whatever its case; only the syntax is checked (evidence 4.5).
fn guests(sent: &Field<'_>, errors: &mut ValidationErrors) -> Option<Box<[Email]>> {
    let items = list("guests", sent, errors)?;
    let mut seen = HashSet::with_capacity(items.len());
    let mut guests = Vec::with_capacity(items.len());
    for (i, item) in items.iter().enumerate() {
        match item.as_str().and_then(Email::parse) {
            Some(email) if seen.insert(email.key()) => guests.push(email),
            Some(_) => {}
            None => errors.add(
                format!("guests.{i}"),
                format!("The guests.{i} field must be a valid email address."),
            ),
        }
    }
    Some(guests.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// An organization with the users 1001 and 1002 and a group named `Taken`.
    struct Acme;

    impl Roster for Acme {
        fn name_taken(&self, name: &Name) -> bool {
            name.as_str() == "Taken"
        }
        fn knows_user(&self, user: UserId) -> bool {
            (1001..=1002).contains(&user.get())
        }
    }

    fn fields(body: &Value) -> Fields {
        body.as_object().unwrap().clone()
    }

    fn create(body: &Value) -> Result<NewGroup, Value> {
        NewGroup::parse(&fields(body), DescriptionOnCreate::Required, &Acme)
            .map_err(|errors| serde_json::to_value(&errors).unwrap())
    }

    fn update(body: &Value) -> Result<GroupPatch, Value> {
        GroupPatch::parse(&fields(body), &Acme)
            .map_err(|errors| serde_json::to_value(&errors).unwrap())
    }

    #[test]
    fn all_failing_fields_are_reported_at_once() {
        let refused = create(&json!({
            "name": 7, "description": " ", "members": [1001, 5, "x", null], "guests": ["a@b.test", "nobody", 3]
        }));
        assert_eq!(
            refused.unwrap_err(),
            json!({
                "name": ["The name field must be a string."],
                "description": ["The description field is required."],
                "members.1": ["The selected members.1 is invalid."],
                "members.2": ["The selected members.2 is invalid."],
                "members.3": ["The selected members.3 is invalid."],
                "guests.1": ["The guests.1 field must be a valid email address."],
                "guests.2": ["The guests.2 field must be a valid email address."],
            })
        );
    }

    #[test]
    fn the_name_has_its_own_sentences() {
        for (name, sentence) in [
            (json!(null), "The name field is required."),
            (json!(""), "The name field is required."),
            (json!(" \u{200b}\t"), "The name field is required."),
            (json!([]), "The name field is required."),
            (json!({}), "The name field is required."),
            (json!(["a"]), "The name field must be a string."),
            (json!({"a": "b"}), "The name field must be a string."),
            (json!(true), "The name field must be a string."),
            (
                json!("x".repeat(201)),
                "The name field must not be greater than 200 characters.",
            ),
            (json!("Taken"), "The name has already been taken."),
            (json!(" Taken "), "The name has already been taken."),
        ] {
            let body = json!({"name": name, "description": "d"});
            assert_eq!(
                create(&body).unwrap_err(),
                json!({"name": [sentence]}),
                "{name}"
            );
            assert_eq!(
                update(&json!({"name": name})).unwrap_err(),
                json!({"name": [sentence]}),
                "{name}"
            );
        }
    }

    #[test]
    fn two_hundred_characters_are_not_counted_in_bytes() {
        let group = create(&json!({"name": "é".repeat(200), "description": "d"})).unwrap();
        assert_eq!(group.name.as_str().chars().count(), 200);
    }

    #[test]
    fn text_is_trimmed_and_lists_hold_each_once() {
        let group = create(&json!({
            "name": "  Ünïcode Sales ", "description": " Sells ", "members": ["1002", 1001, 1002],
            "guests": ["Client@Partner.test", " client@partner.test ", "b@partner.test"], "shoe_size": 44
        }))
        .unwrap();
        assert_eq!(group.name.as_str(), "Ünïcode Sales");
        assert_eq!(group.description.as_deref(), Some("Sells"));
        assert_eq!(
            group
                .members
                .iter()
                .map(|user| user.get())
                .collect::<Vec<_>>(),
            [1002, 1001]
        );
        assert_eq!(
            group.guests.iter().map(Email::as_str).collect::<Vec<_>>(),
            ["Client@Partner.test", "b@partner.test"]
        );
    }

    #[test]
    fn lists_are_lists() {
        for not_a_list in [
            json!(null),
            json!(""),
            json!("1001"),
            json!(1001),
            json!({"0": 1001}),
        ] {
            let body = json!({"members": not_a_list, "guests": not_a_list});
            assert_eq!(
                update(&body).unwrap_err(),
                json!({"members": ["The members field must be an array."], "guests": ["The guests field must be an array."]})
            );
        }
        let cleared = update(&json!({"members": [], "guests": []})).unwrap();
        assert_eq!(
            (
                cleared.members.unwrap().len(),
                cleared.guests.unwrap().len()
            ),
            (0, 0)
        );
    }

    #[test]
    fn a_description_may_be_left_out_where_the_contract_says_so() {
        for body in [
            json!({"name": "A"}),
            json!({"name": "A", "description": null}),
            json!({"name": "A", "description": " "}),
        ] {
            let parsed =
                NewGroup::parse(&fields(&body), DescriptionOnCreate::Optional, &Acme).unwrap();
            assert_eq!(parsed.description, None);
            assert_eq!(
                create(&body).unwrap_err(),
                json!({"description": ["The description field is required."]})
            );
        }
        assert_eq!(
            update(&json!({"description": null})).unwrap_err(),
            json!({"description": ["The description field is required."]})
        );
    }

    #[test]
    fn only_so_many_failing_fields_are_listed() {
        let refused = create(&json!({"name": "A", "description": "d", "members": vec![0; 5000]}))
            .unwrap_err();
        assert_eq!(refused.as_object().unwrap().len(), ValidationErrors::LISTED);
    }

    #[test]
    fn names_sort_without_case_first() {
        let mut names = ["b", "B", "a", "Z", "é", "E"].map(|text| Name(text.into()));
        names.sort();
        assert_eq!(
            names.map(|name| name.0.to_string()),
            ["a", "B", "b", "E", "Z", "é"]
        );
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (1000_u64..1004).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
            "[a-z]{1,3}@[a-z]{1,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(".{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn any_body() -> impl Strategy<Value = Fields> {
        let key = prop_oneof![
            Just("name"),
            Just("description"),
            Just("members"),
            Just("guests"),
            Just("logo")
        ];
        prop::collection::hash_map(key.prop_map(String::from), any_json(), 0..6)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn no_json_makes_the_parser_panic_and_what_it_accepts_it_accepts_again(body in any_body()) {
            if let Ok(group) = NewGroup::parse(&body, DescriptionOnCreate::Optional, &Acme) {
                let again = json!({
                    "name": group.name.as_str(),
                    "description": group.description.as_deref(),
                    "members": group.members.iter().map(|user| user.get()).collect::<Vec<_>>(),
                    "guests": group.guests.iter().map(Email::as_str).collect::<Vec<_>>(),
                });
                prop_assert_eq!(NewGroup::parse(&fields(&again), DescriptionOnCreate::Optional, &Acme), Ok(group));
            }
            if let Ok(patch) = GroupPatch::parse(&body, &Acme) {
                let known = ["name", "description", "members", "guests"];
                prop_assert_eq!(patch.is_empty(), !known.iter().any(|key| body.contains_key(*key)));
            }
        }
    }

    #[test]
    fn a_groups_bytes_are_those_of_its_texts_and_lists() {
        let guest = |address| Email::parse(address).unwrap();
        let group = Group {
            id: GroupId::parse("1").unwrap(),
            name: Name::parse("12").unwrap(),
            description: Some("123".into()),
            logo: Some("12345".into()),
            members: (1..=7).filter_map(UserId::new).collect(),
            guests: [guest("a@b.cd"), guest("ab@c.de")].into(),
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
        };
        let lists = 7 * size_of::<UserId>() + 2 * size_of::<Email>();
        assert_eq!(group.bytes(), 2 + 3 + 5 + lists + 6 + 7);
    }
}
