//! Pages of a list.

/// A request for a page; both numbers are at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The page's number, from 1.
    pub page: u64,
    /// The most rows of a page.
    pub per_page: u64,
}

impl PageRequest {
    /// The ranks of the page's rows in a list of `total` rows, from 0; empty past the end.
    pub fn ranks(&self, total: usize) -> std::ops::Range<usize> {
        let bound = |pages: u64| {
            let rank = pages.saturating_mul(self.per_page);
            usize::try_from(rank).map_or(total, |rank| rank.min(total))
        };
        bound(self.page - 1)..bound(self.page)
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The page's rows.
    pub items: Vec<T>,
    /// The rows of the whole list: the same on every page, or the official SDK raises (evidence 3.2).
    pub total: usize,
    /// The request.
    pub request: PageRequest,
}

impl<T> Page<T> {
    /// Maps each row.
    pub fn map<U>(self, make: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(make).collect(),
            total: self.total,
            request: self.request,
        }
    }

    /// The number of pages: 1 for an empty list (evidence 3.2).
    pub fn total_pages(&self) -> u64 {
        (self.total as u64).div_ceil(self.request.per_page).max(1)
    }

    /// The number of the page before this one.
    pub fn previous(&self) -> Option<u64> {
        (self.request.page > 1).then(|| self.request.page - 1)
    }

    /// The number of the page after this one.
    pub fn next(&self) -> Option<u64> {
        (self.request.page < self.total_pages()).then(|| self.request.page + 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_knows_the_numbers_of_its_neighbours() {
        let neighbours = |page| {
            let request = PageRequest { page, per_page: 10 };
            let page = Page::<()> {
                items: vec![],
                total: 41,
                request,
            };
            (page.previous(), page.next())
        };
        assert_eq!(neighbours(1), (None, Some(2)));
        assert_eq!(neighbours(4), (Some(3), Some(5)));
        assert_eq!(neighbours(5), (Some(4), None));
        assert_eq!(
            neighbours(9),
            (Some(8), None),
            "past the end there is a way back"
        );
    }

    proptest! {
        #[test]
        fn pages_put_together_are_the_list(total in 0_usize..500, per_page in 1_u64..60) {
            let mut ranks = Vec::new();
            let pages = Page::<()> { items: vec![], total, request: PageRequest { page: 1, per_page } }.total_pages();
            for page in 1..=pages {
                let request = PageRequest { page, per_page };
                prop_assert!(request.ranks(total).len() as u64 <= per_page);
                ranks.extend(request.ranks(total));
                let page = Page::<()> { items: vec![], total, request };
                prop_assert_eq!(page.next().is_none(), request.page == pages);
                prop_assert_eq!(page.previous().is_none(), request.page == 1);
            }
            prop_assert_eq!(ranks, (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn any_page_number_answers(total in 0_usize..50, page in 1_u64.., per_page in 1_u64..) {
            let ranks = PageRequest { page, per_page }.ranks(total);
            prop_assert!(ranks.start <= ranks.end && ranks.end <= total);
        }
    }
}
