//! What happens to every request, whatever it asks for.

use std::{
    any::Any,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{Any as AnyOrigin, CorsLayer},
};

use super::{
    endpoint_not_found, endpoints_on,
    error::{ApiError, Remark},
    exchange::{Exchange, bearer, organization},
    method_not_allowed,
    misbehave::{Struck, Whole, misbehave},
};
use crate::{domain::operation::Operation, journal::Seen, state::AppState};

/// Puts the layers around the Tallyfy routes; from the outside in: catch-panic, CORS, the exchange, the
/// log and the journal, the rest of an unread body, steering and faults, the rate limit, catch-panic (so that the log sees the 500).
pub(super) fn around(routes: Router, app: Arc<AppState>) -> Router {
    routes
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(limit))
        .layer(from_fn_with_state(Arc::clone(&app), misbehave))
        .layer(from_fn(finish_body))
        .layer(from_fn_with_state(Arc::clone(&app), observe))
        .layer(from_fn_with_state(app, open_exchange))
        .layer(cors())
        .layer(from_fn(plain_options))
        .layer(CatchPanicLayer::custom(panicked))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::ServerError.into_response()
}

/// An `OPTIONS` that is no preflight is a method like any other, and none that is served.
async fn plain_options(request: Request, next: Next) -> Response {
    let is_preflight = request
        .headers()
        .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if request.method() != Method::OPTIONS || is_preflight {
        return next.run(request).await;
    }
    let (method, uri) = (request.method().clone(), request.uri().clone());
    match request.extensions().get::<MatchedPath>() {
        Some(matched) => method_not_allowed(method, matched.clone(), uri)
            .await
            .into_response(),
        None => endpoint_not_found(method, uri).await.into_response(),
    }
}

/// Any origin may call the Tallyfy routes, as a front end in development does.
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
            HeaderName::from_static("prefer"),
            HeaderName::from_static("x-mock-response-code"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
        ])
        // The same for every origin, so no cache has to tell them apart.
        .vary([])
}

/// Gives each request its exchange, and each answer the mock's time where that is not the machine's.
async fn open_exchange(
    State(app): State<Arc<AppState>>,
    mut request: Request,
    next: Next,
) -> Response {
    let exchange = Arc::new(Exchange::new(app.world(), &request));
    request.extensions_mut().insert(Arc::clone(&exchange));
    let mut response = next.run(request).await;
    if !exchange.tenant.time.is_machines() {
        let now = exchange
            .now()
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        if let Ok(now) = HeaderValue::try_from(now) {
            response.headers_mut().insert(header::DATE, now);
        }
    }
    response
}

/// Counts the request where a limit is set, and says on each answer what is left.
async fn limit(request: Request, next: Next) -> Response {
    let exchange = Exchange::of(request.extensions());
    let (Some(windows), Some(token)) = (&exchange.tenant.windows, bearer(request.headers())) else {
        return next.run(request).await;
    };
    let verdict = windows.count(token, exchange.now());
    let mut response = match verdict.retry_after {
        Some(retry_after) => ApiError::TooManyRequests { retry_after }.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("x-ratelimit-limit"),
        verdict.limit.into(),
    );
    headers.insert(
        HeaderName::from_static("x-ratelimit-remaining"),
        verdict.remaining.into(),
    );
    response
}

/// One line a request: method, route, status, milliseconds, organization; never a header or a query.
/// And one entry in the journal.
async fn observe(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let exchange = Arc::clone(Exchange::of(request.extensions()));
    let at = exchange.now();
    let operation = operation(&request);
    let method = request.method().clone();
    let uri = request.uri().clone();
    let headers = app.journal.is_on().then(|| request.headers().clone());
    let mut response = next.run(request).await;
    let duration = started.elapsed();
    tracing::info!(
        method = method.as_str(),
        route = operation.map_or("-", Operation::name),
        status = response.status().as_u16(),
        ms = (duration.as_secs_f64() * 1e6).round() / 1e3,
        org = organization(uri.path()).unwrap_or("-"),
        path = uri.path(),
        remark = response
            .extensions()
            .get::<Remark>()
            .map(|remark| remark.0.as_ref()),
    );
    let Some(headers) = headers else {
        return response;
    };
    let (status, body);
    (response, status, body) = copied(response).await;
    app.journal.record(Seen {
        at,
        operation,
        // What matched no route belongs to no organization, whatever its path says.
        org: exchange.org.as_ref().filter(|_| operation.is_some()),
        method: method.as_str(),
        path: uri.path(),
        query: uri.query(),
        headers: &mut headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes())),
        body: exchange.body.get().map(|body| body.bytes.clone()),
        body_was_read: exchange.body.get().is_some_and(|body| body.was_read),
        status,
        response: body,
        duration,
        fault: response
            .extensions()
            .get::<Struck>()
            .map(|struck| Arc::clone(&struck.0)),
        token: bearer(&headers),
    });
    response
}

/// An answer, with the status that the client sees and the body that was meant for it.
async fn copied(response: Response) -> (Response, Option<u16>, Option<Bytes>) {
    let status = response.status().as_u16();
    if let Some(whole) = response.extensions().get::<Whole>() {
        let (status, body) = (whole.status_is_seen.then_some(status), whole.body.clone());
        return (response, status, Some(body));
    }
    let (parts, body) = response.into_parts();
    // All answers are in memory already: this waits for nothing.
    let body = body
        .collect()
        .await
        .map_or_else(|_| Bytes::new(), http_body_util::Collected::to_bytes);
    (
        Response::from_parts(parts, Body::from(body.clone())),
        Some(status),
        Some(body),
    )
}

pub(super) fn operation(request: &Request) -> Option<Operation> {
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

/// How much of a body that nobody wanted is read all the same.
const DISCARD_BYTES: usize = 8 * 1024 * 1024;
/// For how long.
const DISCARD_TIME: Duration = Duration::from_secs(5);
/// How long a client may pause meanwhile: one that has stopped sending is waiting for its answer.
const DISCARD_PAUSE: Duration = Duration::from_millis(200);

/// Reads on what a handler left of the body and throws it away, so that a client that is still
/// sending sees the answer rather than a broken pipe; what does not end in time ends the connection.
pub(super) async fn finish_body(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let waits = request.headers().contains_key(header::EXPECT);
    let (parts, body) = request.into_parts();
    let body = SharedBody::new(body);
    let mut response = next
        .run(Request::from_parts(parts, Body::new(body.clone())))
        .await;
    // A client that waits for `100 Continue` sends nothing until it is asked to.
    let finished = if waits && !body.was_asked() {
        false
    } else {
        body.discard().await
    };
    if !finished {
        response
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A body that a handler reads and that can be finished after it.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Shared>>);

struct Shared {
    body: Body,
    asked: bool,
    ended: bool,
}

impl SharedBody {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            body,
            asked: false,
            ended: false,
        })))
    }

    fn with<T>(&self, look: impl FnOnce(&mut Shared) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn was_asked(&self) -> bool {
        self.with(|shared| shared.asked)
    }

    /// Reads to the end; false where there is too much, it takes too long, or the client is gone.
    async fn discard(mut self) -> bool {
        if self.with(|shared| shared.ended) {
            return true;
        }
        let rest = async {
            let mut discarded = 0;
            loop {
                let frame = match tokio::time::timeout(DISCARD_PAUSE, self.frame()).await {
                    Ok(Some(Ok(frame))) => frame,
                    Ok(None) => return true,
                    Ok(Some(Err(_))) | Err(_) => return false,
                };
                discarded += frame.data_ref().map_or(0, Bytes::len);
                if discarded > DISCARD_BYTES {
                    return false;
                }
            }
        };
        tokio::time::timeout(DISCARD_TIME, rest)
            .await
            .unwrap_or(false)
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.with(|shared| {
            shared.asked = true;
            let polled = Pin::new(&mut shared.body).poll_frame(cx);
            shared.ended |= matches!(polled, Poll::Ready(None)) || shared.body.is_end_stream();
            polled
        })
    }

    fn is_end_stream(&self) -> bool {
        self.with(|shared| shared.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.with(|shared| shared.body.size_hint())
    }
}

#[cfg(test)]
mod tests {
    use axum::{http::StatusCode, routing::get};
    use tower::ServiceExt;

    use super::*;
    use crate::{config::Config, fixture::Fixture};

    #[tokio::test]
    async fn a_panic_answers_500_in_tallyfys_shape() {
        let routes = Router::new().route("/panics", get(async || -> () { panic!("a test's own") }));
        let state = AppState::new(&Config::default(), Fixture::default(), String::new()).unwrap();
        let app = around(routes, Arc::new(state));
        for _ in 0..2 {
            let request = Request::get("/panics").body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, r#"{"error":true,"message":"Server Error"}"#);
        }
    }
}
