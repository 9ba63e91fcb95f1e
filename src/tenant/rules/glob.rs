//! Globs on paths: `*` is any run within a segment, `**` any run at all.

/// A glob: its text, and its parts for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    text: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Byte(u8),
    WithinSegment,
    Anything,
}

impl Glob {
    pub(super) fn new(text: &str) -> Self {
        let mut parts: Vec<Part> = Vec::with_capacity(text.len());
        for byte in text.bytes() {
            match (byte, parts.last_mut()) {
                (b'*', Some(last @ (Part::WithinSegment | Part::Anything))) => {
                    *last = Part::Anything;
                }
                (b'*', _) => parts.push(Part::WithinSegment),
                (byte, _) => parts.push(Part::Byte(byte)),
            }
        }
        Self {
            text: text.into(),
            parts: parts.into(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches the whole path. Takes time proportional to the product of both lengths at most.
    pub(super) fn matches(&self, path: &str) -> bool {
        let path = path.as_bytes();
        // `reached[i]`: the parts so far match the first `i` bytes.
        let mut reached = vec![false; path.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            match part {
                Part::Byte(byte) => {
                    for i in (0..path.len()).rev() {
                        reached[i + 1] = reached[i] && path[i] == *byte;
                    }
                    reached[0] = false;
                }
                Part::WithinSegment | Part::Anything => {
                    for i in 0..path.len() {
                        let may_cross = *part == Part::Anything || path[i] != b'/';
                        reached[i + 1] |= reached[i] && may_cross;
                    }
                }
            }
        }
        reached[path.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_segment_and_two_stars_do_not() {
        for (glob, path, matches) in [
            (
                "/organizations/acme/groups",
                "/organizations/acme/groups",
                true,
            ),
            (
                "/organizations/acme/groups",
                "/organizations/acme/groups/1",
                false,
            ),
            (
                "/organizations/acme/groups",
                "/organizations/acme/group",
                false,
            ),
            (
                "/organizations/*/groups",
                "/organizations/acme/groups",
                true,
            ),
            ("/organizations/*/groups", "/organizations//groups", true),
            (
                "/organizations/*/groups",
                "/organizations/a/b/groups",
                false,
            ),
            (
                "/organizations/*/groups",
                "/organizations/acme/groups/1",
                false,
            ),
            ("/organizations/*", "/organizations/acme/groups", false),
            ("/organizations/**", "/organizations/acme/groups/1", true),
            ("/organizations/**", "/organizations/", true),
            ("/organizations/**", "/organizations", false),
            ("/**/groups/*", "/organizations/acme/groups/1", true),
            ("/**/groups/*", "/organizations/acme/groups/1/2", false),
            ("**/groups", "/organizations/acme/groups", true),
            ("**", "", true),
            ("*", "", true),
            ("*", "/", false),
            ("***", "/a/b", true),
            ("", "", true),
            ("", "/", false),
            ("/a*c*e", "/abcde", true),
            ("/a*c*e", "/abcd", false),
            ("/?", "/a", false),
            ("/gr*", "/größe", true),
            ("/größe", "/größe", true),
        ] {
            assert_eq!(Glob::new(glob).matches(path), matches, "{glob} on {path}");
        }
    }

    #[test]
    fn a_glob_full_of_stars_takes_no_time() {
        let glob = Glob::new(&"*a**".repeat(50));
        assert!(!glob.matches(&"b".repeat(5000)));
    }
}
