"""docs/performance.md: it is what benchmarks/results.json gives, and no target is left out."""

from __future__ import annotations

import ast
import json
import platform
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
RESULTS = json.loads((BENCHMARKS / "results.json").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


@pytest.fixture
def pages(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import performance_page  # noqa: PLC0415  stands beside the scripts, outside of any package

    yield performance_page
    for name in ("performance_page", "targets"):
        sys.modules.pop(name)


def rows_of_targets(text):
    """Return the cells of each row of the table of targets, its heads left out."""
    table = text.partition("| work |")[2].partition("\n\n")[0]
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]
    ]


def with_reached(key, measured):
    script = {"name": "a", "says": "A.", "tables": [], "reached": {key: measured}, "absent": []}
    return {"measured": "2026-01-01", "machine": {}, "packages": {}, "scripts": [script]}


def test_the_page_is_what_the_results_give(pages):
    assert pages.page(RESULTS) == PAGE, "run python benchmarks/performance_page.py"


def test_every_target_was_measured_in_the_last_run(pages):
    assert [row[:3] for row in rows_of_targets(PAGE)] == [
        [target.work, target.measure, target.wanted] for target in pages.TARGETS.values()
    ]
    reached = [key for script in RESULTS["scripts"] for key in script["reached"]]
    assert sorted(reached) == sorted(pages.TARGETS)
    assert "not measured" not in PAGE


def test_every_row_of_the_plan_is_a_target(pages):
    works = " ".join(f"{target.work} {target.measure}" for target in pages.TARGETS.values())
    for piece in (
        *("statsmodels OLS", "np.dot", "Longley", "Filip", "Wampler5", "1e6", "Householder"),
        *("Newey-West", "500 assets", "3,000 assets", "no gaps", "ragged", "scattered"),
        *("RollingOLS", "bad prints", "ewm.cov", "xlwings' np.array", "marshal.dumps", "A:A"),
        *("200 formulas", "import numpy", "Refresh", "30,000 assets", "two workers"),
    ):
        assert piece in works


def test_a_target_is_met_on_its_own_side_only(pages):
    key, limit = "one fit, K=1", 30
    assert pages.TARGETS[key].limit == limit
    (above,) = [
        r for r in rows_of_targets(pages.targets(with_reached(key, 36.0))) if r[3] == "36 x"
    ]
    assert above[4:] == ["1.20", "yes"]
    (below,) = [
        r for r in rows_of_targets(pages.targets(with_reached(key, 15.0))) if r[3] == "15 x"
    ]
    assert below[4:] == ["0.50", "**no**"]
    (slow,) = [
        row
        for row in rows_of_targets(pages.targets(with_reached("cold start", 4.0)))
        if row[3] == "4 x"
    ]
    assert slow[4:] == ["0.50", "**no**"]
    assert not pages.TARGETS[key].is_met(float("nan"))
    assert not pages.TARGETS["cold start"].is_met(float("nan"))


def test_what_was_not_measured_is_said(pages):
    rows = rows_of_targets(pages.targets(with_reached("hac", 5.0)))
    assert [row[3] for row in rows].count("not measured") == len(pages.TARGETS) - 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (2.68e-5, "26.8 us"), (3e-8, "30 ns"), (0.5, "500 ms")],
)
def test_times_are_shown_in_the_unit_that_fits(pages, seconds, text):
    sys.modules.pop("targets", None)
    import targets  # noqa: PLC0415  on the path by the fixture

    assert targets.duration(seconds) == text


def test_every_benchmark_belongs_to_the_whole_run():
    def tree(path):
        return ast.parse(path.read_text(encoding="utf-8")).body

    def offers_main(path):
        return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree(path))

    offered = {path.stem for path in BENCHMARKS.glob("*.py") if offers_main(path)} - {"run"}
    (listed,) = [
        ast.unparse(node.value)
        for node in tree(BENCHMARKS / "run.py")
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SCRIPTS"
    ]
    assert offered == set(re.findall(r"'(\w+)'", listed))
    assert {script["name"] for script in RESULTS["scripts"]} == offered


def test_the_page_tells_the_machine_and_not_whose_it_is():
    assert RESULTS["machine"]["processor"]
    assert {"numpy", "statsmodels", "xlwings", "polars-ols", "scikit-learn"} <= set(
        RESULTS["packages"]
    )
    assert platform.node() not in PAGE
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|usr)/|[A-Z]:\\", PAGE)
    assert PAGE.isascii()
