//! What happens to every request, whatever it asks for.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, header},
    response::{IntoResponse, Response},
    routing::Route,
};
use futures_util::FutureExt;
use tower::{Layer, Service, ServiceExt, layer::layer_fn, service_fn};
use tower_http::cors::{Any as AnyOrigin, CorsLayer};

use super::{
    endpoints_on,
    error::ApiError,
    exchange::Exchange,
    misbehave::misbehave,
    observe::Observation,
    steering::{PREFER, RESPONSE_CODE},
    unread::Unread,
};
use crate::{domain::operation::Operation, rate_limit::Verdict, state::AppState};

/// Puts around each Tallyfy route what happens to every request.
pub(super) fn around(routes: Router, app: Arc<AppState>) -> Router {
    let cors = Arc::new(cors());
    routes.layer(layer_fn(move |route| Around {
        app: Arc::clone(&app),
        cors: Arc::clone(&cors),
        route,
    }))
}

/// A Tallyfy route and what is around it. One service for all of it: a layer of axum's for each part
/// copies all those within it at every request.
#[derive(Clone)]
struct Around {
    app: Arc<AppState>,
    cors: Arc<CorsLayer>,
    route: Route,
}

impl Service<Request> for Around {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (app, route) = (Arc::clone(&self.app), self.route.clone());
        if !is_a_browsers(&request) {
            return Box::pin(caught(answer(app, route, request.into())).map(Ok));
        }
        let inside = service_fn(move |request: Request| {
            let (app, route) = (Arc::clone(&app), route.clone());
            caught(answer(app, route, request.into())).map(Ok)
        });
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

/// The order of what happens to a request: its exchange is opened; steering, faults and the rate limit have
/// their say, and then its handler; what that left of the body is read; log and journal note it down.
///
/// The request is in a box, as each future that has it would have room for it twice.
async fn answer(app: Arc<AppState>, route: Route, mut request: Box<Request>) -> Response {
    let unread = Unread::of(&mut request);
    let operation = operation(&request);
    let exchange = Exchange::open(app.world(), operation, &mut request);
    let observation = Observation::begin(&app, &exchange);
    let mut response = misbehave(&app, &exchange, route, request).await;
    if let Some(unread) = unread {
        // In a box, as what most requests have no need of: they need not carry the room for it along.
        Box::pin(unread.finish(&mut response)).await;
    }
    if let Some(observation) = observation {
        response = observation.end(&app, &exchange, response);
    }
    if !exchange.tenant.time.is_machines() {
        tell_time(&exchange, &mut response);
    }
    response
}

/// Counts the request where a limit is set, has it answered by its handler where there is room, and says on
/// each answer what is left.
pub(super) async fn limited(exchange: &Exchange, route: Route, request: Box<Request>) -> Response {
    let verdict = verdict(exchange);
    let mut response = match verdict.and_then(|verdict| verdict.retry_after) {
        Some(retry_after) => ApiError::TooManyRequests { retry_after }.into_response(),
        None => handled(route, request).await,
    };
    if let Some(verdict) = verdict {
        let headers = response.headers_mut();
        headers.insert(
            HeaderName::from_static("x-ratelimit-limit"),
            verdict.limit.into(),
        );
        headers.insert(
            HeaderName::from_static("x-ratelimit-remaining"),
            verdict.remaining.into(),
        );
    }
    response
}

fn verdict(exchange: &Exchange) -> Option<Verdict> {
    let windows = exchange.tenant.windows.as_ref()?;
    Some(windows.count(exchange.bearer()?, exchange.now()))
}

/// What the handler answers; its panic is caught here, within the journal, so that the 500 is in it.
fn handled(mut route: Route, request: Box<Request>) -> impl Future<Output = Response> {
    caught(route.call(*request).map(|answered| match answered {
        Ok(response) => response,
        Err(never) => match never {},
    }))
}

/// An answer, whatever becomes of whoever makes it.
///
/// Made of combinators, as an `async fn` would have room for what it is given twice.
fn caught(answered: impl Future<Output = Response>) -> impl Future<Output = Response> {
    AssertUnwindSafe(answered)
        .catch_unwind()
        .map(|caught| caught.unwrap_or_else(|_| ApiError::ServerError.into_response()))
}

/// The mock's time, where that is not the machine's.
fn tell_time(exchange: &Exchange, response: &mut Response) {
    let now = exchange.now().format("%a, %d %b %Y %H:%M:%S GMT");
    if let Ok(now) = HeaderValue::try_from(now.to_string()) {
        response.headers_mut().insert(header::DATE, now);
    }
}

/// What a request is, where it matched a route and a method that is served there.
fn operation(request: &Request) -> Option<Operation> {
    let path = request.extensions().get::<MatchedPath>()?.as_str();
    let method = if request.method() == Method::HEAD {
        &Method::GET
    } else {
        request.method()
    };
    endpoints_on(path)
        .find(|endpoint| endpoint.method == *method)
        .map(|endpoint| endpoint.operation)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::StatusCode, routing::get};
    use http_body_util::BodyExt;

    use super::*;
    use crate::{config::Config, fixture::Fixture};

    #[tokio::test]
    async fn a_panic_answers_500_in_tallyfys_shape() {
        let routes = Router::new().route("/panics", get(async || -> () { panic!("a test's own") }));
        let state = AppState::new(&Config::default(), Fixture::default(), String::new()).unwrap();
        let app = around(routes, Arc::new(state));
        for origin in [None, Some("http://localhost:3000")] {
            let mut request = Request::get("/panics").body(Body::empty()).unwrap();
            if let Some(origin) = origin {
                let origin = HeaderValue::from_static(origin);
                request.headers_mut().insert(header::ORIGIN, origin);
            }
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, r#"{"error":true,"message":"Server Error"}"#);
        }
    }
}
