//! The parts of a tenant, as a reset names them.

/// The parts of a tenant that a reset restores.
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
    /// The windows of the rate limit.
    pub limits: bool,
    /// The fault rules.
    pub faults: bool,
    /// The journal.
    pub requests: bool,
}

impl Scopes {
    /// All scopes.
    pub const ALL: Self = Self {
        state: true,
        clock: true,
        limits: true,
        faults: true,
        requests: true,
    };
    /// The scope that a new fixture replaces.
    pub const STATE: Self = Self {
        state: true,
        clock: false,
        limits: false,
        faults: false,
        requests: false,
    };
    /// The scopes' names.
    pub const NAMES: &'static [&'static str] = &["state", "requests", "faults", "clock", "limits"];

    /// Parses a comma-separated list of scopes; the error is the first unknown name.
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

    /// The names of these scopes.
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
