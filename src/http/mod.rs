//! The HTTP layer: Tallyfy's API and the control endpoints, side by side. The only folder that imports axum.
//!
//! `exchange`, `body`, `envelope` and `error` are shared. `tallyfy` is the API, `pipeline` the middleware around it, `control` the
//! mock's own endpoints.

mod body;
mod capacity;
mod control;
mod elsewhere;
mod envelope;
pub(crate) mod error;
mod exchange;
#[cfg(feature = "remote")]
mod inside;
mod long;
mod origin;
mod page;
mod pipeline;
mod pool;
mod tallyfy;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    BoxError, Router,
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{self, HeaderValue, Method, StatusCode, header},
    response::Response,
    routing::{MethodFilter, MethodRouter, future::RouteFuture},
};
use tower::Service;

#[cfg(feature = "remote")]
pub use self::inside::{Inside, Question};
use self::{
    capacity::Capacity,
    pipeline::Route,
    tallyfy::{PREFIXES, endpoints_on, normalise},
};
pub use self::{error::ApiError, exchange::Endless, tallyfy::served};
use crate::state::AppState;

/// The whole mock as one service: Tallyfy's routes within their middleware; beside them, outside of it, the control endpoints and
/// the refusal of requests for other hosts.
#[derive(Debug, Clone)]
pub struct App {
    tallyfy: Router,
    control: Router,
    elsewhere: Router,
    state: Arc<AppState>,
    capacity: Capacity,
}

impl App {
    /// A service with that state.
    pub fn new(state: Arc<AppState>) -> Self {
        let capacity = Capacity::of(&state.limits);
        let route = Route::of(Arc::clone(&state), capacity.clone());
        let paths: BTreeSet<_> = tallyfy::endpoints().map(|endpoint| endpoint.path).collect();
        let mut tallyfy = Router::new().fallback_service(route(None, None));
        for path in paths {
            let mut methods = MethodRouter::new().fallback_service(route(Some(path), None));
            for endpoint in endpoints_on(path) {
                let method = MethodFilter::try_from(endpoint.method.clone());
                let method = method.expect("the table holds methods that axum knows");
                methods = methods.on_service(method, route(Some(path), Some(endpoint)));
            }
            for prefix in PREFIXES {
                tallyfy = tallyfy.route(&format!("{prefix}{path}"), methods.clone());
            }
        }
        Self {
            tallyfy,
            control: control::router(Arc::clone(&state), capacity.clone()),
            elsewhere: elsewhere::router(Arc::clone(&state)),
            state,
            capacity,
        }
    }
}

impl App {
    /// For tests: blocks the pool until the returned guard is dropped.
    #[doc(hidden)]
    pub fn hold_up(&self) -> Option<impl Drop + use<>> {
        self.capacity.pool.hold()
    }
}

impl<B> Service<http::Request<B>> for App
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // An empty body need not be boxed.
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(body)
            }
        });
        normalise(request.uri_mut());
        let path = request.uri().path();
        let is_control = path
            .strip_prefix("/_mock")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            || page::is_visit(request.method(), path, request.headers());
        let router = if !elsewhere::is_answered_here(&self.state, &request) {
            &mut self.elsewhere
        } else if is_control {
            &mut self.control
        } else {
            &mut self.tallyfy
        };
        Service::<Request>::call(router, request)
    }
}

/// Whether a request is a probe.
pub fn is_probe<B>(request: &http::Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && control::is_probed(request.uri().path())
}

/// The answer to a request over `--max-connections`; it closes the connection.
pub fn unavailable() -> Response {
    let mut answer = Response::from(ApiError::Other(StatusCode::SERVICE_UNAVAILABLE));
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(header::CONNECTION, close);
    answer
}
