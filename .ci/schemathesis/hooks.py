"""What a document cannot say, and a generator cannot know: which ids there are, and which names are taken.

Most ids that are made up name nothing, and would be answered 404 before anything else is looked at. Three of four
that could be an organization's or a group's become one of the fixture's; whatever can be none stays as it is.
"""

import itertools
import re

import schemathesis
from world import ORG, group, number_of, user

ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
LONGEST_NAME = 200
NUMBERS = itertools.count(1)


def known(text, of):
    if not isinstance(text, str) or not ID.fullmatch(text):
        return text
    number = number_of(text)
    return text if number % 4 == 0 else of(number)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and "org" in path_parameters:
        path_parameters["org"] = known(path_parameters["org"], lambda _: ORG)
        if "/groups/" in context.operation.path:
            path_parameters["id"] = known(path_parameters.get("id"), group)
    return path_parameters


def member(value):
    """A user of the fixture in the place of what could be any: who is not declared is refused."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and value == value // 1 and 0 < value < 2**53:
        return user(number_of(value))
    if isinstance(value, str) and re.fullmatch("[1-9][0-9]{0,14}", value):
        return str(user(number_of(value)))
    return value


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    if isinstance(body.get("members"), list):
        body["members"] = [member(value) for value in body["members"]]
    # A name of its own for each group: one that is taken is refused.
    name = body.get("name")
    if isinstance(name, str) and name.strip() and "\0" not in name and len(name) <= LONGEST_NAME:
        number = f" {next(NUMBERS)}"
        body["name"] = name[: LONGEST_NAME - len(number)] + number
