"""The clients that Python has, against an organization of their own."""

from __future__ import annotations

import asyncio
import os

import httpx
import pytest
import requests

from tallyfy_mock import TallyfyOrg


def test_requests(tallyfy_org: TallyfyOrg, tallyfy_env: dict[str, str]) -> None:
    listed = requests.get(tallyfy_org.url("groups"), headers=tallyfy_org.headers, timeout=10)
    assert listed.json()["data"] == []
    tallyfy_org.verify("groups.list", times=1)


def test_a_proxy_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tallyfy_org: TallyfyOrg, request: pytest.FixtureRequest
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "db.internal")
    tallyfy_env = request.getfixturevalue("tallyfy_env")

    assert tallyfy_env["NO_PROXY"] == "db.internal,localhost,127.0.0.1,::1"
    tallyfy_org.seed(groups=[{"name": "Sales"}])
    assert requests.get(tallyfy_org.url("groups"), headers=tallyfy_org.headers, timeout=10).status_code == 200
    assert httpx.get(tallyfy_org.url("groups"), headers=tallyfy_org.headers).status_code == 200


def test_httpx_in_a_coroutine(tallyfy_org: TallyfyOrg) -> None:
    async def listed() -> int:
        async with httpx.AsyncClient(headers=tallyfy_org.headers, trust_env=False) as client:
            answers = await asyncio.gather(*(client.get(tallyfy_org.url("groups")) for _ in range(5)))
            return sum(answer.status_code for answer in answers)

    assert asyncio.run(listed()) == 1000
    tallyfy_org.verify("groups.list", times=5)


@pytest.mark.asyncio
async def test_a_test_that_is_a_coroutine(tallyfy_org: TallyfyOrg) -> None:
    tallyfy_org.fault("groups.list", status=503)
    async with httpx.AsyncClient(headers=tallyfy_org.headers, trust_env=False) as client:
        assert (await client.get(tallyfy_org.url("groups"))).status_code == 503
        assert (await client.get(tallyfy_org.url("groups"))).status_code == 200


def test_the_official_sdk_retries(tallyfy_env: dict[str, str], tallyfy_org: TallyfyOrg) -> None:
    from tallyfy import TallyfySDK  # type: ignore[import-untyped]

    tallyfy_org.seed(groups=[{"id": "0f8c0f8c0f8c0f8c0f8c0f8c0f8c0f8c", "name": "Sales", "description": "Sells"}])
    tallyfy_org.fault("groups.list", status=429, retry_after=0)

    sdk = TallyfySDK(api_key=os.environ["TALLYFY_API_TOKEN"], base_url=os.environ["TALLYFY_BASE_URL"])
    groups = sdk.groups.get_groups(os.environ["TALLYFY_ORG_ID"])

    assert [group.name for group in groups] == ["Sales"]
    tallyfy_org.verify("groups.list", times=2)
