"""Runs a command against a mock whose control endpoints are asked through here: each request and each answer is held to
the OpenAPI document that the mock gives of them.

    checked.py BINARY COMMAND…

The command finds it by TALLYFY_MOCK_URL. Ends with 1 where the command failed, where a request or an answer is not as the
document has it, or where there was none to compare.
"""

import collections
import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
import urllib.parse

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

READY = "tallyfy-mock is ready on http://127.0.0.1:"


class Checked(http.server.BaseHTTPRequestHandler):
    """Passes everything on; `mock_port`, `document`, `seen` and `mistakes` are of the class."""

    protocol_version = "HTTP/1.1"
    seen = collections.Counter()
    mistakes = []

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.mock_port, timeout=30)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        read = answer.read()
        if self.path.startswith("/_mock/"):
            self.check(body, answer, read)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(read)))
        self.end_headers()
        self.wfile.write(read)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = pass_on

    def check(self, body, answer, read):
        path, _, query = self.path.partition("?")
        asked = urllib.parse.parse_qsl(query, keep_blank_values=True)
        kind = self.headers.get("Content-Type", "").partition(";")[0] or "application/json"
        request = MockRequest(f"http://127.0.0.1:{self.mock_port}", self.command, path, args=dict(asked), data=body, content_type=kind)
        response = MockResponse(read, answer.status, dict(answer.getheaders()), answer.getheader("Content-Type", "application/json"))
        try:
            if answer.status < 400:
                self.openapi.validate_request(request)
            self.openapi.validate_response(request, response)
            self.seen[self.operation(path, dict(asked))] += 1
        except (OpenAPIError, ValueError) as mistake:
            cause = mistake.__cause__ or mistake
            self.mistakes.append(f"{self.command} {self.path}: {mistake} {cause} {getattr(cause, 'schema_errors', '')}")

    def operation(self, path, asked):
        """The operation's method and path; a parameter that it does not have is a mistake, which the library lets pass."""
        parts = path.split("/")
        for template, operations in self.document["paths"].items():
            pairs = list(zip(parts, template.split("/"), strict=False))
            if len(parts) == template.count("/") + 1 and all(part == name or name.startswith("{") for part, name in pairs):
                operation = operations[self.command.lower()]
                known = [parameter["name"] for parameter in operation.get("parameters", [])]
                unknown = [name for name in asked if name not in known]
                if unknown:
                    raise ValueError(f"it has no parameter {unknown}")
                return f"{self.command} {template}"
        raise ValueError("there is no such path")

    def log_message(self, *_):
        pass


def main(binary, *command):
    mock = subprocess.Popen([binary, "--port", "0", "--exit-with-stdin", "--log-level", "off"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    Checked.mock_port = int(mock.stdout.readline().removeprefix(READY))
    asked = http.client.HTTPConnection("127.0.0.1", Checked.mock_port)
    asked.request("GET", "/_mock/openapi.json?of=control")
    Checked.document = json.load(asked.getresponse())
    Checked.openapi = OpenAPI.from_dict(Checked.document, config=Config(extra_media_type_deserializers={"application/problem+json": json.loads}))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Checked)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    status = subprocess.run(command, env={**os.environ, "TALLYFY_MOCK_URL": url}, check=False).returncode
    server.shutdown()
    mock.kill()
    for mistake in Checked.mistakes:
        print(f"not as /_mock/openapi.json has it: {mistake}")
    print(f"{sum(Checked.seen.values())} control requests of {len(Checked.seen)} operations are as the document has them: " + ", ".join(sorted(Checked.seen)))
    return 1 if status or Checked.mistakes or not Checked.seen else 0


sys.exit(main(*sys.argv[1:]))
