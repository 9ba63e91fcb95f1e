//! The parts of a tenant, as a reset names them.

/// What a reset goes back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one of the scopes that can be named"
)]
pub struct Scopes {
    /// Organizations, tokens, those that were issued too, and template, and the id sequences.
    pub state: bool,
    /// The clocks.
    pub clock: bool,
    /// What the rate limit has counted.
    pub limits: bool,
    /// The rules by which requests fail.
    pub faults: bool,
    /// The record of requests.
    pub requests: bool,
}

impl Scopes {
    /// Everything.
    pub const ALL: Self = Self {
        state: true,
        clock: true,
        limits: true,
        faults: true,
        requests: true,
    };
    /// What a fixture replaces.
    pub const STATE: Self = Self {
        state: true,
        clock: false,
        limits: false,
        faults: false,
        requests: false,
    };
    /// The scopes' names.
    pub const NAMES: &'static [&'static str] = &["state", "requests", "faults", "clock", "limits"];

    /// The scopes in a comma list, or the name that is none.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut scopes = Self::default();
        for name in list.split(',').map(str::trim) {
            match name {
                "state" => scopes.state = true,
                "clock" => scopes.clock = true,
                "limits" => scopes.limits = true,
                "faults" => scopes.faults = true,
                "requests" => scopes.requests = true,
                other => return Err(other.to_owned()),
            }
        }
        Ok(scopes)
    }

    /// The names of those that are named.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let named = [
            self.state,
            self.requests,
            self.faults,
            self.clock,
            self.limits,
        ];
        let all = Self::NAMES.iter().zip(named);
        all.filter_map(|(name, is_named)| is_named.then_some(*name))
    }
}
