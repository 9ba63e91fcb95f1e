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
    /// The trimmed address, or nothing where it is not one.
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

    /// What two spellings of one address have in common; most are spelt so already.
    pub fn key(&self) -> Arc<str> {
        if folded(&self.0).eq(self.0.chars()) {
            return Arc::clone(&self.0);
        }
        folded(&self.0).collect::<String>().into()
    }
}

/// A guest of an organization. A large one has a guest a group, most of them known by their address alone:
/// what a fixture says of the others is kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The address, by which a guest is known everywhere (evidence 6).
    pub email: Email,
    /// Since when there is this guest, where that is known.
    pub created_at: Option<DateTime<Utc>>,
    profile: Option<Box<Profile>>,
}

/// What a fixture says of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The first name.
    pub first_name: Option<Box<str>>,
    /// The last name.
    pub last_name: Option<Box<str>>,
    /// What else a captured answer said of the guest.
    pub details: Details,
}

impl Guest {
    /// The guest that an address becomes when a group names it first.
    pub fn from_email(email: Email, created_at: Option<DateTime<Utc>>) -> Self {
        Self {
            email,
            created_at,
            profile: None,
        }
    }

    /// The same guest, of whom this is said.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        let says_anything = profile != Profile::default();
        Self {
            profile: says_anything.then(|| Box::new(profile)),
            ..self
        }
    }

    /// The first name.
    pub fn first_name(&self) -> Option<&str> {
        self.profile.as_ref()?.first_name.as_deref()
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&str> {
        self.profile.as_ref()?.last_name.as_deref()
    }

    /// What else a captured answer said of the guest.
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
}
