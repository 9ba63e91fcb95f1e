//! `requests` and `events`: what was asked, and whether it was what was expected.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Extension, Json as Answer,
    body::{Body, Bytes, HttpBody},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::body::Frame;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    ask::{Asked, Control},
    problem::Problem,
};
use crate::{
    domain::{id::OrgId, operation::Operation},
    http::exchange::Endless,
    state::AppState,
    tenant::{
        Scopes,
        journal::{Entry, Event, Expectations, Filter, Subscription},
    },
};

#[derive(Serialize)]
pub(super) struct Requests {
    requests: Vec<Shown>,
    dropped: u64,
}

/// An entry, shared with the journal.
pub(super) struct Shown(Arc<Entry>);

impl Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The entries that a filter lets through, the newest last.
pub(super) fn list(app: &AppState, mut asked: Asked) -> Result<Answer<Requests>, Problem> {
    let mut query = std::mem::take(&mut asked.query);
    let filter = Filter {
        org: query.org.clone(),
        operation: query.read("operation", "an operation such as `groups.list`", |name| {
            Operation::parse(name).ok()
        })?,
        method: query.take("method"),
        status: query.read("status", "a status", |text| text.parse().ok())?,
        since: query.read("since", "the id of an entry", |text| text.parse().ok())?,
        limit: query.read("limit", "a whole number", |text| text.parse().ok())?,
        unmatched: query
            .read("unmatched", "true or false", |text| text.parse().ok())?
            .unwrap_or(false),
    };
    query.done()?;
    let found = app.tenants.requests(&filter);
    Ok(Answer(Requests {
        requests: found.requests.into_iter().map(Shown).collect(),
        dropped: found.dropped,
    }))
}

/// One entry.
pub(super) fn show(app: &AppState, mut asked: Asked) -> Result<Answer<Shown>, Problem> {
    let org = asked.only_org()?;
    let id = asked.id();
    let found = id.parse().ok().and_then(|id| app.tenants.request(id, org));
    let gone = || {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("there is no request `{id}`, or no more"),
        )
    };
    found.map(Shown).map(Answer).ok_or_else(gone)
}

/// Forgets all entries, or those of one organization.
pub(super) fn clear(app: &AppState, mut asked: Asked) -> Result<StatusCode, Problem> {
    let org = asked.only_org()?;
    let requests = Scopes {
        requests: true,
        ..Scopes::default()
    };
    app.reset(org.as_ref(), requests)?;
    Ok(StatusCode::NO_CONTENT)
}

/// 200 where what was expected was asked; 409 with what comes nearest where it was not.
pub(super) fn verify(app: &AppState, mut asked: Asked) -> Result<Answer<Value>, Problem> {
    let (org, body) = (asked.only_org()?, asked.json()?);
    let expected = Expectations::parse(&body, org).map_err(Problem::invalid)?;
    match app.tenants.verify(&expected) {
        Ok(count) => Ok(Answer(json!({ "count": count }))),
        Err(unmet) => {
            let nearest: Vec<Shown> = unmet.nearest.into_iter().map(Shown).collect();
            Err(Problem::new(StatusCode::CONFLICT, unmet.detail)
                .with("count", unmet.count.into())
                .with("nearest", serde_json::to_value(nearest).unwrap_or_default()))
        }
    }
}

/// Places for streams. They are not among `--max-connections`, so that watchers keep nobody out.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Semaphore>);

impl Streams {
    pub(super) fn up_to(limit: usize) -> Self {
        Self(Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))))
    }
}

/// The journal, live, as server-sent events.
pub(super) async fn events(
    State(control): State<Control>,
    Extension(streams): Extension<Streams>,
    mut asked: Asked,
) -> Result<Response, Problem> {
    let (app, org) = (control.app, asked.only_org()?);
    let place = streams.0.try_acquire_owned().map_err(|_| {
        let limit = app.limits.max_streams;
        let detail = format!("{limit} streams are open, which is `--max-streams`");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    let events = Events {
        _place: place,
        org,
        next: next(app.tenants.journal().subscribe()),
        begun: false,
    };
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Extension(Endless), Body::new(events)).into_response())
}

/// How long nothing may come before a sign of life is sent.
const QUIET: Duration = Duration::from_secs(15);

type Next = Pin<Box<dyn Future<Output = (Option<Event>, Subscription)> + Send>>;

/// Waits for the next event, or for a sign of life to be due.
fn next(mut live: Subscription) -> Next {
    Box::pin(async move {
        (
            tokio::time::timeout(QUIET, live.next())
                .await
                .unwrap_or_default(),
            live,
        )
    })
}

struct Events {
    _place: OwnedSemaphorePermit,
    org: Option<OrgId>,
    next: Next,
    begun: bool,
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let comment = || Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b":\n\n")))));
        if !self.begun {
            // So that the listener knows that it is one.
            self.begun = true;
            return comment();
        }
        loop {
            let (event, live) = ready!(self.next.as_mut().poll(cx));
            self.next = next(live);
            let Some(event) = event else { return comment() };
            let (name, entry) = match &event {
                Event::Asked(entry) => ("asked", entry),
                Event::Request(entry) => ("request", entry),
            };
            let org = self.org.as_ref();
            if org.is_some_and(|org| entry.org() != Some(org)) {
                continue;
            }
            let Ok(data) = serde_json::to_string(&**entry) else {
                continue;
            };
            let event = format!("event: {name}\ndata: {data}\n\n");
            return Poll::Ready(Some(Ok(Frame::data(event.into()))));
        }
    }
}
