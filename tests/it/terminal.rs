//! What is said on a terminal, and what Ctrl-C does there.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader},
    os::fd::OwnedFd,
    process::{Command, Stdio},
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::binary::{Server, command};

/// A pseudo-terminal: the side of who sits there, and the side of the programs.
pub(crate) fn terminal() -> (OwnedFd, File) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let name = name.into_string().unwrap();
    let programs = OpenOptions::new().read(true).write(true).open(name);
    (terminal, programs.unwrap())
}

/// What a mock says on a terminal, of one request; a pseudo-terminal turns `\n` into `\r\n`.
fn said_on_a_terminal(no_colour: Option<&str>) -> String {
    let (terminal, end) = terminal();
    let mut command = command(&["--port", "0"]);
    command
        .stdout(Stdio::piped())
        .stderr(end)
        .env_remove("NO_COLOR");
    if let Some(value) = no_colour {
        command.env("NO_COLOR", value);
    }
    let mut mock = command.spawn().unwrap();
    // Else this process would hold the terminal's end open, and reading would never end.
    drop(command);
    let mut ready = String::new();
    BufReader::new(mock.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let url = ready
        .trim_end()
        .strip_prefix("tallyfy-mock is ready on ")
        .unwrap();
    reqwest::blocking::get(format!("{url}/api/me")).unwrap();
    let killed = Command::new("kill")
        .arg(mock.id().to_string())
        .status()
        .unwrap();
    assert!(killed.success() && mock.wait().unwrap().success());
    let (mut said, mut bytes) = (Vec::new(), [0; 4096]);
    // A terminal whose other end is closed ends with an error.
    while let Ok(count @ 1..) = rustix::io::read(&terminal, &mut bytes) {
        said.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(said).unwrap()
}

#[test]
fn a_terminal_has_colours_unless_no_color_says_otherwise() {
    for (no_colour, has_colours) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let said = said_on_a_terminal(no_colour);
        assert!(said.contains("GET /api/me"), "{said:?}");
        assert_eq!(said.contains("\x1b[33m401\x1b[0m"), has_colours, "{said:?}");
        assert_eq!(said.contains('\x1b'), has_colours, "{said:?}");
    }
    let server = Server::start(command(&["--port", "0"]));
    server.get("/api/me");
    let (_, _, stderr) = server.stop("TERM");
    assert!(!stderr.contains('\x1b'), "a pipe has none: {stderr:?}");
}

/// `exec` of a shell script, in a session of its own that has a terminal to itself.
fn exec_on_a_terminal(programs: File, script: &str) -> Command {
    let exec = command(&["exec", "--", "sh", "-c", script]);
    let mut session = Command::new("setsid");
    session.args(["--ctty", "--wait"]).arg(exec.get_program());
    session.args(exec.get_args()).stdin(programs);
    session.stdout(Stdio::piped()).stderr(Stdio::null());
    session
}

#[test]
fn ctrl_c_reaches_the_command_of_exec_and_the_mock_lives_as_long_as_the_command() {
    const CTRL_C: &[u8] = b"\x03";
    let asks = r#"curl -s "$TALLYFY_MOCK_URL/_mock/health" | cut -c 2-10"#;
    for (then, code, rest) in [
        ("exit 5", 5, vec!["\"edition\""]),
        ("echo again", 130, vec!["\"edition\"", "again"]),
    ] {
        let script = format!("trap '{asks}; {then}' INT; echo begun; while :; do sleep 0.05; done");
        let (terminal, programs) = terminal();
        let mut child = exec_on_a_terminal(programs, &script).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "begun");
        rustix::io::write(&terminal, CTRL_C).unwrap();
        for line in rest {
            assert_eq!(lines.next().unwrap().unwrap(), line);
        }
        if code == 130 {
            // The second one ends both.
            rustix::io::write(&terminal, CTRL_C).unwrap();
        }
        assert_eq!(child.wait().unwrap().code(), Some(code), "{then}");
    }
}

#[cfg(feature = "remote")]
#[test]
fn pull_tells_on_a_terminal_how_far_it_is() {
    use crate::remote::server::{Server, empty_organization, ok, say};
    let server = Server::start(|path, stream| say(stream, &ok(&empty_organization(path))));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("f.json");
    let out = out.to_str().unwrap();
    let (terminal, end) = terminal();
    let mut pull = command(&["pull", "--org", "acme", "--base", &server.base, "-o", out]);
    pull.env("TALLYFY_API_TOKEN", "t").stderr(end);
    assert!(pull.status().unwrap().success());
    drop(pull);
    let (mut said, mut bytes) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = rustix::io::read(&terminal, &mut bytes) {
        said.extend_from_slice(&bytes[..count]);
    }
    let said = String::from_utf8(said).unwrap();
    let lists =
        ["users", "guests", "groups"].map(|list| format!("\r\x1b[Kreading {list}: page 1 of 1"));
    let last = format!("\r\x1b[Kwrote {out}: groups 0, users 0, guests 0; requests 5\r\n");
    assert_eq!(said, lists.concat() + &last);
}
