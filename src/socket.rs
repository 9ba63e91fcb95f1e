//! What a fault does to the connection itself: given by whoever answers, carried out by the server.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
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

/// A connection, as far as a fault may lay hands on it; shared by the server and each of its requests.
#[derive(Debug, Default)]
pub struct SocketHandle {
    is_given: AtomicBool,
    order: Mutex<Option<Order>>,
}

impl SocketHandle {
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
