//! What an answer holds: each field of each entity, its form and who says so. The views write them, the
//! document tells them.

use super::evidence::{Evidence, assumed, client, documented, inferred};

/// The form of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An id of a group or an organization, or one that the mock makes: a text.
    Id,
    /// A user's id: a whole number.
    UserId,
    /// A text.
    Text,
    /// A text, or null.
    TextOrNull,
    /// A text that is there in some answers only.
    TextAtTimes,
    /// An email address.
    Email,
    /// Ids of users.
    UserIds,
    /// Email addresses.
    Emails,
    /// A time as the contract writes it.
    Time,
    /// A role.
    Role,
    /// True or false.
    Boolean,
    /// A whole number.
    Count,
    /// Null, always.
    Null,
    /// Always this text.
    Always(&'static str),
    /// Whatever a fixture gives; this JSON where it gives nothing.
    Given(&'static str),
    /// An object.
    Object(&'static Entity),
    /// A list of entities in `data`, there if it was asked for by `with`.
    Include(&'static Entity),
    /// Whatever a fixture gives, there if it was asked for by `with`.
    GivenInclude,
}

/// A field of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its form.
    pub form: Form,
    /// Who says so.
    pub evidence: Evidence,
}

/// What is answered: an object whose fields stand in this order.
#[derive(Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its name.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
}

const fn field(name: &'static str, form: Form, evidence: Evidence) -> Field {
    Field {
        name,
        form,
        evidence,
    }
}

const GET_GROUP: Evidence = documented("get-group");
const MEMBERS: Evidence = documented("list-members, the pages of 2026");
const SDK_USER: Evidence = client("`User` of SDK 3.1.0; the pages of 2025");
const GUESTS: Evidence = documented("list-guests");
const SDK_ORGANIZATION: Evidence = client("`Organization` of SDK 3.1.0");
const CHOICE: Evidence = assumed("what a list to choose from needs");
const ASSETS: Evidence = documented("get-file-metadata; `Asset` of SDK 3.1.0");
const EMBEDDED: Evidence = documented("list-members, `with=groups`");
const ME: Evidence = client("`Me` of the Go command line");
const NULL: Form = Form::Given("null");

/// The keys of a group without its times.
const GROUP: [Field; 6] = [
    field(
        "id",
        Form::Id,
        client("verified live by the MCP server: 32 hexadecimal digits; get-group"),
    ),
    field("name", Form::Text, GET_GROUP),
    field("description", Form::TextOrNull, GET_GROUP),
    field("logo", Form::TextOrNull, GET_GROUP),
    field("members", Form::UserIds, GET_GROUP),
    field("guests", Form::Emails, GET_GROUP),
];

/// The times of a group in the pages of 2026.
pub const LAST_UPDATED: [Field; 2] = [
    field("created_at", Form::Time, GET_GROUP),
    field("last_updated", Form::Time, GET_GROUP),
];

/// The times of a group in the pages of 2025.
pub const UPDATED_AT: [Field; 3] = [
    field("created_at", Form::Time, documented("the pages of 2025")),
    field(
        "updated_at",
        Form::Time,
        documented("the pages of 2025; `Group` of SDK 3.1.0"),
    ),
    field(
        "deleted_at",
        Form::Null,
        documented("the pages of 2025; `Group` of SDK 3.1.0"),
    ),
];

/// The includes of a group. That of its guests has the name of the list of their addresses.
pub const GROUP_INCLUDES: [Field; 3] = [
    field(
        "users",
        Form::Include(&USER),
        documented("list-groups names it; `data` as SDK 3.1.0 says of includes"),
    ),
    field("assets", Form::Include(&ASSET), documented("get-group")),
    field(
        "guests",
        Form::Include(&GUEST),
        inferred(
            "list-groups names it; league/fractal merges an include over the field of its name",
        ),
    ),
];

/// A group, but for its times, whose keys the contract says, and its includes.
pub static GROUP_ENTITY: Entity = Entity {
    name: "Group",
    fields: &GROUP,
};

/// The logo's file.
pub static ASSET: Entity = Entity {
    name: "Asset",
    fields: &[
        field("id", Form::Id, ASSETS),
        field("filename", Form::Text, ASSETS),
        field("version", Form::Count, ASSETS),
        field(
            "uploaded_from",
            Form::Always("group"),
            assumed("no page shows a group's logo"),
        ),
        field("uploaded_at", Form::Time, ASSETS),
        field("step_id", Form::Null, ASSETS),
        field(
            "source",
            Form::Always("local"),
            assumed("no page shows a group's logo"),
        ),
        field("system", Form::Null, ASSETS),
        field("uploaded_to_s3", Form::Boolean, ASSETS),
        field("subject", Form::Object(&SUBJECT), ASSETS),
    ],
};

/// What the logo's file is of.
pub static SUBJECT: Entity = Entity {
    name: "Subject",
    fields: &[
        field("id", Form::Id, ASSETS),
        field(
            "type",
            Form::Always("Group"),
            assumed("no page shows a group's logo"),
        ),
    ],
};

/// A group as it stands in a user.
pub static EMBEDDED_GROUP: Entity = Entity {
    name: "EmbeddedGroup",
    fields: &[
        field("id", Form::Id, EMBEDDED),
        field("name", Form::Text, EMBEDDED),
        field("logo", Form::TextOrNull, EMBEDDED),
        field("members", Form::UserIds, EMBEDDED),
        field("guests", Form::Emails, EMBEDDED),
    ],
};

/// A user of an organization.
pub static USER: Entity = Entity {
    name: "User",
    fields: &[
        field("id", Form::UserId, MEMBERS),
        field("email", Form::Email, MEMBERS),
        field("username", Form::Given("\"ada@acme.example.com\""), MEMBERS),
        field("first_name", Form::Text, MEMBERS),
        field("last_name", Form::Text, MEMBERS),
        field("full_name", Form::Given("\"Ada Lovelace\""), MEMBERS),
        field("profile_pic", NULL, MEMBERS),
        field("country_id", NULL, MEMBERS),
        field("is_active", Form::Given("true"), MEMBERS),
        field("last_login_at", NULL, MEMBERS),
        field(
            "activated_at",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            MEMBERS,
        ),
        field("type", NULL, MEMBERS),
        field(
            "created_at",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            MEMBERS,
        ),
        field(
            "updated_at",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            MEMBERS,
        ),
        field("phone", NULL, MEMBERS),
        field("job_title", NULL, MEMBERS),
        field("timezone", Form::Given("\"UTC\""), MEMBERS),
        field("UTC_offset", Form::Given("\"+00:00\""), MEMBERS),
        field("role", Form::Role, MEMBERS),
        field("status", Form::Given("\"active\""), MEMBERS),
        field("date_format", NULL, MEMBERS),
        field("is_default_admin", Form::Given("false"), MEMBERS),
        field("active", Form::Given("true"), SDK_USER),
        field("is_suspended", Form::Given("false"), SDK_USER),
        field(
            "last_updated",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            SDK_USER,
        ),
        field("support_user", Form::Given("false"), SDK_USER),
        field("job_description", NULL, SDK_USER),
        field("team", NULL, SDK_USER),
        field("approved_at", NULL, SDK_USER),
        field("invited_by", NULL, SDK_USER),
        field("disabled_at", NULL, SDK_USER),
        field("disabled_by", NULL, SDK_USER),
        field("reactivated_at", NULL, SDK_USER),
        field("reactivated_by", NULL, SDK_USER),
        field("locale", Form::Given("\"en\""), SDK_USER),
        field("last_accessed_at", NULL, SDK_USER),
        field("last_known_ip", NULL, SDK_USER),
        field("last_known_country", NULL, SDK_USER),
        field("user_role", Form::Role, documented("the pages of 2025")),
        field("groups", Form::Include(&EMBEDDED_GROUP), EMBEDDED),
        field(
            "stats",
            Form::GivenInclude,
            documented("list-members names it"),
        ),
    ],
};

/// The token's user, as `GET /me` shows them.
pub static MYSELF: Entity = Entity {
    name: "Me",
    fields: &[
        field("id", Form::UserId, ME),
        field("email", Form::Email, ME),
        field("username", Form::Given("\"ada@acme.example.com\""), ME),
        field("first_name", Form::Text, ME),
        field("last_name", Form::Text, ME),
        field("timezone", Form::Given("\"UTC\""), ME),
    ],
};

/// An entry of `users-list`.
pub static USER_NAME: Entity = Entity {
    name: "UserName",
    fields: &[
        field("id", Form::UserId, CHOICE),
        field("email", Form::Email, CHOICE),
        field("username", Form::Given("\"ada@acme.example.com\""), CHOICE),
        field("first_name", Form::Text, CHOICE),
        field("last_name", Form::Text, CHOICE),
        field("full_name", Form::Given("\"Ada Lovelace\""), CHOICE),
        field("profile_pic", NULL, CHOICE),
    ],
};

/// A guest of an organization.
pub static GUEST: Entity = Entity {
    name: "Guest",
    fields: &[
        field("id", Form::Given("4523"), GUESTS),
        field("email", Form::Email, GUESTS),
        field("last_accessed_at", NULL, GUESTS),
        field("last_known_ip", NULL, GUESTS),
        field("last_known_country", NULL, GUESTS),
        field("details", Form::Object(&GUEST_DETAILS), GUESTS),
        field("first_name", Form::TextOrNull, GUESTS),
        field("last_name", Form::TextOrNull, GUESTS),
        field(
            "created_at",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            GUESTS,
        ),
        field("deleted_at", NULL, GUESTS),
        field(
            "link",
            Form::Given("\"https://go.tallyfy.test/guest/0f8c1d2e3a4b5c6d7e8f901234567890\""),
            client("`Guest` of SDK 3.1.0 reads the guest's id out of it; list-guests"),
        ),
        field("stats", Form::GivenInclude, GUESTS),
    ],
};

/// What is known of a guest beside name and address.
pub static GUEST_DETAILS: Entity = Entity {
    name: "GuestDetails",
    fields: &[
        field("status", Form::Given("\"active\""), GUESTS),
        field("phone_1", NULL, GUESTS),
        field("phone_2", NULL, GUESTS),
        field("timezone", NULL, GUESTS),
        field("image_url", NULL, GUESTS),
        field("contact_url", NULL, GUESTS),
        field("company_url", NULL, GUESTS),
        field("opportunity_url", NULL, GUESTS),
        field("company_name", NULL, GUESTS),
        field("opportunity_name", NULL, GUESTS),
        field("external_sync_source", NULL, GUESTS),
        field("external_date_creation", NULL, GUESTS),
        field("cadence_days", NULL, GUESTS),
        field("associated_members", NULL, GUESTS),
        field("last_city", NULL, GUESTS),
        field("last_country", NULL, GUESTS),
        field("last_accessed_at", NULL, GUESTS),
        field("disabled_at", NULL, GUESTS),
        field("disabled_by", NULL, GUESTS),
        field("reactivated_at", NULL, GUESTS),
        field("reactivated_by", NULL, GUESTS),
    ],
};

/// An entry of `guests-list`.
pub static GUEST_NAME: Entity = Entity {
    name: "GuestName",
    fields: &[
        field("id", Form::Given("4523"), CHOICE),
        field("email", Form::Email, CHOICE),
        field("first_name", Form::TextOrNull, CHOICE),
        field("last_name", Form::TextOrNull, CHOICE),
    ],
};

/// An organization.
pub static ORGANIZATION: Entity = Entity {
    name: "Organization",
    fields: &[
        field("id", Form::Id, SDK_ORGANIZATION),
        field("name", Form::Text, SDK_ORGANIZATION),
        field("industry", NULL, SDK_ORGANIZATION),
        field("description", NULL, SDK_ORGANIZATION),
        field("address1", NULL, SDK_ORGANIZATION),
        field("address2", NULL, SDK_ORGANIZATION),
        field(
            "created_at",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            client("Go command line"),
        ),
        field(
            "created_on",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            SDK_ORGANIZATION,
        ),
        field(
            "last_updated",
            Form::Given("\"2025-01-01T00:00:00Z\""),
            SDK_ORGANIZATION,
        ),
        field("live_support_enabled", Form::Given("0"), SDK_ORGANIZATION),
        field("org_logo", NULL, SDK_ORGANIZATION),
        field("country", NULL, SDK_ORGANIZATION),
        field("state", NULL, SDK_ORGANIZATION),
        field("city", NULL, SDK_ORGANIZATION),
        field("zipcode", NULL, SDK_ORGANIZATION),
        field(
            "users_count",
            Form::Count,
            client(
                "the server's OrganizationTransformer, quoted by the MCP server: active members only",
            ),
        ),
        field("in_trial", Form::Given("false"), SDK_ORGANIZATION),
        field("allow_user_invite", Form::Given("true"), SDK_ORGANIZATION),
        field("allow_manage_groups", Form::Boolean, SDK_ORGANIZATION),
        field(
            "maximum_group_assignment_limit",
            Form::Given("0"),
            SDK_ORGANIZATION,
        ),
        field("timezone", Form::Given("\"UTC\""), SDK_ORGANIZATION),
        field("working_days", NULL, SDK_ORGANIZATION),
        field(
            "webhook_date_field_format",
            Form::Given("\"yyyy-MM-ddTHH:mm:ssZ\""),
            SDK_ORGANIZATION,
        ),
        field("user_role", Form::Role, SDK_ORGANIZATION),
    ],
};

/// A token that was issued. It stands in no `data`.
pub static TOKEN: Entity = Entity {
    name: "Token",
    fields: &[
        field("token_type", Form::Always("Bearer"), TOKENS),
        field("expires_in", Form::Count, TOKENS),
        field("access_token", Form::Text, TOKENS),
        field("refresh_token", Form::TextAtTimes, TOKENS),
    ],
};

/// All of them.
pub static ENTITIES: [&Entity; 12] = [
    &GROUP_ENTITY,
    &ASSET,
    &SUBJECT,
    &ORGANIZATION,
    &USER,
    &EMBEDDED_GROUP,
    &MYSELF,
    &USER_NAME,
    &GUEST,
    &GUEST_DETAILS,
    &GUEST_NAME,
    &TOKEN,
];

const TOKENS: Evidence = documented("how to integrate, its example of a token");

impl Field {
    /// Whether it may be missing.
    pub fn is_optional(&self) -> bool {
        matches!(
            self.form,
            Form::Include(_) | Form::GivenInclude | Form::TextAtTimes
        )
    }
}
