//! Bearer tokens, and whom they stand for: those that a fixture declares, and those that `/oauth/token` issues.

mod grants;
mod issue;
mod issued;
mod known;
mod token;

pub(super) use self::issue::Moment;
pub use self::{
    grants::{Client, Code, LifetimesSeed, OAuthSeed, SignIn},
    issue::Granted,
    issued::{Issued, StandsFor},
    known::{Bearer, TokenRefusal, Tokens},
    token::{KnownAs, Token},
};
