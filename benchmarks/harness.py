"""Candidates timed side by side: every round runs each once, so that noise hits all alike.

What a script shows by `compare`, `table`, `reached` and `peer` is kept in `TAKEN`, out of which
`run.py` makes benchmarks/results.json and docs/performance.md.
"""

from __future__ import annotations

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: two threads hide the maths' cost
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")

import importlib
import platform
import statistics
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rich.console import Console
from rich.table import Table
from targets import TARGETS, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

SECONDS_A_TURN = 0.02
MOST_CALLS_A_TURN = 2_000
PROCESSOR = time.process_time
TAKEN: dict[str, Any] = {"tables": [], "reached": {}, "absent": []}


class Timed(NamedTuple):
    """What one candidate took."""

    seconds: float  # the median of the rounds
    ratio: float  # over the first candidate's time of the same round: the median of the rounds


def compare(
    title: str,
    candidates: Mapping[str, Callable[[], object]],
    rounds: int = 15,
    shares: Mapping[str, float] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timed]:
    """Show and return what each candidate took, and how many times the first one's time that is.

    Parameters
    ----------
    title : str
    candidates : mapping
        Names and calls without arguments; the first is the one that the others are measured by.
    rounds : int
    shares : mapping, optional
        Which share of the work a candidate does, where it is not all: its time is divided by it.
    clock : callable
        PROCESSOR for candidates that work in this process alone, so that other work on the machine
        does not count; the time of day for those that wait for another process.

    Returns
    -------
    dict
        By name; the first one's ratio is 1.
    """
    shares = shares or {}
    calls = {name: _calls_a_turn(run, clock) for name, run in candidates.items()}
    turns: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        gc.collect()
        for name, run in candidates.items():
            turns[name].append(_time(run, calls[name], clock) / shares.get(name, 1))
    first = next(iter(turns.values()))
    timed = {
        name: Timed(
            statistics.median(times),
            statistics.median(own / base for own, base in zip(times, first, strict=True)),
        )
        for name, times in turns.items()
    }
    rows = [(name, duration(t.seconds), f"{t.ratio:,.3g}") for name, t in timed.items()]
    table(title, ("candidate", "median", "ratio to the first"), rows)
    return timed


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show a table: the first column holds names, the others numbers."""
    TAKEN["tables"].append({"title": title, "heads": list(heads), "rows": [list(r) for r in rows]})
    shown = Table(title=title, title_justify="left")
    for head in heads:
        shown.add_column(head, justify="left" if head == heads[0] else "right")
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)


def reached(key: str, measured: float) -> None:
    """Show what was measured of one of TARGETS."""
    target = TARGETS[key]
    TAKEN["reached"][key] = measured
    verdict = "met" if target.is_met(measured) else "MISSED"
    text = f"{target.work}: {target.measure}"
    print(f"{text}: target {target.wanted}, measured {target.text(measured)}, {verdict}")


def peer(package: str, module: str) -> ModuleType | None:
    """Return the module of another package; None, and a line that says so, where it is absent."""
    try:
        return importlib.import_module(module)
    except ImportError:
        TAKEN["absent"].append(package)
        print(f"{package} is not installed: left out")
        return None


def machine() -> str:
    """Return what the numbers were measured on."""
    return f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"


def _calls_a_turn(run: Callable[[], object], clock: Callable[[], float]) -> int:
    run()
    once = _time(run, 1, clock)
    return max(1, min(MOST_CALLS_A_TURN, int(SECONDS_A_TURN / max(once, 1e-9))))


def _time(run: Callable[[], object], calls: int, clock: Callable[[], float]) -> float:
    gc.disable()
    start = clock()
    for _ in range(calls):
        run()
    seconds = (clock() - start) / calls
    gc.enable()
    return seconds
