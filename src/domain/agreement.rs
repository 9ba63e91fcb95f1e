//! That a host was found to answer as the mock does, one operation at a time.

use super::{
    contract::{Contract, Switch},
    operation::Operation,
};

/// A report of `tallyfy-mock drift` that found no difference in an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// The operation.
    pub operation: Operation,
    /// When, in UTC: `2026-03-01T09:00:00Z`.
    pub at: String,
    /// Which host.
    pub host: String,
    /// The switches that its answers told of, as they were then.
    pub under: Vec<Switch>,
}

impl Agreement {
    /// Whether it was found under that contract: each switch that was told of is the same.
    pub fn holds_under(&self, contract: Contract) -> bool {
        self.under
            .iter()
            .all(|switch| contract.with(*switch) == contract)
    }

    /// The newest about an operation that holds under that contract.
    pub fn newest(all: &[Self], operation: Operation, contract: Contract) -> Option<&Self> {
        let about = all
            .iter()
            .filter(|it| it.operation == operation && it.holds_under(contract));
        about.max_by(|a, b| a.at.cmp(&b.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::contract::Edition;

    #[test]
    fn the_newest_counts_of_those_whose_switches_are_as_they_were() {
        let agreement = |at: &str, under: &[&str]| Agreement {
            operation: Operation::ListGroups,
            at: at.to_owned(),
            host: "h".to_owned(),
            under: under.iter().map(|switch| switch.parse().unwrap()).collect(),
        };
        let all = [
            agreement("2026-03-02T00:00:00Z", &["time_format=seconds"]),
            agreement("2026-03-01T00:00:00Z", &[]),
            agreement("2026-03-03T00:00:00Z", &["time_format=micros"]),
        ];
        let contract = Edition::March2026.contract();
        let newest =
            |operation| Agreement::newest(&all, operation, contract).map(|it| it.at.as_str());
        assert_eq!(newest(Operation::ListGroups), Some("2026-03-02T00:00:00Z"));
        assert_eq!(newest(Operation::GetGroup), None);
    }
}
