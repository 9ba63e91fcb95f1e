//! One connection from its first byte to its end.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{
    Method, Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::sleep};
use tower::Service;

use super::{
    places::{Guest, HEAD_AT_THE_DOOR, Places, Standing},
    stream::Stream,
};
use crate::{
    config::Limits,
    http::{App, Endless, is_probe, unavailable},
    socket::{ClientGone, SocketHandle},
};

/// An accepted connection with its service.
pub(super) struct Connection {
    pub(super) http: http1::Builder,
    pub(super) app: App,
    pub(super) limits: Limits,
    pub(super) places: Arc<Places>,
}

impl Connection {
    /// Serves a connection. It is registered for the stop signal as soon as this is called.
    pub(super) fn serve(
        self,
        tcp: TcpStream,
        standing: Standing,
    ) -> impl Future<Output = ()> + use<> {
        let at_door = matches!(standing, Standing::Door(_));
        let (stream, handle) = Stream::new(tcp, self.limits.body_timeout);
        let guest = self.places.enter(standing, stream.signs());
        let entered = Entered {
            places: Arc::clone(&self.places),
            guest: Arc::clone(&guest),
            gave_way: false,
        };
        let (app, places) = (self.app, Arc::clone(&self.places));
        let service = service_fn(move |request| {
            let visit = Visit::begin(&places, &guest);
            visit.answer(app.clone(), Arc::clone(&handle), request)
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        entered.until_over(connection, at_door)
    }
}

/// A registered connection, which is removed on drop.
struct Entered {
    places: Arc<Places>,
    guest: Arc<Guest>,
    gave_way: bool,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.places.leave(&self.guest, self.gave_way);
    }
}

impl Entered {
    async fn until_over<S>(
        mut self,
        connection: http1::Connection<TokioIo<Stream>, S>,
        at_door: bool,
    ) where
        S: hyper::service::HttpService<Incoming, Error = Infallible>,
        S::ResBody: Body<Error: std::error::Error + Send + Sync> + 'static,
    {
        let mut connection = pin!(connection);
        let mut patience = at_door.then(|| Box::pin(sleep(HEAD_AT_THE_DOOR)));
        let mut is_told = false;
        let over = poll_fn(|cx| {
            let (places, guest) = (&self.places, &self.guest);
            guest.task.register(cx.waker());
            let is_stopping = places.is_stopping();
            if is_stopping && !is_told {
                is_told = true;
                connection.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
                return Poll::Ready(ended);
            }
            if guest.has_place() {
                patience = None;
            }
            // A half-sent head does not count as a request under way.
            if is_stopping && guest.is_at_rest() {
                return Poll::Ready(Ok(()));
            }
            if let Some(waiting) = &mut patience
                && guest.is_at_rest()
                && waiting.as_mut().poll(cx).is_ready()
            {
                if !places.try_place_for(guest) {
                    return Poll::Ready(Ok(()));
                }
                patience = None;
            }
            self.gave_way = places.gives_way(guest);
            if self.gave_way {
                return Poll::Ready(Ok(()));
            }
            Poll::Pending
        });
        if let Err(error) = over.await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// A request under way, from its head to the last byte of its answer.
struct Visit {
    places: Arc<Places>,
    guest: Arc<Guest>,
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.places.note_end(&self.guest);
    }
}

impl Visit {
    fn begin(places: &Arc<Places>, guest: &Arc<Guest>) -> Self {
        guest.note_begin();
        Self {
            places: Arc::clone(places),
            guest: Arc::clone(guest),
        }
    }

    async fn answer(
        self,
        mut app: App,
        handle: Arc<SocketHandle>,
        mut request: Request<Incoming>,
    ) -> Result<
        Response<
            Held<impl Body<Data = bytes::Bytes, Error: std::error::Error + Send + Sync> + Unpin>,
        >,
        Infallible,
    > {
        let has_place = self.guest.has_place();
        let is_probe = !has_place && is_probe(&request);
        // Boxed because few requests wait, and inline it would enlarge the future of each.
        if !has_place && !is_probe && !Box::pin(self.places.place_for(&self.guest)).await {
            tracing::warn!("a request waited in vain for one of `--max-connections`");
            return Ok(self.hold(unavailable(), None));
        }
        let is_head = request.method() == Method::HEAD;
        request.extensions_mut().insert(Arc::clone(&handle));
        let mut response = app.call(request).await?;
        if is_probe {
            // The door is free for the next connection.
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
        }
        // To a `HEAD`, the head of a stream is the whole answer.
        let is_stream = !is_head && response.extensions().get::<Endless>().is_some();
        if is_stream {
            self.places.free_place_of(&self.guest);
        }
        let client_gone = is_stream.then(|| handle.client_gone());
        Ok(self.hold(response, client_gone))
    }

    fn hold<B>(self, response: Response<B>, stream: Option<ClientGone>) -> Response<Held<B>> {
        response.map(|body| Held {
            body,
            stream,
            visit: self,
        })
    }
}

/// The body of an answer; its request is under way until the body's end.
struct Held<B> {
    body: B,
    /// For a stream, the signal that ends it when the server stops.
    stream: Option<ClientGone>,
    visit: Visit,
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let is_stopping = self.visit.places.is_stopping();
        if let Some(client_gone) = &mut self.stream
            && (is_stopping || client_gone.as_mut().poll(cx).is_ready())
        {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
