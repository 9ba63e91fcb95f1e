//! The stream of a client's connection: it carries out the orders of faults, and gives up a client that never reads.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{
    config::Limits,
    socket::{ClientGone, Order, Protocol, Socket, SocketHandle},
};

/// A stream that carries out orders, over the socket itself or over TLS.
#[derive(Debug)]
pub(super) struct Stream<Io> {
    io: Io,
    tcp: Shared,
    handle: Arc<SocketHandle>,
    order: Option<Order>,
    /// The bytes that are still written of a cut answer; `None` if it is not cut.
    bytes_left: Option<usize>,
    /// The write timeout: how long a client may read nothing.
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    ending: Option<Ending>,
    signs: Arc<Signs>,
    #[cfg(feature = "tls")]
    was_used: bool,
}

/// Signs of a connection's activity.
#[derive(Debug, Default)]
pub(super) struct Signs {
    is_stalled: AtomicBool,
    has_heard: AtomicBool,
}

impl Signs {
    /// Whether a write is blocked, as the client does not read.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled.load(Ordering::SeqCst)
    }

    /// Whether the client has sent anything since [`Signs::forget_heard`].
    pub(super) fn has_heard(&self) -> bool {
        self.has_heard.load(Ordering::SeqCst)
    }

    /// Notes that the client has begun something.
    #[cfg(feature = "tls")]
    pub(super) fn note_heard(&self) {
        self.has_heard.store(true, Ordering::SeqCst);
    }

    pub(super) fn forget_heard(&self) {
        self.has_heard.store(false, Ordering::SeqCst);
    }
}

/// A lingering close: the connection is closed for writing while its client may still be sending. A full close would reset it, and could
/// lose the answer on its way.
#[derive(Debug)]
struct Ending {
    until: Pin<Box<Sleep>>,
    pause: Pin<Box<Sleep>>,
    bytes_left: usize,
    is_sending: bool,
}

impl Ending {
    /// How long what still comes is drained.
    const TIME: Duration = Duration::from_secs(2);
    /// How long the client may pause meanwhile.
    const PAUSE: Duration = Duration::from_millis(500);

    fn of(handle: &SocketHandle) -> Self {
        Self {
            until: Box::pin(sleep(Self::TIME)),
            pause: Box::pin(sleep(Self::PAUSE)),
            bytes_left: Limits::DISCARDED_BYTES,
            is_sending: handle.is_unread(),
        }
    }

    /// Resolves once the client has closed its side too, or its time is over.
    fn poll_over(&mut self, cx: &mut Context<'_>, tcp: &mut TcpStream) -> Poll<()> {
        loop {
            let mut bytes = [0; 16 * 1024];
            let mut read = ReadBuf::new(&mut bytes);
            match Pin::new(&mut *tcp).poll_read(cx, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                    self.is_sending = true;
                    self.bytes_left = self.bytes_left.saturating_sub(read.filled().len());
                    self.pause
                        .as_mut()
                        .reset(tokio::time::Instant::now() + Self::PAUSE);
                    if self.bytes_left == 0 {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if !self.is_sending => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        let has_paused = self.pause.as_mut().poll(cx).is_ready();
        if has_paused || self.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

/// The socket, which a request with a delayed answer watches too.
#[derive(Debug, Clone)]
pub(super) struct Shared(Arc<Mutex<TcpStream>>);

impl Shared {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self(Arc::new(Mutex::new(tcp)))
    }

    /// The first byte that the client sends, which is not taken; nothing where it sends none.
    #[cfg(feature = "tls")]
    pub(super) async fn first_byte(self) -> Option<u8> {
        let mut byte = [0];
        let peeked = poll_fn(|cx| self.lock().poll_peek(cx, &mut ReadBuf::new(&mut byte)));
        (peeked.await.ok()? > 0).then_some(byte[0])
    }

    fn lock(&self) -> MutexGuard<'_, TcpStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves once the client has closed its side, or the connection is broken.
    async fn client_gone(self) {
        loop {
            let peeked = poll_fn(|cx| {
                let mut byte = [0];
                self.lock().poll_peek(cx, &mut ReadBuf::new(&mut byte))
            });
            if !matches!(peeked.await, Ok(1..)) {
                return;
            }
            // If the client has sent more already, only this tells of a close behind that.
            let ready = self.lock().ready(Interest::READABLE).now_or_never();
            if ready.is_some_and(|ready| ready.is_ok_and(Ready::is_read_closed)) {
                return;
            }
            sleep(LOOK_AGAIN).await;
        }
    }
}

impl AsyncRead for Shared {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(cx, into)
    }
}

impl AsyncWrite for Shared {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write_vectored(cx, parts)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(cx)
    }
}

/// The socket for requests: a weak handle, as they may outlive the stream and must not keep the connection open.
struct Watched(Weak<Mutex<TcpStream>>);

impl Socket for Watched {
    fn client_gone(&self) -> ClientGone {
        match self.0.upgrade() {
            Some(tcp) => Box::pin(Shared(tcp).client_gone()),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn local_ip(&self) -> Option<IpAddr> {
        let tcp = Shared(self.0.upgrade()?);
        let address = tcp.lock().local_addr();
        Some(address.ok()?.ip().to_canonical())
    }
}

/// The polling interval of a connection whose client has sent more while its answer is delayed.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl<Io: AsyncRead + AsyncWrite + Unpin> Stream<Io> {
    /// The stream of a connection over `io`, which is over `tcp`, and the handle by which requests reach it.
    pub(super) fn new(
        io: Io,
        tcp: Shared,
        patience: Duration,
        signs: &Arc<Signs>,
        protocol: Protocol,
    ) -> (Self, Arc<SocketHandle>) {
        let watched = Watched(Arc::downgrade(&tcp.0));
        let handle = Arc::new(SocketHandle::new(protocol, watched));
        let stream = Self {
            io,
            tcp,
            handle: Arc::clone(&handle),
            order: None,
            bytes_left: None,
            patience,
            stalled: None,
            ending: None,
            signs: Arc::clone(signs),
            #[cfg(feature = "tls")]
            was_used: false,
        };
        (stream, handle)
    }

    /// Whether the client has sent anything.
    #[cfg(feature = "tls")]
    pub(super) fn was_used(&self) -> bool {
        self.was_used
    }

    /// Writes with a timeout: a client that reads nothing for too long is given up.
    fn poll_patiently<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut Io>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = poll(Pin::new(&mut self.io), cx) {
            if self.stalled.take().is_some() {
                self.signs.is_stalled.store(false, Ordering::SeqCst);
            }
            return Poll::Ready(done);
        }
        self.signs.is_stalled.store(true, Ordering::SeqCst);
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(self.patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_patiently(cx, |io, cx| io.poll_write(cx, bytes))
    }

    /// The end under an order. TLS may hold back what is written: that goes out before.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.poll_patiently(cx, AsyncWrite::poll_flush))?;
        // The server drops a connection that cannot be written to: that closes it, and TLS says no farewell.
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }

    fn poll_carry_out(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.order.take() {
            None => match self.bytes_left {
                Some(0) => self.poll_over(cx),
                Some(left) => {
                    let bytes = &bytes[..left.min(bytes.len())];
                    let sent = ready!(self.poll_send(cx, bytes))?;
                    self.bytes_left = Some(left - sent);
                    Poll::Ready(Ok(sent))
                }
                None => self.poll_send(cx, bytes),
            },
            Some(Order::Reset) => {
                // With a linger time of zero, closing sends a RST.
                self.tcp.lock().set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
            }
            Some(Order::Close) => self.poll_raw(cx, Vec::new()),
            Some(Order::Raw(raw)) => self.poll_raw(cx, raw),
            Some(Order::Truncate { body_bytes }) => {
                // hyper writes the head in one piece.
                let head = bytes
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
                    .map_or(0, |at| at + 4);
                self.bytes_left = Some(head + body_bytes);
                self.poll_carry_out(cx, bytes)
            }
        }
    }

    /// Writes these bytes and ends; what is left of them is the order that still holds.
    fn poll_raw(&mut self, cx: &mut Context<'_>, mut raw: Vec<u8>) -> Poll<io::Result<usize>> {
        while !raw.is_empty() {
            let Poll::Ready(sent) = self.poll_send(cx, &raw) else {
                self.order = Some(Order::Raw(raw));
                return Poll::Pending;
            };
            raw.drain(..sent?);
        }
        let over = self.poll_over(cx);
        if over.is_pending() {
            self.order = Some(Order::Close);
        }
        over
    }
}

impl<Io: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(order) = self.handle.take() {
            self.order = Some(order);
        }
        self.poll_carry_out(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(order) = self.handle.take() {
            self.order = Some(order);
        }
        if self.order.is_none() && self.bytes_left.is_none() {
            return self.poll_patiently(cx, |io, cx| io.poll_write_vectored(cx, parts));
        }
        let first = parts.iter().find(|part| !part.is_empty());
        self.poll_carry_out(cx, first.map_or(&[], |part| part))
    }

    /// Vectored writes, so that hyper does not copy an answer into one buffer.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_patiently(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ending.is_none() {
            ready!(self.poll_patiently(cx, AsyncWrite::poll_shutdown))?;
        }
        let Self {
            tcp,
            handle,
            ending,
            ..
        } = &mut *self;
        let ending = ending.get_or_insert_with(|| Ending::of(handle));
        ending.poll_over(cx, &mut tcp.lock()).map(Ok)
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Stream<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, into);
        if into.filled().len() > before {
            #[cfg(feature = "tls")]
            {
                self.was_used = true;
            }
            self.signs.has_heard.store(true, Ordering::SeqCst);
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, io::Read, net, thread};

    use super::*;

    /// Larger than the system's buffers of a socket that nobody reads.
    const LARGE: usize = 16 * 1024 * 1024;

    /// What a client receives, and how the connection ends, if an answer is written under an order.
    async fn seen(order: Option<Order>, answer: &[u8]) -> (Vec<u8>, Option<io::ErrorKind>) {
        let has_order = order.is_some();
        let parts = [(order, answer)];
        let (bytes, ended, written) = exchange(parts).await;
        assert_eq!(written.is_err(), has_order, "the server is to give up");
        (bytes, ended)
    }

    /// Writes each part under its order; what a client gets, how it ends, and how the writing ended.
    async fn exchange<const N: usize>(
        parts: [(Option<Order>, &[u8]); N],
    ) -> (Vec<u8>, Option<io::ErrorKind>, io::Result<()>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let client = thread::spawn(move || {
            let mut bytes = Vec::new();
            let ended = client.read_to_end(&mut bytes).err();
            (bytes, ended.map(|error| error.kind()))
        });
        let (tcp, _) = listener.accept().await.unwrap();
        let tcp = Shared::new(tcp);
        let patience = Duration::from_secs(30);
        let signs = Arc::default();
        let (mut stream, handle) = Stream::new(tcp.clone(), tcp, patience, &signs, Protocol::Plain);
        let mut written = Ok(());
        for (order, mut bytes) in parts {
            if let Some(order) = order {
                handle.give(order);
            }
            while written.is_ok() && !bytes.is_empty() {
                let writing = poll_fn(|cx| Pin::new(&mut stream).poll_write(cx, bytes));
                written = writing.await.map(|taken| bytes = &bytes[taken..]);
            }
        }
        drop(stream);
        let (bytes, ended) = client.join().unwrap();
        (bytes, ended, written)
    }

    #[tokio::test]
    async fn without_an_order_all_is_written() {
        let answer = vec![b'x'; LARGE];
        assert!(seen(None, &answer).await == (answer, None));
    }

    #[tokio::test]
    async fn a_reset_is_seen_as_a_reset_and_a_close_as_an_end() {
        let reset = Some(io::ErrorKind::ConnectionReset);
        assert_eq!(seen(Some(Order::Reset), b"answer").await, (vec![], reset));
        assert_eq!(seen(Some(Order::Close), b"answer").await, (vec![], None));
    }

    #[tokio::test]
    async fn raw_bytes_come_instead_of_the_answer_however_many_they_are() {
        let raw = vec![0xff; LARGE];
        assert!(seen(Some(Order::Raw(raw.clone())), b"answer").await == (raw, None));
        let none = Order::Raw(Vec::new());
        assert_eq!(seen(Some(none), b"answer").await, (vec![], None));
    }

    #[tokio::test]
    async fn a_truncated_answer_has_its_head_and_so_much_of_its_body() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 16777216\r\n\r\n".to_vec();
        let answer = [head.clone(), vec![b'x'; LARGE]].concat();
        for body_bytes in [0, 1, LARGE / 2, LARGE - 1] {
            let order = Order::Truncate { body_bytes };
            let wanted = &answer[..(head.len() + body_bytes).min(answer.len())];
            let (bytes, ended) = seen(Some(order), &answer).await;
            assert!(bytes == wanted && ended.is_none(), "{body_bytes}");
        }
    }

    #[tokio::test]
    async fn an_order_holds_for_the_next_bytes_not_for_those_before() {
        let parts = [(None, b"first".as_slice()), (Some(Order::Close), b"second")];
        let (bytes, ended, written) = exchange(parts).await;
        assert_eq!((bytes, ended), (b"first".to_vec(), None));
        written.unwrap_err();
    }
}
