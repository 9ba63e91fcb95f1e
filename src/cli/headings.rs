//! The groups of flags in `--help`, in their order.

pub(super) const SERVING: &str = "Serving";
pub(super) const TLS: &str = "TLS in Tallyfy's place";
pub(super) const SERVED: &str = "What is served";
pub(super) const MISBEHAVIOUR: &str = "Misbehaviour";
pub(super) const RECORD: &str = "Journal and log";
pub(super) const LIMITS: &str = "Limits";
