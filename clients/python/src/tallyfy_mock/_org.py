"""`TallyfyOrg`: one organization of a mock, and what a test does to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._clock import Clock
from ._control import Control, given
from ._errors import TallyfyMockError, VerificationError
from ._fault import Fault
from ._types import FaultKind, Group, Operation, RequestEntry

if TYPE_CHECKING:
    from ._server import TallyfyMock

Json = Mapping[str, Any]


class TallyfyOrg:
    """An organization: its data, faults, clock and journal. Others never notice what happens to it."""

    def __init__(self, mock: TallyfyMock, control: Control, id: str, token: str) -> None:
        #: The mock that it is one of.
        self.mock = mock
        self._control = control
        self._rules = itertools.count(1)
        #: Its id.
        self.id = id
        #: A token that the mock takes for it.
        self.token = token
        #: Its clock.
        self.clock = Clock(control, id)

    @property
    def base_url(self) -> str:
        """The mock's base URL, without ``/api``: where a client would say ``https://api.tallyfy.com``."""
        return self._control.url

    def url(self, path: str = "") -> str:
        """The URL of something in it: ``url("groups")``."""
        path = path.lstrip("/")
        return f"{self.base_url}/api/organizations/{self.id}" + (f"/{path}" if path else "")

    @property
    def headers(self) -> dict[str, str]:
        """The headers that Tallyfy asks for."""
        return {"Authorization": f"Bearer {self.token}", "X-Tallyfy-Client": "APIClient"}

    @property
    def env(self) -> dict[str, str]:
        """The variables by which clients find Tallyfy, for this organization."""
        return {
            "TALLYFY_BASE_URL": self.base_url,
            "TALLYFY_API_BASE_URL": self.base_url,
            "TALLYFY_API_TOKEN": self.token,
            "TALLYFY_ACCESS_TOKEN": self.token,
            "TALLYFY_ORG_ID": self.id,
        }

    def seed(
        self,
        *,
        groups: Iterable[Json] = (),
        users: Iterable[Json] = (),
        guests: Iterable[Json] = (),
        **further: Any,
    ) -> None:
        """Adds rows, as a fixture has them; one of the same id replaces. All or nothing.

        :param further: what else a fixture's organization has, such as ``allow_manage_groups=False``.
        """
        rows = {"groups": list(groups), "users": list(users), "guests": list(guests)}
        self._call("POST", "seed", body={**{name: some for name, some in rows.items() if some}, **further})

    def groups(self) -> list[Group]:
        """The groups that are stored, in the order of their creation."""
        groups: list[Group] = self.state().get("groups", [])
        return groups

    def state(self) -> dict[str, Any]:
        """All that is stored, as an organization of a fixture."""
        state: dict[str, Any] = self._call("GET", "state")
        return state

    def fault(
        self,
        operation: Operation | None = None,
        *,
        status: int | None = None,
        body: Any = None,
        retry_after: int | None = None,
        fault: FaultKind | None = None,
        chunk_ms: int | None = None,
        delay: int | Json | None = None,
        write: Literal["before", "after"] | None = None,
        times: int | Literal["always"] | None = None,
        steps: Iterable[Json] | None = None,
        skip: int | None = None,
        probability: float | None = None,
        method: str | None = None,
        path: str | None = None,
        token: str | None = None,
        id: str | None = None,
    ) -> Fault:
        """Makes requests to it fail.

        :param status: answers so, with ``body`` or Tallyfy's own, and with ``Retry-After``.
        :param fault: breaks the connection so.
        :param delay: waits so many milliseconds, or as a rule says it.
        :param write: ``"after"`` fails once the change is in, which is what retrying code gets wrong.
        :param times: how often; once where it is left out.
        :param steps: several such steps, taken in order, in the place of one.
        :param skip: lets so many matching requests pass first.
        :param method: with ``path``, a glob on the path after ``/api``, in the place of an operation.
        :param id: the rule's id; ``fault-1`` and so on where it is left out.
        """
        step = given(
            status=status,
            body=body,
            retry_after=retry_after,
            fault=fault,
            chunk_ms=chunk_ms,
            delay={"fixed_ms": delay} if isinstance(delay, int) else delay,
            write=write,
            times=times,
        )
        if steps is not None and step:
            raise TypeError(f"{', '.join(step)}: say it in `steps`, or leave `steps` out")
        rule = given(
            match=given(operation=operation, method=method, path=path, token=token),
            steps=[step] if steps is None else list(steps),
            skip=skip,
            probability=probability,
        )
        made = Fault(self._control, self.id, id or f"fault-{next(self._rules)}")
        made.put(rule)
        return made

    def requests(
        self,
        operation: Operation | None = None,
        *,
        method: str | None = None,
        status: int | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> list[RequestEntry]:
        """What it was asked, the newest last."""
        query = {"operation": operation, "method": method, "status": status, "since": since, "limit": limit}
        found: list[RequestEntry] = self._call("GET", "requests", query)["requests"]
        return found

    def verify(
        self,
        operation: Operation | None = None,
        *,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        times: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
    ) -> int:
        """Asserts that it was asked for this: at least once, or as often as is said. Gives back how often.

        :param body: a part of the body: an object may have more fields, a list has this length.
        """
        __tracebackhide__ = True
        expected = given(operation=operation, method=method, path=path, status=status, headers=headers, body=body)
        bounds = given(exactly=times, at_least=at_least, at_most=at_most)
        if bounds:
            expected["times"] = bounds
        return self._verify(expected)

    def verify_sequence(self, *expected: Operation | Json) -> int:
        """Asserts that it was asked for these, in this order; other requests may lie between them."""
        __tracebackhide__ = True
        steps = [{"operation": one} if isinstance(one, str) else one for one in expected]
        return self._verify({"sequence": steps})

    def faults(self) -> list[dict[str, Any]]:
        """The rules by which requests to it fail, with what is left of each."""
        rules: list[dict[str, Any]] = self._call("GET", "faults")["faults"]
        return rules

    def reset(self) -> None:
        """It is as it was at the start, without faults, a clock of its own, and a journal."""
        self._call("POST", "reset")

    def __repr__(self) -> str:
        return f"<TallyfyOrg {self.id} on {self.base_url}>"

    def _verify(self, expected: Json) -> int:
        __tracebackhide__ = True
        try:
            count: int = self._call("POST", "requests/verify", body=expected)["count"]
        except TallyfyMockError as error:
            if error.status != 409:
                raise
            raise VerificationError(str(error)) from None
        return count

    def _call(self, method: str, path: str, query: Mapping[str, str | int | None] = {}, body: Any = None) -> Any:
        return self._control.call(method, path, {**query, "org": self.id}, body)
