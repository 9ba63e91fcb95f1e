"""A token that is good for an organization."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ._clock import read_time
from ._control import Control
from ._errors import TallyfyMockError

#: Where a mock declares no tokens, it takes any.
_ANY = "any-token"


def token_for(control: Control, org: str) -> str:
    """A token that the mock takes for that organization: an admin's if it can be."""
    contract = control.call("GET", "contract")
    if not contract["tokens"]:
        return _ANY
    state = control.call("GET", "state")
    now = read_time(control.call("GET", "clock", {"org": org})["now"])
    good = [token for token in state.get("tokens", []) if _is_good(token, org, now)]
    for token in [*(token for token in good if _is_admins(token, org, state)), *good]:
        secret: str = token["token"]
        return secret
    declared = ", ".join(_of_any(contract["tokens"])) or "none"
    raise TallyfyMockError(
        f"the mock's fixtures declare which tokens there are, and none is good for the organization `{org}`: take one "
        f"by its id that a token is good for (those are: {declared}), or declare a token without `organizations`"
    )


def _is_good(token: Any, org: str, now: datetime) -> bool:
    organizations = token.get("organizations") or [org]
    end: str | None = token.get("expires_at")
    return org in organizations and (end is None or read_time(end) > now)


def _is_admins(token: Any, org: str, state: Any) -> bool:
    declared = next((one for one in state["organizations"] if one["id"] == org), state.get("template") or {})
    users = declared.get("users") or []
    user = token.get("user")
    return not users or user is None or any(one["id"] == user and one["role"] == "admin" for one in users)


def _of_any(tokens: Iterable[Any]) -> list[str]:
    return sorted({f"`{org}`" for token in tokens for org in token["organizations"]})
