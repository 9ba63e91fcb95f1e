//! A client's connection: it carries out what a fault orders, and gives up a client that never reads.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::socket::{Order, SocketHandle};

/// A connection under orders.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    handle: Arc<SocketHandle>,
    order: Option<Order>,
    /// How long a client may take nothing of what is written.
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, handle: Arc<SocketHandle>, patience: Duration) -> Self {
        Self {
            tcp,
            handle,
            order: None,
            patience,
            stalled: None,
        }
    }

    /// Writes what the client takes; one that takes nothing for too long is given up.
    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.tcp).poll_write(cx, bytes) {
            self.stalled = None;
            return Poll::Ready(written);
        }
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(sleep(self.patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_carry_out(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // The server drops a connection that cannot be written to: that closes it.
        let over = || Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        match self.order.take() {
            None => self.poll_send(cx, bytes),
            Some(Order::Close) => over(),
            Some(Order::Reset) => {
                // Without a second for what is still to be sent, closing is resetting.
                self.tcp.set_zero_linger()?;
                over()
            }
            Some(Order::Raw(raw)) if raw.is_empty() => over(),
            Some(Order::Raw(mut raw)) => {
                let sent = self.poll_send(cx, &raw);
                if let Poll::Ready(Ok(sent)) = &sent {
                    raw.drain(..*sent);
                }
                self.order = Some(Order::Raw(raw));
                ready!(sent)?;
                self.poll_carry_out(cx, bytes)
            }
            Some(Order::Truncate { body_bytes }) => {
                // The server writes the head, and what it has of the body, in one piece.
                let head = bytes
                    .windows(4)
                    .position(|four| four == b"\r\n\r\n")
                    .map_or(0, |at| at + 4);
                let wanted = (head + body_bytes).min(bytes.len());
                self.order = Some(Order::Raw(bytes[..wanted].to_vec()));
                self.poll_carry_out(cx, bytes)
            }
        }
    }
}

impl AsyncWrite for Stream {
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, into)
    }
}
