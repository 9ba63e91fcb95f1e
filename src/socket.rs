//! What a request and its connection tell each other: what a fault does to the connection, what the connection is,
//! and that the client is gone. Given by whoever answers, carried out by the server.

use std::{
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// What is done instead of writing the next answer as it is. The connection is over after each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The connection is reset (TCP RST).
    Reset,
    /// Not one byte is written.
    Close,
    /// These bytes are written.
    Raw(Vec<u8>),
    /// The head is written, and so many bytes of the body.
    Truncate {
        /// How many bytes of the body.
        body_bytes: usize,
    },
}

/// Comes once the client has closed its side of the connection.
pub type ClientGone = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is spoken on a connection, and what else may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// HTTP.
    Plain,
    /// HTTP; a `CONNECT` may turn it into TLS.
    PlainOrTunnel,
    /// HTTP within TLS.
    Tls,
}

/// The socket behind a handle.
pub trait Socket: Send + Sync {
    /// Waits until the client has closed its side.
    fn client_gone(&self) -> ClientGone;

    /// The address of this machine's that the client reached; nothing once the connection is over.
    fn local_ip(&self) -> Option<IpAddr>;
}

/// A connection, as far as a request may lay hands on it; shared by the server and each of its requests.
pub struct SocketHandle {
    is_given: AtomicBool,
    order: Mutex<Option<Order>>,
    is_unread: AtomicBool,
    spoken: Spoken,
    becomes_tunnel: AtomicBool,
    socket: Box<dyn Socket>,
}

impl fmt::Debug for SocketHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketHandle")
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}

impl SocketHandle {
    /// The handle of a connection over that socket.
    pub fn new(spoken: Spoken, socket: impl Socket + 'static) -> Self {
        Self {
            is_given: AtomicBool::new(false),
            order: Mutex::default(),
            is_unread: AtomicBool::new(false),
            spoken,
            becomes_tunnel: AtomicBool::new(false),
            socket: Box::new(socket),
        }
    }

    /// Waits until the client has closed its side of the connection.
    pub fn client_gone(&self) -> ClientGone {
        self.socket.client_gone()
    }

    /// The address of this machine's that the client reached; nothing once the connection is over.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.socket.local_ip()
    }

    /// What is spoken on the connection.
    pub fn spoken(&self) -> Spoken {
        self.spoken
    }

    /// Notes that the answer which is about to be written opens a tunnel: TLS is spoken after it.
    pub fn note_tunnel(&self) {
        self.becomes_tunnel.store(true, Ordering::Release);
    }

    /// Whether TLS is spoken from here on.
    pub fn becomes_tunnel(&self) -> bool {
        self.becomes_tunnel.load(Ordering::Acquire)
    }

    /// Notes that a request's body was left unread: its client may go on sending it after the answer.
    pub fn note_unread(&self) {
        self.is_unread.store(true, Ordering::Relaxed);
    }

    /// Whether a body was left unread.
    pub fn is_unread(&self) -> bool {
        self.is_unread.load(Ordering::Relaxed)
    }

    /// Gives an order for the answer that is about to be written.
    pub fn give(&self, order: Order) {
        *self.order.lock().unwrap_or_else(PoisonError::into_inner) = Some(order);
        self.is_given.store(true, Ordering::Release);
    }

    /// The order, once; without one, this is a single look at an atomic.
    pub fn take(&self) -> Option<Order> {
        // Every write looks here: a look costs less than an exchange.
        if !self.is_given.load(Ordering::Acquire) {
            return None;
        }
        self.is_given.store(false, Ordering::Release);
        self.order
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
