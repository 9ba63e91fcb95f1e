//! Lists of people: users and guests, as they are searched, sorted and paged.

use std::cmp::Ordering;

use super::{
    guest::Guest,
    page::{Page, PageRequest},
    query::{Direction, Includes, Parameters, sorted_by},
    text::{Needle, compare_folded},
    user::User,
};

/// The sort key of a list of people. Without one, users come in the order of declaration and guests by address (list-members and
/// list-guests name `sort`, but not its fields: assumed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeopleSort {
    /// By address, without case.
    Email,
    /// By first name, without case.
    FirstName,
    /// By last name, without case.
    LastName,
}

impl PeopleSort {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "first_name" => Some(Self::FirstName),
            "last_name" => Some(Self::LastName),
            _ => None,
        }
    }
}

/// A query for a list of people. What is invalid in it is ignored, never an error.
#[derive(Debug, Clone)]
pub struct PeopleQuery {
    /// Which page.
    pub page: PageRequest,
    /// The text to search for in names and address.
    pub search: Option<Needle>,
    /// The sort key.
    pub sort: Option<PeopleSort>,
    /// The direction.
    pub direction: Direction,
    /// The includes.
    pub with: Includes,
}

impl PeopleQuery {
    /// The default length of a page of users (evidence 8.4).
    pub const USERS_PER_PAGE: u64 = 9999;
    /// The default length of a page of guests (evidence 8.5).
    pub const GUESTS_PER_PAGE: u64 = 999;

    /// Parses a query string.
    pub fn parse(query: &str, default_per_page: u64) -> Self {
        let parameters = Parameters::of(query);
        let (sort, direction) = sorted_by(&parameters, PeopleSort::parse);
        Self {
            page: parameters.page(default_per_page),
            search: parameters.search(),
            sort,
            direction,
            with: Includes::among(&parameters),
        }
    }

    /// One page of the matching people, in the order of the query. Without a search and a sort it visits no more of them than there
    /// are up to the end of the page.
    pub fn page_of<'a, P: Person>(
        &self,
        people: impl ExactSizeIterator<Item = &'a P>,
    ) -> Page<&'a P> {
        if self.search.is_none() && self.sort.is_none() && self.direction == Direction::Ascending {
            let total = people.len();
            let ranks = self.page.ranks(total);
            let items = people.skip(ranks.start).take(ranks.len()).collect();
            return Page {
                items,
                total,
                request: self.page,
            };
        }
        let mut found: Vec<&P> = people.filter(|person| self.finds(*person)).collect();
        if let Some(sort) = self.sort {
            found.sort_by(|a, b| compare(a.text(sort), b.text(sort)));
        }
        if self.direction == Direction::Descending {
            found.reverse();
        }
        Page {
            total: found.len(),
            items: found[self.page.ranks(found.len())].to_vec(),
            request: self.page,
        }
    }

    fn finds(&self, person: &impl Person) -> bool {
        let texts = [
            PeopleSort::Email,
            PeopleSort::FirstName,
            PeopleSort::LastName,
        ];
        self.search
            .as_ref()
            .is_none_or(|needle| texts.iter().any(|text| needle.is_in(person.text(*text))))
    }
}

fn compare(a: &str, b: &str) -> Ordering {
    compare_folded(a, b).then_with(|| a.cmp(b))
}

/// Somebody with a name and an address.
pub trait Person {
    /// The address or a name; empty if there is none.
    fn text(&self, what: PeopleSort) -> &str;
}

impl Person for User {
    fn text(&self, what: PeopleSort) -> &str {
        match what {
            PeopleSort::Email => self.email.as_str(),
            PeopleSort::FirstName => self.first_name.as_deref().unwrap_or_default(),
            PeopleSort::LastName => self.last_name.as_deref().unwrap_or_default(),
        }
    }
}

impl Person for Guest {
    fn text(&self, what: PeopleSort) -> &str {
        match what {
            PeopleSort::Email => self.email.as_str(),
            PeopleSort::FirstName => self.first_name().unwrap_or_default(),
            PeopleSort::LastName => self.last_name().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guest::{Email, Profile};

    fn guests() -> Vec<Guest> {
        [
            ("c@x.test", "ada", "Young"),
            ("a@x.test", "Bob", "adams"),
            ("b@y.test", "Ada", "Miller"),
        ]
        .map(|(email, first_name, last_name)| {
            let profile = Profile {
                first_name: Some(first_name.into()),
                last_name: Some(last_name.into()),
                ..Profile::default()
            };
            Guest::from_email(Email::parse(email).unwrap(), None).with_profile(profile)
        })
        .into()
    }

    fn found(query: &str) -> (Vec<String>, usize) {
        let guests = guests();
        let page = PeopleQuery::parse(query, 999).page_of(guests.iter());
        let addresses = page.items.iter().map(|guest| guest.email.as_str().into());
        (addresses.collect(), page.total)
    }

    #[test]
    fn people_are_searched_sorted_and_paged() {
        for (query, addresses, total) in [
            ("", "c a b", 3),
            ("per_page=2", "c a", 3),
            ("per_page=2&page=2", "b", 3),
            ("page=9", "", 3),
            ("q=ADA", "c a b", 3),
            ("q=bob", "a", 1),
            ("q=mill", "b", 1),
            ("q=y.test", "b", 1),
            ("q=nobody", "", 0),
            ("sort=email", "a b c", 3),
            ("sort=-email&per_page=1", "c", 3),
            ("sort_by=first_name", "b c a", 3),
            ("sort_by=first_name&sort=desc", "a c b", 3),
            ("sort=last_name", "a b c", 3),
            ("sort=shoe_size", "c a b", 3),
            ("sort=desc", "b a c", 3),
        ] {
            let wanted: Vec<&str> = addresses.split_whitespace().collect();
            let (found, found_total) = found(query);
            let found: Vec<&str> = found.iter().map(|address| &address[..1]).collect();
            assert_eq!((found, found_total), (wanted, total), "{query}");
        }
    }
}
