"""What a test can do to its organization, and what the client under test sees of it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from tallyfy_mock import FaultKind, Operation, TallyfyMock, TallyfyMockError, TallyfyOrg, VerificationError


def ask(org: TallyfyOrg, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """The client under test."""
    data = None if body is None else json.dumps(body).encode()
    headers = {**org.headers, "Content-Type": "application/json"}
    request = urllib.request.Request(org.url(path), data, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_what_is_seeded_is_served_and_what_is_created_is_stored(tallyfy_org: TallyfyOrg) -> None:
    tallyfy_org.seed(groups=[{"id": "sales", "name": "Sales"}], users=[{"id": 7, "role": "admin"}])

    assert ask(tallyfy_org, "GET", "groups/sales")[1]["data"]["name"] == "Sales"
    status, _ = ask(tallyfy_org, "POST", "groups", {"name": "Support", "description": "Helps", "members": [7]})

    assert status == 201
    assert [(group["name"], group["members"]) for group in tallyfy_org.groups()] == [("Sales", []), ("Support", [7])]


def test_an_empty_organization_has_no_groups(tallyfy_org: TallyfyOrg) -> None:
    assert tallyfy_org.groups() == []


def test_a_refused_seed_says_what_is_wrong_with_it_and_where(tallyfy_org: TallyfyOrg) -> None:
    with pytest.raises(TallyfyMockError, match=r"groups\[0\].nme: unknown key; did you mean `name`\?"):
        tallyfy_org.seed(groups=[{"nme": "Sales"}])


def test_a_delete_that_was_done_but_answered_503(tallyfy_org: TallyfyOrg) -> None:
    tallyfy_org.seed(groups=[{"id": "sales", "name": "Sales"}])
    flaky = tallyfy_org.fault("groups.delete", status=503, write="after", times=2)

    statuses = [ask(tallyfy_org, "DELETE", "groups/sales")[0]]
    assert (flaky.hits, flaky.is_spent, tallyfy_org.groups()) == (1, False, [])
    statuses += [ask(tallyfy_org, "DELETE", "groups/sales")[0] for _ in range(2)]

    assert statuses == [503, 503, 404]
    assert flaky.is_spent
    assert tallyfy_org.verify("groups.delete", times=3) == 3
    assert tallyfy_org.verify_sequence("groups.delete", {"operation": "groups.delete", "status": 404}) == 2


def test_a_rule_has_what_the_control_endpoint_has(tallyfy_org: TallyfyOrg) -> None:
    tallyfy_org.fault("groups.list", steps=[{"status": 429, "retry_after": 2}, {"status": 418, "body": {"tea": 1}}])
    tallyfy_org.fault(
        method="GET", path="/organizations/*/users", fault="connection_reset", delay=1, skip=1, id="odd/id"
    )
    removed = tallyfy_org.fault("groups.list", status=500, times="always")

    assert [rule["id"] for rule in tallyfy_org.faults()] == ["fault-1", "odd/id", "fault-2"]
    assert [ask(tallyfy_org, "GET", "groups") for _ in range(2)][1] == (418, {"tea": 1})
    assert ask(tallyfy_org, "GET", "groups")[0] == 500
    removed.remove()
    assert ask(tallyfy_org, "GET", "groups")[0] == 200
    assert ask(tallyfy_org, "GET", "users")[0] == 200
    with pytest.raises(OSError):
        ask(tallyfy_org, "GET", "users")


def test_a_rule_with_a_mistake_is_refused(tallyfy_org: TallyfyOrg) -> None:
    with pytest.raises(TallyfyMockError, match="there is no fault `conection_reset`"):
        tallyfy_org.fault(fault="conection_reset")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="status: say it in `steps`"):
        tallyfy_org.fault(steps=[{"status": 500}], status=501)


def test_the_journal_tells_what_was_not_read(tallyfy_org: TallyfyOrg) -> None:
    ask(tallyfy_org, "POST", "groups", {"name": "Sales", "desciption": "typo"})

    [entry] = tallyfy_org.requests("groups.create", method="POST", status=422)

    assert entry["unread"] == ["body.desciption"]
    assert entry["did_you_mean"] == {"body.desciption": "description"}
    assert entry["reason"].startswith("The description field is required")
    assert tallyfy_org.requests(since=entry["id"]) == []


def test_what_was_not_asked_is_told_in_an_assertion(tallyfy_org: TallyfyOrg) -> None:
    tallyfy_org.verify("groups.delete", times=0)
    with pytest.raises(VerificationError, match="expected exactly 1 request for `groups.delete`, found 0"):
        tallyfy_org.verify("groups.delete", times=1)
    with pytest.raises(AssertionError, match="at least 1"):
        tallyfy_org.verify(method="DELETE")
    with pytest.raises(VerificationError):
        tallyfy_org.verify_sequence("groups.list")
    # A mistake in what is expected is no failed assertion.
    with pytest.raises(TallyfyMockError, match="there is no operation `groups.lst`"):
        tallyfy_org.verify("groups.lst")  # type: ignore[arg-type]


def test_the_clock_belongs_to_the_organization(tallyfy_mock: TallyfyMock, tallyfy_org: TallyfyOrg) -> None:
    new_year = datetime(2031, 1, 1, tzinfo=timezone.utc)

    assert tallyfy_org.clock.freeze(new_year) == new_year
    assert tallyfy_org.clock.freeze(datetime(2031, 1, 1)) == new_year
    assert tallyfy_org.clock.freeze("2031-01-01T01:00:00+01:00") == new_year
    assert tallyfy_org.clock.advance(timedelta(hours=1)) == tallyfy_org.clock.now()
    assert tallyfy_org.clock.advance(-0.5) == new_year + timedelta(seconds=3599.5)
    status, created = ask(tallyfy_org, "POST", "groups", {"name": "Sales", "description": "Sells"})

    assert (status, created["data"]["created_at"]) == (201, "2031-01-01T00:59:59Z")
    assert tallyfy_mock.clock.now() < new_year
    assert tallyfy_org.clock.run() > new_year
    with pytest.raises(TallyfyMockError, match="now: "):
        tallyfy_org.clock.freeze("tomorrow")


def test_a_reset_leaves_nothing(tallyfy_org: TallyfyOrg) -> None:
    tallyfy_org.seed(groups=[{"name": "Sales"}])
    tallyfy_org.fault(status=500)
    tallyfy_org.clock.freeze("2031-01-01T00:00:00Z")
    ask(tallyfy_org, "GET", "groups")

    tallyfy_org.reset()

    assert (tallyfy_org.groups(), tallyfy_org.faults(), tallyfy_org.requests()) == ([], [], [])
    assert tallyfy_org.clock.now() < datetime(2031, 1, 1, tzinfo=timezone.utc)


def test_its_addresses(tallyfy_org: TallyfyOrg) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", tallyfy_org.base_url)
    for path in ("groups", "/groups"):
        assert tallyfy_org.url(path) == f"{tallyfy_org.base_url}/api/organizations/{tallyfy_org.id}/groups"
    assert tallyfy_org.url() == f"{tallyfy_org.base_url}/api/organizations/{tallyfy_org.id}"
    assert tallyfy_org.id in repr(tallyfy_org)


def test_the_names_are_the_mocks(tallyfy_mock: TallyfyMock, tallyfy_org: TallyfyOrg) -> None:
    served = tallyfy_mock._control.call("GET", "routes")["routes"]
    assert {route["operation"] for route in served} == set(get_args(Operation))

    with pytest.raises(TallyfyMockError) as refused:
        tallyfy_org.fault(fault="none")  # type: ignore[arg-type]
    assert str(refused.value).split("there are ")[1].split(", ") == list(get_args(FaultKind))
