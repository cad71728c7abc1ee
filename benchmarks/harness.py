"""Candidates timed side by side: every round runs each once, so that noise hits all alike."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: two threads hide the maths' cost

import platform
import statistics
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECONDS_A_TURN = 0.02
MOST_CALLS_A_TURN = 2_000


def compare(
    title: str, candidates: Mapping[str, Callable[[], object]], rounds: int = 15
) -> dict[str, float]:
    """Print and return each candidate's time over the first one's: the median of the rounds.

    Parameters
    ----------
    title : str
    candidates : mapping
        Names and calls without arguments; the first is the one that the others are measured by.
    rounds : int

    Returns
    -------
    dict
        Median ratio by name; the first one's is 1.
    """
    calls = {name: _calls_a_turn(run) for name, run in candidates.items()}
    turns: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        gc.collect()
        for name, run in candidates.items():
            turns[name].append(_time(run, calls[name]))
    first = next(iter(turns.values()))
    ratios = {
        name: statistics.median(own / base for own, base in zip(times, first, strict=True))
        for name, times in turns.items()
    }
    _print(title, turns, ratios)
    return ratios


def machine() -> str:
    """Return what the numbers were measured on."""
    return f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"


def _calls_a_turn(run: Callable[[], object]) -> int:
    run()
    once = _time(run, 1)
    return max(1, min(MOST_CALLS_A_TURN, int(SECONDS_A_TURN / max(once, 1e-9))))


def _time(run: Callable[[], object], calls: int) -> float:
    gc.disable()
    start = time.perf_counter()
    for _ in range(calls):
        run()
    seconds = (time.perf_counter() - start) / calls
    gc.enable()
    return seconds


def _print(title: str, turns: dict[str, list[float]], ratios: dict[str, float]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("candidate")
    table.add_column("median", justify="right")
    table.add_column("ratio", justify="right")
    for name, times in turns.items():
        table.add_row(name, f"{statistics.median(times) * 1e6:,.1f} us", f"{ratios[name]:.2f}")
    Console().print(table)
