"""The fixture that the cases meet, and the ids of it that hooks.py puts in the place of others."""

import zlib

ORG = "northwind"
GROUPS = 200
FIRST_USER = 1001
USERS = 50


def group(number):
    return f"group-{number % GROUPS}"


def user(number):
    return FIRST_USER + number % USERS


def number_of(text):
    """The same number for the same text at every run."""
    return zlib.crc32(str(text).encode("utf-8", "surrogatepass"))


def world(declares_users):
    guest = "client@partner.example.com"
    organization = {
        "id": ORG,
        "guests": [{"email": guest, "first_name": "Cleo"}],
        "groups": [
            {"id": group(i), "name": f"Group number {i}", "members": [user(i)], "guests": [guest]}
            for i in range(GROUPS)
        ],
    }
    if declares_users:
        role = lambda i: "standard" if i else "admin"
        organization["users"] = [{"id": user(i), "role": role(i)} for i in range(USERS)]
    tokens = [{"token": "contract-token", "user": FIRST_USER, "organizations": [ORG]}]
    # What the document's own example of a token request asks with.
    oauth = {
        "clients": [{"client_id": 3, "client_secret": "s3cret"}],
        "passwords": [
            {
                "username": "ada.lovelace@northwind.example.com",
                "password": "any",
                "user": FIRST_USER,
                "organizations": [ORG],
            }
        ],
    }
    return {"version": 1, "tokens": tokens, "organizations": [organization], "oauth": oauth}
