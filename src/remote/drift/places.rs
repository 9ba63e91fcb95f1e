//! What stands in the paths of probes, and what a probe needs for it.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is kept as it is in a path: RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What is filled in for `{org}` and its like. Nothing of it is ever told.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) org: String,
    pub(super) group: Option<String>,
    pub(super) user: Option<String>,
    pub(super) guest: Option<String>,
    /// 32 hexadecimal digits that nothing has.
    pub(super) nobody: String,
    pub(super) foreign: Option<String>,
    /// Where groups may be created.
    pub(super) sandbox: Option<String>,
    /// The group that was created there.
    pub(super) made: Option<String>,
    /// A name that nothing has.
    pub(super) name: String,
}

/// What there would have to be for a probe that was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needed {
    Group,
    User,
    Guest,
    ForeignOrg,
    Sandbox,
    Made,
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "a group in the organization",
            Self::User => "a caller whose id `/me` tells",
            Self::Guest => "a guest in the organization",
            Self::ForeignOrg => "`--foreign-org ID`",
            Self::Sandbox => "`--sandbox-org ID --writes`",
            Self::Made => "a group that was created",
        })
    }
}

impl Places {
    /// The path with all that stands in braces filled in.
    pub(super) fn fill(&self, path: &str) -> Result<String, Needed> {
        let mut filled = String::with_capacity(path.len() + 32);
        let mut rest = path;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&encoded(self.of(name)?));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn of(&self, name: &str) -> Result<&str, Needed> {
        let (place, needed) = match name {
            "org" => return Ok(&self.org),
            "group" => (&self.group, Needed::Group),
            "user" => (&self.user, Needed::User),
            "guest" => (&self.guest, Needed::Guest),
            "foreign" => (&self.foreign, Needed::ForeignOrg),
            "sandbox" => (&self.sandbox, Needed::Sandbox),
            "made" => (&self.made, Needed::Made),
            "name" => return Ok(&self.name),
            _ => return Ok(&self.nobody),
        };
        place.as_deref().ok_or(needed)
    }
}

/// A text as one segment of a path, or as a value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::drift::{
        changes::{REFUSALS, WRITES},
        probes::PROBES,
    };

    fn places() -> Places {
        Places {
            org: "acme".into(),
            group: Some("a/b".into()),
            user: None,
            guest: Some("ada+1@acme.test".into()),
            nobody: "f00".into(),
            foreign: None,
            sandbox: None,
            made: None,
            name: "n".into(),
        }
    }

    #[test]
    fn what_is_filled_in_stays_one_segment() {
        let fill = |path| places().fill(path);
        assert_eq!(
            fill("/organizations/{org}/groups/{group}?q={nobody}").unwrap(),
            "/organizations/acme/groups/a%2Fb?q=f00"
        );
        assert_eq!(fill("/{guest}").unwrap(), "/ada%2B1%40acme.test");
        assert_eq!(fill("/{user}"), Err(Needed::User));
        assert_eq!(fill("/{foreign}/x"), Err(Needed::ForeignOrg));
        assert_eq!(fill("/me").unwrap(), "/me");
    }

    #[test]
    fn each_place_of_a_probe_is_known() {
        let paths = PROBES.iter().map(|probe| probe.path);
        let changes = REFUSALS.iter().chain(WRITES).map(|change| change.path);
        for path in paths.chain(changes) {
            for place in path.split('{').skip(1) {
                let (name, _) = place.split_once('}').unwrap();
                let known = [
                    "org", "group", "user", "guest", "nobody", "foreign", "sandbox", "made", "name",
                ];
                assert!(known.contains(&name), "{path}");
            }
        }
    }
}
