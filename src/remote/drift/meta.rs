//! The arithmetic of a list's `meta`, and the form of its links: whether the numbers fit each other, not which they are.

use form_urlencoded::parse;

use super::ordered::Json;

/// The path of what is told here; its shape is compared nowhere else.
pub(super) const LINKS: [&str; 3] = ["meta", "pagination", "links"];

const AS_ASKED: &str = "as asked";
const ANOTHER: &str = "another";

/// What is true of the numbers and links of a list, asked for by that URL. Nothing where there is no `meta.pagination`.
pub(super) fn facts(json: &Json, url: &str) -> Vec<(&'static str, String)> {
    let Some(pagination) = json.at(&["meta", "pagination"]) else {
        return Vec::new();
    };
    let number = |key: &str| pagination.get(key).and_then(Json::number);
    let rows = match json.get("data") {
        Some(Json::List(rows)) => i128::try_from(rows.len()).ok(),
        _ => None,
    };
    let mut facts = Vec::new();
    let mut tell = |what, is_so: Option<bool>, yes: &str, no: &str| {
        if let Some(is_so) = is_so {
            facts.push((what, if is_so { yes } else { no }.to_owned()));
        }
    };
    let (total, per_page) = (number("total"), number("per_page").filter(|it| *it > 0));
    let (page, pages) = (number("current_page"), number("total_pages"));
    let both = |a: Option<i128>, b: Option<i128>| Some(a? == b?);
    tell(
        "meta.pagination.count",
        both(number("count"), rows),
        "the number of rows",
        ANOTHER,
    );
    let expected = total.zip(per_page).map(|(total, per_page)| {
        total.max(0).div_euclid(per_page) + i128::from(total.max(0) % per_page > 0)
    });
    if total == Some(0) {
        let pages = pages.map(|pages| pages == 1);
        tell(
            "meta.pagination.total_pages of an empty list",
            pages,
            "1",
            "not 1",
        );
    } else {
        tell(
            "meta.pagination.total_pages",
            both(pages, expected),
            "total / per_page, rounded up",
            ANOTHER,
        );
    }
    let fits = rows.zip(per_page).map(|(rows, per_page)| rows <= per_page);
    tell("rows", fits, "at most per_page", "more than per_page");
    if let Some(per_page) = per_page {
        facts.push(("meta.pagination.per_page", rounded(per_page)));
    }
    if let Some(page) = page {
        let asked = asked(url, "page").and_then(|text| text.parse::<i128>().ok());
        let is_asked = Some(page) == asked;
        facts.push((
            "meta.pagination.current_page",
            if is_asked {
                AS_ASKED.to_owned()
            } else {
                rounded(page)
            },
        ));
    }
    if let Some(links) = pagination.get("links") {
        tell_links(links, url, page.zip(pages), &mut facts);
    }
    facts
}

/// A number that the contract has and no data: up to 9,999, the largest page that is documented.
fn rounded(number: i128) -> String {
    if (-1..=9999).contains(&number) {
        number.to_string()
    } else {
        ANOTHER.to_owned()
    }
}

fn tell_links(
    links: &Json,
    url: &str,
    page_of: Option<(i128, i128)>,
    facts: &mut Vec<(&'static str, String)>,
) {
    let kind = match links {
        Json::Object(_) => "an object",
        Json::List(_) => "a list",
        Json::Null => "null",
        _ => ANOTHER,
    };
    let text = |key: &str| match links.get(key) {
        Some(Json::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let (previous, next) = (text("previous"), text("next"));
    let what = if previous.or(next).is_none() {
        "meta.pagination.links without a link"
    } else {
        "meta.pagination.links"
    };
    facts.push((what, kind.to_owned()));
    if let Some((page, pages)) = page_of {
        let is_there = |there: bool| if there { "there" } else { "none" }.to_owned();
        let (before, after) = (page > 1, page < pages);
        facts.push((
            if before {
                "meta.pagination.links.previous, where there is a page before"
            } else {
                "meta.pagination.links.previous, where there is none before"
            },
            is_there(previous.is_some()),
        ));
        facts.push((
            if after {
                "meta.pagination.links.next, where there is a page after"
            } else {
                "meta.pagination.links.next, where there is none after"
            },
            is_there(next.is_some()),
        ));
    }
    if let Some(link) = next.or(previous) {
        let (asked_at, _) = parts(url);
        let (leads_to, query) = parts(link);
        let is_same = asked_at == leads_to;
        facts.push((
            "place of links",
            if is_same {
                "the URL that was asked"
            } else {
                ANOTHER
            }
            .to_owned(),
        ));
        if let Some(form) = query_form(parts(url).1, query) {
            facts.push(("query of links", form.to_owned()));
        }
    }
}

/// A URL before and after its `?`.
fn parts(url: &str) -> (&str, &str) {
    url.split_once('?').unwrap_or((url, ""))
}

fn asked(url: &str, name: &str) -> Option<String> {
    let mut given = parse(parts(url).1.as_bytes());
    let found = given.find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// What a link's query keeps of the request's; `None` if the request has nothing to keep.
fn query_form(asked: &str, link: &str) -> Option<&'static str> {
    let is_page = |key: &str| key == "page";
    let kept: Vec<_> = parse(asked.as_bytes())
        .filter(|(key, _)| !is_page(key))
        .collect();
    if kept.is_empty() {
        return None;
    }
    let link: Vec<_> = parse(link.as_bytes()).collect();
    let others: Vec<_> = link
        .iter()
        .filter(|(key, _)| !is_page(key))
        .cloned()
        .collect();
    let is_last = link.last().is_some_and(|(key, _)| is_page(key));
    Some(if others.is_empty() {
        "only page"
    } else if others == kept && is_last {
        "the request's parameters, then page"
    } else {
        ANOTHER
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str, url: &str, what: &str) -> Option<String> {
        let json = Json::parse(json.as_bytes()).unwrap();
        let mut facts = facts(&json, url).into_iter();
        facts.find(|(it, _)| *it == what).map(|(_, word)| word)
    }

    fn list(rows: usize, pagination: &str) -> String {
        let rows = vec!["{}"; rows].join(",");
        format!(r#"{{"data":[{rows}],"meta":{{"pagination":{pagination}}}}}"#)
    }

    #[test]
    fn numbers_that_do_not_fit_are_told_without_being_told() {
        let good = list(
            2,
            r#"{"total":41,"count":2,"per_page":2,"current_page":3,"total_pages":21,"links":{}}"#,
        );
        let bad = list(
            2,
            r#"{"total":41,"count":3,"per_page":"1","current_page":77777,"total_pages":20,"links":[]}"#,
        );
        let url = "http://h/groups?page=3&per_page=2";
        for (what, of_good, of_bad) in [
            ("meta.pagination.count", "the number of rows", "another"),
            (
                "meta.pagination.total_pages",
                "total / per_page, rounded up",
                "another",
            ),
            ("rows", "at most per_page", "more than per_page"),
            ("meta.pagination.per_page", "2", "1"),
            ("meta.pagination.current_page", "as asked", "another"),
            (
                "meta.pagination.links without a link",
                "an object",
                "a list",
            ),
            (
                "meta.pagination.links.next, where there is a page after",
                "none",
                "none",
            ),
        ] {
            assert_eq!(told(&good, url, what).as_deref(), Some(of_good), "{what}");
            if what != "meta.pagination.links.next, where there is a page after" {
                assert_eq!(told(&bad, url, what).as_deref(), Some(of_bad), "{what}");
            }
        }
        let empty = list(0, r#"{"total":0,"count":0,"per_page":10,"total_pages":0}"#);
        let what = "meta.pagination.total_pages of an empty list";
        assert_eq!(told(&empty, url, what).as_deref(), Some("not 1"));
        assert_eq!(told("{}", url, "rows"), None);
    }

    #[test]
    fn a_link_keeps_the_query_or_only_the_page() {
        let of = |asked: &str, link: &str| {
            let links = format!(
                r#"{{"total":9,"per_page":1,"current_page":1,"total_pages":9,"links":{{"next":"{link}"}}}}"#
            );
            let list = list(1, &links);
            let told = |what| told(&list, asked, what).unwrap_or_default();
            (told("place of links"), told("query of links"))
        };
        let here = "https://h/api/groups?per_page=1&q=a%20b";
        let expected = [
            (
                "https://h/api/groups?per_page=1&q=a+b&page=2",
                "the URL that was asked",
                "the request's parameters, then page",
            ),
            (
                "https://h/api/groups?page=2",
                "the URL that was asked",
                "only page",
            ),
            (
                "http://h/api/groups?page=2&per_page=1&q=a+b",
                "another",
                "another",
            ),
            ("?page=2&per_page=1", "another", "another"),
        ];
        for (link, place, query) in expected {
            assert_eq!(
                of(here, link),
                (place.to_owned(), query.to_owned()),
                "{link}"
            );
        }
        assert_eq!(
            of("https://h/groups?page=1", "https://h/groups?page=2").1,
            ""
        );
    }
}
