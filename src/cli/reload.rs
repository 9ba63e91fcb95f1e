//! Fixtures loaded again while the mock runs.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::validate::summary;
use crate::{
    fixture::{Found, Sources},
    state::AppState,
};

/// Loads the fixtures of a running mock again.
#[derive(Debug)]
pub(super) struct Reloader {
    app: Arc<AppState>,
    files: Mutex<Files>,
}

#[derive(Debug)]
struct Files {
    sources: Sources,
    /// What was in them when they were loaded.
    loaded: u64,
    /// What was last said of them, where they could not be loaded since.
    told: Option<String>,
}

/// Why fixtures are not loaded.
#[derive(Debug)]
pub(super) struct Failure {
    reason: String,
    /// Whether somebody may still be writing them.
    pub(super) is_unfinished: bool,
}

impl Reloader {
    /// A reloader for what is loaded, with the fingerprint of what was found then.
    pub(super) fn new(app: Arc<AppState>, sources: Sources, loaded: u64) -> Self {
        let files = Files {
            sources,
            loaded,
            told: None,
        };
        Self {
            app,
            files: Mutex::new(files),
        }
    }

    /// Loads what there is now, changed or not, and tells what is wrong with it.
    pub(super) fn reload(&self) {
        let mut files = self.files();
        let found = files.sources.read();
        if let Err(failure) = self.load(&mut files, &found) {
            files.tell(failure.reason);
        }
    }

    /// Loads what there is now, where it is not what is loaded.
    pub(super) fn refresh(&self) -> Result<(), Failure> {
        let mut files = self.files();
        let found = files.sources.read();
        if files.told.is_none() && found.fingerprint() == files.loaded {
            return Ok(());
        }
        self.load(&mut files, &found)
    }

    /// Tells what is wrong, unless that has been told. Of a file that is being written it is told
    /// once at most.
    pub(super) fn tell(&self, failure: Failure) {
        let mut files = self.files();
        let is_news = match &files.told {
            Some(told) => !failure.is_unfinished && *told != failure.reason,
            None => true,
        };
        if is_news {
            files.tell(failure.reason);
        }
    }

    /// Takes what was found for the state. Where that cannot be, the state stays.
    fn load(&self, files: &mut Files, found: &Found) -> Result<(), Failure> {
        let failed = |reason: &dyn Display| Failure {
            reason: reason.to_string(),
            is_unfinished: found.is_unfinished(),
        };
        let fixture = found.fixture_or_demo().map_err(|error| failed(&error))?;
        let loaded = summary(&fixture);
        self.app
            .reload(fixture)
            .map_err(|refusal| failed(&refusal))?;
        files.loaded = found.fingerprint();
        files.told = None;
        tracing::info!(loaded, "fixtures reloaded");
        Ok(())
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    fn tell(&mut self, reason: String) {
        tracing::error!("fixtures not reloaded, the state stays: {reason}");
        self.told = Some(reason);
    }
}
