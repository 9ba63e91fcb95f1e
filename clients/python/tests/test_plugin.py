"""The plugin, as a suite meets it: each of these runs a suite of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tallyfy_mock import TallyfyMock
from tallyfy_mock._binary import find_binary


@pytest.fixture(autouse=True)
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite with a client, which starts its own mock."""
    monkeypatch.delenv("TALLYFY_MOCK_URL", raising=False)
    pytester.makepyfile(
        client="""
        import json, urllib.error, urllib.request

        def ask(org, method, path, body=None, headers=None):
            data = None if body is None else json.dumps(body).encode()
            headers = {**org.headers, "Content-Type": "application/json", **(headers or {})}
            request = urllib.request.Request(org.url(path), data, headers, method=method)
            try:
                return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10).status
            except urllib.error.HTTPError as error:
                return error.code
        """
    )
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider")
    return pytester


def run(suite: pytest.Pytester, *args: str) -> pytest.RunResult:
    return suite.runpytest_subprocess(*args)


LEAVES_TRACES = """
    import pytest
    from client import ask

    @pytest.mark.parametrize("n", range(4))
    def test_is_not_touched(tallyfy_org, n):
        assert tallyfy_org.groups() == [] and tallyfy_org.faults() == [] and tallyfy_org.requests() == []
        assert tallyfy_org.clock.now().year < 2031
        tallyfy_org.seed(groups=[{"id": "sales", "name": "Sales"}])
        tallyfy_org.fault(status=500, times="always")
        tallyfy_org.clock.freeze("2031-01-01T00:00:00Z")
        assert ask(tallyfy_org, "GET", "groups") == 500

    def test_leaves_nothing_behind(tallyfy_mock):
        known = tallyfy_mock._control.call("GET", "organizations")["organizations"]
        left = [org["id"] for org in known if org["stored"] or org["rules"] or org["requests"]]
        assert left == ["globex", "northwind"], "those of the demo"
"""


@pytest.mark.parametrize("args", [[], ["-n", "2"]])
def test_what_a_test_leaves_behind_touches_no_other(suite: pytest.Pytester, args: list[str]) -> None:
    suite.makepyfile(LEAVES_TRACES)
    run(suite, *args).assert_outcomes(passed=5)


def test_where_the_organization_is_declared_it_is_reset(suite: pytest.Pytester) -> None:
    fixture = {"version": 1, "organizations": [{"id": "acme", "groups": [{"id": "old", "name": "Old"}]}]}
    suite.path.joinpath("world.json").write_text(json.dumps(fixture))
    suite.makepyfile(
        """
        import pytest
        pytestmark = pytest.mark.tallyfy(fixtures="world.json")

        @pytest.mark.tallyfy(org="acme")
        @pytest.mark.parametrize("n", range(2))
        def test_named(tallyfy_org, n):
            assert [group["id"] for group in tallyfy_org.groups()] == ["old"]
            tallyfy_org.seed(groups=[{"name": "New"}])

        def test_fresh(tallyfy_org):
            pass
        """
    )
    result = run(suite)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["there is no fresh organization, as the fixtures have no `template`; *these: `acme`"])
    result.stdout.no_fnmatch_line("*_server.py*")


def test_a_failing_test_tells_what_its_organization_was_asked(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from client import ask

        def test_fails(tallyfy_org):
            tallyfy_org.seed(groups=[{"id": "sales", "name": "Sales"}])
            tallyfy_org.fault("groups.delete", status=503, write="after", times=2, id="flaky")
            assert ask(tallyfy_org, "GET", "groups?per_page=5&pge=1") == 200
            assert ask(tallyfy_org, "DELETE", "groups/sales") == 503
            assert ask(tallyfy_org, "POST", "groups", {"name": "Sales", "desciption": "typo"}) == 201

        def test_passes(tallyfy_org):
            assert ask(tallyfy_org, "GET", "groups") == 200
        """
    )
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*- tallyfy-mock: organization test_a_failing*test_fails-????* on http://127.0.0.1:* -*",
            "200 GET /api/organizations/{org}/groups[?]per_page=5&pge=1",
            "    not read: query.pge (did you mean `page`?)",
            "503 DELETE /api/organizations/{org}/groups/sales",
            "    *rule `flaky`*",
            "422 POST /api/organizations/{org}/groups",
            "    The description field is required*",
            '    sent: {"desciption": "typo", "name": "Sales"}',
            "    not read: body.desciption (did you mean `description`?)",
            "rules that are not used up:",
            'flaky: groups.delete, {"status": 503, "write": "after"}: 1 of 2 left',
        ],
        consecutive=False,
    )
    assert result.stdout.str().count("tallyfy-mock: organization") == 1, "who passes tells nothing"


def test_a_request_that_went_elsewhere_is_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import urllib.request
        from client import ask

        def test_earlier(tallyfy_org):
            ask(tallyfy_org, "GET", "../../nowhere")

        def test_fails(tallyfy_org, tallyfy_mock):
            ask(tallyfy_mock.org(), "GET", "groups")
            urllib.request.urlopen(tallyfy_org.base_url + "/api/organizations/written-into-it/groups")
        """
    )
    result = run(suite)
    result.stdout.fnmatch_lines(
        [
            "no request reached it",
            "requests that were not to it, nor to another that was given out:",
            "401 GET /api/organizations/written-into-it/groups",
            "    there is no `Authorization` header",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*nowhere*")


def test_a_failing_verify_points_at_the_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_fails(tallyfy_org):
            tallyfy_org.verify("groups.delete", times=1)
        """
    )
    result = run(suite)
    result.stdout.fnmatch_lines(
        [">*tallyfy_org.verify*", "E *expected exactly 1 request for `groups.delete`, found 0*"]
    )
    result.stdout.no_fnmatch_line("*_org.py*")


def test_a_mock_that_dies_is_told_in_the_report(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        def test_fails(tallyfy_org):
            tallyfy_org.mock._control.process._child.kill()
            assert False
        """
    )
    result = run(suite, "--tallyfy-mock-arg=--log-level=info")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["the mock has ended with exit code -9; it said:", "tallyfy-mock *"])


def test_the_environment_is_the_organizations(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYFY_API_TOKEN", "my own")
    monkeypatch.setenv("MY_TALLYFY_PASSWORD", "my own")
    monkeypatch.setenv("TALLYFY_MOCK_CONTROL_TOKEN", "of-the-two-of-us")
    suite.makepyfile(
        """
        import os

        def test_inside(tallyfy_env, tallyfy_org):
            assert tallyfy_env.items() <= os.environ.items()
            assert os.environ["TALLYFY_BASE_URL"] == os.environ["TALLYFY_API_BASE_URL"] == tallyfy_org.base_url
            assert os.environ["TALLYFY_ORG_ID"] == tallyfy_org.id
            for name in ("TALLYFY_API_TOKEN", "TALLYFY_ACCESS_TOKEN", "MY_TALLYFY_PASSWORD"):
                assert os.environ[name] == tallyfy_org.token
            assert os.environ["TALLYFY_MOCK_CONTROL_TOKEN"] == "of-the-two-of-us"

        def test_outside():
            assert os.environ["TALLYFY_API_TOKEN"] == "my own" and "TALLYFY_ORG_ID" not in os.environ
        """
    )
    run(suite).assert_outcomes(passed=2)


def test_the_control_token_is_not_in_any_traceback(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYFY_MOCK_CONTROL_TOKEN", "of-the-two-of-us")
    suite.makepyfile(
        """
        import pytest, tallyfy_mock

        def test_refused(tallyfy_org):
            tallyfy_org.seed(groups=[{}])

        def test_dead(tallyfy_org):
            tallyfy_org.mock._control.process._child.kill()
            tallyfy_org.groups()

        def test_not_started():
            tallyfy_mock.TallyfyMock.start(control_token="of-the-two-of-us", args=["--none"])
        """
    )
    result = run(suite, "--showlocals", "--full-trace", "--tallyfy-mock-arg=--log-level=debug", "-k", "not not_started")
    result.assert_outcomes(failed=2, errors=1, deselected=1)
    result.stdout.no_fnmatch_line("*of-the-two-of-us*")


KIND = """
    import pytest

    @pytest.mark.tallyfy(edition="2025-08")
    class TestOlder:
        def test_edition(self, tallyfy_org):
            assert tallyfy_org.mock.edition == "2025-08"

        def test_the_same_mock(self, tallyfy_org, _tallyfy_mocks):
            assert tallyfy_org.mock is _tallyfy_mocks.of("2025-08")

        @pytest.mark.tallyfy(fixtures="fixtures")
        def test_both(self, tallyfy_org):
            assert tallyfy_org.mock.edition == "2025-08"
            assert tallyfy_org.state()["name"] == "From the template"

    def test_default(tallyfy_org, tallyfy_mock):
        assert tallyfy_org.mock is tallyfy_mock and tallyfy_mock.edition == "2026-03"
"""


def test_a_marker_asks_for_a_mock_of_its_kind(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.mkdir("fixtures").joinpath("all.json").write_text('{"version": 1, "template": {"name": "From the template"}}')
    suite.makepyfile(KIND)
    run(suite).assert_outcomes(passed=4)
    with TallyfyMock.start() as running:
        monkeypatch.setenv("TALLYFY_MOCK_URL", running.url)
        result = run(suite)
        result.assert_outcomes(passed=1, errors=3)
        result.stdout.fnmatch_lines(["*`edition` cannot be had of the mock that TALLYFY_MOCK_URL names*"])
        run(suite, "--tallyfy-mock-arg=--strict").assert_outcomes(errors=4)


def test_a_marker_that_is_wrong_is_refused(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import pytest

        @pytest.mark.tallyfy(editon="2025-08")
        def test_misspelt(tallyfy_org):
            pass

        @pytest.mark.tallyfy("2025-08")
        def test_positional(tallyfy_org):
            pass

        @pytest.mark.tallyfy(edition="2025-08")
        def test_the_wrong_mock(tallyfy_mock):
            pass

        @pytest.mark.tallyfy(fixtures="none.json")
        def test_no_fixtures(tallyfy_org):
            pass
        """
    )
    result = run(suite, "--strict-markers")
    result.assert_outcomes(errors=4)
    for line in ("*it has no editon", "*it has no ('2025-08',)", "*that is `tallyfy_org.mock`", "*none.json: *"):
        result.stdout.fnmatch_lines([line])


def test_two_suites_at_once_share_a_mock(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.makepyfile(LEAVES_TRACES.split("def test_leaves")[0])
    with TallyfyMock.start() as running:
        monkeypatch.setenv("TALLYFY_MOCK_URL", running.url)
        command = [sys.executable, "-m", "pytest", "-q"]
        runs = [subprocess.Popen(command, cwd=suite.path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for one in runs:
            out, _ = one.communicate(timeout=60)
            assert (one.returncode, "4 passed" in out) == (0, True), out


def test_a_suite_is_run_by_exec(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        import os
        from client import ask

        def test_one(tallyfy_mock, tallyfy_org):
            assert tallyfy_mock.url == os.environ["TALLYFY_MOCK_URL"] and not tallyfy_mock.is_own
            assert ask(tallyfy_org, "GET", "groups") == 200
        """
    )
    command = [find_binary(), "exec", "--control-token", "ours", "--", sys.executable, "-m", "pytest", "-q"]
    done = subprocess.run(command, cwd=suite.path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "tallyfy-mock: 1 request, 0 refused" in done.stderr


def test_a_seed_makes_ids_repeat(suite: pytest.Pytester) -> None:
    suite.makepyfile("def test_id(tallyfy_org):\n    print(tallyfy_org.id)")
    ids = [
        next(line for line in run(suite, "-s", *args).outlines if "test_id-" in line)
        for args in (["--tallyfy-mock-seed=1"], ["--tallyfy-mock-seed=1"], ["--tallyfy-mock-seed=2"], [], [])
    ]
    assert ids[0] == ids[1] and len(set(ids)) == 4


def test_a_suite_that_does_not_use_it_starts_nothing(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYFY_MOCK_BIN", "/none")
    suite.makepyfile("def test_one():\n    pass")
    run(suite).assert_outcomes(passed=1)
