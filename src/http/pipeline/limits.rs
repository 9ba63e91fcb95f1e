//! The rate limit, and behind it whatever answers.

use std::panic::AssertUnwindSafe;

use axum::http::HeaderName;
use futures_util::FutureExt;

use crate::{
    http::{
        capacity::Capacity,
        envelope::Answer,
        error::ApiError,
        exchange::Exchange,
        tallyfy::{self, Call, Endpoint},
    },
    tenant::Verdict,
};

/// Counts the request where a limit is set, has it answered by its handler where there is room, and says on
/// each answer what is left.
pub(super) async fn limited(
    endpoint: Option<&'static Endpoint>,
    call: Call<'_>,
    capacity: &Capacity,
) -> Answer {
    let verdict = verdict(call.exchange);
    let mut answer = match verdict.and_then(|verdict| verdict.retry_after) {
        Some(retry_after) => ApiError::TooManyRequests { retry_after }.into(),
        // A handler's panic is caught here, within the journal, so that the 500 is in it.
        None => caught(tallyfy::answer(endpoint, call, capacity)).await,
    };
    if let Some(verdict) = verdict {
        let headers = answer.headers_mut();
        headers.insert(
            HeaderName::from_static("x-ratelimit-limit"),
            verdict.limit.into(),
        );
        headers.insert(
            HeaderName::from_static("x-ratelimit-remaining"),
            verdict.remaining.into(),
        );
    }
    answer
}

fn verdict(exchange: &Exchange) -> Option<Verdict> {
    exchange.held.count(exchange.bearer()?, || exchange.now())
}

/// An answer, whatever becomes of whoever makes it.
pub(super) async fn caught(answer: impl Future<Output = Answer>) -> Answer {
    let caught = AssertUnwindSafe(answer).catch_unwind().await;
    caught.unwrap_or_else(|_| ApiError::ServerError.into())
}
