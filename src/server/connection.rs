//! One connection from its first byte to its end.

use std::{
    convert::Infallible,
    future::poll_fn,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::{
    Method, Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tower::Service;

use super::{
    notices::{HELLO, Notice, Notices},
    places::{Admission, Guest, HEAD_AT_THE_DOOR, Places},
    stream::{Shared, Signs, Stream},
    tls::Tls,
};
use crate::{
    config::Limits,
    http::{App, Endless, is_probe, unavailable},
    socket::{ClientGone, Protocol, SocketHandle},
};

/// An accepted connection with its service.
pub(super) struct Connection {
    pub(super) http: http1::Builder,
    pub(super) app: App,
    pub(super) limits: Limits,
    pub(super) places: Arc<Places>,
    pub(super) notices: Arc<Notices>,
    pub(super) tls: Option<Tls>,
}

impl Connection {
    /// Serves a connection. It is registered for the stop signal as soon as this is called.
    pub(super) fn serve(
        self,
        tcp: TcpStream,
        client: IpAddr,
        admission: Admission,
    ) -> impl Future<Output = ()> + use<> {
        let at_door = matches!(admission, Admission::Door(_));
        let signs = Arc::<Signs>::default();
        let guest = self.places.enter(admission, Arc::clone(&signs));
        let mut entered = Entered {
            tcp: Shared::new(tcp),
            client,
            signs,
            places: Arc::clone(&self.places),
            guest,
            gave_way: false,
            is_told: false,
            patience: at_door.then(|| Box::pin(sleep(HEAD_AT_THE_DOOR))),
        };
        async move {
            if let Some(tls) = &self.tls {
                // Boxed, so that where no TLS is spoken a connection does not carry the room for it.
                return Box::pin(tls.serve(&self, entered)).await;
            }
            let tcp = entered.tcp.clone();
            if let Some(ended) = entered.http(&self, tcp, Protocol::Plain).await {
                self.note_end(&entered, &ended);
            }
        }
    }

    /// Logs how a connection ended, where it ended early.
    pub(super) fn note_end(&self, entered: &Entered, ended: &Ended) {
        let Some(error) = &ended.error else { return };
        tracing::debug!(%error, "a connection ended early");
        if error.is_parse() && ended.read.starts_with(&HELLO) {
            let client = entered.client;
            self.notices.once(Notice::TlsOnPlain, client, || {
                tracing::warn!(
                    "a client at {client} speaks TLS where plain HTTP is spoken: give it a base URL with `http://`, or start the mock with `--tls`"
                );
            });
        }
    }
}

/// A registered connection, which is removed on drop.
pub(super) struct Entered {
    pub(super) tcp: Shared,
    pub(super) client: IpAddr,
    pub(super) signs: Arc<Signs>,
    places: Arc<Places>,
    guest: Arc<Guest>,
    gave_way: bool,
    is_told: bool,
    /// How long it may still stand at the door.
    patience: Option<Pin<Box<Sleep>>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.places.leave(&self.guest, self.gave_way);
    }
}

/// What is left of a connection once no HTTP is spoken on it any more.
pub(super) struct Ended {
    pub(super) error: Option<hyper::Error>,
    /// What was read and is not part of a request.
    pub(super) read: Bytes,
    /// Whether TLS is spoken next.
    #[cfg(feature = "tls")]
    pub(super) becomes_tunnel: bool,
    /// Whether the client has sent anything.
    #[cfg(feature = "tls")]
    pub(super) was_used: bool,
}

impl Entered {
    /// Serves HTTP; returns nothing where the connection had to go.
    pub(super) async fn http<Io>(
        &mut self,
        connection: &Connection,
        io: Io,
        protocol: Protocol,
    ) -> Option<Ended>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let patience = connection.limits.body_timeout;
        let tcp = self.tcp.clone();
        let (stream, handle) = Stream::new(io, tcp, patience, &self.signs, protocol);
        let (app, places) = (connection.app.clone(), Arc::clone(&self.places));
        let (guest, socket) = (Arc::clone(&self.guest), Arc::clone(&handle));
        let service = service_fn(move |request| {
            let visit = Visit::begin(&places, &guest);
            visit.answer(app.clone(), Arc::clone(&socket), request)
        });
        let mut http = connection
            .http
            .serve_connection(TokioIo::new(stream), service);
        let over = self.poll_until(|cx, winds_down| {
            if winds_down {
                Pin::new(&mut http).graceful_shutdown();
            }
            Pin::new(&mut http).poll(cx)
        });
        let error = over.await?.err();
        let parts = http.into_parts();
        Some(Ended {
            error,
            read: parts.read_buf,
            #[cfg(feature = "tls")]
            becomes_tunnel: handle.becomes_tunnel(),
            #[cfg(feature = "tls")]
            was_used: parts.io.inner().was_used(),
        })
    }

    /// Waits for something; returns nothing where the connection had to go meanwhile.
    #[cfg(feature = "tls")]
    pub(super) async fn until<T>(&mut self, awaited: impl Future<Output = T>) -> Option<T> {
        let mut awaited = std::pin::pin!(awaited);
        self.poll_until(|cx, _| awaited.as_mut().poll(cx)).await
    }

    /// Polls a stage of the connection until it is over; returns nothing where the connection had to go. The stage is
    /// told once to wind down.
    async fn poll_until<T>(
        &mut self,
        mut stage: impl FnMut(&mut Context<'_>, bool) -> Poll<T>,
    ) -> Option<T> {
        poll_fn(|cx| {
            let (places, guest) = (&self.places, &self.guest);
            guest.task.register(cx.waker());
            let is_stopping = places.is_stopping();
            let winds_down = is_stopping && !self.is_told;
            self.is_told = is_stopping;
            if let Poll::Ready(ended) = stage(cx, winds_down) {
                return Poll::Ready(Some(ended));
            }
            if guest.has_place() {
                self.patience = None;
            }
            // A half-sent head does not count as a request under way.
            if is_stopping && guest.is_at_rest() {
                return Poll::Ready(None);
            }
            if let Some(waiting) = &mut self.patience
                && guest.is_at_rest()
                && waiting.as_mut().poll(cx).is_ready()
            {
                if !places.try_place_for(guest) {
                    return Poll::Ready(None);
                }
                self.patience = None;
            }
            self.gave_way = places.gives_way(guest);
            if self.gave_way {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
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
        Response<Held<impl Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Unpin>>,
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
