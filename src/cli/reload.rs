//! Reloads fixtures while the mock runs.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::validate::summary;
use crate::{
    fixture::{Found, Sources},
    state::AppState,
};

/// Reloads the fixtures of a running mock.
#[derive(Debug)]
pub(super) struct Reloader {
    app: Arc<AppState>,
    files: Mutex<Files>,
}

#[derive(Debug)]
struct Files {
    sources: Sources,
    /// The fingerprint of the loaded fixtures.
    loaded: u64,
    /// The last reported error, if they could not be loaded since.
    told: Option<String>,
}

/// Why fixtures cannot be loaded.
#[derive(Debug)]
pub(super) struct Failure {
    reason: String,
    /// Whether a file may be half written.
    pub(super) is_unfinished: bool,
}

impl Reloader {
    /// A reloader for fixtures that are loaded, with their fingerprint.
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

    /// Loads the fixtures, changed or not, and reports mistakes.
    pub(super) fn reload(&self) {
        let mut files = self.files();
        let found = files.sources.read();
        if let Err(failure) = self.load(&mut files, &found) {
            files.tell(failure.reason);
        }
    }

    /// Loads the fixtures if they have changed.
    pub(super) fn refresh(&self) -> Result<(), Failure> {
        let mut files = self.files();
        let found = files.sources.read();
        if files.told.is_none() && found.fingerprint() == files.loaded {
            return Ok(());
        }
        self.load(&mut files, &found)
    }

    /// Reports a mistake, unless it was the last one reported. For a file that is being written, only one is reported.
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

    /// Makes the fixtures the state. On a mistake, the state stays as it was.
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
