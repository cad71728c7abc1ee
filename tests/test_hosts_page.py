"""docs/hosts.md: what it says is proven by a test, is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "hosts.md").read_text(encoding="utf-8")
STEPS = [int(number) for number in re.findall(r"^(\d+)\. \*\*", PAGE, re.MULTILINE)]


def test_every_test_that_the_page_names_exists():
    named = re.findall(r"`(test_\w+)::(test_\w+)`", PAGE)
    assert len(named) > 40
    missing = [
        f"{file}::{test}"
        for file, test in named
        if f"\ndef {test}(" not in (ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8")
    ]
    assert missing == []


def test_steps_are_numbered_and_every_fault_leads_to_one():
    assert list(range(1, len(STEPS) + 1)) == STEPS
    faults = PAGE.partition("| fault |")[2].partition("\n\n")[0]
    led = [int(row.rsplit("|", 2)[1]) for row in faults.splitlines()[2:]]
    assert len(led) >= 8
    assert set(led) <= set(STEPS)


def test_the_dll_in_the_checklist_is_the_pinned_one():
    (pinned,) = re.findall(r'"xlwings==([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert f"xlwings64-{pinned}.dll" in PAGE
