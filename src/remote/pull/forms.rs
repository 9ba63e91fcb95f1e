//! Things that have a form: domains, telephone numbers, IP addresses.

use super::{
    letters::{DIGITS, HEX, SCRIPTS},
    stream::Stream,
    synthetic::Drawn,
    words::{self, ReadBefore},
};

/// A domain nobody owns but the Internet's own authority.
pub(super) fn domain(read: &ReadBefore<'_>, stream: &mut Stream) -> Drawn {
    let size = stream.between(6, 9);
    let mut domain = words::word(&SCRIPTS[4], size, &Drawn::default(), read, stream);
    domain.push(".example.com");
    domain
}

/// Digits in the place of digits, and the signs between them.
pub(super) fn phone(text: &str, stream: &mut Stream) -> Drawn {
    const SIGNS: &[(char, &str)] = &[
        ('+', "+"),
        ('-', "-"),
        ('(', "("),
        (')', ")"),
        (' ', " "),
        ('.', "."),
        ('/', "/"),
    ];
    let mut drawn = Drawn::default();
    for c in text.chars().take(40) {
        if c.is_numeric() {
            drawn.random_letter(DIGITS, stream);
        } else if let Some((_, sign)) = SIGNS.iter().find(|(sign, _)| *sign == c) {
            drawn.push(sign);
        }
    }
    if drawn.length() == 0 {
        drawn.random_letter(DIGITS, stream);
    }
    drawn
}

/// An address of the networks that are for tests (RFC 2544, RFC 4193).
pub(super) fn ip(text: &str, stream: &mut Stream) -> Drawn {
    let mut drawn = Drawn::default();
    if text.contains(':') {
        drawn.push("fd");
        for (length, after) in [(2, ":"), (3, ":"), (3, "::"), (3, "")] {
            for _ in 0..length {
                drawn.random_letter(HEX, stream);
            }
            drawn.push(after);
        }
        return drawn;
    }
    drawn.push(if stream.below(2) == 0 {
        "198.18."
    } else {
        "198.19."
    });
    drawn.number(256, 1, stream);
    drawn.push(".");
    drawn.number(256, 1, stream);
    drawn
}
