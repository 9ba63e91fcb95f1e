//! The operations that the mock serves, by name.

use super::grant::PARAMETERS;

macro_rules! operations {
    ($( $(#[$doc:meta])* $Variant:ident = $name:literal, )+) => {
        /// An operation of Tallyfy's API. The journal, the log and fault rules call it by its name.
        ///
        /// ```
        /// use tallyfy_mock::Operation;
        /// assert_eq!(Operation::DeleteGroup.name(), "groups.delete");
        /// assert!(Operation::ALL.contains(&Operation::GetMe));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Operation { $( $(#[$doc])* $Variant, )+ }

        impl Operation {
            /// All operations.
            pub const ALL: &'static [Self] = &[ $( Self::$Variant, )+ ];

            /// Its name, such as `groups.list`.
            pub fn name(self) -> &'static str {
                match self { $( Self::$Variant => $name, )+ }
            }
        }
    };
}

impl Operation {
    /// The operation of that name; the error lists all names.
    #[doc(hidden)]
    pub fn parse(name: &str) -> Result<Self, String> {
        let found = Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|operation| operation.name()).collect();
            format!(
                "there is no operation `{name}`; there are {}",
                names.join(", ")
            )
        })
    }

    /// Whether it reads a parameter of that name; `with` may be a list, `with[]`.
    #[doc(hidden)]
    pub fn reads_parameter(self, name: &str) -> bool {
        let is_list = |rest: &str| rest.starts_with('[') && rest.contains(']');
        let read = self.query_parameters();
        read.contains(&name)
            || read.contains(&"with") && name.strip_prefix("with").is_some_and(is_list)
    }

    /// The parameters of the query that it reads; others are ignored, as at Tallyfy (evidence 3.1).
    #[doc(hidden)]
    pub fn query_parameters(self) -> &'static [&'static str] {
        match self {
            Self::ListGroups => &["page", "per_page", "q", "sort_by", "sort", "with"],
            Self::ListUsers | Self::ListGuests => {
                &["page", "per_page", "q", "sort_by", "sort", "with"]
            }
            Self::GetMyOrganizations => &["page", "per_page"],
            Self::GetGroup | Self::GetUser | Self::GetMeInOrganization | Self::GetGuest => {
                &["with"]
            }
            Self::CreateGroup
            | Self::UpdateGroup
            | Self::DeleteGroup
            | Self::GetMe
            | Self::GetOrganization
            | Self::ListUserNames
            | Self::ListGuestNames
            | Self::IssueToken => &[],
        }
    }

    /// The fields of the body that it reads; others are dropped, as at Tallyfy (evidence 4.3).
    #[doc(hidden)]
    pub fn body_fields(self) -> &'static [&'static str] {
        match self {
            Self::CreateGroup | Self::UpdateGroup => &["name", "description", "members", "guests"],
            Self::IssueToken => PARAMETERS,
            _ => &[],
        }
    }
}

operations! {
    /// `GET /organizations/{org}/groups`
    ListGroups = "groups.list",
    /// `GET /organizations/{org}/groups/{id}`
    GetGroup = "groups.get",
    /// `POST /organizations/{org}/groups`
    CreateGroup = "groups.create",
    /// `PUT /organizations/{org}/groups/{id}`
    UpdateGroup = "groups.update",
    /// `DELETE /organizations/{org}/groups/{id}`
    DeleteGroup = "groups.delete",
    /// `GET /me`
    GetMe = "me.get",
    /// `GET /me/organizations`
    GetMyOrganizations = "me.organizations",
    /// `GET /organizations/{org}`
    GetOrganization = "organizations.get",
    /// `GET /organizations/{org}/me`
    GetMeInOrganization = "organizations.me",
    /// `GET /organizations/{org}/users`
    ListUsers = "users.list",
    /// `GET /organizations/{org}/users/{id}`
    GetUser = "users.get",
    /// `GET /organizations/{org}/users-list`
    ListUserNames = "users.names",
    /// `GET /organizations/{org}/guests`
    ListGuests = "guests.list",
    /// `GET /organizations/{org}/guests/{email}`
    GetGuest = "guests.get",
    /// `GET /organizations/{org}/guests-list`
    ListGuestNames = "guests.names",
    /// `POST /oauth/token`
    IssueToken = "oauth.token",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_its_name_and_another_name_is_told_all_of_them() {
        for operation in Operation::ALL {
            assert_eq!(Operation::parse(operation.name()), Ok(*operation));
        }
        let message = Operation::parse("groups.destroy").unwrap_err();
        assert!(
            message.starts_with("there is no operation `groups.destroy`; there are groups.list, "),
            "{message}"
        );
    }

    #[test]
    fn what_an_operation_reads_is_what_the_documentation_lists() {
        let reads = |name: &str| {
            let operation = Operation::parse(name).unwrap();
            let fields = operation.body_fields().join(" ");
            (operation.query_parameters().join(" "), fields)
        };
        let of = |query: &str, body: &str| (query.to_owned(), body.to_owned());
        let group = "name description members guests";
        let list = "page per_page q sort_by sort with";
        for (name, expected) in [
            ("groups.list", of(list, "")),
            ("groups.get", of("with", "")),
            ("groups.create", of("", group)),
            ("groups.update", of("", group)),
            ("groups.delete", of("", "")),
            ("me.get", of("", "")),
            ("me.organizations", of("page per_page", "")),
            ("organizations.get", of("", "")),
            ("organizations.me", of("with", "")),
            ("users.list", of(list, "")),
            ("users.get", of("with", "")),
            ("users.names", of("", "")),
            ("guests.list", of(list, "")),
            ("guests.get", of("with", "")),
            ("guests.names", of("", "")),
            ("oauth.token", of("", &PARAMETERS.join(" "))),
        ] {
            assert_eq!(reads(name), expected, "{name}");
        }
    }
}
