"""Workbooks refreshed by the command line without Excel, start-up of Python included.

Two hold 200 calls on 10,000 x 1 and 10,000 x 3 returns; in the second every call has ranges of its
own, so that nothing can be read or called once for several. The third is the template.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import harness
import numpy as np
import xlsxwriter
from targets import duration

ROOT = Path(__file__).resolve().parents[1]
ROWS, CALLS, RUNS = 10_000, 200, 3
ASSETS = "BCD"


def workbook(path: Path, *, distinct: bool) -> Path:
    """Write the workbook: returns on sheet Data, a call and a native formula a row on Calc."""
    rng = np.random.default_rng(1)
    rows = ROWS + CALLS
    factors = rng.normal(0, 0.01, (rows, 3))
    returns = factors @ rng.normal(1, 0.3, (3, len(ASSETS))) + rng.normal(0, 0.01, (rows, 3))
    book = xlsxwriter.Workbook(path)
    calc, data = book.add_worksheet("Calc"), book.add_worksheet("Data")
    for row, values in enumerate(np.column_stack([returns, factors]), 1):
        data.write_row(row, 1, values)
    for row in range(CALLS):
        column, first = ASSETS[row % 3], 2 + (row if distinct else 0)
        last = first + ROWS - 1
        asset = f"Data!${column}${first}:${column}${last}"
        call = f"=FACTOR_BETA({asset},Data!$E${first}:$G${last},{row % 3 + 1})"
        calc.write_dynamic_array_formula(row, 0, row, 0, call)
        calc.write_formula(row, 1, f"=A{row + 1}*SQRT(252)+AVERAGE({asset})")
    book.close()
    return path


def measure(book: Path, out: Path) -> tuple[float, float]:
    """Run the command once; return seconds and the most memory in MB, start-up included."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "core")))
    command = [sys.executable, "-m", "factor_core", "refresh", str(book), "--out", str(out)]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the command failed with exit code {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Show the table."""
    rows, every = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        books = {
            f"{CALLS} calls, shared ranges": workbook(folder / "shared.xlsx", distinct=False),
            f"{CALLS} calls, a range each": workbook(folder / "distinct.xlsx", distinct=True),
            "workbook_template.xlsm": ROOT / "workbook_template.xlsm",
        }
        for title, book in books.items():
            runs = [measure(book, folder / f"out{book.suffix}") for _ in range(RUNS)]
            seconds, memory = (statistics.median(kind) for kind in zip(*runs, strict=True))
            every.append((seconds, memory))
            slowest = max(run[0] for run in runs)
            rows.append((title, duration(seconds), duration(slowest), f"{memory:.0f} MB"))
    harness.table("factor-udfs refresh", ("workbook", "median", "slowest", "most memory"), rows)
    harness.reached("refresh", max(seconds for seconds, _ in every[:2]))
    harness.reached("refresh, memory", max(memory for _, memory in every[:2]))


if __name__ == "__main__":
    main()
