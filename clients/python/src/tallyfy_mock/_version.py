"""The version of this package."""

from __future__ import annotations

from importlib.metadata import version

__version__: str = version("tallyfy-mock")


def is_older(one: str, other: str) -> bool:
    """Whether a version such as ``0.1.0`` comes before another."""
    return _numbers(one) < _numbers(other)


def _numbers(text: str) -> list[int]:
    release = text.split("-")[0].split("+")[0]
    return [int(part) for part in release.split(".") if part.isdigit()]
