//! A mock that is asked without a socket, by the program that it is in.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderMap, Request},
};
use http_body_util::BodyExt;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use super::App;
use crate::state::AppState;

/// A mock without a socket.
#[derive(Debug)]
pub struct Inside {
    app: App,
    runtime: Runtime,
}

/// What a mock without a socket is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The method.
    pub method: &'a str,
    /// The target: a path, and a query where there is one.
    pub target: &'a str,
    /// The headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// What it answers.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answered {
    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Inside {
    /// A mock with that state; the error is the system's, which gives no event loop.
    pub fn new(state: AppState) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let app = App::new(Arc::new(state));
        Ok(Self { app, runtime })
    }

    /// Asks it. The error says that the question is no HTTP, or that the answer broke off.
    pub fn ask(&self, question: Question<'_>) -> Result<Answered, String> {
        let Question {
            method,
            target,
            headers,
            body,
        } = question;
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_vec()));
        let request = request.map_err(|error| error.to_string())?;
        self.runtime.block_on(async {
            let answer = self.app.clone().oneshot(request).await;
            let (head, body) = answer.unwrap_or_else(|never| match never {}).into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            Ok(Answered {
                status: head.status.as_u16(),
                headers: head.headers,
                body: body.to_bytes().to_vec(),
            })
        })
    }
}
