"""Forty tests of the client, as somebody else's suite has them: SERVER says against what."""

import pytest
import requests
from groups_client import Refused


def some(count):
    return [{"id": f"{n:032x}", "name": f"Group {n}", "description": "One of many"} for n in range(1, count + 1)]


def names(groups):
    return [group["name"] for group in groups]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 19, 20, 21, 50])
def test_all_pages_are_read(server, groups, count):
    server.has(some(count))
    assert names(groups.all()) == names(some(count))
    assert server.was_asked("list") == max(1, -(-count // 10))


@pytest.mark.parametrize("operation", ["list", "get"])
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_another_try_where_the_server_could_not_answer(server, groups, slept, operation, status):
    server.has(some(1))
    server.fails(operation, {"status": status})
    assert groups.all() if operation == "list" else groups.get(some(1)[0]["id"])
    assert (server.was_asked(operation), slept) == (2, [1])


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_no_other_try_where_it_is_of_no_use(server, groups, slept, status):
    server.has(some(1))
    server.fails("list", {"status": status})
    with pytest.raises(Refused) as refused:
        groups.all()
    assert (refused.value.status, server.was_asked("list"), slept) == (status, 1, [])


@pytest.mark.parametrize("operation", ["list", "get", "delete"])
def test_it_gives_up_in_the_end(server, groups, slept, operation):
    server.has(some(1))
    server.fails(operation, {"status": 503, "times": 4})
    with pytest.raises(Refused):
        {"list": groups.all, "get": lambda: groups.get("1"), "delete": lambda: groups.delete("1")}[operation]()
    assert (server.was_asked(operation), slept) == (4, [1, 2, 4])


@pytest.mark.parametrize("operation", ["list", "get", "delete"])
def test_a_connection_that_breaks(server, groups, operation):
    server.has(some(1))
    server.fails(operation, {"fault": "connection_reset"})
    id = some(1)[0]["id"]
    {"list": groups.all, "get": lambda: groups.get(id), "delete": lambda: groups.delete(id)}[operation]()
    assert server.was_asked(operation) == 2


def test_connections_that_always_break(server, groups):
    server.has([])
    server.fails("list", {"fault": "connection_reset", "times": 4})
    with pytest.raises(requests.ConnectionError):
        groups.all()


@pytest.mark.parametrize("seconds", [0, 2, 60])
def test_it_waits_as_long_as_it_is_told(server, groups, slept, seconds):
    server.has(some(1))
    server.fails("list", {"status": 429, "retry_after": seconds})
    groups.all()
    assert slept == [seconds]


def test_different_failures_in_turn(server, groups, slept):
    server.has(some(1))
    server.fails("get", {"status": 503}, {"fault": "connection_reset"}, {"status": 429, "retry_after": 9})
    assert groups.get(some(1)[0]["id"])["name"] == "Group 1"
    assert slept == [1, 2, 9]


def test_a_page_in_the_middle_fails(server, groups):
    server.has(some(25))
    groups.all()
    server.fails("list", {"status": 503})
    assert len(groups.all()) == 25
    assert server.was_asked("list") == 3 + 4


def test_a_group_is_created(server, groups):
    server.has([])
    assert groups.create("Created", "Made")["name"] == "Created"


def test_a_group_without_a_name_is_refused(server, groups):
    server.has([])
    with pytest.raises(Refused) as refused:
        groups.create("", "Made")
    assert (refused.value.status, list(refused.value.errors)) == (422, ["name"])


def test_a_group_is_renamed(server, groups):
    server.has(some(2))
    assert groups.rename(some(1)[0]["id"], "Renamed")["name"] == "Renamed"


@pytest.mark.parametrize("operation", ["get", "rename", "delete"])
def test_a_group_that_is_not_there(server, groups, operation):
    server.has(some(1))
    missing = "f" * 32
    asked = {"get": lambda: groups.get(missing), "rename": lambda: groups.rename(missing, "x"), "delete": lambda: groups.delete(missing)}
    with pytest.raises(Refused) as refused:
        asked[operation]()
    assert refused.value.status == 404


def test_a_group_is_deleted(server, groups):
    server.has(some(1))
    groups.delete(some(1)[0]["id"])
    assert server.was_asked("delete") == 1
