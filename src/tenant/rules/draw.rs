//! Random draws that repeat: the same on any machine for the same seed, organization, rule and request.

use std::f64::consts::TAU;

use uuid::Uuid;

/// The random draws for one request that a rule matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws<'a> {
    pub(super) seed: Uuid,
    /// The organization's id; empty if there is none.
    pub(super) org: &'a str,
    pub(super) rule: &'a str,
    /// The number of that organization's requests that the rule matched before.
    pub(super) number: u64,
}

impl Draws<'_> {
    /// Whether the rule strikes at this probability.
    pub(super) fn chance(&self) -> f64 {
        self.draw(0)
    }

    /// A number, uniformly distributed over 0 to 1, without 1.
    pub(super) fn uniform(&self) -> f64 {
        self.draw(1)
    }

    /// A number, normally distributed with mean 0 and standard deviation 1 (Box-Muller transform).
    pub(super) fn normal(&self) -> f64 {
        let radius = (-2.0 * (1.0 - self.draw(1)).ln()).sqrt();
        radius * (TAU * self.draw(2)).cos()
    }

    fn draw(&self, purpose: u8) -> f64 {
        // No organization's id contains a NUL, so that different draws have different names.
        let mut name = Vec::with_capacity(self.org.len() + self.rule.len() + 10);
        name.extend_from_slice(self.org.as_bytes());
        name.push(0);
        name.extend_from_slice(&self.number.to_be_bytes());
        name.push(purpose);
        name.extend_from_slice(self.rule.as_bytes());
        fraction(Uuid::new_v5(&self.seed, &name))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers of 53 bits are exact in an f64"
)]
fn fraction(uuid: Uuid) -> f64 {
    let (_, low) = uuid.as_u64_pair();
    let bits = low & ((1 << 53) - 1);
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(number: u64) -> Draws<'static> {
        Draws {
            seed: Uuid::from_u64_pair(0, 7),
            org: "acme",
            rule: "flaky",
            number,
        }
    }

    #[test]
    fn draws_are_these_on_every_machine() {
        insta::assert_snapshot!(
            format!("{} {} {:.9}", draws(0).chance(), draws(0).uniform(), draws(0).normal()),
            @"0.9474931476877445 0.5650915803645565 0.452144063"
        );
    }

    #[test]
    fn draws_differ_by_seed_organization_rule_number_and_purpose() {
        let one = draws(0);
        let mut seen = vec![one.chance(), one.uniform(), draws(1).chance()];
        seen.push(
            Draws {
                seed: Uuid::nil(),
                ..one
            }
            .chance(),
        );
        seen.push(
            Draws {
                org: "globex",
                ..one
            }
            .chance(),
        );
        seen.push(
            Draws {
                rule: "other",
                ..one
            }
            .chance(),
        );
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }

    #[test]
    fn uniform_draws_are_evenly_spread_and_normal_ones_normally() {
        const N: u32 = 4000;
        let mean =
            |draw: &dyn Fn(u64) -> f64| (0..u64::from(N)).map(draw).sum::<f64>() / f64::from(N);
        assert!((0..u64::from(N)).all(|n| (0.0..1.0).contains(&draws(n).uniform())));
        assert!((mean(&|n| draws(n).uniform()) - 0.5).abs() < 0.02);
        assert!(mean(&|n| draws(n).normal()).abs() < 0.06);
        assert!((mean(&|n| draws(n).normal().powi(2)) - 1.0).abs() < 0.1);
    }
}
