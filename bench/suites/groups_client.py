"""A small client of the groups API, as somebody writes it: all pages, and another try where the server could not answer."""

import requests

RETRIED = {429, 502, 503, 504}
TRIES = 4


class Refused(Exception):
    """The server said no."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body.get('message') if isinstance(body, dict) else body}")
        self.status = status
        self.errors = body.get("errors", {}) if isinstance(body, dict) else {}


class Groups:
    """The groups of one organization."""

    def __init__(self, base_url, org, token, sleep):
        self._url = f"{base_url}/api/organizations/{org}/groups"
        self._sleep = sleep
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Authorization": f"Bearer {token}", "X-Tallyfy-Client": "APIClient"})

    def all(self, per_page=10):
        page, groups = 1, []
        while True:
            answer = self._ask("GET", "", params={"page": page, "per_page": per_page})
            groups += answer["data"]
            if page >= answer["meta"]["pagination"]["total_pages"]:
                return groups
            page += 1

    def get(self, id):
        return self._ask("GET", f"/{id}")["data"]

    def create(self, name, description):
        return self._ask("POST", "", json={"name": name, "description": description})["data"]

    def rename(self, id, name):
        return self._ask("PUT", f"/{id}", json={"name": name})["data"]

    def delete(self, id):
        """Deletes it; a second try that finds nothing has done so, too."""
        try:
            self._ask("DELETE", f"/{id}")
        except Refused as refused:
            if refused.status != 404 or self._tries == 1:
                raise

    def _ask(self, method, path, **options):
        self._tries = 0
        while True:
            self._tries += 1
            try:
                answer = self._session.request(method, self._url + path, timeout=10, **options)
            except requests.ConnectionError:
                if self._tries == TRIES:
                    raise
                self._sleep(2 ** (self._tries - 1))
                continue
            if answer.status_code in RETRIED and self._tries < TRIES:
                self._sleep(int(answer.headers.get("Retry-After", 2 ** (self._tries - 1))))
                continue
            body = answer.json() if answer.content else None
            if answer.status_code >= 400:
                raise Refused(answer.status_code, body)
            return body
