"""Where the binary is, and why it cannot be started."""

from __future__ import annotations

import errno
import os
import platform
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from ._errors import TallyfyMockError

VARIABLE = "TALLYFY_MOCK_BIN"
_NAME = "tallyfy-mock.exe" if os.name == "nt" else "tallyfy-mock"
_REINSTALL = "`pip install --force-reinstall tallyfy-mock`"


def find_binary() -> str:
    """The binary that ``TALLYFY_MOCK_BIN`` names, or else the one that was installed with this package."""
    named = os.environ.get(VARIABLE)
    if named:
        return named
    for path in _installed():
        if path.is_file():
            return str(path)
    machine = f"{platform.system()} {platform.machine()}"
    raise TallyfyMockError(
        f"there is no `{_NAME}` beside the package in {Path(__file__).parent}: install the wheel for {machine} by "
        f"{_REINSTALL}, or name a binary in {VARIABLE}"
    )


def _installed() -> list[Path]:
    try:
        listed = files("tallyfy-mock") or []
    except PackageNotFoundError:
        listed = []
    paths = [Path(os.path.normpath(path.locate())) for path in listed if path.name == _NAME]
    # `pip install --target` moves the binary after it has listed it.
    return [*paths, Path(__file__).parent.parent / "bin" / _NAME]


def why_not_started(binary: str, error: OSError) -> TallyfyMockError:
    """Why the system did not start that binary, and what to do."""
    machine = f"{platform.system()} {platform.machine()}"
    otherwise = _what_to_do(binary)
    # 193 is Windows' word for a program that is none.
    if error.errno == errno.ENOEXEC or getattr(error, "winerror", None) == 193:
        return TallyfyMockError(f"`{binary}` is no program for this machine ({machine}): {otherwise}")
    if isinstance(error, FileNotFoundError) and not os.path.exists(binary):
        return TallyfyMockError(f"there is no `{binary}`: {otherwise}")
    if isinstance(error, PermissionError) and os.path.isfile(binary):
        return TallyfyMockError(f"`{binary}` is not executable: `chmod +x` it, or {otherwise}")
    return TallyfyMockError(f"`{binary}` cannot be started ({error.strerror}): {otherwise}")


def too_old(what: str, its_version: str, wanted: str, binary: str | None) -> TallyfyMockError:
    """What to do about a mock that is older than this package."""
    otherwise = _what_to_do(binary) if binary else f"start one of version {wanted} there"
    return TallyfyMockError(
        f"{what} is tallyfy-mock {its_version}, older than the Python package {wanted}: {otherwise}"
    )


def _what_to_do(binary: str) -> str:
    if os.environ.get(VARIABLE) == binary:
        return f"unset {VARIABLE} to use the one of the package, or {_REINSTALL}"
    return _REINSTALL
