//! Paths as clients really send them: normalization, and hints for paths that are not served.

use axum::http::{Method, Uri, uri::PathAndQuery};

use super::{
    endpoint::Endpoint,
    routes::{PREFIXES, endpoints},
};

/// Removes doubled slashes after the base and slashes at the end of a path.
///
/// The official n8n node concatenates base and path, so that a base with a slash at its end makes
/// `//organizations` (evidence 1.2).
pub(in crate::http) fn normalise(uri: &mut Uri) {
    let Some(path) = normalised(uri.path()) else {
        return;
    };
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    if let Ok(normal) = Uri::from_parts(parts) {
        *uri = normal;
    }
}

/// The normal form, if the path is not in it.
fn normalised(path: &str) -> Option<String> {
    let trailing = path.len() > 1 && path.ends_with('/');
    if !(trailing || path.starts_with("//") || path.starts_with("/api//")) {
        return None;
    }
    let path = path.trim_matches('/');
    Some(match path.split_once('/') {
        Some(("api", rest)) => format!("/api/{}", rest.trim_start_matches('/')),
        Some(_) | None => format!("/{path}"),
    })
}

/// Paths of an organization that Tallyfy serves and the mock does not: those of the official SDK 3.1.0, of the command line and of
/// the documentation's pages (evidence 1.1, 8.6, 12).
const ELSEWHERE_IN_ORG: [&str; 11] = [
    "activity-feeds",
    "assets",
    "checklists",
    "completed-tasks",
    "file",
    "folders",
    "folders-objects",
    "runs",
    "search",
    "tags",
    "tasks",
];

/// The same below users, guests and the caller: the segment after those.
const ELSEWHERE_OF_PEOPLE: [&str; 5] = ["approve", "disable", "enable", "role", "tasks"];

/// The same outside all organizations (evidence 8.6, 8.7).
const ELSEWHERE: [&str; 4] = ["applications", "docs", "health", "oauth"];

/// The reason for a path that is not served.
pub(super) fn unknown(method: &Method, path: &str) -> String {
    let asked = Asked::of(path);
    if asked.is_elsewhere() {
        return "Tallyfy has this path, the mock has not: it serves groups and what clients call beside them"
            .into();
    }
    match asked.nearest(method) {
        Some(endpoint) => format!(
            "nearest known route: {} {}{}",
            endpoint.method, asked.prefix, endpoint.path
        ),
        None => {
            "there is no such path, and none like it; `/_mock/routes` lists those that are served"
                .into()
        }
    }
}

/// The reason for a method that Tallyfy serves on a path and the mock does not.
pub(super) fn elsewhere(method: &Method, path: &str, asked: &str) -> Option<&'static str> {
    let is_tallyfys = match path {
        "/organizations/{org}" => method == Method::PUT,
        "/organizations/{org}/guests" => method == Method::POST,
        "/organizations/{org}/users/{id}" if asked.ends_with("/invite") => method == Method::POST,
        "/organizations/{org}/users/{id}" | "/organizations/{org}/guests/{email}" => {
            method == Method::PUT || method == Method::DELETE
        }
        _ => false,
    };
    is_tallyfys.then_some(
        "Tallyfy changes users, guests and organizations here, the mock has them to read: a fixture or `/_mock/seed` makes them",
    )
}

/// The segments of a path. One that is longer than any route, in segments or within one, is not compared, so that the work has a
/// bound whatever a client sends.
struct Asked<'a> {
    prefix: &'static str,
    segments: Vec<&'a str>,
}

/// The segments of the longest route, one more before it, one more after it, and one for a mistake.
const MOST_SEGMENTS: usize = 8;
/// A longer segment is no misspelt word of a route.
const LONGEST_WORD: usize = 32;

impl<'a> Asked<'a> {
    fn of(path: &'a str) -> Self {
        let [api, root] = PREFIXES;
        let (prefix, rest) = match path.strip_prefix(api).filter(|rest| rest.starts_with('/')) {
            Some(rest) => (api, rest),
            None => (root, path),
        };
        let segments = rest.split('/').filter(|segment| !segment.is_empty());
        let mut segments: Vec<_> = segments.take(MOST_SEGMENTS).collect();
        // A base URL that has too much, such as `/api` twice or a version.
        let organizations = segments.iter().take(3);
        let mut organizations = organizations.map(|segment| distance(segment, "organizations"));
        if let Some(at) = organizations.position(|distance| distance.is_some()) {
            segments.drain(..at);
        }
        Self { prefix, segments }
    }

    fn is_elsewhere(&self) -> bool {
        match self.segments.as_slice() {
            ["organizations", _, "users" | "guests", _, below, ..]
            | ["organizations", _, "me", below, ..] => ELSEWHERE_OF_PEOPLE.contains(below),
            ["organizations", _, first, ..] => ELSEWHERE_IN_ORG.contains(first),
            // Also if the organization was left out.
            [first, ..] => ELSEWHERE.contains(first) || ELSEWHERE_IN_ORG.contains(first),
            [] => false,
        }
    }

    /// The served route that is most similar, if one is.
    fn nearest(&self, method: &Method) -> Option<&'static Endpoint> {
        let near =
            endpoints().filter_map(|endpoint| Some((self.distance_to(endpoint.path)?, endpoint)));
        let near = near.min_by_key(|(distance, endpoint)| (*distance, endpoint.method != *method));
        near.map(|(_, endpoint)| endpoint)
    }

    /// The distance from a route; `None` if it is too far to be meant.
    fn distance_to(&self, route: &str) -> Option<usize> {
        const EXTRA: usize = 10;
        const WITHOUT_START: usize = 20;
        let route: Vec<&str> = route.split('/').skip(1).collect();
        let asked = self.segments.as_slice();
        if asked.len() == route.len() {
            return between(asked, &route);
        }
        if let ([asked @ .., _], 3..) = (asked, route.len())
            && asked.len() == route.len()
        {
            return between(asked, &route).map(|distance| distance + EXTRA);
        }
        // The beginning was left out, as in `/groups`.
        let tail = route.len().checked_sub(asked.len())?;
        let is_named = route.get(tail)?.starts_with(|c: char| c != '{');
        let distance = is_named.then(|| between(asked, &route[tail..]))?;
        distance.map(|distance| distance + WITHOUT_START)
    }
}

/// The distance between segments and those of a route, of which some are placeholders.
fn between(asked: &[&str], route: &[&str]) -> Option<usize> {
    let pairs = asked.iter().zip(route);
    let distances = pairs.map(|(asked, word)| {
        if word.starts_with('{') {
            Some(0)
        } else {
            distance(asked, word)
        }
    });
    distances.sum()
}

/// The edit distance between a segment and a word that may have been meant.
fn distance(asked: &str, word: &str) -> Option<usize> {
    if asked.len() > LONGEST_WORD {
        return None;
    }
    let distance = strsim::levenshtein(&asked.to_ascii_lowercase(), word);
    // A difference in case is small, but not zero.
    let distance = distance.max(usize::from(asked != word));
    (distance <= (word.len() / 3).max(1)).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_and_trailing_slashes_are_tolerated() {
        for (asked, normal) in [
            ("//organizations/acme/groups", "/organizations/acme/groups"),
            (
                "/api//organizations/acme/groups",
                "/api/organizations/acme/groups",
            ),
            (
                "//api//organizations/acme/groups//",
                "/api/organizations/acme/groups",
            ),
            ("/organizations/acme/groups/", "/organizations/acme/groups"),
            ("//", "/"),
            ("/api/", "/api"),
        ] {
            assert_eq!(normalised(asked).as_deref(), Some(normal), "{asked}");
        }
        for normal in [
            "/",
            "*",
            "/api",
            "/api/organizations/acme/groups",
            "/organizations//groups",
        ] {
            assert_eq!(normalised(normal), None, "{normal}");
        }
        let mut uri: Uri = "http://h:1/api//organizations/acme/groups/?page=2"
            .parse()
            .unwrap();
        normalise(&mut uri);
        assert_eq!(
            uri.to_string(),
            "http://h:1/api/organizations/acme/groups?page=2"
        );
    }

    #[test]
    fn a_near_miss_finds_the_route_that_was_meant() {
        for (method, path, meant) in [
            (
                Method::GET,
                "/api/organizations/acme/group",
                "GET /api/organizations/{org}/groups",
            ),
            (
                Method::POST,
                "/organisations/acme/groups",
                "POST /organizations/{org}/groups",
            ),
            (
                Method::PUT,
                "/api/organization/acme/groups/12",
                "PUT /api/organizations/{org}/groups/{id}",
            ),
            (Method::POST, "/groups", "POST /organizations/{org}/groups"),
            (Method::GET, "/api/Me", "GET /api/me"),
            (Method::GET, "/users", "GET /organizations/{org}/users"),
            (
                Method::DELETE,
                "/groups/12",
                "DELETE /organizations/{org}/groups/{id}",
            ),
            (
                Method::GET,
                "/api/organizations",
                "GET /api/me/organizations",
            ),
            (
                Method::GET,
                "/api/api/organizations/acme/groups",
                "GET /api/organizations/{org}/groups",
            ),
            (
                Method::DELETE,
                "/api/organizations/acme/group/12",
                "DELETE /api/organizations/{org}/groups/{id}",
            ),
            (
                Method::PUT,
                "/api/organizations/acme/groups/12/members",
                "PUT /api/organizations/{org}/groups/{id}",
            ),
        ] {
            let found = unknown(&method, path);
            assert_eq!(found, format!("nearest known route: {meant}"), "{path}");
        }
    }

    #[test]
    fn what_is_like_no_route_names_none() {
        let long = format!("/organizations/acme/{}", "x".repeat(60_000));
        let deep = "/a".repeat(30_000);
        for path in ["/", "/nothing", "/organizations/acme/nothing", &long, &deep] {
            let found = unknown(&Method::GET, path);
            assert!(
                found.starts_with("there is no such path"),
                "{path}: {found}"
            );
        }
    }

    #[test]
    fn what_tallyfy_has_and_the_mock_has_not_is_told_as_that() {
        for path in [
            "/api/organizations/acme/runs",
            "/organizations/acme/tasks/12/comment",
            "/organizations/acme/checklists/1/steps/2/captures/3/move-out",
            "/organizations/acme/users/1001/role",
            "/organizations/acme/guests/a@b.test/tasks",
            "/organizations/acme/me/tasks",
            "/api/v2/organizations/acme/tags",
            "/runs",
            "/api/oauth/authorize",
            "/health",
        ] {
            let found = unknown(&Method::GET, path);
            assert!(
                found.starts_with("Tallyfy has this path"),
                "{path}: {found}"
            );
        }
        let guests = "/organizations/{org}/guests";
        assert!(elsewhere(&Method::POST, guests, "/organizations/acme/guests").is_some());
        assert!(elsewhere(&Method::PATCH, guests, "/organizations/acme/guests").is_none());
    }
}
