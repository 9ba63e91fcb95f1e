"""What goes wrong."""

from __future__ import annotations


class TallyfyMockError(Exception):
    """The mock cannot be started or reached, or refuses what it was told to do.

    ``status`` is that of the refusal, where there was one.
    """

    __module__ = "tallyfy_mock"

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class VerificationError(AssertionError):
    """What a test expects was not asked; the message says what was asked instead."""

    __module__ = "tallyfy_mock"


class Secret(str):
    """A text that is not shown where values are, such as in a traceback with its local variables."""

    def __repr__(self) -> str:
        return "'[redacted]'"
