"""A mock in a container for the tests of this module, by Testcontainers for Python."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy


@pytest.fixture(scope="module")
def tallyfy_mock() -> Iterator[str]:
    mock = DockerContainer("tallyfy-mock").with_exposed_ports(8255)
    with mock.waiting_for(HttpWaitStrategy(8255, "/_mock/ready")):
        yield f"http://{mock.get_container_host_ip()}:{mock.get_exposed_port(8255)}"


def test_a_created_group_is_listed(tallyfy_mock: str) -> None:
    groups = f"{tallyfy_mock}/api/organizations/python-{uuid4()}/groups"
    headers = {"Authorization": "Bearer any-token", "X-Tallyfy-Client": "APIClient"}
    created = requests.post(groups, json={"name": "Sales", "description": "Sells"}, headers=headers, timeout=10)
    assert created.status_code == 201
    assert [group["name"] for group in requests.get(groups, headers=headers, timeout=10).json()["data"]] == ["Sales"]
