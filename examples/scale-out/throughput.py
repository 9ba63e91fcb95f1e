"""Prints how many lists of groups 1, 2 and 3 mocks behind HAProxy answer in a second, over 30 organizations, by wrk.

Proxy, mocks and wrk share the cores of this machine, so that figures of a machine with few cores say little of what
three machines can do. Nothing is asserted.
"""

import os
import pathlib
import subprocess
import tempfile

from cluster import Cluster

SECONDS = 5
SCRIPT = """
local n = 0
request = function()
    n = n + 1
    return wrk.format("GET", "/api/organizations/suite-" .. (n % 30) .. "/groups?per_page=10")
end
wrk.headers["Authorization"] = "Bearer any-token"
wrk.headers["X-Tallyfy-Client"] = "APIClient"
done = function(summary)
    local refused = summary.errors.status + summary.errors.read + summary.errors.connect + summary.errors.timeout
    io.write(string.format("%d requests/s, %d refused\\n", summary.requests / summary.duration * 1e6, refused))
end
"""


def measured(server):
    for number in range(30):
        groups = [{"name": f"Group {group}"} for group in range(20)]
        assert server.ask("POST", f"/_mock/seed?org=suite-{number}", {"groups": groups}).status == 204
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "lists.lua"
        script.write_text(SCRIPT)
        command = ["wrk", "--threads", "1", "--connections", "32", "--duration", f"{SECONDS}s", "--script", script]
        run = subprocess.run([*command, f"http://127.0.0.1:{server.port}"], capture_output=True, text=True, check=True)
        return run.stdout.splitlines()[-1]


print(f"{os.cpu_count()} cores; one worker thread a mock; 32 connections; {SECONDS} s each")
with Cluster(1, "--workers", "1") as cluster:
    print(f"1 mock, asked itself: {measured(cluster.mocks['mock-1'])}")
for count in (1, 2, 3):
    with Cluster(count, "--workers", "1") as cluster:
        print(f"{count} behind HAProxy: {measured(cluster)}", flush=True)
