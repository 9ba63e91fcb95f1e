//! `--isolate`: the whole of `exec` in namespaces of its own, where there is loopback and nothing else, and where
//! Tallyfy's names lead to the mock.
//!
//! The process replaces itself by `unshare`, which runs this program again inside. The command then is its child in one
//! more user namespace, which gives it its user back, and takes what could undo the isolation.

use std::{
    env::{current_exe, split_paths, var_os},
    ffi::OsString,
    fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use rustix::{
    mount::mount_bind,
    process::{getegid, geteuid},
};

use crate::{
    cli::say::{FAILED, fail},
    domain::hosts::Hosts,
};

/// The ports of `http` and `https`, which the mock has within.
pub(super) const PORTS: [u16; 2] = [443, 80];

/// By which the inside knows that it is inside, and whose user the command gets: the mount namespace that was left, and
/// `UID:GID` of the caller, where that is not root.
const LEFT: &str = "TALLYFY_MOCK_ISOLATED_FROM";

/// Whether this process is isolated: it was told what it left, and is there no more.
pub(super) fn is_inside() -> bool {
    let left = left();
    left.is_some_and(|(namespace, _)| mounts().is_ok_and(|now| now != namespace))
}

/// The mount namespace that was left, and the caller.
fn left() -> Option<(String, Option<String>)> {
    let left = var_os(LEFT)?.into_string().ok()?;
    let (namespace, caller) = left.split_once(' ')?;
    let caller = (!caller.is_empty()).then(|| caller.to_owned());
    Some((namespace.to_owned(), caller))
}

/// The mount namespace of this process.
fn mounts() -> io::Result<String> {
    let link = fs::read_link("/proc/self/ns/mnt")?;
    Ok(link.display().to_string())
}

/// Replaces this process by one that is isolated and does the same. Returns only where that cannot be.
pub(super) fn enter() -> ExitCode {
    match entered() {
        Ok(never) => match never {},
        Err(message) => fail(&format!("{message}; the command was not run"), FAILED),
    }
}

fn entered() -> Result<std::convert::Infallible, String> {
    let unshare = program("unshare", "util-linux")?;
    program("ip", "iproute2")?;
    let (uid, gid) = (geteuid(), getegid());
    let is_root = uid.is_root();
    let namespaces: &[&str] = if is_root {
        &["--mount", "--net"]
    } else {
        &["--map-root-user", "--mount", "--net"]
    };
    let caller = format!("{}:{}", uid.as_raw(), gid.as_raw());
    let probed = {
        let mut probe = Command::new(&unshare);
        probe.args(namespaces).arg("--").arg(&unshare);
        if !is_root {
            probe.args(back_to(&caller));
        }
        probe.args(["--", "true"]).stdin(Stdio::null()).output()
    };
    let probed = probed.map_err(|error| format!("`unshare` cannot be run: {error}"))?;
    if !probed.status.success() {
        let said = String::from_utf8_lossy(&probed.stderr);
        return Err(format!(
            "this system does not let {} have namespaces ({}); {}",
            if is_root { "root" } else { "you" },
            said.trim().lines().next().unwrap_or("it does not say why"),
            "containers and some distributions forbid them: see `docs/exec.md`"
        ));
    }
    let this = current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mounts = mounts().map_err(|error| format!("cannot look at /proc/self/ns: {error}"))?;
    let mut inside = Command::new(&unshare);
    inside
        .args(namespaces)
        .arg("--")
        .arg(this)
        .args(std::env::args_os().skip(1))
        .env(
            LEFT,
            format!("{mounts} {}", if is_root { "" } else { &caller }),
        );
    Err(format!("`unshare` cannot be run: {}", inside.exec()))
}

/// Arguments of `unshare` that give a user back its ids.
fn back_to(caller: &str) -> Vec<OsString> {
    let (uid, gid) = caller.split_once(':').unwrap_or((caller, caller));
    vec![
        "--user".into(),
        format!("--map-user={uid}").into(),
        format!("--map-group={gid}").into(),
    ]
}

/// Where a program is, also in folders that are on root's path only.
fn program(name: &str, package: &str) -> Result<PathBuf, String> {
    let path = var_os("PATH").unwrap_or_default();
    let roots = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from);
    split_paths(&path)
        .chain(roots)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            format!("`--isolate` needs `{name}` (package {package}), which is not installed")
        })
}

/// Brings loopback up, and has Tallyfy's names lead there. What is bound is bound in this namespace alone.
pub(super) fn furnish(hosts: &Hosts) -> Result<(), String> {
    let ip = program("ip", "iproute2")?;
    let up = Command::new(ip)
        .args(["link", "set", "lo", "up"])
        .stdin(Stdio::null())
        .output();
    match up {
        Ok(up) if up.status.success() => {}
        Ok(up) => {
            let said = String::from_utf8_lossy(&up.stderr);
            return Err(format!("`ip link set lo up` failed: {}", said.trim()));
        }
        Err(error) => return Err(format!("`ip` cannot be run: {error}")),
    }
    // What is bound keeps its files, whatever becomes of their names.
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let folder = folder.path();
    let before = fs::read_to_string("/etc/hosts").unwrap_or_default();
    bind(folder, "hosts", "/etc/hosts", &hosts_file(&before, hosts))?;
    if let Ok(before) = fs::read_to_string("/etc/nsswitch.conf") {
        bind(
            folder,
            "nsswitch.conf",
            "/etc/nsswitch.conf",
            &nsswitch(&before),
        )?;
    }
    // Its cache would answer before the file that was bound.
    for socket in ["/run/nscd", "/var/run/nscd"] {
        if Path::new(socket).join("socket").exists() {
            let empty = folder.join("nscd");
            let bound = fs::create_dir_all(&empty).and_then(|()| Ok(mount_bind(&empty, socket)?));
            bound.map_err(|error| cannot_bind(socket, &error))?;
        }
    }
    Ok(())
}

/// Puts a text in the place of a file.
fn bind(folder: &Path, name: &str, place: &str, text: &str) -> Result<(), String> {
    let file = folder.join(name);
    let bound = fs::write(&file, text).and_then(|()| Ok(mount_bind(&file, place)?));
    bound.map_err(|error| cannot_bind(place, &error))
}

fn cannot_bind(place: &str, error: &io::Error) -> String {
    format!("cannot put another file in the place of {place}: {error}")
}

/// The hosts of a file, and Tallyfy's on loopback before them.
fn hosts_file(before: &str, hosts: &Hosts) -> String {
    let ours: Vec<&str> = hosts.iter().collect();
    let ours = ours.join(" ");
    let is_others = |line: &&str| {
        let entry = line.split('#').next().unwrap_or_default();
        let mut names = entry.split_whitespace().skip(1);
        !names.any(|name| hosts.contains(name))
    };
    let others: Vec<&str> = before.lines().filter(is_others).collect();
    let others = others.join("\n");
    format!("127.0.0.1 localhost\n::1 localhost\n127.0.0.1 {ours}\n{others}\n")
}

/// The sources of names of a file, but for hosts, which come from their file alone.
fn nsswitch(before: &str) -> String {
    let is_others = |line: &&str| !line.trim_start().starts_with("hosts:");
    let others: Vec<&str> = before.lines().filter(is_others).collect();
    format!("{}\nhosts: files\n", others.join("\n"))
}

/// The command as the caller's user, without the rights over the namespaces.
pub(super) fn command(words: &[OsString]) -> Command {
    let (name, arguments) = words.split_first().expect("clap demands a command");
    let mut command = match left() {
        Some((_, Some(caller))) => {
            let mut command = Command::new("unshare");
            command.args(back_to(&caller)).arg("--").arg(name);
            command
        }
        _ => Command::new(name),
    };
    command.args(arguments).env_remove(LEFT);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallyfys_names_lead_to_loopback_and_nowhere_else() {
        let before = "127.0.0.1 localhost\n10.1.1.1 db.internal\n93.184.216.34 go.tallyfy.com www # mine\n# go.tallyfy.com\n";
        let hosts = hosts_file(before, &Hosts::with(&["mock.test".into()]));
        let ours = "\n127.0.0.1 go.tallyfy.com api.tallyfy.com account.tallyfy.com staging.go.tallyfy.com mock.test\n";
        assert!(hosts.contains(ours), "{hosts}");
        assert!(
            hosts.contains("10.1.1.1 db.internal") && !hosts.contains("93.184"),
            "{hosts}"
        );
    }

    #[test]
    fn hosts_come_from_their_file_alone() {
        let before = "passwd: files systemd\nhosts:  mymachines resolve [!UNAVAIL=return] files dns\nservices: db files";
        assert_eq!(
            nsswitch(before),
            "passwd: files systemd\nservices: db files\nhosts: files\n"
        );
    }
}
