//! Query strings of lists: paging, searching, sorting and includes.

use std::borrow::Cow;

use super::{
    contract::PerPageCap,
    page::PageRequest,
    text::{Needle, trimmed},
};

/// The sort key of a list of groups (list-groups, evidence 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// By name: case-insensitively, then exactly.
    Name,
    /// By the time of creation.
    CreatedAt,
    /// By the time of the last update.
    UpdatedAt,
}

impl SortKey {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "name" => Some(Self::Name),
            "created_at" => Some(Self::CreatedAt),
            "updated_at" => Some(Self::UpdatedAt),
            _ => None,
        }
    }
}

/// The direction of a sort; descending is exactly the reverse of ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// The includes that `with` asks for; unknown names are ignored (evidence 3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one of the names that can be asked for"
)]
#[non_exhaustive]
pub struct Includes {
    /// `assets`: the logo's file.
    pub assets: bool,
    /// `users`: the members as objects.
    pub users: bool,
    /// `guests`: the guests as objects.
    pub guests: bool,
    /// `groups`: the groups that a user is in (list-members, evidence 8.4).
    pub groups: bool,
    /// `stats`: as a fixture gives them (evidence 8.4).
    pub stats: bool,
}

impl Includes {
    fn parse(text: &str) -> Self {
        let named = |name: &str| text.split(',').any(|part| part.trim() == name);
        Self {
            assets: named("assets"),
            users: named("users"),
            guests: named("guests"),
            groups: named("groups"),
            stats: named("stats"),
        }
    }

    /// The includes that a query string asks for.
    pub fn of(query: &str) -> Self {
        Self::among(&Parameters::of(query))
    }

    /// `with=a,b` or `with[]=a&with[]=b`: league/fractal takes a text or a list.
    pub(super) fn among(parameters: &Parameters<'_>) -> Self {
        match parameters.given("with") {
            None => Self::default(),
            Some(Given::Text(with)) => Self::parse(&with),
            Some(Given::List(with)) => Self::parse(&with.join(",")),
        }
    }
}

/// A query for a list of groups. What is invalid in it is ignored, never an error.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Which page.
    pub page: PageRequest,
    /// The text to search for in name and description.
    pub search: Option<Needle>,
    /// The sort key.
    pub sort: SortKey,
    /// The direction.
    pub direction: Direction,
    /// The includes.
    pub with: Includes,
}

impl ListQuery {
    /// The default length of a page (list-groups; `getQueryBuilderParams($per_page = 10)`, evidence 3.1).
    pub const DEFAULT_PER_PAGE: u64 = 10;

    /// Parses a query string; of a parameter given twice the last counts, as in PHP.
    pub fn parse(query: &str, cap: PerPageCap) -> Self {
        let parameters = Parameters::of(query);
        let (sort, direction) = sorted_by(&parameters, SortKey::parse);
        Self {
            page: capped(&parameters, cap),
            search: parameters.search(),
            sort: sort.unwrap_or(SortKey::CreatedAt),
            direction,
            with: Includes::among(&parameters),
        }
    }
}

/// The page that a query string asks for: of groups, or of the caller's organizations.
pub fn page_request(query: &str, cap: PerPageCap) -> PageRequest {
    capped(&Parameters::of(query), cap)
}

fn capped(parameters: &Parameters<'_>, cap: PerPageCap) -> PageRequest {
    let page = parameters.page(ListQuery::DEFAULT_PER_PAGE);
    match cap {
        PerPageCap::Hundred => PageRequest {
            per_page: page.per_page.min(100),
            ..page
        },
        PerPageCap::None => page,
    }
}

/// A query string, split but not decoded.
pub(super) struct Parameters<'a>(Vec<&'a str>);

impl<'a> Parameters<'a> {
    pub(super) fn of(query: &'a str) -> Self {
        Self(parts(query).collect())
    }

    /// `page` and `per_page`.
    pub(super) fn page(&self, default_per_page: u64) -> PageRequest {
        let number = |name| self.last(name).and_then(|text| at_least_one(&text));
        PageRequest {
            page: number("page").unwrap_or(1),
            per_page: number("per_page").unwrap_or(default_per_page),
        }
    }

    /// `q`, unless it is empty.
    pub(super) fn search(&self) -> Option<Needle> {
        let text = self.last("q")?;
        let text = trimmed(&text);
        (!text.is_empty()).then(|| Needle::new(text))
    }

    /// A text; a list in its place is ignored.
    fn last(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.given(name)? {
            Given::Text(text) => Some(text),
            Given::List(_) => None,
        }
    }

    /// A parameter as PHP reads it: the last of several counts, but those of a list are collected.
    fn given(&self, name: &str) -> Option<Given<'a>> {
        let mut given = None;
        for part in self.0.iter().filter(|part| may_be(part, name)) {
            let Some((key, value)) = form_urlencoded::parse(part.as_bytes()).next() else {
                continue;
            };
            match key.strip_prefix(name) {
                Some("") => given = Some(Given::Text(value)),
                Some(index) if index.starts_with('[') && index.contains(']') => match &mut given {
                    Some(Given::List(values)) => values.push(value),
                    _ => given = Some(Given::List(vec![value])),
                },
                Some(_) | None => {}
            }
        }
        given
    }
}

/// The value of a parameter.
enum Given<'a> {
    /// `name=value`
    Text(Cow<'a, str>),
    /// `name[]=value`, once or several times; the text between the brackets is ignored.
    List(Vec<Cow<'a, str>>),
}

fn parts(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|part| !part.is_empty())
}

/// The value in a part of a query string, if it is the parameter of that name.
fn value<'a>(part: &'a str, name: &str) -> Option<Cow<'a, str>> {
    if !may_be(part, name) {
        return None;
    }
    let (key, value) = form_urlencoded::parse(part.as_bytes()).next()?;
    (key == name).then_some(value)
}

/// Whether a part of a query string can be the parameter of that name: a prefilter that saves decoding most of them.
fn may_be(part: &str, name: &str) -> bool {
    part.starts_with(name) || part.contains('%')
}

/// PHP's `FILTER_VALIDATE_INT` with a minimum of 1: 64 bits with a sign, blanks around it allowed.
fn at_least_one(text: &str) -> Option<u64> {
    trimmed(text)
        .parse::<i64>()
        .ok()
        .and_then(|number| u64::try_from(number).ok())
        .filter(|number| *number >= 1)
}

/// `sort_by=f` or `sort=f`; a leading `-` or `sort=desc` reverses it (evidence 3.1: the official SDK sends `sort_by` and `sort`,
/// other endpoints take `-`).
pub(super) fn sorted_by<K: Copy>(
    parameters: &Parameters<'_>,
    parse: impl Fn(&str) -> Option<K>,
) -> (Option<K>, Direction) {
    let mut key = None;
    let mut direction = Direction::Ascending;
    for name in ["sort_by", "sort"] {
        let Some(text) = parameters.last(name) else {
            continue;
        };
        let text = trimmed(&text);
        if name == "sort" && text.eq_ignore_ascii_case("desc") {
            direction = Direction::Descending;
        } else if let (None, Some(named)) = (key, parse(text.strip_prefix('-').unwrap_or(text))) {
            key = Some(named);
            if text.starts_with('-') {
                direction = Direction::Descending;
            }
        }
    }
    (key, direction)
}

/// The query of a link to another page: the parameters as they were sent, then `page` (evidence 3.2).
pub fn query_with_page(query: &str, page: u64) -> String {
    let mut link = String::with_capacity(query.len() + 26);
    for part in parts(query).filter(|part| value(part, "page").is_none()) {
        link.extend([part, "&"]);
    }
    link.extend(["page=", &page.to_string()]);
    link
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> ListQuery {
        ListQuery::parse(query, PerPageCap::Hundred)
    }

    #[test]
    fn what_is_not_a_whole_number_of_at_least_one_counts_as_absent() {
        for absent in [
            "",
            "page=&per_page=",
            "page=0&per_page=0",
            "page=-1&per_page=-5",
            "page=abc&per_page=1.5",
            "page=99999999999999999999&per_page=1e3",
            "page[]=3&per_page[]=3",
        ] {
            assert_eq!(
                parse(absent).page,
                PageRequest {
                    page: 1,
                    per_page: 10
                },
                "{absent}"
            );
        }
        assert_eq!(
            parse("page=3&per_page=7").page,
            PageRequest {
                page: 3,
                per_page: 7
            }
        );
        assert_eq!(parse("page=2&page=5").page.page, 5);
        assert_eq!(parse("per_page=5000").page.per_page, 100);
        assert_eq!(
            ListQuery::parse("per_page=5000", PerPageCap::None)
                .page
                .per_page,
            5000
        );
    }

    #[test]
    fn every_spelling_of_a_sort_is_understood() {
        use Direction::{Ascending, Descending};
        for (query, sort, direction) in [
            ("", SortKey::CreatedAt, Ascending),
            ("sort_by=name", SortKey::Name, Ascending),
            ("sort_by=-name", SortKey::Name, Descending),
            ("sort_by=-created_at", SortKey::CreatedAt, Descending),
            ("sort_by=name&sort=desc", SortKey::Name, Descending),
            (
                "sort=DESC&sort_by=updated_at",
                SortKey::UpdatedAt,
                Descending,
            ),
            ("sort=name", SortKey::Name, Ascending),
            ("sort=-updated_at", SortKey::UpdatedAt, Descending),
            ("sort=desc", SortKey::CreatedAt, Descending),
            ("sort_by=shoe_size", SortKey::CreatedAt, Ascending),
            ("sort_by=-shoe_size", SortKey::CreatedAt, Ascending),
            ("sort_by=shoe_size&sort=name", SortKey::Name, Ascending),
            ("sort_by=name&sort=-updated_at", SortKey::Name, Ascending),
            ("sort_by=name&sort=asc", SortKey::Name, Ascending),
        ] {
            assert_eq!(
                (parse(query).sort, parse(query).direction),
                (sort, direction),
                "{query}"
            );
        }
    }

    #[test]
    fn includes_are_a_comma_list_percent_encoded_or_not() {
        let all = Includes {
            assets: true,
            users: true,
            guests: true,
            ..Includes::default()
        };
        assert_eq!(Includes::of("with=assets,users,guests"), all);
        assert_eq!(Includes::of("with=assets%2Cusers%2C%20guests,runs"), all);
        assert_eq!(Includes::of("with=runs"), Includes::default());
    }

    #[test]
    fn of_a_parameter_given_twice_the_last_counts_and_a_list_is_gathered() {
        let of = |assets, users, guests| Includes {
            assets,
            users,
            guests,
            ..Includes::default()
        };
        for (query, with) in [
            ("with[]=assets&with[]=users", of(true, true, false)),
            (
                "with%5B%5D=assets&page=2&with%5b%5d=users",
                of(true, true, false),
            ),
            ("with[0]=assets&with[1]=users,guests", of(true, true, true)),
            ("with=assets&with=users", of(false, true, false)),
            ("with[]=assets&with=users", of(false, true, false)),
            ("with=assets&with[]=users", of(false, true, false)),
            (
                "with=assets&without[]=users&with[=guests",
                of(true, false, false),
            ),
            ("with[]=", Includes::default()),
        ] {
            assert_eq!(Includes::of(query), with, "{query}");
            assert_eq!(parse(query).with, with, "{query}");
        }
        assert_eq!(parse("page=3&page[]=5").page.page, 1);
        assert_eq!(parse("page[]=5&page=3").page.page, 3);
        assert!(parse("q=a&q[]=b").search.is_none());
    }

    #[test]
    fn blanks_are_not_searched_for() {
        assert!(parse("q=").search.is_none());
        assert!(parse("q=+%20").search.is_none());
        assert!(
            parse("q=north+west")
                .search
                .unwrap()
                .is_in("The North West")
        );
    }

    #[test]
    fn a_link_keeps_the_parameters_and_puts_page_last() {
        assert_eq!(query_with_page("", 2), "page=2");
        assert_eq!(
            query_with_page("page=1&q=a%20b&per_page=5", 2),
            "q=a%20b&per_page=5&page=2"
        );
        assert_eq!(
            query_with_page("&&%70age=7&with=users,guests&", 3),
            "with=users,guests&page=3"
        );
    }
}
