//! Guests: people outside the organization, known by their email address.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    details::Details,
    text::{folded, trimmed},
};

/// A syntactically valid email address, in the case in which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(Arc<str>);

impl Email {
    /// Parses an address, trimmed; `None` if its syntax is invalid.
    ///
    /// Only the syntax counts: the documentation's own examples use `example.com`, which a DNS check
    /// would refuse (evidence 4.5).
    pub fn parse(text: &str) -> Option<Self> {
        let text = trimmed(text);
        let options = email_address::Options::default().without_display_text();
        email_address::EmailAddress::parse_with_options(text, options)
            .is_ok()
            .then(|| Self(text.into()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folded address, which is the same for every spelling; most are spelt that way already.
    pub fn key(&self) -> Arc<str> {
        if folded(&self.0).eq(self.0.chars()) {
            return Arc::clone(&self.0);
        }
        folded(&self.0).collect::<String>().into()
    }
}

/// A guest of an organization. A large organization has many, most of them known by their address alone, so the fields that a
/// fixture gave are boxed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The address, by which a guest is known everywhere (evidence 6).
    pub email: Email,
    /// When the guest was created, if that is known.
    pub created_at: Option<DateTime<Utc>>,
    profile: Option<Box<Profile>>,
}

/// The fields of a guest that a fixture gave.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The first name.
    pub first_name: Option<Box<str>>,
    /// The last name.
    pub last_name: Option<Box<str>>,
    /// Further fields of a captured answer.
    pub details: Details,
}

impl Guest {
    /// The guest that is made when a group names an address first.
    pub fn from_email(email: Email, created_at: Option<DateTime<Utc>>) -> Self {
        Self {
            email,
            created_at,
            profile: None,
        }
    }

    /// The same guest with these fields.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        let says_anything = profile != Profile::default();
        Self {
            profile: says_anything.then(|| Box::new(profile)),
            ..self
        }
    }

    /// About how many bytes its texts and details take in memory.
    pub fn bytes(&self) -> usize {
        let text = |text: Option<&str>| text.map_or(0, str::len);
        let names = text(self.first_name()) + text(self.last_name());
        self.email.as_str().len() + names + self.details().bytes()
    }

    /// The first name.
    pub fn first_name(&self) -> Option<&str> {
        self.profile.as_ref()?.first_name.as_deref()
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&str> {
        self.profile.as_ref()?.last_name.as_deref()
    }

    /// Further fields of a captured answer.
    pub fn details(&self) -> &Details {
        static NONE: Details = Details::none();
        self.profile
            .as_ref()
            .map_or(&NONE, |profile| &profile.details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_by_syntax_alone() {
        for good in [
            "client@partner.test",
            "a@b",
            "client.liaison+x@partner.com",
            "ü@exämple.com",
            " a@b.c ",
        ] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "nobody",
            "@b.c",
            "a@",
            "a b@c.d",
            "Ada <ada@acme.test>",
            "a@b@c",
            "a@b..c",
            &format!("{}@b.c", "a".repeat(65)),
        ] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_guests_bytes_are_those_of_its_texts_and_details() {
        let details = serde_json::json!({ "a": "123", "bc": [null, "1"] });
        let details = details.as_object().unwrap().clone().into();
        let profile = Profile {
            first_name: Some("12".into()),
            last_name: Some("1234567".into()),
            details,
        };
        let guest = Guest::from_email(Email::parse("a@b.cd").unwrap(), None);
        let guest = guest.with_profile(profile);
        // 64 for each field, and the place of each item of a list.
        let details = 64 + 1 + 3 + 64 + 2 + 2 * size_of::<serde_json::Value>() + 1;
        assert_eq!(guest.bytes(), 6 + 2 + 7 + details);
    }
}
