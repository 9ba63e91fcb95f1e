//! Token requests, and the words of their errors (evidence 8.7).
//!
//! The words are those of league/oauth2-server 9, which Laravel Passport is built on; where Tallyfy's
//! documentation is silent, they are assumed.

use std::{borrow::Cow, collections::BTreeMap, fmt};

/// The parameters of a token request, by name; of one given twice the last counts, as in PHP.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, String>);

/// Shows the names only: the values are secrets.
impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(parameters: I) -> Self {
        let parameters = parameters.into_iter();
        Self(
            parameters
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl Parameters {
    /// The value of a parameter; an empty one is none, as after Laravel's `ConvertEmptyStringsToNull`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?;
        (!value.is_empty()).then_some(value)
    }

    /// Sets a parameter that is not given.
    pub fn set_missing(&mut self, name: &str, value: String) {
        if self.get(name).is_none() {
            self.0.insert(name.to_owned(), value);
        }
    }

    fn required(&self, name: &'static str) -> Result<&str, GrantRefusal> {
        self.get(name).ok_or(GrantRefusal::Missing(name))
    }
}

/// The names of all parameters that a token request may have.
pub const PARAMETERS: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "username",
    "password",
    "refresh_token",
    "code",
    "redirect_uri",
    "scope",
];

/// A token request, parsed but not yet authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantRequest<'a> {
    /// The grant.
    pub grant_type: GrantType,
    /// The client. At Tallyfy its id is a number; any other is nobody's (troubleshooting, evidence 5.1).
    pub client: u64,
    parameters: &'a Parameters,
}

/// The `grant_type` of a token request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// `password`: a user's name and password.
    Password,
    /// `client_credentials`: the client's own secret.
    ClientCredentials,
    /// `refresh_token`: a refresh token.
    RefreshToken,
    /// `authorization_code`: a code that a user's consent gave.
    AuthorizationCode,
}

impl GrantType {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "password" => Self::Password,
            "client_credentials" => Self::ClientCredentials,
            "refresh_token" => Self::RefreshToken,
            "authorization_code" => Self::AuthorizationCode,
            _ => return None,
        })
    }
}

impl<'a> GrantRequest<'a> {
    /// Parses the parameters; the first that fails is the error: the grant, then the client.
    pub fn parse(parameters: &'a Parameters) -> Result<Self, GrantRefusal> {
        let grant_type = parameters.get("grant_type");
        let grant_type = grant_type.ok_or(GrantRefusal::UnsupportedGrantType(
            "there is no `grant_type`",
        ))?;
        let grant_type = GrantType::parse(grant_type).ok_or(GrantRefusal::UnsupportedGrantType(
            "the grant types are password, client_credentials, refresh_token and authorization_code",
        ))?;
        let client = parameters.required("client_id")?;
        let is_number = client.bytes().all(|byte| byte.is_ascii_digit());
        let client = is_number.then(|| client.parse().ok()).flatten();
        Ok(Self {
            grant_type,
            client: client.ok_or(GrantRefusal::InvalidClient("a `client_id` is a number"))?,
            parameters,
        })
    }

    /// A parameter that this grant needs.
    pub fn required(&self, name: &'static str) -> Result<&'a str, GrantRefusal> {
        self.parameters.required(name)
    }

    /// A parameter that it may have.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name)
    }
}

/// Why no token is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantRefusal {
    /// `unsupported_grant_type`, with the reason for the log.
    UnsupportedGrantType(&'static str),
    /// `invalid_request`: this parameter is missing.
    Missing(&'static str),
    /// `invalid_client` (troubleshooting, evidence 5.1), with the reason for the log.
    InvalidClient(&'static str),
    /// `invalid_grant`: the username or password is wrong (evidence 8.7), with the reason for the log.
    InvalidCredentials(&'static str),
    /// `invalid_grant`: the refresh token is not good any more, or not for this client.
    InvalidRefreshToken(&'static str),
    /// `invalid_grant`: nothing was issued as this refresh token.
    UnknownRefreshToken,
    /// `invalid_grant`: the code is not good any more, or not for this client.
    InvalidCode(&'static str),
    /// `invalid_grant`: nobody declares this code.
    UnknownCode,
    /// `invalid_grant`, for no reason: only by a fault or by steering.
    InvalidGrant,
}

impl GrantRefusal {
    /// The code of RFC 6749, 5.2.
    pub fn error(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType(_) => "unsupported_grant_type",
            Self::Missing(_) => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::InvalidCredentials(_)
            | Self::InvalidRefreshToken(_)
            | Self::UnknownRefreshToken
            | Self::InvalidCode(_)
            | Self::UnknownCode
            | Self::InvalidGrant => "invalid_grant",
        }
    }

    /// Its `error_description`.
    pub fn description(self) -> &'static str {
        match self {
            Self::UnsupportedGrantType(_) => {
                "The authorization grant type is not supported by the authorization server."
            }
            Self::Missing(_) => {
                "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than once, or is otherwise malformed."
            }
            Self::InvalidClient(_) => "Client authentication failed",
            Self::InvalidCredentials(_) => "The user credentials were incorrect.",
            Self::InvalidRefreshToken(_) | Self::UnknownRefreshToken => {
                "The refresh token is invalid."
            }
            Self::InvalidCode(_) | Self::UnknownCode | Self::InvalidGrant => {
                "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."
            }
        }
    }

    /// Its `hint`, if it has one.
    pub fn hint(self) -> Option<Cow<'static, str>> {
        match self {
            Self::UnsupportedGrantType(_) => {
                Some("Check that all required parameters have been provided".into())
            }
            Self::Missing(name) => Some(format!("Check the `{name}` parameter").into()),
            Self::InvalidRefreshToken(why) | Self::InvalidCode(why) => Some(why.into()),
            Self::UnknownRefreshToken => Some("Cannot decrypt the refresh token".into()),
            Self::UnknownCode => Some("Cannot decrypt the authorization code".into()),
            Self::InvalidClient(_) | Self::InvalidCredentials(_) | Self::InvalidGrant => None,
        }
    }

    /// The reason for the log and the header; it repeats nothing that a client sent.
    pub fn reason(self) -> Cow<'static, str> {
        match self {
            Self::Missing(name) => format!("the parameter `{name}` is missing").into(),
            Self::UnsupportedGrantType(why)
            | Self::InvalidClient(why)
            | Self::InvalidCredentials(why) => why.into(),
            Self::InvalidRefreshToken(why) => format!("the refresh token: {why}").into(),
            Self::InvalidCode(why) => format!("the authorization code: {why}").into(),
            Self::UnknownRefreshToken => "no token was issued with this refresh token".into(),
            Self::UnknownCode => "the fixture's `oauth.codes` have no such code".into(),
            Self::InvalidGrant => "".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_is_asked_about_before_the_client() {
        for (parameters, refusal) in [
            (&[][..], "unsupported_grant_type"),
            (&[("grant_type", "")], "unsupported_grant_type"),
            (&[("grant_type", "Password")], "unsupported_grant_type"),
            (&[("grant_type", "implicit")], "unsupported_grant_type"),
            (&[("grant_type", "password")], "invalid_request"),
            (
                &[("grant_type", "password"), ("client_id", "")],
                "invalid_request",
            ),
            (
                &[("grant_type", "password"), ("client_id", "abc")],
                "invalid_client",
            ),
            (
                &[("grant_type", "password"), ("client_id", "+3")],
                "invalid_client",
            ),
            (
                &[
                    ("grant_type", "password"),
                    ("client_id", "99999999999999999999"),
                ],
                "invalid_client",
            ),
        ] {
            let parameters = parameters.iter().copied().collect();
            let refused = GrantRequest::parse(&parameters).unwrap_err();
            assert_eq!(refused.error(), refusal, "{parameters:?}");
        }
        let parameters = [("grant_type", "password"), ("client_id", "3")];
        let parameters = parameters.into_iter().collect();
        let asked = GrantRequest::parse(&parameters).unwrap();
        assert_eq!((asked.grant_type, asked.client), (GrantType::Password, 3));
    }

    #[test]
    fn what_is_shown_of_parameters_holds_no_secret() {
        let parameters: Parameters = [("password", "hunter2")].into_iter().collect();
        assert_eq!(format!("{parameters:?}"), r#"{"password"}"#);
    }
}
