//! What a request may say: each parameter of a query and each field of a body, what it means and who says so.

use super::{
    evidence::{Evidence, assumed, client, documented},
    operation::Operation,
};

/// A parameter of a query or a field of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub name: &'static str,
    /// What it means, in a sentence.
    pub means: &'static str,
    /// A value that makes sense.
    pub example: &'static str,
    /// Who says so.
    pub evidence: Evidence,
}

impl Operation {
    /// The parameters of its query.
    pub fn parameters(self) -> impl Iterator<Item = Asked> {
        let names = self.query_parameters().iter();
        names.filter_map(move |name| parameter(self, name))
    }

    /// The fields of its body.
    pub fn fields(self) -> impl Iterator<Item = Asked> {
        let names = self.body_fields().iter();
        names.filter_map(move |name| field(self, name))
    }
}

const LIST_GROUPS: Evidence = documented("list-groups");
const LIST_PEOPLE: Evidence = documented("list-members, list-guests");

fn parameter(operation: Operation, name: &'static str) -> Option<Asked> {
    let is_groups = operation == Operation::ListGroups;
    let list = if is_groups { LIST_GROUPS } else { LIST_PEOPLE };
    let (means, example, evidence) = match name {
        "page" => (
            "The page, from 1. What is no whole number of at least 1 counts as 1.",
            "1",
            match operation {
                Operation::GetMyOrganizations => client("Go command line, SDK 3.1.0"),
                _ => list,
            },
        ),
        "per_page" => (
            "How many rows a page has. What is no whole number of at least 1 counts as the default.",
            "10",
            match operation {
                Operation::GetMyOrganizations => client("Go command line, SDK 3.1.0"),
                _ => list,
            },
        ),
        "q" if is_groups => (
            "Only groups that have this in their name or description, in any case.",
            "sales",
            list,
        ),
        "q" => (
            "Only people who have this in their address or names, in any case.",
            "ada",
            list,
        ),
        "sort_by" if is_groups => (
            "`name`, `created_at` (default) or `updated_at`; with a `-` in front, descending. Anything else is ignored.",
            "-name",
            list,
        ),
        "sort_by" => (
            "`email`, `first_name` or `last_name`; with a `-` in front, descending. Anything else is ignored.",
            "last_name",
            assumed("as for groups; the pages name only `sort`"),
        ),
        "sort" if is_groups => (
            "`desc` turns the order round; or as `sort_by`.",
            "desc",
            client("SDK 3.1.0 sends it beside `sort_by`"),
        ),
        "sort" => (
            "`desc` turns the order round; or as `sort_by`.",
            "desc",
            list,
        ),
        "with" => includes(operation),
        _ => return None,
    };
    Some(Asked {
        name,
        means,
        example,
        evidence,
    })
}

fn includes(operation: Operation) -> (&'static str, &'static str, Evidence) {
    match operation {
        Operation::ListGroups => (
            "A comma list of `assets`, `users` and `guests`; `with[]=…` several times means the same. Other names are ignored.",
            "users,guests",
            LIST_GROUPS,
        ),
        Operation::GetGroup => (
            "A comma list of `assets`, `users` and `guests`; `with[]=…` several times means the same. Other names are ignored.",
            "assets",
            documented("get-group names `assets`; the others as in list-groups"),
        ),
        Operation::ListGuests | Operation::GetGuest => (
            "`stats`: what a fixture gives of them. Other names are ignored.",
            "stats",
            documented("list-guests"),
        ),
        _ => (
            "A comma list of `groups` and `stats`. Other names are ignored.",
            "groups",
            documented("list-members"),
        ),
    }
}

/// A parameter of a token request.
fn of_token(name: &'static str) -> Option<Asked> {
    let (means, example) = match name {
        "grant_type" => (
            "`password`, `client_credentials`, `refresh_token` or `authorization_code`.",
            "password",
        ),
        "client_id" => ("The client: a number.", "3"),
        "client_secret" => ("Its secret; a client without one shows none.", "s3cret"),
        "username" => (
            "With `password`: the user's address.",
            "ada.lovelace@northwind.example.com",
        ),
        "password" => ("With `password`.", "any"),
        "refresh_token" => ("With `refresh_token`; it is good once.", "def50200"),
        "code" => ("With `authorization_code`; it is good once.", "a-code"),
        "redirect_uri" => (
            "With `authorization_code`, where one is declared.",
            "https://app.test/back",
        ),
        "scope" => ("Decides nothing.", "*"),
        _ => return None,
    };
    Some(Asked {
        name,
        means,
        example,
        evidence: documented("how to integrate; RFC 6749"),
    })
}

fn field(operation: Operation, name: &'static str) -> Option<Asked> {
    if operation == Operation::IssueToken {
        return of_token(name);
    }
    let creates = operation == Operation::CreateGroup;
    let page = if creates {
        "create-group"
    } else {
        "update-group"
    };
    let (means, example, evidence) = match name {
        "name" => (
            "1 to 200 characters, trimmed; no other group of the organization has exactly this name.",
            "Sales",
            client(if creates {
                "`required`, `max:200`, `string` of the server's CreateGroupRequest, quoted by the MCP server; create-group"
            } else {
                "`required`, `max:200`, `string` of the server's UpdateGroupRequest, quoted by the MCP server; the n8n node leaves it out"
            }),
        ),
        "description" => (
            "A text, trimmed; not blank.",
            "Turns leads into customers",
            client(if creates {
                "`required`, `string` of the server's CreateGroupRequest, quoted by the MCP server; the pages of 2025 have it optional"
            } else {
                "`sometimes`, `required`, `string` of the server's UpdateGroupRequest, quoted by SDK 3.1.0"
            }),
        ),
        "members" if creates => (
            "The ids of users of the organization, each once: whole numbers, or strings of digits.",
            "1001",
            documented(page),
        ),
        "members" => (
            "The ids that take the place of those there are; `[]` takes all away.",
            "1001",
            documented(page),
        ),
        "guests" if creates => (
            "Email addresses, each once; one that the organization does not know becomes a guest of it.",
            "client@partner.example.com",
            documented(page),
        ),
        "guests" => (
            "The addresses that take the place of those there are; `[]` takes all away.",
            "client@partner.example.com",
            documented(page),
        ),
        _ => return None,
    };
    Some(Asked {
        name,
        means,
        example,
        evidence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_an_operation_reads_is_described() {
        for operation in Operation::ALL {
            let parameters: Vec<&str> = operation.parameters().map(|it| it.name).collect();
            assert_eq!(parameters, operation.query_parameters());
            let fields: Vec<&str> = operation.fields().map(|it| it.name).collect();
            assert_eq!(fields, operation.body_fields());
        }
    }
}
