"""What docs/scaling.md says of several mocks behind HAProxy."""

import pathlib
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from cluster import Cluster  # noqa: E402

ORGS = [f"suite-{number}" for number in range(60)]


def groups(org, query=""):
    return f"/api/organizations/{org}/groups{query}"


class ScaleOut(unittest.TestCase):
    def setUp(self):
        self.cluster = self.enterContext(Cluster())

    def seeded(self):
        """Gives each organization a group of its own; gives back which mock has which."""
        homes = {}
        for org in ORGS:
            seeded = self.cluster.ask("POST", f"/_mock/seed?org={org}", {"groups": [{"name": f"Of {org}"}]})
            self.assertEqual(seeded.status, 204, seeded.body)
            homes[org] = seeded.mock
        return homes

    def names(self, org):
        answer = self.cluster.ask("GET", groups(org))
        self.assertEqual(answer.status, 200, answer.body)
        return [group["name"] for group in answer.body["data"]]

    def test_every_way_to_name_an_organization_leads_to_its_mock(self):
        homes = self.seeded()
        for org, home in homes.items():
            for path in [
                groups(org),
                f"/api/organizations/{org}",
                f"/organizations/{org}/groups?page=2",
                f"/api/organizations/{org}/groups/none",
                f"/api/organizations/%73uite-{org.removeprefix('suite-')}/groups",
                f"/_mock/state?org={org}",
                f"/_mock/requests?limit=1&org={org}",
                f"/_mock/clock?org=%73uite-{org.removeprefix('suite-')}",
            ]:
                self.assertEqual(self.cluster.ask("GET", path).mock, home, path)
            self.assertEqual(self.names(org), [f"Of {org}"])
        # All three have some.
        for mock in self.cluster.mocks:
            self.assertGreater(list(homes.values()).count(mock), len(ORGS) // 10, homes)

    def test_one_organization_is_reset_and_verified_through_the_proxy(self):
        self.seeded()
        one, other = ORGS[:2]
        self.cluster.ask("DELETE", f"/_mock/requests?org={one}")
        self.names(one)
        expected = {"operation": "groups.list", "times": {"exactly": 1}}
        self.assertEqual(self.cluster.ask("POST", f"/_mock/requests/verify?org={one}", expected).status, 200)
        self.names(one)
        verified = self.cluster.ask("POST", f"/_mock/requests/verify?org={one}", expected)
        self.assertEqual(verified.status, 409)
        self.assertIn("found 2", verified.body["detail"])

        self.assertEqual(self.cluster.ask("POST", f"/_mock/reset?org={one}").status, 204)

        self.assertEqual(self.names(one), [])
        self.assertEqual(self.names(other), [f"Of {other}"])

    def test_rules_and_clocks_act_where_their_organization_is(self):
        for org in ORGS[:6]:
            rule = {"steps": [{"status": 503}]}
            self.assertEqual(self.cluster.ask("PUT", f"/_mock/faults/once?org={org}", rule).status, 200)
            now = {"now": "2031-05-06T07:08:09Z", "frozen": True}
            self.assertEqual(self.cluster.ask("PUT", f"/_mock/clock?org={org}", now).status, 200)
        for org in ORGS[:6]:
            self.assertEqual(self.cluster.ask("GET", groups(org)).status, 503, org)
            created = self.cluster.ask("POST", groups(org), {"name": "New", "description": "x"})
            self.assertEqual(created.body["data"]["created_at"], "2031-05-06T07:08:09Z")
        # No 503, however many, takes a mock out.
        for _ in range(30):
            rule = {"steps": [{"status": 503}, {"fault": "connection_reset"}, {"fault": "empty_response"}]}
            self.cluster.ask("PUT", f"/_mock/faults/again?org={ORGS[0]}&rearm=true", rule)
            self.assertEqual([self.cluster.ask("GET", groups(ORGS[0])).status for _ in range(3)], [503, 502, 502])
        self.assertEqual(self.cluster.ask("GET", groups(ORGS[0])).body["data"][0]["name"], "New")

    def test_a_fault_counts_one_request_since_none_is_sent_twice(self):
        org = ORGS[0]
        self.cluster.ask("PUT", f"/_mock/faults/lost?org={org}", {"steps": [{"fault": "empty_response", "write": "after"}]})
        created = self.cluster.ask("POST", groups(org), {"name": "New", "description": "x"})
        self.assertEqual(created.status, 502)
        self.assertEqual(self.names(org), ["New"])
        expected = {"operation": "groups.create", "times": {"exactly": 1}}
        self.assertEqual(self.cluster.ask("POST", f"/_mock/requests/verify?org={org}", expected).status, 200)

    def test_a_mock_that_dies_takes_only_its_own_organizations_with_it(self):
        homes = self.seeded()
        dead = self.cluster.mocks["mock-2"]
        dead.kill()
        for org, home in homes.items():
            if home == dead.name:
                # The next request already starts from the fixtures, on another mock, and stays there.
                self.assertEqual(self.names(org), [])
                created = self.cluster.ask("POST", groups(org), {"name": "Again", "description": "x"})
                self.assertEqual(created.status, 201)
                self.assertEqual(self.names(org), ["Again"])
            else:
                self.assertEqual(self.names(org), [f"Of {org}"])
                self.assertEqual(self.cluster.ask("GET", groups(org)).mock, home)

    def test_a_request_under_way_ends_with_502_where_its_mock_dies(self):
        org = ORGS[0]
        late = {"steps": [{"delay": {"fixed_ms": 60_000}, "write": "after"}]}
        mock = self.cluster.mocks[self.cluster.ask("PUT", f"/_mock/faults/late?org={org}", late).mock]
        with ThreadPoolExecutor() as pool:
            created = pool.submit(self.cluster.ask, "POST", groups(org), {"name": "New", "description": "x"})
            while not mock.ask("GET", f"/_mock/requests?org={org}").body["requests"]:
                self.assertFalse(created.done())
            mock.kill()
            self.assertEqual(created.result(timeout=30).status, 502)
        self.assertEqual(self.names(org), [])

    def test_a_mock_that_comes_back_has_its_organizations_again(self):
        homes = self.seeded()
        mock = self.cluster.mocks["mock-3"]
        mock.kill()
        org = next(org for org, home in homes.items() if home == mock.name)
        self.assertNotEqual(self.cluster.ask("GET", groups(org)).mock, mock.name)
        mock.start()
        # HAProxy looks once a second; the bound is one on a loop that must end, and far above that.
        for _ in range(100_000):
            answer = self.cluster.ask("GET", groups(org))
            self.assertEqual(answer.status, 200)
            if answer.mock == mock.name:
                break
        self.assertEqual(answer.mock, mock.name)
        self.assertEqual(answer.body["data"], [])

    def test_what_means_all_organizations_is_refused_with_what_to_do(self):
        for method, path in [
            ("POST", "/_mock/reset"),
            ("GET", "/_mock/state"),
            ("GET", "/_mock/requests?org="),
            ("DELETE", "/_mock/faults"),
            ("PUT", "/_mock/faults/x"),
            ("GET", "/_mock/"),
            ("GET", "/_mock"),
            ("GET", "/_mock/organizations"),
        ]:
            answer = self.cluster.ask(method, path)
            self.assertEqual(answer.status, 421, path)
            self.assertIn("?org=", answer.body["detail"])
        for path in ["/_mock/health", "/_mock/ready", "/_mock/routes", "/_mock/openapi.json"]:
            self.assertEqual(self.cluster.ask("GET", path).status, 200, path)

    def test_each_mock_can_be_asked_itself(self):
        self.seeded()
        for mock in self.cluster.mocks.values():
            self.assertEqual(mock.ask("POST", "/_mock/reset").status, 204)
        self.assertEqual([self.names(org) for org in ORGS], [[]] * len(ORGS))

    def test_what_names_no_organization_goes_to_one_mock(self):
        served = {self.cluster.ask("GET", path).mock for path in ["/api/me", "/me", "/api/me/organizations", "/nowhere"] * 5}
        self.assertEqual(len(served), 1)


if __name__ == "__main__":
    unittest.main()
