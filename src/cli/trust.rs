//! What clients need to trust the mock's certificate: files in a folder, and the variables that name them.

use std::{
    env::var_os,
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use sha1_smol::Sha1;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::roots;

/// Files by which clients trust the mock's certificate.
#[derive(Debug)]
pub(super) struct TrustFiles {
    dir: PathBuf,
}

impl TrustFiles {
    /// Writes them into that folder.
    pub(super) fn write(dir: &Path, ca_pem: &str) -> io::Result<Self> {
        let files = Self { dir: dir.into() };
        let all = bundle(ca_pem);
        // What Node adds is added to what the caller has Node add.
        let added = var_os("NODE_EXTRA_CA_CERTS").and_then(|path| fs::read_to_string(path).ok());
        fs::write(
            files.ca(),
            joined(added.as_deref().unwrap_or_default(), ca_pem),
        )?;
        fs::write(files.bundle(), &all)?;
        fs::write(files.java(), java_keystore(&all, SystemTime::now()))?;
        fs::create_dir_all(files.php())?;
        let bundle = files.bundle();
        let bundle = bundle.display();
        let ini = format!("curl.cainfo=\"{bundle}\"\nopenssl.cafile=\"{bundle}\"\n");
        fs::write(files.php().join("tallyfy-mock.ini"), ini)?;
        Ok(files)
    }

    /// The mock's certificate, for what adds to the system's roots.
    fn ca(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// The system's roots and the mock's certificate, for what replaces them.
    fn bundle(&self) -> PathBuf {
        self.dir.join("bundle.pem")
    }

    /// The same, for Java.
    fn java(&self) -> PathBuf {
        self.dir.join("trust.jks")
    }

    /// Settings of PHP's.
    fn php(&self) -> PathBuf {
        self.dir.join("php")
    }

    /// The variables by which clients find these files. `docs/real-host.md` says whose each is.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let shown = |path: PathBuf| path.display().to_string();
        let bundle = shown(self.bundle());
        vec![
            ("SSL_CERT_FILE", bundle.clone()),
            ("CURL_CA_BUNDLE", bundle.clone()),
            ("REQUESTS_CA_BUNDLE", bundle),
            ("NODE_EXTRA_CA_CERTS", shown(self.ca())),
            ("PHP_INI_SCAN_DIR", php_folders(&shown(self.php()))),
        ]
    }

    /// The options of Java's by which it trusts the mock's certificate.
    pub(super) fn java_options(&self) -> String {
        let path = self.java().display().to_string();
        let path = if path.contains(' ') {
            format!("\"{path}\"")
        } else {
            path
        };
        format!("-Djavax.net.ssl.trustStore={path}")
    }
}

/// PHP's own folder of settings, or the caller's, and that one. An empty item is PHP's own.
fn php_folders(ours: &str) -> String {
    let callers = var_os("PHP_INI_SCAN_DIR").map(|dirs| dirs.to_string_lossy().into_owned());
    format!("{}:{ours}", callers.unwrap_or_default())
}

/// The roots that the caller's programs trust, and the mock's certificate.
pub(super) fn bundle(ca_pem: &str) -> String {
    let roots = roots::trusted();
    joined(roots.as_deref().unwrap_or_default(), ca_pem)
}

fn joined(before: &str, ca_pem: &str) -> String {
    match before {
        "" => ca_pem.to_owned(),
        _ => format!("{}\n{ca_pem}", before.trim_end()),
    }
}

/// The certificates of a PEM file as a Java keystore (JKS), which Java reads without a password: that would only
/// guard its digest. The digest is that of Java's own password, so that `keytool` takes it too.
pub(super) fn java_keystore(pem: &str, now: SystemTime) -> Vec<u8> {
    const MAGIC: u32 = 0xfeed_feed;
    const VERSION: u32 = 2;
    const TRUSTED: u32 = 2;
    const PASSWORD: &str = "changeit";
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
    let certificates: Vec<_> = certificates.filter_map(Result::ok).collect();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    let text = |text: &str| {
        let length = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
        [&length, text.as_bytes()].concat()
    };
    let ms = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let ms = u64::try_from(ms).unwrap_or(u64::MAX).to_be_bytes();
    let mut store = [MAGIC.to_be_bytes(), VERSION.to_be_bytes()].concat();
    store.extend(number(certificates.len()));
    for (at, certificate) in certificates.iter().enumerate() {
        store.extend(TRUSTED.to_be_bytes());
        store.extend(text(&format!("root-{at}")));
        store.extend(ms);
        store.extend(text("X.509"));
        store.extend(number(certificate.len()));
        store.extend_from_slice(certificate);
    }
    let mut digest = Sha1::new();
    for unit in PASSWORD.encode_utf16() {
        digest.update(&unit.to_be_bytes());
    }
    digest.update(b"Mighty Aphrodite");
    digest.update(&store);
    store.extend(digest.digest().bytes());
    store
}
