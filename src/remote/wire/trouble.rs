//! Why there is no answer, in a sentence for the person at the terminal.

use std::{error::Error as _, fmt, io, time::Duration};

use tokio_rustls::rustls::{self, CertificateError};

use crate::remote::target::Target;

/// Why another server could not be asked: one sentence that says of which request, and what to do.
///
/// It repeats nothing that a server sent but the host of a redirect, and never the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble(String);

impl Trouble {
    /// About one request, by the name that it has in messages.
    pub fn about(request: &str, what: impl fmt::Display) -> Self {
        Self(format!("{request}: {what}"))
    }
}

impl From<String> for Trouble {
    fn from(what: String) -> Self {
        Self(what)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Trouble {}

/// What the HTTP client failed at.
pub(super) fn told(error: &ureq::Error, target: &Target, waited: Duration) -> String {
    let place = target.place();
    match error {
        ureq::Error::HostNotFound => unknown_host(place),
        ureq::Error::Io(error) => told_io(error, target),
        ureq::Error::Rustls(error) => told_tls(error, place),
        ureq::Error::Timeout(ureq::Timeout::Resolve) => {
            format!(
                "the name {place} was not looked up within {}; `--timeout` gives it longer",
                seconds(waited)
            )
        }
        ureq::Error::Timeout(_) => {
            format!(
                "{place} did not answer within {}; `--timeout` gives it longer",
                seconds(waited)
            )
        }
        ureq::Error::ConnectProxyFailed(_) => format!(
            "the proxy did not open a tunnel to {place}; `HTTPS_PROXY` says which proxy, `NO_PROXY={}` goes around it",
            target.host()
        ),
        ureq::Error::LargeResponseHeader(..) => {
            format!("the head of the answer of {place} is longer than 64 KiB")
        }
        ureq::Error::Protocol(_) | ureq::Error::Http(_) => {
            format!("what {place} answers is not HTTP; `--base` says where to ask")
        }
        ureq::Error::ConnectionFailed => nobody(place),
        // The others have no case here: nothing is followed, decoded or sent that they are about.
        _ => format!("{place} could not be asked"),
    }
}

fn told_io(error: &io::Error, target: &Target) -> String {
    let place = target.place();
    if let Some(error) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return told_tls(error, place);
    }
    // What the standard library says where the system's resolver knows no answer; it has no kind of its own.
    if error.to_string().contains("failed to lookup address")
        || error
            .source()
            .is_some_and(|it| it.to_string().contains("lookup"))
    {
        return unknown_host(place);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => nobody(place),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            format!("{place} closed the connection before its answer was complete; try again")
        }
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            format!("{place} did not answer in time; `--timeout` gives it longer")
        }
        kind => format!("{place} cannot be reached ({kind}); `--base` says where to ask"),
    }
}

fn told_tls(error: &rustls::Error, place: &str) -> String {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return format!(
            "{place} does not speak TLS as expected; is it https? `--base` says where to ask"
        );
    };
    let what = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            return format!(
                "the certificate of {place} is for another name; `--base` says where to ask"
            );
        }
        CertificateError::Revoked => "is revoked",
        _ => {
            return format!(
                "the certificate of {place} is not trusted, as where a proxy intercepts; `--cacert PATH` adds a root"
            );
        }
    };
    format!("the certificate of {place} {what}; is this machine's clock right?")
}

fn unknown_host(place: &str) -> String {
    format!(
        "the name {place} cannot be looked up; `--base` says where to ask, `HTTPS_PROXY` through whom"
    )
}

fn nobody(place: &str) -> String {
    format!("nobody answers at {place}: the connection is refused; `--base` says where to ask")
}

/// A time for a person.
pub(super) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1 => "1 second".to_owned(),
        seconds => format!("{seconds} seconds"),
    }
}
