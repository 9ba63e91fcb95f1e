"""The pytest plugin: a mock for the session, and an organization for each test."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ._errors import TallyfyMockError
from ._org import TallyfyOrg
from ._report import report
from ._server import TallyfyMock

_MARK = "tallyfy"
_HELP = (
    f"{_MARK}(edition=None, fixtures=None, org=None): the mock of this test follows that edition, or starts with those "
    "fixtures (a path from the test's folder); `org` is one of the fixtures' organizations, for `tallyfy_org`"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options for the mock that the session starts."""
    group = parser.getgroup("tallyfy-mock")
    group.addoption(
        "--tallyfy-mock-bin", metavar="PATH", help="the binary [default: $TALLYFY_MOCK_BIN, or the package's]"
    )
    group.addoption(
        "--tallyfy-mock-arg",
        metavar="ARG",
        action="append",
        default=[],
        help="a further argument for it, such as --tallyfy-mock-arg=--strict; repeatable",
    )
    group.addoption(
        "--tallyfy-mock-seed", metavar="N", type=int, help="ids repeat at every run, those of organizations too"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", _HELP)


class _Mocks:
    """The mocks of a session: one of each kind that a test asks for."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._started: dict[tuple[str | None, str | None], TallyfyMock] = {}

    def of(self, edition: str | None = None, fixtures: str | None = None) -> TallyfyMock:
        kind = (edition, fixtures)
        if kind not in self._started:
            option = self._config.getoption
            with _told():
                self._started[kind] = TallyfyMock.start(
                    edition=edition,
                    fixtures=fixtures or (),
                    seed=option("--tallyfy-mock-seed"),
                    args=option("--tallyfy-mock-arg") or (),
                    binary=option("--tallyfy-mock-bin"),
                )
        return self._started[kind]

    def stop(self) -> None:
        for mock in self._started.values():
            mock.stop()


class _Watched:
    """An organization, and where the journal stood when its test began."""

    def __init__(self, org: TallyfyOrg) -> None:
        self.org = org
        last = org.mock.requests(limit=1) if org.mock.is_own else []
        self._since = last[-1]["id"] if last else 0

    def told(self) -> str:
        try:
            return report(self.org, self._since)
        except TallyfyMockError as error:
            return str(error)


_WATCHED = pytest.StashKey[_Watched]()


@pytest.fixture(scope="session")
def _tallyfy_mocks(pytestconfig: pytest.Config) -> Iterator[_Mocks]:
    mocks = _Mocks(pytestconfig)
    yield mocks
    mocks.stop()


@pytest.fixture(scope="session")
def tallyfy_mock(_tallyfy_mocks: _Mocks) -> TallyfyMock:
    """The session's mock: a `tallyfy_mock.TallyfyMock`. Where TALLYFY_MOCK_URL is set, the one that runs there."""
    return _tallyfy_mocks.of()


@pytest.fixture
def tallyfy_org(_tallyfy_mocks: _Mocks, request: pytest.FixtureRequest) -> Iterator[TallyfyOrg]:
    """An organization of this test's own: a `tallyfy_mock.TallyfyOrg`. It is reset at the end."""
    asked = _asked(request.node)
    mock = _tallyfy_mocks.of(asked.get("edition"), asked.get("fixtures"))
    with _told():
        org = mock.org(asked.get("org"), name=request.node.nodeid)
        request.node.stash[_WATCHED] = _Watched(org)
    yield org
    with _told():
        org.reset()


@pytest.fixture
def tallyfy_env(tallyfy_org: TallyfyOrg, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Sets the variables that clients read, for the organization of this test; gives them back.

    A secret for Tallyfy that you have set by another name is replaced as well, and no proxy is asked for this machine.
    """
    variables = {name: tallyfy_org.token for name in os.environ if _is_secret(name)}
    variables.update(tallyfy_org.env)
    for name in ("NO_PROXY", "no_proxy"):
        variables[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1,::1"]))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuses a test that asks for a mock of its own kind, and would talk to the session's."""
    is_of_a_kind = {"edition", "fixtures"} & _asked(item).keys()
    if is_of_a_kind and "tallyfy_mock" in getattr(item, "fixturenames", ()):
        pytest.fail(
            "`tallyfy_mock` is the session's, not the one that the marker asks for: that is `tallyfy_org.mock`",
            pytrace=False,
        )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    """Adds to the report of a failing test what its organization was asked."""
    outcome = yield
    result: pytest.TestReport = outcome.get_result()
    watched = item.stash.get(_WATCHED, None)
    if watched and result.failed and result.when != "teardown":
        title = f"tallyfy-mock: organization {watched.org.id} on {watched.org.base_url}"
        result.sections.append((title, watched.told()))


def _asked(item: pytest.Item) -> dict[str, Any]:
    """What the markers of a test, its class and its module say; the nearest one wins."""
    asked: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(_MARK))):
        unknown = sorted(marker.kwargs.keys() - {"edition", "fixtures", "org"})
        if marker.args or unknown:
            pytest.fail(f"the marker is {_HELP}; it has no {', '.join(unknown) or repr(marker.args)}", pytrace=False)
        asked.update(marker.kwargs)
    if asked.get("fixtures"):
        asked["fixtures"] = os.fspath(item.path.parent / asked["fixtures"])
    return asked


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong is told in its own sentence, without where in this package it was."""
    try:
        yield
    except TallyfyMockError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _is_secret(name: str) -> bool:
    """Whether a variable holds what lets somebody into Tallyfy: as `tallyfy-mock exec` has it."""
    name = name.upper()
    words = "TOKEN|KEY|SECRET|PASSWORD|PASSWD|BEARER|AUTH|CREDENTIAL"
    return "TALLYFY" in name and not name.startswith("TALLYFY_MOCK_") and bool(re.search(words, name))
