//! How well it is known that Tallyfy does what the mock does.

/// How well something is known, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A page of Tallyfy's documentation says it.
    Documented,
    /// One of Tallyfy's own clients says, sends or needs it.
    Client,
    /// It follows from what Tallyfy is built with: Laravel, league/fractal.
    Inferred,
    /// Nobody says it; the mock has to do something.
    Assumed,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 4] = [
        Self::Documented,
        Self::Client,
        Self::Inferred,
        Self::Assumed,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Client => "seen in a client",
            Self::Inferred => "inferred",
            Self::Assumed => "assumed",
        }
    }
}

/// How well something is known, and where from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// How well.
    pub class: Class,
    /// Where from: a page, a client and its version, a framework; of what is assumed, why so.
    pub source: &'static str,
}

/// That a page of the documentation says it.
pub const fn documented(source: &'static str) -> Evidence {
    let class = Class::Documented;
    Evidence { class, source }
}

/// That one of Tallyfy's own clients says, sends or needs it.
pub const fn client(source: &'static str) -> Evidence {
    let class = Class::Client;
    Evidence { class, source }
}

/// That it follows from what Tallyfy is built with.
pub const fn inferred(source: &'static str) -> Evidence {
    let class = Class::Inferred;
    Evidence { class, source }
}

/// That nobody says it.
pub const fn assumed(source: &'static str) -> Evidence {
    let class = Class::Assumed;
    Evidence { class, source }
}
