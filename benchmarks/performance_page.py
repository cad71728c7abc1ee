"""docs/performance.md, written from benchmarks/results.json: what the last whole run measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

INTRODUCTION = """\
# Performance

Written by `nox -s bench`, which runs every script of `benchmarks/` in a quarter of an hour on a
machine at rest; `python benchmarks/run.py NAME` shows one script.

The candidates of a table run in turns in one process, each once a round, and every library has one
thread. A ratio is the median over the rounds of the times of the same round. What runs in one
process is timed by the processor's clock, which stands still while other work has the processor,
and keeps the memory that it frees, so that page faults of the operating system do not count.
Refreshes, universes and LINEST in LibreOffice wait for other processes: they are timed by the time
of day.
"""
TARGETS_SAY = """\
The ratio says how many times better than its target a number is; below 1 the target is missed.
"""


def page(results: dict[str, Any]) -> str:
    """Return the page."""
    parts = [INTRODUCTION, "## Targets\n", TARGETS_SAY, targets(results), "## Measured on\n"]
    measured_on = {**results["machine"], **results["packages"], "date": results["measured"]}
    parts.append(_table(("", ""), list(measured_on.items())))
    absent = sorted({name for script in results["scripts"] for name in script["absent"]})
    if absent:
        parts.append(f"Peers that were not installed: {', '.join(absent)}.\n")
    for script in results["scripts"]:
        parts += list(_section(script))
    return "\n".join(parts)


def targets(results: dict[str, Any]) -> str:
    """Return the table of all targets; what was not measured says so."""
    reached: dict[str, float] = {}
    for script in results["scripts"]:
        reached |= script["reached"]
    heads = ("work", "measure", "target", "measured", "ratio", "met")
    return _table(heads, [_row(key, reached.get(key)) for key in TARGETS])


def write(root: Path) -> None:
    """Write the page below `root` from the results that stand there."""
    results = json.loads((root / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    (root / "docs" / "performance.md").write_text(page(results), encoding="utf-8", newline="\n")


def _row(key: str, measured: float | None) -> Sequence[str]:
    target = TARGETS[key]
    named = target.work, target.measure, target.wanted
    if measured is None:
        return (*named, "not measured", "", "")
    verdict = "yes" if target.is_met(measured) else "**no**"
    margin = target.margin(measured)
    ratio = f"{margin:.2f}" if margin < 100 else "over 100"
    return (*named, target.text(measured), ratio, verdict)


def _section(script: dict[str, Any]) -> Iterator[str]:
    if not script["tables"]:
        return
    yield f"## benchmarks/{script['name']}.py\n"
    yield f"{script['says']}\n"
    for table in script["tables"]:
        yield f"**{table['title']}**\n"
        yield _table(table["heads"], table["rows"])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    marks = ["--", *["--:"] * (len(heads) - 1)]
    lines = [heads, marks, *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines) + "\n"


if __name__ == "__main__":
    write(Path(__file__).resolve().parents[1])
