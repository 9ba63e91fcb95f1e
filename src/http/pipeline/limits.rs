//! The rate limit, with the handler behind it.

use std::panic::AssertUnwindSafe;

use axum::http::HeaderName;
use futures_util::FutureExt;

use crate::{
    domain::operation::Operation,
    http::{
        capacity::Capacity,
        envelope::Answer,
        error::{ApiError, Remark},
        exchange::Exchange,
        tallyfy::{self, Call, Endpoint},
    },
    tenant::Verdict,
};

/// Counts the request if there is a limit, has its handler answer it if the window allows, and adds the headers of what is left.
pub(super) async fn limited(
    endpoint: Option<&'static Endpoint>,
    call: Call<'_>,
    capacity: &Capacity,
) -> Answer {
    let verdict = verdict(call.exchange);
    let mut answer = match verdict.and_then(|verdict| verdict.retry_after) {
        Some(retry_after) => {
            let mut answer = Answer::from(ApiError::TooManyRequests { retry_after });
            if is_for_a_token(call.exchange) {
                answer.extensions_mut().insert(Remark(TOKENS.into()));
            }
            answer
        }
        // A handler's panic is caught here, inside the observation, so that the 500 is in the journal.
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

/// The reason of a 429 at `/oauth/token`.
const TOKENS: &str = "requests for tokens have used up `--rate-limit` together";

/// Token requests carry no token: they share one window, as Passport throttles by client address.
fn verdict(exchange: &Exchange) -> Option<Verdict> {
    let token = match exchange.bearer() {
        _ if is_for_a_token(exchange) => "",
        bearer => bearer?,
    };
    exchange.held.count(token, || exchange.now())
}

fn is_for_a_token(exchange: &Exchange) -> bool {
    exchange.matched.operation == Some(Operation::IssueToken)
}

/// Catches a panic of a handler, and answers 500.
///
/// Not an `async fn`, whose future would have room for `answer` twice: as its argument and where it is awaited. Futures
/// of three such functions, one within the other, cost a get 16 % of its instructions to move (2026-11-25).
pub(super) fn caught(answer: impl Future<Output = Answer>) -> impl Future<Output = Answer> {
    let caught = AssertUnwindSafe(answer).catch_unwind();
    caught.map(|answer| answer.unwrap_or_else(|_| ApiError::ServerError.into()))
}
