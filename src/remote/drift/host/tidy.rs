//! What a run made at the host is deleted again, or listed.

use std::fmt;

use super::{
    super::{ordered::Json, places::encoded, probes::Caller, step::Filled},
    Changing,
};
use crate::domain::id::OrgId;

/// A group that is left at the host. It is for the person at the terminal, and for no report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Its path.
    pub path: String,
    /// Why it is left.
    pub why: String,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.path, self.why)
    }
}

impl Changing {
    /// Deletes what was made. Where an answer was lost, the host is asked for groups of that name, which only this run gives.
    pub(in super::super) fn tidy(&mut self, name: &str, sandbox: Option<&OrgId>) -> Vec<Left> {
        let mut left = Vec::new();
        if let Some(sandbox) = sandbox.filter(|_| self.may_have_made) {
            let groups = format!("/organizations/{sandbox}/groups");
            match self.named(&groups, name) {
                Ok(paths) => self.made.extend(paths),
                Err(why) => left.push(Left {
                    path: format!("perhaps a group named `{name}` in {groups}"),
                    why,
                }),
            }
        }
        self.made.sort();
        self.made.dedup();
        for path in std::mem::take(&mut self.made) {
            if let Err(why) = self.sent("DELETE", &path) {
                left.push(Left { path, why });
            }
        }
        left
    }

    /// The paths of the groups of exactly that name.
    fn named(&mut self, groups: &str, name: &str) -> Result<Vec<String>, String> {
        let found = self.sent("GET", &format!("{groups}?q={}&per_page=100", encoded(name)))?;
        let Some(Json::List(rows)) = found.as_ref().and_then(|json| json.get("data")) else {
            return Err("the host's answer is no list".to_owned());
        };
        let is_named =
            |row: &&Json| matches!(row.get("name"), Some(Json::Text(text)) if text == name);
        let ids = rows.iter().filter(is_named).filter_map(Json::id);
        Ok(ids.map(|id| format!("{groups}/{}", encoded(&id))).collect())
    }

    /// Sends a request that is compared with nothing.
    fn sent(&mut self, method: &'static str, path: &str) -> Result<Option<Json>, String> {
        let filled = Filled {
            method,
            path: path.to_owned(),
            caller: Caller::Token,
            content_type: None,
            body: String::new(),
        };
        let name = format!("{method} of what was made");
        let answer = self
            .reads
            .send(&name, &filled)
            .map_err(|trouble| trouble.to_string())?;
        match answer.status {
            // One that is gone need not be deleted.
            200..300 | 404 => Ok(Json::parse(&answer.body).ok()),
            status => Err(format!("the host answered {status}")),
        }
    }
}
