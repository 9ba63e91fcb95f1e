"""The mock's control endpoints, under ``/_mock``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from ._errors import Secret, TallyfyMockError
from ._process import Process

#: How long an answer may take, in seconds.
_TIMEOUT = 30


class Control:
    """Calls the control endpoints of one mock. No proxy is asked, and the control token is never shown."""

    def __init__(self, url: str, token: str | None, process: Process | None = None) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme != "http" or not parts.hostname or port == 0 or parts.path.rstrip("/") not in ("", "/api"):
            raise TallyfyMockError(f"`{url}` is no URL of a mock; one is like http://127.0.0.1:8255")
        self.url = f"http://{parts.netloc}"
        self.process = process
        self._host, self._port = parts.hostname, port or 80
        if token and not (token.isascii() and token.isprintable()):
            raise TallyfyMockError("the control token has characters that no header can carry")
        self._authorization = Secret(f"Bearer {token}") if token else None

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int | None] = {},
        body: Any = None,
    ) -> Any:
        """Calls ``/_mock/{path}`` and gives back what was answered; a refusal is a `TallyfyMockError`."""
        parameters = urlencode(given(**query))
        target = f"/_mock/{path}" + (f"?{parameters}" if parameters else "")
        headers = {"Accept": "application/json"}
        if self._authorization:
            headers["Authorization"] = self._authorization
        text = None
        if body is not None:
            text = json.dumps(body)
            headers["Content-Type"] = "application/json"
        status, answer = self._send(method, target, text, headers)
        if status < 300:
            return answer
        raise self._refused(status, answer)

    def _send(self, method: str, target: str, text: str | None, headers: Mapping[str, str]) -> tuple[int, Any]:
        connection = HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request(method, target, text, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()
        try:
            return response.status, json.loads(content) if content else None
        except ValueError:
            raise TallyfyMockError(f"what answers on {self.url} is no tallyfy-mock") from None

    def _refused(self, status: int, answer: Any) -> TallyfyMockError:
        detail = answer.get("detail") if isinstance(answer, dict) else None
        if not detail:
            return TallyfyMockError(f"what answers on {self.url} is no tallyfy-mock, or an older one", status)
        mistakes = answer.get("errors", [])
        if len(mistakes) > 1:
            detail += ": " + "; ".join(f"{one['path']}: {one['message']}" for one in mistakes)
        if status == 401:
            detail += " (here: `control_token`, or the variable TALLYFY_MOCK_CONTROL_TOKEN)"
        return TallyfyMockError(detail, status)

    def _unreachable(self, error: Exception) -> TallyfyMockError:
        if self.process and self.process.has_ended(within=1):
            said = self.process.said or "nothing"
            return TallyfyMockError(f"the mock has ended with exit code {self.process.exit_code}; it said:\n{said}")
        return TallyfyMockError(f"there is no mock to be reached on {self.url}: {error}")


def given(**values: Any) -> dict[str, Any]:
    """Those that are not left out."""
    return {name: value for name, value in values.items() if value is not None}
