"""Cells to float64 and back: our door beside xlwings' own converter, plain numpy and the limit.

The limit is marshal.dumps: one pass over the same Python objects in C.
"""

from __future__ import annotations

import ast
import datetime as dt
import marshal
from pathlib import Path
from typing import Any

import harness
import numpy as np
import xlwings

from factor_core.cells import read_columns, write_cells

ROWS = 10_000
LIMIT, OURS, THEIRS = "marshal.dumps, the limit", "factor_core.cells", "xlwings' np.array converter"
WHOLE_SHEET = 1_048_576


def xlwings_cleaner() -> Any:
    """Return xlwings' own cleaning of one cell; its module imports on Windows only."""
    source = Path(xlwings.__path__[0], "_xlwindows.py").read_text(encoding="utf-8")
    wanted = "_clean_value_data_element"
    body = [
        node
        for node in ast.parse(source).body
        if (isinstance(node, ast.FunctionDef) and node.name == wanted)
        or (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "cell_errors")
    ]
    names: dict[str, Any] = {"time_types": (dt.date, dt.datetime, np.datetime64)}
    exec(compile(ast.Module(body, []), "xlwings", "exec"), names)  # noqa: S102  its own source
    return names[wanted]


CLEAN = xlwings_cleaner()


def by_xlwings(cells: Any) -> Any:
    """Return what `@xw.arg(name, np.array)` gives for a range read as COM values."""
    return np.array(
        [[CLEAN(cell, dt.datetime, np.nan, None, False) for cell in row] for row in cells]
    )


def by_numpy(cells: Any) -> Any:
    return np.array(cells, dtype=np.float64)


def columns(width: int) -> tuple[tuple[float, ...], ...]:
    values = np.random.default_rng(0).normal(scale=0.01, size=(ROWS, width))
    return tuple(map(tuple, values.tolist()))


def numbers_only(width: int) -> dict[str, harness.Timed]:
    clean = columns(width)
    return harness.compare(
        f"{ROWS:,} x {width} cells to numbers, numbers only",
        {
            LIMIT: lambda: marshal.dumps(clean, 2),
            OURS: lambda: read_columns(clean, "returns"),
            "numpy.array": lambda: by_numpy(clean),
            THEIRS: lambda: by_xlwings(clean),
        },
        clock=harness.PROCESSOR,
    )


def with_gaps() -> None:
    spoilt = [list(row) for row in columns(1)]
    for row in range(0, ROWS, 50):
        spoilt[row][0] = None if row % 100 else -2146826246
    gaps = tuple(map(tuple, spoilt))
    harness.compare(
        f"{ROWS:,} x 1 cells to numbers, one in fifty blank or #N/A",
        {
            OURS: lambda: read_columns(gaps, "returns"),
            THEIRS: lambda: by_xlwings(gaps),
        },
        clock=harness.PROCESSOR,
    )


def whole_column() -> dict[str, harness.Timed]:
    whole = columns(1) + ((None,),) * (WHOLE_SHEET - ROWS)
    return harness.compare(
        f"A:A, {WHOLE_SHEET:,} rows, {ROWS:,} filled, to numbers",
        {
            OURS: lambda: read_columns(whole, "returns"),
            THEIRS: lambda: by_xlwings(whole),
        },
        rounds=5,
        clock=harness.PROCESSOR,
    )


def to_cells() -> None:
    series = read_columns(columns(1), "returns")
    harness.compare(
        f"A result of {ROWS:,} x 1 to cells",
        {
            "ndarray.tolist, the limit": series.values.tolist,
            OURS: lambda: write_cells(series),
        },
        clock=harness.PROCESSOR,
    )


def main() -> None:
    """Show the tables."""
    print(harness.machine(), f"numpy {np.__version__}, xlwings {xlwings.__version__}", sep=", ")
    timed = numbers_only(1)
    harness.reached("cells", timed[THEIRS].ratio / timed[OURS].ratio)
    harness.reached("cells, limit", timed[OURS].ratio)
    numbers_only(3)
    with_gaps()
    harness.reached("whole column", whole_column()[THEIRS].ratio)
    to_cells()


if __name__ == "__main__":
    main()
