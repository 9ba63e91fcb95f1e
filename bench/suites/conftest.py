import os

import pytest
from groups_client import Groups
from servers import Tallyfy, WireMock

if os.environ["SERVER"] == "wiremock":

    @pytest.fixture(scope="session")
    def wiremock():
        process, url = WireMock.start()
        yield url
        process.kill()
        process.wait()

    @pytest.fixture
    def server(wiremock):
        return WireMock(wiremock)

else:

    @pytest.fixture
    def server(tallyfy_org):
        return Tallyfy(tallyfy_org)


@pytest.fixture
def slept():
    """How long the client would have waited."""
    return []


@pytest.fixture
def groups(server, slept):
    return Groups(server.base_url, server.org, server.token, slept.append)
