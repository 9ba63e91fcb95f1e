//! What of an organization is replaced in an order.

use std::collections::HashSet;

use crate::remote::fields::{Kind, Known, Row};

/// The texts that Tallyfy sorts by, and times.
#[derive(Default)]
pub(super) struct Sorted<'o> {
    pub(super) group_names: HashSet<&'o str>,
    pub(super) first_names: HashSet<&'o str>,
    pub(super) last_names: HashSet<&'o str>,
    pub(super) emails: HashSet<&'o str>,
    pub(super) times: HashSet<&'o str>,
}

impl<'o> Sorted<'o> {
    pub(super) fn row(&mut self, row: &'o Row) {
        for (_, kind, value) in &row.0 {
            self.value(*kind, value);
        }
    }

    fn value(&mut self, kind: Kind, value: &'o Known) {
        match (kind, value) {
            (Kind::List(of), Known::List(items)) => {
                for item in items {
                    self.value(*of, item);
                }
            }
            (_, Known::Row(row)) => self.row(row),
            (kind, Known::Text(text)) if !text.is_empty() => {
                let all = match kind {
                    Kind::GroupName => &mut self.group_names,
                    Kind::FirstName => &mut self.first_names,
                    Kind::LastName => &mut self.last_names,
                    Kind::Email => &mut self.emails,
                    Kind::Username if text.contains('@') => &mut self.emails,
                    Kind::Time => &mut self.times,
                    _ => return,
                };
                all.insert(text);
            }
            _ => {}
        }
    }
}
