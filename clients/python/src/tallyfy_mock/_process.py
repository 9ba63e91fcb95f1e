"""A mock that was started here: its process, and what it says."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
from collections.abc import Sequence
from typing import IO

from ._binary import too_old, why_not_started
from ._errors import TallyfyMockError
from ._version import __version__, is_older

_READY = "tallyfy-mock is ready on "
#: How much is remembered of what it says on standard error, in bytes.
_REMEMBERED = 64 * 1024


class Process:
    """A running mock. It ends with this process, however that ends: the pipe to its standard input closes then."""

    def __init__(self, binary: str, args: Sequence[str], environment: dict[str, str], timeout: float) -> None:
        self._binary = binary
        self._said = bytearray()
        command = [binary, *args]
        try:
            self._child = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise why_not_started(binary, error) from None
        except ValueError as error:  # a NUL
            raise TallyfyMockError(f"`{binary}` cannot be started: {error}") from None
        self._parent = os.getpid()
        self._listener = threading.Thread(target=self._listen, name="tallyfy-mock", daemon=True)
        self._listener.start()
        self.url = self._ready(timeout)

    @property
    def exit_code(self) -> int | None:
        """With what it ended, or ``None`` while it runs."""
        return self._child.poll()

    def has_ended(self, within: float) -> bool:
        """Whether it has ended, or does within so many seconds."""
        try:
            self._child.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def said(self) -> str:
        """The end of what it said on standard error."""
        if self.exit_code is not None:
            self._listener.join(1)
        return self._said.decode(errors="replace").strip()

    def stop(self) -> None:
        """Ends it, and waits until it has. A forked child leaves its parent's mock alone."""
        if os.getpid() != self._parent:
            return
        _stream(self._child.stdin).close()
        if not self.has_ended(within=5):
            self._child.kill()
            self._child.wait()
        self._listener.join(1)
        _stream(self._child.stdout).close()
        _stream(self._child.stderr).close()

    def _listen(self) -> None:
        """Takes what it says, so that it never waits for a reader."""
        said = _stream(self._child.stderr)
        while True:
            piece = os.read(said.fileno(), 4096)
            if not piece:
                return
            self._said += piece
            del self._said[:-_REMEMBERED]

    def _ready(self, timeout: float) -> str:
        """Waits for the line that says where it listens."""
        lines: queue.Queue[bytes] = queue.Queue()
        out = _stream(self._child.stdout)
        threading.Thread(target=lambda: lines.put(out.readline(4096)), daemon=True).start()
        try:
            line = lines.get(timeout=timeout).decode(errors="replace").rstrip()
        except queue.Empty:
            raise self._not_ready(f"it was not ready within {timeout:g} s") from None
        if line.startswith(_READY):
            return line[len(_READY) :]
        if line:
            raise self._not_ready(f"it said `{line}` and not where it listens")
        self.has_ended(within=5)
        raise self._not_ready(f"it ended with exit code {self.exit_code}")

    def _not_ready(self, why: str) -> TallyfyMockError:
        if self.exit_code is None:
            self._child.kill()
        self.stop()
        version = _version_of(self._binary)
        if version and is_older(version, __version__):
            return too_old(f"`{self._binary}`", version, __version__, self._binary)
        said = f"; it said:\n{self.said}" if self.said else ""
        return TallyfyMockError(f"`{self._binary}` did not start: {why}{said}")


def _version_of(binary: str) -> str | None:
    """What a binary says of its version, if it is a mock."""
    try:
        asked = subprocess.run(
            [binary, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, version = asked.stdout.decode(errors="replace").strip().partition(" ")
    return version if name == "tallyfy-mock" else None


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # all three are pipes
    return stream
