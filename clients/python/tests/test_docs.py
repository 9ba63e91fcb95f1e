"""Each Python block of the documents is a suite, and does what its page says."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = ["README.md", "docs/python.md", "clients/python/README.md"]
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```report\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_a_page(page: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALLYFY_MOCK_URL", raising=False)
    text = ROOT.joinpath(page).read_text()
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("\n```python\n") > 0
    told = "".join(report for _, report in blocks)
    assert told.count("\n") == sum(block.count("\n") for block in re.findall(r"```report\n(.*?)```", text, re.DOTALL))

    for number, (code, _) in enumerate(blocks):
        pytester.path.joinpath(f"test_block_{number}.py").write_text(code)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    reports = [report for _, report in blocks if report]
    outcomes = result.parseoutcomes()
    tests = sum(code.count("\ndef test_") for code, _ in blocks)
    assert outcomes.get("passed", 0) == tests - len(reports) and outcomes.get("failed", 0) == len(reports), outcomes
    for report in reports:
        for line in report.splitlines():
            pattern = fnmatch.translate(re.sub(r"([\[?*])", r"[\1]", line).replace("…", "*"))
            assert any(re.match(pattern, printed) for printed in result.outlines), line
