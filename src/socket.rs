//! What a request and its connection tell each other: what a fault does to the connection, which protocol it speaks, and that
//! the client is gone. A handler gives the order, and the server carries it out.

use std::{
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// What the server does instead of writing the next answer. Each ends the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// The connection is reset (TCP RST).
    Reset,
    /// The connection is closed without a byte.
    Close,
    /// These bytes are written in place of the answer.
    Raw(Vec<u8>),
    /// The answer is cut in its body.
    Truncate {
        /// The bytes of the body that are written.
        body_bytes: usize,
    },
}

/// Resolves once the client has closed its side of the connection.
pub type ClientGone = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP.
    Plain,
    /// HTTP; a `CONNECT` may turn it into TLS.
    PlainOrTunnel,
    /// HTTP within TLS.
    Tls,
}

/// The socket behind a handle.
pub trait Socket: Send + Sync {
    /// Resolves once the client has closed its side.
    fn client_gone(&self) -> ClientGone;

    /// The local address; `None` once the connection is over.
    fn local_ip(&self) -> Option<IpAddr>;
}

/// A handle on a connection, shared by the server and the requests on it.
pub struct SocketHandle {
    is_given: AtomicBool,
    order: Mutex<Option<Order>>,
    is_unread: AtomicBool,
    protocol: Protocol,
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
    /// A handle on that socket's connection.
    pub fn new(protocol: Protocol, socket: impl Socket + 'static) -> Self {
        Self {
            is_given: AtomicBool::new(false),
            order: Mutex::default(),
            is_unread: AtomicBool::new(false),
            protocol,
            becomes_tunnel: AtomicBool::new(false),
            socket: Box::new(socket),
        }
    }

    /// Resolves once the client has closed its side of the connection.
    pub fn client_gone(&self) -> ClientGone {
        self.socket.client_gone()
    }

    /// The local address; `None` once the connection is over.
    pub fn local_ip(&self) -> Option<IpAddr> {
        self.socket.local_ip()
    }

    /// The connection's protocol.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Notes that the answer which is about to be written opens a tunnel: TLS is spoken after it.
    pub fn note_tunnel(&self) {
        self.becomes_tunnel.store(true, Ordering::Release);
    }

    /// Whether TLS is spoken from here on.
    pub fn becomes_tunnel(&self) -> bool {
        self.becomes_tunnel.load(Ordering::Acquire)
    }

    /// Notes that a request's body was left unread, so that its client may go on sending after the answer.
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

    /// Takes the order, once; without one, this is a single atomic load.
    pub fn take(&self) -> Option<Order> {
        // A load before the swap, as every write comes here and a load is cheaper.
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
