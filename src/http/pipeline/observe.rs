//! Observes a request from its beginning to its end, for the log and the journal.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use tracing::Level;

use crate::{
    domain::operation::Operation,
    http::{
        envelope::Answer,
        exchange::{Exchange, organization},
    },
    request_log::RequestLine,
    state::{AppState, Totals},
    tenant::journal::{Redactor, Ring, Seen, UnderWay, count_unread},
};

/// The observation of a request. If it is dropped before its end, the client is gone.
#[derive(Debug)]
pub(super) struct Observation<'a> {
    app: &'a AppState,
    exchange: &'a Exchange,
    /// `None` if neither log nor journal is on.
    noted: Option<Noted<'a>>,
    started: Instant,
    under_way: Option<UnderWay>,
}

/// What log and journal need from the beginning of a request.
#[derive(Debug)]
struct Noted<'a> {
    /// When it came, by the clock of its organization.
    at: DateTime<Utc>,
    redactor: Redactor<'a>,
}

impl<'a> Observation<'a> {
    /// Begins an observation.
    pub(super) fn begin(app: &'a AppState, exchange: &'a Exchange) -> Self {
        if let Some(totals) = &app.totals {
            totals.note_request(exchange.matched.operation.is_some());
        }
        let is_noted = app.tenants.journal().is_on()
            || app.request_log.is_some()
            || tracing::enabled!(Level::INFO);
        Self {
            app,
            exchange,
            noted: is_noted.then(|| Noted {
                at: exchange.now(),
                redactor: Redactor::new(exchange.bearer()),
            }),
            started: Instant::now(),
            under_way: None,
        }
    }

    /// Polls the handling of a request. As soon as that has to wait, the request is in the journal.
    ///
    /// A body that has already arrived is only ready at the second poll, so only a request that waits after that is recorded as under
    /// way.
    pub(super) async fn watch(
        &mut self,
        mut work: Pin<&mut impl Future<Output = Answer>>,
    ) -> Answer {
        let mut looks = 0_u8;
        poll_fn(move |context| {
            let answer = work.as_mut().poll(context);
            if answer.is_ready() {
                return answer;
            }
            match looks {
                0 => context.waker().wake_by_ref(),
                1 => self.asked(),
                _ => {}
            }
            looks = looks.saturating_add(1);
            Poll::Pending
        })
        .await
    }

    /// Records the request and its answer in log and journal.
    pub(super) fn end(mut self, answer: &Answer, remark: Option<&str>) {
        let duration = self.started.elapsed();
        if let Some(noted) = &self.noted {
            self.log(&noted.redactor, duration, answer, remark);
        }
        if let Some(totals) = &self.app.totals {
            self.count(totals, answer);
        }
        let under_way = self.under_way.take();
        let told = Some((answer, remark));
        self.seen(told, duration, |ring, seen| match under_way {
            Some(under_way) => ring.answered(&under_way, seen),
            None => ring.record(seen),
        });
    }

    /// Counts how the request was answered, and what of it was not read.
    fn count(&self, totals: &Totals, answer: &Answer) {
        let Exchange {
            notes,
            uri,
            matched,
            ..
        } = self.exchange;
        let status = answer.status();
        let is_error = status.is_client_error() || status.is_server_error();
        let body = notes.body();
        let was_read = body.is_some_and(|body| body.was_read);
        let body = body.map(|body| body.bytes.clone());
        let query = uri.query().unwrap_or_default();
        let unread = matched.operation.map_or(0, |operation| {
            count_unread(operation, query, body, was_read)
        });
        totals.note_answer(is_error && notes.struck_by().is_none(), unread);
    }

    fn asked(&mut self) {
        self.under_way = self.seen(None, Duration::ZERO, Ring::asked).flatten();
    }

    /// One line in the log.
    fn log(
        &self,
        redactor: &Redactor<'_>,
        duration: Duration,
        answer: &Answer,
        remark: Option<&str>,
    ) {
        let exchange = self.exchange;
        let path = exchange.uri.path();
        // A log travels further than a journal: even an organization's id is hidden if it equals the token.
        let [method, path] = [exchange.method.as_str(), path].map(|text| redactor.plain(text));
        let remark = remark.map(|remark| redactor.plain(remark));
        let status = answer.status().as_u16();
        let line = RequestLine {
            method: &method,
            route: exchange.matched.operation.map(Operation::name),
            status: exchange.notes.is_status_seen().then_some(status),
            duration,
            org: organization(&path),
            path: &path,
            remark: remark.as_deref(),
        };
        if let Some(log) = &self.app.request_log {
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

    /// Passes the request and its answer on to the journal; `None` if the journal is off.
    fn seen<T>(
        &self,
        told: Option<(&Answer, Option<&str>)>,
        duration: Duration,
        record: impl FnOnce(&Arc<Ring>, Seen<'_>) -> T,
    ) -> Option<T> {
        let noted = self.noted.as_ref()?;
        if !self.app.tenants.journal().is_on() {
            return None;
        }
        let exchange = self.exchange;
        // A path that is not served belongs to no organization.
        let org = exchange.org.as_ref();
        let org = org.filter(|_| exchange.matched.path.is_some());
        let ring = match org {
            Some(_) => exchange.held.requests(),
            None => exchange.held.requests_without_org(),
        };
        let (answer, reason) = told.unzip();
        let sent = exchange.notes.body();
        let is_seen = exchange.notes.is_status_seen();
        let status = answer.map(Answer::status).filter(|_| is_seen);
        let seen = Seen {
            at: noted.at,
            operation: exchange.matched.operation,
            org,
            method: exchange.method.as_str(),
            path: exchange.uri.path(),
            query: exchange.uri.query(),
            headers: &mut exchange
                .headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes())),
            body: sent.map(|body| body.bytes.clone()),
            body_was_read: sent.is_some_and(|body| body.was_read),
            status: status.as_ref().map(StatusCode::as_u16),
            response: answer.map(|answer| answer.body().beginning().clone()),
            response_length: answer.and_then(|answer| answer.body().length()),
            duration,
            fault: exchange.notes.struck_by(),
            reason: reason.flatten(),
            client_gone: exchange.notes.is_client_gone(),
            redactor: &noted.redactor,
        };
        Some(record(ring, seen))
    }
}

impl Drop for Observation<'_> {
    fn drop(&mut self) {
        let Some(under_way) = self.under_way.take() else {
            return;
        };
        self.exchange.notes.note_client_gone();
        self.seen(None, self.started.elapsed(), |ring, seen| {
            ring.answered(&under_way, seen);
        });
    }
}
