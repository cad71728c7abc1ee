"""A workbook with 200 calls on 10,000 x 1 and 10,000 x 3 returns, refreshed by the command line.

Target: at most 3.5 s and 150 MB, start-up of Python included. In the second workbook every call
has ranges of its own, so that nothing can be read or called once for several.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xlsxwriter
from harness import machine
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
ROWS, CALLS, RUNS = 10_000, 200, 5
ASSETS = "BCD"
MOST_SECONDS, MOST_MEGABYTES = 3.5, 150


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
    table = Table(title=f"{CALLS} calls on {ROWS:,} rows; {machine()}", title_justify="left")
    for heading in ("workbook", "median", "slowest", "most memory", "target"):
        table.add_column(heading, justify="left" if heading == "workbook" else "right")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for distinct in (False, True):
            book = workbook(folder / f"{distinct}.xlsx", distinct=distinct)
            runs = [measure(book, folder / f"out{run}.xlsx") for run in range(RUNS)]
            seconds, memory = zip(*runs, strict=True)
            table.add_row(
                "a range for each call" if distinct else "ranges shared by calls",
                f"{statistics.median(seconds):.2f} s",
                f"{max(seconds):.2f} s",
                f"{max(memory):.0f} MB",
                f"{MOST_SECONDS} s, {MOST_MEGABYTES} MB",
            )
    Console().print(table)


if __name__ == "__main__":
    main()
