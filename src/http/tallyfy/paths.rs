//! Paths as clients really write them, and what they may have meant.

use std::cmp::Reverse;

use axum::http::{Method, Uri, uri::PathAndQuery};

use super::routes::{PREFIXES, endpoints};

/// Takes doubled slashes after the base and slashes at the end off a path.
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

/// The normal form, where the path is not in it already.
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

/// The served route that is most like what was asked for.
pub(super) fn nearest(method: &Method, path: &str) -> String {
    // A path of many kilobytes is like nothing; comparing costs its length squared.
    let path: String = path.chars().take(300).collect();
    let prefix = if path.starts_with("/api/") {
        PREFIXES[0]
    } else {
        PREFIXES[1]
    };
    let asked: Vec<&str> = path
        .strip_prefix(prefix)
        .unwrap_or(&path)
        .split('/')
        .collect();
    // What a path shares with a route word for word counts first: `/groups` is nearer to the groups of
    // an organization than to `/me`.
    let unlikeness = |template: &str| {
        let is_shared = |segment: &&str| !segment.is_empty() && asked.contains(segment);
        let shared = template.split('/').filter(is_shared).count();
        let filled: Vec<&str> = template
            .split('/')
            .enumerate()
            .map(|(i, segment)| {
                if segment.starts_with('{') {
                    asked.get(i).copied().unwrap_or(segment)
                } else {
                    segment
                }
            })
            .collect();
        let distance = strsim::levenshtein(&filled.join("/"), &asked.join("/"));
        (Reverse(shared), distance)
    };
    let nearest =
        endpoints().min_by_key(|endpoint| (unlikeness(endpoint.path), endpoint.method != *method));
    nearest.map_or_else(String::new, |endpoint| {
        format!("{} {prefix}{}", endpoint.method, endpoint.path)
    })
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
                Method::POST,
                "/api/organizations/acme/groups/12/members",
                "PUT /api/organizations/{org}/groups/{id}",
            ),
        ] {
            let found = nearest(&method, path);
            assert_eq!(
                found.split_once(' ').unwrap().1,
                meant.split_once(' ').unwrap().1,
                "{path}"
            );
        }
        assert_eq!(
            nearest(&Method::DELETE, "/api/organizations/acme/group/12"),
            "DELETE /api/organizations/{org}/groups/{id}"
        );
        assert!(!nearest(&Method::GET, &"x".repeat(10_000)).is_empty());
    }
}
