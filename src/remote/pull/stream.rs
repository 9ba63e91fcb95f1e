//! Random numbers out of a secret.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

/// A stream of random numbers that nobody can repeat who has not its secret, which is shown to nobody and ends with the run.
///
/// Each is a hash (`SipHash`) of the secret and a counter. What it gives does not depend on what was read.
pub(super) struct Stream {
    secret: [u64; 4],
    counter: u64,
    /// What is left of the last number for small draws, and how many of these it is good for.
    rest: (u64, u32),
}

impl Stream {
    /// A stream of a secret of its own, from the system's randomness.
    pub(super) fn secret() -> Self {
        let draw = |at: u64| RandomState::new().hash_one(at);
        Self::of([draw(1), draw(2), draw(3), draw(4)])
    }

    fn of(secret: [u64; 4]) -> Self {
        Self {
            secret,
            counter: 0,
            rest: (0, 0),
        }
    }

    /// The stream of a known number, for tests.
    #[cfg(test)]
    pub(super) fn known(seed: u64) -> Self {
        Self::of([seed, 0, 0, 0])
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        let mut hasher = DefaultHasher::new();
        (self.secret, self.counter).hash(&mut hasher);
        hasher.finish()
    }

    /// A number below that; 0 where there is none.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        if bound <= 256 {
            return self.small(bound);
        }
        let bound = bound.max(1) as u128;
        let scaled = (u128::from(self.next()) * bound) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// A number below a bound of at most 256, of which each is as likely as any other to half a percent: most draws are letters,
    /// and four of them share a hash.
    fn small(&mut self, bound: usize) -> usize {
        if self.rest.1 == 0 {
            self.rest = (self.next(), 4);
        }
        let bits = usize::try_from(self.rest.0 & 0xffff).unwrap_or(0);
        self.rest = (self.rest.0 >> 16, self.rest.1 - 1);
        (bits * bound) >> 16
    }

    /// A number from the first to the last.
    pub(super) fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// A number with that many digits, at most 15.
    pub(super) fn number(&mut self, digits: usize) -> u64 {
        let digits = u32::try_from(digits.clamp(1, 15)).unwrap_or(1);
        let first = 10_u64.pow(digits - 1);
        let below = 10_u64.pow(digits) - first;
        first + self.next() % below
    }
}
