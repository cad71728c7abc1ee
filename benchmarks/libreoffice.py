"""A typed formula in LibreOffice Calc: ours beside LINEST on the same cells, columns beside ranges.

After `factor-udfs install --ranges-only` series are references: whole columns and error cells, too.
What is timed is what a person waits for: the formula is set, calculated and its value read, over
the same connection for every candidate. Both back ends run side by side.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import harness
import numpy as np
import pytest
from rich.console import Console

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core.catalogue import CATALOGUE
from factor_core.hosts.libreoffice import component, extension

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from office import calc as office

if TYPE_CHECKING:
    from collections.abc import Callable

    from office.calc import Calc

ROWS = 10_000
CANDIDATES = {
    "LINEST": "=LINEST({y};{x};1;1)",
    "FACTOR_BETA": "=FACTOR_BETA({y};{x})",
    "FACTOR_REGRESSION": "=FACTOR_REGRESSION({y};{x})",
    "SHARPE_RATIO, one range": "=SHARPE_RATIO({y})",
    "POSITION_SIZE, no range": "=POSITION_SIZE(1000000;0.02)",
}


MISSING = {"H": 1000, "I": 100, "J": 10}  # copies of the asset in which one row in so many is #N/A


def start(folder: Path, choice: str, *, ranges_only: bool = False) -> Calc:
    """Return a LibreOffice whose sheet holds an asset in A and three factors in B to D."""
    log = folder / "functions.log"
    path = folder / extension.NAME
    settings = extension.settings_of_this_python(str(log), ranges_only=ranges_only)
    path.write_bytes(extension.build(CATALOGUE, settings))
    profile = folder / "office"
    profile.mkdir()
    calc = office.start(profile, path, {component.CHOICE: choice, "XDG_STATE_HOME": str(folder)})
    calc.ask("new")
    factors = np.random.default_rng(0).normal(scale=0.01, size=(ROWS, 3))
    asset = factors @ [[1.0], [0.4], [-0.2]] + np.random.default_rng(1).normal(
        scale=0.01, size=(ROWS, 1)
    )
    calc.ask("write", "Sheet1", f"A1:D{ROWS}", np.hstack([asset, factors]).tolist())
    return calc


def value(calc: Calc, formula: str) -> float | str:
    calc.ask("type", "Sheet1", "F1", formula, False)
    ((cell,),) = calc.ask("results", "Sheet1", "F1")
    if not isinstance(cell, float | str):  # an error; a table begins with the name of a column
        raise TypeError(f"{formula} shows {cell}")
    return cell


def candidates(sessions: dict[str, Calc], y: str, x: str) -> dict[str, Callable[[], object]]:
    chosen: dict[str, Callable[[], object]] = {}
    for name, formula in CANDIDATES.items():
        typed = formula.format(y=y, x=x)
        if name == "LINEST":
            chosen[name] = partial(value, next(iter(sessions.values())), typed)
            continue
        for session, calc in sessions.items():
            chosen[f"{name}, {session}"] = partial(value, calc, typed)
    return chosen


def measure(sessions: dict[str, Calc]) -> None:
    for width, last in ((1, "B"), (3, "D")):
        title = f"{ROWS:,} x 1 on {ROWS:,} x {width}"
        harness.compare(title, candidates(sessions, f"A1:A{ROWS}", f"B1:{last}{ROWS}"))
    for session, calc in sessions.items():  # LINEST itself refuses whole columns (Err:502)
        harness.compare(
            f"a column of {ROWS:,} filled rows, {session}",
            {
                "SHARPE_RATIO, filled rows": partial(value, calc, f"=SHARPE_RATIO(A1:A{ROWS})"),
                "SHARPE_RATIO, whole column": partial(value, calc, "=SHARPE_RATIO(A:A)"),
                "SHARPE_RATIO, INDEX to the last": partial(
                    value, calc, "=SHARPE_RATIO(A1:INDEX(A:A;COUNT(A:A)))"
                ),
            },
            rounds=5,
        )


def measure_ranges(calc: Calc) -> None:
    """Time what only --ranges-only reads: whole columns by their used rows, and error cells."""
    for column, every in MISSING.items():
        address = f"{column}1:{column}{ROWS}"
        gaps = f"=IF(MOD(ROW({address});{every})=0;NA();A1:A{ROWS})"
        calc.ask("type", "Sheet1", address, gaps, True)
    formulas = {
        "SHARPE_RATIO, filled rows": f"=SHARPE_RATIO(A1:A{ROWS})",
        "SHARPE_RATIO, whole column": "=SHARPE_RATIO(A:A)",
        "FACTOR_BETA, filled rows": f"=FACTOR_BETA(A1:A{ROWS};B1:D{ROWS})",
        "FACTOR_BETA, whole columns": "=FACTOR_BETA(A:A;B:D)",
    }
    for column, every in MISSING.items():
        formulas[f"SHARPE_RATIO, {ROWS // every} error cells"] = f"=SHARPE_RATIO({column}:{column})"
    harness.compare(
        f"{ROWS:,} rows after --ranges-only",
        {name: partial(value, calc, formula) for name, formula in formulas.items()},
        rounds=5,
    )


def main() -> None:
    """Print the tables, or why there are none."""
    try:
        office.installation()
    except pytest.skip.Exception as missing:
        Console().print(f"Not measured: {missing}", highlight=False)
        return
    own = tuple(sys.version_info[:2])
    choices = ["in-process", "worker"] if office.python_version() == own else ["worker"]
    with tempfile.TemporaryDirectory() as folder:
        sessions: dict[str, Calc] = {}
        try:
            for choice in choices:
                place = Path(folder, choice)
                place.mkdir()
                sessions[choice] = start(place, choice)
            print(harness.machine(), f"numpy {np.__version__}", sep=", ")
            measure(sessions)
            place = Path(folder, "ranges")
            place.mkdir()
            sessions["ranges only"] = start(place, choices[0], ranges_only=True)
            measure_ranges(sessions["ranges only"])
        finally:
            for calc in sessions.values():
                calc.close()


if __name__ == "__main__":
    main()
