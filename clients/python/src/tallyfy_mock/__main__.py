"""``python -m tallyfy_mock``: the command."""

from __future__ import annotations

import os
import subprocess
import sys

from ._binary import find_binary, why_not_started
from ._errors import TallyfyMockError


def main() -> int:
    """Becomes the command, or says in one sentence why that cannot be."""
    try:
        binary = find_binary()
        command = [binary, *sys.argv[1:]]
        try:
            if os.name == "posix":
                os.execv(binary, command)
            return subprocess.call(command)  # elsewhere, no process can become another
        except OSError as error:
            raise why_not_started(binary, error) from None
    except TallyfyMockError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
