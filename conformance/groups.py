"""The five operations as the documentation's Python samples do them: requests, statuses checked, updates with every field."""

import os
import sys

import requests

GROUPS = f"{os.environ['TALLYFY_BASE_URL']}/organizations/{os.environ['TALLYFY_ORG_ID']}/groups"
HEADERS = {
    "Authorization": f"Bearer {os.environ['TALLYFY_ACCESS_TOKEN']}",
    "Accept": "application/json",
    "X-Tallyfy-Client": "APIClient",
}


def call(operation, method, url, statuses, **options):
    """Send one request, check the status and give back the answer. `json=` also sets the content type."""
    response = requests.request(method, url, headers=HEADERS, timeout=10, **options)
    check(operation, str(response.status_code) in statuses.split(), f"expected status {statuses}", response)
    return response


def check(operation, condition, message, response):
    if not condition:
        sys.exit(f"FAILED {operation}: {message}, got {response.status_code}: {response.text}")


def done(operation, response):
    print(f"ok {operation} ({response.status_code})")


fields = {
    "name": "Onboarding Specialists",
    "description": "Team responsible for new client onboarding.",
    "members": [1001, 1005, 1008],
}
created = call("create", "POST", GROUPS, os.environ["CREATE_STATUS"], json=fields)
group = created.json()["data"]
check("create", group.items() >= {**fields, "guests": []}.items(), "not what was asked for", created)
done("create", created)

params = {"with": "assets", "per_page": 10, "page": 1}
listed = call("list", "GET", GROUPS, "200", params=params)
check("list", listed.json()["data"] == [{**group, "assets": {"data": []}}], "expected the one group", listed)
check("list", listed.json()["meta"]["pagination"]["total"] == 1, "expected a total of 1", listed)
done("list", listed)

url = f"{GROUPS}/{group['id']}"
got = call("get", "GET", url, "200", params={"with": "assets"})
check("get", got.json()["data"] == {**group, "assets": {"data": []}}, "expected the group", got)
done("get", got)

changes = {
    "name": "Senior Onboarding Specialists",
    "description": "Handles Tier 1 support.",
    "members": [1001, 1002],
    "guests": ["client.liaison@partner.com"],
}
updated = call("update", "PUT", url, os.environ["UPDATE_STATUS"], json=changes)
check("update", updated.json()["data"].items() >= {"id": group["id"], **changes}.items(), "not what was asked for", updated)
done("update", updated)

deleted = call("delete", "DELETE", url, os.environ["DELETE_STATUS"])
check("delete", deleted.content == b"" or deleted.json()["data"]["id"] == group["id"], "expected nothing, or the group", deleted)
done("delete", deleted)
