#!/usr/bin/env python3
"""Create, list, get, update and delete a group with requests."""

import os
import re
import sys
import uuid

import requests

BASE = os.environ.get("TALLYFY_BASE_URL") or "http://127.0.0.1:8255/api"
TOKEN = os.environ.get("TALLYFY_ACCESS_TOKEN") or "any-token"
ORG = os.environ.get("TALLYFY_ORG_ID") or "clients-python"
GROUPS = f"{BASE}/organizations/{ORG}/groups"
NAME = f"Launch team (python {uuid.uuid4()})"

session = requests.Session()
session.headers["Authorization"] = f"Bearer {TOKEN}"
session.headers["Accept"] = "application/json"
session.headers["X-Tallyfy-Client"] = "APIClient"


class Surprise(Exception):
    """The server answered something else than we expected."""


def call(step, method, url, expected, **options):
    """Send one request and check the status. `json=` also sets Content-Type: application/json."""
    response = session.request(method, url, timeout=10, **options)
    check(response.status_code == expected, f"{step}: expected status {expected}, got {response.status_code}", response)
    print(f"{step}: {response.status_code}")
    return response


def check(condition, message, response):
    if not condition:
        raise Surprise(f"{message}: {response.text}")


def main():
    fields = {"name": NAME, "description": "Before"}
    created = call("create", "POST", GROUPS, 201, json=fields)
    group = created.json()["data"]
    check(re.fullmatch("[0-9a-f]{32}", group["id"]), "create: unexpected id", created)
    check(group.items() >= fields.items(), "create: not the group we asked for", created)
    missing = {"logo", "members", "guests", "created_at", "last_updated"} - group.keys()
    check(not missing, f"create: missing {sorted(missing)}", created)

    refused = call("create again", "POST", GROUPS, 422, json=fields)
    taken = ["The name has already been taken."]
    check(refused.json()["errors"]["name"] == taken, "create again: unexpected errors", refused)

    listed = call("list", "GET", GROUPS, 200, params={"q": NAME})
    check(listed.json()["data"] == [group], "list: expected just the new group", listed)
    check(listed.json()["meta"]["pagination"]["total"] == 1, "list: expected a total of 1", listed)

    one = f"{GROUPS}/{group['id']}"
    got = call("get", "GET", one, 200)
    check(got.json()["data"] == group, "get: not the group we created", got)

    updated = call("update", "PUT", one, 201, json={"description": "After"})
    after = {**group, "description": "After", "last_updated": updated.json()["data"]["last_updated"]}
    check(updated.json()["data"] == after, "update: expected only the description to change", updated)

    deleted = call("delete", "DELETE", one, 204)
    check(deleted.content == b"", "delete: expected an empty body", deleted)

    gone = call("get afterwards", "GET", one, 404)
    check(gone.json()["code"] == "RESOURCE_NOT_FOUND", "get afterwards: unexpected code", gone)


try:
    main()
except requests.JSONDecodeError as error:
    sys.exit(f"groups.py: the last answer is not JSON: {error.doc}")
except (Surprise, requests.RequestException) as error:
    sys.exit(f"groups.py: {error}")
except (LookupError, TypeError, AttributeError) as error:
    sys.exit(f"groups.py: the last answer lacks something: {error!r}")
print("groups.py: ok")
