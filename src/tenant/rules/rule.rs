//! The definition of a rule: whom it matches and what it does. Its counts are kept elsewhere.

use std::{num::NonZeroU64, sync::Arc, time::Duration};

use super::{
    draw::Draws,
    glob::Glob,
    strike::{Asked, Effect, Write},
};
use crate::{
    config::Limits,
    domain::{details::bytes_of, id::OrgId, operation::Operation},
};

/// Upper bound on delays, drawn ones included.
pub(super) const LONGEST_DELAY_MS: u64 = 60 * 60 * 1000;

/// A rule: what is to happen to which requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The caller's name for it, unique within its organization.
    pub id: Arc<str>,
    pub(super) only: Match,
    pub(super) skip: u64,
    pub(super) probability: Option<f64>,
    pub(super) steps: Vec<Step>,
}

/// What a request has to match; a part that is absent matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Match {
    pub(super) operation: Option<Operation>,
    pub(super) method: Option<Box<str>>,
    pub(super) path: Option<Glob>,
    pub(super) org: Option<OrgId>,
    pub(super) token: Option<Box<str>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) times: Times,
    pub(super) effect: Option<Effect>,
    pub(super) write: Write,
    pub(super) delay: Option<Delay>,
}

/// How often a step is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Count(NonZeroU64),
    Always,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Delay {
    Fixed { ms: u64 },
    Uniform { low_ms: u64, high_ms: u64 },
    LogNormal { median_ms: u64, sigma: f64 },
}

impl Rule {
    /// The organization that it is for; `None` for all.
    pub fn org(&self) -> Option<&OrgId> {
        self.only.org.as_ref()
    }

    /// About how many bytes it takes in memory.
    pub(super) fn bytes(&self) -> u64 {
        let texts = [&self.only.method, &self.only.token];
        let texts = texts.into_iter().flatten().map(|text| text.len());
        let path = self
            .only
            .path
            .as_ref()
            .map_or(0, |path| path.as_str().len());
        let step = |step: &Step| {
            let body = match &step.effect {
                Some(Effect::Status { body, .. }) => body.as_ref().map_or(0, bytes_of),
                Some(Effect::Fault(_)) | None => 0,
            };
            size_of::<Step>() + body
        };
        let steps = self.steps.iter().map(step);
        let all = Limits::ROW_BYTES + path + texts.chain(steps).sum::<usize>();
        all as u64
    }

    /// Whether it draws at random.
    pub(super) fn draws(&self) -> bool {
        let is_drawn = |step: &Step| !matches!(step.delay, None | Some(Delay::Fixed { .. }));
        self.probability.is_some() || self.steps.iter().any(is_drawn)
    }

    pub(super) fn matches(&self, asked: &Asked<'_>) -> bool {
        fn fits<T>(wanted: Option<&T>, fits: impl FnOnce(&T) -> bool) -> bool {
            wanted.is_none_or(fits)
        }
        let Match {
            operation,
            method,
            path,
            org,
            token,
        } = &self.only;
        fits(operation.as_ref(), |it| asked.operation == Some(*it))
            && fits(method.as_ref(), |it| it.eq_ignore_ascii_case(asked.method))
            && fits(org.as_ref(), |it| asked.org == Some(it))
            && fits(token.as_ref(), |it| asked.token == Some(&**it))
            && fits(path.as_ref(), |it| it.matches(asked.path))
    }
}

impl Times {
    /// What is left after `taken`; `None` if it is unlimited.
    pub(super) fn left_after(self, taken: u64) -> Option<u64> {
        match self {
            Self::Count(times) => Some(times.get().saturating_sub(taken)),
            Self::Always => None,
        }
    }
}

impl Delay {
    /// The delay of one request, in whole milliseconds.
    pub(super) fn draw(&self, draws: &Draws<'_>) -> Duration {
        let ms = match *self {
            Self::Fixed { ms } => ms,
            Self::Uniform { low_ms, high_ms } => {
                let choices = float(high_ms - low_ms + 1);
                (low_ms + whole(choices * draws.uniform())).min(high_ms)
            }
            Self::LogNormal { median_ms, sigma } => {
                let ms = float(median_ms) * (sigma * draws.normal()).exp();
                whole(ms.round())
            }
        };
        Duration::from_millis(ms.min(LONGEST_DELAY_MS))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "delays are at most an hour, so their milliseconds are exact"
)]
fn float(ms: u64) -> f64 {
    ms as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "delays are not negative, and one too long is cut to an hour: `as` saturates"
)]
fn whole(ms: f64) -> u64 {
    ms as u64
}
