//! `--watch`: polls fixtures with `stat`, and reads them only when they look different.
//!
//! File system events would not do: they do not cross every mount, and come without end if another file in the folder is rewritten
//! all the time. So polling is needed in any case.

use std::{
    collections::HashMap,
    fs::{self, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use super::reload::{Failure, Reloader};
use crate::fixture;

/// The polling interval while nothing changes.
const IDLE: Duration = Duration::from_millis(250);
/// The polling interval once something has changed.
const BUSY: Duration = Duration::from_millis(50);
/// Debounce: how long nothing may change before files are read, as most are written in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// Upper bound on the wait for that quiet, which never comes if a file is rewritten all the time.
const IMPATIENT: Duration = Duration::from_millis(400);
/// How long a mistake has to last before it is reported.
const MISTAKE: Duration = Duration::from_millis(500);
/// The same, if a file looks half written.
const UNFINISHED: Duration = Duration::from_secs(2);
/// Upper bound on that wait, while files are rewritten all the time.
const LASTING: Duration = Duration::from_secs(3);

/// A watch on fixtures.
#[derive(Debug)]
pub(super) struct Watch {
    paths: Vec<PathBuf>,
    /// Cache of each folder's files, valid as long as the folder looks the same.
    listed: HashMap<PathBuf, (Look, Vec<PathBuf>)>,
    seen: Vec<(PathBuf, Option<Look>)>,
}

impl Watch {
    /// A watch for changes from now on.
    pub(super) fn new(paths: &[PathBuf]) -> Self {
        let paths = paths.iter().filter(|path| !fixture::is_stream(path));
        let mut watch = Self {
            paths: paths.cloned().collect(),
            listed: HashMap::new(),
            seen: Vec::new(),
        };
        watch.seen = watch.look();
        watch
    }

    /// Keeps the mock's fixtures up to date, on a thread of its own.
    pub(super) fn start(self, reloader: Arc<Reloader>) -> io::Result<()> {
        if self.paths.is_empty() {
            return Ok(());
        }
        let watching = move || self.watch(&reloader);
        let thread = thread::Builder::new().name("watch".into());
        thread.spawn(watching).map(drop)
    }

    fn watch(mut self, reloader: &Reloader) {
        let mut changed = Instant::now();
        // When an unloaded change was first seen.
        let mut pending: Option<Instant> = None;
        // The current mistake, and since when there has been one.
        let mut failure: Option<(Failure, Instant)> = None;
        loop {
            let is_idle = pending.is_none() && failure.is_none();
            thread::sleep(if is_idle { IDLE } else { BUSY });
            let now = Instant::now();
            match self.look_again() {
                Change::None => {}
                Change::Possible => pending = pending.or(Some(now)),
                Change::Certain => {
                    changed = now;
                    pending = pending.or(Some(now));
                }
            }
            let still = now - changed;
            let is_due = |since: Instant| still >= QUIET || now - since >= IMPATIENT;
            if pending.is_some_and(is_due) {
                // What was loaded before it was quiet is checked once more when it is.
                pending = (still < QUIET).then_some(now);
                failure = reloader
                    .refresh()
                    .err()
                    .map(|wrong| (wrong, failure.map_or(now, |(_, since)| since)));
            }
            failure = failure.and_then(|(wrong, since)| {
                let is_lasting = if wrong.is_unfinished {
                    still >= UNFINISHED
                } else {
                    still >= MISTAKE || now - since >= LASTING
                };
                if is_lasting {
                    reloader.tell(wrong);
                    return None;
                }
                Some((wrong, since))
            });
        }
    }

    /// Compares the files with the last look.
    fn look_again(&mut self) -> Change {
        let seen = self.look();
        let before = std::mem::replace(&mut self.seen, seen);
        let is_same = before.len() == self.seen.len()
            && before.iter().zip(&self.seen).all(|((a, was), (b, is))| {
                a == b && was.map(|was| was.stamp) == is.map(|is| is.stamp)
            });
        let mut looks = before.iter().filter_map(|(_, look)| *look);
        match is_same {
            false => Change::Certain,
            true if looks.any(Look::hides_changes) => Change::Possible,
            true => Change::None,
        }
    }

    /// A look at the files. Only folders are read, and only if they look different.
    fn look(&mut self) -> Vec<(PathBuf, Option<Look>)> {
        let mut seen = Vec::new();
        for path in &self.paths {
            let look = Look::at(path);
            let Some(folder) = look.filter(|look| look.stamp.is_folder) else {
                seen.push((path.clone(), look));
                continue;
            };
            let known = self
                .listed
                .get(path)
                .filter(|(before, _)| before.stamp == folder.stamp && !before.hides_changes());
            if known.is_none() {
                let files = fixture::listed(path);
                self.listed.insert(path.clone(), (folder, files));
            }
            for file in &self.listed[path].1 {
                seen.push((file.clone(), Look::at(file)));
            }
        }
        seen
    }
}

/// Whether files have changed.
enum Change {
    None,
    /// They look the same, but may have changed.
    Possible,
    Certain,
}

/// The look of a file at some time.
#[derive(Debug, Clone, Copy)]
struct Look {
    stamp: Stamp,
    at: SystemTime,
}

/// The metadata that change with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    is_folder: bool,
    bytes: u64,
    written: Option<SystemTime>,
    /// Device, inode and the time of the last change of any kind.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Look {
    /// The metadata of a file, links followed; `None` if there is no file.
    fn at(path: &Path) -> Option<Self> {
        let at = SystemTime::now();
        let stamp = Stamp::new(&fs::metadata(path).ok()?);
        Some(Self { stamp, at })
    }

    /// Whether a later change could leave the metadata as they are. It could if the file has just been written, as times have a
    /// resolution.
    fn hides_changes(self) -> bool {
        /// The tick of a slow kernel.
        const FINE: Duration = Duration::from_millis(10);
        /// The resolution of FAT. Others without parts of a second have half of it.
        const COARSE: Duration = Duration::from_secs(2);
        let Some(written) = self.stamp.written else {
            return false;
        };
        let second = written.duration_since(SystemTime::UNIX_EPOCH);
        let is_coarse = second.is_ok_and(|time| time.subsec_nanos() == 0);
        let resolution = if is_coarse { COARSE } else { FINE };
        let distance = match self.at.duration_since(written) {
            Ok(earlier) => earlier,
            Err(later) => later.duration(),
        };
        distance < resolution
    }
}

impl Stamp {
    fn new(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            is_folder: metadata.is_dir(),
            bytes: metadata.len(),
            written: metadata.modified().ok(),
            #[cfg(unix)]
            inode: (
                metadata.dev(),
                metadata.ino(),
                metadata.ctime(),
                metadata.ctime_nsec(),
            ),
        }
    }
}
