"""The shapes of what goes to the mock and comes from it."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

#: What a request asks for, as rules, expectations and the journal name it.
Operation = Literal[
    "groups.list",
    "groups.get",
    "groups.create",
    "groups.update",
    "groups.delete",
    "me.get",
    "me.organizations",
    "organizations.get",
    "organizations.me",
    "users.list",
    "users.get",
    "users.names",
    "guests.list",
    "guests.get",
    "guests.names",
    "oauth.token",
]

#: How a connection can break.
FaultKind = Literal[
    "connection_reset",
    "empty_response",
    "malformed_response",
    "random_data_then_close",
    "truncated_body",
    "slow_body",
]


class Group(TypedDict):
    """A group as it is stored."""

    id: str
    name: str
    description: str | None
    members: list[int]
    guests: list[str]
    created_at: str
    last_updated: str


class _Entry(TypedDict):
    id: int
    at: str
    operation: str | None
    org: str | None
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    status: int | None
    response: Any
    duration_us: int | None
    fault: str | None
    unread: list[str]


class RequestEntry(_Entry, total=False):
    """A request in the journal, with its answer. ``unread`` names what of it the mock did not read."""

    did_you_mean: dict[str, str]
    reason: str
    cut: list[str]
    under_way: bool
    client_gone: bool
