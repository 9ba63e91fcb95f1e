//! The middleware around every request of Tallyfy's API, in this order: CORS answers a preflight; the observation begins; steering
//! and fault rules apply; the rate limit counts; the handler answers. On the way back, the rest of the body is drained, and log
//! and journal record the answer.

mod cors;
mod limits;
mod misbehave;
mod observe;
mod reason;
mod steering;

use std::{
    convert::Infallible,
    future::ready,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use tower::Service;

use self::{
    limits::caught,
    misbehave::{misbehave, sent},
    observe::Observation,
};
use super::{
    body::Unread,
    capacity::Capacity,
    envelope::Answer,
    exchange::{Exchange, Matched},
    tallyfy::{Call, Endpoint},
};
use crate::state::AppState;

/// The service of a route: one for all of the middleware and the handler. axum clones it for each request.
#[derive(Clone)]
pub(super) struct Route(Arc<Inner>);

struct Inner {
    app: Arc<AppState>,
    capacity: Capacity,
    path: Option<&'static str>,
    endpoint: Option<&'static Endpoint>,
}

impl Route {
    /// Returns a constructor of the services of one mock, each from a path and an endpoint of the table.
    pub(super) fn of(
        app: Arc<AppState>,
        capacity: Capacity,
    ) -> impl Fn(Option<&'static str>, Option<&'static Endpoint>) -> Self {
        move |path, endpoint| {
            Self(Arc::new(Inner {
                app: Arc::clone(&app),
                capacity: capacity.clone(),
                path,
                endpoint,
            }))
        }
    }
}

impl Inner {
    async fn answered(self: Arc<Self>, request: Request) -> Result<Response, Infallible> {
        let is_a_pages = request.headers().contains_key(header::ORIGIN);
        let mut answer = caught(self.answer(request)).await;
        if self.app.reasons {
            reason::tell_untold(&mut answer);
        }
        let mut response = sent(answer);
        if is_a_pages {
            cors::make_readable(response.headers_mut());
        }
        Ok(response)
    }

    async fn answer(&self, request: Request) -> Answer {
        let app = &self.app;
        let matched = Matched {
            path: self.path,
            operation: self.endpoint.map(|endpoint| endpoint.operation),
        };
        let (exchange, mut body) = Exchange::open(&app.tenants, matched, request);
        let unread = Unread::of(&exchange.headers, &mut body);
        let mut observation = Observation::begin(app, &exchange);
        let work = pin!(async {
            let mut answer = misbehave(
                self.endpoint,
                Call::new(app, &exchange, body),
                &self.capacity,
            )
            .await;
            if let Some(unread) = unread {
                // Boxed because few requests need it, and inline it would enlarge the future of each.
                let socket = exchange.socket.as_deref();
                Box::pin(unread.finish(answer.headers_mut(), socket)).await;
            }
            answer
        });
        let mut answer = observation.watch(work).await;
        let remark = reason::remark(&exchange, &answer);
        observation.end(&answer, remark.as_deref());
        if let Some(remark) = remark.filter(|_| app.reasons) {
            reason::tell(&mut answer, &remark);
        }
        if !exchange.time.is_system_time() {
            tell_time(&exchange, answer.headers_mut());
        }
        answer
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
        if cors::is_preflight(&request) {
            return Box::pin(ready(Ok(cors::preflight(request.headers()))));
        }
        Box::pin(Arc::clone(&self.0).answered(request))
    }
}

/// Sets `Date` to the mock's time if that is not the system's.
fn tell_time(exchange: &Exchange, headers: &mut HeaderMap) {
    let now = exchange.now().format("%a, %d %b %Y %H:%M:%S GMT");
    if let Ok(now) = HeaderValue::try_from(now.to_string()) {
        headers.insert(header::DATE, now);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use axum::{
        body::Body,
        http::{HeaderValue, StatusCode, header},
    };
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::{config::Config, fixture::Fixture};

    #[tokio::test]
    async fn a_panic_answers_500_in_tallyfys_shape() {
        static PANICS: LazyLock<Endpoint> = LazyLock::new(Endpoint::that_panics);
        let state = AppState::new(&Config::default(), Fixture::default(), String::new()).unwrap();
        let capacity = Capacity::of(&state.limits);
        let route = Route::of(Arc::new(state), capacity)(Some(PANICS.path), Some(&PANICS));
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
