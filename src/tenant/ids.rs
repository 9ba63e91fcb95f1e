//! Ids and randomness: their only source, so that a run can be repeated.

use uuid::Uuid;

/// Makes ids: 32 lowercase hexadecimal digits, each a function of the seed, the organization and a number.
#[derive(Debug, Clone, Copy)]
pub struct IdGen {
    seed: Uuid,
}

impl IdGen {
    /// Ids from a random seed.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks for chance"
    )]
    pub fn random() -> Self {
        Self {
            seed: Uuid::new_v4(),
        }
    }

    /// Ids from a given seed: the same at every run.
    pub fn seeded(seed: u64) -> Self {
        Self {
            seed: Uuid::from_u64_pair(0, seed),
        }
    }

    /// The seed for everything else that is drawn at random.
    pub fn seed(&self) -> Uuid {
        self.seed
    }

    /// The id of the organization's row number `number`.
    pub fn id(&self, org: &str, number: u64) -> String {
        let mut name = Vec::with_capacity(org.len() + 9);
        name.extend_from_slice(org.as_bytes());
        name.push(0);
        name.extend_from_slice(&number.to_be_bytes());
        Uuid::new_v5(&self.seed, &name).simple().to_string()
    }

    /// The id of a row to which a fixture gives a name but no id: the same at every run, whatever the seed.
    pub fn derived(org: &str, name: &str) -> String {
        Uuid::new_v5(
            &Uuid::NAMESPACE_URL,
            format!("tallyfy-mock:{org}/{name}").as_bytes(),
        )
        .simple()
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_ids_and_each_organization_its_own() {
        let (one, same, other) = (IdGen::seeded(7), IdGen::seeded(7), IdGen::seeded(8));
        assert_eq!(one.id("acme", 0), same.id("acme", 0));
        assert_ne!(one.id("acme", 0), one.id("acme", 1));
        assert_ne!(one.id("acme", 0), one.id("globex", 0));
        assert_ne!(one.id("acme", 0), other.id("acme", 0));
        assert_ne!(IdGen::random().id("acme", 0), IdGen::random().id("acme", 0));
    }

    #[test]
    fn ids_are_32_lowercase_hexadecimal_digits() {
        for id in [
            IdGen::random().id("acme", 1),
            IdGen::derived("acme", "Sales"),
        ] {
            assert!(
                id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
                "{id}"
            );
        }
    }
}
