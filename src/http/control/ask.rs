//! What a control endpoint is asked: its query and its body, every mistake told.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Path},
    http::{Request, StatusCode, header, request::Parts},
};
use http_body_util::LengthLimitError;
use serde_json::Value;

use super::problem::Problem;
use crate::{
    domain::id::OrgId,
    http::body::{announces_more, encoded, gathered},
    json,
    state::AppState,
};

/// The id in the path; what is no text names nothing.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

impl FromRequestParts<Arc<AppState>> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Problem> {
        let Path(id) = Path::from_request_parts(parts, app)
            .await
            .map_err(|_| Problem::new(StatusCode::NOT_FOUND, "the id in the path is not UTF-8"))?;
        Ok(Self(id))
    }
}

/// The parameters of a query, each once.
#[derive(Debug)]
pub(super) struct Query {
    /// The organization that `org` names.
    pub(super) org: Option<OrgId>,
    rest: BTreeMap<String, String>,
}

impl FromRequestParts<Arc<AppState>> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<AppState>) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
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
}

impl Query {
    /// The parameter of that name.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.rest.remove(name)
    }

    /// The parameter of that name, read; what cannot be read is a mistake.
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

    /// The organization, where nothing else may be asked.
    pub(super) fn only_org(mut self) -> Result<Option<OrgId>, Problem> {
        let org = self.org.take();
        self.done()?;
        Ok(org)
    }

    /// No other parameter may be there: a misspelt `org` would do to all what was meant for one.
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

/// A body as it came, up to `--max-control-body`.
#[derive(Debug)]
pub(super) struct Raw(pub(super) Bytes);

impl FromRequest<Arc<AppState>> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, app: &Arc<AppState>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let is_json = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|value| {
                let essence = value
                    .to_str()
                    .unwrap_or_default()
                    .split(';')
                    .next()
                    .unwrap_or_default();
                essence.trim().eq_ignore_ascii_case("application/json")
            });
        let limit = app.limits.max_control_body;
        let too_long = || {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "the body is longer than `--max-control-body`",
            )
        };
        if announces_more(&parts.headers, limit) {
            return Err(too_long());
        }
        let read = gathered(body, limit);
        let body = match tokio::time::timeout(app.limits.body_timeout, read).await {
            Ok(Ok(body)) => body,
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_long()),
            Ok(Err(_)) => {
                return Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "the body ended early",
                ));
            }
            Err(_) => {
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "the body did not come within `--body-timeout`",
                ));
            }
        };
        // A page in a browser can send other types to anybody without asking first.
        if !body.is_empty() && !is_json {
            let detail = "a body here needs `Content-Type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        if let Some(what) = encoded(&parts.headers).filter(|_| !body.is_empty()) {
            let detail = format!("the body {what}; send it as plain JSON in UTF-8");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        Ok(Self(body))
    }
}

/// A body of JSON.
#[derive(Debug)]
pub(super) struct Json(pub(super) Value);

impl FromRequest<Arc<AppState>> for Json {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, app: &Arc<AppState>) -> Result<Self, Problem> {
        let Raw(bytes) = Raw::from_request(request, app).await?;
        let mut mistakes = Vec::new();
        match json::parse(&bytes, &mut mistakes) {
            Ok(value) if mistakes.is_empty() => Ok(Self(value)),
            Ok(_) => Err(Problem::invalid(mistakes)),
            Err(error) => {
                let told = match json::foreign(&bytes) {
                    Some(what) => format!("the body {what}; send it as plain JSON in UTF-8"),
                    None => format!("the body is not JSON: {error}"),
                };
                Err(Problem::invalid(vec![(String::new(), told)]))
            }
        }
    }
}
