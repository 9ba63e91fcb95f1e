//! Guests: people outside the organization, known by their email address.

use serde_json::{Map, Value};

use super::text::{folded, trimmed};

/// A syntactically valid email address, in the case in which it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(Box<str>);

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

    /// What two spellings of one address have in common.
    pub fn key(&self) -> Box<str> {
        if self.0.is_ascii() {
            return self.0.to_ascii_lowercase().into();
        }
        folded(&self.0).collect::<String>().into()
    }
}

/// A guest of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The address, by which a guest is known everywhere (evidence 6).
    pub email: Email,
    /// The first name.
    pub first_name: Option<Box<str>>,
    /// The last name.
    pub last_name: Option<Box<str>>,
    /// What else a captured answer said of the guest.
    pub details: Map<String, Value>,
}

impl Guest {
    /// The guest that an address becomes when a group names it first.
    pub fn from_email(email: Email) -> Self {
        Self {
            email,
            first_name: None,
            last_name: None,
            details: Map::new(),
        }
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
