//! `--watch`: polls fixtures with `stat`, and reads them only when they look different.
//!
//! The system's events would not do: they do not cross every mount, and another file that is
//! rewritten all the time brings them without end. Polling has to be there in any case.

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

/// From one look to the next, while nothing happens.
const IDLE: Duration = Duration::from_millis(250);
/// From one look to the next, once something has happened.
const BUSY: Duration = Duration::from_millis(50);
/// How long nothing may happen until files are read: most are written in several steps.
const QUIET: Duration = Duration::from_millis(100);
/// How long that quiet is waited for. It never comes where a file is rewritten all the time.
const IMPATIENT: Duration = Duration::from_millis(400);
/// How long a mistake has to stand until it is told.
const MISTAKE: Duration = Duration::from_millis(500);
/// The same, where it looks as if somebody were still writing.
const UNFINISHED: Duration = Duration::from_secs(2);
/// How long a mistake is kept back at most, while files are rewritten all the time.
const LASTING: Duration = Duration::from_secs(3);

/// Looks at fixtures.
#[derive(Debug)]
pub(super) struct Watch {
    paths: Vec<PathBuf>,
    /// The files in each folder, as long as it looks the same.
    listed: HashMap<PathBuf, (Look, Vec<PathBuf>)>,
    seen: Vec<(PathBuf, Option<Look>)>,
}

impl Watch {
    /// A watch that sees what changes from now on.
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
        // Since when there is something to load.
        let mut pending: Option<Instant> = None;
        // What is wrong, and since when something is.
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
                // What was loaded in haste is looked at once more when all is quiet.
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

    /// Compares what there is with what there was.
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

    /// What there is now. Nothing is read but folders, and those only when they look different.
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

/// Whether files are other than they were.
enum Change {
    None,
    /// They look the same, and might be other all the same.
    Possible,
    Certain,
}

/// How a file looked at some time.
#[derive(Debug, Clone, Copy)]
struct Look {
    stamp: Stamp,
    at: SystemTime,
}

/// What changes with a file, and is known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    is_folder: bool,
    bytes: u64,
    written: Option<SystemTime>,
    /// Which file it is, and when it was last changed in any way.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

impl Look {
    /// How the file looks, links followed; nothing where there is none.
    fn at(path: &Path) -> Option<Self> {
        let at = SystemTime::now();
        let stamp = Stamp::new(&fs::metadata(path).ok()?);
        Some(Self { stamp, at })
    }

    /// Whether a change after this look could leave the file looking the same. Times have a
    /// resolution, so it could where the file had just been written.
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
