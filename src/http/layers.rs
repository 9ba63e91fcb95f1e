//! What happens to every request, whatever it asks for.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use futures_util::FutureExt;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::cors::{Any as AnyOrigin, CorsLayer};

use super::{
    Matched,
    call::Call,
    endpoint_not_found,
    envelope::Answer,
    error::ApiError,
    exchange::Exchange,
    method_not_allowed,
    misbehave::{misbehave, sent},
    observe::Observation,
    steering::{PREFER, RESPONSE_CODE},
    unread::Unread,
};
use crate::{rate_limit::Verdict, state::AppState};

/// What answers on a route, whatever it is: one service for all that happens to a request there.
#[derive(Clone)]
pub(super) struct Route {
    app: Arc<AppState>,
    cors: Arc<CorsLayer>,
    matched: Matched,
}

impl Route {
    /// Makes the routes of one mock.
    pub(super) fn of(app: Arc<AppState>) -> impl Fn(Matched) -> Self {
        let cors = Arc::new(cors());
        move |matched| Self {
            app: Arc::clone(&app),
            cors: Arc::clone(&cors),
            matched,
        }
    }
}

impl Service<Request> for Route {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (app, matched) = (Arc::clone(&self.app), self.matched);
        if !is_a_browsers(&request) {
            return Box::pin(answered(app, matched, request));
        }
        let inside =
            service_fn(move |request: Request| answered(Arc::clone(&app), matched, request));
        Box::pin(self.cors.layer(inside).oneshot(request))
    }
}

/// Whether CORS has a say: a page asks, or its browser asks whether it may.
fn is_a_browsers(request: &Request) -> bool {
    let headers = request.headers();
    match *request.method() {
        // Without this header it is no preflight, but a method like any other, and none that is served.
        Method::OPTIONS => headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD),
        _ => headers.contains_key(header::ORIGIN),
    }
}

/// Any origin may call the Tallyfy routes, as a front end in development does. Preflights are answered here,
/// neither journalled nor struck.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::ACCEPT,
            header::CONTENT_TYPE,
            HeaderName::from_static("x-tallyfy-client"),
            PREFER.clone(),
            RESPONSE_CODE.clone(),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
        ])
        // The same for every origin, so no cache has to tell them apart.
        .vary([])
}

fn answered(
    app: Arc<AppState>,
    matched: Matched,
    request: Request,
) -> impl Future<Output = Result<Response, Infallible>> {
    caught(answer(app, matched, request)).map(|answer| Ok(sent(answer)))
}

/// The order of what happens to a request: its exchange is opened; steering, faults and the rate limit have
/// their say, and then its handler; what that left of the body is read; log and journal note it down.
fn answer(app: Arc<AppState>, matched: Matched, request: Request) -> impl Future<Output = Answer> {
    let (exchange, mut body) = Exchange::open(app.world(), matched, request);
    let unread = Unread::of(&exchange.headers, &mut body);
    let observation = Observation::begin(&app, &exchange);
    async move {
        let mut answer = misbehave(Call::new(&app, &exchange, body)).await;
        if let Some(unread) = unread {
            // In a box, as what most requests have no need of: they need not carry the room for it along.
            Box::pin(unread.finish(answer.headers_mut())).await;
        }
        if let Some(observation) = observation {
            observation.end(&app, &exchange, &answer);
        }
        if !exchange.tenant.time.is_machines() {
            tell_time(&exchange, answer.headers_mut());
        }
        answer
    }
}

/// Counts the request where a limit is set, has it answered by its handler where there is room, and says on
/// each answer what is left.
pub(super) async fn limited(call: Call<'_>) -> Answer {
    let verdict = verdict(call.exchange);
    let mut answer = match verdict.and_then(|verdict| verdict.retry_after) {
        Some(retry_after) => ApiError::TooManyRequests { retry_after }.into(),
        None => handled(call).await,
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
    let windows = exchange.tenant.windows.as_ref()?;
    Some(windows.count(exchange.bearer()?, exchange.now()))
}

/// What the handler answers; its panic is caught here, within the journal, so that the 500 is in it.
fn handled(call: Call<'_>) -> impl Future<Output = Answer> {
    caught(async move {
        let answer = match call.exchange.matched {
            Matched::Endpoint(endpoint) => endpoint.handler.answer(call).await,
            Matched::Path(path) => Err(method_not_allowed(call.exchange, path)),
            Matched::Nothing => Err(endpoint_not_found(call.exchange)),
        };
        answer.unwrap_or_else(Answer::from)
    })
}

/// An answer, whatever becomes of whoever makes it.
///
/// Made of combinators, as an `async fn` would have room for what it is given twice.
fn caught(answer: impl Future<Output = Answer>) -> impl Future<Output = Answer> {
    AssertUnwindSafe(answer)
        .catch_unwind()
        .map(|caught| caught.unwrap_or_else(|_| ApiError::ServerError.into()))
}

/// The mock's time, where that is not the machine's.
fn tell_time(exchange: &Exchange, headers: &mut HeaderMap) {
    let now = exchange.now().format("%a, %d %b %Y %H:%M:%S GMT");
    if let Ok(now) = HeaderValue::try_from(now.to_string()) {
        headers.insert(header::DATE, now);
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::Body,
        http::{Method, StatusCode},
    };
    use http_body_util::BodyExt;

    use super::*;
    use crate::{
        config::Config,
        domain::operation::Operation,
        fixture::Fixture,
        http::{Endpoint, handler::Handler},
    };

    #[tokio::test]
    async fn a_panic_answers_500_in_tallyfys_shape() {
        static PANICS: Endpoint = Endpoint {
            operation: Operation::GetMe,
            method: Method::GET,
            path: "/panics",
            handler: Handler::SignedIn(|_, _| panic!("a test's own")),
        };
        let state = AppState::new(&Config::default(), Fixture::default(), String::new()).unwrap();
        let route = Route::of(Arc::new(state))(Matched::Endpoint(&PANICS));
        for origin in [None, Some("http://localhost:3000")] {
            let mut request = Request::get("/panics")
                .header("authorization", "Bearer any")
                .header("x-tallyfy-client", "APIClient")
                .body(Body::empty())
                .unwrap();
            if let Some(origin) = origin {
                let origin = HeaderValue::from_static(origin);
                request.headers_mut().insert(header::ORIGIN, origin);
            }
            let response = route.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, r#"{"error":true,"message":"Server Error"}"#);
        }
    }
}
