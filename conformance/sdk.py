"""The official Python SDK against a mock: one line for each case, `ok CASE` or `FAILED CASE: why`.

Each case has an organization of its own. Whatever the SDK is answered in it, is parsed by the SDK's models once more, and
compared with what they have: its keys and types are to be the model's, but for what is listed in ANSWERS below.
"""

import contextlib
import dataclasses
import logging
import os
import re
import sys
import traceback
import typing
from unittest import mock
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from tallyfy import TallyfyError, TallyfySDK
from tallyfy.models import (
    Asset,
    Group,
    Guest,
    GuestDetails,
    Organization,
    PaginationLinks,
    PaginationMeta,
    TallyfyIndeterminateError,
    User,
)

BASE = os.environ["TALLYFY_BASE_URL"]
MOCK = "{0.scheme}://{0.netloc}".format(urlsplit(BASE))
TOKEN = os.environ["TALLYFY_ACCESS_TOKEN"]
AUGUST = os.environ["CONTRACT"] == "2025-08"
UPDATED = int(os.environ["UPDATE_STATUS"])
DELETED = 200 if AUGUST else 204

USERS = [
    {"id": 1, "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace", "role": "admin", "job_title": "Operations"},
    {"id": 2, "email": "alan@example.com", "first_name": "Alan", "last_name": "Turing", "role": "light"},
]
# An address that has to be percent-encoded. (None under `.test`: the SDK refuses to ask for such a guest.)
GUESTS = [
    {"email": "cleo+acme@example.com", "first_name": "Cleo", "last_name": "Client", "details": {"phone_1": "555"}},
    {"email": "axel@example.com", "first_name": "Axel", "last_name": "Auditor"},
]


# What is answered, compared with the models


def keys(model, *more, without=()):
    """The keys of an answer: the model's, some more, and without some."""
    return {field.name for field in dataclasses.fields(model)} - {"extra", *without} | set(more)


GROUP = (Group, keys(Group) if AUGUST else keys(Group, "last_updated", without=("updated_at", "deleted_at")))
# `country` is an include.
USER = (User, keys(User, "country_id", "is_active", "type", "updated_at", "is_default_admin", "user_role", without=("country",)))
USER_NAME = (User, {"id", "email", "username", "first_name", "last_name", "full_name", "profile_pic"})
# The SDK takes `guest_id` out of `link`.
GUEST = (Guest, keys(Guest, "id", without=("guest_id",)))
GUEST_NAME = (Guest, {"id", "email", "first_name", "last_name"})
# No source says that the server sends a name in `details`; `disabled_on` is the SDK's word for `disabled_at`.
DETAILS = (
    GuestDetails,
    keys(
        GuestDetails,
        *("cadence_days", "associated_members", "last_city", "last_country", "last_accessed_at"),
        without=("first_name", "last_name", "disabled_on"),
    ),
)
# Those that evidence 8.3 names; the model has forty-odd more, each with a default.
ORGANIZATION = (
    Organization,
    set(
        "id name industry description address1 address2 created_at created_on last_updated live_support_enabled org_logo"
        " country state city zipcode users_count in_trial allow_user_invite allow_manage_groups"
        " maximum_group_assignment_limit timezone working_days webhook_date_field_format user_role".split()
    ),
)
ANSWERS = [
    ("/groups(/[^/]+)?", GROUP),
    ("/organizations/[^/]+/me|/users(/[^/]+)?", USER),
    ("/users-list", USER_NAME),
    ("/guests(/[^/]+)?", GUEST),
    ("/guests-list", GUEST_NAME),
    ("/me/organizations|/organizations/[^/]+", ORGANIZATION),
]
# What stands in `{"data": […]}` of each include.
INCLUDES = {
    "users": USER,
    "guests": GUEST,
    "assets": (Asset, keys(Asset)),
    "groups": (Group, {"id", "name", "logo", "members", "guests"}),
}


def check_answer(response):
    """The answer has the keys that its path promises, and the SDK's model takes their values."""
    url = urlsplit(response.url)
    shape = next(shape for path, shape in ANSWERS if re.search(f"({path})$", unquote(url.path)))
    body = response.json()
    includes = [name for names in parse_qs(url.query).get("with", []) for name in names.split(",")]
    rows = body["data"] if isinstance(body["data"], list) else [body["data"]]
    for row in rows:
        check_row(*shape, row, includes)
    if "meta" in body:
        pagination = body["meta"]["pagination"]
        check_row(PaginationMeta, keys(PaginationMeta), pagination)
        links = PaginationMeta.from_dict(pagination).links or PaginationLinks()
        # The model looks for `prev`, which no source says the server sends.
        same(set(links.extra) - {"previous"}, set(), "links that are not known")


def check_row(model, expected, row, includes=()):
    promised = expected | set(includes)
    same((promised - set(row), set(row) - promised), (set(), set()), f"what is missing from, and new in, a {model.__name__}")
    parsed = model.from_dict(row)
    for field, kind in typing.get_type_hints(model).items():
        value = getattr(parsed, field)
        if field not in includes and not fits(value, kind):
            raise AssertionError(f"{model.__name__}.{field} is to be {kind}, and is {value!r}")
    same(set(parsed.extra), promised - keys(model), f"the extra of a {model.__name__}")
    for include in includes:
        for one in row[include]["data"]:
            check_row(*INCLUDES[include], one)
    if "details" in row:
        check_row(*DETAILS, row["details"])


def fits(value, kind):
    """Whether a value is of a type as the models declare it."""
    if typing.get_origin(kind) is typing.Union:
        return any(fits(value, one) for one in typing.get_args(kind))
    if typing.get_origin(kind) is list:
        return isinstance(value, list) and all(fits(one, *typing.get_args(kind)) for one in value)
    if typing.get_origin(kind) is dict:
        return isinstance(value, dict)
    return type(value) is kind  # and so True is no int


# The cases' tools


class Case:
    """An organization of a case's own: clients for it, and the mock's levers."""

    def __init__(self, name):
        self.org = f"{os.environ['TALLYFY_ORG_ID']}-{name}"
        self.answers = []
        self.sdk = self.client()

    def client(self, token=TOKEN):
        sdk = TallyfySDK(api_key=token, base_url=BASE, retry_jitter=0)
        sdk.session.hooks["response"].append(lambda response, **_: self.answers.append(response))
        return sdk

    def control(self, method, path, **options):
        response = requests.request(method, f"{MOCK}/_mock/{path}", timeout=10, **options)
        response.raise_for_status()
        return response.json() if response.content else None

    def seed(self, **organization):
        self.control("POST", "seed", params={"org": self.org}, json=organization)

    def group(self, **fields):
        """A group that is there without the SDK's help."""
        self.seed(groups=[{"id": "f" * 32, "name": "Sales", "description": "Sells", **fields}])
        return "f" * 32

    def fault(self, operation, **step):
        rule = {"match": {"operation": operation}, "steps": [step]}
        self.control("PUT", f"faults/{operation}", params={"org": self.org}, json=rule)

    def asked(self, operation=None):
        """What was asked for, as the mock remembers it."""
        return self.control("GET", "requests", params={"org": self.org, "operation": operation})["requests"]

    def statuses(self, operation):
        return [entry["status"] for entry in self.asked(operation)]


def same(actual, expected, what="the value"):
    if actual != expected:
        raise AssertionError(f"{what} is to be {expected!r}, and is {actual!r}")


def refused(status, message, call, kind=TallyfyError):
    """The call raises with this status and a message of the mock's; gives back what the exception holds."""
    try:
        result = call()
    except TallyfyError as error:
        same((type(error), error.status_code), (kind, status), "the exception")
        expected = f"API request failed with status {status}: {message}"
        same(str(error)[: len(expected)], expected, "what the exception says")
        return error.response_data
    raise AssertionError(f"nothing was raised, but given back: {result!r}")


@contextlib.contextmanager
def waits():
    """For how long the SDK would have waited before each retry."""
    waited = []
    with mock.patch("time.sleep", waited.append):
        yield waited


def names(rows):
    return [row.name for row in rows]


# The cases


def creates_with_every_argument(case):
    """create_group with every argument"""
    group = case.sdk.groups.create_group(case.org, "Sales", "Sells", [1, 2], ["cleo@example.com"])
    same((group.name, group.description, group.logo), ("Sales", "Sells", None))
    same((group.members, group.guests), ([1, 2], ["cleo@example.com"]))
    same(re.fullmatch("[0-9a-f]{32}", group.id) is not None, True, f"that {group.id} is an id")
    same(group.extra, {} if AUGUST else {"last_updated": group.created_at}, "extra")
    same((group.updated_at, group.deleted_at), (group.created_at if AUGUST else None, None))
    (entry,) = case.asked()
    same(entry["body"], {"name": "Sales", "description": "Sells", "members": [1, 2], "guests": ["cleo@example.com"]}, "the body")
    same((entry["status"], entry["unread"]), (201, []), "status, and what was not read")


def creates_with_a_name_only(case):
    """create_group with a name only: refused by 2026-03, where a description is required"""
    create = case.sdk.groups.create_group
    if AUGUST:
        same(create(case.org, "Sales").description, None)
    else:
        data = refused(422, "The given data was invalid.", lambda: create(case.org, "Sales"))
        same(data["errors"], {"description": ["The description field is required."]}, "errors")


def walks_every_page(case):
    """get_groups walks 250 groups, three pages of a hundred or five of sixty; page=N is one page"""
    wanted = [f"Group {number:03}" for number in range(250)]
    case.seed(groups=[{"name": name, "description": "One of many"} for name in wanted])
    same(names(case.sdk.groups.get_groups(case.org)), wanted, "all groups")
    same([entry["query"] for entry in case.asked()], [f"page={page}&per_page=100" for page in (1, 2, 3)], "the queries")
    same(names(case.sdk.groups.get_groups(case.org, per_page=60)), wanted, "all groups")
    same(len(case.asked()), 3 + 5, "the requests")
    same(names(case.sdk.groups.get_groups(case.org, page=3, per_page=100)), wanted[200:], "the third page")
    same(case.sdk.groups.get_groups(case.org, page=9), [], "a page past the end")


def searches_and_sorts(case):
    """get_groups with q, sort_by, sort and with_data"""
    rows = [("Zebra", "Über uns"), ("ant", "The colony"), ("Mole", "über & unter")]
    case.seed(users=USERS, guests=GUESTS)
    case.seed(groups=[{"name": name, "description": text, "members": [2], "guests": ["cleo+acme@example.com"]} for name, text in rows])
    get = case.sdk.groups.get_groups
    same(names(get(case.org, q="ÜBER")), ["Zebra", "Mole"], "what is found")
    same(names(get(case.org, q="über &")), ["Mole"], "what is found")
    same(names(get(case.org, sort_by="name")), ["ant", "Mole", "Zebra"], "by name")
    same(names(get(case.org, sort_by="name", sort="desc")), ["Zebra", "Mole", "ant"], "by name, descending")
    same(names(get(case.org, sort_by="created_at", sort="asc")), ["Zebra", "ant", "Mole"], "by creation")
    (group,) = get(case.org, q="ant", with_data="assets,users,guests")
    same(set(group.extra) - {"last_updated"}, {"assets", "users"}, "extra")
    same([user["email"] for user in group.extra["users"]["data"]], ["alan@example.com"], "users")
    same([guest["email"] for guest in group.guests["data"]], ["cleo+acme@example.com"], "guests, replaced by the include")


def gets(case):
    """get_group, with and without with_data"""
    group = case.group(logo="https://example.com/logo.png", members=[7])
    plain = case.sdk.groups.get_group(case.org, group)
    same((plain.id, plain.name, plain.logo, plain.members), (group, "Sales", "https://example.com/logo.png", [7]))
    same(set(plain.extra), set() if AUGUST else {"last_updated"}, "extra")
    full = case.sdk.groups.get_group(case.org, group, with_data="assets,users")
    same([asset["filename"] for asset in full.extra["assets"]["data"]], ["logo.png"], "assets")
    same([user["id"] for user in full.extra["users"]["data"]], [7], "users")


def updates_what_is_given(case):
    """update_group gets, then puts the whole group: each argument alone changes that alone"""
    group = case.group(members=[1], guests=["cleo@example.com"])
    expected = {"name": "Sales", "description": "Sells", "members": [1], "guests": ["cleo@example.com"]}
    for change in ({"name": "Sellers"}, {"description": "Sell"}, {"members": [3, 2]}, {"guests": []}, {"members": []}):
        expected.update(change)
        updated = case.sdk.groups.update_group(case.org, group, **change)
        same({key: getattr(updated, key) for key in expected}, expected, f"what {change} gives")
        fetched, put = case.asked()[-2:]
        same((fetched["operation"], put["operation"]), ("groups.get", "groups.update"), "what was asked")
        same((put["body"], put["status"], put["unread"]), (expected, UPDATED, []), "what was put")
    case.group(description=None)
    same(case.sdk.groups.update_group(case.org, group, name="Nameless").description, None)
    same("description" in case.asked("groups.update")[-1]["body"], False, "that no description is put where there is none")


def deletes(case):
    """delete_group; afterwards the group is not there, and its name is free"""
    group = case.group()
    same(case.sdk.groups.delete_group(case.org, group), True)
    same(case.statuses("groups.delete"), [DELETED], "status")
    refused(404, "Resource not found", lambda: case.sdk.groups.delete_group(case.org, group))
    same(case.sdk.groups.get_groups(case.org), [], "what is left")
    case.sdk.groups.create_group(case.org, "Sales", "Sells")


def the_facade_does_the_same(case):
    """the same five by the methods of TallyfySDK itself"""
    sdk, org = case.sdk, case.org
    group = sdk.create_group(org, "Sales", description="Sells", members=[1], guests=["cleo@example.com"])
    same(names(sdk.get_groups(org, page=1, per_page=10, q="sal")), ["Sales"])
    same(sdk.get_group(org, group.id), group)
    same(sdk.update_group(org, group.id, name="Sellers", description="Sell", members=[], guests=[]).name, "Sellers")
    same(sdk.delete_group(org, group.id), True)


def sends_its_headers(case):
    """its headers are taken as they are, a content type on GET and DELETE too"""
    case.sdk.groups.delete_group(case.org, case.group())
    headers = case.asked("groups.delete")[0]["headers"]
    seen = {name: headers.get(name) for name in ("x-tallyfy-client", "accept", "content-type")}
    same(seen, {"x-tallyfy-client": "TallyfySDK", "accept": "application/json", "content-type": "application/json"})


def raises_what_is_refused(case):
    """401, 403, 404 and 422 are exceptions with the mock's message in them, and nothing is tried again"""
    groups, org = case.sdk.groups, case.org
    case.seed(users=USERS)
    sales = case.group()
    refused(401, "Unauthenticated.", lambda: case.client("unknown").groups.get_groups(org))
    light = case.client("light-user").groups
    refused(403, "This action is unauthorized.", lambda: light.get_groups(org))
    same(names(light.get_groups("admins-only")), ["Admins"])
    refused(403, "This action is unauthorized.", lambda: light.create_group("admins-only", "Ours", "Not theirs"))
    for call in (groups.get_group, groups.update_group, groups.delete_group):
        same(refused(404, "Resource not found", lambda: call(org, "0" * 32))["code"], "RESOURCE_NOT_FOUND")
    data = refused(422, "The given data was invalid.", lambda: groups.create_group(org, "Sales", "Twice", [9], ["no address"]))
    errors = {
        "name": ["The name has already been taken."],
        "members.0": ["The selected members.0 is invalid."],
        "guests.0": ["The guests.0 field must be a valid email address."],
    }
    same(data["errors"], errors, "errors")
    data = refused(422, "The given data was invalid.", lambda: groups.update_group(org, sales, name="x" * 201))
    same(data["errors"], {"name": ["The name field must not be greater than 200 characters."]}, "errors")
    same(len(case.asked("groups.create")), 1, "the requests")


def calls(case, group):
    """Each operation by the call that ends with it."""
    groups = case.sdk.groups
    return {
        "groups.list": lambda: groups.get_groups(case.org),
        "groups.create": lambda: groups.create_group(case.org, "New", "Not there yet"),
        "groups.get": lambda: groups.get_group(case.org, group),
        "groups.update": lambda: groups.update_group(case.org, group, name="Other"),
        "groups.delete": lambda: groups.delete_group(case.org, group),
    }


def retries_when_limited(case):
    """429 is tried again by all five, after the seconds of Retry-After"""
    success = {"groups.create": 201, "groups.update": UPDATED, "groups.delete": DELETED}
    for operation, call in calls(case, case.group()).items():
        case.fault(operation, status=429, retry_after=7)
        with waits() as waited:
            call()
        same(waited, [7.0], f"the waits of {operation}")
        same(case.statuses(operation)[-2:], [429, success.get(operation, 200)], f"the answers to {operation}")


def retries_when_unavailable(case):
    """503 is tried again by all but create, which says that its outcome is not known"""
    for operation, call in calls(case, case.group()).items():
        case.fault(operation, status=503)
        with waits() as waited:
            if operation == "groups.create":
                refused(503, "Service Unavailable", call, TallyfyIndeterminateError)
            else:
                call()
        same(waited, [] if operation == "groups.create" else [1.0], f"the waits of {operation}")
    same(case.statuses("groups.create"), [503], "the answers to create")
    same(case.sdk.groups.get_groups(case.org), [], "what is left: nothing was created")


def gives_up(case):
    """after four attempts it raises what the last was answered"""
    group = case.group()
    for status, message in ((503, "Service Unavailable"), (500, "Server Error")):
        case.fault("groups.get", status=status, times="always")
        with waits() as waited:
            refused(status, message, lambda: case.sdk.groups.get_group(case.org, group))
        same(waited, [1.0, 2.0, 4.0], "the waits")
    case.fault("groups.create", status=429, retry_after=3, times="always")
    with waits() as waited:
        create = case.sdk.groups.create_group
        message = "You've reached the limit for API requests. Please try again later."
        data = refused(429, message, lambda: create(case.org, "New", "Never there"))
    same((waited, data["code"]), ([3.0, 3.0, 3.0], "RATE_LIMIT_EXCEEDED"))


def meets_writes_that_were_done(case):
    """503 after the change is in: update repeats itself, delete finds nothing, create leaves a group behind"""
    calling = calls(case, case.group())
    for operation in ("groups.create", "groups.update", "groups.delete"):
        case.fault(operation, status=503, write="after")
    with waits():
        refused(503, "Service Unavailable", calling["groups.create"], TallyfyIndeterminateError)
        same(calling["groups.update"]().name, "Other")
        refused(404, "Resource not found", calling["groups.delete"])
    same(names(case.sdk.groups.get_groups(case.org)), ["New"], "what is left")


def meets_a_reset_connection(case):
    """a reset connection is tried again by get, and not by create"""
    calling = calls(case, case.group())
    for operation in ("groups.get", "groups.create"):
        case.fault(operation, fault="connection_reset")
    with waits() as waited:
        same(calling["groups.get"]().name, "Sales")
        try:
            calling["groups.create"]()
        except TallyfyIndeterminateError as error:
            same(error.status_code, None, "the status")
        else:
            raise AssertionError("nothing was raised")
    same(waited, [1.0], "the waits")


def populate(case):
    case.seed(users=USERS, guests=GUESTS)
    case.group(members=[1, 2], guests=[GUESTS[0]["email"]])


def reads_users(case):
    """get_organization_users, with groups too, get_user and get_current_user_info"""
    populate(case)
    users = case.sdk.get_organization_users(case.org, with_groups=True)
    same((users.count, users.meta.total, users.extra), (2, 2, {}))
    ada, alan = users.data
    same((ada.id, ada.full_name, ada.role, ada.job_title, ada.active), (1, "Ada Lovelace", "admin", "Operations", True))
    same([group["name"] for group in alan.extra["groups"]["data"]], ["Sales"], "the groups of alan")
    same([user.extra.get("groups") for user in case.sdk.get_organization_users(case.org).data], [None, None], "groups not asked for")
    (second,) = case.sdk.users.get_organization_users(case.org, page=2, per_page=1).data
    same(second.email, "alan@example.com")
    same(case.sdk.get_user(case.org, 2).full_name, "Alan Turing")
    same(case.sdk.get_current_user_info(case.org).email, "ada@example.com")
    refused(404, "Resource not found", lambda: case.sdk.get_user(case.org, 3))
    refused(403, "This action is unauthorized.", lambda: case.client("light-user").get_user("admins-only", 2))


def finds_users(case):
    """get_organization_users_list, get_user_by_email, search_members_by_name and get_all_organization_members"""
    populate(case)
    users = case.sdk.get_organization_users_list(case.org)
    same(([user.full_name for user in users.data], users.count, users.extra), (["Ada Lovelace", "Alan Turing"], 2, {}))
    same(case.sdk.users.get_user_by_email(case.org, "ALAN@example.com").id, 2)
    same(case.sdk.users.get_user_by_email(case.org, "nobody@example.com"), None)
    found = case.sdk.users.search_members_by_name(case.org, "a")
    same(([user.id for user in found["users"]], [guest.first_name for guest in found["guests"]]), ([1, 2], ["Axel"]))
    everyone = case.sdk.users.get_all_organization_members(case.org, with_groups=True, with_stats=False)
    same((everyone["users"].count, everyone["guests"].count), (2, 2))


def reads_guests(case):
    """get_organization_guests, get_organization_guests_list, get_guest and get_guest_by_email"""
    populate(case)
    guests = case.sdk.get_organization_guests(case.org)
    same(([guest.email for guest in guests.data], guests.count), (["axel@example.com", "cleo+acme@example.com"], 2))
    names = case.sdk.get_organization_guests_list(case.org)
    same(([guest.first_name for guest in names.data], names.count, names.extra), (["Axel", "Cleo"], 2, {}))
    cleo = case.sdk.get_guest(case.org, "cleo+acme@example.com")
    same((cleo.first_name, cleo.last_name, cleo.deleted_at), ("Cleo", "Client", None))
    same((cleo.details.status, cleo.details.phone_1), ("active", "555"))
    same(cleo.link, f"https://go.tallyfy.test/guest/{cleo.guest_id}", "the link")
    same(case.sdk.users.get_guest_by_email(case.org, "CLEO+acme@example.com"), cleo)
    refused(404, "Resource not found", lambda: case.sdk.get_guest(case.org, "100%@example.com"))


def takes_in_the_guests_of_groups(case):
    """a guest of a group becomes a guest of the organization, and stays one"""
    group = case.sdk.create_group(case.org, "Sales", description="Sells", guests=["new@example.com"])
    case.sdk.delete_group(case.org, group.id)
    same(case.sdk.get_guest(case.org, "new@example.com").email, "new@example.com")


def reads_organizations(case):
    """get_organization and get_current_user_organizations"""
    case.seed(name="Acme", allow_manage_groups=False, users=USERS)
    acme = case.sdk.get_organization(case.org)
    same((acme.id, acme.name, acme.users_count, acme.user_role), (case.org, "Acme", 2, "admin"))
    same((acme.allow_manage_groups, acme.timezone), (False, "UTC"))
    same(acme.extra, {"created_at": acme.created_on}, "extra")
    found = case.client("light-user").get_current_user_organizations(page=1, per_page=50)
    same(([org.id for org in found.data], found.count), (["admins-only"], 1))
    (admins,) = found.data
    same((admins.user_role, admins.allow_manage_groups), ("light", False))


CASES = [
    creates_with_every_argument,
    creates_with_a_name_only,
    walks_every_page,
    searches_and_sorts,
    gets,
    updates_what_is_given,
    deletes,
    the_facade_does_the_same,
    sends_its_headers,
    raises_what_is_refused,
    retries_when_limited,
    retries_when_unavailable,
    gives_up,
    meets_writes_that_were_done,
    meets_a_reset_connection,
    reads_users,
    finds_users,
    reads_guests,
    takes_in_the_guests_of_groups,
    reads_organizations,
]


def main():
    logging.disable(logging.CRITICAL)  # the SDK logs each retry and each exception
    failures = 0
    for check in CASES:
        case = Case(check.__name__)
        try:
            check(case)
            for answer in case.answers:
                if answer.ok and answer.content:
                    check_answer(answer)
            print(f"ok {check.__doc__}")
        except Exception as error:
            failures += 1
            print(f"FAILED {check.__doc__}: {type(error).__name__}: {error}")
            if not isinstance(error, AssertionError):
                traceback.print_exc(file=sys.stdout)
    sys.exit(failures > 0)


main()
