//! `--tls-dir`: a certificate that outlives the process, for those who cannot trust a new one at each start.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio_rustls::rustls::{
    RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use super::{
    authority::{Minted, Names, mint},
    provider,
};

const CA: &str = "ca.pem";
const LEAF: &str = "leaf.pem";
const KEY: &str = "leaf-key.pem";

/// Longer than any file of ours.
const LONGEST_BYTES: u64 = 64 * 1024;

/// A certificate that ends sooner is minted anew, so that no test run sees it end.
const LEAST_LEFT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is kept in that folder, where it is good; else what is minted now, and kept there from now on.
pub(super) fn load_or_mint(dir: &Path, names: &Names, now: SystemTime) -> Result<Minted, String> {
    let shown = dir.display();
    check_folder(dir)?;
    match load(dir)? {
        None => tracing::info!("{shown} holds no certificate yet: one is minted"),
        Some(kept) => match check(&kept, names, now) {
            Ok(minted) => return Ok(minted),
            Err(why) => tracing::warn!(
                "the certificate in {shown} {why}: another is minted, and clients have to trust its {CA} anew"
            ),
        },
    }
    let minted = mint(names, now)?;
    keep(dir, &minted).map_err(|error| {
        format!(
            "cannot write to `--tls-dir` {shown}: {error}; name a folder that can be written to"
        )
    })?;
    Ok(minted)
}

fn check_folder(dir: &Path) -> Result<(), String> {
    let shown = dir.display();
    match fs::symlink_metadata(dir) {
        Ok(found) if found.is_symlink() => Err(format!(
            "`--tls-dir` {shown} is a link, and a key is kept in no place that a link leads to; name the folder itself"
        )),
        Ok(found) if !found.is_dir() => Err(format!(
            "`--tls-dir` {shown} is no folder; name one, or a path where one can be made"
        )),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => make(dir).map_err(|error| {
            format!(
                "cannot make `--tls-dir` {shown}: {error}; name a folder that can be written to"
            )
        }),
        Err(error) => Err(format!("cannot look at `--tls-dir` {shown}: {error}")),
    }
}

/// A folder that only the owner may look into.
#[cfg(unix)]
fn make(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

#[cfg(not(unix))]
fn make(dir: &Path) -> io::Result<()> {
    DirBuilder::new().create(dir)
}

/// The files as they are.
struct Kept {
    ca: Vec<u8>,
    leaf: Vec<u8>,
    key: Vec<u8>,
    /// Whether others than the owner may read the key.
    is_key_open: bool,
}

/// The files of a folder; nothing where one of them is not there.
fn load(dir: &Path) -> Result<Option<Kept>, String> {
    let mut files = [Vec::new(), Vec::new(), Vec::new()];
    let mut is_key_open = false;
    for (name, bytes) in [CA, LEAF, KEY].into_iter().zip(&mut files) {
        let path = dir.join(name);
        let shown = path.display();
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("cannot look at {shown}: {error}")),
        };
        if !found.is_file() || found.len() > LONGEST_BYTES {
            return Err(format!(
                "{shown} is not a file that the mock has written, perhaps a link; remove it, or name another `--tls-dir`"
            ));
        }
        is_key_open = name == KEY && is_open_to_others(&found);
        *bytes = fs::read(&path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    }
    let [ca, leaf, key] = files;
    Ok(Some(Kept {
        ca,
        leaf,
        key,
        is_key_open,
    }))
}

#[cfg(unix)]
fn is_open_to_others(found: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// The kept certificate, or why it is of no use.
fn check(kept: &Kept, names: &Names, now: SystemTime) -> Result<Minted, String> {
    if kept.is_key_open {
        return Err("has a key that others may read".into());
    }
    let is_no_pem = |_| "is no PEM".to_owned();
    let ca = CertificateDer::from_pem_slice(&kept.ca).map_err(is_no_pem)?;
    let leaves: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&kept.leaf).collect();
    let leaves = leaves.map_err(is_no_pem)?;
    let [by_name, by_address] = leaves.as_slice() else {
        return Err("is not of the two that belong together".into());
    };
    let key = PrivateKeyDer::from_pem_slice(&kept.key).map_err(is_no_pem)?;
    let provider = provider();
    for leaf in [by_name, by_address] {
        CertifiedKey::from_der(vec![leaf.clone()], key.clone_key(), &provider)
            .map_err(|_| "has another key than that in the folder")?;
    }
    let mut roots = RootCertStore::empty();
    roots
        .add(ca)
        .map_err(|error| format!("has no good authority ({error})"))?;
    let mut expected: Vec<&str> = names.iter().collect();
    check_leaf(by_name, &roots, &expected, now)?;
    expected.push("127.0.0.1");
    check_leaf(by_address, &roots, &expected, now)?;
    Ok(Minted {
        ca_pem: String::from_utf8_lossy(&kept.ca).into_owned(),
        by_name: by_name.clone(),
        by_address: by_address.clone(),
        leaves_pem: String::from_utf8_lossy(&kept.leaf).into_owned(),
        key,
        key_pem: String::from_utf8_lossy(&kept.key).into_owned(),
    })
}

/// Whether who trusts these roots takes a certificate for those names, now and for a week to come.
fn check_leaf(
    leaf: &CertificateDer<'_>,
    roots: &RootCertStore,
    names: &[&str],
    now: SystemTime,
) -> Result<(), String> {
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| format!("is none ({error})"))?;
    let provider = provider();
    let algorithms = provider.signature_verification_algorithms.all;
    let since_1970 = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    for (at, what) in [
        (since_1970, "is not good now"),
        (since_1970 + LEAST_LEFT, "ends within seven days"),
    ] {
        let at = UnixTime::since_unix_epoch(at);
        verify_server_cert_signed_by_trust_anchor(&parsed, roots, &[], at, algorithms)
            .map_err(|error| format!("{what} ({error})"))?;
    }
    for name in names {
        let server = ServerName::try_from(*name).map_err(|error| format!("{name}: {error}"))?;
        verify_server_name(&parsed, &server).map_err(|_| format!("is not for {name}"))?;
    }
    Ok(())
}

/// Writes the files, the key first: whoever finds a certificate finds its key.
fn keep(dir: &Path, minted: &Minted) -> io::Result<()> {
    put(dir, KEY, &minted.key_pem, 0o600)?;
    put(dir, LEAF, &minted.leaves_pem, 0o644)?;
    put(dir, CA, &minted.ca_pem, 0o644)
}

/// Puts a file in its place. It is made new, so that nothing is written through a link.
fn put(dir: &Path, name: &str, text: &str, mode: u32) -> io::Result<()> {
    let new = dir.join(format!(".{name}.{}", std::process::id()));
    let _ = fs::remove_file(&new);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options
        .open(&new)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&new, dir.join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
