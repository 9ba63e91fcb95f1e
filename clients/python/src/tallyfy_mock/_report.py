"""What a failing test's report says of its organization."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from ._org import TallyfyOrg
from ._types import RequestEntry

#: How many requests are told, the last ones.
_LAST = 10
#: How much of a body is told, in characters.
_LONGEST = 300


def report(org: TallyfyOrg, since: int) -> str:
    """The last requests to an organization, why any was refused, what of them was not read, and which rules are left.

    :param since: an entry of the journal; after it, requests to nobody's organization were perhaps meant for this one.
    """
    lines = list(_requests(org.requests(limit=_LAST + 1), org.id))
    if not lines:
        lines = ["no request reached it"]
    others = list(_requests(org.mock.strays(since), org.id))
    if others:
        lines += ["requests that were not to it, nor to another that was given out:", *others]
    left = list(_left(org.faults()))
    if left:
        lines += ["rules that are not used up:", *left]
    return "\n".join(lines)


def _requests(entries: Iterable[RequestEntry], org: str) -> Iterator[str]:
    entries = list(entries)
    if len(entries) > _LAST:
        yield f"the last {_LAST} requests:"
    for entry in entries[-_LAST:]:
        status = entry["status"] or "---"
        query = f"?{entry['query']}" if entry["query"] else ""
        path = entry["path"].replace(f"/organizations/{org}", "/organizations/{org}")
        yield f"{status} {entry['method']} {path}{query}"
        for remark in _remarks(entry):
            yield f"    {remark}"


def _remarks(entry: RequestEntry) -> Iterator[str]:
    if entry.get("under_way"):
        yield "is not answered yet"
    if entry.get("client_gone"):
        yield "its client gave up before it was answered"
    reason = entry.get("reason")
    if reason:
        yield reason
    elif entry["fault"]:
        yield f"struck by the rule `{entry['fault']}`"
    if (entry["status"] or 0) >= 400 and not entry["fault"] and entry["body"] is not None:
        yield f"sent: {_short(entry['body'])}"
    if entry["unread"]:
        meant = entry.get("did_you_mean", {})
        names = (f"{name} (did you mean `{meant[name]}`?)" if name in meant else name for name in entry["unread"])
        yield f"not read: {', '.join(names)}"


def _left(rules: list[Any]) -> Iterator[str]:
    for rule in rules:
        for step in rule["steps"]:
            left = step["remaining"]
            if left == "always" and rule["hits"] or not left:
                continue
            does = {name: value for name, value in step.items() if name not in ("times", "remaining")}
            operation = rule["match"].get("operation", "any request")
            how_often = "it never struck" if left == "always" else f"{left} of {step['times']} left"
            yield f"{rule['id']}: {operation}, {_short(does)}: {how_often}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
