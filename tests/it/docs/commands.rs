//! Every command of a page is run, and prints what the page says.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use tallyfy_mock::fixture::Fixture;

use super::{
    pages::{Block, Page, for_users},
    quotes::is_quote,
};

/// The port that pages speak of; a test's mock has another.
const PORT: &str = "8255";
/// Where the log of a page's mocks goes.
const LOG: &str = "mock.log";
const BINARY: &str = env!("CARGO_BIN_EXE_tallyfy-mock");

/// Commands and snippets that no test here runs, as they need a container engine: how many a page has.
const WITH_ENGINE: &[(&str, usize)] = &[
    ("README.md", 1),
    // Three commands, and what is for Java, Go and .NET.
    ("docs/containers.md", 6),
    ("docs/exec.md", 1),
    ("docs/pull.md", 1),
    ("docs/real-host.md", 2),
    ("docs/scaling.md", 1),
    ("docs/troubleshooting.md", 2),
];

/// What `sh` blocks may say beside `docker`, and what runs it.
const RUN_ELSEWHERE: &[(&str, &str)] = &[
    ("pip install tallyfy-mock", ".ci/clients, from a file"),
    (
        "npm install --save-dev tallyfy-mock",
        ".ci/clients, from files",
    ),
    ("cargo run", "each test that starts the binary"),
    ("cargo test", "this very test"),
    ("cargo install --locked --path .", "the same build"),
    (
        "tallyfy-mock pull --org YOUR_ORGANIZATION -o fixture.json",
        "the same against a mock, below it",
    ),
    (
        "TALLYFY_API_TOKEN=… tallyfy-mock drift --org ID",
        "tests/it/drift/, against mocks: nothing here reaches the real host",
    ),
    ("tallyfy-mock openapi > tallyfy.json", ".ci/contract"),
    (
        "npx --yes openapi-typescript@7.13.0 tallyfy.json -o tallyfy.d.ts",
        ".ci/contract",
    ),
    (
        "openapi-python-client generate --path tallyfy.json --output-path client",
        ".ci/contract",
    ),
    (
        "npx --yes -p openapi-to-postmanv2@6.3.3 openapi2postmanv2 -s tallyfy.json -o postman.json",
        ".ci/contract",
    ),
];

/// Which tests of the packages run what the pages show of a language.
const RUN_BY_PACKAGES: &[(&str, &[(&str, &str)])] = &[
    (
        "clients/python/tests/test_docs.py",
        &[
            ("README.md", "python"),
            ("docs/python.md", "python"),
            ("docs/python.md", "report"),
        ],
    ),
    (
        "clients/js/test/runners/docs.test.mjs",
        &[
            ("README.md", "js"),
            ("docs/javascript.md", "js"),
            ("docs/javascript.md", "report"),
        ],
    ),
];

/// Whether a package's tests run the blocks in that language on that page, and name it.
fn is_run_by_package(page: &str, language: &str) -> bool {
    let runs = |(_, blocks): &&(&str, &[(&str, &str)])| blocks.contains(&(page, language));
    let Some((tests, _)) = RUN_BY_PACKAGES.iter().find(runs) else {
        return false;
    };
    let tests = Page::read(tests).text;
    [format!("\"{page}\""), format!("'{page}'")]
        .iter()
        .any(|named| tests.contains(named))
}

/// Whether the text is the pattern's, in which `…` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let (first, rest) = pattern.split_once('…').unwrap_or((pattern, "\0"));
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    if rest == "\0" {
        return text.is_empty();
    }
    let mut parts: Vec<&str> = rest.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else {
            return false;
        };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

#[test]
fn a_pattern_is_the_whole_text() {
    for (pattern, text, is_it) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("", "", true),
        ("", "a", false),
        ("a…c", "abc", true),
        ("a…c", "ac", true),
        ("a…c", "acd", false),
        ("a…", "abc", true),
        ("…c", "abc", true),
        ("a…ab…b", "aab", false),
        ("a…b…c", "a-b-c", true),
        ("a…b…c", "a-c-b", false),
    ] {
        assert_eq!(matches(pattern, text), is_it, "{pattern} {text}");
    }
}

/// A mock on a free port; it ends with this value.
struct Server {
    process: Child,
    port: String,
}

impl Server {
    /// What a page's command starts, on a free port whatever it says.
    fn start(command: &str, folder: &Path) -> Self {
        let command = command.replace(&format!(" --port {PORT}"), "");
        let mut options = File::options();
        let log = options.append(true).create(true).open(folder.join(LOG));
        let mut process = bash(&format!("exec {command} --port 0"), folder)
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut ready).unwrap();
        let (said, port) = ready.trim_end().rsplit_once(':').unwrap_or_default();
        assert_eq!(
            said, "tallyfy-mock is ready on http://127.0.0.1",
            "{command}"
        );
        let port = port.to_owned();
        Self { process, port }
    }
}

impl Drop for Server {
    /// By a signal that lets it write the rest of its log.
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        Command::new("kill").arg(id).status().unwrap();
        self.process.wait().unwrap();
    }
}

/// A command in bash that finds the mock's binary by its name.
fn bash(command: &str, folder: &Path) -> Command {
    let binaries = Path::new(BINARY).parent().unwrap();
    let mut path = binaries.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.args(["-c", command]);
    bash.current_dir(folder).env("PATH", path);
    bash
}

/// A folder with the repository's fixtures, and the mock that a page's commands ask.
struct Shell {
    folder: tempfile::TempDir,
    server: Server,
}

impl Shell {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixtures = folder.path().join("fixtures");
        fs::create_dir(&fixtures).unwrap();
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/demo.json");
        fs::copy(ours, fixtures.join("demo.json")).unwrap();
        let server = Server::start("tallyfy-mock", folder.path());
        Self { folder, server }
    }

    /// What a command prints, on stdout and stderr, and whether it ends with 0.
    fn run(&self, command: &str) -> (String, bool) {
        let port = &self.server.port;
        let command = format!("exec 2>&1; {}", command.replace(PORT, port));
        let run = bash(&command, self.folder.path()).output().unwrap();
        let printed = String::from_utf8(run.stdout).unwrap();
        (printed.replace(port, PORT), run.status.success())
    }

    /// Runs the commands of a `console` block; gives how many there are.
    fn run_block(&mut self, page: &str, block: &Block<'_>) -> usize {
        let steps = block.text.strip_prefix("$ ");
        let steps = steps.unwrap_or_else(|| panic!("{page}: a block starts with a command"));
        let mut commands = 0;
        for step in steps.split("\n$ ") {
            let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
            let printed = if let Some(command) = command.strip_suffix(" &") {
                self.server = Server::start(command, self.folder.path());
                format!("tallyfy-mock is ready on http://127.0.0.1:{PORT}")
            } else {
                self.run(command).0
            };
            assert!(
                matches(expected.trim_end(), printed.trim_end()),
                "$ {command}\n{printed}\nbut {page} says\n{expected}"
            );
            commands += 1;
        }
        commands
    }

    /// The log of all mocks that there were; the last one ends for it.
    fn log(self) -> String {
        drop(self.server);
        fs::read_to_string(self.folder.path().join(LOG)).unwrap()
    }

    /// Runs the commands that stand in cells of tables: they are not refused.
    fn run_cells(&self, page: &Page) -> usize {
        let prose = page.prose();
        let rows = prose.lines().filter(|line| line.starts_with('|'));
        let cells = rows.flat_map(|row| row.split('|').map(str::trim));
        let cells = cells.filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'));
        let mut commands = 0;
        for command in cells {
            if command.starts_with("tallyfy-mock --") {
                drop(Server::start(command, self.folder.path()));
            } else if command.starts_with("tallyfy-mock ") {
                let (printed, is_done) = self.run(command);
                assert!(is_done, "{}: $ {command}\n{printed}", page.path);
            } else if command.starts_with("curl ") {
                let (printed, is_done) = self.run(&command.replacen("curl", "curl -sS", 1));
                let is_refused = printed.contains("\"about:blank\"");
                let path = &page.path;
                assert!(is_done && !is_refused, "{path}: $ {command}\n{printed}");
            } else if command.contains("=any tallyfy-mock ") {
                let (printed, is_done) = self.run(command);
                assert!(is_done, "{}: $ {command}\n{printed}", page.path);
            } else {
                continue;
            }
            commands += 1;
        }
        commands
    }
}

#[test]
fn every_command_prints_what_its_page_says() {
    for page in for_users() {
        let blocks = page.blocks();
        let mut consoles = blocks
            .iter()
            .filter(|block| block.language == "console")
            .peekable();
        let mut shell = Shell::start();
        let mut commands = shell.run_cells(&page);
        let has_consoles = consoles.peek().is_some();
        for block in consoles {
            commands += shell.run_block(&page.path, block);
        }
        // A page that shows commands has them found.
        let prompts = page.text.matches("\n$ ").count();
        assert!(commands >= prompts, "{}: {prompts} prompts", page.path);
        assert!(!has_consoles || commands > 0, "{}", page.path);
        // What a page shows of the log is in it.
        let log = shell.log();
        let texts = blocks.iter().filter(|block| block.language == "text");
        for block in texts.filter(|block| !is_quote(block)) {
            for line in block.text.lines() {
                let is_there = log.lines().any(|logged| matches(line, logged));
                assert!(is_there, "{}: `{line}` is not in\n{log}", page.path);
            }
        }
    }
}

/// The commands of the examples at the end of a command's long help.
fn examples(command: &str) -> Vec<String> {
    let help = Command::new(BINARY).args([command, "--help"]).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    let (_, examples) = help.split_once("\nExamples:\n").unwrap_or_default();
    let lines = examples.lines().take_while(|line| line.starts_with("  "));
    let commands = lines.filter(|line| !line.starts_with("   "));
    commands.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn every_example_of_help_works() {
    let help = Command::new(BINARY).arg("help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("\nCommands:\n").unwrap();
    let names = commands
        .lines()
        .map_while(|line| line.split_whitespace().next());
    let mut shell = Shell::start();
    if commands.contains("\n  ca ") {
        shell.server = Server::start("tallyfy-mock --tls", shell.folder.path());
    }
    for name in names.filter(|name| *name != "help") {
        let examples = examples(name);
        assert_eq!(examples.len(), 2, "{name}: {examples:?}");
        for example in examples {
            let words: Vec<_> = example.split(' ').collect();
            let is_served = words[0] == "tallyfy-mock" && words[1].starts_with("--");
            if is_served {
                drop(Server::start(
                    &example.replace(" --port 0", ""),
                    shell.folder.path(),
                ));
                continue;
            }
            let (printed, is_done) =
                shell.run(&format!("export TALLYFY_MOCK_PORT={PORT}; {example}"));
            assert!(is_done, "$ {example}\n{printed}");
        }
    }
}

#[test]
fn what_is_not_run_needs_a_container_engine_and_is_counted() {
    for page in for_users() {
        let mut with_engine = 0;
        for block in page.blocks().into_iter().filter(|block| !is_quote(block)) {
            match block.language {
                // `http` quotes what the vendor or its clients say.
                "console" | "text" | "rust" | "toml" | "http" => {}
                "json" => parse_json(&page.path, block.text),
                "sh" => {
                    for line in block.text.lines() {
                        let is_run = RUN_ELSEWHERE.iter().any(|(command, _)| *command == line);
                        let is_engines = line.starts_with("docker ");
                        assert!(is_run || is_engines, "{}: {line}", page.path);
                        with_engine += usize::from(is_engines);
                    }
                }
                language if is_run_by_package(&page.path, language) => {}
                "python" | "ts" | "js" | "java" | "go" | "csharp" | "yaml" => with_engine += 1,
                other => panic!("{}: nothing runs `{other}`", page.path),
            }
        }
        let counted = WITH_ENGINE.iter().find(|(path, _)| *path == page.path);
        let counted = counted.map_or(0, |(_, count)| *count);
        assert_eq!(with_engine, counted, "{}", page.path);
    }
}

/// A block of JSON is JSON, and loads where it is a fixture.
fn parse_json(page: &str, text: &str) {
    if text.contains("\"version\"") {
        Fixture::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{page}: {error}"));
    } else {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(text);
        parsed.unwrap_or_else(|error| panic!("{page}: {error}"));
    }
}

#[test]
fn rust_on_a_page_is_a_doc_test() {
    let library = Page::read("src/lib.rs").text;
    for page in for_users() {
        let has_rust = page.blocks().iter().any(|block| block.language == "rust");
        let included = format!("#[doc = include_str!(\"../{}\")]", page.path);
        assert!(!has_rust || library.contains(&included), "{}", page.path);
    }
}
