//! The way of a connection where TLS is spoken: its first byte says whether it begins with HTTP or with TLS, and a
//! `CONNECT` turns the one into the other.

use std::{error::Error, io, time::Duration};

use bytes::Bytes;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{
    Tls,
    handshake::{Refused, Rewound, distrust},
};
use crate::{
    server::{
        connection::{Connection, Ended, Entered},
        notices::{HELLO, Notice},
        stream::Stream,
    },
    socket::Protocol,
};

impl Tls {
    /// Serves a connection in the way that its client chooses.
    pub(in crate::server) async fn serve(&self, connection: &Connection, mut entered: Entered) {
        let tcp = entered.tcp.clone();
        let patience = connection.limits.header_timeout;
        let first = timeout(patience, tcp.clone().first_byte());
        let Some(Ok(Some(first))) = entered.until(first).await else {
            return;
        };
        let mut read = Bytes::new();
        if first != HELLO[0] {
            let plain = entered.http(connection, tcp.clone(), Protocol::PlainOrTunnel);
            match plain.await {
                Some(ended) if ended.becomes_tunnel => read = ended.read,
                Some(ended) => return connection.note_end(&entered, &ended),
                None => return,
            }
        }
        // It has begun something: it is not asked to give way meanwhile.
        entered.signs.note_heard();
        let io = Rewound::new(tcp, read);
        match entered.until(timeout(patience, self.shake(io))).await {
            None | Some(Err(_)) => {}
            Some(Ok(Err(refused))) => {
                tell(connection, &entered, &refused);
                entered.end_gently(patience).await;
            }
            Some(Ok(Ok(stream))) => {
                if let Some(ended) = entered.http(connection, stream, Protocol::Tls).await {
                    note_end(connection, &entered, &ended);
                }
            }
        }
    }
}

impl Entered {
    /// Closes a connection whose client may still be sending; closed at once, it would be reset, and the alert lost.
    async fn end_gently(&mut self, patience: Duration) {
        let (tcp, signs) = (self.tcp.clone(), &self.signs);
        let (mut stream, handle) = Stream::new(tcp.clone(), tcp, patience, signs, Protocol::Tls);
        handle.note_unread();
        // What goes wrong at the end changes nothing.
        let _ = self.until(async move { stream.shutdown().await }).await;
    }
}

/// Logs how HTTP within TLS ended.
fn note_end(connection: &Connection, entered: &Entered, ended: &Ended) {
    let error = ended.error.as_ref().and_then(io_error);
    if let Some(alert) = error.and_then(distrust) {
        return tell(connection, entered, &Refused::Untrusted(alert));
    }
    if ended.was_used {
        return connection.note_end(entered, ended);
    }
    tell_unused(connection, entered);
}

fn tell_unused(connection: &Connection, entered: &Entered) {
    let client = entered.client;
    connection.notices.once(Notice::TlsUnused, client, || {
        tracing::warn!(
            "a client at {client} has ended TLS without asking for anything, as Node and .NET do where they do not trust the mock's certificate: `tallyfy-mock env` prints what they need"
        );
    });
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    error.source()?.downcast_ref()
}

/// Logs why no TLS is spoken.
fn tell(connection: &Connection, entered: &Entered, refused: &Refused) {
    let client = entered.client;
    match refused {
        Refused::Untrusted(alert) => tracing::warn!(
            "a client at {client} does not trust the mock's certificate: `tallyfy-mock env` prints what it needs ({alert:?})"
        ),
        Refused::Name(name) => tracing::warn!(
            "a client at {client} asks by TLS for {name}, which the mock's certificate is not for: `--tls-host {name}` adds it"
        ),
        Refused::Gone {
            saw_certificate: true,
        } => tell_unused(connection, entered),
        Refused::Gone {
            saw_certificate: false,
        } => {
            tracing::debug!("a client at {client} was gone before TLS was spoken");
        }
        Refused::Other(error) => {
            tracing::warn!("a client at {client} does not get to speak TLS: {error}");
        }
    }
}
