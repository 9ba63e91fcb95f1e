//! A file that is there whole or not at all.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use super::interrupt::uninterrupted;

/// Where a file is going to be.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
    folder: PathBuf,
    replaces: bool,
}

impl Output {
    /// Checks that a file can be made there; `replaces` is whether another one may be replaced. The error is one sentence.
    pub(super) fn at(path: &Path, replaces: bool) -> Result<Self, String> {
        let shown = path.display();
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => return Err(format!("`{shown}` is a folder; name a file in it")),
        };
        if path.file_name().is_none() {
            return Err(format!("`{shown}` is a folder; name a file in it"));
        }
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(format!("`{shown}` is a folder; name a file in it"));
            }
            Ok(found) if found.is_symlink() => {
                return Err(format!("`{shown}` is a link; name the file itself"));
            }
            Ok(found) if !found.is_file() => {
                return Err(format!("`{shown}` is a device or a pipe; name a file"));
            }
            Ok(_) if !replaces => return Err(exists(path)),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(format!("`{shown}` cannot be looked at: {error}")),
        }
        if !folder.is_dir() {
            return Err(format!("there is no folder `{}`", folder.display()));
        }
        Ok(Self {
            path: path.to_owned(),
            folder: folder.to_owned(),
            replaces,
        })
    }

    /// Writes a new file beside it, and gives that its name. Where that fails, what was there is as it was. A signal ends
    /// the process once this is done.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<(), String> {
        uninterrupted(|| self.put(bytes))
    }

    fn put(&self, bytes: &[u8]) -> Result<(), String> {
        let shown = self.path.display();
        let failed = |error: io::Error| format!("cannot write `{shown}`: {error}");
        let mut file = self.temporary().map_err(failed)?;
        // To the file itself: what wraps it would tell the temporary name.
        let inner = file.as_file_mut();
        inner
            .write_all(bytes)
            .and_then(|()| inner.sync_all())
            .map_err(failed)?;
        let named = if self.replaces {
            file.persist(&self.path)
        } else {
            file.persist_noclobber(&self.path)
        };
        match named {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(exists(&self.path))
            }
            Err(error) => Err(failed(error.error)),
        }
    }

    /// A new file in the folder, which goes when it is dropped. A folder of fixtures does not take it for one.
    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = Builder::new();
        builder.prefix(".tallyfy-mock-").suffix(".tmp");
        readable(&mut builder).tempfile_in(&self.folder)
    }
}

/// As readable as the umask lets a new file be; a temporary file is its owner's alone.
#[cfg(unix)]
fn readable<'a, 'b>(builder: &'a mut Builder<'b, 'b>) -> &'a mut Builder<'b, 'b> {
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}

#[cfg(not(unix))]
fn readable<'a, 'b>(builder: &'a mut Builder<'b, 'b>) -> &'a mut Builder<'b, 'b> {
    builder
}

fn exists(path: &Path) -> String {
    format!("`{}` exists; `--force` replaces it", path.display())
}
