"""Mocks behind HAProxy with the configuration beside this file, all on free ports of this machine."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import tempfile

HERE = pathlib.Path(__file__).parent
READY = "tallyfy-mock is ready on http://127.0.0.1:"
TALLYFY = {"Authorization": "Bearer any-token", "X-Tallyfy-Client": "APIClient"}


class Answer:
    """Of one request: its status, its body (JSON, if it is), and the mock that gave it."""

    def __init__(self, response):
        self.status = response.status
        self.mock = response.getheader("X-Tallyfy-Mock-Server")
        body = response.read()
        self.body = json.loads(body) if body.startswith((b"{", b"[")) else body


class Server:
    """Something that listens on a port of this machine."""

    def __init__(self, port):
        self.port = port

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = dict(TALLYFY)
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())


class Mock(Server):
    def __init__(self, name, *flags):
        self.name, self.flags = name, flags
        super().__init__(0)
        self.start()

    def start(self):
        """Starts it, on the port that it had before, if it ran before."""
        command = [os.environ["TALLYFY_MOCK_BIN"], "--port", str(self.port), "--log-level", "warn", "--exit-with-stdin"]
        self.process = subprocess.Popen([*command, *self.flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().strip()
        assert ready.startswith(READY), f"{self.name} says: {ready}"
        self.port = int(ready.removeprefix(READY))

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Cluster(Server):
    """HAProxy before so many mocks (three at most)."""

    def __init__(self, count=3, *flags):
        self.mocks = {f"mock-{number}": Mock(f"mock-{number}", *flags) for number in range(1, count + 1)}
        config = (HERE / "haproxy.cfg").read_text()
        lines = [line for line in config.splitlines() if not line.startswith("    server ") or line.split()[1] in self.mocks]
        self.folder = tempfile.TemporaryDirectory()
        file = pathlib.Path(self.folder.name) / "haproxy.cfg"
        file.write_text("\n".join(lines) + "\n")
        names = {"MOCK_1": "mock-1", "MOCK_2": "mock-2", "MOCK_3": "mock-3"}
        addresses = {key: f"127.0.0.1:{self.mocks[name].port}" for key, name in names.items() if name in self.mocks}
        # It inherits a socket that listens: its port is free, and requests may come before it is up.
        listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        super().__init__(listener.getsockname()[1])
        environment = {**os.environ, **addresses, "LISTEN": f"fd@{listener.fileno()}"}
        self.process = subprocess.Popen(["haproxy", "-db", "-q", "-f", file], env=environment, pass_fds=[listener.fileno()])
        listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for mock in self.mocks.values():
            mock.kill()
        self.folder.cleanup()
