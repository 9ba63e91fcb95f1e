//! The way to a server: through which proxy, and whose certificates are trusted.

use std::{env::var_os, fs, path::Path, sync::Arc};

use ureq::{
    Proxy, ProxyProtocol,
    tls::{Certificate, PemItem, RootCerts, parse_pem},
};

use super::trouble::Trouble;
use crate::{remote::target::Target, roots};

/// The proxy of the environment, if there is one.
pub(super) fn proxy(target: &Target) -> Result<Option<Proxy>, Trouble> {
    const NAMES: [&str; 6] = [
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
    ];
    let given = NAMES.iter().find_map(|name| {
        let value = var_os(name).filter(|value| !value.is_empty())?;
        Some((name, value.to_string_lossy().into_owned()))
    });
    let Some((name, value)) = given else {
        return Ok(None);
    };
    let no_url = || {
        Trouble::from(format!(
            "the variable {name} is not the URL of a proxy, such as `http://proxy:3128`"
        ))
    };
    Proxy::new(&value).map_err(|_| no_url())?;
    let proxy = Proxy::try_from_env();
    let goes_around = |proxy: &Proxy| {
        target
            .url("/")
            .parse()
            .is_ok_and(|url| proxy.is_no_proxy(&url))
    };
    if let Some(proxy) = &proxy
        && !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
        && !goes_around(proxy)
    {
        let host = target.host();
        return Err(Trouble::from(format!(
            "the proxy of the variable {name} speaks SOCKS, which is not spoken here; `NO_PROXY={host}` goes around it"
        )));
    }
    Ok(proxy)
}

/// The roots that certificates are checked against: the system's, or where it has none those of Mozilla; and those of a file.
pub(super) fn trusted(cacert: Option<&Path>) -> Result<RootCerts, Trouble> {
    let mut certificates = roots::trusted()
        .map(|pem| certificates_in(&pem))
        .unwrap_or_default();
    if let Some(path) = cacert {
        let shown = path.display();
        let pem = fs::read_to_string(path).map_err(|error| {
            Trouble::from(format!("`--cacert {shown}` cannot be read: {error}"))
        })?;
        let added = certificates_in(&pem);
        if added.is_empty() {
            return Err(Trouble::from(format!(
                "`--cacert {shown}` has no certificate; expected PEM"
            )));
        }
        certificates.extend(added);
    }
    if certificates.is_empty() {
        return Ok(RootCerts::WebPki);
    }
    Ok(RootCerts::Specific(Arc::new(certificates)))
}

fn certificates_in(pem: &str) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem.as_bytes()).filter_map(Result::ok);
    let certificates = items.filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    certificates.collect()
}
