//! The tokens that `/oauth/token` has issued, in persistent trees: a clone costs `O(1)`.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::token::Token;
use crate::{
    domain::id::OrgId,
    tenant::ranked::{Ranked, Row},
};

/// An issued token, with its refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub access: Arc<str>,
    /// The refresh token.
    pub refresh: Option<Arc<str>>,
    /// The client that asked for it.
    pub client: u64,
    /// Whom it stands for; `None` for an application, which is no user (evidence 7).
    pub stands_for: Option<StandsFor>,
    /// When it expires, by the base clock.
    pub expires_at: DateTime<Utc>,
    /// When it expires, by the own clocks of organizations that had one when it was issued.
    pub expires_elsewhere: Vec<(OrgId, DateTime<Utc>)>,
    /// When the refresh token expires, by the base clock.
    pub refresh_expires_at: Option<DateTime<Utc>>,
    /// Whether it was refreshed.
    pub is_revoked: bool,
}

/// Whom an issued token stands for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StandsFor {
    /// The user and the organizations.
    pub token: Arc<Token>,
    /// The organization whose record of the user counts.
    pub home: Option<OrgId>,
}

/// Which of the two texts of an issued token one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Access,
    Refresh,
}

/// The issued tokens, bounded in number and in bytes: the least recently issued is evicted.
#[derive(Debug, Clone, Default)]
pub(super) struct IssuedTokens {
    /// In the order in which they were issued.
    in_order: Ranked<Place>,
    by_text: Ranked<Found>,
    /// Expiry times by the own clocks of organizations.
    elsewhere: Ranked<Elsewhere>,
    bytes: usize,
    next_place: u64,
}

#[derive(Debug, Clone)]
struct Place {
    place: u64,
    issued: Arc<Issued>,
}

#[derive(Debug, Clone)]
struct Found {
    text: Arc<str>,
    kind: Kind,
    place: u64,
}

#[derive(Debug, Clone)]
struct Elsewhere {
    key: (OrgId, u64),
    expires_at: DateTime<Utc>,
}

impl Row for Place {
    type Key = u64;

    fn key(&self) -> &u64 {
        &self.place
    }
}

impl Row for Found {
    type Key = Arc<str>;

    fn key(&self) -> &Arc<str> {
        &self.text
    }
}

impl Row for Elsewhere {
    type Key = (OrgId, u64);

    fn key(&self) -> &(OrgId, u64) {
        &self.key
    }
}

impl IssuedTokens {
    /// Upper bound on their number.
    pub(super) const MOST: usize = 10_000;
    /// Upper bound on their bytes, as [`Issued::weight`] estimates them.
    pub(super) const MOST_BYTES: usize = 16 * 1024 * 1024;

    pub(super) fn is_empty(&self) -> bool {
        self.in_order.len() == 0
    }

    /// The token with that text, as access or as refresh token.
    pub(super) fn get(&self, text: &Arc<str>) -> Option<(Kind, &Issued)> {
        let found = self.by_text.get(text)?;
        Some((found.kind, &self.in_order.get(&found.place)?.issued))
    }

    /// When an access token expires by the clock that counts for the organization, or for none.
    pub(super) fn expires_at(
        &self,
        access: &Arc<str>,
        org: Option<&OrgId>,
    ) -> Option<DateTime<Utc>> {
        let place = self.by_text.get(access)?.place;
        let there = org.and_then(|org| self.elsewhere.get(&(org.clone(), place)));
        let there = there.map(|elsewhere| elsewhere.expires_at);
        there.or_else(|| Some(self.in_order.get(&place)?.issued.expires_at))
    }

    /// All of them, the least recently issued first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Issued> {
        self.in_order.iter().map(|Place { place, issued }| {
            let mut issued = Issued::clone(issued);
            // The clock of an organization may have been reset since.
            issued.expires_elsewhere.retain_mut(|(org, expires_at)| {
                let kept = self.elsewhere.get(&(org.clone(), *place));
                kept.inspect(|kept| *expires_at = kept.expires_at).is_some()
            });
            issued
        })
    }

    /// Adds one as the most recently issued; a token that has one of its texts is replaced.
    pub(super) fn put(&mut self, issued: Issued) {
        for text in issued.texts() {
            self.remove(text);
        }
        let place = self.next_place;
        self.next_place += 1;
        self.bytes += issued.weight();
        for (text, kind) in [
            (Some(&issued.access), Kind::Access),
            (issued.refresh.as_ref(), Kind::Refresh),
        ] {
            if let Some(text) = text {
                let text = Arc::clone(text);
                self.by_text.insert(Found { text, kind, place });
            }
        }
        for (org, expires_at) in &issued.expires_elsewhere {
            self.elsewhere.insert(Elsewhere {
                key: (org.clone(), place),
                expires_at: *expires_at,
            });
        }
        self.in_order.insert(Place {
            place,
            issued: Arc::new(issued),
        });
        while self.in_order.len() > Self::MOST || self.bytes > Self::MOST_BYTES {
            let Some(first) = self.in_order.iter().next() else {
                return;
            };
            let access = Arc::clone(&first.issued.access);
            self.remove(&access);
        }
    }

    /// Removes the token with that text.
    pub(super) fn remove(&mut self, text: &Arc<str>) {
        let Some(place) = self.by_text.get(text).map(|found| found.place) else {
            return;
        };
        let Some(Place { issued, .. }) = self.in_order.remove(&place) else {
            return;
        };
        self.bytes -= issued.weight();
        for text in issued.texts() {
            self.by_text.remove(text);
        }
        for (org, _) in &issued.expires_elsewhere {
            self.elsewhere.remove(&(org.clone(), place));
        }
    }

    /// Marks the token with that text as refreshed.
    pub(super) fn revoke(&mut self, text: &Arc<str>) {
        let Some(Found { place, .. }) = self.by_text.get(text) else {
            return;
        };
        if let Some(Place { place, issued }) = self.in_order.get(place) {
            let mut issued = Issued::clone(issued);
            issued.is_revoked = true;
            let issued = Arc::new(issued);
            self.in_order.insert(Place {
                place: *place,
                issued,
            });
        }
    }

    /// Drops the expiry times by the clock of one organization, or of all: it follows the base clock again.
    pub(super) fn forget_clock(&mut self, org: Option<&OrgId>) {
        let Some(org) = org else {
            self.elsewhere = Ranked::default();
            return;
        };
        let of_org = self.elsewhere.from(&(org.clone(), 0));
        let of_org = of_org.take_while(|row| row.key.0 == *org);
        let keys: Vec<_> = of_org.map(|row| row.key.clone()).collect();
        for key in keys {
            self.elsewhere.remove(&key);
        }
    }

    /// Whether there are expiry times by the clock of that organization, or of any.
    pub(super) fn knows_clock(&self, org: Option<&OrgId>) -> bool {
        match org {
            None => self.elsewhere.len() > 0,
            Some(org) => {
                let mut from = self.elsewhere.from(&(org.clone(), 0));
                from.next().is_some_and(|row| row.key.0 == *org)
            }
        }
    }
}

impl Issued {
    /// Its access token, and its refresh token if it has one.
    pub fn texts(&self) -> impl Iterator<Item = &Arc<str>> {
        [Some(&self.access), self.refresh.as_ref()]
            .into_iter()
            .flatten()
    }

    /// An estimate of the bytes it takes, index entries included.
    fn weight(&self) -> usize {
        let texts: usize = self.texts().map(|text| 2 * text.len() + 128).sum();
        let named = self
            .stands_for
            .as_ref()
            .map_or(0, |it| it.token.organizations.len());
        let elsewhere = self.expires_elsewhere.iter();
        let elsewhere: usize = elsewhere.map(|(org, _)| org.as_str().len() + 128).sum();
        512 + texts + named * size_of::<OrgId>() + elsewhere
    }
}
