//! The baseline: an axum server that only answers constants.
//!
//! The same five routes, axum version, features, allocator, release profile and runtime (multi-thread,
//! a worker a core) as the mock, served by `axum::serve` as it comes. Each route answers a constant
//! body, as long as the mock's own (`bare GET LIST CREATE UPDATE`, in bytes), with the mock's status.
//! What is posted is read whole, as `Bytes`, and looked at by nobody.

use std::future::{Ready, ready};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing,
};

fn main() -> std::io::Result<()> {
    let lengths: Vec<usize> = std::env::args()
        .skip(1)
        .map(|arg| arg.parse().expect("a length in bytes"))
        .collect();
    let [get, list, create, update] = lengths[..] else {
        panic!("usage: bare GET LIST CREATE UPDATE");
    };
    let groups = routing::get(answer(StatusCode::OK, list))
        .post(answer_to_body(StatusCode::CREATED, create));
    let group = routing::get(answer(StatusCode::OK, get))
        .put(answer_to_body(StatusCode::CREATED, update))
        .delete(async || StatusCode::NO_CONTENT);
    let app = Router::new()
        .route("/api/organizations/{org}/groups", groups)
        .route("/api/organizations/{org}/groups/{id}", group);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("bare is ready on http://{}", listener.local_addr()?);
        axum::serve(listener, app).await
    })
}

fn answer(status: StatusCode, length: usize) -> impl Fn() -> Ready<Response> + Clone {
    let body = constant(length);
    move || ready(response(status, body.clone()))
}

fn answer_to_body(status: StatusCode, length: usize) -> impl Fn(Bytes) -> Ready<Response> + Clone {
    let body = constant(length);
    move |_| ready(response(status, body.clone()))
}

/// A JSON document that is so many bytes long.
fn constant(length: usize) -> Bytes {
    let padding = length.saturating_sub(r#"{"data":""}"#.len());
    format!(r#"{{"data":"{}"}}"#, "x".repeat(padding)).into()
}

fn response(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}
