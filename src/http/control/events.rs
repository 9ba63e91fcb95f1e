//! `events`: a live stream of server-sent events.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    ask::{Asked, Control},
    clock,
    problem::Problem,
};
use crate::{
    domain::id::OrgId,
    http::exchange::Endless,
    state::AppState,
    tenant::{
        Event, Listener, Numbered,
        journal::{Change, RuleChange, StateChange},
    },
};

/// Places for streams, apart from `--max-connections`, so that watchers keep nobody out.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Semaphore>);

impl Streams {
    pub(super) fn up_to(limit: usize) -> Self {
        Self(Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS))))
    }
}

/// The interval of keep-alive comments.
const QUIET: Duration = Duration::from_secs(15);

/// Streams the events after a given one, or from now on.
pub(super) async fn listen(
    State(control): State<Control>,
    Extension(streams): Extension<Streams>,
    headers: HeaderMap,
    mut asked: Asked,
) -> Result<impl IntoResponse, Problem> {
    let mut query = std::mem::take(&mut asked.query);
    let org = query.org.clone();
    let since = query.read("since", "the id of an event", |text| text.parse().ok())?;
    query.done()?;
    // A client that reconnects sends the last id in the header, while its URL still has the first one.
    let since = last_event_id(&headers)?.or(since);
    let app = control.app;
    let place = streams.0.try_acquire_owned().map_err(|_| {
        let limit = app.limits.max_streams;
        let detail = format!("{limit} streams are open, which is `--max-streams`");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })?;
    let listener = app.tenants.listen(org, since);
    let hearing = Hearing {
        _place: place,
        told: VecDeque::new(),
        begun: false,
        listener,
        app,
    };
    let events = stream::unfold(hearing, async |mut hearing| {
        let event = hearing.next().await;
        Some((event, hearing))
    });
    let quiet = KeepAlive::new().interval(QUIET);
    Ok((Extension(Endless), Sse::new(events).keep_alive(quiet)))
}

/// The last event that a reconnecting client has received.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get("last-event-id").filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    let found = String::from_utf8_lossy(value.as_bytes());
    let message = format!("expected the id of an event, found `{found}`");
    id.map(Some)
        .ok_or_else(|| Problem::invalid(vec![("header.Last-Event-ID".into(), message)]))
}

/// An open stream. It buffers a few events at most, even if they are not taken.
struct Hearing {
    _place: OwnedSemaphorePermit,
    app: Arc<AppState>,
    listener: Listener,
    told: VecDeque<Numbered>,
    begun: bool,
}

impl Hearing {
    async fn next(&mut self) -> Result<sse::Event, axum::Error> {
        if !self.begun {
            // Tells the client that it is subscribed, and from where on.
            self.begun = true;
            let since = self.listener.since().to_string();
            return Ok(sse::Event::default().comment("").id(since));
        }
        loop {
            if let Some(told) = self.told.pop_front() {
                return written(&told);
            }
            self.told = self.app.tenants.next(&mut self.listener).await.into();
        }
    }
}

fn written(told: &Numbered) -> Result<sse::Event, axum::Error> {
    let event = sse::Event::default().id(told.id.to_string());
    match &told.event {
        Event::Asked(entry) => event.event("asked").json_data(entry),
        Event::Request(entry) => event.event("request").json_data(entry),
        Event::Changed(org, change) => {
            let (name, data) = changed(org.as_ref(), change);
            event.event(name).json_data(data)
        }
        Event::Missed { requests, others } => {
            let data = json!({ "requests": requests, "others": others });
            event.event("missed").json_data(data)
        }
        // The number of missed events is unknown, as they were another process's.
        Event::Restarted => {
            let data = json!({ "requests": Value::Null, "others": Value::Null, "restarted": true });
            event.event("missed").json_data(data)
        }
    }
}

fn changed(org: Option<&OrgId>, change: &Change) -> (&'static str, Value) {
    #[derive(Serialize)]
    struct Clock<'a> {
        org: Option<&'a str>,
        #[serde(flatten)]
        shown: clock::Shown,
    }
    let org = org.map(OrgId::as_str);
    match change {
        Change::Rule(id, what) => {
            let what = match what {
                RuleChange::Put => "put",
                RuleChange::Spent => "spent",
                RuleChange::Removed => "removed",
            };
            ("rule", json!({ "org": org, "id": **id, "change": what }))
        }
        Change::Clock(reading) => {
            let shown = (*reading).into();
            ("clock", json!(Clock { org, shown }))
        }
        Change::Reset(scopes) => {
            let scopes: Vec<_> = scopes.names().collect();
            ("reset", json!({ "org": org, "scope": scopes }))
        }
        Change::State(what) => {
            let what = match what {
                StateChange::Replaced => "replaced",
                StateChange::Seeded => "seeded",
                StateChange::Reloaded => "reloaded",
            };
            ("state", json!({ "org": org, "change": what }))
        }
    }
}
