//! Parsing of control requests: the id in the path, the query and the body; every mistake is reported.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    RequestExt,
    body::{Body, Bytes},
    extract::{FromRequest, Path},
    http::{HeaderMap, Request, StatusCode, header},
};
use serde_json::Value;

use super::problem::Problem;
use crate::{
    domain::id::OrgId,
    http::{
        body::{Ungathered, announces_more, encoded, gathered},
        capacity::{Capacity, NO_ROOM_FOR_BODY},
    },
    json,
    state::AppState,
};

/// The state that control endpoints share.
#[derive(Debug, Clone)]
pub(super) struct Control {
    pub(super) app: Arc<AppState>,
    pub(super) capacity: Capacity,
}

/// A control request, as far as it is parsed for every endpoint.
#[derive(Debug)]
pub(super) struct Asked {
    id: Option<String>,
    pub(super) query: Query,
    body: Bytes,
}

impl FromRequest<Control> for Asked {
    type Rejection = Problem;

    async fn from_request(mut request: Request<Body>, control: &Control) -> Result<Self, Problem> {
        // An id that is not UTF-8 is not found; most paths have no id.
        let has_id = request.extract_parts::<Path<BTreeMap<String, String>>>();
        let Ok(Path(mut named)) = has_id.await else {
            let detail = "the id in the path is not UTF-8";
            return Err(Problem::new(StatusCode::NOT_FOUND, detail));
        };
        let id = named.remove("id");
        let query = Query::of(request.uri().query().unwrap_or_default())?;
        let (parts, body) = request.into_parts();
        let body = body_of(&parts.headers, body, control).await?;
        Ok(Self { id, query, body })
    }
}

impl Asked {
    /// The organization, for endpoints without other parameters.
    pub(super) fn only_org(&mut self) -> Result<Option<OrgId>, Problem> {
        std::mem::take(&mut self.query).only_org()
    }

    /// The id in the path.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The raw body.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Problem> {
        let mut mistakes = Vec::new();
        let value = json::parse(&self.body, &mut mistakes).map_err(|error| {
            let message = match json::foreign(&self.body) {
                Some(what) => format!("the body {what}; send it as plain JSON in UTF-8"),
                None => format!("the body is not JSON: {error}"),
            };
            Problem::invalid(vec![(String::new(), message)])
        })?;
        if mistakes.is_empty() {
            Ok(value)
        } else {
            Err(Problem::invalid(mistakes))
        }
    }
}

/// The parameters of a query, each once.
#[derive(Debug, Default)]
pub(super) struct Query {
    /// The organization that `org` names.
    pub(super) org: Option<OrgId>,
    rest: BTreeMap<String, String>,
}

impl Query {
    fn of(query: &str) -> Result<Self, Problem> {
        let mut rest: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let org = rest.remove("org").map(|text| {
            let message = "expected 1 to 255 letters, digits, `-` or `_`";
            OrgId::parse(&text)
                .ok_or_else(|| Problem::invalid(vec![("query.org".into(), message.into())]))
        });
        let org = org.transpose()?;
        Ok(Self { org, rest })
    }

    /// The parameter of that name.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.rest.remove(name)
    }

    /// The parsed parameter of that name; one that cannot be parsed is a mistake.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        form: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let message = format!("expected {form}, found `{text}`");
        read(&text)
            .map(Some)
            .ok_or_else(|| Problem::invalid(vec![(format!("query.{name}"), message)]))
    }

    fn only_org(mut self) -> Result<Option<OrgId>, Problem> {
        let org = self.org.take();
        self.done()?;
        Ok(org)
    }

    /// Refuses any other parameter, as a misspelt `org` would do to all what was meant for one.
    pub(super) fn done(self) -> Result<(), Problem> {
        let unknown = self
            .rest
            .into_keys()
            .map(|name| (format!("query.{name}"), "unknown parameter".to_owned()));
        let unknown: Vec<_> = unknown.collect();
        if unknown.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(unknown))
        }
    }
}

/// Reads the raw body, up to `--max-control-body`.
async fn body_of(headers: &HeaderMap, body: Body, control: &Control) -> Result<Bytes, Problem> {
    let limits = &control.app.limits;
    if announces_more(headers, limits.max_control_body) {
        return Err(too_long());
    }
    let read = gathered(body, limits.max_control_body, &control.capacity.bodies);
    let (status, detail) = match tokio::time::timeout(limits.body_timeout, read).await {
        Ok(Ok(body)) if body.is_empty() => return Ok(body),
        Ok(Ok(body)) => {
            // A page in a browser can send other types cross-origin without a preflight.
            if !says_json(headers) {
                let detail = "a body here needs `Content-Type: application/json`";
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
            }
            let Some(what) = encoded(headers) else {
                return Ok(body);
            };
            let detail = format!("the body {what}; send it as plain JSON in UTF-8");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        Ok(Err(Ungathered::TooLong)) => return Err(too_long()),
        Ok(Err(Ungathered::EndedEarly(_))) => (StatusCode::BAD_REQUEST, "the body ended early"),
        Ok(Err(Ungathered::NoRoom)) => (StatusCode::SERVICE_UNAVAILABLE, NO_ROOM_FOR_BODY),
        Err(_) => {
            let detail = "the body did not come within `--body-timeout`";
            (StatusCode::REQUEST_TIMEOUT, detail)
        }
    };
    Err(Problem::new(status, detail))
}

fn too_long() -> Problem {
    let detail = "the body is longer than `--max-control-body`";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

fn says_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next();
    essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json"))
}
