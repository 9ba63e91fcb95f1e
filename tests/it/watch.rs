//! `--watch`: an idle watch reads nothing, a change is loaded however it was made, and a stream is read once.

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::binary::{Server, command, stderr};

/// A timeout far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn fixture(name: &str) -> String {
    format!(r#"{{"version":1,"organizations":[{{"id":"acme","groups":[{{"name":"{name}"}}]}}]}}"#)
}

/// The name of the group that the fixture declares; `None` while there is none.
fn name(server: &Server) -> Option<String> {
    let groups: Value = server.get("/organizations/acme/groups").json().unwrap();
    groups["data"][0]["name"].as_str().map(str::to_owned)
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what} never came");
        thread::sleep(Duration::from_millis(10));
    }
}

fn until_loaded(server: &Server, wanted: &str) {
    until(wanted, || name(server).as_deref() == Some(wanted));
}

fn watching(paths: &[&Path]) -> Server {
    let mut command = command(&["--port", "0", "--watch"]);
    for path in paths {
        command.arg("--fixtures").arg(path);
    }
    Server::start(command)
}

/// Stops it and returns its messages about fixtures.
fn said(server: Server) -> Vec<String> {
    let (code, _, said) = server.stop("TERM");
    assert_eq!(code, Some(0));
    said.lines()
        .filter(|line| line.contains("reloaded"))
        .map(str::to_owned)
        .collect()
}

/// Runs tests concurrently, as each spends its time waiting.
fn at_once<const N: usize>(tests: [impl FnOnce() + Send; N]) {
    thread::scope(|scope| {
        for test in tests {
            scope.spawn(test);
        }
    });
}

/// As an editor saves a file: a new file is renamed over the old one.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("json~");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

/// As a slow program writes a file: in several steps.
fn write_slowly(file: &Path, text: &str, pause: Duration) {
    let mut file = File::create(file).unwrap();
    for part in text.as_bytes().chunks(text.len().div_ceil(8)) {
        file.write_all(part).unwrap();
        thread::sleep(pause);
    }
}

#[test]
fn a_change_is_loaded_however_a_file_is_written() {
    at_once([false, true].map(|is_folder| {
        move || {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("seed.json");
            write_in_all_ways(&file, if is_folder { folder.path() } else { &file });
        }
    }));
}

fn write_in_all_ways(file: &Path, watched: &Path) {
    fs::write(file, fixture("First")).unwrap();
    let server = watching(&[watched]);
    until_loaded(&server, "First");
    fs::write(file, fixture("In place")).unwrap();
    until_loaded(&server, "In place");
    replace(file, &fixture("Replaced"));
    until_loaded(&server, "Replaced");
    write_slowly(file, &fixture("Slowly"), Duration::from_millis(150));
    until_loaded(&server, "Slowly");
    // Neither the size nor, to the second, the time differs.
    for round in 0..4 {
        fs::write(file, fixture(&format!("Same {round}"))).unwrap();
        until_loaded(&server, &format!("Same {round}"));
    }
    let mut open = File::options().write(true).open(file).unwrap();
    open.write_all(fixture("Longer than all before").as_bytes())
        .unwrap();
    until_loaded(&server, "Longer than all before");
    open.seek(SeekFrom::Start(0)).unwrap();
    let text = fixture("Shorter");
    open.write_all(text.as_bytes()).unwrap();
    open.set_len(text.len() as u64).unwrap();
    until_loaded(&server, "Shorter");
    // A modification time that is set back must not hide a change.
    let times = fs::metadata(file).unwrap().modified().unwrap();
    open.seek(SeekFrom::Start(0)).unwrap();
    open.write_all(fixture("shorter").as_bytes()).unwrap();
    open.set_modified(times).unwrap();
    until_loaded(&server, "shorter");
    fs::remove_file(file).unwrap();
    fs::write(file, fixture("Removed")).unwrap();
    until_loaded(&server, "Removed");
    let told = said(server);
    assert!(
        told.iter().all(|line| line.contains("fixtures reloaded")),
        "{told:?}"
    );
}

#[test]
fn a_change_is_loaded_through_links_and_folders() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let put = |name: &str, text: &str| {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), fixture(text)).unwrap();
    };
    let link = |to: &str, name: &str| {
        let new = path("new-link");
        symlink(to, &new).unwrap();
        fs::rename(new, path(name)).unwrap();
    };

    // As Kubernetes mounts a config map: `seed.json` → `..data/seed.json`, `..data` → `..1`.
    put("map/..1/seed.json", "One");
    link("..1", "map/..data");
    link("..data/seed.json", "map/seed.json");
    for watched in ["map", "map/seed.json"] {
        let server = watching(&[&path(watched)]);
        until_loaded(&server, "One");
        put("map/..2/seed.json", "Two");
        link("..2", "map/..data");
        until_loaded(&server, "Two");
        fs::remove_dir_all(path("map/..1")).unwrap();
        put("map/..1/seed.json", "One");
        link("..1", "map/..data");
        until_loaded(&server, "One");
    }

    // A link to a file elsewhere, and to a folder elsewhere.
    put("elsewhere/real.json", "Real");
    fs::create_dir_all(path("links")).unwrap();
    link(
        path("elsewhere/real.json").to_str().unwrap(),
        "links/seed.json",
    );
    link("elsewhere", "linked");
    let servers =
        [&path("links"), &path("links/seed.json"), &path("linked")].map(|path| watching(&[path]));
    put("elsewhere/real.json", "Written");
    for server in &servers {
        until_loaded(server, "Written");
    }
    replace(&path("elsewhere/real.json"), &fixture("Swapped"));
    for server in &servers {
        until_loaded(server, "Swapped");
    }
    put("other/real.json", "Other");
    link("other", "linked");
    until_loaded(&servers[2], "Other");
    drop(servers);

    // A folder that goes and comes back, at once and after it was missed.
    put("gone/seed.json", "Here");
    let mut server = watching(&[&path("gone")]);
    fs::remove_dir_all(path("gone")).unwrap();
    put("gone/seed.json", "Again");
    until_loaded(&server, "Again");
    fs::rename(path("gone"), path("away")).unwrap();
    let missed = server.says("fixtures not reloaded");
    assert!(
        missed.contains("gone: cannot be read: No such file"),
        "{missed}"
    );
    assert_eq!(name(&server).as_deref(), Some("Again"), "the state stays");
    fs::create_dir(path("gone")).unwrap();
    put("gone/seed.json", "Back");
    until_loaded(&server, "Back");
    // Files come and go in it, one of them the last.
    put("gone/tokens.json", "Back");
    let twice = server.says("fixtures not reloaded");
    assert!(
        twice.contains("organization `acme` is already in"),
        "{twice}"
    );
    fs::remove_file(path("gone/seed.json")).unwrap();
    server.says("fixtures reloaded");
    put("gone/tokens.json", "Alone");
    until_loaded(&server, "Alone");
}

#[test]
fn what_is_not_there_yet_is_loaded_when_it_comes() {
    let cases = [
        ("file.json", "file.json"),
        ("no/such/folder/file.json", "no/such/folder/file.json"),
        ("folder", "folder/seed.json"),
        ("empty", "empty/seed.json"),
    ];
    at_once(cases.map(|(watched, come)| {
        move || {
            let folder = tempfile::tempdir().unwrap();
            let (watched, come) = (folder.path().join(watched), folder.path().join(come));
            fs::create_dir(folder.path().join("empty")).unwrap();
            let mut server = watching(&[&watched]);
            let awaited = server.says("there is no fixture yet");
            assert!(awaited.contains(watched.to_str().unwrap()), "{awaited}");
            assert_eq!(name(&server), None);
            fs::create_dir_all(come.parent().unwrap()).unwrap();
            fs::write(&come, fixture("Come")).unwrap();
            until_loaded(&server, "Come");
            // From now on it is missing.
            fs::remove_file(come).unwrap();
            server.says("fixtures not reloaded, the state stays: ");
            assert_eq!(name(&server).as_deref(), Some("Come"));
        }
    }));
}

#[test]
fn what_is_there_is_loaded_again_without_what_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("here.json"), fixture("Here")).unwrap();
    let server = watching(&[&path("here.json"), &path("later.json")]);
    until_loaded(&server, "Here");
    fs::write(path("here.json"), fixture("There")).unwrap();
    until_loaded(&server, "There");
    fs::write(
        path("later.json"),
        r#"{"version":1,"organizations":[{"id":"later","name":"Late"}]}"#,
    )
    .unwrap();
    until("the second file", || {
        let late: Value = server.get("/organizations/later").json().unwrap();
        late["data"]["name"] == "Late"
    });
    drop(server);
    // Without a watch, a missing fixture could never come.
    let refused = finished(command(&[
        "--port",
        "0",
        "--fixtures",
        path("never.json").to_str().unwrap(),
    ]));
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_half_written_file_is_told_once_at_most_and_its_end_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    fs::write(&file, fixture("First")).unwrap();
    let mut server = watching(&[&file]);
    // It counts as finished and is reported, and then is written further and stops again.
    let text = fixture("Last");
    let mut open = File::create(&file).unwrap();
    open.write_all(&text.as_bytes()[..20]).unwrap();
    let told = server.says("fixtures not reloaded");
    assert!(told.contains("is not JSON: EOF while parsing"), "{told}");
    let start = Instant::now();
    for part in text.as_bytes()[20..40].chunks(5) {
        open.write_all(part).unwrap();
        thread::sleep(Duration::from_millis(700));
    }
    assert_eq!(
        name(&server).as_deref(),
        Some("First"),
        "after {:?}",
        start.elapsed()
    );
    open.write_all(&text.as_bytes()[40..]).unwrap();
    until_loaded(&server, "Last");
    let told = said(server);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("fixtures reloaded"), "{told:?}");
}

#[test]
fn a_mistake_is_told_once_and_the_state_stays_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    let good = fixture("Good");
    fs::write(&file, &good).unwrap();
    let mut server = watching(&[&file]);
    let broken = good.replace("name", "nme");
    fs::write(&file, &broken).unwrap();
    server.says("fixtures not reloaded");
    // The same mistake is not reported again; another one is, and so is the repair.
    replace(&file, &broken);
    replace(&file, &good.replace("groups", "grups"));
    let other = server.says("fixtures not reloaded");
    assert!(other.contains("did you mean `groups`?"), "{other}");
    assert_eq!(name(&server).as_deref(), Some("Good"));
    fs::write(&file, &good).unwrap();
    server.says("fixtures reloaded");
    // On SIGHUP it is reported even if it was before.
    fs::write(&file, &broken).unwrap();
    server.says("fixtures not reloaded");
    server.signal("HUP");
    server.says("fixtures not reloaded");
}

#[cfg(target_os = "linux")]
#[test]
fn what_looks_new_and_is_not_leaves_the_state_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("a.json"), folder.path().join("b.json"));
    fs::write(&file, fixture("Same")).unwrap();
    fs::write(
        &other,
        r#"{"version":1,"organizations":[{"id":"other","name":"One"}]}"#,
    )
    .unwrap();
    let mut server = watching(&[folder.path()]);
    let client = reqwest::blocking::Client::new();
    let created = client
        .post(format!("{}/organizations/acme/groups", server.url))
        .bearer_auth("t")
        .header("X-Tallyfy-Client", "x")
        .json(&serde_json::json!({ "name": "Mine", "description": "d" }))
        .send()
        .unwrap();
    assert_eq!(created.status(), 201);
    replace(&file, &fixture("Same"));
    File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    fs::write(folder.path().join("notes.txt"), "no fixture").unwrap();
    // Only with the next change is it loaded, and so are the others.
    let looked = looks(&server);
    until("a look", || looks(&server) > looked + 8);
    let total = |server: &Server| {
        let groups: Value = server.get("/organizations/acme/groups").json().unwrap();
        groups["meta"]["pagination"]["total"].as_u64().unwrap()
    };
    assert_eq!(total(&server), 2);
    fs::write(
        &other,
        r#"{"version":1,"organizations":[{"id":"other","name":"Two"}]}"#,
    )
    .unwrap();
    server.says("fixtures reloaded");
    assert_eq!(total(&server), 1);
    assert_eq!(said(server).len(), 0);
}

/// Does something twenty times a second for as long as it lives.
struct Busy {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Busy {
    fn with(mut act: impl FnMut(u32) + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut round = 0;
            while !stopped.load(Ordering::Acquire) {
                act(round);
                round += 1;
                thread::sleep(Duration::from_millis(50));
            }
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
    }
}

#[test]
fn a_busy_folder_starves_nobody() {
    type Act = fn(&Path, &str, u32);
    let other = |round: u32| {
        format!(r#"{{"version":1,"organizations":[{{"id":"busy","name":"Round {round}"}}]}}"#)
    };
    let acts: [(&str, Act); 4] = [
        ("a log", |folder, _, round| {
            fs::write(folder.join("log.txt"), round.to_string()).unwrap();
        }),
        ("files that come and go", |folder, _, round| {
            let file = folder.join(format!("tmp{round}"));
            fs::write(&file, "x").unwrap();
            fs::remove_file(file).unwrap();
        }),
        ("a fixture that is replaced", |folder, text, _| {
            replace(&folder.join("busy.json"), text);
        }),
        ("a fixture that is written", |folder, text, _| {
            fs::write(folder.join("busy.json"), text).unwrap();
        }),
    ];
    at_once(acts.map(|(what, act)| {
        move || {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("seed.json");
            fs::write(&file, fixture("First")).unwrap();
            act(folder.path(), &other(0), 0);
            for watched in [file.as_path(), folder.path()] {
                fs::write(&file, fixture("First")).unwrap();
                let server = watching(&[watched]);
                let busy = folder.path().to_owned();
                let _busy = Busy::with(move |round| act(&busy, &other(round), round));
                for round in ["Second", "Third"] {
                    fs::write(&file, fixture(round)).unwrap();
                    until(what, || name(&server).as_deref() == Some(round));
                }
                let told = said(server);
                let is_loaded = |line: &String| line.contains("fixtures reloaded");
                assert!(told.iter().all(is_loaded), "{what}: {told:?}");
            }
        }
    }));
}

/// The number of polls, by the voluntary context switches of the watching thread: it sleeps after each.
#[cfg(target_os = "linux")]
fn looks(server: &Server) -> u64 {
    let status = fs::read_to_string(watcher(server).join("status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

/// Linux's status of the watching thread.
#[cfg(target_os = "linux")]
fn watcher(server: &Server) -> PathBuf {
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    let mut tasks = tasks.map(|task| task.unwrap().path());
    let watch = tasks.find(|task| fs::read_to_string(task.join("comm")).unwrap() == "watch\n");
    watch.expect("there is such a thread")
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_watch_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("file.json"), fixture("First")).unwrap();
    fs::write(
        path("folder/a.json"),
        r#"{"version":1,"organizations":[{"id":"a"}]}"#,
    )
    .unwrap();
    fs::write(
        path("folder/b.json"),
        r#"{"version":1,"organizations":[{"id":"b"}]}"#,
    )
    .unwrap();
    symlink("folder/a.json", path("link.json")).unwrap();
    let mut server = watching(&[&path("file.json"), &path("folder"), &path("none.json")]);
    fs::write(path("file.json"), fixture("Second")).unwrap();
    server.says("fixtures reloaded");
    let reads = |server: &Server| {
        let io = fs::read_to_string(watcher(server).join("io")).unwrap();
        let of = |what: &str| -> u64 {
            let line = io.lines().find_map(|line| line.strip_prefix(what)).unwrap();
            line.trim().parse().unwrap()
        };
        (of("rchar:"), of("syscr:"), of("wchar:"))
    };
    let looked = |more: u64| {
        let before = looks(&server);
        until("a look", || looks(&server) >= before + more);
    };
    // A file that was written a moment ago may be read once more.
    looked(3);
    let before = reads(&server);
    looked(8);
    assert_eq!(reads(&server), before);
    // The same count sees a read.
    fs::write(path("file.json"), fixture("Third")).unwrap();
    until_loaded(&server, "Third");
    assert_ne!(reads(&server), before);
}

/// A bind mount in the place of a folder, and of a file.
#[cfg(target_os = "linux")]
#[test]
fn a_change_is_loaded_through_a_mount() {
    let may = Command::new("unshare").args(["-rm", "true"]).output();
    if !may.is_ok_and(|may| may.status.success()) {
        return; // This machine gives no mounts of one's own.
    }
    for (what, watched) in [("folder", "seed"), ("file", "seed/seed.json")] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (place, text) in [("seed", "First"), ("other", "Second")] {
            fs::create_dir(path(place)).unwrap();
            fs::write(path(place).join("seed.json"), fixture(text)).unwrap();
        }
        let script = r#"
            mkfifo go
            (cat go; mount --bind "other${1#seed}" "$1"; cat go; umount "$1") >/dev/null &
            exec "$0" --port 0 --watch --fixtures "$1""#;
        let mut command = Command::new("unshare");
        command
            .args([
                "-rm",
                "sh",
                "-c",
                script,
                env!("CARGO_BIN_EXE_tallyfy-mock"),
                watched,
            ])
            .current_dir(&folder)
            .stdin(Stdio::null());
        let server = Server::start(command);
        until_loaded(&server, "First");
        fs::write(path("go"), "").unwrap();
        until_loaded(&server, "Second");
        fs::write(path("other/seed.json"), fixture("Third")).unwrap();
        until(what, || name(&server).as_deref() == Some("Third"));
        fs::write(path("go"), "").unwrap();
        until_loaded(&server, "First");
    }
}

/// Its exit status; it is killed if it hangs.
fn finished(mut command: Command) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("it hangs");
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let made = Command::new("mkfifo")
        .arg(path("pipe.json"))
        .status()
        .unwrap();
    assert!(made.success());
    fs::create_dir(path("folder")).unwrap();
    fs::rename(path("pipe.json"), path("folder/pipe.json")).unwrap();
    symlink("folder/pipe.json", path("link.json")).unwrap();
    let _socket = UnixListener::bind(path("socket.json")).unwrap();
    for (refused, message) in [
        (
            path("folder/pipe.json"),
            "folder/pipe.json: is a named pipe; expected a file",
        ),
        (
            path("folder"),
            "folder/pipe.json: is a named pipe; expected a file",
        ),
        (
            path("link.json"),
            "link.json: is a named pipe; expected a file",
        ),
        (
            path("socket.json"),
            "socket.json: is a socket; expected a file",
        ),
        (
            "/dev/null".into(),
            "/dev/null: is a device; expected a file",
        ),
        (
            "/dev/zero".into(),
            "/dev/zero: is a device; expected a file",
        ),
        // The tests have no standard input.
        (
            "/dev/stdin".into(),
            "/dev/stdin: is a device; expected a file",
        ),
    ] {
        let refused = refused.to_str().unwrap();
        for arguments in [
            vec!["validate", refused],
            vec!["--port", "0", "--fixtures", refused],
            vec!["--port", "0", "--watch", "--fixtures", refused],
        ] {
            let output = finished(command(&arguments));
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            assert!(
                stderr(&output).contains(message),
                "{arguments:?}: {}",
                stderr(&output)
            );
        }
    }
    // A pipe that replaces a fixture blocks nothing either.
    let file = path("seed.json");
    fs::write(&file, fixture("First")).unwrap();
    let mut server = watching(&[&file]);
    fs::rename(path("folder/pipe.json"), &file).unwrap();
    let told = server.says("fixtures not reloaded");
    assert!(told.contains("is a named pipe"), "{told}");
    replace(&file, &fixture("Second"));
    until_loaded(&server, "Second");
}

#[test]
fn a_stream_is_read_once_and_a_reload_takes_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("first.json"), fixture("First")).unwrap();
    fs::write(
        path("file.json"),
        r#"{"version":1,"organizations":[{"id":"file","name":"One"}]}"#,
    )
    .unwrap();
    let binary = env!("CARGO_BIN_EXE_tallyfy-mock");
    for script in [
        r#"exec "$0" --port 0 --watch --fixtures <(cat first.json) --fixtures file.json"#,
        r#"exec "$0" --port 0 --watch --fixtures /dev/stdin --fixtures file.json < <(cat first.json)"#,
        r#"exec "$0" --port 0 --watch --fixtures /dev/fd/0 --fixtures file.json <first.json"#,
        r#"exec "$0" --port 0 --watch --fixtures /proc/self/fd/9 --fixtures file.json 9<first.json"#,
        r#"exec "$0" --port 0 --watch --fixtures file.json --fixtures /dev/stdin <<<"$(cat first.json)""#,
    ] {
        fs::write(
            path("file.json"),
            r#"{"version":1,"organizations":[{"id":"file","name":"One"}]}"#,
        )
        .unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-c", script, binary])
            .current_dir(&folder)
            .stdin(Stdio::null());
        let mut server = Server::start(bash);
        assert_eq!(name(&server).as_deref(), Some("First"), "{script}");
        fs::write(
            path("file.json"),
            r#"{"version":1,"organizations":[{"id":"file","name":"Two"}]}"#,
        )
        .unwrap();
        server.says("fixtures reloaded");
        let file: Value = server.get("/organizations/file").json().unwrap();
        assert_eq!(file["data"]["name"], "Two", "{script}");
        assert_eq!(name(&server).as_deref(), Some("First"), "{script}");
        server.signal("HUP");
        server.says("fixtures reloaded");
        assert_eq!(name(&server).as_deref(), Some("First"), "{script}");
    }
    let mut bash = Command::new("bash");
    let script = r#""$0" validate <(cat first.json) && "$0" validate /dev/stdin <first.json"#;
    bash.args(["-c", script, binary])
        .current_dir(&folder)
        .stdin(Stdio::null());
    let valid = finished(bash);
    assert!(valid.status.success(), "{}", stderr(&valid));
}
