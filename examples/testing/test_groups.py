"""A mock for the whole suite and an organization for each test: `pytest test_groups.py` (needs pytest and requests)."""

import os
import subprocess
import uuid

import pytest
import requests

READY = "tallyfy-mock is ready on "


@pytest.fixture(scope="session")
def mock():
    """Starts the binary, waits for its ready line, gives its URL to the tests and stops it after the last."""
    binary = os.environ.get("TALLYFY_MOCK_BIN") or "target/debug/tallyfy-mock"
    command = [binary, "--port", "0", "--log-level", "warn"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline().rstrip("\n")
            assert line.startswith(READY + "http://"), f"expected the ready line, got {line!r}"
            yield line[len(READY) :]
        finally:
            server.terminate()
    assert server.returncode == 0


class Org:
    """One organization: Tallyfy's side by `api`, the mock's own by `control`."""

    def __init__(self, mock):
        self.mock = mock
        self.id = f"pytest-{uuid.uuid4()}"
        self.session = requests.Session()
        self.session.trust_env = False  # a proxy is of no use to 127.0.0.1

    def api(self, method, path="", **options):
        headers = {"Authorization": "Bearer any-token", "X-Tallyfy-Client": "APIClient"}
        url = f"{self.mock}/api/organizations/{self.id}/groups{path}"
        return self.session.request(method, url, headers=headers, timeout=10, **options)

    def control(self, method, path, params=None, **options):
        url = f"{self.mock}/_mock/{path}"
        params = {"org": self.id, **(params or {})}
        return self.session.request(method, url, params=params, timeout=10, **options)

    def seed_sales(self):
        """Seeds one group and gives back its path."""
        groups = {"groups": [{"name": "Sales", "description": "Sells"}]}
        seeded = self.control("POST", "seed", json=groups)
        assert seeded.status_code == 204, seeded.text
        return "/" + self.api("GET").json()["data"][0]["id"]


@pytest.fixture
def org(mock):
    return Org(mock)


def delete_with_retry(org, path):
    """Stands for the client under test: tries again after a 5xx. Gives back the statuses that it met."""
    met = []
    while len(met) < 3:
        met.append(org.api("DELETE", path).status_code)
        if met[-1] < 500:
            break
    return met


def test_a_seeded_group_is_listed(org):
    org.seed_sales()

    listed = org.api("GET")

    assert listed.status_code == 200
    assert [(group["name"], group["description"]) for group in listed.json()["data"]] == [("Sales", "Sells")]


def test_a_delete_that_was_applied_but_answered_503_is_retried_into_a_404(org):
    sales = org.seed_sales()
    rule = {"match": {"operation": "groups.delete"}, "steps": [{"status": 503, "write": "after"}]}
    put = org.control("PUT", "faults/flaky", json=rule)
    assert put.status_code == 200, put.text

    assert delete_with_retry(org, sales) == [503, 404]

    assert org.api("GET").json()["data"] == []


def test_the_journal_tells_of_a_field_that_nobody_read(org):
    sales = org.seed_sales()

    org.api("PUT", sales, json={"desciption": "typo"})

    journal = org.control("GET", "requests", params={"operation": "groups.update"}).json()
    assert journal["dropped"] == 0
    [entry] = journal["requests"]
    assert entry["body"] == {"desciption": "typo"}
    assert entry["status"] == 201
    assert entry["unread"] == ["body.desciption"]

    once = {"operation": "groups.update", "times": {"exactly": 1}}
    verified = org.control("POST", "requests/verify", json=once)
    assert verified.status_code == 200, verified.text
