"""The documentation's Python samples for groups, written anew: `groups.py OPERATION`. Exits 1 where a sample says that it failed."""

import os
import sys

import requests

ACCESS_TOKEN = os.environ.get("TALLYFY_ACCESS_TOKEN", "YOUR_PERSONAL_ACCESS_TOKEN")
ORG_ID = os.environ.get("TALLYFY_ORG_ID", "YOUR_ORGANIZATION_ID")
HEADERS = {
    "Authorization": f"Bearer {ACCESS_TOKEN}",
    "Accept": "application/json",
    "X-Tallyfy-Client": "APIClient",
}


def list_groups():
    url = f"https://go.tallyfy.com/api/organizations/{ORG_ID}/groups"
    response = requests.get(url, headers=HEADERS, params={"with": "assets", "per_page": 10, "page": 1})
    response.raise_for_status()
    for group in response.json()["data"]:
        print(group["id"], group["name"])


def get():
    url = f"https://go.tallyfy.com/api/organizations/{ORG_ID}/groups/GROUP_ID_TO_GET"
    response = requests.get(url, headers=HEADERS, params={"with": "assets"})
    response.raise_for_status()
    print(response.json()["data"]["name"])


def create():
    url = f"https://go.tallyfy.com/api/organizations/{ORG_ID}/groups"
    fields = {"name": "Night Shift", "description": "Answers while others sleep.", "members": [1001, 1005]}
    response = requests.post(url, headers={**HEADERS, "Content-Type": "application/json"}, json=fields)
    response.raise_for_status()
    print(response.json()["data"]["id"])


def update():
    url = f"https://go.tallyfy.com/api/organizations/{ORG_ID}/groups/GROUP_ID_TO_UPDATE"
    fields = {"name": "Tier 2", "description": "Second line.", "members": [1001], "guests": ["client@partner.com"]}
    response = requests.put(url, headers={**HEADERS, "Content-Type": "application/json"}, json=fields)
    response.raise_for_status()
    print(response.json()["data"]["name"])


def delete():
    url = f"https://go.tallyfy.com/api/organizations/{ORG_ID}/groups/GROUP_ID_TO_DELETE"
    response = requests.delete(url, headers=HEADERS)
    if response.status_code != 204:
        response.raise_for_status()
        sys.exit(f"not deleted: {response.status_code} {response.text}")
    print("deleted")


{"list": list_groups, "get": get, "create": create, "update": update, "delete": delete}[sys.argv[1]]()
