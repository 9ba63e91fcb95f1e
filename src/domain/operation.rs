//! The operations that the mock serves, by name.

macro_rules! operations {
    ($( $(#[$doc:meta])* $Variant:ident = $name:literal, )+) => {
        /// One operation of Tallyfy's API; the journal, the log and the faults call it by its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation { $( $(#[$doc])* $Variant, )+ }

        impl Operation {
            /// All operations.
            pub const ALL: &'static [Self] = &[ $( Self::$Variant, )+ ];

            /// The operation of that name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|operation| operation.name() == name)
            }

            /// Its name, such as `groups.list`.
            pub fn name(self) -> &'static str {
                match self { $( Self::$Variant => $name, )+ }
            }
        }
    };
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
}
