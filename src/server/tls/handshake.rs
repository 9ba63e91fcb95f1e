//! The handshake: whose name is asked for, who does not trust us, and why else it fails.

use std::{
    io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::{
    LazyConfigAcceptor,
    rustls::{self, AlertDescription, server::Acceptor},
    server::TlsStream,
};

use super::Tls;

/// A socket, and what was read of it already.
#[derive(Debug)]
pub(super) struct Rewound<Io> {
    io: Io,
    read: Bytes,
    /// Whether anything was written.
    is_written: bool,
    /// Whether nothing more is to be read.
    is_over: AtomicBool,
}

impl<Io> Rewound<Io> {
    pub(super) fn new(io: Io, read: Bytes) -> Self {
        Self {
            io,
            read,
            is_written: false,
            is_over: AtomicBool::new(false),
        }
    }
}

impl<Io: AsyncRead + Unpin> AsyncRead for Rewound<Io> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        if self.read.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, into);
        }
        let count = self.read.len().min(into.remaining());
        into.put_slice(&self.read[..count]);
        self.read.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<Io: AsyncWrite + Unpin> AsyncWrite for Rewound<Io> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.is_written = true;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Why no TLS is spoken. The client has been told by an alert, where there was anything to tell.
#[derive(Debug)]
pub(super) enum Refused {
    /// It asks for a name that the certificate is not for.
    Name(String),
    /// It does not trust the certificate.
    Untrusted(AlertDescription),
    /// It is gone, with or without having seen the certificate.
    Gone { saw_certificate: bool },
    /// Anything else.
    Other(io::Error),
}

impl Tls {
    /// Speaks the handshake.
    pub(super) async fn shake<Io>(&self, io: Rewound<Io>) -> Result<TlsStream<Rewound<Io>>, Refused>
    where
        Io: AsyncRead + AsyncWrite + Unpin,
    {
        let mut hello = pin!(LazyConfigAcceptor::new(Acceptor::default(), io));
        let mut start = match hello.as_mut().await {
            Ok(start) => start,
            Err(error) => {
                let io = hello.take_io();
                return Err(untold(io, refused(error, false)).await);
            }
        };
        let name = start.client_hello().server_name().map(str::to_owned);
        if let Some(name) = name.filter(|name| !self.0.names.contains(name)) {
            // rustls refuses by `access_denied`; RFC 6066, 3, has an alert of its own for this.
            let told = start.io.write_all(&alert(UNRECOGNIZED_NAME)).await;
            return Err(told.map_or_else(|error| refused(error, false), |()| Refused::Name(name)));
        }
        let config = Arc::clone(&self.0.config);
        let mut early = None;
        let accept = start.into_stream_with(config, |session| {
            // It would be looked at only once there is more.
            early = session.process_new_packets().err();
        });
        if early.is_some()
            && let Some(io) = accept.get_ref()
        {
            io.is_over.store(true, Ordering::Relaxed);
        }
        match accept.into_fallible().await {
            Ok(stream) => Ok(stream),
            Err((error, io)) => {
                let early = early.map(|error| io::Error::new(io::ErrorKind::InvalidData, error));
                Err(untold(Some(io), refused(early.unwrap_or(error), true)).await)
            }
        }
    }
}

/// Tells a client of its mistake where rustls has not, as of a message that is too long.
async fn untold<Io: AsyncWrite + Unpin>(io: Option<Rewound<Io>>, refused: Refused) -> Refused {
    if let Some(mut io) = io.filter(|io| !io.is_written)
        && matches!(refused, Refused::Other(_))
    {
        // Where it is not taken, nobody is there to be told.
        let _ = io.write_all(&alert(DECODE_ERROR)).await;
    }
    refused
}

const UNRECOGNIZED_NAME: u8 = 112;
const DECODE_ERROR: u8 = 50;

/// A fatal alert in clear, as it is before any keys are agreed upon (RFC 8446, 6).
const fn alert(description: u8) -> [u8; 7] {
    [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, description]
}

fn refused(error: io::Error, saw_certificate: bool) -> Refused {
    if let Some(alert) = distrust(&error) {
        return Refused::Untrusted(alert);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => Refused::Gone { saw_certificate },
        _ => Refused::Other(error),
    }
}

/// The alert by which a client says that it does not trust the certificate.
pub(super) fn distrust(error: &io::Error) -> Option<AlertDescription> {
    let error = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match error {
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::AccessDenied
            // Of an older certificate of a mock's, where one has the same name.
            | AlertDescription::DecryptError),
        ) => Some(*alert),
        _ => None,
    }
}
