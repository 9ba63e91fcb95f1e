//! The points on which Tallyfy's documentation disagrees with itself: one switch each, and two editions as presets.

use thiserror::Error;

/// A switch, a value or an edition that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContractError {
    /// There is no switch of that name.
    #[error("there is no contract switch `{key}`; the switches are {}", listed(&Contract::keys()))]
    UnknownSwitch {
        /// The given name.
        key: String,
    },
    /// The switch does not take that value.
    #[error(
        "the contract switch `{key}` does not take `{value}`; it takes {}",
        listed(choices)
    )]
    BadValue {
        /// The switch.
        key: &'static str,
        /// The given value.
        value: String,
        /// The values that the switch takes.
        choices: &'static [&'static str],
    },
    /// There is no such edition.
    #[error(
        "there is no edition `{edition}`; the editions are {}",
        listed(Edition::NAMES)
    )]
    UnknownEdition {
        /// The given name.
        edition: String,
    },
    /// The text has no `=`.
    #[error("`{0}` is not of the form KEY=VALUE")]
    NotAPair(String),
}

fn listed(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// One switch and its value, both valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    key: &'static str,
    value: &'static str,
}

impl Switch {
    /// The switch `key` set to `value`.
    pub fn new(key: &str, value: &str) -> Result<Self, ContractError> {
        let Some((key, choices)) = Contract::SWITCHES.iter().find(|(name, _)| *name == key) else {
            return Err(ContractError::UnknownSwitch {
                key: key.to_owned(),
            });
        };
        match choices.iter().find(|choice| **choice == value) {
            Some(value) => Ok(Self { key, value }),
            None => Err(ContractError::BadValue {
                key,
                value: value.to_owned(),
                choices,
            }),
        }
    }

    /// Its name.
    pub fn key(self) -> &'static str {
        self.key
    }
}

impl std::str::FromStr for Switch {
    type Err = ContractError;

    /// `KEY=VALUE`, as the flag `--set` takes it.
    fn from_str(text: &str) -> Result<Self, ContractError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| ContractError::NotAPair(text.to_owned()))?;
        Self::new(key.trim(), value.trim())
    }
}

/// A switch as a contract has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The switch.
    pub key: &'static str,
    /// Its value.
    pub value: &'static str,
    /// What the switch decides.
    pub decides: &'static str,
    /// Where the value comes from.
    pub source: &'static str,
}

macro_rules! switches {
    ($( #[doc = $doc:literal] $key:ident: $Type:ident { $( #[doc = $vdoc:literal] $Variant:ident = $value:literal, )+ } )+) => {
        $(
            #[doc = $doc]
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum $Type { $( #[doc = $vdoc] $Variant, )+ }
        )+

        /// A value for every switch.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Contract { $( #[doc = $doc] pub $key: $Type, )+ }

        impl Contract {
            /// Every switch with its values; the first is that of the edition `2026-03`.
            pub const SWITCHES: &'static [(&'static str, &'static [&'static str])] =
                &[ $( (stringify!($key), &[ $($value),+ ]), )+ ];

            /// Every switch as this contract has it, with what it decides and where that value comes from.
            pub fn choices(&self) -> Vec<Choice> {
                vec![ $( {
                    let (value, source) = match self.$key { $( $Type::$Variant => ($value, $vdoc), )+ };
                    Choice { key: stringify!($key), value, decides: $doc.trim_ascii(), source: source.trim_ascii() }
                }, )+ ]
            }

            /// The contract with one switch set.
            #[must_use]
            pub fn with(mut self, switch: Switch) -> Self {
                $( $( if (switch.key, switch.value) == (stringify!($key), $value) { self.$key = $Type::$Variant; } )+ )+
                self
            }
        }
    };
}

switches! {
    /// What a create answers.
    create_status: CreateStatus {
        /// The pages as of March 2026, create-group (evidence 4.2).
        Created = "201",
        /// The pages of April 2025, "200 OK or 201 Created" (evidence 4.2).
        Ok = "200",
    }
    /// What an update answers.
    update_status: UpdateStatus {
        /// The pages as of March 2026, update-group; their samples check for it (evidence 4.2).
        Created = "201",
        /// The pages of 2025 (evidence 4.2).
        Ok = "200",
    }
    /// What a delete answers.
    delete_reply: DeleteReply {
        /// 204 without a body: the pages as of March 2026, delete-group (evidence 4.2).
        NoContent = "no_content",
        /// 200 with the deleted group in `data`: the pages of 2025 (evidence 4.2).
        DeletedGroup = "deleted_group",
    }
    /// What deleting an unknown group answers.
    delete_missing: DeleteMissing {
        /// The group pages of 2025, and every other call (evidence 4.6).
        NotFound = "404",
        /// As documented for tags: "the endpoint still returns 204" (evidence 4.6).
        NoContent = "204",
    }
    /// The keys of a group's times.
    time_keys: TimeKeys {
        /// `created_at`, `last_updated`: the pages as of March 2026 (evidence 4.1).
        LastUpdated = "last_updated",
        /// `created_at`, `updated_at`, `deleted_at: null`: the pages of 2025 and the SDK's model (evidence 4.1).
        UpdatedAt = "updated_at",
    }
    /// How times are written.
    time_format: TimeFormat {
        /// `2026-03-01T09:00:00Z`: most examples, and live answers (evidence 6).
        Seconds = "seconds",
        /// `2026-03-01T09:00:00.000Z`: create-group and get-group (evidence 6).
        Millis = "millis",
        /// `2026-03-01T09:00:00.000000Z`: update-group (evidence 6).
        Micros = "micros",
    }
    /// Whether a create needs a description.
    description_on_create: DescriptionOnCreate {
        /// The server's `CreateGroupRequest`, as the official MCP server quotes it (evidence 4.3).
        Required = "required",
        /// The pages of 2025; the SDK and the command line (evidence 4.3).
        Optional = "optional",
    }
    /// What a request without `X-Tallyfy-Client` gets.
    missing_client_header: MissingClientHeader {
        /// "You'll get `401` errors without it" (evidence 2).
        Unauthenticated = "401",
        /// "Or you'll get 'endpoint not found' errors" (evidence 2).
        NotFound = "404",
        /// Old clients send none (evidence 2).
        Ignore = "ignore",
    }
    /// Upper bound on the length of a page.
    per_page_cap: PerPageCap {
        /// "Max 100": list-groups (evidence 3.1).
        Hundred = "100",
        /// The server's code as the SDK quotes it: "straight to `paginate()`" (evidence 3.1).
        None = "none",
    }
    /// What `links` is if there is neither a previous nor a next page.
    empty_links: EmptyLinks {
        /// `{}`: league/fractal from 0.18, and list-groups (evidence 3.2).
        Object = "object",
        /// `[]`: league/fractal up to 0.17, and the command line's mocks (evidence 3.2).
        Array = "array",
    }
    /// The query of the previous and next links.
    next_link: NextLink {
        /// The parameters of the request, then `page`: list-processes (evidence 3.2).
        FullQuery = "full_query",
        /// Only `page`: list-templates (evidence 3.2).
        PageOnly = "page_only",
    }
    /// The body of a 422.
    validation_body: ValidationBody {
        /// `error`, `message` and `errors`: what every client can read (evidence 5.5).
        Full = "full",
        /// `error` and `errors`: troubleshooting (evidence 5.1).
        ErrorsOnly = "errors_only",
        /// `message` and `errors`, the message being the first sentence: Laravel's own (evidence 5.2).
        Laravel = "laravel",
    }
    /// What a request for an organization gets that is not the token's.
    foreign_org: ForeignOrg {
        /// "Token doesn't match the organization" (evidence 5.5).
        Forbidden = "403",
        /// "Wrong organization ID" under 404 (evidence 11, row 14).
        NotFound = "404",
    }
    /// What becomes of a body whose `Content-Type` does not say JSON.
    body_without_json_type: BodyWithoutJsonType {
        /// Laravel sees no fields in it (evidence 5.5, inferred).
        NoFields = "no_fields",
        /// It is read as JSON all the same.
        ReadAnyway = "read_anyway",
    }
    /// What becomes of a body that is not JSON.
    malformed_json: MalformedJson {
        /// 400: update-group lists it (evidence 4.6).
        BadRequest = "400",
        /// What Laravel does: no fields, so 422 on create and nothing changed on update (evidence 4.6, inferred).
        NoFields = "no_fields",
    }
    /// What `with=guests` does to a group's list of addresses.
    guests_include: GuestsInclude {
        /// The include takes its place, as league/fractal merges (evidence 3.4, inferred).
        Replace = "replace",
        /// The list of addresses stays.
        Keep = "keep",
    }
    /// In which form `/oauth/token` reads its body.
    oauth_body: OAuthBody {
        /// A form: JSON is 400 (evidence 11, row 16).
        Form = "form",
        /// JSON too: two clients of the vendor's send it (evidence 8.7).
        FormOrJson = "form_or_json",
    }
}

impl Contract {
    /// The names of all switches.
    pub fn keys() -> Vec<&'static str> {
        Self::SWITCHES.iter().map(|(key, _)| *key).collect()
    }
}

/// A generation of Tallyfy's documentation: a preset of every switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edition {
    /// `2026-03`: the pages as of March 2026.
    #[default]
    March2026,
    /// `2025-08`: the pages as of August 2025.
    August2025,
}

impl Contract {
    /// Each switch with the value that it has.
    pub fn values(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_set = move |key, value: &&&'static str| self.with(Switch { key, value }) == self;
        Self::SWITCHES.iter().map(move |(key, values)| {
            let value = values.iter().find(|value| is_set(*key, value));
            (*key, *value.expect("each switch has one of its values"))
        })
    }
}

impl Edition {
    /// The editions' names, the default first.
    pub const NAMES: &'static [&'static str] = &["2026-03", "2025-08"];

    /// The edition's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::March2026 => "2026-03",
            Self::August2025 => "2025-08",
        }
    }

    /// What the edition documents.
    pub fn contract(self) -> Contract {
        let march_2026 = Contract {
            create_status: CreateStatus::Created,
            update_status: UpdateStatus::Created,
            delete_reply: DeleteReply::NoContent,
            delete_missing: DeleteMissing::NotFound,
            time_keys: TimeKeys::LastUpdated,
            time_format: TimeFormat::Seconds,
            description_on_create: DescriptionOnCreate::Required,
            missing_client_header: MissingClientHeader::Unauthenticated,
            per_page_cap: PerPageCap::Hundred,
            empty_links: EmptyLinks::Object,
            next_link: NextLink::FullQuery,
            validation_body: ValidationBody::Full,
            foreign_org: ForeignOrg::Forbidden,
            body_without_json_type: BodyWithoutJsonType::NoFields,
            malformed_json: MalformedJson::BadRequest,
            guests_include: GuestsInclude::Replace,
            oauth_body: OAuthBody::Form,
        };
        match self {
            Self::March2026 => march_2026,
            Self::August2025 => Contract {
                update_status: UpdateStatus::Ok,
                delete_reply: DeleteReply::DeletedGroup,
                time_keys: TimeKeys::UpdatedAt,
                description_on_create: DescriptionOnCreate::Optional,
                ..march_2026
            },
        }
    }
}

impl std::str::FromStr for Edition {
    type Err = ContractError;

    fn from_str(text: &str) -> Result<Self, ContractError> {
        [Self::March2026, Self::August2025]
            .into_iter()
            .find(|edition| edition.name() == text)
            .ok_or_else(|| ContractError::UnknownEdition {
                edition: text.to_owned(),
            })
    }
}

/// What a fixture or a command line says about the contract: an optional edition, and switches that override it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContractChoice {
    /// The edition, if one was named.
    pub edition: Option<Edition>,
    /// The switches that were set, in order.
    pub switches: Vec<Switch>,
}

impl ContractChoice {
    /// Both choices as one; `self` overrides `fixture`.
    #[must_use]
    pub fn joined_with(&self, fixture: &Self) -> Self {
        let switches = fixture.switches.iter().chain(&self.switches);
        Self {
            edition: self.edition.or(fixture.edition),
            switches: switches.copied().collect(),
        }
    }

    /// The resulting edition and contract.
    pub fn resolved(&self) -> (Edition, Contract) {
        let edition = self.edition.unwrap_or_default();
        let switches = self.switches.iter();
        let contract = switches.fold(edition.contract(), |it, switch| it.with(*switch));
        (edition, contract)
    }

    /// The resulting edition and contract; `self` overrides `fixture`.
    pub fn over(&self, fixture: &Self) -> (Edition, Contract) {
        self.joined_with(fixture).resolved()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_switch_can_be_set() {
        for (key, values) in Contract::SWITCHES {
            let contracts: Vec<_> = values
                .iter()
                .map(|value| {
                    Edition::March2026
                        .contract()
                        .with(Switch::new(key, value).unwrap())
                })
                .collect();
            assert_eq!(
                contracts[0],
                Edition::March2026.contract(),
                "the first value of {key} is the default"
            );
            assert_eq!(Switch::new(key, values[0]).unwrap().key(), *key);
            for (i, contract) in contracts.iter().enumerate() {
                assert_eq!(
                    contracts.iter().position(|c| c == contract),
                    Some(i),
                    "{key}: each value does something"
                );
            }
        }
    }

    #[test]
    fn the_editions_differ_in_these_switches_and_in_no_other() {
        let august_2025 = [
            "update_status=200",
            "delete_reply=deleted_group",
            "time_keys=updated_at",
            "description_on_create=optional",
        ];
        let of_march_2026 = ContractChoice {
            edition: Some("2026-03".parse().unwrap()),
            switches: august_2025.map(|switch| switch.parse().unwrap()).into(),
        };
        let named = ContractChoice {
            edition: Some("2025-08".parse().unwrap()),
            switches: vec![],
        };
        let nothing = ContractChoice::default();
        assert_eq!(named.over(&nothing).1, of_march_2026.over(&nothing).1);
        assert_eq!(nothing.over(&nothing).0.name(), Edition::NAMES[0]);
        assert_eq!(named.over(&nothing).0.name(), Edition::NAMES[1]);
    }

    #[test]
    fn the_command_line_wins_over_the_fixture_and_both_over_the_edition() {
        let fixture = ContractChoice {
            edition: Some(Edition::August2025),
            switches: vec![
                Switch::new("create_status", "200").unwrap(),
                Switch::new("time_format", "micros").unwrap(),
            ],
        };
        let flags = ContractChoice {
            edition: None,
            switches: vec!["time_format = millis".parse().unwrap()],
        };
        let (edition, contract) = flags.over(&fixture);
        assert_eq!(edition, Edition::August2025);
        assert_eq!(contract.create_status, CreateStatus::Ok);
        assert_eq!(contract.time_format, TimeFormat::Millis);
        assert_eq!(contract.update_status, UpdateStatus::Ok);

        let flags = ContractChoice {
            edition: Some(Edition::March2026),
            switches: vec![],
        };
        assert_eq!(flags.over(&fixture).1.update_status, UpdateStatus::Created);
    }

    #[test]
    fn a_refusal_names_the_choices() {
        assert_eq!(
            "update_status=204"
                .parse::<Switch>()
                .unwrap_err()
                .to_string(),
            "the contract switch `update_status` does not take `204`; it takes `201`, `200`"
        );
        let unknown = "upsert=1".parse::<Switch>().unwrap_err().to_string();
        assert!(
            unknown.starts_with(
                "there is no contract switch `upsert`; the switches are `create_status`, "
            ),
            "{unknown}"
        );
        assert_eq!(
            "strict".parse::<Switch>().unwrap_err().to_string(),
            "`strict` is not of the form KEY=VALUE"
        );
        assert_eq!(
            "2024-01".parse::<Edition>().unwrap_err().to_string(),
            "there is no edition `2024-01`; the editions are `2026-03`, `2025-08`"
        );
    }
}
