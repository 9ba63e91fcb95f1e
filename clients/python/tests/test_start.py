"""How a mock starts and ends, and what is said where it does not."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tallyfy_mock import TallyfyMock, TallyfyMockError, __version__
from tallyfy_mock._binary import find_binary


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these starts a mock of its own."""
    monkeypatch.delenv("TALLYFY_MOCK_URL", raising=False)


def program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def why(binary: object, **options: object) -> str:
    with pytest.raises(TallyfyMockError) as error:
        TallyfyMock.start(binary=str(binary), **options)  # type: ignore[arg-type]
    return str(error.value)


def test_a_mock_starts_and_stops() -> None:
    with TallyfyMock.start(edition="2025-08") as mock:
        assert (mock.version, mock.edition, mock.is_own) == (__version__, "2025-08", True)
        mock.org().seed(groups=[{"name": "Sales"}])
    with pytest.raises(TallyfyMockError, match="the mock has ended with exit code 0"):
        mock.reset()


def test_the_binary_is_missing_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there_is_none = why(tmp_path / "none")
    assert there_is_none == f"there is no `{tmp_path}/none`: `pip install --force-reinstall tallyfy-mock`"
    monkeypatch.setenv("TALLYFY_MOCK_BIN", f"{tmp_path}/none")
    with pytest.raises(TallyfyMockError, match="unset TALLYFY_MOCK_BIN to use the one of the package, or `pip install"):
        TallyfyMock.start()

    plain = program(tmp_path / "plain", "", 0o644)
    assert f"`{plain}` is not executable: `chmod +x` it, or " in why(plain)
    assert "cannot be started (Permission denied)" in why(tmp_path)
    other = program(tmp_path / "other", "\x7fELF of another machine")
    assert f"`{other}` is no program for this machine (Linux " in why(other)
    assert "\n" not in why(other)


def test_a_package_without_its_binary_names_the_wheel(tmp_path: Path) -> None:
    package = Path(find_binary()) and Path(sys.modules["tallyfy_mock"].__file__ or "").parent
    code = f"""
        import shutil, sys
        shutil.copytree({str(package)!r}, {str(tmp_path / "site" / "tallyfy_mock")!r})
        sys.path.insert(0, {str(tmp_path / "site")!r})
        import importlib.metadata
        importlib.metadata.version = lambda name: "9.9.9"
        importlib.metadata.files = lambda name: None
        import tallyfy_mock
        tallyfy_mock.TallyfyMock.start()
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALLYFY_MOCK_")}
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], env=environment, capture_output=True, text=True)
    last = run.stderr.strip().splitlines()[-1]
    assert "there is no `tallyfy-mock` beside the package" in last
    assert "install the wheel for Linux " in last and "or name a binary in TALLYFY_MOCK_BIN" in last


def test_a_binary_that_is_older_than_the_package(tmp_path: Path) -> None:
    fails = program(tmp_path / "fails", '#!/bin/sh\n[ "$1" = --version ] && echo tallyfy-mock 0.0.9 && exit\nexit 2\n')
    older = f"`{fails}` is tallyfy-mock 0.0.9, older than the Python package {__version__}: "
    assert why(fails).startswith(older)

    server = tmp_path / "server.py"
    server.write_text(
        textwrap.dedent(
            """
            import http.server, json, sys, threading
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = json.dumps({"name": "tallyfy-mock", "version": "0.0.9", "edition": "2026-03"}).encode()
                    self.send_response(200), self.end_headers(), self.wfile.write(body)
                def log_message(self, *_): pass
            server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(f"tallyfy-mock is ready on http://127.0.0.1:{server.server_port}", flush=True)
            sys.stdin.read()
            """
        )
    )
    starts = program(tmp_path / "starts", f"#!/bin/sh\nexec {sys.executable} {server}\n")
    assert why(starts).startswith(older.replace("fails", "starts"))


def test_a_program_that_is_no_mock(tmp_path: Path) -> None:
    answers = '#!/bin/sh\n[ "$1" = --version ] && exit\n'
    silent = program(tmp_path / "silent", f"{answers}exit 0\n")
    assert why(silent) == f"`{silent}` did not start: it ended with exit code 0"
    talks = program(tmp_path / "talks", f"{answers}echo hello; exec sleep 60\n")
    assert why(talks) == f"`{talks}` did not start: it said `hello` and not where it listens"
    waits = program(tmp_path / "waits", f"{answers}echo deep in thought >&2; exec sleep 60\n")
    assert why(waits, timeout=1) == f"`{waits}` did not start: it was not ready within 1 s; it said:\ndeep in thought"


def test_a_mock_that_does_not_start_says_why(tmp_path: Path) -> None:
    fixture = tmp_path / "typo.json"
    fixture.write_text('{"version": 1, "organizations": [{"id": "acme", "groups": [{"nme": "B"}]}]}')
    with pytest.raises(TallyfyMockError) as error:
        TallyfyMock.start(fixtures=fixture)
    assert f"{fixture}: organizations[0].groups[0].nme: unknown key; did you mean `name`?" in str(error.value)
    assert "it ended with exit code 1; it said:" in str(error.value)
    with pytest.raises(TallyfyMockError, match="unexpected argument '--edtion'"):
        TallyfyMock.start(args=["--edtion=2026-03"])
    with pytest.raises(TallyfyMockError, match="invalid value '2020-01'"):
        TallyfyMock.start(edition="2020-01")


def test_a_mock_that_died_is_told_with_its_last_words() -> None:
    mock = TallyfyMock.start(args=["--log-level=info"])
    org = mock.org()
    assert mock._control.process is not None
    os.kill(mock._control.process._child.pid, signal.SIGKILL)
    with pytest.raises(TallyfyMockError, match=r"the mock has ended with exit code -9; it said:\n(.*\n)*.*base URL"):
        org.groups()
    mock.stop()


def test_what_it_says_is_taken_and_bounded() -> None:
    with TallyfyMock.start(args=["--log-level=debug"]) as mock:
        org = mock.org()
        for _ in range(3):
            org.fault(id="x" * 200, operation="groups.list", status=500)
        assert "base URL" in mock.log
        mock._control.process._said += b"x" * 100_000  # type: ignore[union-attr]
    assert len(mock.log) <= 164 * 1024


def test_the_control_token_is_passed_on_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "only-for-the-two-of-us"
    for given in ({"control_token": secret}, {}):
        if not given:
            monkeypatch.setenv("TALLYFY_MOCK_CONTROL_TOKEN", secret)
        with TallyfyMock.start(args=["--log-level=debug"], **given) as mock:  # type: ignore[arg-type]
            org = mock.org()
            assert org.groups() == []
            shown = [repr(mock), repr(org), repr(vars(mock)), repr(vars(mock._control)), mock.log, org.token]
            child = mock._control.process._child  # type: ignore[union-attr]
            shown.append(Path(f"/proc/{child.pid}/cmdline").read_text())
            monkeypatch.delenv("TALLYFY_MOCK_CONTROL_TOKEN", raising=False)
            with pytest.raises(TallyfyMockError, match="TALLYFY_MOCK_CONTROL_TOKEN") as refused:
                TallyfyMock.connect(mock.url).org()
            shown.append(str(refused.value))
            assert TallyfyMock.connect(mock.url, control_token=secret).org().groups() == []
            with pytest.raises(TallyfyMockError) as wrong:
                TallyfyMock.connect(mock.url, control_token=secret + "!").org()
            assert secret not in "".join([*shown, str(wrong.value)])
    with pytest.raises(TallyfyMockError, match="^the control token has characters that no header can carry$"):
        TallyfyMock.connect("http://127.0.0.1:1", control_token=f"{secret}\n")


def test_a_mock_that_runs_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with TallyfyMock.start() as running:
        for url in (running.url, f"{running.url}/", f"{running.url}/api"):
            monkeypatch.setenv("TALLYFY_MOCK_URL", url)
            with TallyfyMock.start() as taken:
                assert (taken.url, taken.is_own) == (running.url, False)
        assert TallyfyMock.connect().org().groups() == []
        for options in ({"edition": "2025-08"}, {"fixtures": "a.json"}, {"args": ["--strict"]}, {"binary": "mock"}):
            with pytest.raises(
                TallyfyMockError, match=f"`{next(iter(options))}` cannot be had of the mock that TALLYFY"
            ):
                TallyfyMock.start(**options)
        assert running.org().groups() == [], "whoever did not start it does not stop it"
    with pytest.raises(TallyfyMockError, match="there is no mock to be reached on http://127.0.0.1"):
        TallyfyMock.start()
    for wrong in ("127.0.0.1:8255", "https://go.tallyfy.com", "http://127.0.0.1:port", "http://localhost:1/groups"):
        with pytest.raises(TallyfyMockError, match="is no URL of a mock"):
            TallyfyMock.connect(wrong)


def test_organizations_never_collide_unless_they_are_to_repeat() -> None:
    with TallyfyMock.start() as mock:
        assert len({mock.org().id for _ in range(50)} | {TallyfyMock.connect(mock.url).org().id}) == 51
        assert mock.org(name="tests/test a.py::a[ä]").id.startswith("tests-test-a-py-a-")
    ids = []
    for _ in range(2):
        with TallyfyMock.start(seed=7) as mock:
            ids.append([mock.org(name=name).id for name in ("a", "a", "b")])
    assert ids[0] == ids[1] and len(set(ids[0])) == 3


DECLARED = """{"version": 1, "organizations":
    [{"id": "acme", "users": [{"id": 1, "role": "admin"}, {"id": 2}]}, {"id": "globex"}]"""
TOKENS = """, "tokens": [{"token": "light", "user": 2, "organizations": ["acme"]},
    {"token": "old", "user": 1, "organizations": ["acme"], "expires_at": "2020-01-01T00:00:00Z"},
    {"token": "admin", "user": 1, "organizations": ["acme"]}]"""


def test_where_the_fixtures_declare_organizations_these_are_what_there_is(tmp_path: Path) -> None:
    fixture = tmp_path / "world.json"
    fixture.write_text(DECLARED + "}")
    with TallyfyMock.start(fixtures=fixture) as mock:
        with pytest.raises(
            TallyfyMockError, match="no `template`; the mock's fixtures declare these: `acme`, `globex`"
        ):
            mock.org()
        with pytest.raises(TallyfyMockError, match="there is no organization `acm`; the mock's fixtures declare these"):
            mock.org("acm")
        acme = mock.org("acme")
        acme.seed(groups=[{"name": "Sales"}])
        acme.reset()
        assert acme.groups() == []

    fixture.write_text(DECLARED + ', "template": {}}')
    with TallyfyMock.start(fixtures=fixture) as mock:
        assert mock.org().groups() == []


def test_where_tokens_are_declared_one_is_taken_that_is_good(tmp_path: Path) -> None:
    fixture = tmp_path / "world.json"
    fixture.write_text(DECLARED + TOKENS + ', "template": {}}')
    with TallyfyMock.start(fixtures=fixture) as mock:
        acme = mock.org("acme")
        assert acme.token == "admin"
        with pytest.raises(TallyfyMockError, match=r"none is good for .* \(those are: `acme`\), or declare a token wi"):
            mock.org()
        with pytest.raises(TallyfyMockError, match="none is good for the organization `globex`"):
            mock.org("globex")


def gone(pid: int) -> bool:
    """Whether a process ends within thirty seconds."""
    return subprocess.run(["timeout", "30", "tail", "--pid", str(pid), "-f", "/dev/null"]).returncode == 0


@pytest.mark.parametrize("args", [[], ["-n", "1"]])
def test_no_orphan_is_left_when_the_run_is_killed(tmp_path: Path, args: list[str]) -> None:
    test = tmp_path / "test_killed.py"
    test.write_text(
        textwrap.dedent(
            """
            import threading
            def test_that_hangs(tallyfy_mock, tallyfy_org):
                with open("pid", "w") as told:
                    print(tallyfy_mock._control.process._child.pid, file=told)
                threading.Event().wait()
            """
        )
    )
    os.mkfifo(tmp_path / "pid")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *args, str(test)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path) as run:
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
        run.kill()
    assert gone(pid)


def test_a_forked_child_does_not_stop_its_parents_mock() -> None:
    with TallyfyMock.start() as mock:
        child = os.fork()
        if child == 0:
            mock.stop()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert mock.org().groups() == []


def test_the_command_is_run_by_its_module() -> None:
    command = [sys.executable, "-m", "tallyfy_mock"]
    shown = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == f"tallyfy-mock {__version__}"
    environment = {**os.environ, "TALLYFY_MOCK_BIN": "/none"}
    missing = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert missing.returncode == 1
    assert missing.stderr.startswith("error: there is no `/none`: unset TALLYFY_MOCK_BIN")


def test_the_binary_of_the_package_is_executable() -> None:
    if "TALLYFY_MOCK_BIN" not in os.environ:
        assert os.stat(find_binary()).st_mode & stat.S_IXUSR
