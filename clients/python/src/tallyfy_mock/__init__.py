"""A local server that answers like the groups API of Tallyfy, for tests.

In pytest, ask for the fixture ``tallyfy_org``: an organization of its own for each test. Elsewhere::

    with TallyfyMock.start() as mock:
        org = mock.org()
        org.seed(groups=[{"id": "sales", "name": "Sales"}])
        ...  # point your client at org.base_url, with org.token and org.id
"""

from ._clock import Clock
from ._errors import TallyfyMockError, VerificationError
from ._fault import Fault
from ._org import TallyfyOrg
from ._server import TallyfyMock
from ._types import FaultKind, Group, Operation, RequestEntry
from ._version import __version__

__all__ = [
    "Clock",
    "Fault",
    "FaultKind",
    "Group",
    "Operation",
    "RequestEntry",
    "TallyfyMock",
    "TallyfyMockError",
    "TallyfyOrg",
    "VerificationError",
    "__version__",
]
