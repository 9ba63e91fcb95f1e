"""`TallyfyMock`: a mock that was started here, or one that runs already."""

from __future__ import annotations

import os
import re
import uuid
from collections import Counter
from collections.abc import Sequence
from os import PathLike
from types import TracebackType
from typing import Union

from ._binary import find_binary, too_old
from ._clock import Clock
from ._control import Control
from ._errors import TallyfyMockError
from ._org import TallyfyOrg
from ._process import Process
from ._tokens import token_for
from ._types import RequestEntry
from ._version import __version__, is_older

#: How much of a test's name is in the id of its organization; ids have 255 characters at most.
_LONGEST_NAME = 150

StrPath = Union[str, "PathLike[str]"]


class TallyfyMock:
    """A mock. `start` and `connect` make one; ``with`` stops it at the end."""

    def __init__(self, control: Control, seed: int | None) -> None:
        self._control = control
        self._seed = seed
        self._made: Counter[str] = Counter()
        self._handed_out: set[str] = set()
        self._is_open = False  # not yet known to be
        health = control.call("GET", "health")
        if not isinstance(health, dict) or health.get("name") != "tallyfy-mock":
            raise TallyfyMockError(f"what answers on {control.url} is no tallyfy-mock")
        #: Its version.
        self.version: str = health["version"]
        #: The edition of Tallyfy's documentation that it follows.
        self.edition: str = health["edition"]
        #: The clock of all organizations that have none of their own.
        self.clock = Clock(control, None)

    @classmethod
    def start(
        cls,
        *,
        fixtures: StrPath | Sequence[StrPath] = (),
        edition: str | None = None,
        seed: int | None = None,
        control_token: str | None = None,
        args: Sequence[str] = (),
        binary: StrPath | None = None,
        timeout: float = 10,
    ) -> TallyfyMock:
        """Starts a mock on a free port; it ends with this process, however that ends.

        Where the variable ``TALLYFY_MOCK_URL`` is set, the mock that runs there is taken instead. Then nothing may be
        asked for that only a start could give.

        :param fixtures: files or folders to load.
        :param edition: the edition to follow, such as ``2025-08``.
        :param seed: makes ids repeat, those of organizations too.
        :param control_token: what its control endpoints demand; without it, ``TALLYFY_MOCK_CONTROL_TOKEN``.
        :param args: further flags of the command.
        :param binary: the binary; without it, ``TALLYFY_MOCK_BIN``, or the one that came with this package.
        :param timeout: how long a start may take, in seconds.
        """
        paths = [fixtures] if isinstance(fixtures, (str, PathLike)) else list(fixtures)
        running = os.environ.get("TALLYFY_MOCK_URL")
        if running:
            wanted = {"fixtures": paths, "edition": edition, "args": list(args), "binary": binary}
            asked = [f"`{name}`" for name, value in wanted.items() if value]
            if asked:
                raise TallyfyMockError(
                    f"{', '.join(asked)} cannot be had of the mock that TALLYFY_MOCK_URL names ({running}): unset it, "
                    "or start that one so"
                )
            return cls.connect(running, control_token=control_token, seed=seed)
        flags = [f"--fixtures={os.fspath(path)}" for path in paths]
        if edition is not None:
            flags.append(f"--edition={edition}")
        if seed is not None:
            flags.append(f"--seed={seed}")
        token = control_token or os.environ.get("TALLYFY_MOCK_CONTROL_TOKEN")
        path = os.fspath(binary) if binary else find_binary()
        process = Process(path, [*flags, *args], _environment(token), timeout)
        try:
            mock = cls(Control(process.url, token, process), seed)
            if is_older(mock.version, __version__):
                raise too_old(f"`{path}`", mock.version, __version__, path)
        except BaseException:
            process.stop()
            raise
        return mock

    @classmethod
    def connect(
        cls, url: str | None = None, *, control_token: str | None = None, seed: int | None = None
    ) -> TallyfyMock:
        """A mock that runs already: at that URL, or where ``TALLYFY_MOCK_URL`` says. Stopping it does nothing.

        :param control_token: what its control endpoints demand; without it, ``TALLYFY_MOCK_CONTROL_TOKEN``.
        :param seed: makes the ids of organizations repeat. Suites that share a mock have to differ in it.
        """
        url = url or os.environ.get("TALLYFY_MOCK_URL")
        if not url:
            raise TallyfyMockError("which mock? Give its URL, or set TALLYFY_MOCK_URL")
        token = control_token or os.environ.get("TALLYFY_MOCK_CONTROL_TOKEN")
        mock = cls(Control(url, token), seed)
        if is_older(mock.version, __version__):
            raise too_old(f"the mock on {mock.url}", mock.version, __version__, None)
        return mock

    @property
    def url(self) -> str:
        """Where it is, such as ``http://127.0.0.1:8255``: the base URL for clients that add ``/api`` themselves."""
        return self._control.url

    @property
    def is_own(self) -> bool:
        """Whether it was started here, and is nobody else's."""
        return self._control.process is not None

    @property
    def log(self) -> str:
        """The end of what it said on standard error, if it was started here."""
        return self._control.process.said if self._control.process else ""

    def org(self, id: str | None = None, *, name: str = "org") -> TallyfyOrg:
        """An organization: the one of that id, or a fresh one that nobody else has.

        There are fresh ones where the fixtures declare none, or have a ``template``.

        :param name: what the id of a fresh one begins with, so that a person knows it again.
        """
        if id is None:
            id = self._fresh_id(name)
            if not self._is_open:
                self._check(id, "there is no fresh organization, as the fixtures have no `template`")
                self._is_open = True
        else:
            self._check(id, f"there is no organization `{id}`")
        self._handed_out.add(id)
        return TallyfyOrg(self, self._control, id, token_for(self._control, id))

    def requests(self, *, since: int | None = None, limit: int | None = None) -> list[RequestEntry]:
        """What it was asked, of all organizations and of none, the newest last."""
        found: list[RequestEntry] = self._control.call("GET", "requests", {"since": since, "limit": limit})["requests"]
        return found

    def strays(self, since: int) -> list[RequestEntry]:
        """Requests to no organization that `org` gave out, after that entry of the journal.

        There are none to be told of a mock that was not started here: they may be anybody's.
        """
        entries = self.requests(since=since) if self.is_own else []
        return [entry for entry in entries if entry["org"] not in self._handed_out]

    def reset(self) -> None:
        """Everything is as it was at the start, for everybody."""
        self._control.call("POST", "reset")

    def stop(self) -> None:
        """Ends it, if it was started here."""
        if self._control.process:
            self._control.process.stop()

    def __enter__(self) -> TallyfyMock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<TallyfyMock {self.url}>"

    def _fresh_id(self, name: str) -> str:
        part = uuid.uuid4()
        if self._seed is not None:
            self._made[name] += 1
            part = uuid.uuid5(uuid.NAMESPACE_URL, f"tallyfy-mock:{self._seed}:{name}:{self._made[name]}")
        return re.sub("[^A-Za-z0-9_]+", "-", name)[-_LONGEST_NAME:].strip("-") + f"-{part.hex}"

    def _check(self, id: str, otherwise: str) -> None:
        """Refuses an organization that does not exist and cannot come to be."""
        try:
            self._control.call("GET", "changes", {"org": id})
        except TallyfyMockError as error:
            if error.status != 404:
                raise
            organizations = self._control.call("GET", "organizations")["organizations"]
            declared = ", ".join(f"`{org['id']}`" for org in organizations if org["stored"])
            raise TallyfyMockError(f"{otherwise}; the mock's fixtures declare these: {declared}") from None


def _environment(token: str | None) -> dict[str, str]:
    """The variables of a mock that is started here. Its flags win over them."""
    environment = {"TALLYFY_MOCK_LOG_LEVEL": "warn", **os.environ}
    environment.pop("TALLYFY_MOCK_HOST", None)  # of another mock, as its port is
    environment["TALLYFY_MOCK_PORT"] = "0"
    environment["TALLYFY_MOCK_EXIT_WITH_STDIN"] = "true"
    if token:
        environment["TALLYFY_MOCK_CONTROL_TOKEN"] = token
    return environment
