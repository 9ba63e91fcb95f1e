"""The two servers that the suite is run against, with the three things that its tests ask of one."""

import json
import os
import subprocess
import urllib.request

OPERATIONS = {
    "list": ("GET", ""),
    "get": ("GET", "/{id}"),
    "create": ("POST", ""),
    "rename": ("PUT", "/{id}"),
    "delete": ("DELETE", "/{id}"),
}
NAMES = {"rename": "update"}


class Tallyfy:
    """An organization of tallyfy-mock, as the plugin gives it."""

    def __init__(self, org):
        self.base_url, self.org, self.token = org.base_url, org.id, org.token
        self._org = org

    def has(self, groups):
        self._org.seed(groups=groups)

    def fails(self, operation, *steps):
        self._org.fault(f"groups.{NAMES.get(operation, operation)}", steps=steps)

    def was_asked(self, operation):
        return len(self._org.requests(f"groups.{NAMES.get(operation, operation)}"))


class WireMock:
    """A WireMock that was started for the run; its answers are written by hand, as it knows nothing of Tallyfy."""

    org, token = "acme", "any-token"
    faults = {"connection_reset": "CONNECTION_RESET_BY_PEER"}

    @classmethod
    def start(cls):
        jar = os.environ["WIREMOCK_JAR"]
        command = ["java", "-jar", jar, "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("port:"):
                return process, f"http://127.0.0.1:{line.split()[1]}"
        raise RuntimeError("WireMock did not start")

    def __init__(self, base_url):
        self.base_url = base_url
        self._admin("POST", "reset")
        self._path = f"/api/organizations/{self.org}/groups"

    def has(self, groups, per_page=10):
        pages = max(1, -(-len(groups) // per_page))
        for page in range(1, pages + 1):
            rows = groups[(page - 1) * per_page : page * per_page]
            meta = {"pagination": {"total": len(groups), "total_pages": pages, "current_page": page}}
            asked = {"urlPath": self._path, "method": "GET", "queryParameters": {"page": {"equalTo": str(page)}}}
            self._stub(asked, 200, {"data": rows, "meta": meta})
        for group in groups:
            self._stub({"urlPath": f"{self._path}/{group['id']}", "method": "GET"}, 200, {"data": group})
            self._stub({"urlPath": f"{self._path}/{group['id']}", "method": "DELETE"}, 204)
            renamed = {"data": {**group, "name": "Renamed"}}
            self._stub({"urlPath": f"{self._path}/{group['id']}", "method": "PUT"}, 201, renamed)
        missing = {"error": True, "message": "Resource not found", "code": "RESOURCE_NOT_FOUND"}
        self._stub({"urlPathPattern": f"{self._path}/.*", "method": "ANY"}, 404, missing, priority=9)
        created = {"data": {"id": "new", "name": "Created", "description": "Made"}}
        self._stub({"urlPath": self._path, "method": "POST"}, 201, created, priority=8)
        wrong = {"error": True, "message": "The given data was invalid.", "errors": {"name": ["The name field is required."]}}
        no_name = [{"matchesJsonPath": {"expression": "$.name", "equalTo": ""}}]
        self._stub({"urlPath": self._path, "method": "POST", "bodyPatterns": no_name}, 422, wrong)

    def fails(self, operation, *steps):
        method, path = OPERATIONS[operation]
        asked = {"urlPathPattern": self._path + path.replace("{id}", "[^/]+"), "method": method}
        states = ["Started"]
        for step in steps:
            for _ in range(step.get("times", 1)):
                states.append(f"step {len(states)}")
                scenario = {"scenarioName": operation, "requiredScenarioState": states[-2], "newScenarioState": states[-1]}
                self._stub(asked, step.get("status", 200), {"message": "no"}, priority=1, scenario=scenario, step=step)

    def was_asked(self, operation):
        method, path = OPERATIONS[operation]
        asked = {"urlPathPattern": self._path + path.replace("{id}", "[^/]+"), "method": method}
        return self._admin("POST", "requests/count", asked)["count"]

    def _stub(self, asked, status, body=None, priority=5, scenario=None, step=None):
        answer = {"status": status, "headers": {"Content-Type": "application/json"}}
        if body is not None:
            answer["jsonBody"] = body
        if step and "retry_after" in step:
            answer["headers"]["Retry-After"] = str(step["retry_after"])
        if step and "fault" in step:
            answer = {"fault": self.faults[step["fault"]]}
        self._admin("POST", "mappings", {"request": asked, "response": answer, "priority": priority, **(scenario or {})})

    def _admin(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        request = urllib.request.Request(f"{self.base_url}/__admin/{path}", data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None
