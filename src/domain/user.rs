//! Users: the members of an organization.

use super::{details::Details, guest::Email, id::UserId};

/// What a user may do in an organization (evidence 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Admin,
    /// Manages groups if the organization allows it.
    Standard,
    /// Manages groups if the organization allows it (changelog 2022-10-20).
    Light,
}

impl Role {
    /// The roles' names.
    pub const NAMES: &'static [&'static str] = &["admin", "standard", "light"];

    /// The role of that name, in any case: member pages show `Admin` as well as `admin`.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Admin, Self::Standard, Self::Light]
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(text))
    }

    /// The role's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Standard => "standard",
            Self::Light => "light",
        }
    }

    /// Whether the role includes `manage_groups`: for admins always, for others if the organization has `allow_manage_groups`
    /// (evidence 7).
    pub fn manages_groups(self, allow_manage_groups: bool) -> bool {
        match self {
            Self::Admin => true,
            Self::Standard | Self::Light => allow_manage_groups,
        }
    }
}

/// A user of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The address.
    pub email: Email,
    /// The first name.
    pub first_name: Option<Box<str>>,
    /// The last name.
    pub last_name: Option<Box<str>>,
    /// The role.
    pub role: Role,
    /// Further fields of a captured answer.
    pub details: Details,
    /// Whether the user is undeclared, thus made up.
    pub is_made_up: bool,
}

impl User {
    /// A made-up user for an undeclared id, the same each time. If no users are declared, everybody is an admin.
    pub fn undeclared(id: UserId) -> Self {
        Self {
            id,
            email: Self::made_up_email(id),
            first_name: None,
            last_name: None,
            role: Role::Admin,
            details: Details::default(),
            is_made_up: true,
        }
    }

    /// About how many bytes its texts and details take in memory.
    pub fn bytes(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_deref().map_or(0, str::len);
        let names = text(&self.first_name) + text(&self.last_name);
        self.email.as_str().len() + names + self.details.bytes()
    }

    /// The made-up address of a user for whom none is declared.
    pub fn made_up_email(id: UserId) -> Email {
        let address = format!("user-{}@tallyfy-mock.example.com", id.get());
        Email::parse(&address).expect("letters and digits make an address")
    }

    /// Whether the user counts as a member: neither invited only, nor disabled.
    pub fn is_active(&self) -> bool {
        let said = ["active", "is_active"]
            .iter()
            .find_map(|key| self.details.get(key)?.as_bool());
        said.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn admins_manage_groups_and_the_others_where_the_organization_lets_them() {
        for (name, role, where_allowed, where_not) in [
            ("admin", Role::Admin, true, true),
            ("standard", Role::Standard, true, false),
            ("light", Role::Light, true, false),
        ] {
            assert_eq!(Role::parse(name), Some(role));
            assert_eq!(role.name(), name);
            assert_eq!(role.manages_groups(true), where_allowed, "{name}");
            assert_eq!(role.manages_groups(false), where_not, "{name}");
        }
        assert_eq!(Role::parse("Admin"), Some(Role::Admin));
        assert_eq!(Role::parse("owner"), None);
    }

    #[test]
    fn a_user_is_active_unless_a_captured_answer_says_otherwise() {
        let active = |details: Value| {
            let mut user = User::undeclared(UserId::FIRST);
            user.details = details.as_object().unwrap().clone().into();
            user.is_active()
        };
        assert!(active(json!({})));
        assert!(active(json!({ "active": true })));
        assert!(active(json!({ "active": "no" })), "only a boolean counts");
        assert!(!active(json!({ "active": false })));
        assert!(!active(json!({ "is_active": false })));
    }

    #[test]
    fn a_users_bytes_are_those_of_its_texts_and_details() {
        let details = json!({ "a": "123", "bc": [null, "1"] });
        let user = User {
            first_name: Some("12".into()),
            last_name: Some("1234567".into()),
            email: Email::parse("a@b.cd").unwrap(),
            details: details.as_object().unwrap().clone().into(),
            ..User::undeclared(UserId::FIRST)
        };
        // 64 for each field, and the place of each item of a list.
        let details = 64 + 1 + 3 + 64 + 2 + 2 * size_of::<Value>() + 1;
        assert_eq!(user.bytes(), 6 + 2 + 7 + details);
    }
}
