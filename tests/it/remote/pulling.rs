//! The command `pull`: what it says, what it writes, and what it never does.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tallyfy_mock::TallyfyMock;

use super::server::{Server, empty_organization, head, ok, page, say};
use crate::binary::{command, fed, output, stderr};

/// The command on a base URL, with a token in a variable.
fn pull(base: &str, out: &Path, flags: &[&str]) -> Command {
    let out = out.to_str().unwrap();
    let mut pull =
        command(&[&["pull", "--org", "acme", "--base", base, "-o", out], flags].concat());
    pull.env_remove("TALLYFY_API_TOKEN")
        .env("TALLYFY_ACCESS_TOKEN", "secret-of-this-test");
    for proxy in [
        "ALL_PROXY",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "all_proxy",
        "https_proxy",
        "http_proxy",
    ] {
        pull.env_remove(proxy);
    }
    pull
}

/// What it says where it fails: one line, and nothing on stdout.
fn refused(mut pull: Command) -> String {
    let output = pull.output().unwrap();
    said(&output)
}

fn said(output: &Output) -> String {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(
        (output.stdout.len(), said.lines().count()),
        (0, 1),
        "{said}"
    );
    assert!(!said.contains("secret-of-this-test"), "{said}");
    said.trim_end().trim_start_matches("error: ").to_owned()
}

/// The names in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn empty() -> Server {
    Server::start(|path, stream| say(stream, &ok(&empty_organization(path))))
}

#[test]
fn a_mock_is_pulled_over_tls_and_served_again() {
    let mock = TallyfyMock::builder().tls().start();
    let acme = mock.org("acme");
    acme.seed(
        json!({ "users": [{ "id": 4711, "email": "ada@acme.test", "role": "admin" }],
        "groups": [{ "id": "sales-team-north", "name": "Sales Team North", "members": [4711] }] }),
    );
    let folder = tempfile::tempdir().unwrap();
    let (ca, out) = (
        folder.path().join("ca.pem"),
        folder.path().join("fixture.json"),
    );
    fs::write(&ca, mock.ca_pem().unwrap()).unwrap();
    let base = format!("{}/api", mock.uri().replace("http", "https"));
    let done = pull(&base, &out, &["--cacert", ca.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(
        (done.status.code(), done.stdout.len()),
        (Some(0), 0),
        "{}",
        stderr(&done)
    );
    assert_eq!(
        stderr(&done),
        format!(
            "wrote {}: groups 1, users 1, guests 0; requests 5\n",
            out.display()
        )
    );
    let said = stderr(&output(&["validate", out.to_str().unwrap()]));
    assert_eq!(said, "");
    let text = fs::read_to_string(&out).unwrap();
    for read in [
        "acme",
        "4711",
        "ada@",
        "sales-team-north",
        "Sales Team North",
        "secret-of-this-test",
    ] {
        assert!(!text.contains(read), "{read} is in {text}");
    }
    let again = TallyfyMock::builder()
        .fixture(serde_json::from_str::<Value>(&text).unwrap())
        .start();
    assert!(again.uri().starts_with("http://"));
    let methods: Vec<_> = acme
        .requests()
        .iter()
        .map(|request| request["method"].clone())
        .collect();
    assert_eq!(methods, ["GET"; 4], "and `/me`, which is no organization's");
    assert_eq!(names(folder.path()), ["ca.pem", "fixture.json"]);
}

#[test]
fn what_the_api_has_that_is_not_known_here_is_listed_by_its_path() {
    let server = Server::start(|path, stream| {
        let body = if path.starts_with("/organizations/acme/groups") {
            page(
                &[json!({ "id": "g", "name": "Sales Team North", "colour": "very secret red" })],
                1,
                1,
                1,
            )
        } else {
            empty_organization(path)
        };
        say(stream, &ok(&body));
    });
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.json");
    let done = pull(&server.base, &out, &[]).output().unwrap();
    assert_eq!(
        stderr(&done),
        format!(
            "not known here: groups[].colour: a text\nwrote {}: groups 1, users 0, guests 0; requests 5\n",
            out.display()
        )
    );
}

#[test]
fn no_token_and_a_bad_one_are_told_and_no_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.json");
    let server = empty();
    let without = |flags: &[&str]| {
        let mut pull = pull(&server.base, &out, flags);
        pull.env_remove("TALLYFY_ACCESS_TOKEN");
        pull
    };
    let how = "or give it to standard input with `--token-stdin`";
    assert_eq!(
        refused(without(&[])),
        format!(
            "there is no token; set the variable TALLYFY_ACCESS_TOKEN or TALLYFY_API_TOKEN, {how}"
        )
    );
    assert_eq!(
        refused(without(&["--token-env", "MINE"])),
        format!("there is no token; set the variable MINE, {how}")
    );
    assert_eq!(
        refused(without(&["--token-stdin"])),
        "there is no token in standard input"
    );
    let mut two = without(&[]);
    two.env("TALLYFY_API_TOKEN", "two words");
    assert_eq!(
        refused(two),
        "what the variable TALLYFY_API_TOKEN has is no token: expected one word of ASCII, of at most 16 KiB"
    );
    assert_eq!(server.requests(), Vec::<String>::new());
    let refusing = Server::saying(head("401 Unauthorized", ""));
    let place = refusing.base.trim_start_matches("http://");
    assert_eq!(
        refused(pull(&refusing.base, &out, &[])),
        format!(
            "GET /me: {place} refused the token (401); the variable TALLYFY_ACCESS_TOKEN has it"
        )
    );
    assert_eq!(names(folder.path()), Vec::<String>::new());

    // From standard input, with a line break at its end.
    let output = fed(without(&["--token-stdin"]), b"from-stdin\n");
    assert!(output.status.success());
    let requests = server.requests();
    assert!(
        requests.iter().all(|head| head
            .to_lowercase()
            .contains("\r\nauthorization: bearer from-stdin\r\n")),
        "{requests:?}"
    );
}

#[test]
fn a_bad_address_is_told_without_it() {
    for (base, why) in [
        (
            "http://go.tallyfy.com/api",
            "http is for this machine only, as a token would go over the network in the clear; use https",
        ),
        (
            "https://u:p@go.tallyfy.com",
            "a base URL has no user and no password; a token comes from a variable",
        ),
        (
            "go.tallyfy.com",
            "expected a URL such as `https://go.tallyfy.com/api`",
        ),
    ] {
        let arguments = ["pull", "--org", "acme", "-o", "never.json", "--base", base];
        let output = output(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stderr(&output), format!("error: `--base`: {why}\n"));
    }
}

#[test]
fn a_bad_argument_is_wrong_usage() {
    for (flag, value, said) in [
        (
            "--org",
            "../me",
            "expected 1 to 255 letters, digits, `-` or `_`",
        ),
        (
            "--timeout",
            "0s",
            "expected a duration such as `500ms`, `30s` or `2m`",
        ),
    ] {
        let org = if flag == "--org" { value } else { "acme" };
        let mut arguments = vec!["pull", "--org", org, "-o", "never.json"];
        if flag != "--org" {
            arguments.extend([flag, value]);
        }
        let output = output(&arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).trim_end().ends_with(said),
            "{}",
            stderr(&output)
        );
    }
    let output = output(&[
        "pull",
        "--org",
        "acme",
        "--token",
        "eyJ",
        "-o",
        "never.json",
    ]);
    assert_eq!(output.status.code(), Some(2), "a token is no argument");
}

#[test]
fn what_is_there_is_never_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("there.json"), "mine").unwrap();
    fs::create_dir(at("folder")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("there.json", at("link")).unwrap();
        std::os::unix::fs::symlink("nowhere.json", at("dangling")).unwrap();
    }
    let server = empty();
    let before = names(folder.path());
    for (name, said) in [
        ("there.json", "exists; `--force` replaces it"),
        ("folder", "is a folder; name a file in it"),
        ("link", "is a link; name the file itself"),
        ("dangling", "is a link; name the file itself"),
    ] {
        for flags in [&[][..], &["--force"]] {
            if name == "there.json" && !flags.is_empty() {
                continue;
            }
            let told = refused(pull(&server.base, &at(name), flags));
            assert_eq!(told, format!("`{}` {said}", at(name).display()));
        }
    }
    for (path, said) in [
        (
            "/dev/full",
            "`/dev/full` is a device or a pipe; name a file",
        ),
        ("..", "`..` is a folder; name a file in it"),
        ("/", "`/` is a folder; name a file in it"),
        ("/nowhere/f.json", "there is no folder `/nowhere`"),
        (
            "/dev/null/f.json",
            "`/dev/null/f.json` cannot be looked at: Not a directory (os error 20)",
        ),
    ] {
        assert_eq!(
            refused(pull(&server.base, Path::new(path), &["--force"])),
            said
        );
    }
    assert_eq!(
        server.requests(),
        Vec::<String>::new(),
        "that is seen before anything is asked"
    );
    assert_eq!(fs::read_to_string(at("there.json")).unwrap(), "mine");

    // A file that comes while the organization is read is there afterwards.
    let late = at("late.json");
    let made = late.clone();
    let server = Server::start(move |path, stream| {
        fs::write(&made, "mine").unwrap();
        say(stream, &ok(&empty_organization(path)));
    });
    let told = refused(pull(&server.base, &late, &[]));
    assert_eq!(
        told,
        format!("`{}` exists; `--force` replaces it", late.display())
    );
    assert_eq!(fs::read_to_string(&late).unwrap(), "mine");
    fs::remove_file(&late).unwrap();

    let mut forced = pull(&server.base, &at("there.json"), &["--force"]);
    assert!(forced.output().unwrap().status.success());
    assert!(
        fs::read_to_string(at("there.json"))
            .unwrap()
            .starts_with("{\n  \"version\": 1,")
    );
    fs::remove_file(&late).unwrap();
    assert_eq!(names(folder.path()), before, "no temporary file is left");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_no_half_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.json");
    fs::write(&out, "mine").unwrap();
    let groups: Vec<_> = (0..100).map(|i| json!({ "id": format!("g{i}"), "name": format!("Group number {i}"), "description": "x".repeat(200) })).collect();
    let server = Server::start(move |path, stream| {
        let is_groups = path.starts_with("/organizations/acme/groups");
        let body = if is_groups {
            page(&groups, 1, 100, 1)
        } else {
            empty_organization(path)
        };
        say(stream, &ok(&body));
    });
    let pull = pull(&server.base, &out, &["--force"]);
    // No file may have more than 4 blocks of 1024 bytes; that is an error and not a signal.
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""])
        .arg(pull.get_program())
        .args(pull.get_args());
    limited
        .env("TALLYFY_ACCESS_TOKEN", "t")
        .stdin(Stdio::null());
    let told = refused(limited);
    assert_eq!(
        told,
        format!(
            "cannot write `{}`: File too large (os error 27)",
            out.display()
        )
    );
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    assert_eq!(names(folder.path()), ["f.json"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_behind() {
    use std::{os::unix::process::ExitStatusExt, sync::mpsc};
    let folder = tempfile::tempdir().unwrap();
    let (asked, is_asked) = mpsc::channel();
    let (_held, let_go) = mpsc::channel::<()>();
    let (asked, let_go) = (std::sync::Mutex::new(asked), std::sync::Mutex::new(let_go));
    let server = Server::start(move |_, _| {
        asked.lock().unwrap().send(()).unwrap();
        let _ = let_go.lock().unwrap().recv();
    });
    let mut child = pull(&server.base, &folder.path().join("f.json"), &[])
        .spawn()
        .unwrap();
    is_asked.recv().unwrap();
    let sent = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn an_organization_that_no_mock_could_load_is_refused_without_a_value_of_it() {
    let server = Server::start(|path, stream| {
        let group = |id: &str| json!({ "id": id, "name": "Sales Team North" });
        let is_groups = path.starts_with("/organizations/acme/groups");
        let body = if is_groups {
            page(&[group("a"), group("b")], 1, 2, 1)
        } else {
            empty_organization(path)
        };
        say(stream, &ok(&body));
    });
    let folder = tempfile::tempdir().unwrap();
    let told = refused(pull(&server.base, &folder.path().join("f.json"), &[]));
    assert_eq!(
        told,
        "a mock could not load this organization: organizations[0].groups[1].name: The name has already been taken."
    );
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn what_stands_between_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.json");
    let through = |base: &str, proxy: &str| {
        let mut pull = pull(base, &out, &[]);
        pull.env("HTTPS_PROXY", proxy)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy");
        // Whatever this machine trusts, it is not the mock.
        pull.env_remove("SSL_CERT_FILE");
        pull
    };
    let refusing = Server::saying(head("403 Forbidden", ""));
    assert_eq!(
        refused(through("https://go.tallyfy.com/api", &refusing.base)),
        "GET /me: the proxy did not open a tunnel to go.tallyfy.com; `HTTPS_PROXY` says which proxy, `NO_PROXY=go.tallyfy.com` goes around it"
    );
    let intercepting = TallyfyMock::builder().tls().start();
    assert_eq!(
        refused(through("https://go.tallyfy.com/api", &intercepting.uri())),
        "GET /me: the certificate of go.tallyfy.com is not trusted, as where a proxy intercepts; `--cacert PATH` adds a root"
    );
    assert_eq!(
        refused(through(
            "https://go.tallyfy.com/api",
            "socks5://127.0.0.1:1"
        )),
        "the proxy of the variable HTTPS_PROXY speaks SOCKS, which is not spoken here; `NO_PROXY=go.tallyfy.com` goes around it"
    );
    assert_eq!(
        refused(through("https://go.tallyfy.com/api", "http://")),
        "the variable HTTPS_PROXY is not the URL of a proxy, such as `http://proxy:3128`"
    );
    // A label that is too long for any name: no server is asked for it.
    let long = format!("https://{}.test/api", "a".repeat(70));
    let place = long.trim_start_matches("https://").trim_end_matches("/api");
    assert_eq!(
        refused(pull(&long, &out, &[])),
        format!(
            "GET /me: the name {place} cannot be looked up; `--base` says where to ask, `HTTPS_PROXY` through whom"
        )
    );
    // This machine is reached directly, whatever the proxy.
    let server = empty();
    assert!(
        through(&server.base, &refusing.base)
            .output()
            .unwrap()
            .status
            .success()
    );
    let missing = folder.path().join("missing.pem");
    let shown = missing.display().to_string();
    assert_eq!(
        refused(pull(
            &server.base,
            &folder.path().join("g.json"),
            &["--cacert", &shown]
        )),
        format!("`--cacert {shown}` cannot be read: No such file or directory (os error 2)")
    );
    fs::write(&missing, "no PEM").unwrap();
    assert_eq!(
        refused(pull(
            &server.base,
            &folder.path().join("g.json"),
            &["--cacert", &shown]
        )),
        format!("`--cacert {shown}` has no certificate; expected PEM")
    );
}
