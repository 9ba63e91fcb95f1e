//! `/oauth/token` over a running mock: tokens, users and clocks together.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Held,
    ids::IdGen,
    map::Tenants,
    tokens::{Granted, Moment, StandsFor, Token, Tokens},
};
use crate::domain::{
    grant::{GrantRefusal, GrantRequest},
    guest::Email,
    id::{OrgId, UserId},
};

impl Tenants {
    /// Issues a token at `now` by the base clock. It goes where the request's own look-up points: if
    /// everything was reset since, nobody sees it.
    pub fn grant(
        &self,
        held: &Held,
        request: &GrantRequest<'_>,
        now: DateTime<Utc>,
        ids: &IdGen,
    ) -> Result<Granted, GrantRefusal> {
        let tokens = held.tokens();
        let find = |username: &str, orgs: &[OrgId]| self.person_named(&tokens, username, orgs);
        let mut decision = tokens.decide(request, now, find)?;
        let mut elsewhere = Vec::new();
        if let Some(token) = &decision.token {
            if decision.home.is_none() {
                decision.home = self.home_of(&tokens, token);
            }
            elsewhere = self.clocks_of(&token.organizations);
        }
        let moment = Moment { now, elsewhere };
        let _census = self.census();
        let known = &held.tenant.common.tokens;
        let mut changed = Tokens::clone(&known.load());
        let granted = changed.issue(decision, &moment, ids)?;
        known.store(Arc::new(changed));
        Ok(granted)
    }

    /// The token with the user's record as their organization has it now.
    pub fn known_now(&self, stands_for: StandsFor) -> Token {
        let StandsFor { token, home } = stands_for;
        let find = |org: &OrgId, user: Option<UserId>| {
            let org = self.look_at(org).org().ok()?;
            org.users().get_or_first_admin(user).cloned()
        };
        Token::clone(&token).known_among(&home, find)
    }

    /// These organizations, or all, in the order of an export.
    fn these_or_all(&self, tokens: &Tokens, orgs: &[OrgId]) -> Vec<OrgId> {
        if !orgs.is_empty() {
            return orgs.to_vec();
        }
        let mut ids = self.org_ids();
        if let Some(home) = tokens.home() {
            ids.sort_by_key(|id| id != home);
        }
        ids
    }

    /// The first user with that email address, and their organization.
    fn person_named(
        &self,
        tokens: &Tokens,
        username: &str,
        orgs: &[OrgId],
    ) -> Option<(OrgId, UserId)> {
        let wanted = Email::parse(username)?.key();
        self.these_or_all(tokens, orgs).into_iter().find_map(|id| {
            let org = self.look_at(&id).org().ok()?;
            let mut users = org.users().iter();
            let user = users.find(|user| user.email.key() == wanted)?.id;
            Some((id, user))
        })
    }

    /// The first of a token's organizations that declares its user.
    fn home_of(&self, tokens: &Tokens, token: &Token) -> Option<OrgId> {
        let declares = |id: &OrgId| {
            let org = self.look_at(id).org();
            org.is_ok_and(|org| org.users().get_or_first_admin(token.user).is_some())
        };
        let ids = self.these_or_all(tokens, &token.organizations);
        ids.into_iter().find(declares)
    }

    /// The time in those of these organizations, or of all, that have a clock of their own.
    fn clocks_of(&self, orgs: &[OrgId]) -> Vec<(OrgId, DateTime<Utc>)> {
        let tenants = match orgs {
            [] => self.by_id(),
            named => named.iter().filter_map(|id| self.known(id)).collect(),
        };
        let own = tenants.iter().filter_map(|tenant| {
            let time = tenant.clock.time()?;
            Some((tenant.id.clone()?, time.read().now))
        });
        own.collect()
    }
}
