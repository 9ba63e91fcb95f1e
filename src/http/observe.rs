//! What is remembered of a request and its answer: a line in the log and an entry in the journal.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tracing::Level;

use super::{
    envelope::Answer,
    error::Remark,
    exchange::{Exchange, organization},
    misbehave::{StatusUnseen, Struck},
};
use crate::{
    domain::operation::Operation, journal::Seen, request_log::RequestLine, state::AppState,
};

/// When a request came.
#[derive(Debug)]
pub(super) struct Observation {
    /// By the clock of its organization.
    at: DateTime<Utc>,
    started: Instant,
}

impl Observation {
    /// Notes when a request came, where anything is to be remembered of it.
    pub(super) fn begin(app: &AppState, exchange: &Exchange) -> Option<Self> {
        let is_noted =
            app.journal.is_on() || app.request_log.is_some() || tracing::enabled!(Level::INFO);
        is_noted.then(|| Self {
            at: exchange.now(),
            started: Instant::now(),
        })
    }

    /// Notes down the request and its answer.
    pub(super) fn end(self, app: &AppState, exchange: &Exchange, answer: &Answer) {
        let duration = self.started.elapsed();
        log(app, exchange, duration, answer);
        if app.journal.is_on() {
            record(app, exchange, self.at, duration, answer);
        }
    }
}

/// One line in the log.
fn log(app: &AppState, exchange: &Exchange, duration: Duration, answer: &Answer) {
    let path = exchange.uri.path();
    let remark = answer.extensions().get::<Remark>();
    let line = RequestLine {
        method: exchange.method.as_str(),
        route: exchange.operation().map_or("-", Operation::name),
        status: answer.status().as_u16(),
        duration,
        org: organization(path).unwrap_or("-"),
        path,
        remark: remark.map(|remark| remark.0.as_ref()),
    };
    if let Some(log) = &app.request_log {
        return log.line(&line);
    }
    tracing::info!(
        method = line.method,
        route = line.route,
        status = line.status,
        ms = (duration.as_secs_f64() * 1e6).round() / 1e3,
        org = line.org,
        path = line.path,
        remark = line.remark,
    );
}

/// One entry in the journal.
fn record(
    app: &AppState,
    exchange: &Exchange,
    at: DateTime<Utc>,
    duration: Duration,
    answer: &Answer,
) {
    let sent = exchange.body.get();
    let fault = answer.extensions().get::<Struck>();
    let is_seen = answer.extensions().get::<StatusUnseen>().is_none();
    app.journal.record(Seen {
        at,
        operation: exchange.operation(),
        // Where nothing is served, a path belongs to no organization, whatever it says.
        org: exchange
            .org
            .as_ref()
            .filter(|_| exchange.matched.path().is_some()),
        method: exchange.method.as_str(),
        path: exchange.uri.path(),
        query: exchange.uri.query(),
        headers: &mut exchange
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
        body: sent.map(|body| body.bytes.clone()),
        body_was_read: sent.is_some_and(|body| body.was_read),
        status: is_seen.then_some(answer.status().as_u16()),
        response: Some(answer.body().clone()),
        duration,
        fault: fault.map(|struck| Arc::clone(&struck.0)),
        token: exchange.bearer(),
    });
}
