"""The official SDK where it looks by itself, which is https://api.tallyfy.com: `sdk.py OPERATION`."""

import os
import sys

from tallyfy import TallyfySDK

ORG_ID = os.environ["TALLYFY_ORG_ID"]
groups = TallyfySDK(api_key=os.environ["TALLYFY_ACCESS_TOKEN"]).groups

samples = {
    "list": lambda: groups.get_groups(ORG_ID, page=1, per_page=10),
    "get": lambda: groups.get_group(ORG_ID, "GROUP_ID_TO_GET"),
    "create": lambda: groups.create_group(ORG_ID, "Night Shift", "Answers while others sleep.", [1001]),
    "update": lambda: groups.update_group(ORG_ID, "GROUP_ID_TO_UPDATE", name="Tier 2"),
    "delete": lambda: groups.delete_group(ORG_ID, "GROUP_ID_TO_DELETE"),
}
print(samples[sys.argv[1]]())
