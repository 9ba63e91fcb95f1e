//! A call of a handler: the request, and extractors whose errors have Tallyfy's shape.

use std::{borrow::Cow, sync::Arc};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::HeaderMap,
};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::oauth::parameters::recorded;
use crate::http::{
    body::{Ungathered, announces_more, content_type, encoded, gathered},
    capacity::{Capacity, Memory, NO_ROOM_FOR_BODY},
    error::ApiError,
    exchange::{Exchange, SentBody},
};
use crate::{
    domain::{
        contract::{BodyWithoutJsonType, Contract, MalformedJson},
        guest::Email,
        id::{GroupId, UserId},
        operation::Operation,
        validate::Fields,
    },
    json,
    state::AppState,
};

/// A request as a handler sees it.
#[derive(Debug)]
pub(in crate::http) struct Call<'a> {
    pub(in crate::http) app: &'a Arc<AppState>,
    pub(in crate::http) exchange: &'a Arc<Exchange>,
    body: Body,
}

impl<'a> Call<'a> {
    pub(in crate::http) fn new(
        app: &'a Arc<AppState>,
        exchange: &'a Arc<Exchange>,
        body: Body,
    ) -> Self {
        Self {
            app,
            exchange,
            body,
        }
    }

    /// The contract that is served.
    pub(super) fn contract(&self) -> &'a Contract {
        &self.app.contract
    }

    /// The time in the organization.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.exchange.now()
    }

    /// The query string; empty if there is none.
    pub(super) fn query(&self) -> &'a str {
        self.exchange.uri.query().unwrap_or_default()
    }

    /// The group's id in the path.
    pub(super) fn group_id(&self) -> Result<GroupId, ApiError> {
        let form = "the id in the path is no group's: 1 to 255 letters, digits, `-` or `_`";
        self.last_in_path(form, GroupId::parse)
    }

    /// The user's id in the path, a number; anything else is not found.
    pub(super) fn user_id(&self) -> Result<UserId, ApiError> {
        let form = "the id in the path is no user's: a whole number of at least 1";
        self.last_in_path(form, |text| text.parse().ok().and_then(UserId::new))
    }

    /// The guest's address in the path.
    pub(super) fn guest_email(&self) -> Result<Email, ApiError> {
        self.last_in_path("what is last in the path is no email address", Email::parse)
    }

    /// Parses the last segment of the path; what cannot be parsed is not found.
    fn last_in_path<T>(
        &self,
        form: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ApiError> {
        let last = self.exchange.last_segment();
        last.and_then(|text| parse(&text)).ok_or_else(|| {
            self.exchange.notes.note_reason(form);
            ApiError::ResourceNotFound
        })
    }

    /// Refuses an invalid id in the path, if the route has an id.
    pub(super) fn check_id(&self) -> Result<(), ApiError> {
        let has_id = (self.exchange.matched.path).is_some_and(|path| path.ends_with("/{id}"));
        if has_id {
            self.group_id()?;
        }
        Ok(())
    }

    /// The fields of a JSON body; an empty body has none.
    pub(super) fn fields(&self, bytes: Bytes) -> Result<Fields, ApiError> {
        let notes = &self.exchange.notes;
        let fields = match fields(&bytes, &self.exchange.headers, self.contract()) {
            Ok(fields) => {
                self.note_unread(&fields);
                Ok(Some(fields))
            }
            Err(Unread::Empty) => Ok(None),
            Err(Unread::Ignored(why)) => {
                notes.note_body_unread(&why);
                Ok(None)
            }
            Err(Unread::Refused(why)) => Err(ApiError::MalformedJson(why)),
        };
        notes.note_body(SentBody {
            was_read: matches!(fields, Ok(Some(_))),
            bytes,
        });
        fields.map(Option::unwrap_or_default)
    }

    /// Notes that a body has fields which mean nothing to the operation. It does not repeat their names, which may be
    /// anything: it names those that are read.
    fn note_unread(&self, fields: &Fields) {
        let operation = self.exchange.matched.operation;
        let read = operation.map_or(&[][..], Operation::body_fields);
        let is_unread = |name: &&String| !read.contains(&name.as_str());
        let unread = fields.keys().filter(is_unread).count();
        if unread > 0 {
            let (fields, were) = if unread == 1 {
                ("field", "was")
            } else {
                ("fields", "were")
            };
            let read = read.join("`, `");
            let why = format!(
                "{unread} {fields} of the body {were} not read; those that are read: `{read}`"
            );
            self.exchange.notes.note_body_unread(&why);
        }
    }

    /// Reads a body that no handler reads, for the journal.
    pub(in crate::http) async fn note_body(mut self, capacity: &Capacity) {
        if self.body.is_end_stream() {
            return;
        }
        if let Ok(bytes) = self.read_body(capacity).await {
            let bytes = match self.exchange.matched.operation {
                Some(Operation::IssueToken) => recorded(&self.exchange.headers, &bytes),
                Some(_) | None => bytes,
            };
            self.exchange.notes.note_body(SentBody {
                bytes,
                was_read: true,
            });
        }
    }

    /// Reads the whole body.
    pub(super) async fn read_body(&mut self, capacity: &Capacity) -> Result<Bytes, ApiError> {
        let limits = &self.app.limits;
        let body = std::mem::take(&mut self.body);
        let body = read(
            &self.exchange.headers,
            body,
            limits.max_body,
            &capacity.bodies,
        );
        tokio::time::timeout(limits.body_timeout, body)
            .await
            .map_err(|_| ApiError::RequestTimeout)?
    }
}

/// Why the fields of a body are not read.
enum Unread {
    /// The body is empty.
    Empty,
    /// Tallyfy would see no fields.
    Ignored(Cow<'static, str>),
    /// It is refused.
    Refused(String),
}

/// Parses the fields of a body. `[]` has none: PHP writes an empty object that way, and Laravel sees the same in both. An empty body
/// has none either.
fn fields(bytes: &[u8], headers: &HeaderMap, contract: &Contract) -> Result<Fields, Unread> {
    if bytes.is_empty() {
        return Err(Unread::Empty);
    }
    let is_json =
        says_json(headers) || contract.body_without_json_type == BodyWithoutJsonType::ReadAnyway;
    let foreign =
        encoded(headers).or_else(|| is_json.then(|| json::foreign(bytes))?.map(str::to_owned));
    let refused = if let Some(what) = foreign {
        format!("the body {what}; send it as plain JSON in UTF-8")
    } else if !is_json {
        return Err(Unread::Ignored(
            "the body was not read, as at Tallyfy: send `Content-Type: application/json`".into(),
        ));
    } else {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => return Ok(fields),
            Ok(Value::Array(items)) if items.is_empty() => return Ok(Fields::new()),
            Ok(_) => "the body is JSON, but not an object".to_owned(),
            Err(error) => format!("the body is not JSON: {error}"),
        }
    };
    Err(match contract.malformed_json {
        MalformedJson::BadRequest => Unread::Refused(refused),
        MalformedJson::NoFields => Unread::Ignored(refused.into()),
    })
}

/// Reads a body up to a limit.
async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    memory: &Memory,
) -> Result<Bytes, ApiError> {
    if announces_more(headers, limit) {
        return Err(ApiError::PayloadTooLarge);
    }
    let gathered = gathered(body, limit, memory).await;
    gathered.map_err(|why| match why {
        Ungathered::TooLong => ApiError::PayloadTooLarge,
        Ungathered::EndedEarly(error) => {
            ApiError::MalformedJson(format!("the body ended early: {error}"))
        }
        Ungathered::NoRoom => ApiError::Unavailable(NO_ROOM_FOR_BODY),
    })
}

/// `application/json` or `…+json`, with any parameters.
fn says_json(headers: &HeaderMap) -> bool {
    let Some(essence) = content_type(headers) else {
        return false;
    };
    essence == "application/json" || (essence.contains('/') && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn json_is_said_in_more_than_one_way() {
        let says = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            says_json(&headers)
        };
        for json in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/vnd.tallyfy+json",
        ] {
            assert!(says(json), "{json}");
        }
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonl",
            "+json",
            "text/json-ish",
        ] {
            assert!(!says(other), "{other}");
        }
        assert!(!says_json(&HeaderMap::new()));
    }
}
