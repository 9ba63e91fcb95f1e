//! The forms that values take. Each error says what is accepted.

use std::time::Duration;

use bytesize::ByteSize;
use chrono::{DateTime, Utc};

use crate::{
    config::RateLimit,
    domain::contract::{ContractError, Edition, Switch},
    tenant::Time,
};

pub(super) fn host(text: &str) -> Result<String, &'static str> {
    let is_blank = text.trim().is_empty();
    (!is_blank)
        .then(|| text.to_owned())
        .ok_or("expected an address such as `127.0.0.1`, or a name such as `localhost`")
}

pub(super) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse()
        .map_err(|_| "expected a number from 0 to 65535")
}

pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let duration = humantime::parse_duration(text)
        .ok()
        .filter(|duration| !duration.is_zero());
    duration.ok_or("expected a duration such as `500ms`, `30s` or `2m`")
}

pub(super) fn edition(text: &str) -> Result<Edition, ContractError> {
    text.parse()
}

/// A switch of the contract. All of them are lower case, so any case will do.
pub(super) fn switch(text: &str) -> Result<Switch, ContractError> {
    text.parse()
        .or_else(|error| text.to_lowercase().parse().map_err(|_| error))
}

pub(super) fn size(text: &str) -> Result<ByteSize, &'static str> {
    text.parse()
        .map_err(|_| "expected a size such as `500kB` or `1MiB`")
}

pub(super) fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let expected =
        || "expected a number of requests, `/` and a duration, such as `600/60s`".to_owned();
    let (requests, window) = text.split_once('/').ok_or_else(expected)?;
    let requests = requests
        .trim()
        .parse()
        .ok()
        .filter(|requests| *requests >= 1)
        .ok_or_else(expected)?;
    let window = humantime::parse_duration(window.trim())
        .ok()
        .filter(|window| !window.is_zero())
        .ok_or_else(expected)?;
    Ok(RateLimit { requests, window })
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

pub(super) fn time(text: &str) -> Result<DateTime<Utc>, &'static str> {
    let time = text.parse().ok().and_then(Time::in_calendar);
    time.ok_or("expected a time such as `2026-01-01T00:00:00Z`")
}

pub(super) fn whole_number(text: &str) -> Result<usize, &'static str> {
    text.parse().map_err(|_| "expected a whole number")
}

pub(super) fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse()
        .ok()
        .filter(|number| *number >= 1)
        .ok_or("expected a whole number of at least 1")
}

/// A name that a certificate can be for. A pattern is none: it would take in hosts that nobody named.
pub(super) fn host_name(text: &str) -> Result<String, &'static str> {
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        (1..=63).contains(&bytes.len())
            && bytes
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let last = text.rsplit('.').next().unwrap_or_default();
    let is_name = text.len() <= 253 && text.split('.').all(is_label) && !is_number(last);
    is_name.then(|| text.to_ascii_lowercase()).ok_or(
        "expected a host's name such as `mock.example.test`, without a scheme, a port or a `*`",
    )
}
