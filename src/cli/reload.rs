//! Fixtures loaded again while the mock runs: when they change on disk, and on SIGHUP.

use std::{
    collections::{BTreeSet, hash_map::DefaultHasher},
    fs,
    hash::{Hash, Hasher},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use notify::{RecursiveMode, Watcher};

use super::validate::summary;
use crate::{
    fixture,
    state::{AppState, Refusal},
};

/// How long nothing may happen on disk before what happened is looked at: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(50);

/// Loads the fixtures of a running mock again.
#[derive(Debug)]
pub(super) struct Reloader {
    app: Arc<AppState>,
    paths: Vec<PathBuf>,
    /// What the files held when they were last looked at.
    seen: Mutex<u64>,
}

impl Reloader {
    pub(super) fn new(app: Arc<AppState>, paths: Vec<PathBuf>) -> Arc<Self> {
        let seen = Mutex::new(fingerprint(&paths));
        Arc::new(Self { app, paths, seen })
    }

    /// Takes what is on disk now for the state; where that has mistakes, they are reported and the state stays.
    pub(super) fn reload(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = fingerprint(&self.paths);
        let loaded = if self.paths.is_empty() {
            Ok(fixture::Fixture::demo())
        } else {
            fixture::load(&self.paths)
        };
        let refused = match loaded {
            Ok(fixture) => {
                let loaded = summary(&fixture);
                match self.app.reload(fixture) {
                    Ok(()) => {
                        tracing::info!(loaded, "fixtures reloaded");
                        return;
                    }
                    Err(refusal) => refusal,
                }
            }
            Err(error) => Refusal::Invalid(error),
        };
        tracing::error!("fixtures not reloaded, the state stays: {refused}");
    }

    fn reload_if_changed(&self) {
        if *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != fingerprint(&self.paths) {
            self.reload();
        }
    }

    /// Reloads whenever the files change, for as long as the returned watcher lives. Their folders are
    /// watched and not the files, since many editors put another file in the place of the old one.
    pub(super) fn watch(self: &Arc<Self>) -> notify::Result<impl Watcher + use<>> {
        let (sender, changes) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |_: notify::Result<notify::Event>| {
            // Where nobody listens any more, the mock is about to end.
            let _ = sender.send(());
        })?;
        for folder in self
            .paths
            .iter()
            .map(|path| folder(path))
            .collect::<BTreeSet<_>>()
        {
            watcher.watch(folder, RecursiveMode::NonRecursive)?;
        }
        let reloader = Arc::clone(self);
        thread::Builder::new().name("watch".into()).spawn(move || {
            while changes.recv().is_ok() {
                while changes.recv_timeout(QUIET).is_ok() {}
                reloader.reload_if_changed();
            }
        })?;
        // What changed between the start and now was seen by nobody.
        self.reload_if_changed();
        Ok(watcher)
    }
}

fn folder(path: &Path) -> &Path {
    if path.is_dir() {
        return path;
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Changes with the names and the contents of the files.
fn fingerprint(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        let files = fixture::files(path).unwrap_or_default();
        for file in files {
            file.hash(&mut hasher);
            fs::read(&file).ok().hash(&mut hasher);
        }
    }
    hasher.finish()
}
