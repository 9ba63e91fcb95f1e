//! The decision of `/oauth/token`: whether it issues a token, for whom, and for how long.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    grants::{Client, Code, SignIn},
    issued::{Issued, Kind, StandsFor},
    known::Tokens,
    token::Token,
};
use crate::{
    domain::{
        grant::{GrantRefusal, GrantRequest, GrantType},
        id::{OrgId, UserId},
    },
    json::{CALENDAR, in_calendar},
    tenant::ids::IdGen,
};

/// What to issue for a request.
#[derive(Debug, Clone)]
pub(in crate::tenant) struct Decision {
    client: u64,
    /// Whom the token will stand for; `None` for an application.
    pub(in crate::tenant) token: Option<Arc<Token>>,
    /// The organization whose record of the user counts, if it is known already.
    pub(in crate::tenant) home: Option<OrgId>,
    lifetime: u32,
    refresh_lifetime: Option<u32>,
    spends: Option<Spent>,
}

/// What can be exchanged for a token once.
#[derive(Debug, Clone)]
enum Spent {
    Refresh(Arc<str>),
    Code(Arc<str>),
}

/// The time of issue.
#[derive(Debug, Clone)]
pub(in crate::tenant) struct Moment {
    /// By the base clock.
    pub(in crate::tenant) now: DateTime<Utc>,
    /// By the own clocks of its organizations, of those that have one.
    pub(in crate::tenant) elsewhere: Vec<(OrgId, DateTime<Utc>)>,
}

/// The answer to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The access token.
    pub access: Arc<str>,
    /// Its lifetime in seconds.
    pub expires_in: u32,
    /// The refresh token.
    pub refresh: Option<Arc<str>>,
}

/// A user, and an organization that declares them.
type Person = (OrgId, UserId);

impl Tokens {
    /// Decides on a request at `now` by the base clock. `find` looks up a user by email address in these
    /// organizations, or in all if none is given.
    pub(in crate::tenant) fn decide(
        &self,
        request: &GrantRequest<'_>,
        now: DateTime<Utc>,
        find: impl FnOnce(&str, &[OrgId]) -> Option<Person>,
    ) -> Result<Decision, GrantRefusal> {
        let client = self.client(request)?;
        let lifetimes = self.grants.lifetimes;
        let users = |token: Token, home| Decision {
            client: request.client,
            token: Some(Arc::new(token)),
            home,
            lifetime: lifetimes.access_token,
            refresh_lifetime: Some(lifetimes.refresh_token),
            spends: None,
        };
        match request.grant_type {
            GrantType::ClientCredentials => Ok(Decision {
                lifetime: lifetimes.client_credentials,
                refresh_lifetime: None,
                token: client.and_then(|it| it.token.clone()).map(Arc::new),
                ..users(Token::default(), None)
            }),
            GrantType::Password => {
                let username = request.required("username")?;
                let password = request.required("password")?;
                let (token, home) = self.signed_in(username, password, find)?;
                Ok(users(token, home))
            }
            GrantType::AuthorizationCode => {
                let code = self.code(request)?;
                Ok(Decision {
                    spends: Some(Spent::Code(Arc::clone(&code.code))),
                    ..users(code.token.clone(), None)
                })
            }
            GrantType::RefreshToken => {
                let (text, before) = self.refreshed(request, now)?;
                let StandsFor { token, home } = before.stands_for.clone().unwrap_or_default();
                Ok(Decision {
                    token: Some(token),
                    spends: Some(Spent::Refresh(text)),
                    ..users(Token::default(), home)
                })
            }
        }
    }

    /// Authenticates the client; `None` if none is declared, so that any is accepted.
    fn client(&self, request: &GrantRequest<'_>) -> Result<Option<&Client>, GrantRefusal> {
        const WRONG: GrantRefusal = GrantRefusal::InvalidClient(
            "the fixture's `oauth.clients` have no client with this id and this secret",
        );
        let shown = request.get("client_secret");
        if self.grants.clients.is_empty() && !self.grants.is_closed {
            let secret = shown.ok_or(GrantRefusal::InvalidClient("there is no `client_secret`"));
            return secret.map(|_| None);
        }
        let client = self.grants.clients.get(&request.client).ok_or(WRONG)?;
        match &client.secret {
            Some(secret) if shown != Some(secret) => Err(WRONG),
            None if request.grant_type == GrantType::ClientCredentials => {
                Err(GrantRefusal::InvalidClient(
                    "a client without a secret has no credentials of its own",
                ))
            }
            Some(_) | None => Ok(Some(client)),
        }
    }

    /// The user with this username and password.
    fn signed_in(
        &self,
        username: &str,
        password: &str,
        find: impl FnOnce(&str, &[OrgId]) -> Option<Person>,
    ) -> Result<(Token, Option<OrgId>), GrantRefusal> {
        const WRONG: GrantRefusal = GrantRefusal::InvalidCredentials(
            "the fixture's `oauth.passwords` have nobody with this name and this password",
        );
        const NOBODY: GrantRefusal = GrantRefusal::InvalidCredentials(
            "no organization declares a user with this address, and the fixture closes the world by its tokens",
        );
        let is_open = self.grants.sign_ins.is_empty() && !self.grants.is_closed;
        if is_open {
            return match find(username, &[]) {
                Some((home, user)) => Ok((Token::of(user), Some(home))),
                None if self.declared.is_empty() => {
                    Ok((Token::default(), self.any.home().cloned()))
                }
                None => Err(NOBODY),
            };
        }
        let sign_in = self
            .grants
            .sign_ins
            .get(&SignIn::key(username))
            .ok_or(WRONG)?;
        if *sign_in.password != *password {
            return Err(WRONG);
        }
        let mut token = sign_in.token.clone();
        let mut home = None;
        if token.user.is_none()
            && let Some((org, user)) = find(username, &token.organizations)
        {
            token.user = Some(user);
            home = Some(org);
        }
        Ok((token, home))
    }

    fn code(&self, request: &GrantRequest<'_>) -> Result<&Code, GrantRefusal> {
        let refused = |why| Err(GrantRefusal::InvalidCode(why));
        let shown = Arc::from(request.required("code")?);
        let Some(code) = self.codes.get(&shown) else {
            return Err(GrantRefusal::UnknownCode);
        };
        if code.is_used {
            return refused("Authorization code has been revoked");
        }
        if code.client.is_some_and(|client| client != request.client) {
            return refused("Authorization code was not issued to this client");
        }
        if let Some(wanted) = &code.redirect_uri
            && request.required("redirect_uri")? != &**wanted
        {
            return refused("Invalid redirect URI");
        }
        Ok(code)
    }

    /// The token to be refreshed.
    fn refreshed(
        &self,
        request: &GrantRequest<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Arc<str>, &Issued), GrantRefusal> {
        let refused = |why| Err(GrantRefusal::InvalidRefreshToken(why));
        let shown = Arc::from(request.required("refresh_token")?);
        let Some((Kind::Refresh, before)) = self.issued.get(&shown) else {
            return Err(GrantRefusal::UnknownRefreshToken);
        };
        if before.client != request.client {
            return refused("Token is not linked to client");
        }
        if before.refresh_expires_at.is_some_and(|end| end <= now) {
            return refused("Token has expired");
        }
        if before.is_revoked {
            return refused("Token has been revoked");
        }
        Ok((shown, before))
    }

    /// Issues what was decided. A code or a refresh token may have been used since the decision: it is checked again.
    pub(in crate::tenant) fn issue(
        &mut self,
        decision: Decision,
        moment: &Moment,
        ids: &IdGen,
    ) -> Result<Granted, GrantRefusal> {
        match &decision.spends {
            None => {}
            Some(Spent::Code(text)) => {
                let code = self.codes.get(text).filter(|code| !code.is_used);
                let mut code = code.cloned().ok_or(GrantRefusal::InvalidCode(
                    "Authorization code has been revoked",
                ))?;
                code.is_used = true;
                self.codes.insert(code);
            }
            Some(Spent::Refresh(text)) => {
                let before = self.issued.get(text);
                if before.is_none_or(|(_, before)| before.is_revoked) {
                    return Err(GrantRefusal::InvalidRefreshToken("Token has been revoked"));
                }
                self.issued.revoke(text);
            }
        }
        let after = |at: DateTime<Utc>, seconds: u32| {
            let end = at.checked_add_signed(TimeDelta::seconds(seconds.into()));
            end.and_then(in_calendar).unwrap_or(CALENDAR[1])
        };
        let elsewhere = moment.elsewhere.iter();
        let elsewhere = elsewhere.map(|(org, now)| (org.clone(), after(*now, decision.lifetime)));
        let [access, refresh] = self.new_texts(ids);
        let refresh = decision.refresh_lifetime.map(|_| refresh);
        let granted = Granted {
            access: Arc::clone(&access),
            expires_in: decision.lifetime,
            refresh: refresh.clone(),
        };
        let home = decision.home;
        let lifetime = decision.refresh_lifetime;
        self.issued.put(Issued {
            access,
            refresh,
            client: decision.client,
            stands_for: decision.token.map(|token| StandsFor { token, home }),
            expires_at: after(moment.now, decision.lifetime),
            expires_elsewhere: elsewhere.collect(),
            refresh_expires_at: lifetime.map(|lifetime| after(moment.now, lifetime)),
            is_revoked: false,
        });
        Ok(granted)
    }

    /// Texts for the next access and refresh token, derived from the seed; taken ones are skipped.
    fn new_texts(&mut self, ids: &IdGen) -> [Arc<str>; 2] {
        // An organization's id has no slash, so these differ from the ids of all rows.
        let text = |kind: &str, number: u64| {
            let half = |half: u8| ids.id(&format!("oauth/{kind}/{half}"), number);
            [half(0), half(1)].concat()
        };
        loop {
            let number = self.sequence;
            self.sequence = number.wrapping_add(1);
            // As long as the guide's example begins.
            let texts = [
                Arc::from(text("access", number)),
                Arc::from(format!("def50200{}", text("refresh", number))),
            ];
            let is_taken = |text: &Arc<str>| {
                self.issued.get(text).is_some() || self.declared.contains_key(&**text)
            };
            if !texts.iter().any(is_taken) {
                return texts;
            }
        }
    }
}

impl Token {
    /// Stands for this user in every organization.
    fn of(user: UserId) -> Self {
        Self {
            user: Some(user),
            ..Self::default()
        }
    }
}
