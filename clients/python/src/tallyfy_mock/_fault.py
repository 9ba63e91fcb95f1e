"""A rule by which requests fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ._control import Control


class Fault:
    """A rule by which requests fail."""

    def __init__(self, control: Control, org: str, id: str) -> None:
        self._control = control
        self._org = org
        #: Its id, as the journal names it.
        self.id = id

    def put(self, rule: Mapping[str, Any]) -> None:
        """Puts it in force."""
        self._call("PUT", rule)

    @property
    def hits(self) -> int:
        """How many requests it struck."""
        hits: int = self._call("GET")["hits"]
        return hits

    @property
    def is_spent(self) -> bool:
        """Whether none of its steps is left."""
        return not any(step["remaining"] for step in self._call("GET")["steps"])

    def remove(self) -> None:
        """Takes it out of force."""
        self._call("DELETE")

    def __repr__(self) -> str:
        return f"<Fault {self.id}>"

    def _call(self, method: str, rule: Mapping[str, Any] | None = None) -> Any:
        return self._control.call(method, f"faults/{quote(self.id, safe='')}", {"org": self._org}, rule)
