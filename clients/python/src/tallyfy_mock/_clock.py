"""The mock's clocks."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from ._control import Control, given


class Clock:
    """A clock of the mock's: that of one organization, or of all that have none of their own."""

    def __init__(self, control: Control, org: str | None) -> None:
        self._control = control
        self._org = org

    def now(self) -> datetime:
        """What time it is for the mock."""
        return self._read("GET", "clock")

    def freeze(self, at: datetime | str | None = None) -> datetime:
        """Lets it stand still, at that time or at its own. A time without a zone is UTC."""
        if isinstance(at, datetime):
            at = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).isoformat()
        return self._read("PUT", "clock", given(now=at, frozen=True))

    def advance(self, by: timedelta | float) -> datetime:
        """Moves it by so many seconds; back, if they are negative."""
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        return self._read("POST", "clock/advance", {"seconds": seconds})

    def run(self) -> datetime:
        """Lets it run, from where it stands."""
        return self._read("PUT", "clock", {"frozen": False})

    def _read(self, method: str, path: str, body: Any = None) -> datetime:
        return read_time(self._control.call(method, path, {"org": self._org}, body)["now"])


def read_time(text: str) -> datetime:
    """A time as the mock writes it."""
    # Before 3.11, Python reads neither a `Z` nor nanoseconds.
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))
